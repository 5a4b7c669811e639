//! What programs print, made fit for the journal: whole lines, bounded, no control characters, no secrets. How far a
//! job is (see [`Progress`]) is told apart from it.

use zeroize::Zeroizing;

use super::Progress;
use crate::{
    executor::{Sink, Stream},
    finding::deceives,
    secret::{Printed, SecretForm, Secrets},
};

/// At most so many lines of one program are journalled.
const LINES: usize = 400;
/// At most so many characters of one line.
const WIDTH: usize = 400;
/// Secrets whose name begins so are whole files of the host, not passwords somebody gave.
pub(super) const FILES: &str = "saved.";

/// Replaces secrets in text by `‹…›`.
pub(super) struct Redactor(Vec<Zeroizing<String>>);

impl Redactor {
    pub(super) fn new(secrets: &Secrets) -> Self {
        let mut words = Vec::new();
        for (_, secret) in secrets.iter().filter(|(name, _)| !name.starts_with(FILES)) {
            let forms = [SecretForm::SqlString, SecretForm::MysqlNative, SecretForm::Md5];
            let written =
                forms.iter().filter_map(|form| crate::secret::credentials::written(secret, *form).ok());
            for form in written.chain([secret.clone()]) {
                let text = String::from_utf8_lossy(form.expose());
                let text = text.trim_matches('\'');
                // A key has many lines, each a secret; anything shorter is no secret and would blot out the text.
                let lines = text.lines().map(str::trim).filter(|line| line.chars().count() >= 4);
                words.extend(lines.map(|line| Zeroizing::new(line.to_owned())));
            }
        }
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Redactor(words)
    }

    /// Without the secrets of the run. What a program told of others is hidden where it is taken up
    /// ([`crate::executor::Exit::reason`]): the words of findings are ours and stay whole.
    pub(super) fn clean(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), "‹…›"))
    }
}

/// What a program told with one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It printed this.
    Line(Stream, String),
    /// It is so far.
    Progress(Progress),
}

/// Cuts the output of a program into lines and hands them on as they end.
pub(super) struct Lines<'a> {
    redactor: &'a Redactor,
    partial: [Vec<u8>; 2],
    printed: [Printed; 2],
    left: usize,
    emit: &'a mut dyn FnMut(Told),
}

impl<'a> Lines<'a> {
    pub(super) fn new(redactor: &'a Redactor, emit: &'a mut dyn FnMut(Told)) -> Self {
        Lines { redactor, partial: [Vec::new(), Vec::new()], printed: Default::default(), left: LINES, emit }
    }

    /// Hands on the last lines, which had no end.
    pub(super) fn finish(mut self) {
        for stream in [Stream::Out, Stream::Err] {
            self.end(stream);
        }
    }

    fn end(&mut self, stream: Stream) {
        let bytes = Zeroizing::new(std::mem::take(&mut self.partial[stream as usize]));
        let progress = std::str::from_utf8(&bytes).ok().and_then(Progress::read);
        if let (Stream::Err, Some(progress)) = (stream, progress) {
            return (self.emit)(Told::Progress(progress));
        }
        if self.left == 0 {
            return;
        }
        let line = self.redactor.clean(&stripped(&String::from_utf8_lossy(&bytes)));
        let line = self.printed[stream as usize].line(&line);
        if line.trim().is_empty() {
            return;
        }
        self.left -= 1;
        let line = match self.left {
            0 => "… more was printed, not kept".to_owned(),
            _ => shorten(&line),
        };
        (self.emit)(Told::Line(stream, line));
    }
}

impl Sink for Lines<'_> {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' | b'\r' => self.end(stream),
                // A line without an end must not fill the memory; the secret in its tail would not be seen
                // whole, so what is cut is never shown.
                _ if self.partial[stream as usize].len() < 16 * WIDTH => {
                    self.partial[stream as usize].push(*byte);
                }
                _ => {}
            }
        }
    }
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// Without control characters and escape sequences.
fn stripped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
            '\u{1b}' => {
                chars.next();
            }
            '\t' => out.push(' '),
            // Left out, not written out: a secret broken up by them must be found.
            c if deceives(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{runner::Unit, secret::Secret};

    fn lines(secret: &str, chunks: &[&[u8]]) -> Vec<String> {
        let mut secrets = Secrets::default();
        secrets.insert("passwords.root", Secret::new(secret));
        let redactor = Redactor::new(&secrets);
        let mut seen = Vec::new();
        let mut emit = |told| match told {
            Told::Line(_, line) => seen.push(line),
            Told::Progress(progress) => panic!("{progress}"),
        };
        let mut lines = Lines::new(&redactor, &mut emit);
        for chunk in chunks {
            lines.output(Stream::Out, chunk);
        }
        lines.finish();
        seen
    }

    #[test]
    fn a_secret_split_between_two_reads_is_still_hidden() {
        assert_eq!(lines("hunter2hunter2", &[b"pw hunter2", b"hunter2!\n"]), ["pw ‹…›!"]);
    }

    #[test]
    fn a_secret_broken_up_by_control_characters_is_still_hidden() {
        assert_eq!(lines("hunter2hunter2", &[b"pw hun\x1b[31mter2\x07hunter2"]), ["pw ‹…›"]);
    }

    #[test]
    fn every_line_of_a_private_key_is_hidden() {
        assert_eq!(lines("AAAABBBB\nCCCCDDDD\n", &[b"bad line CCCCDDDD"]), ["bad line ‹…›"]);
    }

    #[test]
    fn progress_is_told_apart_from_output_and_takes_none_of_its_room() {
        let redactor = Redactor::new(&Secrets::default());
        let mut seen = Vec::new();
        let mut emit = |told| seen.push(told);
        let mut lines = Lines::new(&redactor, &mut emit);
        for done in 0..10_000 {
            lines.output(Stream::Err, format!("progress: {done} of 10000 bytes\r").as_bytes());
        }
        lines.output(Stream::Err, b"packed\n");
        lines.output(Stream::Out, b"progress: 1 bytes\n");
        lines.finish();
        assert_eq!(seen.len(), 10_002);
        let last = Progress { unit: Unit::Bytes, done: 9999, total: Some(10_000) };
        assert_eq!(seen[9999], Told::Progress(last));
        assert_eq!(seen[10_000], Told::Line(Stream::Err, "packed".into()));
        assert_eq!(seen[10_001], Told::Line(Stream::Out, "progress: 1 bytes".into()));
    }

    #[test]
    fn escape_sequences_and_endless_output_do_not_get_through() {
        assert_eq!(lines("-----", &[b"\x1b[2J\x1b]0;x\x07ok\x00\r\n"]), ["0;xok"]);
        assert_eq!(lines("-----", &["\u{202e}txt.exe".as_bytes()]), ["txt.exe"]);
        let flood = b"line\n".repeat(10_000);
        assert_eq!(lines("-----", &[&flood]).len(), LINES);
        let long = vec![b'x'; 1_000_000];
        assert_eq!(lines("-----", &[&long])[0].chars().count(), WIDTH + 1);
    }
}
