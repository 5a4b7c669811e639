//! The host's own addresses, each with its network and its interface, as the host's own `ip` tells them.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use super::network::Network;
use crate::executor::{Command, Executor, Quiet};

/// More addresses are not looked at.
const MOST: usize = 4096;

/// An address of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The address.
    pub address: IpAddr,
    /// What is on the same wire: the address alone where its length is that of one address.
    pub network: Network,
    /// `eth0`, `lo`.
    pub interface: String,
}

impl Own {
    /// Whether others can send to it from another network: no loopback, and not for this wire only.
    pub fn is_outside(&self) -> bool {
        let on_wire = match self.address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        !on_wire && !self.address.is_loopback() && self.interface != "lo"
    }
}

/// All of them, in the order of the interfaces.
///
/// # Errors
/// When the host does not run, or its `ip` cannot be asked.
pub fn addresses(host: &dyn Executor) -> Result<Vec<Own>> {
    ensure!(host.world().is_running(), "this host does not run: its addresses cannot be seen");
    let command = Command::new("ip", ["-o", "addr", "show"]).reads_only().limit(Duration::from_secs(10));
    let exit = host.run(&command, &mut Quiet).context("the host's addresses cannot be seen")?;
    if !exit.ok() {
        bail!("ip addr: {}", exit.reason());
    }
    Ok(exit.text().lines().filter_map(own).take(MOST).collect())
}

/// `2: eth0    inet 198.51.100.7/24 brd 198.51.100.255 scope global eth0\       valid_lft …`
fn own(line: &str) -> Option<Own> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, interface, family, address, ..] = words[..] else { return None };
    if !["inet", "inet6"].contains(&family) {
        return None;
    }
    let (address, length) = address.split_once('/').unwrap_or((address, ""));
    let address: IpAddr = address.parse().ok()?;
    let interface = interface.trim_end_matches(':').split('@').next().unwrap_or_default().to_owned();
    let network = length.parse().ok().and_then(|length| Network::around(address, length));
    Some(Own { address, network: network.unwrap_or_else(|| address.into()), interface })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{World, simulated::Simulated};

    const IP: &str = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
2: eth0    inet 198.51.100.7/24 brd 198.51.100.255 scope global eth0\\       valid_lft forever
2: eth0    inet6 2001:db8::7/64 scope global \\       valid_lft forever
2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever
5: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0
x
";

    #[test]
    fn each_address_has_its_network_and_its_interface() {
        let host = Simulated::new().on("ip", |_, _| IP);
        let all = addresses(&host).unwrap();
        let shown: Vec<String> = all
            .iter()
            .map(|own| format!("{} {} {} {}", own.address, own.network, own.interface, own.is_outside()))
            .collect();
        assert_eq!(
            shown,
            [
                "127.0.0.1 127.0.0.0/8 lo false",
                "::1 ::1 lo false",
                "198.51.100.7 198.51.100.0/24 eth0 true",
                "2001:db8::7 2001:db8::/64 eth0 true",
                "fe80::1 fe80::/64 eth0 false",
                "10.8.0.1 10.8.0.1 tun0 true",
            ]
        );
        assert!(addresses(&host.with_world(World::Tree)).is_err());
        assert!(addresses(&Simulated::new()).is_err());
    }
}
