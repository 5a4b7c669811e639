//! PEM as OpenSSL reads it, line by line: what it takes is taken, what it stumbles over is named.
//! What is inside a block is for others to read.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use super::COUNT_LIMIT;

/// OpenSSL does not look at the bits that no byte needs.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
/// What some editors begin a text with.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// Behind a header, a line may not be longer.
const WIDTH: usize = 64;

/// The mark stands right before a block.
pub(super) fn begins_with_mark(text: &[u8]) -> bool {
    text.strip_prefix(MARK).is_some_and(|text| text.starts_with(BEGIN))
}

/// From the line that begins it to the line that ends it.
pub(super) struct Block<'a> {
    /// `CERTIFICATE`.
    pub(super) label: &'a str,
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    /// A header says that a passphrase is needed.
    pub(super) encrypted: bool,
    /// As it stands in the file, both lines included.
    pub(super) text: &'a [u8],
}

/// Why no daemon reads the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: usize,
    pub(super) why: String,
}

impl Malformed {
    fn at(line: usize, why: impl Into<String>) -> Self {
        Malformed { line, why: why.into() }
    }
}

/// One line and where it lies.
struct Line<'a> {
    number: usize,
    /// Without what OpenSSL strips from its end.
    body: &'a [u8],
    begin: usize,
    end: usize,
}

fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut begin = 0;
    text.split_inclusive(|b| *b == b'\n').enumerate().map(move |(index, line)| {
        let at = begin;
        begin += line.len();
        let mark = if index == 0 { MARK } else { b"" };
        let body = line.strip_prefix(mark).unwrap_or(line);
        // To OpenSSL a byte above 127 is a negative number, and so a blank.
        let length = body.iter().rposition(|b| (0x21..0x80).contains(b)).map_or(0, |last| last + 1);
        Line { number: index + 1, body: &body[..length], begin: at + line.len() - body.len(), end: begin }
    })
}

fn label_of<'a>(line: &Line<'a>) -> Option<&'a str> {
    let label = line.body.strip_prefix(BEGIN)?.strip_suffix(DASHES)?;
    std::str::from_utf8(label).ok().filter(|label| !label.contains('\r'))
}

/// A label for people, whatever somebody wrote there.
pub(super) fn shown(label: &str) -> String {
    label.escape_debug().take(40).collect()
}

/// All blocks of a text. What stands around them does not matter.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Malformed> {
    let mut found = Vec::new();
    let mut lines = lines(text);
    while let Some(first) = lines.next() {
        let Some(label) = label_of(&first) else { continue };
        if found.len() == COUNT_LIMIT {
            return Err(Malformed::at(first.number, format!("it holds more than {COUNT_LIMIT} parts")));
        }
        let mut state = State::Beginning;
        let (mut encrypted, mut short) = (false, false);
        let end = loop {
            let Some(line) = lines.next() else {
                return Err(Malformed::at(
                    first.number,
                    format!("the {} that begins here has no end", shown(label)),
                ));
            };
            let wrong = |why: &str| Err(Malformed::at(line.number, format!("{why} in the {}", shown(label))));
            if let Some(rest) = line.body.strip_prefix(END) {
                match rest.strip_suffix(DASHES) == Some(label.as_bytes()) {
                    true if state == State::Header => return wrong("a header without an end"),
                    true => break line.end,
                    false => return wrong("another END"),
                }
            }
            match (line.body.is_empty(), state) {
                (true, State::Behind) => return wrong("a blank line"),
                (true, State::Body) => return wrong("a blank line"),
                (true, _) => state = State::Behind,
                (false, _) if short => return wrong("a line that is too short"),
                (false, State::Beginning | State::Header) if line.body.contains(&b':') => {
                    encrypted |= line.body.starts_with(b"Proc-Type:") && line.body.ends_with(b",ENCRYPTED");
                    state = State::Header;
                }
                (false, State::Header) => {}
                (false, State::Beginning) => state = State::Body,
                (false, State::Body) => {}
                (false, State::Behind) if line.body.len() > WIDTH => return wrong("a line that is too long"),
                (false, State::Behind) => short = line.body.len() < WIDTH,
            }
            if state != State::Header && line.body.iter().any(|b| !is_base64(*b)) {
                return wrong(if line.body.starts_with(DASHES) {
                    "another beginning"
                } else {
                    "a character that is not base64"
                });
            }
        };
        found.push(Block { label, line: first.number, encrypted, text: &text[first.begin..end] });
    }
    Ok(found)
}

/// How far a block has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Beginning,
    /// Lines with a colon.
    Header,
    /// Behind the blank line that ends a header, even an empty one.
    Behind,
    /// Base64, and no header before it.
    Body,
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b' ' | b'\t' | b'\r')
}

/// What is inside a block without a header.
pub(super) fn decode(block: &Block<'_>) -> Result<Vec<u8>, Malformed> {
    let mut inside = Vec::with_capacity(block.text.len());
    for line in block.text.split(|b| *b == b'\n').filter(|line| !line.starts_with(DASHES)) {
        inside.extend(line.iter().filter(|b| (0x21..0x80).contains(*b)));
    }
    BASE64.decode(inside).map_err(|_| {
        Malformed::at(
            block.line,
            format!("what is inside the {} that begins here is not base64", shown(block.label)),
        )
    })
}

/// These bytes as a block of this label.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(WIDTH) {
        text.extend(line.iter().map(|b| char::from(*b)));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}
