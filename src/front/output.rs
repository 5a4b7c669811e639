//! What is said on standard output and standard error.

use anyhow::{Context, Result};

use crate::{cli::Format, finding::printable};

/// A result: text for people, or one JSON object.
pub(super) fn result(
    format: Format,
    text: impl FnOnce() -> String,
    json: &impl serde::Serialize,
) -> Result<()> {
    match format {
        Format::Text => print(&text()),
        Format::Json => print(&(serde_json::to_string_pretty(json)? + "\n")),
    }
}

pub(super) fn print(text: &str) -> Result<()> {
    use std::io::Write;
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output")
}

pub(super) fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}
