//! Real programs joined to each other and to files.

use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use ngcp_warden::{
    executor::{Command, Executor, Exit, Pipe, Quiet, Status, System, Target, simulated::Simulated},
    secret::Secret,
};

use crate::support::{Host, SmallDisk, as_victim, is_victim, names, victims_path};

const MIB: u64 = 1024 * 1024;

fn pipe(stages: &[&[&str]]) -> Pipe {
    let stages = stages.iter().map(|words| Command::new(words[0], words[1..].iter().copied())).collect();
    Pipe { stages, from: None, to: None, limit: Duration::from_secs(120) }
}

fn to(path: impl AsRef<Path>, most: u64) -> Option<Target> {
    Some(Target { path: path.as_ref().to_owned(), most })
}

fn run(pipe: &Pipe) -> Vec<Exit> {
    System::live().unwrap().pipe(pipe, &mut Quiet).unwrap()
}

#[test]
fn bytes_come_unchanged_through_three_programs_from_a_file_into_a_private_file() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let bytes: Vec<u8> =
        (0..3_000_000u32).flat_map(|number| (number.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    fs::write(at("from"), &bytes).unwrap();
    let mut pipe = pipe(&[&["gzip", "-1c"], &["gzip", "-dc"], &["cat"]]);
    pipe.from = Some(at("from"));
    pipe.to = to(at("to"), bytes.len() as u64);
    let exits = run(&pipe);
    assert_eq!((pipe.failure(&exits), exits.len()), (None, 3));
    assert!(fs::read(at("to")).unwrap() == bytes);
    assert_eq!(fs::metadata(at("to")).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(names(directory.path()), ["from", "to"]);
    // A file that is there is not touched.
    let again = System::live().unwrap().pipe(&pipe, &mut Quiet).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists, "{again}");
    // Without a file the end of it comes back, and a secret goes in.
    pipe.from = None;
    pipe.to = None;
    pipe.stages[0].stdin = Some(Secret::new("canary"));
    assert_eq!(run(&pipe)[2].text(), "canary");
    pipe.stages[1].stdin = Some(Secret::new("another"));
    let two = System::live().unwrap().pipe(&pipe, &mut Quiet).unwrap_err();
    assert_eq!(two.kind(), ErrorKind::InvalidInput);
}

#[test]
fn two_hundred_megabytes_do_not_pass_through_our_memory() {
    const VICTIM: &str = "pipes::two_hundred_megabytes_do_not_pass_through_our_memory";
    if is_victim(VICTIM) {
        let peak = || {
            let status = fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap().to_owned();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let before = peak();
        let mut pipe = pipe(&[&["head", "-c", "200000000", "/dev/zero"], &["cat"], &["gzip", "-1c"]]);
        pipe.to = to(victims_path().join("zeros.gz"), 100 * MIB);
        assert_eq!(pipe.failure(&run(&pipe)), None);
        pipe = self::pipe(&[&["gzip", "-dc"], &["cat"], &["wc", "-c"]]);
        pipe.from = Some(victims_path().join("zeros.gz"));
        assert_eq!(run(&pipe)[2].text(), "200000000\n");
        assert!(peak() - before < 8 * 1024, "{before} {} KiB", peak());
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let ended = as_victim(&[], VICTIM, directory.path(), &[]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

#[test]
fn the_program_that_failed_is_named_and_no_file_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("to");
    let cases: [(&[&[&str]], &str); 4] = [
        (
            &[&["cat", "/does/not/exist"], &["gzip", "-c"]],
            "cat: exit code 1: /usr/bin/cat: /does/not/exist: No such file",
        ),
        // The first one dies because nobody reads it; that is not what went wrong.
        (&[&["yes"], &["gzip", "-dc"], &["cat"]], "gzip: exit code 1: gzip: stdin: not in gzip format"),
        // The first one would wait for ever.
        (&[&["sleep", "1000"], &["ls", "/does/not/exist"]], "ls: exit code 2: /usr/bin/ls: cannot access"),
        (&[&["echo", "x"], &["cat"], &["false"]], "false: exit code 1"),
    ];
    for (stages, said) in cases {
        let mut pipe = pipe(stages);
        pipe.to = to(&target, MIB);
        let exits = run(&pipe);
        let failure = pipe.failure(&exits).unwrap();
        assert!(failure.starts_with(said), "{failure}");
        assert_eq!(exits.len(), stages.len());
        assert!(names(directory.path()).is_empty(), "{said}");
    }
    let mut pipe = pipe(&[&["sleep", "1000"], &["no-such-program"]]);
    pipe.to = to(&target, MIB);
    let missing = System::live().unwrap().pipe(&pipe, &mut Quiet).unwrap_err();
    assert!(
        missing.kind() == ErrorKind::NotFound && missing.to_string().contains("no-such-program"),
        "{missing}"
    );
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_full_disk_and_a_file_that_grows_too_large_leave_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let disk = directory.path().join("disk");
    let _mounted = SmallDisk::on(disk.clone());
    let mut pipe = pipe(&[&["yes"], &["cat"]]);
    pipe.to = to(disk.join("to"), MIB);
    let failure = pipe.failure(&run(&pipe)).unwrap();
    assert!(failure.starts_with("cat: exit code 1") && failure.contains("No space left"), "{failure}");
    assert!(names(&disk).is_empty());
    pipe.to = to(directory.path().join("to"), 3 * MIB);
    let large = System::live().unwrap().pipe(&pipe, &mut Quiet).unwrap_err();
    assert_eq!(large.kind(), ErrorKind::FileTooLarge);
    assert!(large.to_string().contains("would be larger than 3 MiB"), "{large}");
    assert_eq!(names(directory.path()), ["disk"]);
}

#[test]
fn every_group_is_killed_when_time_is_up() {
    let host = Host::with_programs();
    for name in ["first", "second"] {
        let script = format!("trap '' TERM; sleep 1000 & echo $! > /run/{name}; wait; wait");
        host.script(name, &script);
    }
    let mut pipe = pipe(&[&["first"], &["second"]]);
    (pipe.limit, pipe.to) = (Duration::from_millis(500), to("/var/to", MIB));
    let exits = host.system.pipe(&pipe, &mut Quiet).unwrap();
    assert!(exits.iter().all(|exit| exit.status == Status::TimedOut), "{exits:?}");
    assert_eq!(pipe.failure(&exits).unwrap(), "first: it took too long and was stopped");
    assert!(names(host.at("var")).is_empty());
    for name in ["first", "second"] {
        let pid = fs::read_to_string(host.at("run").join(name)).unwrap();
        let gone = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            !super::programs::alive(&pid)
        });
        assert!(gone, "{name} {pid}");
    }
}

#[test]
fn in_a_tree_the_programs_run_inside_it_and_the_simulated_host_does_the_same() {
    let host = Host::with_programs();
    host.script("shout", "while read -r line; do echo \"$line!\"; done");
    host.file("etc/words", "a\nb\n");
    let shout = |stdin: Option<&Secret>| -> String {
        let text = stdin.and_then(Secret::expose_str).unwrap_or_default().to_owned();
        text.lines().map(|line| format!("{line}!\n")).collect()
    };
    let simulated = Simulated::new()
        .file("/etc/words", "a\nb\n")
        .file("/var/other", "")
        .on("cat", |_, command| {
            command.stdin.as_ref().and_then(Secret::expose_str).unwrap_or_default().to_owned()
        })
        .on("shout", move |_, command| shout(command.stdin.as_ref()));
    for host in [&host.system as &dyn Executor, &simulated] {
        let mut pipe = pipe(&[&["cat"], &["shout"], &["shout"]]);
        pipe.from = Some("/etc/words".into());
        assert_eq!(host.pipe(&pipe, &mut Quiet).unwrap()[2].text(), "a!!\nb!!\n");
        pipe.to = to("/var/to", 8);
        assert_eq!(pipe.failure(&host.pipe(&pipe, &mut Quiet).unwrap()), None);
        assert_eq!(host.read("/var/to".as_ref()).unwrap(), b"a!!\nb!!\n");
        assert_eq!(host.metadata("/var/to".as_ref()).unwrap().mode, 0o600);
        assert_eq!(host.pipe(&pipe, &mut Quiet).unwrap_err().kind(), ErrorKind::AlreadyExists);
        pipe.to = to("/var/small", 7);
        assert_eq!(host.pipe(&pipe, &mut Quiet).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert!(!host.list("/var".as_ref()).unwrap().iter().any(|name| name.contains("small")));
    }
}
