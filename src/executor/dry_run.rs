//! A host on which nothing happens: reads pass through, changes and programs that change something are only told.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Command, Executor, Exit, FileChange, FileTo, Metadata, Resources, Sink, Status, World, no_such_program,
};

/// Reads from another executor and only tells what would be changed.
pub struct DryRun {
    inner: Arc<dyn Executor>,
    told: Mutex<Vec<Told>>,
}

/// What would have happened.
#[derive(Debug, Clone)]
pub enum Told {
    /// A change of a file.
    Change(FileChange),
    /// A program.
    Run(Command),
}

impl fmt::Display for Told {
    /// "write /etc/fstab (312 bytes)", "run mount -a".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Change(FileChange { path, to }) => match to {
                FileTo::File { content, .. } => {
                    write!(f, "write {} ({} bytes)", path.display(), content.expose().len())
                }
                FileTo::Directory { .. } => write!(f, "make directory {}", path.display()),
                FileTo::Absent => write!(f, "remove {}", path.display()),
            },
            Told::Run(Command { program, args, .. }) => {
                write!(f, "run {program}")?;
                args.iter().try_for_each(|arg| write!(f, " {arg}"))
            }
        }
    }
}

impl DryRun {
    /// On top of `inner`, which is only read.
    pub fn new(inner: Arc<dyn Executor>) -> Self {
        DryRun { inner, told: Mutex::default() }
    }

    /// Everything told so far, in order.
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, told: Told) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

impl Executor for DryRun {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.inner.metadata(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.inner.read_link(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn change(&self, change: &FileChange) -> io::Result<()> {
        self.tell(Told::Change(change.clone()));
        Ok(())
    }

    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        if command.reads_only {
            return self.inner.run(command, sink);
        }
        if self.inner.find_program(&command.program).is_none() {
            return Err(no_such_program(&command.program));
        }
        self.tell(Told::Run(command.clone()));
        Ok(Exit { status: Status::Code(0), stdout: Vec::new(), stderr: Vec::new(), took: Duration::ZERO })
    }

    fn find_program(&self, program: &str) -> Option<PathBuf> {
        self.inner.find_program(program)
    }

    fn resources(&self) -> io::Result<Resources> {
        self.inner.resources()
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn uptime(&self) -> Duration {
        self.inner.uptime()
    }

    fn world(&self) -> World {
        self.inner.world()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::{Attributes, Quiet, simulated::Simulated},
        secret::Secret,
    };

    #[test]
    fn nothing_happens_but_what_only_looks() {
        let host = Simulated::new().file("/etc/fstab", "old").on("findmnt", |_, _| "looked\n").on(
            "chpasswd",
            |files, _| {
                files.write("/etc/shadow", "new");
                ""
            },
        );
        let host = Arc::new(host);
        let before = host.files();
        let dry = DryRun::new(host.clone());
        let to = FileTo::File { content: Secret::new("canary"), attributes: Attributes::Keep };
        dry.change(&FileChange { path: "/etc/fstab".into(), to }).unwrap();
        let looks = Command::new("findmnt", ["--verify"]).reads_only();
        assert_eq!(dry.run(&looks, &mut Quiet).unwrap().text(), "looked\n");
        let changes = Command::new("chpasswd", ["-e"]).stdin(Secret::new("root:canary"));
        assert!(dry.run(&changes, &mut Quiet).unwrap().ok());
        let missing = dry.run(&Command::new("nft", ["flush"]), &mut Quiet).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(host.files(), before);
        assert_eq!(host.commands(), ["findmnt --verify"]);
        let told: Vec<_> = dry.told().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["write /etc/fstab (6 bytes)", "run chpasswd -e"]);
        assert!(!format!("{:?}", dry.told()).contains("canary"), "F62");
    }
}
