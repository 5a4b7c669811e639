//! What a scripted program prints and how it ends, as data.

use std::time::Duration;

use crate::executor::{Status, Stream};

/// How a scripted program answers: what it prints, when, and how it ends. From text: prints it and exits 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub(super) printed: Vec<(Duration, Stream, Vec<u8>)>,
    pub(super) status: Status,
    pub(super) pause: Duration,
}

impl Answer {
    /// Prints nothing and exits with `code`.
    pub fn code(code: i32) -> Self {
        Answer { printed: Vec::new(), status: Status::Code(code), pause: Duration::ZERO }
    }

    /// Waits before what comes next (on a realtime host; elsewhere only the clock moves).
    #[must_use]
    pub fn after(mut self, pause: Duration) -> Self {
        self.pause += pause;
        self
    }

    /// Prints a line.
    #[must_use]
    pub fn line(self, line: &str) -> Self {
        self.print(Stream::Out, format!("{line}\n"))
    }

    /// Prints a line on standard error.
    #[must_use]
    pub fn error(self, line: &str) -> Self {
        self.print(Stream::Err, format!("{line}\n"))
    }

    /// Prints bytes as they are.
    #[must_use]
    pub fn print(mut self, stream: Stream, bytes: impl Into<Vec<u8>>) -> Self {
        self.printed.push((std::mem::take(&mut self.pause), stream, bytes.into()));
        self
    }

    /// Ends this way instead.
    #[must_use]
    pub fn ending(mut self, status: Status) -> Self {
        self.status = status;
        self
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Answer::code(0).print(Stream::Out, text)
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Answer::code(0).print(Stream::Out, text)
    }
}
