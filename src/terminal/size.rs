//! How large the terminal is, and whether a shell waits behind us.

use rustix::{process, termios};

use crate::wizard::Message;

/// Columns and rows as the terminal tells them; zeros when it does not (a serial line says 0x0).
pub(super) fn message() -> Message {
    let size = termios::tcgetwinsize(rustix::stdio::stdout()).ok();
    let (columns, rows) = size.map_or((0, 0), |size| (size.ws_col, size.ws_row));
    Message::Resized { columns, rows }
}

/// A size that can be drawn: nobody reads more, and a wrong one must not cost memory.
pub(super) fn bounded(columns: u16, rows: u16) -> (u16, u16) {
    (columns.clamp(1, 400), rows.clamp(1, 160))
}

/// Whether our parent is a shell of the same session that could continue us after a stop.
pub(super) fn has_job_control() -> bool {
    let Some(parent) = process::getppid() else { return false };
    let same = process::getsid(None).ok() == process::getsid(Some(parent)).ok();
    same && process::getpgid(Some(parent)).ok() != Some(process::getpgrp())
}
