//! The files an operator hands over: answers and secrets.

use std::{io::Read, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    executor::{self, Executor, Kind, System},
    secret::{Secret, Secrets},
    unattended::{self, AnswersFile},
};

pub(super) fn answers_file(path: &Path) -> Result<AnswersFile> {
    let bytes = System::live()?
        .read(&std::path::absolute(path)?)
        .with_context(|| format!("answers: {} cannot be read", path.display()))?;
    AnswersFile::parse(std::str::from_utf8(&bytes).context("answers: not UTF-8 text")?)
}

/// Secrets from a file that nobody else can read, or from standard input.
pub(super) fn secrets_file(path: Option<&Path>) -> Result<Secrets> {
    const LIMIT: u64 = 1024 * 1024;
    let Some(path) = path else { return Ok(Secrets::default()) };
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)?;
    } else {
        let (host, path) = (System::live()?, std::path::absolute(path)?);
        let metadata = host.metadata(&path).with_context(|| format!("secrets: {}", path.display()))?;
        ensure!(metadata.kind == Kind::File, "secrets: {} is not a regular file", path.display());
        ensure!(
            executor::is_ours(metadata.uid),
            "secrets: {} belongs to user {}, who knows what is in it; it must be yours or root's",
            path.display(),
            metadata.uid
        );
        if metadata.mode & 0o077 != 0 {
            bail!("secrets: others can read {}; run 'chmod 600 {0}' first", path.display());
        }
        *bytes = host.read(&path)?;
    }
    ensure!(bytes.len() as u64 <= LIMIT, "secrets: more than {LIMIT} bytes");
    unattended::parse_secrets(&Secret::new(bytes.to_vec()))
}
