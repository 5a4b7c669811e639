//! Bytes from the terminal to keys and pasted text.
//!
//! crossterm reads the terminal blocking until a sequence is complete: when the link drops in the middle of one it
//! spins at full load for ever. This parser only ever sees bytes that are there, and is told when no more come.

use zeroize::Zeroizing;

use crate::{secret::Secret, steps::form::PASTED_LIMIT, wizard::Key};

/// What was typed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Typed {
    /// A key.
    Key(Key),
    /// Pasted text, at most [`PASTE_LIMIT`] bytes; it may be a password.
    Paste(Secret),
}

/// The most that one paste is taken of, in bytes: a little more than any field takes, so that none takes a part.
const PASTE_LIMIT: usize = PASTED_LIMIT + 1;
/// The longest escape sequence that is waited for.
const SEQUENCE_LIMIT: usize = 32;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Collects bytes until they are a key.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// The beginning of a sequence or of a character.
    pending: Zeroizing<Vec<u8>>,
    paste: Option<Zeroizing<Vec<u8>>>,
}

/// What the pending bytes are.
enum Read {
    /// Not yet complete.
    More,
    /// Complete, and nothing we know.
    Nothing,
    One(Key),
    Escaped(Key),
    PasteBegins,
}

impl Parser {
    /// Takes bytes in the order they came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for byte in bytes {
            if self.paste.is_some() {
                typed.extend(self.feed_paste(*byte));
                continue;
            }
            self.pending.push(*byte);
            self.settle(&mut typed);
        }
        typed
    }

    /// Whether a sequence is begun: how long to wait for the rest, in milliseconds. On a slow serial line the bytes
    /// of one key arrive a millisecond apart.
    pub(crate) fn waits(&self) -> Option<u32> {
        if self.paste.is_some() { Some(2000) } else { (!self.pending.is_empty()).then_some(40) }
    }

    /// No more bytes came in time: a lone escape was the Esc key, a paste without an end is taken as it is.
    pub(crate) fn timed_out(&mut self) -> Option<Typed> {
        if let Some(text) = self.paste.take() {
            return Some(Typed::Paste(cleaned(&text)));
        }
        let escape = self.pending.first() == Some(&0x1b);
        self.pending.clear();
        escape.then_some(Typed::Key(Key::Esc))
    }

    fn settle(&mut self, typed: &mut Vec<Typed>) {
        match read(&self.pending) {
            Read::More if self.pending.len() < SEQUENCE_LIMIT => return,
            Read::More | Read::Nothing => {}
            Read::One(key) => typed.push(Typed::Key(key)),
            Read::Escaped(key) => typed.extend([Typed::Key(Key::Esc), Typed::Key(key)]),
            Read::PasteBegins => self.paste = Some(Zeroizing::default()),
        }
        self.pending.clear();
    }

    fn feed_paste(&mut self, byte: u8) -> Option<Typed> {
        let text = self.paste.as_mut()?;
        text.push(byte);
        if text.ends_with(PASTE_END) {
            let end = text.len() - PASTE_END.len();
            text.truncate(end);
            return self.timed_out();
        }
        if text.len() > PASTE_LIMIT {
            // Only the end mark still matters.
            text.truncate(PASTE_LIMIT);
            if PASTE_END.contains(&byte) {
                self.pending.push(byte);
            } else {
                self.pending.clear();
            }
            if self.pending.ends_with(PASTE_END) {
                self.pending.clear();
                return self.timed_out();
            }
        }
        None
    }
}

/// Pasted text with its line ends as `\n` and without other control characters.
fn cleaned(bytes: &[u8]) -> Secret {
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let mut clean = String::with_capacity(text.len());
    let mut after_return = false;
    for c in text.chars() {
        match c {
            '\r' => clean.push('\n'),
            '\n' if after_return => {}
            '\n' | '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
        after_return = c == '\r';
    }
    Secret::new(clean)
}

fn read(bytes: &[u8]) -> Read {
    match bytes {
        [0x1b] => Read::More,
        [0x1b, b'[' | b'O'] | [0x1b, b'[', b'['] => Read::More,
        // The Linux console's F1 to F5.
        [0x1b, b'[', b'[', letter @ b'A'..=b'E'] => Read::One(Key::F(letter - b'A' + 1)),
        [0x1b, b'[', parameters @ .., last] => match last {
            0x20..=0x3f => Read::More,
            b'~' => numbered(parameters),
            0x40..=0x7e => lettered(*last).map_or(Read::Nothing, Read::One),
            _ => Read::Nothing,
        },
        [0x1b, b'O', letter] => lettered(*letter).map_or(Read::Nothing, Read::One),
        // Esc and another key typed ahead of a slow line, or Alt held: nothing is bound to Alt.
        [0x1b, 0x1b] => Read::Escaped(Key::Esc),
        [0x1b, rest @ ..] => match read(rest) {
            Read::One(key) => Read::Escaped(key),
            other => other,
        },
        [byte] if byte.is_ascii() => single(*byte),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.chars().next().map_or(Read::Nothing, |c| Read::One(Key::Char(c))),
            Err(error) if error.error_len().is_none() => Read::More,
            Err(_) => Read::Nothing,
        },
    }
}

fn single(byte: u8) -> Read {
    Read::One(match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x08 | 0x7f => Key::Backspace,
        0x01..=0x1a => Key::Ctrl(char::from(byte - 1 + b'a')),
        0x20..=0x7e => Key::Char(char::from(byte)),
        _ => return Read::Nothing,
    })
}

