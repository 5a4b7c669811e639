//! A change killed before every one of its system calls leaves the old file or the new one, whole.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::ExitStatusExt,
    },
    process::Command,
};

use ngcp_warden::executor::{Executor, System};

use crate::support::{Host, as_victim, is_victim, names, said, victims_path, write};

const VICTIM: &str = "interrupted::f32_f38_killed_before_any_system_call_the_file_is_old_or_new";
const SIZE: usize = 100_000;

#[test]
fn f32_f38_killed_before_any_system_call_the_file_is_old_or_new() {
    if is_victim(VICTIM) {
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
            // What an earlier killed run has left goes away with the next change.
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
            let ended = as_victim(&strace, VICTIM, &host.at(""), &[]);
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
            host.system.change(&write("/etc/fstab", "repaired")).unwrap();
            assert_eq!(names(host.at("etc")), ["fstab"], "{call} {nth}: something is left");
            if done {
                break;
            }
        }
    }
    assert!(killed > 20 && seen == [true, true], "{killed} kills prove nothing");
}
