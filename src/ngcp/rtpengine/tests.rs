use super::*;
use crate::{
    executor::simulated::Simulated,
    host::packet_filter::{Base, Chain, Family, Filter, Hook, Kind, Protocol, Rule as Line, Table},
};

const MEDIA: [Ports; 1] = [Ports { protocol: Protocol::Udp, from: 30000, to: 40000 }];

/// A table from `-P`, `-N` and `-A` lines, or from the words of nft: a line `chain NAME`, then its rules.
fn table(filter: Filter, family: Family, text: &str) -> Table {
    let base = |name: &str, drops| {
        let kind = Kind::Filter;
        (name == "INPUT").then_some(Base { kind, hook: Hook::Input, priority: 0, drops, devices: None })
    };
    let mut chains: Vec<Chain> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, rule) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "-P" | "-N" | "chain" => chains.push(Chain {
                name: name.to_owned(),
                base: base(name, rule == "DROP"),
                rules: Vec::new(),
            }),
            "-A" => {
                let words: Vec<&str> = rule.split(' ').collect();
                let at = words.iter().position(|word| *word == "-j");
                let target = at.and_then(|at| words.get(at + 1)).map(|word| (*word).to_owned());
                let chain = chains.iter_mut().find(|chain| chain.name == name).unwrap();
                chain.rules.push(Line::of_words(rule, target.as_deref()));
            }
            _ => {
                let words: Vec<&str> = line.split(' ').collect();
                let jump = words.iter().position(|word| ["jump", "goto"].contains(word));
                let target =
                    jump.and_then(|at| words.get(at + 1)).or(words.last().filter(|word| **word == "accept"));
                let rule = Line::of_words(line, target.copied());
                chains.last_mut().unwrap().rules.push(rule);
            }
        }
    }
    Table::of_words(filter, family, "filter", chains)
}

fn legacy(text: &str) -> Rule {
    rule::find(&[table(Filter::Legacy, Family::Ip, text)], false, Some(0), &MEDIA)
}

fn nft(text: &str) -> Rule {
    rule::find(&[table(Filter::Nft, Family::Ip, text)], false, Some(0), &MEDIA)
}

fn wrong(rule: Rule) -> String {
    match rule {
        Rule::Wrong(why) => why,
        other => panic!("{other:?}"),
    }
}

const ESTABLISHED: &str = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";
const DIRECT: &str = "-A INPUT -p udp -j RTPENGINE --id 0\n";

