//! A program to run and how it ended, as plain values. Running it is each executor's own.

use std::time::Duration;

use crate::secret::{Secret, hide_in_output};

/// A program to run: found in [`super::SEARCH_PATH`], with [`super::ENVIRONMENT`] and `env` and nothing else of ours.
///
/// Arguments are plain text by type: a secret cannot get into them. A secret goes to standard input or into
/// `credentials`.
#[derive(Debug, Clone)]
pub struct Command {
    /// A bare name such as `chpasswd`.
    pub program: String,
    /// Arguments, without the program.
    pub args: Vec<String>,
    /// What it reads; `/dev/null` when `None`.
    pub stdin: Option<Secret>,
    /// A private file, there only while the program runs: [`CREDENTIALS`] in an argument becomes its path.
    pub credentials: Option<Secret>,
    /// Additional environment, never secret.
    pub env: Vec<(String, String)>,
    /// After this time its whole process group is killed.
    pub limit: Duration,
    /// It only looks: a dry run executes it as well.
    pub reads_only: bool,
}

/// Stands for the path of the private file in the arguments of a [`Command`].
pub const CREDENTIALS: &str = "{credentials}";

impl Command {
    /// A command with the default limit of 30 seconds and nothing on standard input.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(program: &str, args: I) -> Self {
        Command {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            stdin: None,
            credentials: None,
            env: Vec::new(),
            limit: Duration::from_secs(30),
            reads_only: false,
        }
    }

    /// The same command, marked as one that changes nothing.
    #[must_use]
    pub fn reads_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// The same command with a private file; see [`CREDENTIALS`].
    #[must_use]
    pub fn credentials(mut self, content: Secret) -> Self {
        self.credentials = Some(content);
        self
    }

    /// The same command, reading `input`.
    #[must_use]
    pub fn stdin(mut self, input: Secret) -> Self {
        self.stdin = Some(input);
        self
    }

    /// The same command with another time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

/// Which stream of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a program ended and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Exit code, signal or time-out.
    pub status: Status,
    /// The first [`super::OUTPUT_LIMIT`] bytes of standard output.
    pub stdout: Vec<u8>,
    /// The first [`super::OUTPUT_LIMIT`] bytes of standard error.
    pub stderr: Vec<u8>,
    /// Wall time.
    pub took: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Status {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// Its time limit passed and it was killed.
    TimedOut,
    /// The sink cancelled it and it was killed.
    Cancelled,
}

impl Exit {
    /// Exit code 0. Not yet success: look at the result.
    pub fn ok(&self) -> bool {
        self.status == Status::Code(0)
    }

    /// Standard output as text, invalid UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, invalid UTF-8 replaced.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// One line for people: why it is not a success.
    pub fn reason(&self) -> String {
        // Indented lines only explain the one above them ("dmesg(1) may have more information …").
        let last = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let line = text.lines().rev().find(|l| l.starts_with(|c: char| !c.is_whitespace()));
            line.or_else(|| text.lines().rev().find(|l| !l.trim().is_empty())).map(str::to_owned)
        };
        // nft repeats below its complaint the line that it is about.
        let complaint = String::from_utf8_lossy(&self.stderr);
        let complaint = complaint.lines().find(|line| line.contains(": Error: ")).map(str::to_owned);
        let said = complaint.or_else(|| last(&self.stderr)).or_else(|| last(&self.stdout));
        let how = self.how();
        said.map_or_else(|| how.clone(), |said| format!("{how}: {}", hide_in_output(said.trim())))
    }

    /// How it ended, for people: `exit code 3`.
    pub fn how(&self) -> String {
        match self.status {
            Status::Code(code) => format!("exit code {code}"),
            Status::Signal(signal) => format!("killed by signal {signal}"),
            Status::TimedOut => "it took too long and was stopped".to_owned(),
            Status::Cancelled => "it was stopped on request".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nft_complains_of_is_the_reason_and_not_the_line_it_repeats() {
        let said = "/dev/stdin:3:19-19: Error: Could not process rule: No such file or directory\n\
                    delete table inet ngcp_warden {\n                  ^\n";
        let exit =
            Exit { status: Status::Code(1), stdout: Vec::new(), stderr: said.into(), took: Duration::ZERO };
        let why = "exit code 1: /dev/stdin:3:19-19: Error: Could not process rule: No such file or directory";
        assert_eq!(exit.reason(), why);
    }
}
