//! A real Debian 12 of the test's own: the test program runs itself again as root of a throw-away copy, in namespaces
//! of its own, so that the live executor sees real files and real programs, and nothing of the outer machine.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

const STAGE: &str = "WARDEN_TEST_STAGE";
const ROOT: &str = "WARDEN_TEST_ROOT";

/// Whether the caller, the test of that name, already stands in its own Debian. If not, it is run there, and its
/// result is asserted: the caller returns.
pub fn inside(test: &str) -> bool {
    match std::env::var(STAGE).as_deref() {
        Ok("in") => true,
        Ok("between") => {
            enter(test);
            false
        }
        _ => {
            let output = Command::new("timeout")
                .args(["300", "unshare"])
                .args([
                    "--mount",
                    "--propagation=private",
                    "--pid",
                    "--fork",
                    "--kill-child",
                    "--net",
                    "--ipc",
                ])
                .arg(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture", "--test-threads=1"])
                .env(STAGE, "between")
                .env(ROOT, base())
                .output()
                .expect("unshare is needed (util-linux, as root)");
            // Indented, so that nobody counts the inner results as well.
            for line in [output.stdout, output.stderr].iter().flat_map(|text| text.split(|b| *b == b'\n')) {
                println!("  | {}", String::from_utf8_lossy(line));
            }
            assert!(output.status.success(), "{test} failed in its own Debian (see above)");
            false
        }
    }
}

/// The unpacked Debian that all copies stand on; only read.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(root.join("tests/support/debian-root.sh"))
            .arg("--shared")
            .stderr(Stdio::inherit())
            .output()
            .expect("tests/support/debian-root.sh");
        assert!(output.status.success(), "the Debian tree could not be made: {output:?}");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// In the namespaces, still on the outer root: lays a copy in memory over the base and goes there.
fn enter(test: &str) {
    let base = std::env::var(ROOT).unwrap();
    let work = Path::new("/mnt");
    must("mount", &["-t", "tmpfs", "-o", "size=2g,mode=755", "tmpfs", "/mnt"]);
    for dir in ["upper", "work", "root"] {
        fs::create_dir(work.join(dir)).unwrap();
    }
    let layers = format!("lowerdir={base},upperdir=/mnt/upper,workdir=/mnt/work");
    must("mount", &["-t", "overlay", "-o", &layers, "overlay", "/mnt/root"]);
    must("mount", &["-t", "proc", "proc", "/mnt/root/proc"]);
    must("mount", &["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt/root/dev"]);
    for (name, minor) in [("null", "3"), ("zero", "5"), ("full", "7"), ("random", "8"), ("urandom", "9")] {
        must("mknod", &["-m", "666", &format!("/mnt/root/dev/{name}"), "c", "1", minor]);
    }
    must("ip", &["link", "set", "lo", "up"]);
    fs::write("/proc/sys/kernel/hostname", "spce").unwrap();
    write("/mnt/root/etc/hostname", 0o644, "spce\n");
    write("/mnt/root/etc/hosts", 0o644, "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 spce\n");
    let program = work.join("root/warden-test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write("/mnt/root/ngcp-warden", "").unwrap();
    must("mount", &["--bind", env!("CARGO_BIN_EXE_ngcp-warden"), "/mnt/root/ngcp-warden"]);
    let status = Command::new("chroot")
        .args(["/mnt/root", "/warden-test", "--exact", test, "--nocapture", "--test-threads=1"])
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("RUST_BACKTRACE", "1")
        .env(STAGE, "in")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed");
}

/// Runs a program of the machine; it must succeed. What it printed.
pub fn must(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The program under test, on the machine.
pub const WARDEN: &str = "/ngcp-warden";

/// Runs a program of the machine with `input`.
pub fn feed(program: &str, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let mut stdin = child.stdin.take().unwrap();
    // It may end without reading.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Writes a file of the machine.
pub fn write(path: &str, mode: u32, content: &str) {
    fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
