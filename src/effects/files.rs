//! The few files a session leaves on the host: saved answers, reports, pages for copying. Owner-only, below one directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{
    executor::{Attributes, Executor, FileChange, FileTo, Kind},
    secret::{Secret, listed},
    unattended::{self, Bundle},
    wizard::draft::Draft,
};

/// Where this program keeps its own files.
const STATE: &str = "/var/lib/ngcp-warden";
const DRAFT: &str = "/var/lib/ngcp-warden/answers.json";

/// Answers of an earlier session; `None` when there are none, they cannot be read, or others may have written them.
pub(super) fn load_draft(host: &dyn Executor) -> Option<Draft> {
    let about = host.metadata(Path::new(DRAFT)).ok()?;
    if about.kind != Kind::File || about.uid != 0 || about.mode & 0o077 != 0 {
        return None;
    }
    serde_json::from_slice(&host.read(Path::new(DRAFT)).ok()?).ok()
}

/// Keeps answers; an empty draft removes them.
pub(super) fn save_draft(host: &dyn Executor, draft: &Draft) -> Result<()> {
    let path = PathBuf::from(DRAFT);
    if draft.is_empty() {
        return Ok(host.change(&FileChange { path, to: FileTo::Absent })?);
    }
    put(host, path, Secret::new(serde_json::to_vec_pretty(draft)?))
}

/// The findings as they are now; returns the path.
pub(super) fn write_report(host: &dyn Executor) -> Result<String> {
    let text = unattended::audit(host, &[])?.text();
    write(host, "findings", &text)
}

/// A text under a name with the time in it; returns the path.
pub(super) fn write(host: &dyn Executor, name: &str, text: &str) -> Result<String> {
    let path = format!("{STATE}/{name}-{}.txt", host.now().strftime("%Y%m%d-%H%M%S"));
    put(host, PathBuf::from(&path), Secret::new(text))?;
    Ok(path)
}

/// A bundle for somebody who helps; returns the path.
///
/// # Errors
/// When it cannot be written.
pub fn write_bundle(host: &dyn Executor, bundle: Bundle) -> Result<String> {
    let path = format!("{STATE}/{}", bundle.name);
    put(host, PathBuf::from(&path), Secret::new(bundle.packed))?;
    Ok(path)
}

/// Made up passwords, on request only; returns the path.
pub(super) fn write_passwords(host: &dyn Executor, passwords: &[(String, Secret)]) -> Result<String> {
    let content = listed(passwords.iter().map(|(label, password)| (label.as_str(), password)));
    let path = format!("{STATE}/passwords-{}.txt", host.now().strftime("%Y%m%d-%H%M%S"));
    put(host, PathBuf::from(&path), content)?;
    Ok(path)
}

fn put(host: &dyn Executor, path: PathBuf, content: Secret) -> Result<()> {
    let attributes = |mode| Attributes::Exactly { mode, uid: 0, gid: 0, modified: None };
    host.change(&FileChange { path: STATE.into(), to: FileTo::Directory { attributes: attributes(0o700) } })
        .with_context(|| format!("{STATE} could not be made"))?;
    host.change(&FileChange { path, to: FileTo::File { content, attributes: attributes(0o600) } })?;
    Ok(())
}
