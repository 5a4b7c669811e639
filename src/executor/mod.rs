//! The only door to the machine: files, programs, figures and the clock, behind one trait.
//! Nothing here knows about sip:provider CE, plans or screens.

mod command;
mod dry_run;
mod pipe;
mod refused;
pub mod simulated;
mod system;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use command::{CREDENTIALS, Command, Exit, Status, Stream};
pub use dry_run::DryRun;
use jiff::Timestamp;
pub use pipe::{Pipe, Target};
pub use system::{System, harden_process, is_ours, is_root};

use crate::secret::Secret;

/// A host, real or not. Reads go through it as well: that is what lets a demo or a test stand in.
///
/// Paths are absolute as the host sees them; an executor below another root adds that root itself and never
/// follows a symbolic link out of it. An error names the path or program it is about.
pub trait Executor: Send + Sync {
    /// The whole content of a regular file, at most [`READ_LIMIT`] bytes (`FileTooLarge` above that).
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What is at `path`; a symbolic link itself, not what it points to.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    /// Where a symbolic link points, as written in it.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
    /// Names in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Carries out one change of one file: atomic, durable, nothing changed when it fails. Links on the way to the
    /// file are followed inside the root; a path that is itself a link, device, socket or pipe is refused.
    fn change(&self, change: &FileChange) -> io::Result<()>;
    /// Runs a program to its end. `NotFound` when it is not on this host.
    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit>;
    /// Runs programs joined to each other and to files, to their ends: one exit for each, in order. Whether that is a
    /// success tells [`Pipe::failure`]. An error says that nothing was written.
    fn pipe(&self, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>>;
    /// Where a program is found in the fixed search path of this host.
    fn find_program(&self, program: &str) -> Option<PathBuf>;
    /// Memory, processors and disks.
    fn resources(&self) -> io::Result<Resources>;
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since the host was booted: never jumps, for durations and for comparing with process start times.
    fn uptime(&self) -> Duration {
        Duration::from_secs(self.resources().map_or(0, |resources| resources.uptime))
    }
    /// What kind of host this is: decides what can be known and changed.
    fn world(&self) -> World;
}

/// The largest file that is ever read whole, in bytes.
pub const READ_LIMIT: u64 = 16 * 1024 * 1024;
/// How much of each output stream of a program is kept in memory, in bytes; the rest goes to the sink only.
pub const OUTPUT_LIMIT: usize = 1024 * 1024;
/// The only directories in which programs are looked for, in this order.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// All that a program we start finds in its environment, whoever started us. `git`, and with it the platform's tools,
/// die without `HOME`; root's is where root's own `safe.directory` is.
pub const ENVIRONMENT: [(&str, &str); 3] = [("PATH", SEARCH_PATH), ("LC_ALL", "C"), ("HOME", "/root")];

/// What kind of host stands behind an executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum World {
    /// The machine we run on: services, mounts and logins can be seen and changed.
    Live,
    /// A directory tree (a mounted image, a rescue system): files only, what needs a running system is unknown.
    Tree,
    /// A host in memory: behaves like a live one, touches nothing.
    Demo,
}

impl World {
    /// Whether services, mounts and databases of the host can be asked.
    pub fn is_running(self) -> bool {
        self != World::Tree
    }
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Metadata {
    /// File, directory, link or something else.
    pub kind: Kind,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub len: u64,
    /// Last modification.
    pub modified: Timestamp,
    /// Number of hard links.
    pub links: u64,
}

/// What sort of thing a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// One change of one file. Its parents must exist.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// What to change.
    pub path: PathBuf,
    /// What it becomes.
    pub to: FileTo,
}

/// What a path becomes.
#[derive(Clone)]
pub enum FileTo {
    /// A regular file with these bytes.
    File {
        /// The new content; it may hold a password.
        content: Secret,
        /// Owner, mode and time.
        attributes: Attributes,
    },
    /// A directory. Unchanged if it is there already.
    Directory {
        /// Owner and mode.
        attributes: Attributes,
    },
    /// Nothing: a file or an empty directory is removed. Fine if it is gone already.
    Absent,
}

impl std::fmt::Debug for FileTo {
    /// The size of the content, not the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FileTo::File { content, attributes } => {
                write!(f, "File({} bytes, {attributes:?})", content.expose().len())
            }
            FileTo::Directory { attributes } => write!(f, "Directory({attributes:?})"),
            FileTo::Absent => f.write_str("Absent"),
        }
    }
}

/// Owner and mode of a changed file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Attributes {
    /// Those of the file that is there, extended attributes included. A new file is `0600 root:root`.
    Keep,
    /// Exactly these.
    Exactly {
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
        /// Modification time; now when `None`.
        modified: Option<Timestamp>,
    },
}

/// The answer for a program that is not in the search path.
fn no_such_program(program: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the program {program} is not on this host"))
}

/// The answer for figures of a host that does not run.
fn no_running_system() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this is a directory tree, not a running host")
}

/// Follows the output of a running program and may stop it.
pub trait Sink {
    /// Bytes as they arrive.
    fn output(&mut self, stream: Stream, bytes: &[u8]);
    /// Asked about ten times a second: `true` kills the program's whole group.
    fn cancelled(&mut self) -> bool {
        false
    }
}

/// Throws output away.
#[derive(Debug, Default)]
pub struct Quiet;

impl Sink for Quiet {
    fn output(&mut self, _: Stream, _: &[u8]) {}
}

/// Memory, processors and disks of a host.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Resources {
    /// Processors online.
    pub processors: usize,
    /// Load average over one minute.
    pub load: f64,
    /// Memory in bytes.
    pub memory_total: u64,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// Mounted disks.
    pub disks: Vec<Disk>,
    /// Seconds since boot.
    pub uptime: u64,
}

/// A mounted disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Disk {
    /// Where it is mounted.
    pub mounted_on: PathBuf,
    /// Size in bytes.
    pub total: u64,
    /// In use, in bytes.
    pub used: u64,
}
