//! Changes one file so that a crash at any moment leaves the old one or the new one: a private copy beside it is
//! filled, given owner, mode and extended attributes, synced and renamed over it.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::Path,
};

use jiff::Timestamp;
use rustix::{
    buffer::spare_capacity,
    fs::{AtFlags, Gid, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags},
    io::Errno,
};

use super::tree::{Links, Place, Tree, named, readable};
use crate::executor::{Attributes, FileChange, FileTo, Kind, refused};

/// Between a file's name and the random end of its unfinished copy.
const UNFINISHED: &[u8] = b".ngcp-warden-";

impl Tree {
    /// Carries out a change; an error says that nothing was changed unless it says otherwise.
    pub(super) fn change(&self, change: &FileChange) -> io::Result<()> {
        let path = &change.path;
        let place = refused::unless_named(path).and_then(|()| self.walk(path, Links::OnTheWayOfRoot));
        let done = place.and_then(|place| match &change.to {
            FileTo::File { content, attributes } => place.write(path, content.expose(), attributes),
            FileTo::Directory { attributes } => place.make_directory(path, attributes),
            FileTo::Absent => place.remove(path),
        });
        let directory = done.map_err(|e| refused::unchanged(&e))?;
        match directory.map_or(Ok(()), rustix::fs::fsync) {
            Ok(()) => Ok(()),
            Err(e) => Err(not_yet_safe(path, e)),
        }
    }

    /// Begins a file that is not there yet; programs fill it.
    pub(super) fn begin(&self, path: &Path) -> io::Result<Unfinished> {
        refused::unless_named(path)?;
        let place = self.walk(path, Links::OnTheWayOfRoot)?;
        if let Some(kind) = place.kind() {
            return Err(refused::kind(path, kind));
        }
        let copy = place.unfinished().map_err(|e| failed(path, e))?;
        own(&copy.file, 0o600, 0, 0).map_err(|e| failed(path, e))?;
        Ok(copy)
    }
}

/// A private copy beside a file, to be filled; removed when it is dropped before it took the place of the file.
pub(super) struct Unfinished {
    pub(super) file: File,
    directory: OwnedFd,
    copy: OsString,
    name: OsString,
    taken: bool,
}

impl Unfinished {
    fn take_its_place(&mut self) -> io::Result<()> {
        rustix::fs::renameat(&self.directory, &self.copy, &self.directory, &self.name)?;
        self.taken = true;
        Ok(())
    }

    /// Becomes the new file that [`Tree::begin`] promised, safe on the disk.
    pub(super) fn finish(mut self, path: &Path) -> io::Result<()> {
        let finished = self.file.sync_all().and_then(|()| {
            match rustix::fs::statat(&self.directory, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => self.take_its_place(),
                Ok(_) => Err(Errno::EXIST.into()),
                Err(e) => Err(e.into()),
            }
        });
        finished.map_err(|e| refused::unchanged(&failed(path, e)))?;
        rustix::fs::fsync(&self.directory).map_err(|e| not_yet_safe(path, e))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.taken {
            let _ = rustix::fs::unlinkat(&self.directory, &self.copy, AtFlags::empty());
        }
    }
}

impl Place {
    /// A new private file beside this one.
    fn unfinished(&self) -> io::Result<Unfinished> {
        let (directory, copy) = (readable(&self.directory)?, self.copy_name()?);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&directory, &copy, flags, Mode::RUSR | Mode::WUSR)?.into();
        Ok(Unfinished { file, directory, copy, name: self.name.clone(), taken: false })
    }

    /// Answers with the directory to be synced.
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> io::Result<Option<OwnedFd>> {
        refused::unless_file(path, self.kind())?;
        let old = match &self.there {
            None => None,
            Some((_, seen)) if seen.st_nlink > 1 => {
                let text = format!(
                    "has {} names (hard links): the others would keep the old content; replace it by a copy first",
                    seen.st_nlink
                );
                return Err(refused::because(io::ErrorKind::InvalidInput, path, &text));
            }
            Some((_, seen)) => Some((self.open(path)?, seen)),
        };
        let mut copy = self.unfinished().map_err(|e| failed(path, e))?;
        let directory = copy.directory.try_clone().map_err(|e| failed(path, e))?;
        fill(&copy.file, content, attributes, old.as_ref().map(|(old, stat)| (old, *stat)))
            .and_then(|()| copy.take_its_place())
            .map_err(|e| failed(path, e))?;
        self.remove_unfinished(&directory);
        Ok(Some(directory))
    }

    fn make_directory(&self, path: &Path, attributes: &Attributes) -> io::Result<Option<OwnedFd>> {
        match self.kind() {
            Some(Kind::Directory) => return Ok(None),
            Some(kind) => return Err(refused::kind(path, kind)),
            None => {}
        }
        let directory = readable(&self.directory).map_err(|e| failed(path, e))?;
        rustix::fs::mkdirat(&directory, &self.name, Mode::RWXU).map_err(|e| failed(path, e))?;
        let finish = || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = rustix::fs::openat(&directory, &self.name, flags, Mode::empty())?;
            let (mode, uid, gid) = match *attributes {
                Attributes::Keep => (0o700, 0, 0),
                Attributes::Exactly { mode, uid, gid, .. } => (mode, uid, gid),
            };
            own(&made, mode, uid, gid)?;
            rustix::fs::fsync(&made)
        };
        if let Err(e) = finish() {
            let _ = rustix::fs::unlinkat(&directory, &self.name, AtFlags::REMOVEDIR);
            return Err(failed(path, e));
        }
        Ok(Some(directory))
    }

    fn remove(&self, path: &Path) -> io::Result<Option<OwnedFd>> {
        let flags = match self.kind() {
            None => return Ok(None),
            Some(Kind::Directory) => AtFlags::REMOVEDIR,
            // The link itself: nothing is followed.
            Some(Kind::Link) => AtFlags::empty(),
            kind => {
                refused::unless_file(path, kind)?;
                AtFlags::empty()
            }
        };
        let directory = readable(&self.directory).map_err(|e| failed(path, e))?;
        match rustix::fs::unlinkat(&directory, &self.name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(Some(directory)),
            Err(e) => Err(failed(path, e)),
        }
    }

    /// `.NAME.ngcp-warden-RANDOM`: beside the file, ignored by everything that reads drop-in directories.
    fn copy_name(&self) -> io::Result<OsString> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|e| io::Error::other(e.to_string()))?;
        let mut name = self.copy_prefix();
        name.extend(format!("{:016x}", u64::from_le_bytes(random)).bytes());
        Ok(OsString::from_vec(name))
    }

    fn copy_prefix(&self) -> Vec<u8> {
        [b".", self.name.as_bytes(), UNFINISHED].concat()
    }

    /// Removes copies of this file that a killed run has left. One that is just being written by somebody else
    /// makes that one fail before its rename.
    fn remove_unfinished(&self, directory: &OwnedFd) {
        let prefix = self.copy_prefix();
        for entry in rustix::fs::Dir::read_from(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_bytes();
            if name.strip_prefix(prefix.as_slice()).is_some_and(|random| random.len() == 16) {
                let _ = rustix::fs::unlinkat(directory, OsStr::from_bytes(name), AtFlags::empty());
            }
        }
    }
}

