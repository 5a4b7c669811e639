use super::{super::facts::Wanted, *};
use crate::{host::packet_filter::Protocol, ngcp::reachable::Ports};

fn ports(protocol: Protocol, from: u16, to: u16) -> Ports {
    Ports { protocol, from, to }
}

fn wanted() -> Wanted {
    let tcp = |port| ports(Protocol::Tcp, port, port);
    let services = [
        ("csc", "everyone", vec![tcp(443)]),
        ("sip", "everyone", vec![tcp(5060), ports(Protocol::Udp, 5060, 5060)]),
        ("rtp", "everyone", vec![ports(Protocol::Udp, 30000, 40000)]),
        ("ssh", "trusted", vec![tcp(22), tcp(2222)]),
        ("xmpp", "nobody", vec![tcp(5222), tcp(5269)]),
    ];
    Wanted {
        services: services.map(|(name, whom, ports)| (name.to_owned(), (whom.to_owned(), ports))).into(),
        trusted: ["10.1.0.0/16", "10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
            .map(|n| n.parse().unwrap())
            .to_vec(),
        ssh: vec![22, 2222],
        untracked: vec![ports(Protocol::Udp, 30000, 40000)],
        ..Wanted::default()
    }
}

#[test]
fn what_lies_in_another_network_is_not_said_twice() {
    let [v4, v6] = Openings::of(&wanted()).networks;
    let text =
        |all: Vec<crate::host::network::Network>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        (text(v4), text(v6)),
        (vec!["10.0.0.0/8".into(), "192.0.2.7".into()], vec!["2001:db8::/32".into()])
    );
}

#[test]
fn ports_that_touch_are_one_range_and_a_range_that_is_none_opens_nothing() {
    let mut wanted = wanted();
    let tcp = |from, to| ports(Protocol::Tcp, from, to);
    wanted.extra = [vec![tcp(8443, 8444), tcp(8445, 8445), tcp(9000, 8000), tcp(0, 3)], Vec::new()];
    let open = Openings::of(&wanted);
    assert_eq!(open.everyone.iter().find(|one| one.name == "extra").unwrap().ports, [(8443, 8445)]);
    let text = nft::text(&open, Lasting::Permanent);
    assert!(text.contains("tcp dport 8443-8445 accept comment \"extra\""), "{text}");
    assert!(!text.contains("5222"), "{text}");
}

/// The answers to what the host asked from such a port are only known by their tracking.
#[test]
fn media_is_left_untracked_only_where_its_ports_are_open_to_everyone() {
    let mut wanted = wanted();
    assert!(nft::text(&Openings::of(&wanted), Lasting::Permanent).contains("udp dport 30000-40000 notrack"));
    wanted.services.get_mut("rtp").unwrap().0 = "trusted".to_owned();
    assert!(!nft::text(&Openings::of(&wanted), Lasting::Permanent).contains("notrack"));
}

#[test]
fn what_is_loaded_when_nothing_else_does_lets_ssh_of_the_trusted_networks_in_and_nobody_else() {
    let mut wanted = wanted();
    let text = nft::text(&Openings::last_resort(&wanted), Lasting::Permanent);
    assert!(text.contains("ip saddr @trusted4 tcp dport { 22, 2222 } accept"), "{text}");
    assert!(text.contains("policy drop") && !text.contains("443") && !text.contains("5060"), "{text}");
    wanted.trusted.clear();
    let text = nft::text(&Openings::last_resort(&wanted), Lasting::Permanent);
    assert!(text.contains("\n    tcp dport { 22, 2222 } accept"), "{text}");
}
