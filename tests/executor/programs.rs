//! Running programs: what they see, how much of them is kept, how they are ended.

use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use ngcp_warden::{
    executor::{
        CREDENTIALS, Command, Executor, Exit, OUTPUT_LIMIT, Quiet, Sink, Status, Stream, System, World,
        harden_process,
    },
    secret::Secret,
};

use crate::support::{Host, as_victim, is_victim, names, victims_path, write};

fn run(system: &System, command: &Command) -> Exit {
    system.run(command, &mut Quiet).unwrap()
}

fn none() -> [&'static str; 0] {
    []
}

/// Whether a process is there and not merely unburied.
pub(crate) fn alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn f65_a_hostile_environment_reaches_no_program() {
    const VICTIM: &str = "programs::f65_a_hostile_environment_reaches_no_program";
    if is_victim(VICTIM) {
        let mut command = Command::new("env", none());
        command.env.push(("DEBIAN_FRONTEND".into(), "noninteractive".into()));
        harden_process().unwrap();
        let live = System::live().unwrap();
        fs::write(victims_path().join("seen"), run(&live, &command).text()).unwrap();
        let credentials = Command::new("ls", ["-l", "/proc/self/fd"]).credentials(Secret::new("x"));
        fs::write(victims_path().join("open"), run(&live, &credentials).text()).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let fake = directory.path().join("env");
    fs::write(&fake, "#!/usr/bin/dash\ntouch \"$0.ran\"\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let bad = directory.path().to_str().unwrap();
    let names = ["PATH", "HOME", "IFS", "TZ", "TMPDIR", "LANG", "PERL5LIB", "LD_LIBRARY_PATH", "BASH_ENV"];
    let hostile: Vec<_> = names.into_iter().map(|name| (name, bad)).collect();
    let ended = as_victim(&[], VICTIM, directory.path(), &hostile);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let seen = fs::read_to_string(directory.path().join("seen")).unwrap();
    let mut lines: Vec<_> = seen.lines().collect();
    lines.sort_unstable();
    let path = format!("PATH={}", ngcp_warden::executor::SEARCH_PATH);
    assert_eq!(lines, ["DEBIAN_FRONTEND=noninteractive", "HOME=/root", "LC_ALL=C", &path]);
    assert!(!directory.path().join("env.ran").exists());
    let open = fs::read_to_string(directory.path().join("open")).unwrap();
    assert!(open.contains("/dev/null") && !open.contains("memfd"), "{open}");
}

#[test]
fn a_hardened_process_keeps_secrets_out_of_core_dumps_and_its_umask_from_programs() {
    const VICTIM: &str =
        "programs::a_hardened_process_keeps_secrets_out_of_core_dumps_and_its_umask_from_programs";
    if is_victim(VICTIM) {
        harden_process().unwrap();
        let host = Host::with_programs();
        host.script("mask", "umask; ulimit -c");
        assert_eq!(run(&host.system, &Command::new("mask", none())).text(), "0022\n0\n");
        fs::write(victims_path().join("mine"), "x").unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let ended = as_victim(&[], VICTIM, directory.path(), &[]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let mode = fs::metadata(directory.path().join("mine")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_program_of_a_tree_runs_inside_it_and_no_other_does() {
    let host = Host::with_programs();
    host.file("etc/hostname", "inside");
    host.script("where", "pwd; cat /etc/hostname; exit 3");
    let exit = run(&host.system, &Command::new("where", none()));
    assert_eq!((exit.status, exit.text().as_str()), (Status::Code(3), "/\ninside"));
    assert_eq!(host.system.world(), World::Tree);
    assert_eq!(host.system.find_program("where").unwrap(), Path::new("/usr/local/bin/where"));
    for outside in ["mysql", "../usr/bin/cat", "/usr/bin/cat", ""] {
        let error = host.system.run(&Command::new(outside, none()), &mut Quiet).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{outside}");
    }
    assert_eq!(host.system.resources().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_program_that_others_can_change_is_not_run() {
    let host = Host::with_programs();
    for (mode, owner) in [(0o777, 0), (0o775, 0), (0o755, 1000)] {
        host.script("tool", "echo ran");
        let path = host.at("usr/local/bin/tool");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
        let error = host.system.run(&Command::new("tool", none()), &mut Quiet).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("/usr/local/bin/tool"), "{error}");
    }
}

#[test]
fn the_whole_group_is_killed_when_time_is_up() {
    let host = Host::with_programs();
    host.script("stubborn", "trap '' TERM; sleep 1000 & echo $! > /run/grandchild; echo started; wait; wait");
    let command = Command::new("stubborn", none()).limit(Duration::from_millis(300));
    let exit = run(&host.system, &command);
    assert_eq!((exit.status, exit.text().as_str()), (Status::TimedOut, "started\n"));
    let grandchild = fs::read_to_string(host.at("run/grandchild")).unwrap();
    // A killed process needs a moment to be gone.
    let gone = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        !alive(&grandchild)
    });
    assert!(gone, "{grandchild}");
}

#[test]
fn a_process_left_in_the_background_keeps_nobody_waiting_and_lives_on() {
    let host = Host::with_programs();
    host.script("daemon", "sleep 1000 & echo $! > /run/pid; echo started");
    let exit = run(&host.system, &Command::new("daemon", none()).limit(Duration::from_secs(60)));
    assert_eq!((exit.status, exit.text().as_str()), (Status::Code(0), "started\n"));
    let pid = fs::read_to_string(host.at("run/pid")).unwrap();
    assert!(alive(&pid));
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Cancels after so many bytes.
struct Enough {
    seen: usize,
    most: usize,
}

impl Sink for Enough {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        assert_eq!(stream, Stream::Out);
        self.seen += bytes.len();
    }

    fn cancelled(&mut self) -> bool {
        self.seen > self.most
    }
}

#[test]
fn endless_output_is_streamed_bounded_and_cancelled() {
    let mut sink = Enough { seen: 0, most: 8 * OUTPUT_LIMIT };
    let exit = System::live().unwrap().run(&Command::new("yes", none()), &mut sink).unwrap();
    assert_eq!((exit.status, exit.stdout.len()), (Status::Cancelled, OUTPUT_LIMIT));
    assert!(sink.seen > sink.most);
}

#[test]
fn a_large_secret_input_comes_through_and_one_nobody_reads_does_no_harm() {
    let live = System::live().unwrap();
    let large = vec![b'x'; 3 * OUTPUT_LIMIT];
    let mut sink = Enough { seen: 0, most: usize::MAX };
    let command = Command::new("cat", none()).stdin(Secret::new(large.clone()));
    let exit = live.run(&command, &mut sink).unwrap();
    assert_eq!((exit.status, sink.seen), (Status::Code(0), large.len()));
    assert_eq!(run(&live, &Command::new("true", none()).stdin(Secret::new(large))).status, Status::Code(0));
    assert_eq!(run(&live, &Command::new("cat", none())).stdout, b"", "no input is an empty input");
}

#[test]
fn s12_credentials_are_a_private_file_that_mysql_takes() {
    let live = System::live().unwrap();
    let secret = || Secret::new("[client]\nuser=canary-user\npassword=canary-word\n");
    let file = format!("--defaults-extra-file={CREDENTIALS}");
    let exit = run(&live, &Command::new("mysql", [file.as_str(), "--print-defaults"]).credentials(secret()));
    assert!(exit.text().contains("--user=canary-user"), "{exit:?}");
    assert!(!exit.error_text().contains("gnored"), "{}", exit.error_text());
    let look = Command::new("stat", ["-L", "-c", "%a %u", CREDENTIALS]).credentials(secret());
    assert_eq!(run(&live, &look).text(), "600 0\n");
    // F62: not among the arguments and not in the environment.
    let look = Command::new("cat", ["/proc/self/cmdline", "/proc/self/environ", CREDENTIALS]);
    let seen = run(&live, &look.credentials(secret())).text();
    assert_eq!(seen.matches("canary-word").count(), 1, "{seen}");
}

#[test]
fn s12_credentials_of_a_tree_lie_in_its_run_directory_while_they_are_needed() {
    let host = Host::with_programs();
    host.script("client", "stat -c %a ${1%/*} $1; cat $1");
    let command = Command::new("client", [CREDENTIALS]).credentials(Secret::new("canary"));
    assert_eq!(run(&host.system, &command).text(), "700\n600\ncanary");
    assert_eq!(names(host.at("run")), Vec::<String>::new());
}

/// A start removes what a killed one left, and nothing of one that lives, and nothing of others.
#[test]
fn credentials_that_a_kill_left_behind_are_removed_by_the_next_start() {
    struct Start<'a>(&'a System, bool);
    impl Sink for Start<'_> {
        fn output(&mut self, _: Stream, _: &[u8]) {
            self.0.remove_left().unwrap();
            self.1 = true;
        }
    }
    let host = Host::with_programs();
    let left = ["ngcp-warden-0123456789abcdef", "ngcp-warden-00000000000000ff"];
    let theirs =
        ["ngcp-warden-short", "ngcp-warden-0123456789abcdeg", "other", "ngcp-warden-1111111111111111"];
    for name in left.iter().chain(&theirs) {
        fs::create_dir(host.at("run").join(name)).unwrap();
        fs::write(host.at("run").join(name).join("credentials"), "canary").unwrap();
    }
    std::os::unix::fs::chown(host.at("run").join(theirs[3]), Some(4711), None).unwrap();
    host.script("client", "echo begin; sleep 1; cat $1");
    let command = Command::new("client", [CREDENTIALS]).credentials(Secret::new("needed"));
    let mut other = Start(&host.system, false);
    let exit = host.system.run(&command, &mut other).unwrap();
    assert!(other.1 && exit.text() == "begin\nneeded", "{exit:?}");
    let mut stay = theirs.map(str::to_owned).to_vec();
    stay.sort();
    assert_eq!(names(host.at("run")), stay);
}

#[test]
fn a_kernel_of_debian_7_will_do() {
    const VICTIM: &str = "programs::a_kernel_of_debian_7_will_do";
    if is_victim(VICTIM) {
        harden_process().unwrap();
        let live = System::live().unwrap();
        let look = Command::new("stat", ["-L", "-c", "%n %a %u", CREDENTIALS]);
        let seen = run(&live, &look.credentials(Secret::new("x")).stdin(Secret::new("y"))).text();
        assert!(seen.starts_with("/run/ngcp-warden-") && seen.ends_with("/credentials 600 0\n"), "{seen}");
        let path = victims_path().join("file");
        live.change(&write(path.to_str().unwrap(), "new")).unwrap();
        assert_eq!(live.read(&path).unwrap(), b"new");
        assert!(live.resources().unwrap().memory_total > 0 && live.uptime() > Duration::ZERO);
        return;
    }
    // What Linux 3.2 does not have.
    let inject = "inject=openat2,statx,renameat2,memfd_create,getrandom,pidfd_open,pidfd_send_signal,clone3,\
                  close_range,faccessat2,copy_file_range,rseq,preadv2,pwritev2,execveat:error=ENOSYS";
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "old").unwrap();
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject];
    let ended = as_victim(&strace, VICTIM, directory.path(), &[]);
    let said = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(ended.status.success(), "{said:?}");
    assert!(!names("/run").iter().any(|name| name.starts_with("ngcp-warden-")));
}

#[test]
fn figures_of_this_machine_are_there() {
    let live = System::live().unwrap();
    let seen = live.resources().unwrap();
    assert!(seen.processors > 0 && seen.memory_total > seen.memory_used && seen.uptime > 0, "{seen:?}");
    assert!(seen.disks.iter().any(|disk| disk.mounted_on == Path::new("/") && disk.total > 0), "{seen:?}");
    assert!(live.uptime().as_secs() >= seen.uptime);
}