fn not_yet_safe(path: &Path, error: Errno) -> io::Error {
    let text = format!("{}: changed, but not yet safe on the disk: {error}", path.display());
    io::Error::new(io::Error::from(error).kind(), text)
}

/// The same error, naming its path and what may help.
fn failed(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    let hint = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PERM) => "perhaps it is immutable: see lsattr",
        Some(Errno::ROFS) => "mount it writable first",
        Some(Errno::NOSPC | Errno::DQUOT) => "free some space first",
        Some(Errno::BUSY) => "perhaps something is mounted on it",
        _ => return named(path, error),
    };
    io::Error::new(error.kind(), format!("{}: {error}, {hint}", path.display()))
}

/// Gives a new file its content, owner, mode, extended attributes and time, and puts it on the disk.
fn fill(
    mut file: &File,
    content: &[u8],
    attributes: &Attributes,
    old: Option<(&File, &Stat)>,
) -> io::Result<()> {
    file.write_all(content)?;
    let (mode, uid, gid, modified) = match (attributes, old) {
        (Attributes::Exactly { mode, uid, gid, modified }, _) => (*mode, *uid, *gid, *modified),
        (Attributes::Keep, Some((_, stat))) => (stat.st_mode, stat.st_uid, stat.st_gid, None),
        (Attributes::Keep, None) => (0o600, 0, 0, None),
    };
    if let Some((old, _)) = old {
        // Before the mode: an access list brings its own.
        copy_extended_attributes(old, file)?;
    }
    own(file, mode, uid, gid)?;
    if let Some(modified) = modified {
        rustix::fs::futimens(file, &times(modified))?;
    }
    file.sync_all()
}

fn own(file: impl AsFd, mode: u32, uid: u32, gid: u32) -> rustix::io::Result<()> {
    // First the owner: changing it takes set-user-id bits away.
    let (uid, gid) = (Uid::from_raw_unchecked(uid), Gid::from_raw_unchecked(gid));
    rustix::fs::fchown(&file, Some(uid), Some(gid))?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode & 0o7777))
}

fn times(modified: Timestamp) -> Timestamps {
    // Times before 1970 have a negative rest; the kernel wants it positive.
    let nanos = modified.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
    let last_modification = Timespec { tv_sec: seconds, tv_nsec: nanos.rem_euclid(1_000_000_000) as _ };
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification }
}

/// Access lists and security labels. Not checksums of the old content: they would be wrong.
fn copy_extended_attributes(from: &File, to: &File) -> io::Result<()> {
    let list = loop {
        let mut list = match rustix::fs::flistxattr_query(from) {
            Ok(0) | Err(Errno::NOTSUP) => return Ok(()),
            Ok(len) => Vec::with_capacity(len),
            Err(e) => return Err(e.into()),
        };
        match rustix::fs::flistxattr(from, spare_capacity(&mut list)) {
            Ok(_) => break list,
            Err(Errno::RANGE) => {}
            Err(e) => return Err(e.into()),
        }
    };
    for name in list.split(|byte| *byte == 0) {
        if name.is_empty() || name == b"security.ima" || name == b"security.evm" {
            continue;
        }
        let mut value = Vec::with_capacity(rustix::fs::fgetxattr_query(from, name)?);
        if value.capacity() > 0 {
            rustix::fs::fgetxattr(from, name, spare_capacity(&mut value))?;
        }
        rustix::fs::fsetxattr(to, name, &value, XattrFlags::empty())?;
    }
    Ok(())
}
