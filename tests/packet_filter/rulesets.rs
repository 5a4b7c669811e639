//! Random rulesets of all filters, as text for their own programs.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

use crate::{
    network::{FROM, INTERFACE, TO},
    random::Random,
    saved::{address, empty, network, port, save},
};

/// What is loaded, program by program.
#[derive(Debug, Default)]
pub(crate) struct Ruleset {
    nft: String,
    ipset: String,
    legacy: [String; 2],
    by_nft: [String; 2],
}

impl Ruleset {
    pub(crate) fn nft(text: &str) -> Self {
        // A block ends its line.
        Ruleset {
            nft: format!("{}\n", text.replace("} }", "}\n}").replace("} chain", "}\nchain")),
            ..Ruleset::default()
        }
    }

    pub(crate) fn random(random: &mut Random) -> Self {
        let mut all = Ruleset::default();
        let kind = random.below(10);
        if kind < 6 || kind == 9 {
            for name in ["one", "two"].iter().take(1 + random.below(2)) {
                nft_table(random, name, &mut all.nft);
            }
        }
        for (at, v6) in [(0, false), (1, true)] {
            if matches!(kind, 6 | 7) || (kind == 9 && random.percent(60)) {
                all.legacy[at] = save(random, v6, true);
            }
            if kind == 8 || (matches!(kind, 7 | 9) && random.percent(50)) {
                all.by_nft[at] = save(random, v6, false);
            }
        }
        if all.legacy.iter().chain(&all.by_nft).any(|text| text.contains("--match-set")) {
            all.ipset = "create nets hash:net\nadd nets 10.8.0.0/30\nadd nets 10.8.0.2 nomatch\ncreate ports hash:ip,port\n\
                add ports 10.8.0.1,tcp:1001\nadd ports 10.9.1.1,udp:1002\n"
                .to_owned();
        }
        all
    }

    pub(crate) fn text(&self) -> String {
        let named = [("nft", &self.nft), ("ipset", &self.ipset)];
        let saved = self
            .legacy
            .iter()
            .map(|text| ("legacy", text))
            .chain(self.by_nft.iter().map(|text| ("by nft", text)));
        named
            .into_iter()
            .chain(saved)
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| format!("--- {name}\n{text}\n"))
            .collect()
    }

    /// Loads it in the place of whatever was there.
    pub(crate) fn load(&self) -> Result<(), String> {
        feed("nft", &["-f", "-"], "flush ruleset\n")?;
        for program in ["iptables-legacy-restore", "ip6tables-legacy-restore"] {
            feed(program, &[], &empty())?;
        }
        feed("ipset", &["destroy"], "")?;
        feed("ipset", &["restore"], &self.ipset)?;
        feed("nft", &["-f", "-"], &self.nft)?;
        for (text, legacy, new) in [
            (0, "iptables-legacy-restore", "iptables-nft-restore"),
            (1, "ip6tables-legacy-restore", "ip6tables-nft-restore"),
        ] {
            feed(legacy, &[], &self.legacy[text])?;
            feed(new, &[], &self.by_nft[text])?;
        }
        Ok(())
    }
}

fn feed(program: &str, args: &[&str], text: &str) -> Result<(), String> {
    if text.is_empty() && args != ["destroy"] {
        return Ok(());
    }
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {said}")) }
}

