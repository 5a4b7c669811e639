//! Every service, from everywhere, over both families: what really gets through is what was answered.

use super::{
    network::{Network, Who},
    real_host::inside,
    rules::{SERVICES, loading, plan, run, wanted},
};
use ngcp_warden::{
    executor::System,
    host::packet_filter::{Arrival, Filters, Protocol, Verdict},
    runner::RunOutcome,
};

/// One port and who is to reach it.
struct Row {
    name: &'static str,
    protocol: &'static str,
    port: u16,
    whom: &'static str,
}

/// Of a range the first, one in the middle and the last; and what is in no answer.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, whom, ports) in SERVICES {
        for text in *ports {
            let (protocol, range) = text.split_once(':').unwrap();
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let (from, to): (u16, u16) = (from.parse().unwrap(), to.parse().unwrap());
            let mut own = vec![from, from + (to - from) / 2, to];
            own.dedup();
            rows.extend(own.into_iter().map(|port| Row { name, protocol, port, whom }));
        }
    }
    for (protocol, port, whom) in [
        ("udp", 7000, "everyone"),
        ("tcp", 8443, "trusted"),
        ("tcp", 8445, "trusted"),
        ("tcp", 8446, "nobody"),
        ("tcp", 3306, "nobody"),
        ("udp", 22, "nobody"),
        ("udp", 29999, "nobody"),
        ("udp", 40001, "nobody"),
    ] {
        rows.push(Row { name: "no service", protocol, port, whom });
    }
    rows
}

/// The packet that a probe sends.
fn arrival(who: Who, v6: bool, row: &Row) -> Arrival {
    Arrival {
        from: who.address(v6).parse().unwrap(),
        to: who.host(v6).parse().unwrap(),
        protocol: if row.protocol == "tcp" { Protocol::Tcp } else { Protocol::Udp },
        port: row.port,
        interface: Some(who.cable()),
    }
}

/// Puts rules in place and looks who reaches what.
pub(crate) fn matrix(program: &str, put_in_place: impl FnOnce()) {
    let mut network = Network::new();
    let rows = rows();
    network.listen(&rows.iter().map(|row| format!("{}:{}", row.protocol, row.port)).collect::<Vec<_>>());
    let probes = |who: Who| -> Vec<String> {
        let to = |v6| {
            let to = move |row: &Row| format!("{}/{}/{}", row.protocol, who.host(v6), row.port);
            rows.iter().map(to)
        };
        to(false).chain(to(true)).collect()
    };
    // Else a port that is refused proves nothing.
    for who in Who::ALL {
        assert!(network.probe(who, &probes(who)).iter().all(|open| *open), "{who:?} before");
    }
    put_in_place();
    println!("{program}: who reaches what (IPv4/IPv6; + gets through, - does not)");
    println!(
        "{:<14}{:<11}{:<10}{:>12}{:>12}{:>12}",
        "service", "port", "answer", "subscriber", "trusted", "stranger"
    );
    let seen = Who::ALL.map(|who| network.probe(who, &probes(who)));
    let filters = Filters::read(&System::live().unwrap());
    assert!(filters.unseen.is_empty(), "{:?}", filters.unseen);
    let (mut wrong, mut count, mut differ) = (0, 0, 0);
    for (at, row) in rows.iter().enumerate() {
        let mut line =
            format!("{:<14}{:<11}{:<10}", row.name, format!("{}/{}", row.port, row.protocol), row.whom);
        for (who, seen) in Who::ALL.into_iter().zip(&seen) {
            let shall = row.whom == "everyone" || row.whom == "trusted" && who == Who::Trusted;
            let cell = [seen[at], seen[rows.len() + at]];
            count += cell.len();
            wrong += cell.iter().filter(|open| **open != shall).count();
            for (v6, open) in [false, true].into_iter().zip(cell) {
                let ruling = filters.judge(&arrival(who, v6, row));
                if ruling.verdict != if open { Verdict::Open } else { Verdict::Closed } {
                    differ += 1;
                    println!("{who:?} {} {}: {open} and yet {ruling:?}", row.protocol, row.port);
                }
            }
            let mark = |open: bool| match (open, open == shall) {
                (true, true) => "+",
                (false, true) => "-",
                (true, false) => "OPEN",
                (false, false) => "CLOSED",
            };
            line += &format!("{:>12}", format!("{}/{}", mark(cell[0]), mark(cell[1])));
        }
        println!("{line}");
    }
    println!("{program}: {count} probes, {wrong} wrong; explained otherwise: {differ}");
    assert!(count >= 120, "{count} probes");
    assert_eq!((wrong, differ), (0, 0));
}

fn ours(program: &str) {
    matrix(program, || {
        let (outcome, said) = run(loading(plan(program, wanted(SERVICES), 30)), true);
        assert_eq!(outcome, RunOutcome::Done, "{said}");
    });
}

#[test]
fn exactly_what_was_answered_gets_through_with_nft() {
    if inside("matrix::exactly_what_was_answered_gets_through_with_nft").is_some() {
        ours("nft");
    }
}

#[test]
fn exactly_what_was_answered_gets_through_with_iptables_over_nft() {
    if inside("matrix::exactly_what_was_answered_gets_through_with_iptables_over_nft").is_some() {
        ours("iptables-nft");
    }
}

#[test]
fn exactly_what_was_answered_gets_through_with_old_iptables() {
    if inside("matrix::exactly_what_was_answered_gets_through_with_old_iptables").is_some() {
        ours("iptables-legacy");
    }
}
