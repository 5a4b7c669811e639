//! What sshd's StrictModes demands of a key file and the folders above it.

use std::path::{Path, PathBuf};

use crate::{
    executor::{Executor, Kind, Metadata},
    host::accounts,
};

/// Something sshd does not trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loose {
    /// The file or folder.
    pub path: PathBuf,
    /// What is there.
    pub kind: Kind,
    /// Its permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// It belongs to somebody who is neither root nor the account.
    pub foreign: bool,
}

impl Loose {
    /// "is a symbolic link", "can be written by others (0666)" or "belongs to user 33".
    pub fn reason(&self) -> String {
        match self.foreign {
            _ if self.kind == Kind::Link => "is a symbolic link".to_owned(),
            true => format!("belongs to user {}", self.uid),
            false => format!("can be written by others ({:04o})", self.mode),
        }
    }
}

/// What is too loose from `file` up to `home`, or up to `/` when the file is not below it. Empty when all is well or
/// nothing is there.
pub fn loose(host: &dyn Executor, file: &Path, home: &Path, uid: u32) -> Vec<Loose> {
    let mut found = Vec::new();
    let mut at = Some(file);
    while let Some(path) = at {
        if let Ok(metadata) = host.metadata(path) {
            found.extend(judge(host, path, &metadata, uid));
        }
        if path == home {
            break;
        }
        at = path.parent();
    }
    found
}

fn judge(host: &dyn Executor, path: &Path, metadata: &Metadata, uid: u32) -> Option<Loose> {
    let foreign = metadata.uid != 0 && metadata.uid != uid;
    let by_group = || metadata.mode & 0o020 != 0 && !is_private(host, metadata, uid);
    // sshd judges where it leads; that is not followed here.
    let open = metadata.kind == Kind::Link || metadata.mode & 0o002 != 0 || by_group();
    (foreign || open).then(|| Loose {
        path: path.to_owned(),
        kind: metadata.kind,
        mode: metadata.mode,
        uid: metadata.uid,
        gid: metadata.gid,
        foreign,
    })
}

/// Debian's sshd lets the group write when the account is its one member.
fn is_private(host: &dyn Executor, metadata: &Metadata, uid: u32) -> bool {
    let people = accounts::accounts(host).unwrap_or_default();
    let groups = accounts::groups(host).unwrap_or_default();
    let Some(group) = groups.iter().find(|group| group.gid == metadata.gid) else { return false };
    let owner = people.iter().find(|one| one.uid == metadata.uid).map(|one| &one.name);
    let mut first = people.iter().filter(|one| one.gid == group.gid).map(|one| one.uid == uid).peekable();
    let listed = group.members.iter().all(|name| Some(name) == owner);
    (first.peek().is_some() || !group.members.is_empty()) && first.all(|own| own) && listed
}