/// The forms that releases gave it: what stands in INPUT, and what stands in its chain.
fn forms() -> [(&'static str, String, String); 5] {
    let xt = "-N rtpengine\n-A rtpengine -p udp -j RTPENGINE --id 0\n".to_owned();
    [
        ("direct", DIRECT.to_owned(), String::new()),
        ("chain, all protocols", "-A INPUT -j rtpengine\n".to_owned(), xt.clone()),
        ("chain", "-A INPUT -p udp -j rtpengine\n".to_owned(), xt),
        (
            "xt in nft",
            "ip protocol udp jump rtpengine\n".to_owned(),
            "chain rtpengine\nxt target \"RTPENGINE\"\n".to_owned(),
        ),
        (
            "native, numbered",
            "ip protocol udp jump rtpengine_0\n".to_owned(),
            "chain rtpengine_0\nrtpengine\ncomment \"rtpengine UDP handler table 0\"\n".to_owned(),
        ),
    ]
}

#[test]
fn the_rule_is_found_in_every_form_and_every_fault_is_named_f10() {
    for (form, jump, chain) in forms() {
        let is_nft = chain.starts_with("chain");
        let (input, established, find): (_, _, fn(&str) -> Rule) = match is_nft {
            true => ("chain INPUT\n", "ct state established,related accept\n", nft),
            false => ("-P INPUT DROP\n", ESTABLISHED, legacy),
        };
        let (input, chain) =
            if is_nft { (String::new(), format!("{chain}{input}")) } else { (input.to_owned(), chain) };
        assert_eq!(find(&format!("{input}{chain}{jump}{established}")), Rule::Fine, "{form}");
        assert_eq!(find(&format!("{input}{chain}{established}")), Rule::Missing, "{form}: no jump");
        let after = wrong(find(&format!("{input}{chain}{established}{jump}")));
        let names = after.to_lowercase().contains("established");
        assert!(after.contains("behind") && names, "{form}: {after}");
        let twice = wrong(find(&format!("{input}{chain}{jump}{jump}{established}")));
        assert!(twice.contains("2 times"), "{form}: {twice}");
        for (from, to) in [("--id 0", "--id 3"), ("table 0", "table 3")] {
            let other = format!("{input}{chain}{jump}{established}").replace(from, to);
            if other.contains(to) {
                let named = wrong(find(&other));
                assert!(named.contains("of table 3, rtpengine uses table 0"), "{form}: {named}");
            }
        }
    }
    assert_eq!(legacy("-P INPUT ACCEPT\n-N rtpengine\n-A INPUT -p udp -j rtpengine\n"), Rule::Missing);
    let both = format!(
        "-P INPUT DROP\n-N rtpengine\n-A rtpengine -p udp -j RTPENGINE --id 0\n{DIRECT}-A INPUT -j rtpengine\n"
    );
    assert!(wrong(legacy(&both)).contains("chain INPUT, iptables-legacy filter, chain rtpengine"));
}

/// nft cannot print the native expression: what the daemon writes beside it is there all the same.
#[test]
fn a_native_rule_that_nft_does_not_print_is_known_by_its_mark() {
    let marked = "chain rtpengine_0\n[invalid]\ncomment \"rtpengine UDP handler table 0\"\nchain INPUT\nip protocol udp counter jump rtpengine_0\n";
    assert_eq!(nft(marked), Rule::Fine);
    let old = marked.replace(" table 0", "");
    assert_eq!(nft(&old), Rule::Fine);
}

#[test]
fn only_what_takes_media_first_is_in_its_way() {
    let fine = |first: &str| {
        assert_eq!(
            legacy(&format!("-P INPUT DROP\n-N other\n-A other -j ACCEPT\n-A INPUT {first}\n{DIRECT}")),
            Rule::Fine,
            "{first}"
        );
    };
    for first in [
        "-i lo -j ACCEPT",
        "-p tcp -j ACCEPT",
        "-p tcp -m tcp --dport 22 -j ACCEPT",
        "-p udp -m udp --dport 5060 -j ACCEPT",
        "-p udp -m multiport --dports 5060,10000:20000 -j ACCEPT",
        "-m conntrack --ctstate INVALID -j DROP",
        "-m state --state NEW -j ACCEPT",
        "-p icmp -j other",
        "-p udp -j LOG",
    ] {
        fine(first);
    }
    for first in [
        "-j ACCEPT",
        "-s 10.0.0.0/8 -j ACCEPT",
        "-p udp -m udp --dport 30000:40000 -j ACCEPT",
        "-p udp -m multiport --dports 5060,39999:50000 -j DROP",
        "-m state --state ESTABLISHED -j ACCEPT",
        "-m conntrack ! --ctstate NEW -j ACCEPT",
        "-p udp -j other",
    ] {
        let why = wrong(legacy(&format!(
            "-P INPUT DROP\n-N other\n-A other -j ACCEPT\n-A INPUT {first}\n{DIRECT}"
        )));
        assert!(why.contains("takes media first"), "{first}: {why}");
    }
}

#[test]
fn one_family_may_have_it_and_the_other_not_f10() {
    let v6 = table(Filter::Legacy, Family::Ip6, &format!("-P INPUT ACCEPT\n{DIRECT}"));
    let v4 = table(Filter::Legacy, Family::Ip, "-P INPUT ACCEPT\n");
    let all = [v4, v6];
    assert_eq!(rule::find(&all, false, Some(0), &MEDIA), Rule::Missing);
    assert_eq!(rule::find(&all, true, Some(0), &MEDIA), Rule::Fine);
    let mut inet = table(Filter::Nft, Family::Inet, "chain INPUT\nmeta l4proto udp rtpengine\n");
    assert_eq!(rule::find(&[inet.clone()], true, Some(0), &MEDIA), Rule::Fine);
    inet.dormant = true;
    assert_eq!(rule::find(&[inet], true, Some(0), &MEDIA), Rule::Missing);
}

#[test]
fn whether_it_is_wanted_and_of_which_table_is_read_where_each_release_has_it() {
    let read = |host: Simulated, version: &str| {
        let settings = settings::read(&host, None, Version::parse(version));
        (settings.wanted, settings.table, settings.why)
    };
    let default = |text: &str| Simulated::new().file("/etc/default/ngcp-rtpengine-daemon", text);
    assert_eq!(read(Simulated::new(), "mr3.8").0, Some(false));
    let (wanted, table, why) = read(default("RUN_RTPENGINE=yes\nTABLE=2 # two\n"), "mr6.5.1");
    assert_eq!((wanted, table), (Some(true), Some(2)));
    assert!(why.contains("TABLE= in /etc/default/ngcp-rtpengine-daemon is 2"), "{why}");
    assert_eq!(read(default("RUN_RTPENGINE=yes\n"), "mr3.8.3").1, Some(0));
    assert_eq!(read(default("TABLE=-1\n"), "mr3.8.3").0, Some(false));
    assert_eq!(read(default("TABLE=x\n"), "mr3.8.3").0, None);
    let both = |conf: &str| default("TABLE=0\n").file("/etc/rtpengine/rtpengine.conf", conf);
    assert_eq!(read(both("[rtpengine]\ntable = 42\n[other]\ntable = 1\n"), "mr10.5.1").1, Some(42));
    assert_eq!(read(both("[rtpengine]\n# table = 1\ntable=-1\n"), "mr13.5.1").0, Some(false));
    let only = Simulated::new().file("/etc/rtpengine/rtpengine.conf", "[rtpengine]\n");
    assert_eq!(read(only, "mr13.5.1").0, Some(false));
    let container = both("").file("/run/systemd/container", "lxc\n");
    let (wanted, _, why) = read(container, "mr13.5.1");
    assert!(wanted == Some(false) && why.contains("a container (lxc)"), "{why}");
    let (_, _, why) = read(default("TABLE=0\nMANAGE_IPTABLES=no\n"), "mr5.5");
    assert!(why.contains("the operator"), "{why}");
}

#[test]
fn the_kernel_says_what_it_forwards() {
    let list = "local inet4 10.0.0.7:30000\n    stats:                 1234 bytes,                   23 packets,                    0 errors\n        RTP payload type   0:                 1 bytes,                    1 packets\nlocal inet4 10.0.0.7:30002\n    stats:   10 bytes,  2 packets,  0 errors\n";
    let host = Simulated::new().file("/proc/rtpengine/list", "0\n").file("/proc/rtpengine/0/list", list);
    assert_eq!(
        (kernel::has_table(&host, Some(0)), kernel::has_table(&host, Some(1))),
        (Some(true), Some(false))
    );
    assert_eq!(kernel::forwarded(&host, Some(0)), Some((2, 25)));
    assert_eq!(kernel::has_table(&Simulated::new(), Some(0)), None);
    let none = Simulated::new().file("/proc/modules", "ext4 1 1 - Live 0x0\n");
    assert_eq!(kernel::has_table(&none, Some(0)), Some(false));
}

/// Whoever relies on the policy of INPUT is told that it is open (rtpengine issue 1785).
#[test]
fn an_input_policy_that_somebody_opened_is_told_f09() {
    let open = [table(Filter::Nft, Family::Ip, "-P INPUT ACCEPT\n")];
    let stored = Simulated::new().file("/etc/iptables/rules.v4", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
    let said = policy::opened(&stored, &open, None).unwrap();
    assert!(said.contains("IPv4: /etc/iptables/rules.v4 says DROP"), "{said}");
    let closed = [table(Filter::Nft, Family::Ip, "-P INPUT DROP\n")];
    assert_eq!(policy::opened(&stored, &closed, None), None);
    assert_eq!(policy::opened(&Simulated::new(), &open, None), None);
}

#[test]
fn what_leads_to_it_now_is_told_in_the_words_of_iptables() {
    let listed = "-P INPUT ACCEPT\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p udp -j rtpengine\n-A INPUT -p udp -j RTPENGINE --id 3\n-A INPUT -j rtpengine-like\n";
    let host = Simulated::new().on("iptables", move |_, _| listed).on("iptables-restore", |_, _| "");
    let restored = iptables::restored(&host, false).unwrap();
    assert_eq!(restored.away, ["-p udp -j rtpengine", "-p udp -j RTPENGINE --id 3"]);
    assert_eq!(iptables::restored(&host, true), None);
}
