//! Exit codes: other programs rely on them. They are decided from what happened, never from its words.

use crate::{runner::LockHeld, unattended::Applied};

/// All is well.
pub(super) const OK: u8 = 0;
/// Findings at or above `--fail-on`, or a change failed.
pub(super) const FAILED: u8 = 1;
/// A wrong command line, or an answers file that does not fit.
pub(super) const USAGE: u8 = 2;
/// The terminal hung up, or the program was interrupted.
pub(super) const INTERRUPTED: u8 = 3;
/// Another run holds the lock.
const LOCKED: u8 = 4;
/// It needs root.
const NOT_ROOT: u8 = 5;

/// Who is not root can only look at the demo.
#[derive(Debug)]
pub(super) struct NeedsRoot;

impl std::fmt::Display for NeedsRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this needs root; try 'sudo ngcp-warden', or '--demo' to look around")
    }
}

impl std::error::Error for NeedsRoot {}

/// What an error that ends a command means to programs.
pub(super) fn of(error: &anyhow::Error) -> u8 {
    match () {
        () if error.is::<LockHeld>() => LOCKED,
        () if error.is::<NeedsRoot>() => NOT_ROOT,
        () => USAGE,
    }
}

/// What became of a run.
pub(super) fn of_run(applied: &Applied) -> u8 {
    if applied.went_well() { OK } else { FAILED }
}
