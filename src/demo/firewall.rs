//! Who listens on the sample host, and an `nft` that remembers our table: everything else of its packet filters is the
//! rule of rtpengine, so strangers reach the database.

use serde_json::{Value, json};

use super::programs::{ms, usage, words};
use crate::executor::{
    Command,
    simulated::{Answer, Files, Simulated},
};

/// What was loaded as our table, and since when.
const LOADED: &str = "/run/nft";
/// Where each program listens: process, its file, protocol, address, port.
const LISTENERS: &[(u32, &str, &str, [u8; 4], u16)] = &[
    (611, "/usr/sbin/sshd", "tcp", [0, 0, 0, 0], 22),
    (640, "/usr/sbin/exim4", "tcp", [127, 0, 0, 1], 25),
    (655, "/usr/sbin/nginx", "tcp", [0, 0, 0, 0], 80),
    (688, "/usr/bin/redis-server", "tcp", [0, 0, 0, 0], 6379),
    (702, "/usr/sbin/mariadbd", "tcp", [0, 0, 0, 0], 3306),
    (733, "/usr/sbin/asterisk", "tcp", [127, 0, 0, 1], 5038),
    (748, "/usr/sbin/kamailio", "tcp", [198, 51, 100, 7], 5060),
    (748, "/usr/sbin/kamailio", "udp", [198, 51, 100, 7], 5060),
    (761, "/usr/sbin/kamailio", "udp", [127, 0, 0, 1], 5062),
    (790, "/usr/bin/rtpengine", "udp", [127, 0, 0, 1], 2223),
    (790, "/usr/bin/rtpengine", "udp", [198, 51, 100, 7], 30012),
    (790, "/usr/bin/rtpengine", "udp", [198, 51, 100, 7], 30013),
];
/// Who serves the ports of TLS.
const WEB: u32 = 655;
const LOAD_BALANCER: (u16, u32) = (5061, 748);
const HEAD: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
/// Rules of rtpengine's daemon, IPv4 and IPv6: table, chain and jump.
const FAMILIES: [&str; 2] = ["ip", "ip6"];

/// The addresses of network.yml.
const ADDRESSES: &str = "1: lo    inet 127.0.0.1/8 scope host lo
1: lo    inet6 ::1/128 scope host
2: eth0    inet 198.51.100.7/24 brd 198.51.100.255 scope global eth0
2: eth0    inet6 fe80::5054:ff:fe6b:2f07/64 scope link
3: eth1    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth1
3: eth1    inet6 fe80::5054:ff:fe6b:2f08/64 scope link
";

pub(super) fn install(files: &mut Files) {
    for folder in ["/run/systemd/system", "/etc/systemd/system"] {
        files.directory(folder);
    }
    for (process, exe, ..) in LISTENERS {
        files.link(format!("/proc/{process}/exe"), *exe);
    }
    files.put("/usr/local/sbin/ngcp-warden", 0o755, 0, 0, "");
    files.put("/proc/rtpengine/list", 0o444, 0, 0, "0\n");
    files.put("/proc/rtpengine/0/list", 0o444, 0, 0, "");
    files.put("/proc/modules", 0o444, 0, 0, "xt_RTPENGINE 57344 2 - Live 0x0000000000000000 (OE)\n");
}

pub(super) fn programs(host: Simulated) -> Simulated {
    let save = |family: usize| {
        move |_: &mut Files, command: &Command| match words(command)[..] {
            [] => Answer::from(saved(family)),
            _ => usage(command),
        }
    };
    let nothing = |_: &mut Files, _: &Command| Answer::code(0);
    host.on("nft", nft)
        .on("iptables-nft-save", save(0))
        .on("ip6tables-nft-save", save(1))
        .on("iptables-legacy-save", nothing)
        .on("ip6tables-legacy-save", nothing)
        .on("rtpengine", |_: &mut Files, command: &Command| usage(command))
        .on("install", |files: &mut Files, command: &Command| match words(command)[..] {
            ["-d", .., folder] => {
                files.directory(folder);
                Answer::code(0)
            }
            _ => usage(command),
        })
        .on("ip", |_: &mut Files, command: &Command| match words(command)[..] {
            ["-o", "addr", "show"] => ADDRESSES.into(),
            _ => usage(command),
        })
        .on("stat", |files: &mut Files, command: &Command| match words(command)[..] {
            [_, path] if !files.exists(path) => {
                Answer::code(1).error(&format!("stat: cannot statx '{path}': No such file or directory"))
            }
            ["--format=%n", path] => format!("{path}\n").into(),
            ["--format=%F", path] => match files.list(path.as_ref()) {
                Ok(_) => "directory\n".into(),
                Err(_) => "regular file\n".into(),
            },
            _ => usage(command),
        })
}

