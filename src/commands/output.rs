//! What is said on standard output and standard error: the only door, so that nothing that a terminal obeys gets out.

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result, ensure};

use super::options::Format;
use crate::{
    finding::{self, printable},
    secret::Secret,
};

/// A result: text for people, or one JSON object.
pub(super) fn result(
    format: Format,
    text: impl FnOnce() -> String,
    json: &impl serde::Serialize,
) -> Result<()> {
    match format {
        Format::Text => print(&text()),
        Format::Json => print(&finding::json(json)?),
    }
}

pub(super) fn print(text: &str) -> Result<()> {
    std::io::stdout().lock().write_all(printable(text).as_bytes()).context("standard output")
}

pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// Made up passwords and keys, to people only: in a log or a closed pipe they would be seen by others, or by nobody.
pub(super) fn show_once(made_up: &Secret) -> Result<()> {
    let mut terminal = std::io::stderr().lock();
    let hint = "what is made up is shown on a terminal only; --save-generated FILE stores it in a new file";
    ensure!(terminal.is_terminal(), hint);
    let parts: [&[u8]; 2] = [b"Made up passwords and keys, shown this once:\n", made_up.expose()];
    parts.iter().try_for_each(|part| terminal.write_all(part)).context("what was made up could not be shown")
}
