//! Rules that were confirmed: kept, stored, taken back, and made again.

use std::fs;

use ngcp_warden::runner::{RunOutcome, Runs};

use super::{
    host::{STORED, all_rules, launch, outcome, play, scene, tool, until, warden},
    network::{Network, Who},
    rules::{SERVICES, plan, wanted},
};

/// Says that the change which waits is kept, as `confirm` does once it believes the login.
fn confirm(runs: &Runs, run: &str) {
    let armed = runs.dir(run).join("guard.json");
    let waits = || {
        let guard: Option<serde_json::Value> =
            fs::read(&armed).ok().and_then(|text| serde_json::from_slice(&text).ok());
        guard.filter(|guard| !guard["since"].is_null())
    };
    until("a change waits", || waits().is_some());
    let change = waits().unwrap()["change"].as_str().unwrap().to_owned();
    let keep = runs.dir(run).join("keep");
    tool("install", &["-m", "600", "/dev/null", keep.to_str().unwrap()]);
    fs::write(keep, change).unwrap();
}

fn stored() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(STORED)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn there_and_back(program: &str) {
    let mut network = Network::new();
    network.listen(&["tcp:22", "tcp:443"].map(str::to_owned));
    let v4 = if program == "nft" { "iptables-nft" } else { program };
    for program in [v4.to_owned(), v4.replace("iptables", "ip6tables")] {
        tool(&program, &["-A", "INPUT", "-j", "IDLETIMER", "--timeout", "600", "--label", &program]);
        // Tables that iptables has once made stay, empty or not.
        for chain in ["PREROUTING", "OUTPUT"] {
            tool(&program, &["-t", "raw", "-A", chain, "-p", "udp", "--dport", "9", "-j", "ACCEPT"]);
        }
    }
    let before = all_rules();
    let (runs, run) = launch(plan(program, wanted(SERVICES), 60));
    confirm(&runs, &run);
    assert_eq!(outcome(&runs, &run), RunOutcome::Warning, "nothing loads them at a restart without systemd");
    let loaded = all_rules();
    assert!(!loaded.contains("armed") && !loaded.contains("datestop"), "they no longer lift themselves");
    let files = stored();
    let rules: &[&str] = if program == "nft" {
        &["firewall.json", "firewall.nft"]
    } else {
        &["firewall.4", "firewall.6", "firewall.json"]
    };
    assert_eq!(files, rules);
    assert_eq!(network.reaches(Who::Stranger, "tcp", 22), [false, false]);

    let (code, said) = warden(&["undo", &run, "--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!((all_rules(), stored()), (before, Vec::new()), "as it was before");
    assert_eq!(network.reaches(Who::Stranger, "tcp", 22), [true, true]);

    let undone = runs.find(None).unwrap();
    let (_, said) = warden(&["undo", &undone, "--confirm", "none"]);
    assert_eq!((all_rules(), stored()), (loaded, files), "made again: {said}");
    assert_eq!(network.reaches(Who::Stranger, "tcp", 22), [false, false]);
    assert_eq!(network.reaches(Who::Trusted, "tcp", 22), [true, true]);
}

#[test]
fn rules_that_were_confirmed_are_stored_taken_back_and_made_again() {
    const TEST: &str = "undone::rules_that_were_confirmed_are_stored_taken_back_and_made_again";
    match scene() {
        None => play(TEST, &["nft", "iptables-nft", "iptables-legacy"]),
        Some(program) => there_and_back(&program),
    }
}