/// `systemctl enable UNIT` and what goes with it.
pub(super) fn unit(files: &mut Files, verb: &str, unit: &str) -> Answer {
    let wanted = format!("/etc/systemd/system/sysinit.target.wants/{unit}");
    let there = format!("/etc/systemd/system/{unit}");
    match verb {
        "enable" if !files.exists(&there) => {
            return Answer::code(1)
                .error(&format!("Failed to enable unit: Unit file {unit} does not exist."));
        }
        "enable" => files.link(wanted, there),
        "disable" => files.remove(wanted),
        _ if files.exists(&wanted) => return "enabled\n".into(),
        _ => return Answer::code(1).line("disabled"),
    }
    Answer::code(0).after(ms(200))
}

/// What the kernel tells of sockets, those of these ports of TLS among them.
pub(super) fn sockets(files: &mut Files, tls: impl Iterator<Item = u16>) {
    let web = |port| {
        let process = if port == LOAD_BALANCER.0 { LOAD_BALANCER.1 } else { WEB };
        (process, "", "tcp", [0, 0, 0, 0], port)
    };
    let all: Vec<_> = LISTENERS.iter().copied().chain(tls.map(web)).collect();
    for protocol in ["tcp", "udp"] {
        let state = if protocol == "tcp" { "0A" } else { "07" };
        let mut table = HEAD.to_owned();
        for (at, (process, _, _, address, port)) in
            all.iter().enumerate().filter(|(_, one)| one.2 == protocol)
        {
            let inode = 20_000 + at;
            let address = u32::from_ne_bytes(*address);
            table.push_str(&format!(
                "   0: {address:08X}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1 0\n"
            ));
            files.link(format!("/proc/{process}/fd/{at}"), format!("socket:[{inode}]"));
        }
        files.put(format!("/proc/net/{protocol}"), 0o444, 0, 0, table);
        files.put(format!("/proc/net/{protocol}6"), 0o444, 0, 0, HEAD);
    }
}

fn nft(files: &mut Files, command: &Command) -> Answer {
    let rules = command.stdin.as_ref().and_then(|text| text.expose_str()).unwrap_or_default();
    let words = words(command);
    match words[..] {
        ["-c", "-f", "-"] => Answer::code(0).after(ms(60)),
        ["-f", "-"] => {
            let table: String = rules
                .lines()
                .filter(|line| !line.starts_with(['a', 'd']) && !line.trim_start().starts_with('#'))
                .map(|line| format!("{line}\n"))
                .collect();
            match table.is_empty() {
                true => files.remove(LOADED),
                false => files.write(LOADED, format!("{}\n{table}", files.now().as_second())),
            }
            Answer::code(0).after(ms(120))
        }
        ["list", "tables"] => tables(files)
            .iter()
            .map(|table| format!("table {} {}\n", table.family, table.name))
            .collect::<String>()
            .into(),
        [.., "list", "table", "inet", _] => match loaded(files) {
            Some(table) => table.into(),
            None => Answer::code(1).error("Error: No such file or directory"),
        },
        [.., "list", "ruleset"] => {
            let tables = tables(files);
            match words.iter().any(|word| word.contains('j')) {
                true => format!(
                    "{}\n",
                    json!({ "nftables": tables.iter().flat_map(Table::json).collect::<Vec<_>>() })
                )
                .into(),
                false => tables.iter().map(Table::text).collect::<String>().into(),
            }
        }
        _ => usage(command),
    }
}