/// The last letter of a sequence; modifiers (`1;5C`) do not matter to us.
fn lettered(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'M' => Key::Enter,
        b'Z' => Key::BackTab,
        b'P'..=b'S' => Key::F(letter - b'P' + 1),
        _ => return None,
    })
}

fn numbered(parameters: &[u8]) -> Read {
    let first = parameters.split(|byte| *byte == b';').next().unwrap_or_default();
    let number = std::str::from_utf8(first).ok().and_then(|text| text.parse::<u8>().ok());
    Read::One(match number {
        Some(1 | 7) => Key::Home,
        Some(4 | 8) => Key::End,
        Some(3) => Key::Delete,
        Some(5) => Key::PageUp,
        Some(6) => Key::PageDown,
        Some(n @ 11..=15) => Key::F(n - 10),
        Some(n @ 17..=21) => Key::F(n - 11),
        Some(n @ 23..=24) => Key::F(n - 12),
        Some(200) => return Read::PasteBegins,
        _ => return Read::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut parser = Parser::default();
        let mut typed = parser.feed(bytes);
        typed.extend(parser.timed_out());
        let key = |typed| match typed {
            Typed::Key(key) => key,
            Typed::Paste(_) => panic!("a paste"),
        };
        typed.into_iter().map(key).collect()
    }

    #[test]
    fn sequences_of_the_usual_terminals() {
        let table: &[(&[u8], &[Key])] = &[
            (b"a\r\t\x7f\x08", &[Key::Char('a'), Key::Enter, Key::Tab, Key::Backspace, Key::Backspace]),
            (b"\x03\x15\x1a", &[Key::Ctrl('c'), Key::Ctrl('u'), Key::Ctrl('z')]),
            (b"\x1b[A\x1bOB\x1b[1;5C\x1b[Z", &[Key::Up, Key::Down, Key::Right, Key::BackTab]),
            (b"\x1b[H\x1b[1~\x1b[7~\x1b[F\x1b[4~", &[Key::Home, Key::Home, Key::Home, Key::End, Key::End]),
            (b"\x1b[3~\x1b[5~\x1b[6~", &[Key::Delete, Key::PageUp, Key::PageDown]),
            (
                b"\x1bOP\x1b[[A\x1b[11~\x1b[21~\x1b[24~",
                &[Key::F(1), Key::F(1), Key::F(1), Key::F(10), Key::F(12)],
            ),
            ("äß日".as_bytes(), &[Key::Char('ä'), Key::Char('ß'), Key::Char('日')]),
            (b"\x1b", &[Key::Esc]),
            (b"\x1bb", &[Key::Esc, Key::Char('b')]),
            (b"\x1b\x1b", &[Key::Esc, Key::Esc]),
            (b"\x00\xff\xfeq", &[Key::Char('q')]),
            (b"\x1b[?62;22cq", &[Key::Char('q')]),
        ];
        for (bytes, expected) in table {
            let seen = keys(bytes);
            assert_eq!(&seen, expected, "{bytes:?}");
        }
    }

    /// A slow serial line delivers one byte at a time: an arrow key stays an arrow key.
    #[test]
    fn one_byte_at_a_time_is_the_same() {
        let bytes = "\x1b[A\x1b[21~ä\x1bOP\x1b[200~pa\nste\x1b[201~x".as_bytes();
        let mut whole = Parser::default();
        let mut slow = Parser::default();
        let slowly: Vec<Typed> = bytes.iter().flat_map(|byte| slow.feed(&[*byte])).collect();
        assert_eq!(slowly, whole.feed(bytes));
        assert_eq!(slow.waits(), None);
    }

    fn pasted(bytes: &[u8]) -> (String, Vec<Typed>) {
        let mut parser = Parser::default();
        let mut typed = parser.feed(bytes);
        typed.extend(parser.timed_out());
        let Typed::Paste(text) = typed.remove(0) else { panic!("{typed:?}") };
        (text.expose_str().unwrap().to_owned(), typed)
    }

    #[test]
    fn a_paste_is_text_whatever_is_in_it() {
        let (text, rest) = pasted(b"\x1b[200~q\x03\r\nline\x1b[A\r\x1b[201~q");
        assert_eq!((text.as_str(), rest), ("q\nline[A\n", vec![Typed::Key(Key::Char('q'))]));
    }

    /// F67: a flood is bounded and does not swallow what is typed after it; one that never ends is not waited for.
    #[test]
    fn a_paste_flood_is_bounded() {
        let mut flood = b"\x1b[200~".to_vec();
        flood.extend(vec![b'x'; 3 * PASTE_LIMIT]);
        let (text, rest) = pasted(&flood);
        assert_eq!((text.len(), rest.len()), (PASTE_LIMIT, 0));
        flood.extend(b"\x1b[201~q");
        let (text, rest) = pasted(&flood);
        assert_eq!((text.len(), rest), (PASTE_LIMIT, vec![Typed::Key(Key::Char('q'))]));
    }

    #[test]
    fn noise_never_panics_and_never_sticks() {
        let mut seed = 1u32;
        let mut parser = Parser::default();
        for _ in 0..200_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            parser.feed(&[(seed >> 24) as u8]);
        }
        parser.timed_out();
        assert_eq!(parser.feed(b"q"), [Typed::Key(Key::Char('q'))]);
    }
}
