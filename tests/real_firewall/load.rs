//! What a restart of the host finds: the rules that were confirmed, or SSH and nothing else, never everything.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use ngcp_warden::{executor::System, host::packet_filter::Filters, runner::RunOutcome, steps};

use super::{
    host::{STORED, all_rules, play, scene, tool, warden},
    network::{Network, Who},
    rules::{SERVICES, facts, loading, plan, run, wanted},
};

fn reached(network: &Network, who: Who) -> [bool; 3] {
    ["tcp/22", "tcp/443", "tcp/3306"].map(|port| {
        let (protocol, port) = port.split_once('/').unwrap();
        let [v4, v6] = network.reaches(who, protocol, port.parse().unwrap());
        assert_eq!(v4, v6, "{who:?} {port}");
        v4
    })
}

/// What another firewall does, and a restart: nothing of ours is left.
fn flush(program: &str) {
    if program == "nft" {
        tool("nft", &["flush", "ruleset"]);
        return;
    }
    for program in [program.to_owned(), program.replace("iptables", "ip6tables")] {
        for args in [&["-F"][..], &["-X"], &["-t", "raw", "-F"], &["-t", "raw", "-X"]] {
            tool(&program, args);
        }
    }
}

fn loads_again(program: &str) {
    let mut network = Network::new();
    network.listen(&["tcp:22", "tcp:443", "tcp:3306"].map(str::to_owned));
    assert_eq!(warden(&["firewall", "load"]).0, 0, "nothing is stored, nothing is loaded");
    let (outcome, said) = run(plan(program, wanted(SERVICES), 30), true);
    assert_eq!(outcome, RunOutcome::Warning, "without systemd somebody else must load it: {said}");
    let loaded = all_rules();
    let works = |network: &Network| {
        assert_eq!(reached(network, Who::Stranger), [false, true, false]);
        assert_eq!(reached(network, Who::Trusted), [true, true, false]);
    };
    works(&network);

    flush(program);
    assert_eq!(reached(&network, Who::Stranger), [true, true, true], "flushed");
    let (code, said) = warden(&["firewall", "load"]);
    assert_eq!((code, said.as_str()), (0, ""));
    works(&network);
    assert_eq!(all_rules(), loaded, "the same rules");
    assert_eq!(warden(&["firewall", "load"]).0, 0);
    assert_eq!(all_rules(), loaded, "none is doubled");

    // Somebody edited what is stored: what nobody confirmed is not loaded.
    flush(program);
    let file = if program == "nft" { "firewall.nft" } else { "firewall.4" };
    let path = format!("{STORED}/{file}");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\nflush ruleset\n", text.replace("443", "3306"))).unwrap();
    let (code, said) = warden(&["firewall", "load"]);
    assert!(code == 0 && said.contains("was changed since the rules were confirmed"), "{code} {said}");
    works(&network);
    assert_eq!(all_rules(), loaded, "the confirmed rules");

    // Others could have written it.
    let json = format!("{STORED}/firewall.json");
    fs::set_permissions(&json, fs::Permissions::from_mode(0o666)).unwrap();
    let (code, said) = warden(&["firewall", "load"]);
    assert!(code == 1 && said.contains("can be written by others than root"), "{code} {said}");
    fs::set_permissions(&json, fs::Permissions::from_mode(0o644)).unwrap();

    // Nobody knows any more who is trusted.
    fs::write(&json, "{").unwrap();
    let (code, said) = warden(&["firewall", "status"]);
    assert!(code == 1 && said.contains("a restart lets SSH in and nothing else"), "{code} {said}");
    let (code, said) = warden(&["firewall", "load"]);
    assert!(code == 1 && said.contains("only SSH is let in"), "{code} {said}");
    if program != "iptables-legacy" {
        assert_eq!(reached(&network, Who::Stranger), [true, false, false]);
    }
}

#[test]
fn what_was_confirmed_is_loaded_again_and_what_does_not_load_leaves_only_ssh_f08() {
    const TEST: &str = "load::what_was_confirmed_is_loaded_again_and_what_does_not_load_leaves_only_ssh_f08";
    match scene() {
        None => play(TEST, &["nft", "iptables-nft", "iptables-legacy"]),
        Some(program) => loads_again(&program),
    }
}

/// The unit that loads them says nothing that systemd does not understand.
#[test]
fn systemd_understands_the_unit() {
    let text = include_str!("../../assets/systemd/ngcp-warden-firewall.service");
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("ngcp-warden-firewall.service");
    fs::write(&unit, text.replace("/usr/local/sbin/ngcp-warden", "/bin/true")).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");
}

/// Between the review and the run somebody else changes any filter: nothing of ours is loaded.
fn changed_meanwhile(program: &str) {
    tool("ip", &["link", "set", "lo", "up"]);
    let host = System::live().unwrap();
    let mut seen = facts(program);
    seen["seen"] = Filters::read(&host).sum().unwrap().into();
    let plan = || loading(steps::firewall_rules(seen.clone(), Some(wanted(SERVICES)), 30).unwrap());
    let other = if program == "nft" { "iptables-legacy" } else { "ip6tables-nft" };
    tool(other, &["-A", "INPUT", "-p", "tcp", "--dport", "9997", "-j", "DROP"]);
    let before = all_rules();
    let (outcome, said) = run(plan(), true);
    assert_eq!(outcome, RunOutcome::Failed);
    assert!(said.contains("were changed since they were looked at"), "{said}");
    assert_eq!(all_rules(), before, "nothing is loaded");
    tool(other, &["-D", "INPUT", "-p", "tcp", "--dport", "9997", "-j", "DROP"]);
    // A table that was made by that is a change as well.
    seen["seen"] = Filters::read(&host).sum().unwrap().into();
    let plan = loading(steps::firewall_rules(seen, Some(wanted(SERVICES)), 30).unwrap());
    let (outcome, said) = run(plan, true);
    assert_eq!(outcome, RunOutcome::Done, "{said}");
    println!("{program}: a rule of somebody else between review and run was noticed, nothing was loaded");
}

#[test]
fn a_filter_that_somebody_changes_after_the_review_stops_the_run_before_anything_is_loaded() {
    const TEST: &str =
        "load::a_filter_that_somebody_changes_after_the_review_stops_the_run_before_anything_is_loaded";
    match scene() {
        None => play(TEST, &["nft", "iptables-nft", "iptables-legacy"]),
        Some(program) => changed_meanwhile(&program),
    }
}
