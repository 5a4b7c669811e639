//! Who is proposed as trusted: the network that the operator comes from, and those of the management interfaces of
//! network.yml.

use std::{net::IpAddr, path::Path};

use crate::{
    executor::Executor,
    host::{addresses::Own, network::Network},
    ngcp::config::DIRECTORY,
    yaml::{self, Kind, Node},
};

/// Types of interfaces by which a host is run.
const MANAGEMENT: [&str; 3] = ["ssh_ext", "mon_ext", "web_int"];
/// Types of interfaces that face everybody: what is on the same wire there is not trusted for it.
const PUBLIC: [&str; 3] = ["web_ext", "sip_ext", "rtp_ext"];

pub(super) fn proposed(host: &dyn Executor, operator: Option<IpAddr>, own: &[Own]) -> Vec<Network> {
    let mut all: Vec<Network> = Vec::new();
    if let Some(operator) = operator.filter(|one| !one.is_loopback()) {
        let on_wire = own.iter().find(|own| own.is_outside() && own.network.covers(&operator.into()));
        all.push(on_wire.map_or(operator.into(), |own| own.network));
    }
    all.extend(management(host).unwrap_or_default());
    all.sort_unstable();
    all.dedup();
    let kept = |one: &Network| !all.iter().any(|other| other != one && other.covers(one));
    all.iter().copied().filter(kept).collect()
}

/// Networks of the interfaces that network.yml gives to those who run the host, and to nobody else.
fn management(host: &dyn Executor) -> Option<Vec<Network>> {
    let bytes = host.read(&Path::new(DIRECTORY).join("network.yml")).ok()?;
    let root = yaml::parse(std::str::from_utf8(&bytes).ok()?).ok()??;
    let mut found = Vec::new();
    for (_, node) in entries(get(&root, "hosts")?) {
        for (name, interface) in entries(node) {
            let types: Vec<&str> = get(interface, "type").map(words).unwrap_or_default();
            let has = |wanted: &[&str]| types.iter().any(|one| wanted.contains(one));
            if name == "lo" || !has(&MANAGEMENT) || has(&PUBLIC) {
                continue;
            }
            let text = |key| get(interface, key).and_then(Node::text);
            let v4 = text("ip").zip(text("netmask")).and_then(|(ip, mask)| {
                let mask: std::net::Ipv4Addr = mask.parse().ok()?;
                Network::around(ip.parse().ok()?, mask.to_bits().leading_ones())
            });
            found.extend(v4.filter(|network| !network.is_one()));
        }
    }
    Some(found)
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match &node.kind {
        Kind::Map { entries, .. } => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|(key, value)| (key.text().unwrap_or_default(), value))
}

fn get<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    entries(node).find(|(name, _)| *name == key).map(|(_, value)| value)
}

fn words(node: &Node) -> Vec<&str> {
    match &node.kind {
        Kind::List { items, .. } => items.iter().filter_map(Node::text).collect(),
        _ => node.text().into_iter().collect(),
    }
}
