//! A change that is killed before, or fails at, any of its system calls leaves the old file or the new one, whole.

use std::{
    fs,
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::ExitStatusExt,
    },
    process::Command,
};

use ngcp_warden::executor::{Executor, System};

use crate::support::{Host, as_victim, is_victim, names, said, victims_path, write};

const KILLED: &str = "interrupted::f32_f38_killed_before_any_system_call_the_file_is_old_or_new";
const FAILED: &str = "interrupted::f38_failing_at_any_system_call_it_says_truly_whether_something_changed";
const SIZE: usize = 100_000;

/// strace counts the calls of each thread: with these behind it, the writes of the change have numbers that the
/// printing of the test program never reaches.
const WRITES_BEFORE: usize = 10;

fn count_past_the_main_thread() {
    let mut nowhere = fs::File::options().write(true).open("/dev/null").unwrap();
    for _ in 0..WRITES_BEFORE {
        nowhere.write_all(b"x").unwrap();
    }
}

#[test]
fn f32_f38_killed_before_any_system_call_the_file_is_old_or_new() {
    if is_victim(KILLED) {
        count_past_the_main_thread();
        let system = System::below(&victims_path()).unwrap();
        system.change(&write("/etc/fstab", vec![b'n'; SIZE])).unwrap();
        return;
    }
    let (mut killed, mut seen) = (0, [false; 2]);
    let calls = [
        "openat",
        "write",
        "flistxattr",
        "fsetxattr",
        "fchown",
        "fchmod",
        "fsync",
        "rename,renameat,renameat2",
        "unlinkat",
    ];
    for call in calls {
        for nth in 1.. {
            assert!(nth < 200, "{call} never stops");
            let host = Host::new();
            let file = host.file("etc/fstab", &"o".repeat(SIZE));
            fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
            std::os::unix::fs::chown(&file, None, Some(34)).unwrap();
            said(Command::new("setfattr").args(["-n", "user.note", "-v", "hello"]).arg(&file));
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
            let ended = as_victim(&strace, KILLED, &host.at(""), &[]);
            let content = fs::read(&file).unwrap();
            let found = fs::metadata(&file).unwrap();
            assert!(content == vec![b'o'; SIZE] || content == vec![b'n'; SIZE], "{call} {nth}: torn");
            assert_eq!((found.mode() & 0o7777, found.gid()), (0o640, 34), "{call} {nth}");
            let done = ended.status.success();
            if done {
                assert_eq!(content[0], b'n', "{call} {nth}");
            } else {
                let by = ended.status.signal().or(ended.status.code().map(|code| code - 128));
                assert_eq!(by, Some(9), "{call} {nth}: {}", String::from_utf8_lossy(&ended.stderr));
                killed += 1;
            }
            seen[usize::from(content[0] == b'n')] = true;
            // What the killed one has left goes away with the next change.
            host.system.change(&write("/etc/fstab", "repaired")).unwrap();
            assert_eq!(names(host.at("etc")), ["fstab"], "{call} {nth}: something is left");
            if done && nth > WRITES_BEFORE {
                break;
            }
        }
    }
    assert!(killed > 20 && seen == [true, true], "{killed} kills prove nothing");
}

const TRULY_OLD: i32 = 40;
const TRULY_NEW: i32 = 41;

#[test]
fn f38_failing_at_any_system_call_it_says_truly_whether_something_changed() {
    if is_victim(FAILED) {
        count_past_the_main_thread();
        let system = System::below(&victims_path()).unwrap();
        let Err(error) = system.change(&write("/etc/fstab", "new")) else { return };
        let error = error.to_string();
        assert!(error.starts_with("/etc/fstab") || error.starts_with("Input/output"), "{error}");
        std::process::exit(match error.rsplit("; ").next() {
            Some("nothing was changed") => TRULY_OLD,
            _ if error.contains("changed, but not yet safe on the disk") => TRULY_NEW,
            _ => panic!("{error}"),
        });
    }
    let mut ends = [0; 2];
    let calls = [
        "openat",
        "newfstatat",
        "write",
        "getrandom",
        "flistxattr",
        "fgetxattr",
        "fsetxattr",
        "fchown",
        "fchmod",
        "fsync",
        "rename,renameat,renameat2",
        "getdents64",
    ];
    for call in calls {
        for nth in 1.. {
            assert!(nth < 200, "{call} never stops");
            let host = Host::new();
            let file = host.file("etc/fstab", "old");
            said(Command::new("setfattr").args(["-n", "user.note", "-v", "hello"]).arg(&file));
            let inject = format!("inject={call}:error=EIO:when={nth}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
            let ended = as_victim(&strace, FAILED, &host.at(""), &[]).status.code();
            let content = fs::read_to_string(&file).unwrap();
            assert_eq!(names(host.at("etc")), ["fstab"], "{call} {nth}: something is left");
            match ended {
                Some(TRULY_OLD) => assert_eq!(content, "old", "{call} {nth}"),
                Some(TRULY_NEW) => assert_eq!(content, "new", "{call} {nth}"),
                Some(0) => assert_eq!(content, "new", "{call} {nth}"),
                // The test program itself failed, before or after.
                _ => assert!(content == "old" || content == "new", "{call} {nth}: {content}"),
            }
            ends[0] += usize::from(ended == Some(TRULY_OLD));
            ends[1] += usize::from(ended == Some(TRULY_NEW));
            // The test program overcomes some of its own failures; the change makes fewer calls than this.
            if ended == Some(0) && nth > 2 * WRITES_BEFORE {
                break;
            }
        }
    }
    assert!(ends[0] >= 15 && ends[1] == 1, "{ends:?} prove nothing");
}
