//! The only door to the machine: files, programs, figures and the clock, behind one trait.
//! Nothing here knows about sip:provider CE, plans or screens.

mod dry_run;
mod refused;
pub mod simulated;
mod system;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use dry_run::DryRun;
use jiff::Timestamp;
pub use system::{System, harden_process, is_ours, is_root};

use crate::secret::{Secret, hide_in_output};

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

/// A program to run: found in [`SEARCH_PATH`], with [`ENVIRONMENT`] and `env` and nothing else of ours.
///
/// Arguments are plain text by type: a secret cannot get into them. A secret goes to standard input or into
/// `credentials`.
#[derive(Debug, Clone)]
pub struct Command {
    /// A bare name such as `chpasswd`.
    pub program: String,
    /// Arguments, without the program.
    pub args: Vec<String>,
    /// What it reads; `/dev/null` when `None`.
    pub stdin: Option<Secret>,
    /// A private file, there only while the program runs: [`CREDENTIALS`] in an argument becomes its path.
    pub credentials: Option<Secret>,
    /// Additional environment, never secret.
    pub env: Vec<(String, String)>,
    /// After this time its whole process group is killed.
    pub limit: Duration,
    /// It only looks: a dry run executes it as well.
    pub reads_only: bool,
}

/// Stands for the path of the private file in the arguments of a [`Command`].
pub const CREDENTIALS: &str = "{credentials}";

impl Command {
    /// A command with the default limit of 30 seconds and nothing on standard input.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(program: &str, args: I) -> Self {
        Command {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            stdin: None,
            credentials: None,
            env: Vec::new(),
            limit: Duration::from_secs(30),
            reads_only: false,
        }
    }

    /// The same command, marked as one that changes nothing.
    #[must_use]
    pub fn reads_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// The same command with a private file; see [`CREDENTIALS`].
    #[must_use]
    pub fn credentials(mut self, content: Secret) -> Self {
        self.credentials = Some(content);
        self
    }

    /// The same command, reading `input`.
    #[must_use]
    pub fn stdin(mut self, input: Secret) -> Self {
        self.stdin = Some(input);
        self
    }

    /// The same command with another time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
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

/// Which stream of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a program ended and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Exit code, signal or time-out.
    pub status: Status,
    /// The first [`OUTPUT_LIMIT`] bytes of standard output.
    pub stdout: Vec<u8>,
    /// The first [`OUTPUT_LIMIT`] bytes of standard error.
    pub stderr: Vec<u8>,
    /// Wall time.
    pub took: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Status {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// Its time limit passed and it was killed.
    TimedOut,
    /// The sink cancelled it and it was killed.
    Cancelled,
}

impl Exit {
    /// Exit code 0. Not yet success: look at the result.
    pub fn ok(&self) -> bool {
        self.status == Status::Code(0)
    }

    /// Standard output as text, invalid UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, invalid UTF-8 replaced.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// One line for people: why it is not a success.
    pub fn reason(&self) -> String {
        // Indented lines only explain the one above them ("dmesg(1) may have more information …").
        let last = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let line = text.lines().rev().find(|l| l.starts_with(|c: char| !c.is_whitespace()));
            line.or_else(|| text.lines().rev().find(|l| !l.trim().is_empty())).map(str::to_owned)
        };
        let said = last(&self.stderr).or_else(|| last(&self.stdout));
        let how = self.how();
        said.map_or_else(|| how.clone(), |said| format!("{how}: {}", hide_in_output(said.trim())))
    }

    /// How it ended, for people: `exit code 3`.
    pub fn how(&self) -> String {
        match self.status {
            Status::Code(code) => format!("exit code {code}"),
            Status::Signal(signal) => format!("killed by signal {signal}"),
            Status::TimedOut => "it took too long and was stopped".to_owned(),
            Status::Cancelled => "it was stopped on request".to_owned(),
        }
    }
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
