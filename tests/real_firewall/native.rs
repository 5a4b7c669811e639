//! Real packages of other firewalls: told by their own commands they open what was answered, and their reload leaves
//! ours alone.

use std::{
    fs,
    process::{Command, Stdio},
};

use ngcp_warden::{runner::RunOutcome, steps};
use serde_json::json;

use super::{
    host::{all_rules, play, private, scene, tool, until, warden},
    network::{Network, Who},
    rules::{Service, facts, plan, run, wanted},
};

/// Each is a command, and such commands are slow.
const SERVICES: &[Service] = &[
    ("csc", "everyone", &["tcp:443"]),
    ("rtp", "everyone", &["udp:30000-40000"]),
    ("admin", "trusted", &["tcp:1443"]),
];

fn few() -> serde_json::Value {
    let mut few = wanted(SERVICES);
    few["extra"] = json!([[], []]);
    few
}

/// It closes everything that it was not told to open.
fn starts(manager: &str) {
    if manager == "ufw" {
        private("/etc/ufw");
        private("/etc/default");
        tool("ufw", &["--force", "enable"]);
        return;
    }
    private("/etc/firewalld");
    fs::create_dir_all("/run/dbus").unwrap();
    tool("dbus-daemon", &["--system", "--fork", "--nopidfile"]);
    // It ends with the namespaces.
    let daemon = Command::new("firewalld")
        .args(["--nofork", "--nopid"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(daemon.unwrap());
    until("firewalld runs", || {
        Command::new("firewall-cmd").arg("--state").output().unwrap().status.success()
    });
}

fn reloads(manager: &str) {
    tool(
        if manager == "ufw" { "ufw" } else { "firewall-cmd" },
        &[if manager == "ufw" { "reload" } else { "--reload" }],
    );
}

fn opens(manager: &str) {
    let mut network = Network::new();
    network.listen(&["tcp:443", "tcp:1443", "udp:35000", "tcp:3306"].map(str::to_owned));
    starts(manager);
    let reached = |who: Who| {
        [("tcp", 443), ("tcp", 1443), ("udp", 35000), ("tcp", 3306)].map(|(protocol, port)| {
            let [v4, v6] = network.reaches(who, protocol, port);
            assert_eq!(v4, v6, "{who:?} {port}");
            v4
        })
    };
    assert_eq!(reached(Who::Trusted), [false; 4], "{manager} closes");
    let mut seen = facts("nft");
    seen["backend"] = json!({"foreign": {"manager": manager}});
    let plan_native = || steps::firewall_rules(seen.clone(), Some(few()), 30).unwrap();
    let (outcome, said) = run(plan_native(), true);
    assert_eq!(outcome, RunOutcome::Done, "{said}");
    assert_eq!(reached(Who::Stranger), [true, false, true, false]);
    assert_eq!(reached(Who::Trusted), [true, true, true, false]);
    reloads(manager);
    assert_eq!(reached(Who::Stranger), [true, false, true, false], "after its reload");
    let (outcome, said) = run(plan_native(), true);
    assert_eq!(outcome, RunOutcome::Unchanged, "{said}");
    println!(
        "{manager}: {} commands opened what was answered, and it stays after a reload",
        plan_native().changes.len()
    );

    // Ours beside it, put in place by nft: its reload leaves them alone, and ours leave its alone.
    let theirs = all_rules();
    let (outcome, said) = run(plan("nft", few(), 30), true);
    assert_eq!(outcome, RunOutcome::Warning, "{said}");
    let ours = tool("nft", &["-s", "list", "table", "inet", "ngcp_warden"]);
    reloads(manager);
    assert_eq!(tool("nft", &["-s", "list", "table", "inet", "ngcp_warden"]), ours, "{manager} reload");
    tool("nft", &["delete", "table", "inet", "ngcp_warden"]);
    assert_eq!(all_rules(), theirs);
    let (code, said) = warden(&["firewall", "load"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(tool("nft", &["-s", "list", "table", "inet", "ngcp_warden"]), ours);
}

#[test]
fn another_firewall_opens_what_was_answered_by_its_own_commands_and_its_reload_leaves_ours_alone() {
    const TEST: &str = "native::another_firewall_opens_what_was_answered_by_its_own_commands_and_its_reload_leaves_ours_alone";
    match scene() {
        None => play(TEST, &["ufw", "firewalld"]),
        Some(manager) => opens(&manager),
    }
}
