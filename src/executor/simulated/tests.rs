use std::io::ErrorKind;

use super::*;
use crate::executor::{Attributes, FileTo, Quiet};

fn write(path: &str, content: &str) -> FileChange {
    let to = FileTo::File { content: crate::secret::Secret::new(content), attributes: Attributes::Keep };
    FileChange { path: path.into(), to }
}

#[test]
fn a_change_keeps_owner_and_mode_and_moves_the_clock() {
    let host = Simulated::new();
    host.edit(|files| files.put("/etc/shadow", 0o640, 0, 42, "old"));
    let (before, then) = (host.files(), host.now());
    host.change(&write("/etc/shadow", "new")).unwrap();
    let now = host.metadata(Path::new("/etc/shadow")).unwrap();
    assert_eq!((now.mode, now.gid, now.len), (0o640, 42, 3));
    assert_eq!(now.modified, host.now());
    assert!(host.now() > then);
    assert_eq!(host.files().changed_since(&before), [PathBuf::from("/etc/shadow")]);
}

#[test]
fn f64_links_devices_and_directories_are_refused_and_links_on_the_way_followed() {
    let host = Simulated::new().file("/etc/fstab", "x");
    host.edit(|files| {
        files.link("/var/run", "/run");
        files.directory("/run");
        files.link("/etc/mtab", "fstab");
        files.device("/dev/null");
        files.link("/loop", "/loop");
    });
    let before = host.files();
    for path in ["/etc/mtab", "/dev/null", "/etc", "/loop", "/no/where", "/etc/fstab/x", "relative"] {
        let error = host.change(&write(path, "y")).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
    }
    assert_eq!(host.files(), before);
    host.change(&write("/var/run/lock", "y")).unwrap();
    assert_eq!(host.files().text("/run/lock"), "y");
    assert_eq!(host.files().text("/etc/mtab"), "x");
    assert_eq!(host.list(Path::new("/var/run")).unwrap(), ["lock"]);
    assert_eq!(host.read(Path::new("/loop")).unwrap_err().kind(), ErrorKind::Other);
}

#[test]
fn programs_answer_change_files_and_are_recorded_without_their_input() {
    let host =
        Simulated::new().file("/proc/swaps", "").on("swapoff", |files: &mut Files, command: &Command| {
            files.write("/proc/swaps", "none");
            if command.args.is_empty() { Answer::code(1).error("nothing to do") } else { "off\n".into() }
        });
    let run = |args: &[&str]| {
        let command =
            Command::new("swapoff", args.iter().copied()).stdin(crate::secret::Secret::new("canary"));
        host.run(&command, &mut Quiet).unwrap()
    };
    assert_eq!(run(&["-a"]).text(), "off\n");
    assert_eq!(run(&[]).reason(), "exit code 1: nothing to do");
    host.fail_program("swapoff", 1, Answer::code(0).ending(Status::Signal(9)));
    assert_eq!(run(&["-a"]).status, Status::Signal(9));
    assert_eq!(host.commands(), ["swapoff -a", "swapoff", "swapoff -a"]);
    assert_eq!(host.files().text("/proc/swaps"), "none");
    host.edit(|files| files.remove("/usr/bin/swapoff"));
    let error = host.run(&Command::new("swapoff", ["-a"]), &mut Quiet).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn an_injected_failure_changes_nothing_once() {
    let host = Simulated::new().file("/etc/fstab", "old");
    let before = host.files();
    host.fail_change(1, ErrorKind::StorageFull);
    assert_eq!(host.change(&write("/etc/fstab", "new")).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(host.files(), before);
    host.change(&write("/etc/fstab", "new")).unwrap();
    assert_eq!(host.files().text("/etc/fstab"), "new");
}

#[test]
fn slow_programs_run_into_their_limit_and_can_be_cancelled_without_waiting() {
    struct Stop;
    impl Sink for Stop {
        fn output(&mut self, _: Stream, _: &[u8]) {}
        fn cancelled(&mut self) -> bool {
            true
        }
    }
    let host = Simulated::new().on("apt-get", |_: &mut Files, _: &Command| {
        Answer::code(0).line("reading").after(Duration::from_secs(60)).line("done")
    });
    let command = Command::new("apt-get", ["update"]);
    let exit = host.run(&command, &mut Quiet).unwrap();
    assert_eq!((exit.status, exit.text().as_str()), (Status::TimedOut, "reading\n"));
    assert_eq!(host.run(&command, &mut Stop).unwrap().status, Status::Cancelled);
}

#[test]
fn a_tree_is_loaded_from_disk() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("etc")).unwrap();
    fs::write(dir.path().join("etc/fstab"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/fstab", dir.path().join("link")).unwrap();
    let host = Simulated::from_tree(dir.path()).unwrap();
    assert_eq!(host.read(Path::new("/link")).unwrap(), b"x");
    assert_eq!(host.metadata(Path::new("/link")).unwrap().kind, Kind::Link);
    assert_eq!(host.metadata(Path::new("/etc/fstab")).unwrap().uid, 0);
}
