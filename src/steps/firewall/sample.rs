//! What the look at a plain host finds, for the tests of what is made of it.

use std::net::IpAddr;

use super::facts::{Backend, Exposure, Facts, Other, Own, Reach, Reached};
use crate::{
    host::packet_filter::Protocol,
    ngcp::{
        reachable::{Audience, Ports, Service},
        rtpengine::{Look, Rule},
    },
};

/// `5060/tcp`.
pub(super) fn port(protocol: Protocol, from: u16, to: u16) -> Ports {
    Ports { protocol, from, to }
}

/// Everybody reaches it: no filter says anything.
pub(super) fn open() -> Exposure {
    Exposure { who: Reach::Everyone, trusted: Some(true), by: "no rule says anything".to_owned(), but: None }
}

fn service(name: &str, label: &str, audience: Audience, ports: Vec<Ports>) -> Reached {
    let service = Service {
        name: name.to_owned(),
        label: label.to_owned(),
        audience,
        ports,
        on: None,
        key: None,
        fault: None,
    };
    Reached { service, listens: Some(vec![name.to_owned()]), v4: open(), v6: open() }
}

/// A host that anybody reaches, whose operator comes from 198.51.100.7.
pub(super) fn facts() -> Facts {
    let (tcp, udp) = (Protocol::Tcp, Protocol::Udp);
    let database: IpAddr = [0, 0, 0, 0].into();
    Facts {
        blind: None,
        unread: None,
        backend: Backend::Nft,
        services: vec![
            service("sip", "SIP", Audience::Subscribers, vec![port(tcp, 5060, 5060), port(udp, 5060, 5060)]),
            service("rtp", "RTP", Audience::Subscribers, vec![port(udp, 30000, 40000)]),
            service("ssh", "SSH", Audience::Administrators, vec![port(tcp, 22, 22)]),
            service("admin", "Admin web", Audience::Administrators, vec![port(tcp, 1443, 1443)]),
        ],
        unasked: [Some(open()), Some(open())],
        others: vec![Other {
            address: database,
            port: 3306,
            protocol: tcp,
            program: Some("mariadbd".to_owned()),
            known: Some("MariaDB".to_owned()),
            exposure: open(),
        }],
        operator: Some([198, 51, 100, 7].into()),
        trusted: ["198.51.100.0/24".parse(), "2001:db8::/32".parse()].into_iter().flatten().collect(),
        others_rules: Vec::new(),
        doubled: None,
        kept: None,
        seen: Some("5e".repeat(32)),
        own: Own::default(),
        rtpengine: Look {
            wanted: Some(true),
            why: String::new(),
            table: Some(0),
            families: [Rule::Fine, Rule::Fine],
            module: Some(true),
            forwarded: None,
            policy_opened: None,
            way: None,
        },
        bans: None,
        can_notrack: true,
        managed: None,
        watched: Some(false),
        systemd: true,
    }
}
