//! A change that could cut the operator off, on a real sshd and a real packet filter: in a network and mount namespace
//! of its own, with the real program.

use std::{
    fs,
    io::Write,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use ngcp_warden::{
    plan::{Action, CommandLine, Guard, Plan, Template, Undo},
    runner::{Event, Follower, RunOutcome, Runs, State, process},
    secret::Secrets,
};

use crate::neighbour::{self, Neighbour};
use crate::tree::{change, command, line, task};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ngcp-warden");
const CONFIG: &str = "/etc/ssh/sshd_config";
const SSHD: &str = "Port 2222\nListenAddress 127.0.0.1\nListenAddress 192.0.2.2\nHostKey /etc/ssh/host_key\nAuthorizedKeysFile /etc/ssh/keys\n\
    PidFile /run/sshd.pid\nStrictModes no\nUsePAM yes\nPasswordAuthentication no\nPermitRootLogin yes\nMaxAuthTries 6\n";

fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn ssh(command: &str) -> Command {
    login(Command::new("ssh"), "127.0.0.1", command)
}

fn login(mut ssh: Command, host: &str, command: &str) -> Command {
    ssh.args(["-F", "none", "-p", "2222", "-i", "/etc/ssh/user_key", "-o", "StrictHostKeyChecking=no"]);
    ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=1"]);
    ssh.args(["-o", "LogLevel=ERROR", &format!("root@{host}"), command]);
    ssh
}

/// Whether a login works, once sshd has started again after its settings were read.
fn logs_in() -> bool {
    while TcpStream::connect("127.0.0.1:2222").is_err() {
        thread::yield_now();
    }
    ssh("true").status().unwrap().success()
}

/// Makes a host of our own: a private `/run`, `/etc/ssh` and `/var/lib/ngcp-warden`, a packet filter, an sshd.
fn set_up() -> Neighbour {
    tool("mount", &["--make-rprivate", "/"]);
    fs::create_dir_all("/var/lib/ngcp-warden").unwrap();
    for place in ["/run", "/root", "/etc/ssh", "/var/lib/ngcp-warden"] {
        tool("mount", &["-t", "tmpfs", "-o", "mode=755", "none", place]);
    }
    tool("ip", &["link", "set", "lo", "up"]);
    let neighbour = Neighbour::start();
    fs::create_dir("/run/sshd").unwrap();
    for key in ["host_key", "user_key"] {
        tool("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &format!("/etc/ssh/{key}")]);
    }
    fs::copy("/etc/ssh/user_key.pub", "/etc/ssh/keys").unwrap();
    fs::write(CONFIG, SSHD).unwrap();
    tool(
        "nft",
        &["add table inet theirs { chain input { type filter hook input priority 5; policy accept; } ; }"],
    );
    let sshd = Command::new("/usr/sbin/sshd").args(["-D", "-f", CONFIG]).spawn().unwrap();
    // It ends with the namespace's processes.
    drop(sshd);
    assert!(logs_in(), "a login works to begin with");
    neighbour
}

/// The settings of sshd and a packet filter that lets new logins in or not.
fn plan(open: bool, seconds: u64) -> Plan {
    let accept = if open { "tcp dport 2222 accept\n" } else { "" };
    let rules = format!(
        "table inet warden {{\nchain input {{\ntype filter hook input priority 0; policy drop;\n\
         ct state established accept\n{accept}}}\n}}\n"
    );
    let load = CommandLine { stdin: Some(Template::text(rules)), ..command("nft", &["-f", "-"]) };
    let unload = Undo::Run(command("nft", &["delete", "table", "inet", "warden"]));
    let mut rules = change("guarded", "rules", Action::Run(load), unload);
    rules.guard = Some(Guard { seconds, what: "SSH logins".into(), steps: Vec::new() });
    let reload = Action::Run(command("pkill", &["-HUP", "-F", "/run/sshd.pid"]));
    let changes = vec![
        line("guarded", "config", CONFIG, Some("MaxAuthTries 6"), Some("MaxAuthTries 3")),
        change("guarded", "reload", reload, Undo::Again),
        rules,
    ];
    Plan { changes, ..Plan::default() }
}

fn ruleset() -> String {
    tool("nft", &["list", "ruleset"])
}

fn launch(plan: Plan) -> (Runs, String, Follower) {
    let run =
        process::launch_with(Path::new(PROGRAM), &task(Path::new("/"), plan), &Secrets::default()).unwrap();
    let runs = Runs::open(Path::new("/")).unwrap();
    let mut follower = runs.follow(&run).unwrap();
    loop {
        let Some(record) = follower.wait().unwrap() else {
            panic!("it does not wait: {}", runs.reports().pop().unwrap().1.text());
        };
        if matches!(record.event, Event::Waiting { .. }) {
            return (runs, run, follower);
        }
    }
}

/// Follows to the end, over the end of the runner.
fn outcome(runs: &Runs, run: &str) -> RunOutcome {
    loop {
        let mut follower = runs.follow(run).unwrap();
        while let Some(record) = follower.wait().unwrap() {
            if let Event::Finished { outcome, .. } = record.event {
                return outcome;
            }
        }
    }
}

fn silence(_: &Neighbour) {
    let (before, rules) = (fs::read(CONFIG).unwrap(), ruleset());
    let modified = fs::metadata(CONFIG).unwrap().modified().unwrap();
    let (runs, run, _) = launch(plan(false, 3));
    assert_ne!(ruleset(), rules);
    assert!(!ssh("true").status().unwrap().success(), "nobody can log in now");
    assert_eq!(outcome(&runs, &run), RunOutcome::Failed);
    assert_eq!(ruleset(), rules);
    assert_eq!(fs::read(CONFIG).unwrap(), before);
    assert_eq!(fs::metadata(CONFIG).unwrap().modified().unwrap(), modified);
    assert!(logs_in(), "logins work again");
}

fn confirmation(neighbour: &Neighbour) {
    let elsewhere = |command: &str| login(neighbour.command("ssh"), neighbour::HOST, command);
    let mut old = elsewhere(&format!("read go; {PROGRAM} confirm"));
    let mut old = old.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its login is through when its own sshd runs a shell.
    while !tool("ps", &["-eo", "args"])
        .lines()
        .any(|args| args.starts_with("bash -c read go") || args.starts_with("sh -c read go"))
    {
        thread::yield_now();
    }
    let (runs, run, _) = launch(plan(true, 60));
    old.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let old = old.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&old.stderr).into_owned();
    assert!(!old.status.success() && said.contains("older than the change"), "{said}");
    assert_eq!(runs.state(&run).unwrap(), State::Live);
    for own in ["127.0.0.1", neighbour::HOST] {
        let own = login(Command::new("ssh"), own, &format!("{PROGRAM} confirm")).output().unwrap();
        let said = String::from_utf8_lossy(&own.stderr).into_owned();
        assert!(!own.status.success() && said.contains("comes from the host itself"), "{said}");
    }
    assert_eq!(runs.state(&run).unwrap(), State::Live);
    let new = elsewhere(&format!("{PROGRAM} confirm")).output().unwrap();
    assert!(new.status.success(), "{}", String::from_utf8_lossy(&new.stderr));
    assert_eq!(outcome(&runs, &run), RunOutcome::Done);
    assert!(ruleset().contains("table inet warden"));
    assert!(fs::read_to_string(CONFIG).unwrap().contains("MaxAuthTries 3"));
    assert!(!runs.dir(&run).join("guard.json").exists());
}

fn death(_: &Neighbour) {
    // A systemd that does not answer is no reason to go without protection.
    fs::create_dir_all("/run/systemd/system").unwrap();
    let (before, rules) = (fs::read(CONFIG).unwrap(), ruleset());
    let (runs, run, _) = launch(plan(false, 2));
    let holder: serde_json::Value =
        serde_json::from_slice(&fs::read("/run/ngcp-warden.lock").unwrap()).unwrap();
    tool("kill", &["-9", &holder["pid"].to_string()]);
    assert_eq!(outcome(&runs, &run), RunOutcome::Failed);
    assert_eq!(ruleset(), rules);
    assert_eq!(fs::read(CONFIG).unwrap(), before);
    assert!(logs_in(), "logins work again");
}

/// What was confirmed after its runner was gone is in its record, and whoever goes on does not ask again.
fn confirmed_death(neighbour: &Neighbour) {
    let (runs, run, _) = launch(plan(true, 60));
    let armed = runs.dir(&run).join("guard.json");
    tool("pkill", &["-9", "-f", &format!("^{PROGRAM} run-plan")]);
    while runs.state(&run).unwrap() == State::Live {
        thread::yield_now();
    }
    let confirm =
        login(neighbour.command("ssh"), neighbour::HOST, &format!("{PROGRAM} confirm")).output().unwrap();
    assert!(confirm.status.success(), "{}", String::from_utf8_lossy(&confirm.stderr));
    while armed.exists() {
        thread::yield_now();
    }
    let past = runs.history(&run).unwrap().records;
    assert!(past.iter().any(|record| matches!(record.event, Event::Kept { .. })));
    tool(PROGRAM, &["apply", "--continue"]);
    assert_eq!(outcome(&runs, &run), RunOutcome::Done);
    assert!(fs::read_to_string(CONFIG).unwrap().contains("MaxAuthTries 3"));
    let all = runs.history(&run).unwrap().records;
    let asked = |record: &&ngcp_warden::runner::Record| matches!(record.event, Event::Waiting { .. });
    assert_eq!(all.iter().filter(asked).count(), past.iter().filter(asked).count());
}

/// Before anybody could be asked: the settings are new, the packet filter is not.
fn early_death(_: &Neighbour) {
    let (before, rules) = (fs::read(CONFIG).unwrap(), ruleset());
    let mut plan = plan(false, 2);
    // It goes on without its runner, and nothing is taken back before it ends.
    let script =
        "kill -9 $(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' /run/ngcp-warden.lock); sleep 6; echo >/run/ended";
    let kill = CommandLine { limit: 1800, ..command("sh", &["-c", script]) };
    plan.changes.insert(2, change("guarded", "kill", Action::Run(kill), Undo::Nothing));
    let task = task(Path::new("/"), plan);
    let run = process::launch_with(Path::new(PROGRAM), &task, &Secrets::default()).unwrap();
    let runs = Runs::open(Path::new("/")).unwrap();
    assert_eq!(outcome(&runs, &run), RunOutcome::Failed);
    assert!(Path::new("/run/ended").exists(), "it was taken back under a program at work");
    assert_eq!((fs::read(CONFIG).unwrap(), ruleset()), (before, rules));
    assert!(!runs.dir(&run).join("guard.json").exists());
    assert!(logs_in(), "logins work again");
}

/// Runner and watcher are gone, and the host counts its time from another start.
fn restart(_: &Neighbour) {
    let (before, rules) = (fs::read(CONFIG).unwrap(), ruleset());
    let (runs, run, _) = launch(plan(false, 600));
    let armed = runs.dir(&run).join("guard.json");
    for process in ["run-plan", "restore-on-silence"] {
        tool("pkill", &["-9", "-f", &format!("^{PROGRAM} {process}")]);
    }
    while runs.state(&run).unwrap() == State::Live {
        thread::yield_now();
    }
    tool(PROGRAM, &["restore-overdue"]);
    assert!(armed.exists(), "its time is not over yet");
    let mut guard: serde_json::Value = serde_json::from_slice(&fs::read(&armed).unwrap()).unwrap();
    guard["boot"] = "another".into();
    fs::write(&armed, guard.to_string()).unwrap();
    // What somebody planted in an older run is told, and holds up no other.
    let older = runs.dir("20200101-0");
    tool("mkdir", &["-m", "700", older.to_str().unwrap()]);
    tool("install", &["-m", "600", "/dev/null", older.join("journal").to_str().unwrap()]);
    tool("mkfifo", &["-m", "600", older.join("guard.json").to_str().unwrap()]);
    let restored = Command::new(PROGRAM).arg("restore-overdue").output().unwrap();
    let told = String::from_utf8_lossy(&restored.stderr);
    assert!(!restored.status.success() && told.contains("its guard.json is a pipe; remove it"), "{told}");
    assert_eq!(outcome(&runs, &run), RunOutcome::Failed);
    assert_eq!((fs::read(CONFIG).unwrap(), ruleset()), (before, rules));
    assert!(!armed.exists());
}

/// Not a test of its own: plays a scene inside the namespaces. It does nothing when a test run comes across it.
#[test]
fn scene() {
    let scene = match std::env::var("GUARDED_SCENE").as_deref() {
        Ok("silence") => silence,
        Ok("confirmation") => confirmation,
        Ok("death") => death,
        Ok("confirmed-death") => confirmed_death,
        Ok("early-death") => early_death,
        Ok("restart") => restart,
        _ => return,
    };
    scene(&set_up());
}

fn play(scene: &str) {
    let me = std::env::current_exe().unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]).arg(me);
    unshare.args(["--exact", "guarded::scene", "--nocapture", "--test-threads=1"]);
    let output = unshare.env("GUARDED_SCENE", scene).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
fn silence_brings_the_exact_bytes_and_rules_back_f01_f02() {
    play("silence");
}

#[test]
fn only_a_login_from_elsewhere_opened_after_the_change_keeps_it_f06() {
    play("confirmation");
}

#[test]
fn a_killed_runner_is_replaced_by_its_watcher_f03() {
    play("death");
}

#[test]
fn what_was_confirmed_without_a_runner_stays_confirmed_f03() {
    play("confirmed-death");
}

#[test]
fn a_runner_killed_before_the_question_is_replaced_by_its_watcher_f03() {
    play("early-death");
}

#[test]
fn what_was_not_confirmed_before_a_restart_is_taken_back_after_it_f04() {
    play("restart");
}
