//! Recorded rulesets: what becomes of a packet by them.

mod hostile;
mod rulesets;

use super::{Arrival, Filters, Protocol, Table, Verdict, evaluate::Host, iptables, nft};

/// The text of `iptables-save`, read.
fn read_save(save: &str) -> Result<Vec<Table>, String> {
    let sets = iptables::ipset::IpSets::default();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    iptables::read(save, &iptables::ipset::Around { v6: false, sets: &sets, now })
}

fn judged(tables: Vec<Table>) -> Filters {
    Filters { unseen: Vec::new(), tables, host: Host { loose: Some(true), ..Host::default() } }
}

/// Filters out of what the programs print.
fn filters(json: &str, words: &str, save: &str) -> Filters {
    let mut tables = Vec::new();
    if !json.is_empty() {
        tables.extend(nft::read(&[json.as_bytes().to_vec()], words).unwrap().0);
    }
    tables.extend(read_save(save).unwrap());
    judged(tables)
}

fn tcp(filters: &Filters, from: &str, port: u16) -> (Verdict, String) {
    let arrival = Arrival {
        from: from.parse().unwrap(),
        to: "10.1.0.2".parse().unwrap(),
        protocol: Protocol::Tcp,
        port,
        interface: None,
    };
    let ruling = filters.judge(&arrival);
    (ruling.verdict, ruling.rule.or(ruling.why).unwrap_or_default())
}

const FILTER: &str = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";

/// The rule that decides is told in the words of its filter.
#[test]
fn a_policy_and_rules_of_iptables_decide_by_source_and_port() {
    let save = format!(
        "{FILTER}-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp -m limit --limit 1/sec -m tcp --dport 80 -j ACCEPT\nCOMMIT\n"
    );
    let filters = filters("", "", &save);
    assert_eq!(
        tcp(&filters, "192.0.2.9", 22),
        (
            Verdict::Open,
            "iptables-legacy filter INPUT: -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT".into()
        )
    );
    assert_eq!(
        tcp(&filters, "198.51.100.9", 22),
        (Verdict::Closed, "iptables-legacy filter INPUT: policy drop".into())
    );
    assert_eq!(tcp(&filters, "198.51.100.9", 80).0, Verdict::Unknown);
}

/// A handshake without a byte is no connection.
#[test]
fn new_without_established_is_closed() {
    let save = format!("{FILTER}-A INPUT -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n");
    let (verdict, rule) = tcp(&filters("", "", &save), "192.0.2.9", 22);
    assert_eq!(verdict, Verdict::Closed);
    assert_eq!(rule, "iptables-legacy filter INPUT: policy drop (for what follows the handshake)");
}

/// ufw asks for a header of routing first of all: an ordinary packet has none.
#[test]
fn a_rule_about_routing_headers_holds_for_no_ordinary_packet() {
    let save = "*filter\n:INPUT DROP\n-A INPUT -m rt --rt-type 0 -j DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\nCOMMIT\n";
    let sets = iptables::ipset::IpSets::default();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let filters =
        judged(iptables::read(save, &iptables::ipset::Around { v6: true, sets: &sets, now }).unwrap());
    let from = |port| Arrival {
        from: "2001:db8::9".parse().unwrap(),
        to: "2001:db8::1".parse().unwrap(),
        protocol: Protocol::Tcp,
        port,
        interface: None,
    };
    assert_eq!(filters.judge(&from(22)).verdict, Verdict::Open);
    assert_eq!(filters.judge(&from(23)).verdict, Verdict::Closed);
}

/// The same asked by nft.
#[test]
fn nft_asks_for_fields_of_headers_that_are_not_there() {
    let json = r#"{"nftables": [{"table": {"family": "inet", "name": "t"}},
        {"chain": {"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "t", "chain": "i", "handle": 2, "expr": [
            {"match": {"op": "==", "left": {"exthdr": {"name": "rt", "field": "type"}}, "right": 0}}, {"drop": null}]}}]}"#;
    let arrival = Arrival {
        from: "2001:db8::9".parse().unwrap(),
        to: "2001:db8::1".parse().unwrap(),
        protocol: Protocol::Udp,
        port: 53,
        interface: None,
    };
    assert_eq!(filters(json, "", "").judge(&arrival).verdict, Verdict::Open);
}

#[test]
fn no_packet_from_outside_with_addresses_of_nobody_is_let_in() {
    let filters = judged(Vec::new());
    let verdict = |from: &str, to: &str| {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let ruling = filters.judge(&Arrival { from, to, protocol: Protocol::Udp, port: 53, interface: None });
        if ruling.verdict != Verdict::Open {
            assert!(ruling.why.unwrap().len() > 20);
        }
        ruling.verdict
    };
    for from in ["127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0"] {
        assert_eq!(verdict(from, "10.1.0.2"), Verdict::Closed, "{from}");
    }
    for from in ["::1", "ff02::1", "::"] {
        assert_eq!(verdict(from, "2001:db8::1"), Verdict::Closed, "{from}");
    }
    assert_eq!(verdict("2001:db8::9", "::1"), Verdict::Closed);
    assert_eq!(verdict("10.1.0.1", "127.0.0.1"), Verdict::Unknown);
    assert_eq!(verdict("10.1.0.1", "224.0.0.1"), Verdict::Unknown);
    assert_eq!(verdict("10.1.0.1", "10.1.0.2"), Verdict::Open);
}
