//! Random rules as `iptables-restore` takes them, and what random rules are made from.

use std::fmt::Write as _;

use crate::{
    network::{FROM, PORTS, TO},
    random::Random,
};

const TABLES: [(&str, &[&str]); 5] = [
    ("raw", &["PREROUTING", "OUTPUT"]),
    ("mangle", &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
    ("nat", &["PREROUTING"]),
    ("filter", &["INPUT", "OUTPUT"]),
    ("security", &["INPUT", "OUTPUT"]),
];

/// Tables without rules.
pub(crate) fn empty() -> String {
    let mut text = String::new();
    for (table, _) in TABLES {
        let chains: &[&str] = match table {
            "raw" => &["PREROUTING", "OUTPUT"],
            "mangle" => &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
            "nat" => &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
            _ => &["INPUT", "FORWARD", "OUTPUT"],
        };
        writeln!(text, "*{table}").unwrap();
        chains.iter().for_each(|chain| writeln!(text, ":{chain} ACCEPT").unwrap());
        text.push_str("COMMIT\n");
    }
    text
}

/// An address of the other side, or of this one.
pub(crate) fn address(random: &mut Random, v6: bool, all: &[&'static str]) -> &'static str {
    let all: Vec<_> = all.iter().copied().filter(|one| one.contains(':') == v6).collect();
    random.of(&all)
}

pub(crate) fn network(random: &mut Random, v6: bool) -> String {
    let networks: &[&str] = if v6 {
        &["fd00:8::/64", "fd00:8::2/127", "fd00::/16", "fd00:9::/32", "::/0"]
    } else {
        &["10.8.0.0/24", "10.8.0.2/31", "10.8.0.0/15", "10.9.0.0/16", "0.0.0.0/1"]
    };
    if random.percent(40) { address(random, v6, &FROM).to_owned() } else { random.of(networks).to_owned() }
}

pub(crate) fn port(random: &mut Random) -> u16 {
    random.of(&PORTS)
}

/// Text for `iptables-restore`.
pub(crate) fn save(random: &mut Random, v6: bool, legacy: bool) -> String {
    let mut text = String::new();
    for (table, chains) in TABLES {
        let often = match table {
            "filter" => 100,
            "mangle" | "raw" => 30,
            "nat" => 25,
            _ => 12,
        };
        if !random.percent(often) {
            continue;
        }
        writeln!(text, "*{table}").unwrap();
        for chain in chains {
            let drops = table == "filter" && random.percent(if *chain == "INPUT" { 55 } else { 12 });
            writeln!(text, ":{chain} {}", if drops { "DROP" } else { "ACCEPT" }).unwrap();
        }
        text.push_str(":own - [0:0]\n");
        for chain in chains.iter().copied().chain(["own"]) {
            if table == "filter" && chain == "INPUT" && random.percent(55) {
                text.push_str("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n");
            }
            let most = if chain == "INPUT" || chain == "PREROUTING" { 5 } else { 2 };
            for _ in 0..random.below(most + 1) {
                let rule = save_rule(random, table, chain, v6, legacy);
                writeln!(text, "-A {chain} {rule}").unwrap();
            }
        }
        text.push_str("COMMIT\n");
    }
    text
}

fn save_rule(random: &mut Random, table: &str, chain: &str, v6: bool, legacy: bool) -> String {
    let out = matches!(chain, "OUTPUT" | "POSTROUTING");
    let (others, own, peer) = if out { ("-d", "-s", "--sport") } else { ("-s", "-d", "--dport") };
    let protocol = random.of(&["tcp", "udp"]);
    let mut rule = format!("-p {protocol}");
    let mut sent = false;
    for _ in 0..random.below(3) {
        let not = random.of(&["", "", "", "! "]);
        let part = match random.below(18) {
            0..=2 if !sent => {
                sent = true;
                format!("{not}{others} {}", network(random, v6))
            }
            3 if !rule.contains(&format!(" {own} ")) => format!("{not}{own} {}", address(random, v6, &TO)),
            4..=6 if !rule.contains(peer) && !rule.contains("multiport") => {
                format!("-m {protocol} {not}{peer} {}", random.of(&["1001", "1002", "1001:1002", "1003"]))
            }
            7 if !rule.contains(peer) && !rule.contains("multiport") => {
                format!("-m multiport {not}{peer}s {}", random.of(&["1001,1003", "1001:1002,1004"]))
            }
            8 | 9 if !rule.contains("--ctstate") => format!(
                "-m conntrack {not}--ctstate {}",
                random.of(&[
                    "NEW",
                    "ESTABLISHED",
                    "INVALID",
                    "UNTRACKED",
                    "NEW,UNTRACKED",
                    "DNAT",
                    "NEW,ESTABLISHED"
                ])
            ),
            10 if !out && chain != "own" && !rule.contains("-i ") => {
                format!("{not}-i {}", random.of(&["outside", "out+", "lo"]))
            }
            11 if !rule.contains("--mark") => {
                format!("-m mark {not}--mark {}", random.of(&["0x1", "0x0/0x2", "0x2"]))
            }
            12 if !rule.contains("mark") => format!("-m connmark {not}--mark {}", random.of(&["0x0", "0x1"])),
            13 => random
                .of(&["-m limit --limit 5/sec", "-m length --length 0:60", "-m comment --comment \"a b\""])
                .to_owned(),
            14 if !rule.contains("addrtype") && !out => format!("-m addrtype {not}--dst-type LOCAL"),
            15 if !v6 && legacy && !rule.contains("match-set") && !out => {
                format!("-m set {not}--match-set {}", random.of(&["nets src", "ports src,dst"]))
            }
            16 if !rule.contains("--date") => {
                format!(
                    "-m time --datest{}",
                    random.of(&["op 2020-01-01", "op 2037-01-01", "art 2020-01-01"])
                )
            }
            17 if protocol == "tcp" && !rule.contains("tcp-flags") => {
                format!("-m tcp {not}--tcp-flags FIN,SYN,RST,ACK {}", random.of(&["SYN", "ACK", "SYN,ACK"]))
            }
            _ => continue,
        };
        if part.contains("-m tcp") && rule.contains("-m tcp") {
            continue;
        }
        rule.push(' ');
        rule.push_str(&part);
    }
    let target = match (table, random.below(12)) {
        ("nat", 0..=4) if chain == "PREROUTING" => format!("-j REDIRECT --to-ports {}", port(random)),
        ("nat", 5 | 6) if chain == "PREROUTING" => {
            let to = if v6 { "[fd00:8::101]" } else { "10.8.0.101" };
            format!("-j DNAT --to-destination {to}:{}", port(random))
        }
        ("nat", 7 | 8) => "-j ACCEPT".to_owned(),
        ("raw", 0..=5) if chain != "own" => "-j NOTRACK".to_owned(),
        ("mangle", 0..=2) => "-j MARK --set-mark 1".to_owned(),
        ("mangle", 3) => "-j MARK --set-xmark 0x2/0x3".to_owned(),
        ("mangle", 4) => "-j CONNMARK --set-mark 1".to_owned(),
        ("mangle", 5) => random.of(&["-j CONNMARK --save-mark", "-j CONNMARK --restore-mark"]).to_owned(),
        ("nat", _) | (_, 6) => "-j RETURN".to_owned(),
        (_, 7) if chain != "own" => random.of(&["-j own", "-g own"]).to_owned(),
        ("filter", 8) => "-j REJECT".to_owned(),
        (_, 8 | 9) => "-j DROP".to_owned(),
        (_, 10) => "-j LOG".to_owned(),
        _ => "-j ACCEPT".to_owned(),
    };
    format!("{rule} {target}")
}
