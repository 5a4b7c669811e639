//! The real machine: the running one, or a directory tree that stands for one. Everything is resolved below its
//! root; programs of a tree run chrooted into it.

mod private_file;
mod process;
mod replace;
mod tree;

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use private_file::PrivateFile;
use process::{Chain, Input, Invocation};
use rustix::{
    fs::Mode,
    process::{DumpableBehavior, Resource, Rlimit},
    time::ClockId,
};
use sysinfo::{CpuRefreshKind, DiskRefreshKind, Disks};
use tree::{Links, Tree};

use super::{
    CREDENTIALS, Command, Disk, Executor, Exit, FileChange, Kind, Metadata, Pipe, Resources, SEARCH_PATH,
    Sink, World, no_running_system, no_such_program, refused,
};

/// The running machine, or a directory tree.
pub struct System {
    tree: Tree,
    /// Set for a tree: where it is on the running machine.
    root: Option<PathBuf>,
}

impl System {
    /// The machine we run on.
    ///
    /// # Errors
    /// When `/` cannot be opened.
    pub fn live() -> io::Result<Self> {
        Ok(System { tree: Tree::open(Path::new("/"))?, root: None })
    }

    /// The host at `root`: a directory tree, outside of which nothing is read or changed. Where the root directory of
    /// the running host is found there, by whatever name or mount, it is the running host: its services, logins and
    /// the ways to be cut off are real.
    ///
    /// # Errors
    /// When there is no such directory, or when it is neither: a tree that shares what is live with this host.
    pub fn below(root: &Path) -> io::Result<Self> {
        let root = std::path::absolute(root)?.canonicalize().map_err(|e| tree::named(root, e))?;
        let tree = Tree::open(&root)?;
        let (live, at) = (Tree::open(Path::new("/"))?, Path::new("/"));
        if tree.same_directory(&live, at)? {
            return Self::live();
        }
        // Of process 1, seen from within a chroot; of a mount of its own there is nothing to compare.
        let outer = Tree::open(Path::new("/proc/1/root"));
        let shared = match outer {
            Ok(outer) if tree.same_directory(&outer, at)? => {
                Some("is the root of the running host, and this is a chroot")
            }
            _ if tree.same_directory(&live, Path::new("/etc"))? => {
                Some("has the /etc of the running host in it")
            }
            _ => None,
        };
        match shared {
            Some(why) => Err(refused::because(
                io::ErrorKind::InvalidInput,
                &root,
                &format!("{why}; work without --root"),
            )),
            None => Ok(System { tree, root: Some(root) }),
        }
    }

    /// Where it is on the running machine: `/` for that machine itself.
    pub fn root(&self) -> &Path {
        self.root.as_deref().unwrap_or(Path::new("/"))
    }

    /// Removes private files that killed processes of ours left; those of living ones stay.
    ///
    /// # Errors
    /// When `/run` cannot be read.
    pub fn remove_left(&self) -> io::Result<()> {
        private_file::remove_left(&self.tree)
    }

    /// The absolute path of a program that only root can change (S03).
    fn trusted_program(&self, program: &str) -> io::Result<PathBuf> {
        let found = self.find_program(program).ok_or_else(|| no_such_program(program))?;
        let place = self.tree.walk(&found, Links::All)?;
        let (_, stat) = place.there.as_ref().ok_or_else(|| no_such_program(program))?;
        let problem = if stat.st_uid != 0 {
            format!("belongs to user {}", stat.st_uid)
        } else if stat.st_mode & 0o022 != 0 {
            "can be changed by others".to_owned()
        } else {
            return Ok(found);
        };
        let text = format!("{problem}: not run as root; its owner must be root, its mode 0755");
        Err(refused::because(io::ErrorKind::PermissionDenied, &found, &text))
    }

    /// How a command is really run, and its private file, needed until it has ended.
    fn invocation<'a>(&self, command: &'a Command) -> io::Result<(Invocation<'a>, Option<PrivateFile>)> {
        let program = self.trusted_program(&command.program)?;
        let private = command.credentials.as_ref().map(|content| self.private_file(content)).transpose()?;
        let args = command.args.iter().map(|arg| match &private {
            Some(file) => arg.replace(CREDENTIALS, &file.path).into(),
            None => OsString::from(arg),
        });
        let (program, args) = match &self.root {
            None => (program, args.collect()),
            Some(root) => {
                let inside = [root.clone().into_os_string(), program.into_os_string()];
                (System::live()?.trusted_program("chroot")?, inside.into_iter().chain(args).collect())
            }
        };
        Ok((Invocation { name: &command.program, program, args, env: &command.env }, private))
    }

    /// Runs commands, each reading what the one before it prints.
    fn chain(
        &self,
        commands: &[Command],
        input: Input<'_>,
        output: Option<(File, u64)>,
        limit: Duration,
        sink: &mut dyn Sink,
    ) -> io::Result<Vec<Exit>> {
        let invocations: io::Result<Vec<_>> =
            commands.iter().map(|command| self.invocation(command)).collect();
        let (stages, _private): (Vec<_>, Vec<_>) = invocations?.into_iter().unzip();
        let exits = process::run(Chain { stages: &stages, input, output, limit }, sink)?;
        if commands.iter().any(|command| !command.reads_only) {
            self.tree.sync()?;
        }
        Ok(exits)
    }

    fn private_file(&self, content: &super::Secret) -> io::Result<PrivateFile> {
        match &self.root {
            None => PrivateFile::in_memory(content).or_else(|_| PrivateFile::on_disk(&self.tree, content)),
            Some(_) => PrivateFile::on_disk(&self.tree, content),
        }
    }
}

