//! How far a long job is: the line that it prints on standard error, written and read here alone, so that a job and
//! the runner that follows it cannot come to differ.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a long job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is counted.
    pub unit: Unit,
    /// So many are done.
    pub done: u64,
    /// Of so many, where that is known.
    pub total: Option<u64>,
}

/// What a job counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Files, tables, accounts.
    Items,
}

/// The line a job prints: `progress: 1234 of 5678 bytes`; without a total `progress: 1234 items`.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "progress: {}", self.done)?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        f.write_str(match self.unit {
            Unit::Bytes => " bytes",
            Unit::Items => " items",
        })
    }
}

impl Progress {
    /// What a line of a job tells; `None` of every other line, which is output. A line tells nothing else beside it.
    pub fn read(line: &str) -> Option<Self> {
        let (amount, unit) = line.strip_prefix("progress: ")?.rsplit_once(' ')?;
        let unit = match unit {
            "bytes" => Unit::Bytes,
            "items" => Unit::Items,
            _ => return None,
        };
        let (done, total) = match amount.split_once(" of ") {
            None => (number(amount)?, None),
            Some((done, total)) => (number(done)?, Some(number(total)?)),
        };
        Some(Progress { unit, done, total })
    }
}

/// Digits alone: no sign, no space.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for unit in [Unit::Bytes, Unit::Items] {
            for (done, total) in [(0, None), (1234, Some(5678)), (u64::MAX, Some(u64::MAX)), (9, Some(3))] {
                let progress = Progress { unit, done, total };
                assert_eq!(Progress::read(&progress.to_string()), Some(progress), "{progress}");
            }
        }
        let progress = Progress { unit: Unit::Bytes, done: 1234, total: Some(5678) };
        assert_eq!(progress.to_string(), "progress: 1234 of 5678 bytes");
    }

    #[test]
    fn any_other_line_is_output() {
        for line in [
            "",
            "progress:",
            "progress: ",
            "progress:  bytes",
            "progress: bytes",
            "progress: 1 of bytes",
            "progress: 1 of 2",
            "progress: +1 bytes",
            "progress: -1 bytes",
            "progress: 1 of 2 of 3 bytes",
            "progress: 1 bytes ",
            " progress: 1 bytes",
            "Progress: 1 bytes",
            "progress: 1 files",
            "progress: 99999999999999999999 bytes",
        ] {
            assert_eq!(Progress::read(line), None, "{line:?}");
        }
    }
}
