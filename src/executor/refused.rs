//! The words in which every executor refuses a path, so that a test host and a real one say the same.

use std::{io, path::Path};

use super::{Kind, READ_LIMIT, Target};

/// "/etc/fstab is not an absolute path".
pub(super) fn because(kind: io::ErrorKind, path: &Path, text: &str) -> io::Error {
    io::Error::new(kind, format!("{} {text}", path.display()))
}

/// A path that leads through more of them than the kernel follows.
pub(super) fn too_many_links(path: &Path) -> io::Error {
    because(io::ErrorKind::Other, path, "has too many symbolic links")
}

/// A file larger than we read.
pub(super) fn too_large(path: &Path, len: u64) -> io::Error {
    let text =
        format!("is too large: {} MiB, at most {} are read", len.div_ceil(1 << 20), READ_LIMIT / (1 << 20));
    because(io::ErrorKind::FileTooLarge, path, &text)
}

/// What a pipe would have written is larger than it may be.
pub(super) fn target_too_large(target: &Target) -> io::Error {
    let text =
        format!("would be larger than {} MiB, the most it may have; nothing was written", target.most >> 20);
    because(io::ErrorKind::FileTooLarge, &target.path, &text)
}

/// Something that is not a regular file.
pub(super) fn kind(path: &Path, kind: Kind) -> io::Error {
    match kind {
        Kind::File => because(io::ErrorKind::AlreadyExists, path, "is a file"),
        Kind::Directory => because(io::ErrorKind::IsADirectory, path, "is a directory, not a file"),
        Kind::Link => because(io::ErrorKind::InvalidInput, path, "is a symbolic link, not a file"),
        Kind::Other => because(io::ErrorKind::InvalidInput, path, "is a device, socket or pipe, not a file"),
    }
}

/// Lets nothing or a regular file pass.
pub(super) fn unless_file(path: &Path, there: Option<Kind>) -> io::Result<()> {
    match there {
        None | Some(Kind::File) => Ok(()),
        Some(other) => Err(kind(path, other)),
    }
}

/// Lets paths pass that end in a name: not `/`, not `..`.
pub(super) fn unless_named(path: &Path) -> io::Result<()> {
    let nameless = || because(io::ErrorKind::InvalidInput, path, "does not end in a name");
    path.file_name().map(|_| ()).ok_or_else(nameless)
}

/// The end of every failed change.
pub(super) fn unchanged(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{error}; nothing was changed"))
}
