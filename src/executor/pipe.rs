//! Programs joined to programs and files, as plain values: what goes where, and which one failed.
//! How it is run is each executor's own.

use std::{io, path::PathBuf, time::Duration};

use super::command::{Command, Exit, Status};

/// Programs joined from output to input. What flows between them and the files never lies whole in our memory.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// The programs, the first one first. Only the first may have something of its own on standard input.
    pub stages: Vec<Command>,
    /// What the first one reads.
    pub from: Option<PathBuf>,
    /// Where the output of the last one goes; into its [`Exit`] when `None`.
    pub to: Option<Target>,
    /// After this time all of them are killed. The limits of the single commands do not count.
    pub limit: Duration,
}

/// A new file, `0600 root:root`: there once every program has succeeded, otherwise not at all.
#[derive(Debug, Clone)]
pub struct Target {
    /// The file; its directory must exist.
    pub path: PathBuf,
    /// The most bytes it may have.
    pub most: u64,
}

const SIGPIPE: i32 = 13;

impl Pipe {
    /// Why it is not a success, naming the program that failed by itself; `None` when every one succeeded.
    pub fn failure(&self, exits: &[Exit]) -> Option<String> {
        let failed: Vec<_> = self.stages.iter().zip(exits).filter(|(_, exit)| !exit.ok()).collect();
        // The others ended because of it: nobody read their output any more, or they were stopped.
        let by_itself = failed
            .iter()
            .find(|(_, exit)| !matches!(exit.status, Status::Signal(SIGPIPE) | Status::Cancelled))
            .or(failed.first());
        by_itself.map(|(command, exit)| format!("{}: {}", command.program, exit.reason()))
    }

    /// Lets pipes pass that can be run.
    pub(super) fn check(&self) -> io::Result<()> {
        let given = self.stages.iter().skip(usize::from(self.from.is_none())).any(|one| one.stdin.is_some());
        match () {
            () if self.stages.is_empty() => Err(invalid("a pipe without programs")),
            () if given => Err(invalid("a program of a pipe would have two inputs")),
            () => Ok(()),
        }
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
