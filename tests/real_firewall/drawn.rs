//! Whatever can be wanted becomes rules that the host's own programs take.

use std::{fmt::Write, time::Instant};

use ngcp_warden::{
    executor::{Executor, Quiet, System},
    plan::{Action, Plan},
    secret::Secrets,
};
use serde_json::{Value, json};

use super::{
    host::{play, scene},
    rules::{SERVICES, loading, plan, run, wanted},
};

/// The same numbers in every run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }

    fn ports(&mut self) -> Value {
        let from = self.below(65536);
        let to = if self.below(2) == 0 { from } else { self.below(65536) };
        json!({"protocol": self.one_of(&["tcp", "udp"]), "from": from, "to": to})
    }

    fn some_ports(&mut self) -> Vec<Value> {
        (0..self.below(20)).map(|_| self.ports()).collect()
    }

    fn network(&mut self) -> String {
        let length =
            |bits: u64, drawn: &mut Self| if drawn.below(4) == 0 { bits } else { drawn.below(bits + 1) };
        if self.below(2) == 0 {
            let length = length(32, self);
            let bits = (self.below(1 << 31) << 1) as u32;
            let kept = if length == 0 { 0 } else { bits >> (32 - length) << (32 - length) };
            return format!("{}/{length}", std::net::Ipv4Addr::from(kept));
        }
        let length = length(128, self);
        let bits =
            (0x2001_u128 << 112) | (u128::from(self.below(1 << 31)) << 70) | u128::from(self.below(1 << 31));
        let kept = if length == 0 { 0 } else { bits >> (128 - length) << (128 - length) };
        format!("{}/{length}", std::net::Ipv6Addr::from(kept))
    }

    fn wanted(&mut self) -> Value {
        let names = ["csc", "sip", "rtp", "ssh", "listener.9100-tcp", "a \"b\"; drop", "ünï", ""];
        let mut services = serde_json::Map::new();
        for _ in 0..self.below(12) {
            let (name, whom) = (self.one_of(&names), self.one_of(&["everyone", "trusted", "nobody", "?"]));
            services.insert(name.to_owned(), json!([whom, self.some_ports()]));
        }
        let networks: Vec<String> = (0..self.below(30)).map(|_| self.network()).collect();
        json!({
            "services": services, "trusted": networks, "extra": [self.some_ports(), self.some_ports()],
            "ssh": [22], "untracked": self.some_ports(), "logging": self.below(2) == 0, "safe_start": false,
        })
    }
}

/// Lets the host's own programs judge the rules of a plan.
fn judged(plan: &Plan, drawn: &Value) -> usize {
    let host = System::live().unwrap();
    let checks = plan.changes.iter().filter(|change| change.id.starts_with("firewall.check"));
    checks
        .map(|change| {
            let Action::Run(line) = &change.action else { panic!("{change:?}") };
            let command = line.timed(30, host.now()).resolve(&Secrets::default()).unwrap();
            let exit = host.run(&command, &mut Quiet).unwrap();
            assert!(exit.ok(), "{}: {}\n{drawn}\n{line}", line.program, exit.reason());
        })
        .count()
}

fn draws(program: &str) {
    let mut drawn = Drawn(7);
    let mut count = 0;
    for _ in 0..200 {
        let wanted = drawn.wanted();
        count += judged(&plan(program, wanted.clone(), 30), &wanted);
    }
    println!("{program}: {count} drawn sets of rules, all accepted");

    // What is accepted is loaded, and listed as it was given.
    for _ in 0..5 {
        let wanted = drawn.wanted();
        let (outcome, said) = run(loading(plan(program, wanted.clone(), 30)), true);
        assert!(said.contains("keep") && !said.contains("Failed"), "{outcome:?} {said}\n{wanted}");
    }
    thousand(program);
}

/// Printed, and not judged: the machine may have more to do.
fn thousand(program: &str) {
    let mut many = wanted(SERVICES);
    let networks: Vec<String> = (0..1000)
        .map(|n| {
            if n % 2 == 0 {
                format!("10.{}.{}.0/24", n / 250, n % 250)
            } else {
                format!("2001:db8:{n:x}::/48")
            }
        })
        .collect();
    many["trusted"] = json!(networks);
    let plan = loading(plan(program, many, 30));
    let host = System::live().unwrap();
    let begun = Instant::now();
    for change in plan.changes.iter().filter(|change| change.id.starts_with("firewall.keep")) {
        let Action::Run(line) = &change.action else { panic!("{change:?}") };
        let exit = host.run(&line.resolve(&Secrets::default()).unwrap(), &mut Quiet).unwrap();
        assert!(exit.ok(), "{}", exit.reason());
    }
    let own = begun.elapsed().as_secs_f32();
    let mut single =
        "table inet single { chain input { type filter hook input priority 20; policy accept;\n".to_owned();
    for network in &networks {
        let family = if network.contains(':') { "ip6" } else { "ip" };
        let _ = writeln!(single, "{family} saddr {network} tcp dport 22 accept");
    }
    single += "}\n}\n";
    let command = ngcp_warden::executor::Command::new("nft", ["-f", "-"]);
    let begun = Instant::now();
    let exit = host.run(&command.stdin(ngcp_warden::secret::Secret::new(single)), &mut Quiet).unwrap();
    assert!(exit.ok(), "{}", exit.reason());
    let single = begun.elapsed().as_secs_f32();
    println!(
        "{program}: 1000 trusted networks loaded in {own:.3} s; 1000 single rules of nft in {single:.3} s"
    );
}

#[test]
fn whatever_can_be_wanted_becomes_rules_that_are_accepted() {
    const TEST: &str = "drawn::whatever_can_be_wanted_becomes_rules_that_are_accepted";
    match scene() {
        None => play(TEST, &["nft", "iptables-nft", "iptables-legacy"]),
        Some(program) => draws(&program),
    }
}
