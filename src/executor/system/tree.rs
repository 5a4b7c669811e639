//! Paths below a root, walked one name at a time over directory handles: a symbolic link leads to where it would
//! lead with that root as `/`, never out of it, whatever somebody renames meanwhile. Reading lives here too.
//! (`openat2` does the same in the kernel, but only since Linux 5.6; releases in use run on 3.16.)

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStringExt,
    },
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use crate::executor::{Kind, Metadata, READ_LIMIT, refused};

/// As many links as Linux follows in one path.
const MOST_LINKS: usize = 40;
/// The longest directory listing, in names.
const MOST_NAMES: usize = 1_000_000;

/// A directory that acts as `/`.
pub(super) struct Tree {
    root: OwnedFd,
}

/// Which symbolic links are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// Every one.
    All,
    /// Those on the way, not the last.
    OnTheWay,
    /// As before, and only if they belong to root: in a directory of somebody else, a link could lead a change to
    /// a file that its owner may not change.
    OnTheWayOfRoot,
}

/// Where a path leads: a name in a directory we hold.
pub(super) struct Place {
    /// The directory, opened for its path only.
    pub(super) directory: OwnedFd,
    /// The last name; `.` for a directory reached otherwise.
    pub(super) name: OsString,
    /// What is there, opened for its path only, a link not followed.
    pub(super) there: Option<(OwnedFd, Stat)>,
}

impl Place {
    pub(super) fn kind(&self) -> Option<Kind> {
        self.there.as_ref().map(|(_, stat)| kind(stat))
    }

    /// Opens the regular file that was seen there, and no other.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        let Some((_, seen)) = &self.there else { return Err(missing(path)) };
        if kind(seen) != Kind::File {
            return Err(refused::kind(path, kind(seen)));
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.directory, &self.name, flags, Mode::empty())
            .map_err(|e| named(path, e))?;
        let now = rustix::fs::fstat(&file).map_err(|e| named(path, e))?;
        if (now.st_dev, now.st_ino) != (seen.st_dev, seen.st_ino) {
            let text = "was exchanged by somebody while it was opened";
            return Err(refused::because(io::ErrorKind::ResourceBusy, path, text));
        }
        Ok(file.into())
    }
}