impl Executor for System {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.tree.read(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.tree.metadata(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.tree.read_link(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.tree.list(dir)
    }

    fn change(&self, change: &FileChange) -> io::Result<()> {
        self.tree.change(change)
    }

    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        let input = command.stdin.as_ref().map_or(Input::Nothing, Input::Secret);
        let mut exits = self.chain(std::slice::from_ref(command), input, None, command.limit, sink)?;
        exits.pop().ok_or_else(|| io::Error::other(format!("{} was not run", command.program)))
    }

    fn pipe(&self, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
        pipe.check()?;
        let given = pipe.stages.first().and_then(|first| first.stdin.as_ref());
        let input = match &pipe.from {
            Some(from) => Input::File(self.tree.walk(from, Links::All)?.open(from)?),
            None => given.map_or(Input::Nothing, Input::Secret),
        };
        let Some(to) = &pipe.to else { return self.chain(&pipe.stages, input, None, pipe.limit, sink) };
        let copy = self.tree.begin(&to.path)?;
        let exits =
            self.chain(&pipe.stages, input, Some((copy.file.try_clone()?, to.most)), pipe.limit, sink)?;
        let failed = pipe.failure(&exits).is_some();
        // A quick program may have written more before its limit was set.
        match copy.file.metadata()?.len() {
            len if len > to.most || (failed && len == to.most) => return Err(refused::target_too_large(to)),
            _ if failed => {}
            _ => copy.finish(&to.path)?,
        }
        Ok(exits)
    }

    fn find_program(&self, program: &str) -> Option<PathBuf> {
        if program.is_empty() || program.contains('/') || program.starts_with('.') {
            return None;
        }
        let executable = |path: &PathBuf| {
            let place = self.tree.walk(path, Links::All);
            place.is_ok_and(|place| {
                place.kind() == Some(Kind::File)
                    && place.there.as_ref().is_some_and(|(_, stat)| stat.st_mode & 0o111 != 0)
            })
        };
        SEARCH_PATH.split(':').map(|dir| Path::new(dir).join(program)).find(executable)
    }

    fn resources(&self) -> io::Result<Resources> {
        if self.root.is_some() {
            return Err(no_running_system());
        }
        figures().map_err(|e| io::Error::other(format!("memory and disks cannot be read: {e}")))
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(rustix::time::clock_gettime(ClockId::Boottime)).unwrap_or_default()
    }

    fn world(&self) -> World {
        if self.root.is_some() { World::Tree } else { World::Live }
    }
}

/// What files take; what is reserved for root is not in it.
fn used(mounted_on: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(mounted_on).ok()?;
    disk.f_blocks.checked_sub(disk.f_bfree)?.checked_mul(disk.f_frsize)
}

/// Network disks are left out: a dead one would hang us.
fn figures() -> Result<Resources, sysinfo::Error> {
    let mut system = sysinfo::System::new()?;
    system.refresh_memory();
    system.refresh_cpu_list(CpuRefreshKind::nothing());
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage())?;
    let mut disks: Vec<_> = disks
        .iter()
        .map(|disk| Disk {
            mounted_on: disk.mount_point().to_owned(),
            total: disk.total_space(),
            used: used(disk.mount_point())
                .unwrap_or(disk.total_space().saturating_sub(disk.available_space())),
        })
        .collect();
    disks.sort_by(|a, b| a.mounted_on.cmp(&b.mounted_on));
    Ok(Resources {
        processors: system.cpus().len(),
        load: sysinfo::System::load_average()?.one,
        memory_total: system.total_memory(),
        memory_used: system.used_memory(),
        disks,
        uptime: sysinfo::System::uptime()?,
    })
}

/// Keeps secrets in our memory out of core dumps and of other processes, and new files to ourselves. For `main`.
///
/// # Errors
/// When the kernel refuses.
pub fn harden_process() -> io::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // The hard limit stays: services restarted by us inherit it.
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Core);
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum })?;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    Ok(())
}

/// Whether this user is root or the one who called this program, through sudo or not.
pub fn is_ours(uid: u32) -> bool {
    let through_sudo = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    uid == 0 || uid == rustix::process::getuid().as_raw() || Some(uid) == through_sudo
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
