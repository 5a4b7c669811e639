//! What a page is made of: lines of words with roles, and the signs that stand for words where they can be drawn.

use std::fmt;

/// A page: what stands in the top line, the body and the bottom line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Left in the top line: "Passwords".
    pub title: String,
    /// Right in the top line: "step 2 of 9 · handbook 15.3".
    pub aside: String,
    /// Always on the screen, above the lines, which scroll.
    pub pinned: Vec<Line>,
    /// The body, wrapped to the width asked for.
    pub lines: Vec<Line>,
    /// First and last line of what has the focus; kept on the screen.
    pub focus: Option<(usize, usize)>,
    /// More about what has the focus: always on the screen, below the lines, which scroll.
    pub pane: Option<Pane>,
}

/// The lower part of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pane {
    /// In the rule above it: "2 of 10".
    pub title: String,
    /// As many as there is room for.
    pub lines: Vec<Line>,
}

/// One line of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Words in order.
    pub spans: Vec<Span>,
    /// It has the focus: marked at its left and shown as selected.
    pub selected: bool,
    /// Column of the text cursor, when it is in this line.
    pub cursor: Option<u16>,
}

/// Words with one role.
#[derive(Clone, PartialEq)]
pub struct Span {
    /// What it is.
    pub role: Role,
    /// The words; for symbols and bars a plain text that says the same.
    pub text: String,
    /// Drawn instead of the text where the terminal can.
    pub symbol: Option<Symbol>,
}

/// What words are; a theme maps it to a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary words.
    Text,
    /// Less important.
    Dim,
    /// A heading, a column title.
    Heading,
    /// The accent: what can be chosen, what is new.
    Accent,
    /// Seen to be well.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Bad,
    /// Not known.
    Unknown,
    /// An input field.
    Field,
    /// A line added, in a diff.
    Added,
    /// A line removed, in a diff.
    Removed,
    /// A command, a path: word for word.
    Literal,
    /// A made up password, on the one page that shows it.
    Revealed,
}

impl fmt::Debug for Span {
    /// What is revealed on the screen is not revealed here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.role == Role::Revealed { "…" } else { &self.text };
        write!(f, "{:?} {text:?}", self.role)
    }
}

impl Span {
    pub(super) fn new(role: Role, text: impl Into<String>) -> Self {
        Span { role, text: text.into(), symbol: None }
    }

    pub(super) fn symbol(role: Role, symbol: Symbol) -> Self {
        Span { role, text: symbol.text(), symbol: Some(symbol) }
    }

    /// Columns it takes: that of its symbol, else of its words.
    pub fn width(&self) -> usize {
        match self.symbol {
            Some(Symbol::Bar { width, .. }) => usize::from(width),
            Some(_) => 1,
            None => unicode_width::UnicodeWidthStr::width(self.text.as_str()),
        }
    }
}

impl Line {
    /// The words alone.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

impl Page {
    /// The words of the body alone, one line each.
    pub fn text(&self) -> String {
        let words = |line: &Line| [line.text().trim_end().to_owned(), "\n".to_owned()];
        let mut text: String = self.pinned.iter().chain(&self.lines).flat_map(words).collect();
        if let Some(pane) = &self.pane {
            text.extend(["\n", &pane.title, "\n"]);
            text.extend(pane.lines.iter().flat_map(words));
        }
        text
    }

    /// Rows for the lines on a body of so many rows: what the pane, the rule above it and what is pinned leave.
    pub fn room(&self, rows: u16) -> u16 {
        let pane = self.pane.as_ref().map_or(0, |pane| pane.lines.len() + 1);
        rows.saturating_sub(u16::try_from(pane + self.pinned.len()).unwrap_or(rows)).max(1)
    }
}

/// A thing to draw. Always one column wide, except the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// Well, done.
    Pass,
    /// Wrong, failed.
    Fail,
    /// Worth a look.
    Warning,
    /// Not known.
    Unknown,
    /// Does not apply, skipped.
    Nothing,
    /// Under way.
    Busy,
    /// Not yet.
    Pending,
    /// A choice that is chosen.
    On,
    /// A choice that is not.
    Off,
    /// A tick box that is ticked.
    Ticked,
    /// One that is not.
    Unticked,
    /// A folded list.
    Folded,
    /// An unfolded one.
    Unfolded,
    /// A character of a secret.
    Dot,
    /// A bar, filled to so many thousandths.
    Bar {
        /// Columns.
        width: u16,
        /// 0 to 1000.
        filled: u16,
    },
}

impl Symbol {
    /// The same in letters.
    pub(super) fn text(self) -> String {
        let word = match self {
            Symbol::Pass => "+",
            Symbol::Fail => "x",
            Symbol::Warning => "!",
            Symbol::Unknown => "?",
            Symbol::Nothing => "-",
            Symbol::Busy => "*",
            Symbol::Pending => ".",
            Symbol::On => "(*)",
            Symbol::Off => "( )",
            Symbol::Ticked => "[x]",
            Symbol::Unticked => "[ ]",
            Symbol::Folded => ">",
            Symbol::Unfolded => "v",
            Symbol::Dot => "*",
            Symbol::Bar { filled, .. } => return format!("{}%", filled / 10),
        };
        word.to_owned()
    }
}