impl Tree {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, Mode::empty()).map_err(|e| named(root, e))?;
        Ok(Tree { root })
    }

    /// Whether both have the same directory at `path`; a bind mount of it is the same.
    pub(super) fn same_directory(&self, other: &Tree, path: &Path) -> io::Result<bool> {
        let at = |tree: &Tree| match tree.walk(path, Links::OnTheWay) {
            Ok(place) => Ok(place.there.map(|(_, stat)| stat)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(error),
        };
        let same = |(ours, theirs): (Stat, Stat)| {
            kind(&ours) == Kind::Directory && (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)
        };
        Ok(at(self)?.zip(at(other)?).is_some_and(same))
    }

    /// Puts on the disk what programs wrote below it; few of them see to that themselves.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(readable(&self.root)?)?)
    }

    /// Walks to `path`. Links on the way are followed below the root, a last one only by [`Links::All`].
    pub(super) fn walk(&self, path: &Path, follow: Links) -> io::Result<Place> {
        if !path.is_absolute() {
            return Err(refused::because(io::ErrorKind::InvalidInput, path, "is not an absolute path"));
        }
        let mut above = Vec::new();
        let mut here = self.root.try_clone()?;
        let (mut rest, mut links) = (names(path), 0);
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                here = above.pop().unwrap_or(here);
                continue;
            }
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let next = match rustix::fs::openat(&here, &name, flags, Mode::empty()) {
                Ok(next) => next,
                Err(rustix::io::Errno::NOENT) if rest.is_empty() => {
                    return Ok(Place { directory: here, name, there: None });
                }
                Err(e) => return Err(named(path, e)),
            };
            let stat = stat(&next).map_err(|e| named(path, e))?;
            match kind(&stat) {
                Kind::Link if follow == Links::All || !rest.is_empty() => {
                    if follow == Links::OnTheWayOfRoot && stat.st_uid != 0 {
                        let text = format!("goes through a symbolic link of user {}", stat.st_uid);
                        return Err(refused::because(io::ErrorKind::PermissionDenied, path, &text));
                    }
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(refused::too_many_links(path));
                    }
                    let target = target(&next).map_err(|e| named(path, e))?;
                    if target.is_absolute() {
                        above.clear();
                        here = self.root.try_clone()?;
                    }
                    let mut longer = names(&target);
                    longer.append(&mut rest);
                    rest = longer;
                }
                _ if rest.is_empty() => {
                    return Ok(Place { directory: here, name, there: Some((next, stat)) });
                }
                Kind::Directory => above.push(std::mem::replace(&mut here, next)),
                _ => {
                    let text = "goes through something that is not a directory";
                    return Err(refused::because(io::ErrorKind::NotADirectory, path, text));
                }
            }
        }
        let stat = stat(&here).map_err(|e| named(path, e))?;
        let there = Some((here.try_clone()?, stat));
        Ok(Place { directory: here, name: OsString::from("."), there })
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.walk(path, Links::All)?.open(path)?;
        let mut content = Vec::new();
        // Files of /proc have no length beforehand.
        (&file).take(READ_LIMIT + 1).read_to_end(&mut content).map_err(|e| named(path, e))?;
        if content.len() as u64 > READ_LIMIT {
            return Err(refused::too_large(path, file.metadata()?.len().max(READ_LIMIT + 1)));
        }
        Ok(content)
    }

    pub(super) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let (_, stat) = self.walk(path, Links::OnTheWay)?.there.ok_or_else(|| missing(path))?;
        let nanos = i32::try_from(stat.st_mtime_nsec).unwrap_or_default();
        Ok(Metadata {
            kind: kind(&stat),
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            len: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: Timestamp::new(stat.st_mtime, nanos).unwrap_or(Timestamp::UNIX_EPOCH),
            links: stat.st_nlink,
        })
    }

    pub(super) fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let (link, stat) = self.walk(path, Links::OnTheWay)?.there.ok_or_else(|| missing(path))?;
        if kind(&stat) != Kind::Link {
            return Err(refused::because(io::ErrorKind::InvalidInput, path, "is not a symbolic link"));
        }
        target(&link).map_err(|e| named(path, e))
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let (directory, stat) = self.walk(dir, Links::All)?.there.ok_or_else(|| missing(dir))?;
        if kind(&stat) != Kind::Directory {
            return Err(refused::because(io::ErrorKind::NotADirectory, dir, "is not a directory"));
        }
        let mut listed = Vec::new();
        for entry in Dir::new(readable(&directory).map_err(|e| named(dir, e))?).map_err(|e| named(dir, e))? {
            let name = entry.map_err(|e| named(dir, e))?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                listed.push(name);
            }
            if listed.len() > MOST_NAMES {
                return Err(refused::because(
                    io::ErrorKind::FileTooLarge,
                    dir,
                    "has too many entries to list",
                ));
            }
        }
        listed.sort();
        Ok(listed)
    }
}

/// A directory handle that can be listed and synced, from one that cannot.
pub(super) fn readable(directory: impl AsFd) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(directory, ".", flags, Mode::empty())
}

/// What a path-only handle stands for. Linux before 3.6 (Debian 7) has no `fstat` for those.
fn stat(handle: &OwnedFd) -> rustix::io::Result<Stat> {
    rustix::fs::statat(handle, "", AtFlags::EMPTY_PATH)
}

fn target(link: &OwnedFd) -> rustix::io::Result<PathBuf> {
    let target = rustix::fs::readlinkat(link, "", Vec::new())?;
    Ok(OsString::from_vec(target.into_bytes()).into())
}

fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| AsRef::<OsStr>::as_ref(&part).to_owned())
        .collect()
}

fn kind(stat: &Stat) -> Kind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

pub(super) fn missing(path: &Path) -> io::Error {
    refused::because(io::ErrorKind::NotFound, path, "does not exist")
}

/// The same error, naming its path.
pub(super) fn named(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    if error.kind() == io::ErrorKind::NotFound {
        return missing(path);
    }
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
