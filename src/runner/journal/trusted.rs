//! What is kept of a run is believed only where it belongs to root (or to this user) and is closed to all others: what
//! somebody planted while a directory stood open has another owner or an open mode. Each piece is looked at before it
//! is opened, below a directory that nobody else can alter, so that no link, pipe or device is ever followed or read.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::{fd::AsFd, unix::ffi::OsStrExt},
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat},
    io::Errno,
};

/// Nothing that is kept of a run is longer: output is bounded, and so are plans and copies.
pub(super) const LIMIT: u64 = 256 * 1024 * 1024;
/// What one process leaves for another is short.
pub(in super::super) const NOTE: u64 = 64 * 1024;
const SAVED: &str = "saved";

/// The directory of a run.
pub(super) fn directory(run: &Path) -> io::Result<File> {
    enter(run, CWD, run, FileType::Directory, OFlags::RDONLY)
}

/// The directory of the copies of a run.
pub(super) fn saved(run: &Path) -> io::Result<File> {
    enter(run, directory(run)?, Path::new(SAVED), FileType::Directory, OFlags::RDONLY)
}

/// A file of a run, by its path below the directory of the run.
pub(super) fn open(run: &Path, file: impl AsRef<Path>) -> io::Result<File> {
    open_to(run, file.as_ref(), OFlags::RDONLY)
}

/// The same, to write at its end.
pub(super) fn append(run: &Path, file: &str) -> io::Result<File> {
    open_to(run, Path::new(file), OFlags::WRONLY | OFlags::APPEND)
}

/// The content of a file of a run; a longer one than `limit` is refused.
pub(in super::super) fn read(run: &Path, file: impl AsRef<Path>, limit: u64) -> io::Result<Vec<u8>> {
    let file = file.as_ref();
    let opened = open(run, file)?;
    let length = opened.metadata()?.len();
    if length > limit {
        return Err(refused(run, file, &too_long(limit)));
    }
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    opened.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Whether a run has this file.
pub(in super::super) fn has(run: &Path, file: &str) -> bool {
    open(run, file).is_ok()
}

/// Looks at everything that is kept of a run.
pub(super) fn all(run: &Path) -> io::Result<()> {
    below(run, &directory(run)?, Path::new(""))
}

fn below(run: &Path, dir: &File, within: &Path) -> io::Result<()> {
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = Path::new(OsStr::from_bytes(entry.file_name().to_bytes()));
        if name == Path::new(".") || name == Path::new("..") {
            continue;
        }
        let path = within.join(name);
        let kind = if path == Path::new(SAVED) { FileType::Directory } else { FileType::RegularFile };
        let about = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            // A run that goes on writes and renames.
            Err(Errno::NOENT) => continue,
            about => about?,
        };
        judge(&about, kind).map_err(|why| refused(run, &path, &why))?;
        if kind == FileType::Directory {
            below(run, &enter(run, dir, &path, kind, OFlags::RDONLY)?, &path)?;
        }
    }
    Ok(())
}

fn open_to(run: &Path, file: &Path, flags: OFlags) -> io::Result<File> {
    let dir = if file.starts_with(SAVED) { saved(run)? } else { directory(run)? };
    enter(run, &dir, file, FileType::RegularFile, flags)
}

/// Opens the last name of `path` in `dir`. It is judged twice: a device does its work when it is merely opened.
fn enter(run: &Path, dir: impl AsFd, path: &Path, kind: FileType, flags: OFlags) -> io::Result<File> {
    let name = if path == run { path.as_os_str() } else { path.file_name().unwrap_or_default() };
    let judged = |about: Stat| judge(&about, kind).map_err(|why| refused(run, path, &why));
    judged(statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)?)?;
    let only = if kind == FileType::Directory { OFlags::DIRECTORY } else { OFlags::empty() };
    let flags = flags | only | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(&dir, name, flags, Mode::empty())?);
    judged(fstat(&file)?)?;
    Ok(file)
}

/// Why something is not trusted, and what to do about it.
fn judge(about: &Stat, kind: FileType) -> Result<(), String> {
    let found = FileType::from_raw_mode(about.st_mode);
    let mode = about.st_mode & 0o7777;
    if found != kind {
        let name = match found {
            FileType::RegularFile => "a file",
            FileType::Directory => "a directory",
            FileType::Symlink => "a link",
            FileType::Fifo => "a pipe",
            FileType::Socket => "a socket",
            _ => "a device",
        };
        return Err(format!("is {name}; remove it"));
    }
    if about.st_uid != 0 && about.st_uid != rustix::process::geteuid().as_raw() {
        return Err(format!("belongs to uid {}; remove it or give it to root", about.st_uid));
    }
    if mode & 0o077 != 0 {
        return Err(format!("is open to others (mode {mode:04o}); remove it, or close it with chmod go="));
    }
    let too_large = kind == FileType::RegularFile && about.st_size.cast_unsigned() > LIMIT;
    if too_large { Err(too_long(LIMIT)) } else { Ok(()) }
}

fn too_long(limit: u64) -> String {
    format!("is larger than the {} kB that it may have; remove it", limit / 1024)
}

/// `PermissionDenied`, so that it is told from what is merely not there.
fn refused(run: &Path, path: &Path, why: &str) -> io::Error {
    let what = if path == run { "directory".into() } else { path.to_string_lossy() };
    let run = run.file_name().unwrap_or_default().to_string_lossy();
    let words = format!("run {} is not trusted: its {} {why}", run.escape_debug(), what.escape_debug());
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}
