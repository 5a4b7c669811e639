//! Trees with a few real programs in them, small disks, and this test binary started again as a victim.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ngcp_warden::executor::{Attributes, FileChange, FileTo, System};
use ngcp_warden::secret::Secret;
use tempfile::TempDir;

/// A directory tree to be changed.
pub(crate) struct Host {
    directory: TempDir,
    pub(crate) system: System,
}

impl Host {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "run", "usr/bin", "usr/local/bin", "var"] {
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        let system = System::below(directory.path()).unwrap();
        Host { directory, system }
    }

    /// The same with a shell and some tools of this machine, and the libraries they load.
    pub(crate) fn with_programs() -> Self {
        let host = Self::new();
        for program in ["dash", "cat", "sleep", "env", "stat"] {
            let from = Path::new("/usr/bin").join(program);
            copy(&from, &host.at("usr/bin").join(program));
            for library in libraries(&from) {
                copy(&library, &host.at(library.strip_prefix("/").unwrap()));
            }
        }
        fs::create_dir(host.at("dev")).unwrap();
        said(Command::new("mknod").arg(host.at("dev/null")).args(["c", "1", "3"]));
        host
    }

    /// Where a path of the tree is on this machine.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(path)
    }

    pub(crate) fn file(&self, path: &str, content: &str) -> PathBuf {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), content).unwrap();
        self.at(path)
    }

    /// A program of the tree: a script for its shell.
    pub(crate) fn script(&self, name: &str, script: &str) {
        let path = self.file(&format!("usr/local/bin/{name}"), &format!("#!/usr/bin/dash\n{script}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

fn libraries(program: &Path) -> BTreeSet<PathBuf> {
    let listed = said(Command::new("ldd").arg(program));
    listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// Runs a program that must succeed; what it printed.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Names in a directory, hidden ones included.
pub(crate) fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn write(path: &str, content: impl Into<Vec<u8>>) -> FileChange {
    let to = FileTo::File { content: Secret::new(content), attributes: Attributes::Keep };
    FileChange { path: path.into(), to }
}

/// A small file system of its own, unmounted at the end.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    pub(crate) fn on(at: PathBuf) -> Self {
        fs::create_dir_all(&at).unwrap();
        said(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs"]).arg(&at));
        SmallDisk(at)
    }

    pub(crate) fn remount(&self, option: &str) {
        said(Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(&self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Whether this process is the victim that [`as_victim`] started for the test of that name.
pub(crate) fn is_victim(of: &str) -> bool {
    std::env::var("WARDEN_TEST_VICTIM").is_ok_and(|name| name == of)
}

/// A path the victim was told.
pub(crate) fn victims_path() -> PathBuf {
    std::env::var_os("WARDEN_TEST_PATH").unwrap().into()
}

/// Starts this test binary again, doing only the test `name`, by `wrapper` (such as strace).
pub(crate) fn as_victim(wrapper: &[&str], name: &str, path: &Path, env: &[(&str, &str)]) -> Output {
    let mut words: Vec<_> = wrapper.iter().map(PathBuf::from).collect();
    words.push(std::env::current_exe().unwrap());
    Command::new(&words[0])
        .args(&words[1..])
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env("WARDEN_TEST_VICTIM", name)
        .env("WARDEN_TEST_PATH", path)
        .envs(env.iter().copied())
        .output()
        .unwrap()
}
