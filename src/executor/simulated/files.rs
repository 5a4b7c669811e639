//! The files of a simulated host: paths with kind, owner, mode and time, links resolved as a kernel does.
//! No programs and no failures here.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    fmt, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use crate::executor::{Attributes, FileChange, FileTo, Kind, Metadata, READ_LIMIT, refused};

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    node: Node,
    mode: u32,
    uid: u32,
    gid: u32,
    modified: Timestamp,
}

#[derive(Clone, PartialEq, Eq)]
enum Node {
    File(Arc<[u8]>),
    /// So many zero bytes.
    Zeros(u64),
    Directory,
    Link(PathBuf),
    Other,
}

/// A file tree in memory. A clone is cheap and is a snapshot; two are equal when every path, content, owner,
/// mode and time is.
#[derive(Clone)]
pub struct Files {
    entries: BTreeMap<PathBuf, Entry>,
    clock: Timestamp,
}

impl PartialEq for Files {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl fmt::Debug for Files {
    /// Paths only: content may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

/// As many links as Linux follows in one path.
const MOST_LINKS: usize = 40;

impl Files {
    /// An empty root directory.
    pub(super) fn new(clock: Timestamp) -> Self {
        let mut files = Files { entries: BTreeMap::new(), clock };
        files.insert(Path::new("/"), Node::Directory, (0o755, 0, 0));
        files
    }

    pub(super) fn advance(&mut self, by: jiff::SignedDuration) {
        self.clock = self.clock.saturating_add(by).unwrap_or(self.clock);
    }

    pub(super) fn set_clock(&mut self, clock: Timestamp) {
        self.clock = clock;
    }

    /// The host's clock: what a file written now gets.
    pub fn now(&self) -> Timestamp {
        self.clock
    }

    /// Content of a regular file; links are followed.
    ///
    /// # Errors
    /// Like [`crate::executor::Executor::read`].
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let at = self.resolve(path, true)?;
        match self.entries.get(&at).map(|entry| &entry.node) {
            Some(Node::File(content)) if content.len() as u64 > READ_LIMIT => {
                Err(refused::too_large(path, content.len() as u64))
            }
            Some(Node::File(content)) => Ok(content.to_vec()),
            Some(Node::Zeros(len)) if *len > READ_LIMIT => Err(refused::too_large(path, *len)),
            Some(Node::Zeros(len)) => Ok(vec![0; usize::try_from(*len).unwrap_or(0)]),
            Some(node) => Err(refused::kind(path, node.kind())),
            None => Err(missing(path)),
        }
    }

    /// Content of a file as text; empty when it is not there or not text.
    pub fn text(&self, path: impl AsRef<Path>) -> String {
        self.read(path.as_ref()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Whether something is there, a dangling link included.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.metadata(path.as_ref()).is_ok()
    }

    /// What is at a path; a last link is not followed.
    ///
    /// # Errors
    /// When nothing is there.
    pub fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let entry = self.entries.get(&self.resolve(path, false)?).ok_or_else(|| missing(path))?;
        let len = match &entry.node {
            Node::File(content) => content.len() as u64,
            Node::Zeros(len) => *len,
            Node::Link(target) => target.as_os_str().len() as u64,
            _ => 0,
        };
        Ok(Metadata {
            kind: entry.node.kind(),
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            len,
            modified: entry.modified,
            links: 1,
        })
    }

    /// Where a link points.
    ///
    /// # Errors
    /// When nothing or no link is there.
    pub fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        match self.entries.get(&self.resolve(path, false)?).map(|entry| &entry.node) {
            Some(Node::Link(target)) => Ok(target.clone()),
            Some(_) => Err(refused::because(io::ErrorKind::InvalidInput, path, "is not a symbolic link")),
            None => Err(missing(path)),
        }
    }

