//! What was there before a change, taken at run time: file bytes, owner, mode and times, and what a capture printed.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use crate::{
    executor::{Attributes, Executor, FileChange, FileTo, Kind},
    plan::Left,
    secret::{Secret, sha256},
};

/// Everything needed to take one change back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Saved {
    /// Each file that the change may alter.
    pub files: Vec<SavedFile>,
    /// What the capture command printed.
    pub captured: Option<Secret>,
    /// What claims that compare look back to.
    pub noted: BTreeSet<String>,
    /// For an apply: the files that it makes from templates. They are put back without the platform's tool.
    pub generated: Vec<SavedFile>,
}

/// One file as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedFile {
    /// The file.
    pub path: PathBuf,
    /// What was there.
    pub was: Was,
    /// What the change is going to leave there, where that is known before.
    pub expected: Option<Left>,
}

/// What was at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Was {
    /// Nothing.
    Absent,
    /// A regular file.
    File {
        /// Its bytes; may hold password hashes.
        content: Secret,
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
        /// Last modification.
        modified: Timestamp,
    },
}

impl Was {
    /// What is at `path` now.
    ///
    /// # Errors
    /// When it cannot be looked at, or is no regular file.
    pub fn read(host: &dyn Executor, path: &Path) -> Result<Was> {
        let about = match host.metadata(path) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Was::Absent),
            Err(error) => return Err(error).with_context(|| format!("cannot look at {}", path.display())),
        };
        match about.kind {
            Kind::File => Ok(Was::File {
                content: Secret::new(
                    host.read(path).with_context(|| format!("cannot read {}", path.display()))?,
                ),
                mode: about.mode,
                uid: about.uid,
                gid: about.gid,
                modified: about.modified,
            }),
            Kind::Link => bail!("{} is a symbolic link; it is never followed", path.display()),
            Kind::Directory | Kind::Other => bail!("{} is not a regular file", path.display()),
        }
    }

    /// The same, in few bytes.
    pub fn left(&self) -> Left {
        match self {
            Was::Absent => Left::Absent,
            Was::File { content, .. } => Left::File(sha256(content.expose())),
        }
    }

    /// Its content; `None` when nothing is there.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Was::Absent => None,
            Was::File { content, .. } => Some(content.expose()),
        }
    }

    /// Its content as text, empty when there is none; `None` when it is not text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Was::Absent => Some(""),
            Was::File { content, .. } => content.expose_str(),
        }
    }

    /// Owner, mode and time, to be put back exactly; `None` when nothing was there.
    pub(super) fn attributes(&self) -> Option<Attributes> {
        match self {
            Was::Absent => None,
            Was::File { mode, uid, gid, modified, .. } => {
                Some(Attributes::Exactly { mode: *mode, uid: *uid, gid: *gid, modified: Some(*modified) })
            }
        }
    }

    /// Makes `path` what it was. `false` when it is so already.
    pub(super) fn put_back(&self, host: &dyn Executor, path: &Path) -> Result<bool> {
        if Was::read(host, path)? == *self {
            return Ok(false);
        }
        let to = match self {
            Was::File { content, mode, uid, gid, modified } => FileTo::File {
                content: content.clone(),
                attributes: Attributes::Exactly {
                    mode: *mode,
                    uid: *uid,
                    gid: *gid,
                    modified: Some(*modified),
                },
            },
            Was::Absent => FileTo::Absent,
        };
        host.change(&FileChange { path: path.to_owned(), to })
            .with_context(|| format!("cannot put {} back", path.display()))?;
        Ok(true)
    }
}
