//! A host that is only looked at: reads and programs that change nothing pass through, everything else is refused.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Command, Executor, Exit, FileChange, Metadata, Pipe, Resources, Sink, World, no_such_program, refused,
};

/// Another executor, read only.
pub struct DryRun(Arc<dyn Executor>);

impl DryRun {
    /// On top of `inner`, which is only read.
    pub fn new(inner: Arc<dyn Executor>) -> Self {
        DryRun(inner)
    }
}

impl Executor for DryRun {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.metadata(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.read_link(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }

    fn change(&self, change: &FileChange) -> io::Result<()> {
        let text = "would be changed, but this only looks";
        Err(refused::because(io::ErrorKind::PermissionDenied, &change.path, text))
    }

    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        if command.reads_only {
            return self.0.run(command, sink);
        }
        if self.0.find_program(&command.program).is_none() {
            return Err(no_such_program(&command.program));
        }
        let text = format!("{} was not run: it may change the host, and this only looks", command.program);
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }

    fn pipe(&self, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
        if pipe.to.is_none() && pipe.stages.iter().all(|command| command.reads_only) {
            return self.0.pipe(pipe, sink);
        }
        let text = "programs in a pipe were not run: they may change the host, and this only looks";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }

    fn find_program(&self, program: &str) -> Option<PathBuf> {
        self.0.find_program(program)
    }

    fn resources(&self) -> io::Result<Resources> {
        self.0.resources()
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn uptime(&self) -> Duration {
        self.0.uptime()
    }

    fn world(&self) -> World {
        self.0.world()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::{Attributes, FileTo, Quiet, Target, simulated::Simulated},
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
        let change = dry.change(&FileChange { path: "/etc/fstab".into(), to }).unwrap_err();
        assert_eq!(change.kind(), io::ErrorKind::PermissionDenied);
        let looks = Command::new("findmnt", ["--verify"]).reads_only();
        assert_eq!(dry.run(&looks, &mut Quiet).unwrap().text(), "looked\n");
        let changes = Command::new("chpasswd", ["-e"]).stdin(Secret::new("root:canary"));
        let run = dry.run(&changes, &mut Quiet).unwrap_err();
        assert_eq!(run.kind(), io::ErrorKind::PermissionDenied);
        let missing = dry.run(&Command::new("nft", ["flush"]), &mut Quiet).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let piped = |stages: Vec<Command>, to: Option<Target>| {
            let pipe = Pipe { stages, from: None, to, limit: Duration::from_secs(1) };
            dry.pipe(&pipe, &mut Quiet).map(|exits| exits.last().map(Exit::text))
        };
        assert_eq!(piped(vec![looks.clone()], None).unwrap().as_deref(), Some("looked\n"));
        let target = Target { path: "/root/new".into(), most: 1 };
        for (stages, to) in [(vec![looks.clone()], Some(target)), (vec![looks, changes], None)] {
            assert_eq!(piped(stages, to).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(host.files(), before);
        assert_eq!(host.commands(), ["findmnt --verify", "findmnt --verify"]);
        assert!(!format!("{change} {run}").contains("canary"), "F62");
    }
}
