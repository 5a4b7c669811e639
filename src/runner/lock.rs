//! One run that changes the host at a time. The kernel holds the lock and drops it with its holder; the text in
//! the file is for people only. Readers never ask for it.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::journal::{inside, pause};

/// Holds the lock while it lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// What it does: "apply: 9 changes".
    pub what: String,
    /// Name of its run, once it has one.
    pub run: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(run) = &self.run {
            write!(f, "run {run}, ")?;
        }
        write!(f, "{} (process {}, since {})", self.what, self.pid, self.since.strftime("%H:%M:%S UTC"))
    }
}

/// Another run holds the lock: exit code 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHeld {
    /// Who; `None` when it did not get to say.
    pub holder: Option<Holder>,
}

impl fmt::Display for LockHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holder {
            Some(holder) => {
                write!(f, "this host is being changed already: {holder}; ngcp-warden attach shows it")
            }
            None => f.write_str("this host is being changed already; ngcp-warden attach shows it"),
        }
    }
}

impl std::error::Error for LockHeld {}

impl Lock {
    /// Takes the lock of the host below `root`, at once or not at all.
    ///
    /// # Errors
    /// [`LockHeld`] when somebody else has it; anything else when it cannot be asked for.
    pub fn take(root: &Path, holder: &Holder) -> anyhow::Result<Lock> {
        let path = inside(root, "run")?.join("ngcp-warden.lock");
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = open(&path, OpenOptions::new().write(true).create(true).truncate(false).mode(0o600))
            .map_err(named)?;
        match ask(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockHeld { holder: told(&file) }.into());
            }
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let mut lock = Lock { file };
        lock.tell(holder).map_err(named)?;
        Ok(lock)
    }

    /// Takes the lock for a change of the host that is no run.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn outside_a_run(root: &Path, what: &str, now: Timestamp) -> anyhow::Result<Lock> {
        Lock::take(root, &Holder { pid: std::process::id(), since: now, what: what.to_owned(), run: None })
    }

    /// Whether somebody has the lock now; asked without taking it for longer than the question.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn held(root: &Path) -> anyhow::Result<Option<LockHeld>> {
        let path = inside(root, "run")?.join("ngcp-warden.lock");
        let file = match open(&path, &mut OpenOptions::new()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(anyhow::Error::new(error).context(path.display().to_string())),
        };
        match ask(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(LockHeld { holder: told(&file) })),
            Err(error) => Err(io::Error::from(error).into()),
            Ok(()) => Ok(None),
        }
    }

    /// Waits until nobody has it, for so many seconds at most; who is waited for is told once.
    ///
    /// # Errors
    /// [`LockHeld`] when somebody still has it; anything else when it cannot be asked.
    pub fn wait(root: &Path, seconds: u32, tell: &dyn Fn(&LockHeld)) -> anyhow::Result<()> {
        for second in 0..seconds {
            match Lock::held(root)? {
                None => return Ok(()),
                Some(held) if second == 0 => tell(&held),
                Some(_) => {}
            }
            pause(Duration::from_secs(1));
        }
        Lock::held(root)?.map_or(Ok(()), |held| Err(held.into()))
    }

    /// Changes what others are told.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn tell(&mut self, holder: &Holder) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&serde_json::to_vec(holder)?)
    }
}

/// Opens the lock file; a pipe in its place makes nobody wait (F64), and what it says is believed of root only: its
/// holder may be ended.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("this is not a file; remove it"));
    }
    if ![0, rustix::process::geteuid().as_raw()].contains(&about.uid()) || about.mode() & 0o077 != 0 {
        return Err(io::Error::other("this is open to others; it is not trusted, remove it"));
    }
    Ok(file)
}

/// Asks more than once: who only asks who has it, or is starting a program, holds it for an instant.
fn ask(file: &File, operation: FlockOperation) -> rustix::io::Result<()> {
    for _ in 0..5 {
        match rustix::fs::flock(file, operation) {
            Err(rustix::io::Errno::WOULDBLOCK) => pause(Duration::from_millis(20)),
            answer => return answer,
        }
    }
    Err(rustix::io::Errno::WOULDBLOCK)
}

/// What the holder says of itself.
fn told(file: &File) -> Option<Holder> {
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(what: &str) -> Holder {
        Holder { pid: 7, since: Timestamp::UNIX_EPOCH, what: what.into(), run: None }
    }

    #[test]
    fn the_second_is_told_about_the_first_and_afile_left_behind_holds_nobody_up_f60_f61() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("run")).unwrap();
        assert_eq!(Lock::held(root.path()).unwrap(), None);
        let first = Lock::take(root.path(), &holder("apply")).unwrap();
        assert_eq!(Lock::held(root.path()).unwrap().unwrap().holder, Some(holder("apply")));
        let refused = Lock::take(root.path(), &holder("undo")).unwrap_err();
        let held = refused.downcast_ref::<LockHeld>().unwrap();
        assert_eq!(held.holder, Some(holder("apply")));
        drop(first);
        drop(Lock::take(root.path(), &holder("undo")).unwrap());
    }

    #[test]
    fn a_pipe_in_place_of_the_lock_is_refused_at_once_f64() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("run")).unwrap();
        let path = root.path().join("run/ngcp-warden.lock");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(format!("{:#}", Lock::held(root.path()).unwrap_err()).contains("not a file"));
        let refused = Lock::take(root.path(), &holder("apply")).unwrap_err();
        assert!(refused.to_string().contains("ngcp-warden.lock: this is not a file"), "{refused}");
    }

    #[test]
    fn a_lock_that_somebody_else_can_hold_or_write_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("run")).unwrap();
        let path = root.path().join("run/ngcp-warden.lock");
        let forged = serde_json::to_vec(&holder("forged")).unwrap();
        for (owner, mode) in [(65_534, 0o600), (0, 0o666), (0, 0o644)] {
            std::fs::write(&path, &forged).unwrap();
            std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
            let file = File::open(&path).unwrap();
            rustix::fs::flock(&file, FlockOperation::LockExclusive).unwrap();
            for error in
                [Lock::held(root.path()).unwrap_err(), Lock::take(root.path(), &holder("x")).unwrap_err()]
            {
                assert!(format!("{error:#}").contains("not trusted"), "{owner} {mode:o}: {error:#}");
            }
            std::fs::remove_file(&path).unwrap();
        }
        Lock::take(root.path(), &holder("apply")).unwrap();
    }

    #[test]
    fn a_lockfile_that_is_a_link_is_refused_f63() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("run")).unwrap();
        std::fs::write(root.path().join("precious"), "kept").unwrap();
        std::os::unix::fs::symlink("../precious", root.path().join("run/ngcp-warden.lock")).unwrap();
        assert!(Lock::take(root.path(), &holder("apply")).is_err());
        assert_eq!(std::fs::read_to_string(root.path().join("precious")).unwrap(), "kept");
    }
}