fn nft_table(random: &mut Random, name: &str, text: &mut String) {
    let family = random.of(&["inet", "inet", "inet", "ip", "ip6"]);
    let v6 = |random: &mut Random| match family {
        "ip" => false,
        "ip6" => true,
        _ => random.percent(40),
    };
    writeln!(text, "table {family} {name} {{").unwrap();
    if random.percent(4) {
        text.push_str("  flags dormant\n");
    }
    text.push_str(
        "  set v4 { type ipv4_addr; flags interval; elements = { 10.8.0.2/31, 10.9.0.0-10.9.200.0 } }
  set v6 { type ipv6_addr; elements = { fd00:8::1, fd00:9::1 } }
  set soon { type ipv4_addr; flags timeout; elements = { 10.8.0.1 timeout 1h, 10.8.0.2 timeout 1ms } }
  set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.8.0.0/30 . 1001-1002, 10.9.1.1 . 1003 } }
  map go { type inet_service : verdict; flags interval; elements = { 1001 : accept, 1002-1003 : jump u1, 1004 : drop } }
  map marks { type ipv4_addr : mark; flags interval; elements = { 10.8.0.0/31 : 1, 10.9.0.0/16 : 2 } }
  chain u2 {\n",
    );
    let rules = |random: &mut Random, hook: &str, most: usize, chains: &[&str], text: &mut String| {
        for _ in 0..random.below(most + 1) {
            let six = v6(random);
            let rule = nft_rule(random, hook, six, chains);
            writeln!(text, "    {rule}").unwrap();
        }
    };
    rules(random, "user", 2, &[], text);
    text.push_str("  }\n  chain u1 {\n");
    rules(random, "user", 3, &["u2"], text);
    text.push_str("  }\n");
    let hooks: &[(&str, &[&str], usize)] = &[
        ("input", &["filter", "filter", "-10", "10", "-200", "security"], 90),
        ("prerouting", &["raw", "-250", "-199", "mangle", "-50", "filter"], 45),
        ("output", &["raw", "mangle", "filter", "50"], 25),
        ("postrouting", &["mangle", "filter", "50", "150"], 12),
        ("nat", &["dstnat", "-90"], 22),
        ("ingress", &["0", "-5"], 12),
    ];
    for (hook, priorities, often) in hooks {
        if !random.percent(*often) || (*hook == "ingress" && family != "inet") {
            continue;
        }
        let priority = random.of(priorities);
        let (kind, at, device) = match *hook {
            "nat" => ("nat", "prerouting", String::new()),
            "ingress" => ("filter", "ingress", format!(" device {INTERFACE}")),
            other => ("filter", other, String::new()),
        };
        let drops = *hook != "nat" && random.percent(if *hook == "input" { 55 } else { 12 });
        let policy = if drops { "drop" } else { "accept" };
        writeln!(
            text,
            "  chain c_{hook} {{\n    type {kind} hook {at}{device} priority {priority}; policy {policy};"
        )
        .unwrap();
        if drops && random.percent(65) {
            text.push_str("    ct state established,related accept\n");
        }
        rules(random, hook, 5, &["u1", "u2"], text);
        text.push_str("  }\n");
    }
    text.push_str("}\n");
}