    /// Names in a directory, sorted.
    ///
    /// # Errors
    /// When it is not there or not a directory.
    pub fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let at = self.resolve(dir, true)?;
        match self.entries.get(&at).map(|entry| &entry.node) {
            Some(Node::Directory) => Ok(self
                .entries
                .keys()
                .filter(|path| path.parent() == Some(&at))
                .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
                .collect()),
            Some(_) => Err(refused::because(io::ErrorKind::NotADirectory, dir, "is not a directory")),
            None => Err(missing(dir)),
        }
    }

    /// Writes a file as a program of the host would: links followed, owner and mode kept, parents made.
    pub fn write(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        let at = self.resolve(path.as_ref(), true).unwrap_or_else(|_| path.as_ref().to_path_buf());
        let (mode, uid, gid) = self.entries.get(&at).map_or((0o644, 0, 0), |e| (e.mode, e.uid, e.gid));
        self.insert(&at, Node::File(content.into().into()), (mode, uid, gid));
    }

    /// Writes a file with mode, owner and group.
    pub fn put(
        &mut self,
        path: impl AsRef<Path>,
        mode: u32,
        uid: u32,
        gid: u32,
        content: impl Into<Vec<u8>>,
    ) {
        self.insert(path.as_ref(), Node::File(content.into().into()), (mode, uid, gid));
    }

    /// Writes a log of zero bytes that was last written then; it takes no memory.
    pub fn log(&mut self, path: impl AsRef<Path>, len: u64, modified: Timestamp) {
        self.insert(path.as_ref(), Node::Zeros(len), (0o640, 0, 4));
        if let Some(entry) = self.entries.get_mut(path.as_ref()) {
            entry.modified = modified;
        }
    }

    /// Makes a directory, `0755 root:root`.
    pub fn directory(&mut self, path: impl AsRef<Path>) {
        self.insert(path.as_ref(), Node::Directory, (0o755, 0, 0));
    }

    /// Makes a symbolic link.
    pub fn link(&mut self, path: impl AsRef<Path>, target: impl Into<PathBuf>) {
        self.insert(path.as_ref(), Node::Link(target.into()), (0o777, 0, 0));
    }

    /// Makes a device, as far as anybody looks.
    pub fn device(&mut self, path: impl AsRef<Path>) {
        self.insert(path.as_ref(), Node::Other, (0o600, 0, 0));
    }

    /// Removes whatever is there, with everything below it.
    pub fn remove(&mut self, path: impl AsRef<Path>) {
        self.entries.retain(|at, _| !at.starts_with(path.as_ref()));
    }

    /// Sets mode, owner and group of what is there.
    pub fn set_owner(&mut self, path: impl AsRef<Path>, mode: u32, uid: u32, gid: u32) {
        if let Some(entry) = self.entries.get_mut(path.as_ref()) {
            (entry.mode, entry.uid, entry.gid) = (mode, uid, gid);
        }
    }

    /// Paths that are not the same in both, sorted.
    pub fn changed_since(&self, before: &Files) -> Vec<PathBuf> {
        let mut paths: Vec<_> = self
            .entries
            .iter()
            .filter(|(path, entry)| before.entries.get(*path) != Some(entry))
            .map(|(path, _)| path.clone())
            .chain(before.entries.keys().filter(|path| !self.entries.contains_key(*path)).cloned())
            .collect();
        paths.sort();
        paths
    }

    /// One change, with the same refusals as on a real host.
    pub(super) fn change(&mut self, change: &FileChange) -> io::Result<()> {
        let path = &change.path;
        refused::unless_named(path)?;
        let at = self.resolve(path, false)?;
        let there = self.entries.get(&at);
        let kind = there.map(|entry| entry.node.kind());
        match &change.to {
            FileTo::File { content, attributes } => {
                refused::unless_file(path, kind)?;
                let kept = there.map_or((0o600, 0, 0), |e| (e.mode, e.uid, e.gid));
                let modified = self.clock;
                let (owner, modified) = match *attributes {
                    Attributes::Keep => (kept, modified),
                    Attributes::Exactly { mode, uid, gid, modified: exactly } => {
                        ((mode & 0o7777, uid, gid), exactly.unwrap_or(modified))
                    }
                };
                self.insert(&at, Node::File(content.expose().into()), owner);
                if let Some(entry) = self.entries.get_mut(&at) {
                    entry.modified = modified;
                }
            }
            FileTo::Directory { .. } if kind == Some(Kind::Directory) => {}
            FileTo::Directory { attributes } => {
                if let Some(kind) = kind {
                    return Err(refused::kind(path, kind));
                }
                let owner = match *attributes {
                    Attributes::Keep => (0o700, 0, 0),
                    Attributes::Exactly { mode, uid, gid, .. } => (mode & 0o7777, uid, gid),
                };
                self.insert(&at, Node::Directory, owner);
            }
            FileTo::Absent => match kind {
                None => {}
                Some(Kind::Link) => self.remove(&at),
                Some(Kind::Directory) if self.list(&at)?.is_empty() => self.remove(&at),
                Some(Kind::Directory) => {
                    return Err(refused::because(io::ErrorKind::DirectoryNotEmpty, path, "is not empty"));
                }
                kind => {
                    refused::unless_file(path, kind)?;
                    self.remove(&at);
                }
            },
        }
        Ok(())
    }

    fn insert(&mut self, path: &Path, node: Node, (mode, uid, gid): (u32, u32, u32)) {
        let modified = self.clock;
        let missing: Vec<_> = path.ancestors().skip(1).filter(|p| !self.entries.contains_key(*p)).collect();
        for parent in missing {
            let directory = Entry { node: Node::Directory, mode: 0o755, uid: 0, gid: 0, modified };
            self.entries.insert(parent.to_path_buf(), directory);
        }
        self.entries.insert(path.to_path_buf(), Entry { node, mode, uid, gid, modified });
    }

    /// The path without links; the last part need not be there.
    fn resolve(&self, path: &Path, follow_last: bool) -> io::Result<PathBuf> {
        if !path.is_absolute() {
            return Err(refused::because(io::ErrorKind::InvalidInput, path, "is not an absolute path"));
        }
        let names = |path: &Path| -> VecDeque<OsString> {
            path.components()
                .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
                .map(|part| part.as_os_str().to_owned())
                .collect()
        };
        let (mut here, mut rest, mut links) = (PathBuf::from("/"), names(path), 0);
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(name);
            match self.entries.get(&next).map(|entry| &entry.node) {
                Some(Node::Link(target)) if follow_last || !rest.is_empty() => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(refused::too_many_links(path));
                    }
                    if target.is_absolute() {
                        here = PathBuf::from("/");
                    }
                    let mut longer = names(target);
                    longer.append(&mut rest);
                    rest = longer;
                }
                None if !rest.is_empty() => return Err(missing(path)),
                Some(Node::File(_) | Node::Zeros(_) | Node::Other) if !rest.is_empty() => {
                    let text = "goes through something that is not a directory";
                    return Err(refused::because(io::ErrorKind::NotADirectory, path, text));
                }
                _ => here = next,
            }
        }
        Ok(here)
    }
}

impl Node {
    fn kind(&self) -> Kind {
        match self {
            Node::File(_) | Node::Zeros(_) => Kind::File,
            Node::Directory => Kind::Directory,
            Node::Link(_) => Kind::Link,
            Node::Other => Kind::Other,
        }
    }
}

fn missing(path: &Path) -> io::Error {
    refused::because(io::ErrorKind::NotFound, path, "does not exist")
}
