//! Media in connection tracking and out of it.

use std::fs;

use ngcp_warden::runner::RunOutcome;
use serde_json::json;

use super::{
    host::{play, scene, tool},
    network::{Network, PROBE, Who},
    rules::{SERVICES, loading, plan, run, wanted},
};

/// Ports that media is sent to.
const STREAMS: usize = 1000;

/// How many connections the kernel remembers after media came in.
fn remembered(network: &Network) -> usize {
    let count = "/proc/sys/net/netfilter/nf_conntrack_count";
    let number = || fs::read_to_string(count).unwrap().trim().parse::<usize>().unwrap();
    let before = number();
    for v6 in [false, true] {
        let mut flood = network.command(Who::Subscriber, "python3");
        let to = Who::Subscriber.host(v6);
        flood.arg("-c").arg(PROBE).args(["flood", &to, "30000", &STREAMS.to_string()]);
        assert!(flood.status().unwrap().success());
    }
    number() - before
}

fn tracks(program: &str) {
    // Else each stream is answered that nobody listens.
    let mut network = Network::new();
    network.listen(&["tcp:22".to_owned()]);
    tool(
        "nft",
        &[
            "add table inet theirs { chain out { type filter hook output priority 0; policy accept; icmp type 3 drop; icmpv6 type 1 drop; } ; }",
        ],
    );
    let counts = [json!([]), json!([{"protocol": "udp", "from": 30000, "to": 40000}])].map(|untracked| {
        let mut wanted = wanted(SERVICES);
        wanted["untracked"] = untracked;
        let (outcome, said) = run(loading(plan(program, wanted, 30)), true);
        assert_eq!(outcome, RunOutcome::Done, "{said}");
        remembered(&network)
    });
    println!(
        "{program}: {} streams in, {} connections remembered with tracking, {} without",
        2 * STREAMS,
        counts[0],
        counts[1]
    );
    assert!(counts[0] >= 2 * STREAMS * 9 / 10 && counts[1] <= 20, "{counts:?}");
}

#[test]
fn media_that_is_left_out_of_tracking_leaves_nothing_to_remember() {
    const TEST: &str = "media::media_that_is_left_out_of_tracking_leaves_nothing_to_remember";
    match scene() {
        None => play(TEST, &["nft", "iptables-nft", "iptables-legacy"]),
        Some(program) => tracks(&program),
    }
}
