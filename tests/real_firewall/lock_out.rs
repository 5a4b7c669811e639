//! Rules that cut off whoever made them: back again by themselves, whatever became of our processes, and nothing of
//! others is touched.

use ngcp_warden::runner::{RunOutcome, State};
use serde_json::json;

use super::{
    host::{STORED, all_rules, kill_all, launch, outcome, play, scene, signal_all, tool, until, warden},
    network::{Network, Who},
    rules::{plan, wanted},
};

const SECONDS: u64 = 4;
/// Where nobody of us lives to see the end of it: so long that all are killed before.
const LONGER: u64 = 10;
const PROGRAMS: [&str; 3] = ["nft", "iptables-nft", "iptables-legacy"];

/// Rules of others in every filter, with a target among them that nft can list and not load.
fn foreign() {
    for program in ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"] {
        for rule in [
            "-A INPUT -p udp -m udp --dport 9999 -j DROP",
            "-A INPUT -j IDLETIMER --timeout 600 --label theirs",
            "-A INPUT -p tcp -m tcp --dport 9998 -j ACCEPT",
        ] {
            let rule = rule.replace("theirs", &program.replace("tables", ""));
            tool(program, &rule.split(' ').collect::<Vec<_>>());
        }
    }
    tool(
        "nft",
        &["add table inet theirs { chain input { type filter hook input priority 5; policy accept; } ; }"],
    );
}

/// Only another network may log in, so whoever makes these rules is cut off.
fn cuts_off() -> serde_json::Value {
    let mut wanted = wanted(&[("ssh", "trusted", &["tcp:22"]), ("sip", "everyone", &["udp:5060"])]);
    wanted["trusted"] = json!(["192.0.2.0/24", "2001:db8:2::/48"]);
    wanted
}

fn stored() -> usize {
    std::fs::read_dir(STORED).unwrap().count()
}

fn locked_out(program: &str, how: &str) {
    let mut network = Network::new();
    network.listen(&["tcp:22".to_owned(), "udp:5060".to_owned()]);
    let me = Who::Stranger;
    foreign();
    let before = all_rules();
    assert_eq!(network.reaches(me, "tcp", 22), [true, true], "before");

    let killed = how == "everything of ours is killed";
    let (runs, run) = launch(plan(program, cuts_off(), if killed { LONGER } else { SECONDS }));
    until("both families are cut off", || network.reaches(me, "tcp", 22) == [false, false]);
    assert_eq!(
        network.reaches(Who::Trusted, "tcp", 22),
        [true, true],
        "the rules are those that were wanted"
    );
    match how {
        "nobody says anything" => {}
        "the line is dropped" => signal_all("-HUP"),
        "everything of ours is killed" => kill_all(),
        how => panic!("{how}"),
    }
    let took = until("both families are reachable again", || network.reaches(me, "tcp", 22) == [true, true]);
    println!("{program}, {how}: reachable again {:.1} s later over IPv4 and IPv6", took.as_secs_f32());
    if killed {
        // No process did that. The next start of the program tidies up.
        assert_eq!(runs.state(&run).unwrap(), State::CutOff);
        assert_ne!(all_rules(), before, "the rules are there, and refuse nothing");
        let (_, said) = warden(&["firewall", "status"]);
        assert!(said.contains("rules of ours   none"), "{said}");
        let (code, said) = warden(&["undo", &run, "--confirm", "none"]);
        assert_eq!(code, 0, "{said}");
    } else {
        assert_eq!(outcome(&runs, &run), RunOutcome::Failed);
    }
    assert_eq!(all_rules(), before, "what others have is as it was");
    assert_eq!(stored(), 0, "nothing is stored that nobody confirmed");
}

/// F01, F02, F03, F11: nobody stays locked out.
#[test]
fn rules_that_cut_off_whoever_made_them_lift_themselves_f01_f02_f03_f11() {
    const TEST: &str = "lock_out::rules_that_cut_off_whoever_made_them_lift_themselves_f01_f02_f03_f11";
    let ways = ["nobody says anything", "the line is dropped", "everything of ours is killed"];
    let Some(scene) = scene() else {
        let scenes: Vec<String> =
            PROGRAMS.iter().flat_map(|program| ways.map(|how| format!("{program}: {how}"))).collect();
        return play(TEST, &scenes.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let (program, how) = scene.split_once(": ").unwrap();
    locked_out(program, how);
}
