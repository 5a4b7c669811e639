//! Which characters are drawn: those of a modern terminal, those of every console font, or plain ASCII.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::wizard::page::Symbol;

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// A terminal emulator in a UTF-8 locale.
    Unicode,
    /// The Linux console: its fonts have single lines and shades, but no check marks.
    Console,
    /// Anything else.
    Ascii,
}

impl Glyphs {
    /// The character of a symbol, one column wide; bars are drawn with [`Glyphs::bar`].
    pub(crate) fn symbol(self, symbol: Symbol) -> &'static str {
        let (unicode, ascii) = match symbol {
            Symbol::Pass => ("✓", "+"),
            Symbol::Fail => ("✗", "x"),
            Symbol::Warning => ("!", "!"),
            Symbol::Unknown => ("?", "?"),
            Symbol::Nothing => ("-", "-"),
            Symbol::Busy => ("●", "*"),
            Symbol::Pending => ("○", "."),
            Symbol::On => ("●", "*"),
            Symbol::Off => ("○", "o"),
            Symbol::Ticked => ("■", "#"),
            Symbol::Unticked => ("□", "_"),
            Symbol::Folded => ("▸", "+"),
            Symbol::Unfolded => ("▾", "-"),
            Symbol::Dot => ("●", "*"),
            Symbol::Bar { .. } => ("", ""),
        };
        if self == Glyphs::Unicode { unicode } else { ascii }
    }

    /// The filled and the empty part of a bar.
    pub(crate) fn bar(self) -> (&'static str, &'static str) {
        match self {
            Glyphs::Unicode | Glyphs::Console => ("▓", "░"),
            Glyphs::Ascii => ("#", "."),
        }
    }

    /// A horizontal line.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Glyphs::Unicode | Glyphs::Console => "─",
            Glyphs::Ascii => "-",
        }
    }

    /// The marker left of what has the focus, at its first line and at the others.
    pub(crate) fn marker(self, first: bool) -> &'static str {
        match self {
            Glyphs::Unicode => "▌",
            Glyphs::Console | Glyphs::Ascii if first => ">",
            Glyphs::Console | Glyphs::Ascii => "",
        }
    }

    /// Corners of a box: top left, top right, bottom left, bottom right; and its upright side.
    pub(crate) fn corners(self) -> [&'static str; 5] {
        match self {
            Glyphs::Unicode | Glyphs::Console => ["┌", "┐", "└", "┘", "│"],
            Glyphs::Ascii => ["+", "+", "+", "+", "|"],
        }
    }

    /// Words with every character that cannot be drawn replaced by one that can; as wide as before.
    pub(crate) fn text(self, text: &str) -> Cow<'_, str> {
        let drawable = |c: char| match self {
            Glyphs::Unicode => true,
            Glyphs::Console => c <= '\u{ff}' || "─│┌┐└┘░▓".contains(c),
            Glyphs::Ascii => c.is_ascii(),
        };
        if text.chars().all(drawable) {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            if drawable(c) {
                shown.push(c);
            } else {
                let replacement = replacement(c);
                (0..c.width().unwrap_or(0)).for_each(|_| shown.push(replacement));
            }
        }
        Cow::Owned(shown)
    }
}

fn replacement(c: char) -> char {
    match c {
        '·' | '–' | '—' | '─' => '-',
        '…' => '~',
        '•' | '●' => '*',
        '→' | '▸' | '›' | '»' => '>',
        '←' | '‹' | '«' => '<',
        '↑' => '^',
        '↓' | '▾' => 'v',
        '×' => 'x',
        '‘' | '’' => '\'',
        '“' | '”' | '„' => '"',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn no_terminal_gets_a_character_it_lacks_and_columns_stay() {
        let text = "3 of 9 · ä “quoted” … → 日本 é";
        assert_eq!(Glyphs::Unicode.text(text), text);
        assert_eq!(Glyphs::Console.text(text), "3 of 9 · ä \"quoted\" ~ > ???? é");
        assert_eq!(Glyphs::Ascii.text(text), "3 of 9 - ? \"quoted\" ~ > ???? ?");
        for set in [Glyphs::Console, Glyphs::Ascii] {
            assert_eq!(set.text(text).width(), text.width());
        }
    }
}
