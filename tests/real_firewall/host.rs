//! A machine of our own for the program as it is shipped: its places are private, and so are its network and processes.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use ngcp_warden::{
    plan::Plan,
    runner::{Order, Report, RunOutcome, Runs, State, process},
    secret::Secrets,
};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ngcp-warden");
/// Where rules are stored.
pub(crate) const STORED: &str = "/etc/ngcp-warden";

/// Runs scenes, each in namespaces of its own, all at the same time; shows what they printed.
pub(crate) fn play(test: &str, scenes: &[&str]) {
    let me = std::env::current_exe().unwrap();
    let start = |scene: &&str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation=private", "--net", "--pid", "--fork", "--kill-child"]);
        unshare.arg("--mount-proc").arg(&me).args(["--exact", test, "--nocapture", "--test-threads=1"]);
        unshare.env("FIREWALL_SCENE", scene).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let begun: Vec<_> = scenes.iter().map(start).collect();
    let ended: Vec<Output> = begun.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for (scene, output) in scenes.iter().zip(&ended) {
        // Indented, so that nobody counts the inner results as well.
        for text in [&output.stdout, &output.stderr] {
            String::from_utf8_lossy(text).lines().for_each(|line| println!("  | {line}"));
        }
        assert!(output.status.success(), "{scene} failed inside its namespaces (see above)");
    }
}

/// The scene that is to be played in here.
pub(crate) fn scene() -> Option<String> {
    let scene = std::env::var("FIREWALL_SCENE").ok()?;
    for place in ["/var/lib/ngcp-warden", STORED, "/run"] {
        fs::create_dir_all(place).unwrap();
        tool("mount", &["-t", "tmpfs", "-o", "mode=755", "none", place]);
    }
    Some(scene)
}

/// A program that has to succeed; what it printed.
pub(crate) fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The same with input.
pub(crate) fn tool_with(program: &str, args: &[&str], input: &str) {
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{program}\n{input}");
}

/// A folder that is our own copy from now on.
pub(crate) fn private(folder: &str) {
    let copy = tempfile::tempdir().unwrap();
    tool("cp", &["-a", &format!("{folder}/."), copy.path().to_str().unwrap()]);
    tool("mount", &["-t", "tmpfs", "-o", "mode=755", "none", folder]);
    tool("cp", &["-a", &format!("{}/.", copy.path().display()), folder]);
}

/// Exit code and all that the program says.
pub(crate) fn warden(args: &[&str]) -> (i32, String) {
    let output = Command::new(PROGRAM).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said.into_owned())
}

/// Starts a run in a process of its own, as the wizard and `apply` do.
pub(crate) fn launch(plan: Plan) -> (Runs, String) {
    let order = Order { plan, ..Order::default() };
    let task = process::Task { root: "/".into(), order, resume: false };
    let run = process::launch_with(Path::new(PROGRAM), &task, &Secrets::default()).unwrap();
    (Runs::open(Path::new("/")).unwrap(), run)
}

/// Sends every process of ours this signal.
pub(crate) fn signal_all(signal: &str) {
    // Only those of this namespace can be seen.
    let _ = Command::new("pkill").args([signal, "-f", &format!("^{PROGRAM}")]).status();
}

/// Kills every process of ours, until there is none.
pub(crate) fn kill_all() {
    let any = || Command::new("pgrep").args(["-f", &format!("^{PROGRAM}")]).status().unwrap().success();
    until("nothing of ours lives", || {
        signal_all("-KILL");
        !any()
    });
}

/// How a run ended, once it did.
pub(crate) fn outcome(runs: &Runs, run: &str) -> RunOutcome {
    until("the run ends", || runs.state(run).unwrap() == State::Finished);
    Report::of(&runs.history(run).unwrap().records).unwrap().outcome.unwrap()
}

/// Waits for something, and no longer than half a minute.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed().as_secs() < 30, "waited in vain: {what}");
        thread::yield_now();
    }
    begun.elapsed()
}

/// All rules of this machine, ours and those of others, in every kind of filter; without counters.
pub(crate) fn all_rules() -> String {
    let mut all = tool("nft", &["-s", "list", "ruleset"]);
    for program in ["iptables-legacy-save", "ip6tables-legacy-save"] {
        let text = tool(program, &[]);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.for_each(|line| all += &format!("{}\n", line.split(" [").next().unwrap_or_default()));
    }
    all
}
