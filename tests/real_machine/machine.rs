//! A virtual machine with a disk of its own, whose power can be cut.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use super::line::{Line, Shell, socket};

/// The disk of a machine that is off, and what is put on it.
pub(crate) struct Off {
    folder: tempfile::TempDir,
    boots: u32,
}

/// A machine that runs.
pub(crate) struct Machine {
    qemu: Child,
    /// What stands on its first serial line.
    pub(crate) console: Line,
    /// Where the test gives its orders, on the second one.
    pub(crate) shell: Shell,
    off: Off,
}

impl Off {
    /// A fresh Debian with the program under test and these files, by path, mode and content.
    pub(crate) fn new(files: &[(&str, u32, &str)]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let off = Off { folder, boots: 0 };
        run(Command::new("cp").args(["--sparse=always", "--reflink=auto"]).arg(made("disk")).arg(off.disk()));
        let tree = off.folder.path().join("tree");
        let program = tree.join("usr/local/sbin/ngcp-warden");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::copy(under_test(), program).unwrap();
        for (path, mode, content) in files {
            use std::os::unix::fs::PermissionsExt;
            let path = tree.join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
        }
        run(Command::new("tar")
            .args(["--owner=0", "--group=0", "-cf"])
            .arg(off.parcel())
            .arg("-C")
            .arg(tree)
            .arg("."));
        off
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A second disk that is no more than an archive.
    fn parcel(&self) -> PathBuf {
        self.folder.path().join("parcel")
    }

    /// Switches it on and waits for its logins.
    pub(crate) fn boot(mut self) -> Machine {
        let begun = std::time::Instant::now();
        self.boots += 1;
        // The name of a socket is short: not below a project wherever that may be.
        let sockets = tempfile::tempdir().unwrap();
        let plugs = ["console", "shell"].map(|name| (name, socket(sockets.path(), name)));
        let drive =
            |path: PathBuf, more: &str| format!("file={},format=raw,if=virtio,{more}", path.display());
        // It ends with the test, however that ends.
        let mut qemu = Command::new("setpriv");
        qemu.args(["--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max"]);
        qemu.args([
            "-m",
            "768",
            "-smp",
            "2",
            "-nodefaults",
            "-display",
            "none",
            "-nic",
            "none",
            "-no-reboot",
        ]);
        qemu.arg("-kernel").arg(made("vmlinuz")).arg("-initrd").arg(made("initrd"));
        qemu.args(["-append", "root=/dev/vda ro console=ttyS0 quiet mitigations=off panic=-1"]);
        qemu.arg("-drive").arg(drive(self.disk(), "cache=writethrough"));
        qemu.arg("-drive").arg(drive(self.parcel(), "readonly=on"));
        for (name, _) in &plugs {
            let path = sockets.path().join(name);
            qemu.args(["-chardev", &format!("socket,id={name},path={}", path.display())]);
            qemu.args(["-serial", &format!("chardev:{name}")]);
        }
        let qemu = qemu.spawn().unwrap();
        let [mut console, shell] = plugs.map(|(name, socket)| Line::plugged(name, &socket));
        console.wait_for_shell();
        let machine = Machine { qemu, console, shell: Shell::on(shell), off: self };
        println!("boot {}: {:.1} s to the logins", machine.off.boots, begun.elapsed().as_secs_f32());
        machine
    }
}

impl Machine {
    /// The power is gone from one moment to the next.
    pub(crate) fn cut_power(mut self) -> Off {
        self.qemu.kill().unwrap();
        self.qemu.wait().unwrap();
        std::mem::replace(&mut self.off, Off { folder: tempfile::tempdir().unwrap(), boots: 0 })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// The program as it is shipped, where the whole check names it: an emulated processor takes minutes for what is not
/// optimised.
fn under_test() -> PathBuf {
    std::env::var_os("NGCP_WARDEN_RELEASE")
        .map_or_else(|| env!("CARGO_BIN_EXE_ngcp-warden").into(), PathBuf::from)
}

/// What `machine.sh` keeps below target/, made once.
fn made(name: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/machine.sh");
    PathBuf::from(run(&mut Command::new(script)).trim()).join(name)
}

/// Runs a command of the outer host; it must succeed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