fn nft_rule(random: &mut Random, hook: &str, v6: bool, chains: &[&str]) -> String {
    let ip = if v6 { "ip6" } else { "ip" };
    let out = matches!(hook, "output" | "postrouting");
    // What the other side has, seen from here.
    let (others, own, peer) = if out { ("daddr", "saddr", "sport") } else { ("saddr", "daddr", "dport") };
    if hook == "nat" {
        let protocol = random.of(&["tcp", "udp"]);
        let what = format!("{ip} {others} {} {protocol} dport {}", network(random, v6), port(random));
        let to = port(random);
        return match random.below(5) {
            0 | 1 => format!("{what} redirect to :{to}"),
            2 if !v6 => format!("{what} dnat ip to 10.8.0.101:{to}"),
            3 if v6 => format!("{what} dnat ip6 to [fd00:8::101]:{to}"),
            3 => format!("{what} dnat ip to 10.8.0.77"),
            _ => format!("{what} accept"),
        };
    }
    let mut rule = String::new();
    for _ in 0..random.below(3) {
        let not = random.of(&["", "", "", "!= "]);
        let part = match random.below(30) {
            0..=3 => format!("{ip} {others} {not}{}", network(random, v6)),
            4 => format!("{ip} {others} {not}{{ {}, {} }}", address(random, v6, &FROM), "10.9.0.0/16"),
            5 if !v6 => format!("ip {others} {not}@{}", random.of(&["v4", "soon"])),
            5 => format!("ip6 {others} {not}@v6"),
            6 => format!("{ip} {own} {not}{}", address(random, v6, &TO)),
            7..=11 => format!("{} {peer} {not}{}", random.of(&["tcp", "udp", "th"]), port(random)),
            12 => format!("tcp {peer} {not}{{ {}, 1003-1004 }}", port(random)),
            13 => format!("udp {peer} {}", random.of(&["> 1002", "<= 1001", "1000-1002", "!= 1001-1003"])),
            14 => format!("meta l4proto {not}{}", random.of(&["tcp", "udp", "{ tcp, udp }", "icmp"])),
            15 | 16 => format!(
                "ct state {not}{}",
                random.of(&[
                    "new",
                    "established",
                    "invalid",
                    "untracked",
                    "{ new, established }",
                    "{ new, untracked }"
                ])
            ),
            17 => format!("iifname {not}{}", random.of(&["outside", "\"out*\"", "lo", "{ lo, eth7 }"])),
            18 => format!("meta mark {not}{}", random.of(&["0", "1", "2", "1-3"])),
            19 => format!("meta mark & {} == {}", random.of(&["0x1", "0x3"]), random.of(&["0", "1"])),
            20 => format!("ct mark {not}{}", random.of(&["0", "1", "2"])),
            21 => random
                .of(&[
                    "limit rate 5/second",
                    "numgen random mod 2 0",
                    "meta length > 60",
                    "tcp sport > 40000",
                ])
                .to_owned(),
            22 => format!("fib daddr type {not}local"),
            23 => random
                .of(&["tcp flags syn / fin,syn,rst,ack", "tcp flags & (syn | ack) == ack", "tcp flags ack"])
                .to_owned(),
            24 if !v6 => format!("ip {others} . th {peer} {not}@pairs"),
            25 => format!("meta nfproto {not}{}", random.of(&["ipv4", "ipv6"])),
            26 => random
                .of(&["ct status dnat", "ct direction original", "ct direction reply", "meta pkttype host"])
                .to_owned(),
            27 => format!(
                "{ip} {}",
                if v6 {
                    random.of(&["hoplimit 64", "nexthdr tcp"])
                } else {
                    random.of(&["ttl 64", "protocol tcp", "frag-off & 0x1fff == 0"])
                }
            ),
            28 => "counter".to_owned(),
            _ => random
                .of(&["log prefix \"x\"", "icmp type echo-request", "meta protocol ip", "meta protocol ip6"])
                .to_owned(),
        };
        if part.contains("numgen") {
            return format!("{rule}numgen random mod 2 0 {}", random.of(&["drop", "accept"]));
        }
        rule.push_str(&part.replace("10.9.0.0/16 }", if v6 { "fd00:9::1 }" } else { "10.9.0.0/16 }" }));
        rule.push(' ');
    }
    let jump = |random: &mut Random| match chains {
        [] => "return".to_owned(),
        chains => format!("{} {}", random.of(&["jump", "goto"]), random.of(chains)),
    };
    let refuse = if matches!(hook, "input" | "output") { "reject" } else { "drop" };
    let verdict = match random.below(20) {
        0..=6 => "accept".to_owned(),
        7..=10 => "drop".to_owned(),
        11 => refuse.to_owned(),
        12 | 13 => jump(random),
        14 => random.of(&["return", "continue"]).to_owned(),
        15 => random
            .of(&["meta mark set 1", "meta mark set meta mark | 0x2", "meta mark set ct mark"])
            .to_owned(),
        16 if !v6 && !out => "meta mark set ip saddr map @marks".to_owned(),
        16 | 17 => random.of(&["ct mark set 1", "ct mark set meta mark"]).to_owned(),
        18 if matches!(hook, "prerouting" | "output") => "notrack".to_owned(),
        18 => "ct state vmap { established : accept, new : continue, invalid : drop }".to_owned(),
        19 if !chains.is_empty() && chains.contains(&"u1") => format!("tcp {peer} vmap @go"),
        _ => format!("{ip} {others} vmap {{ {} : drop }}", address(random, v6, &FROM)),
    };
    format!("{rule}{verdict}")
}