/// Our table as it was loaded, without what has lifted itself meanwhile.
fn loaded(files: &Files) -> Option<String> {
    let text = files.text(LOADED);
    let (since, table) = text.split_once('\n')?;
    let gone = files.now().as_second() - since.parse::<i64>().ok()?;
    let lifted = |line: &str| {
        let seconds = line.split_once("timeout ").and_then(|(_, rest)| rest.split_once('s'));
        seconds.and_then(|(seconds, _)| seconds.parse::<i64>().ok()).is_some_and(|seconds| seconds <= gone)
    };
    Some(table.lines().filter(|line| !lifted(line)).map(|line| format!("{line}\n")).collect())
}

/// The packet filters as iptables-nft lists them: it made none of ours.
fn saved(family: usize) -> String {
    format!(
        "# Generated by ip{}tables-nft-save v1.8.9 (nf_tables)\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n\
         :OUTPUT ACCEPT [0:0]\n:rtpengine - [0:0]\n-A INPUT -p udp -j rtpengine\n-A rtpengine -p udp -j RTPENGINE --id 0\n\
         COMMIT\n",
        if family == 0 { "" } else { "6" }
    )
}

/// A table of nft: its sets, then its chains, each with how it begins and with what is in it.
struct Table {
    family: &'static str,
    name: &'static str,
    blocks: Vec<(String, String, Vec<String>)>,
}

fn tables(files: &Files) -> Vec<Table> {
    let chain = |name: &str, lines: &[&str]| {
        ("chain".to_owned(), name.to_owned(), lines.iter().map(|line| (*line).to_owned()).collect())
    };
    let rtpengine = FAMILIES.map(|family| Table {
        family,
        name: "filter",
        blocks: vec![
            chain("rtpengine", &["meta l4proto udp counter xt target \"RTPENGINE\""]),
            chain(
                "INPUT",
                &[
                    "type filter hook input priority 0; policy accept;",
                    "meta l4proto udp counter jump rtpengine",
                ],
            ),
        ],
    });
    let ours = loaded(files).map(|text| Table { family: "inet", name: "ngcp_warden", blocks: blocks(&text) });
    rtpengine.into_iter().chain(ours).collect()
}

/// The sets and chains in the text of a table.
fn blocks(text: &str) -> Vec<(String, String, Vec<String>)> {
    let mut blocks: Vec<(String, String, Vec<String>)> = Vec::new();
    for line in text.lines().skip(1).map(str::trim) {
        match (line.split_whitespace().collect::<Vec<_>>().as_slice(), blocks.last_mut()) {
            ([kind @ ("set" | "chain"), name, "{"], _) => {
                blocks.push(((*kind).to_owned(), (*name).to_owned(), Vec::new()));
            }
            (["}"], _) | (_, None) => {}
            (_, Some((_, _, lines))) => lines.push(line.to_owned()),
        }
    }
    blocks
}

impl Table {
    /// For people, with a number behind each rule.
    fn text(&self) -> String {
        let mut text = format!("table {} {} {{ # handle 1\n", self.family, self.name);
        for (at, (kind, name, lines)) in self.blocks.iter().enumerate() {
            text.push_str(&format!("\t{kind} {name} {{ # handle {}\n", at + 1));
            for (number, line) in lines.iter().enumerate() {
                let handle = match kind.as_str() {
                    "chain" if !line.starts_with("type ") => format!(" # handle {}", handle(at, number)),
                    _ => String::new(),
                };
                text.push_str(&format!("\t\t{line}{handle}\n"));
            }
            text.push_str("\t}\n");
        }
        text + "}\n"
    }

    /// For programs.
    fn json(&self) -> Vec<Value> {
        let (family, table) = (self.family, self.name);
        let mut all = vec![json!({"table": {"family": family, "name": table, "handle": 1}})];
        let mut rules = Vec::new();
        for (at, (kind, name, lines)) in self.blocks.iter().enumerate() {
            let mut about = json!({"family": family, "table": table, "name": name, "handle": at + 1});
            for (number, line) in lines.iter().enumerate() {
                let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
                match words[..] {
                    ["type", kind, "hook", hook, "priority", priority, "policy", policy] => {
                        let priority: i64 = priority.parse().unwrap_or_default();
                        let base = [("type", json!(kind)), ("hook", json!(hook)), ("prio", json!(priority))];
                        base.into_iter().for_each(|(key, value)| about[key] = value);
                        about["policy"] = json!(policy);
                    }
                    ["type", kind] => about["type"] = json!(kind),
                    ["flags", flags] => about["flags"] = json!([flags]),
                    ["elements", "=", "{", ..] => about["elem"] = elements(line),
                    _ => rules.push(json!({"rule": {
                        "family": family, "table": table, "chain": name, "handle": handle(at, number),
                        "expr": statements(line),
                    }})),
                }
            }
            all.push(json!({ kind.clone(): about }));
        }
        all.extend(rules);
        all
    }
}

