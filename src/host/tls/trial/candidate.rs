//! What a second daemon is started with, and how it is understood. What each daemon is told is its own file's.

use std::path::PathBuf;

use crate::executor::Command;

/// The program that ends another one in time.
const WATCH: &str = "timeout";
/// After so many seconds it is ended, whoever started it: a daemon never ends by itself, and whoever waits for a run that
/// was cut off waits for its programs.
const AT_MOST: &str = "20";

/// What a second daemon is started with.
pub(super) struct Candidate<'a> {
    pub(super) certificate: &'a str,
    pub(super) key: &'a str,
    pub(super) protocols: Option<&'a str>,
    pub(super) ciphers: Option<&'a str>,
    pub(super) port: u16,
}

/// How one daemon is started and understood.
pub(super) struct Start {
    pub(super) command: Command,
    /// What it leaves behind when it is killed.
    pub(super) leaves: Vec<PathBuf>,
    /// Its reason in what it printed on standard error.
    pub(super) reason: fn(&str) -> Option<String>,
}

/// The daemon, which ends even when nobody is left to end it.
pub(super) fn daemon<'a>(program: &'a str, args: impl IntoIterator<Item = &'a str>) -> Command {
    Command::new(WATCH, ["-s", "KILL", AT_MOST, program].into_iter().chain(args))
}
