//! The judgement of packet filters beside real packets: random foreign rulesets are loaded into a network namespace, and
//! what gets through from another one is compared with what was said of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod known;
mod network;
mod random;
mod rulesets;
mod saved;

use std::{
    collections::BTreeMap,
    env,
    process::{Command, Stdio},
};

use network::{Probe, Server};
use ngcp_warden::{
    executor::System,
    host::packet_filter::{Arrival, Filters, Ruling, Verdict},
};
use random::Random;
use rulesets::Ruleset;

/// Random rulesets, and the processes among which they are divided.
const RULESETS: u64 = 400;
const SHARDS: u64 = 4;
const PROBES: usize = 12;
/// The seed of the first one, so that each can be made again.
const SEED: u64 = 0x5eed;

/// In this process nothing runs but the other side of the network.
#[test]
fn other_side() {
    if env::var_os("PACKET_FILTER_CLIENT").is_some() {
        network::answer_for_ever();
    }
}

#[test]
fn no_verdict_is_wrong_beside_real_packets() {
    if let Ok(shard) = env::var("PACKET_FILTER_SHARD") {
        return one_shard(shard.parse().unwrap());
    }
    let me = env::current_exe().unwrap();
    let test = "no_verdict_is_wrong_beside_real_packets";
    let shards: Vec<_> = (0..SHARDS)
        .map(|shard| {
            let mut command = Command::new("unshare");
            command.args(["--net", "--mount", "--propagation", "private"]).arg(&me);
            command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
            command.env("PACKET_FILTER_SHARD", shard.to_string());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut failed = Vec::new();
    for shard in shards {
        let output = shard.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in said.lines().filter_map(|line| line.strip_prefix("counted ")) {
            let (what, count) = line.rsplit_once(' ').unwrap();
            *sums.entry(what.to_owned()).or_default() += count.parse::<u64>().unwrap();
        }
        said.lines().filter(|line| line.starts_with("refused ")).for_each(|line| println!("{line}"));
        if !output.status.success() {
            failed.push(format!("{said}{}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let sum = |what: &str| sums.get(what).copied().unwrap_or_default();
    let decided = sum("open") + sum("closed");
    let all = decided + sum("unknown");
    println!(
        "{} rulesets ({} refused by their program), {all} probes: {} open, {} closed, 0 wrong, {} unknown ({} %)",
        sum("rulesets"),
        sum("refused"),
        sum("open"),
        sum("closed"),
        sum("unknown"),
        sum("unknown") * 100 / all.max(1)
    );
    println!("  {sums:?}");
    assert!(sum("rulesets") >= 300, "too few rulesets were loaded");
    assert!(sum("open") > 300 && sum("closed") > 300, "too little was decided");
    assert!(sum("unknown") * 3 < all, "what cannot be told is no minority");
}

fn one_shard(shard: u64) {
    let server = Server::start();
    let host = System::live().unwrap();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    let fixed = known::RULESETS.iter().enumerate().filter(|(at, _)| *at as u64 % SHARDS == shard);
    let fixed = fixed.map(|(at, text)| (at as u64, Ruleset::nft(text)));
    let only = env::var("PACKET_FILTER_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = (0..RULESETS).filter(|seed| seed % SHARDS == shard).map(|seed| SEED + seed);
    let seeds = seeds.filter(|seed| only.is_none_or(|only| only == *seed));
    let random = seeds.map(|seed| (seed, Ruleset::random(&mut Random::new(seed))));
    for (seed, ruleset) in fixed.filter(|_| only.is_none()).chain(random) {
        if let Err(why) = ruleset.load() {
            *counts.entry("refused").or_default() += 1;
            assert!(seed >= SEED, "{why}\n{}", ruleset.text());
            println!("refused {seed}: {why}");
            continue;
        }
        *counts.entry("rulesets").or_default() += 1;
        let filters = Filters::read(&host);
        assert!(filters.unseen.is_empty(), "{:?}\n{}", filters.unseen, ruleset.text());
        let mut random = Random::new(!seed);
        let probes: Vec<Probe> = if seed < SEED {
            network::all()
        } else {
            (0..PROBES).map(|_| Probe::random(&mut random)).collect()
        };
        let rulings: Vec<Ruling> = probes.iter().map(|probe| filters.judge(&arrival(probe))).collect();
        let got = server.probe(&probes);
        for ((probe, ruling), mut got) in probes.iter().zip(&rulings).zip(got) {
            let said = match ruling.verdict {
                Verdict::Open => true,
                Verdict::Closed => false,
                Verdict::Unknown => {
                    *counts.entry("unknown").or_default() += 1;
                    if only.is_some() {
                        println!("unknown {probe:?} {ruling:?}");
                    }
                    continue;
                }
            };
            // A busy machine may be late: whatever is not as said is asked once more, with patience.
            if got != said {
                got = server.patiently(probe);
            }
            if got == said {
                *counts.entry(if said { "open" } else { "closed" }).or_default() += 1;
            } else {
                wrong.push(format!(
                    "seed {seed}: {probe:?} got through: {got}, said {ruling:?}\n{}",
                    ruleset.text()
                ));
            }
        }
    }
    // The test's name stands in the line that is open.
    println!();
    for (what, count) in &counts {
        println!("counted {what} {count}");
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn arrival(probe: &Probe) -> Arrival {
    Arrival { from: probe.from, to: probe.to, protocol: probe.protocol, port: probe.port, interface: None }
}