fn handle(block: usize, line: usize) -> usize {
    100 * (block + 1) + line
}

fn elements(line: &str) -> Value {
    let inside =
        line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(inside, _)| inside);
    let one = |text: &str| match text.trim().split_once(" timeout ") {
        Some((value, seconds)) => {
            let seconds: u64 = seconds.trim_end_matches('s').parse().unwrap_or_default();
            json!({"elem": {"val": value, "timeout": seconds, "expires": seconds}})
        }
        None => value(text.trim()),
    };
    inside.split(',').map(one).collect()
}

/// A number, a word, a network or a range.
fn value(text: &str) -> Value {
    if let Some((address, length)) = text.split_once('/') {
        return json!({"prefix": {"addr": address, "len": length.parse::<u64>().unwrap_or_default()}});
    }
    match (text.parse::<u64>(), text.split_once('-')) {
        (Ok(number), _) => json!(number),
        (_, Some((from, to))) => json!({"range": [value(from), value(to)]}),
        _ => json!(text.trim_matches('"')),
    }
}

/// The few forms that our own rules and those of rtpengine have.
fn statements(line: &str) -> Vec<Value> {
    let equal = |left: Value, right: Value| json!({"match": {"op": "==", "left": left, "right": right}});
    let payload = |protocol: &str, field: &str| json!({"payload": {"protocol": protocol, "field": field}});
    let mut rest: Vec<&str> = line.split_whitespace().collect();
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (taken, statement) = match rest[..] {
            ["ct", "state", states, ..] => {
                let states: Vec<&str> = states.split(',').collect();
                (3, json!({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": states}}))
            }
            ["tcp", "flags", "&", ..] => {
                let flags = json!(["fin", "syn", "rst", "ack"]);
                let left = json!({"&": [payload("tcp", "flags"), flags]});
                (12, json!({"match": {"op": "!=", "left": left, "right": "syn"}}))
            }
            ["iif", name, ..] => (2, equal(json!({"meta": {"key": "iif"}}), value(name))),
            ["meta", key, right, ..] => (3, equal(json!({"meta": {"key": key}}), value(right))),
            ["ip" | "ip6" | "tcp" | "udp" | "icmp" | "icmpv6", field, "{", ..] => {
                let end = rest.iter().position(|word| *word == "}").unwrap_or(rest.len() - 1);
                let set: Vec<Value> =
                    rest[3..end].iter().map(|word| value(word.trim_end_matches(','))).collect();
                (end + 1, equal(payload(rest[0], field), json!({ "set": set })))
            }
            ["ip" | "ip6" | "tcp" | "udp" | "icmp" | "icmpv6", field, right, ..] => {
                (3, equal(payload(rest[0], field), value(right)))
            }
            ["limit", "rate", ..] => (6, json!({"limit": {"rate": 10, "burst": 20, "per": "minute"}})),
            ["log", ..] => (rest.len(), json!({"log": {"prefix": "ngcp-warden: "}})),
            ["jump", target, ..] => (2, json!({"jump": {"target": target}})),
            ["counter", ..] => (1, json!({"counter": {"packets": 0, "bytes": 0}})),
            ["xt", "target", name, ..] => (3, json!({"xt": {"type": "target", "name": value(name)}})),
            // What stands behind it is a comment.
            [verdict @ ("accept" | "drop" | "notrack"), ..] => (rest.len(), json!({ verdict: null })),
            _ => break,
        };
        all.push(statement);
        rest.drain(..taken.min(rest.len()));
    }
    all
}
