//! A file that one program may read and nobody else: in memory where the host can do that, else owner-only in
//! `/run`. It is gone when the value is dropped.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Write},
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FlockOperation, MemfdFlags, Mode, OFlags},
    thread::CapabilitySet,
};

use super::tree::{Links, Tree, named, readable};
use crate::secret::Secret;

/// Removes itself when dropped.
pub(super) struct PrivateFile {
    /// How the program sees it.
    pub(super) path: String,
    medium: Medium,
}

enum Medium {
    /// Gone with its handle.
    Memory { _file: File },
    /// A directory of its own in `/run`, locked as long as we live.
    Disk { run: OwnedFd, directory: OsString, inside: OwnedFd },
}

const NAME: &str = "credentials";
const PREFIX: &str = "ngcp-warden-";

/// Removes what killed processes left below `/run` of the tree: those whose directory nobody holds any more.
pub(super) fn remove_left(tree: &Tree) -> io::Result<()> {
    let Some((run, _)) = tree.walk(Path::new("/run"), Links::OnTheWayOfRoot)?.there else { return Ok(()) };
    for entry in rustix::fs::Dir::new(readable(&run)?)?.flatten() {
        let name = entry.file_name();
        let random = name.to_bytes().strip_prefix(PREFIX.as_bytes());
        if !random.is_some_and(|random| random.len() == 16 && random.iter().all(u8::is_ascii_hexdigit)) {
            continue;
        }
        let Ok(inside) = rustix::fs::openat(&run, name, DIRECTORY, Mode::empty()) else { continue };
        let ours = rustix::fs::fstat(&inside)?.st_uid == 0;
        if ours && rustix::fs::flock(&inside, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = rustix::fs::unlinkat(&inside, NAME, AtFlags::empty());
            let _ = rustix::fs::unlinkat(&run, name, AtFlags::REMOVEDIR);
        }
    }
    Ok(())
}

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl PrivateFile {
    /// In memory; the program opens it through our own `/proc` entry.
    pub(super) fn in_memory(content: &Secret) -> io::Result<Self> {
        let mut file = File::from(rustix::fs::memfd_create(NAME, MemfdFlags::CLOEXEC)?);
        rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
        file.write_all(content.expose())?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        // What the program will need to open it, since our memory may not be dumped.
        let ours = rustix::thread::capabilities(None)?.effective;
        if !ours.contains(CapabilitySet::SYS_PTRACE) || !Path::new(&path).exists() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(PrivateFile { path, medium: Medium::Memory { _file: file } })
    }

    /// In a new directory below `/run` of the tree.
    pub(super) fn on_disk(tree: &Tree, content: &Secret) -> io::Result<Self> {
        let at = Path::new("/run");
        let run = tree.walk(at, Links::OnTheWayOfRoot)?.there.ok_or_else(|| super::tree::missing(at))?.0;
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|e| io::Error::other(e.to_string()))?;
        let directory = format!("{PREFIX}{:016x}", u64::from_le_bytes(random));
        rustix::fs::mkdirat(&run, &directory, Mode::RWXU).map_err(|e| named(at, e))?;
        let inside =
            rustix::fs::openat(&run, &directory, DIRECTORY, Mode::empty()).map_err(|e| named(at, e))?;
        // Who removes what others left at this very moment makes us fail below, not lose anything.
        rustix::fs::flock(&inside, FlockOperation::NonBlockingLockExclusive).map_err(|e| named(at, e))?;
        let path = PathBuf::from(format!("/run/{directory}/{NAME}"));
        // From here on, dropping it removes what there is.
        let file = PrivateFile {
            path: path.display().to_string(),
            medium: Medium::Disk { run, directory: directory.into(), inside },
        };
        file.write(content).map_err(|e| named(&path, e))?;
        Ok(file)
    }

    fn write(&self, content: &Secret) -> io::Result<()> {
        let Medium::Disk { inside, .. } = &self.medium else { return Ok(()) };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(inside, NAME, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(content.expose())
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if let Medium::Disk { run, directory, inside } = &self.medium {
            let _ = rustix::fs::unlinkat(inside, NAME, AtFlags::empty());
            let _ = rustix::fs::unlinkat(run, directory, AtFlags::REMOVEDIR);
        }
    }
}
