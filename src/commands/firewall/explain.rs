//! `firewall explain`: what becomes of a packet, by which rule, and by which key of the configuration.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{
    commands::{exit, options::Format, output},
    executor::Executor,
    host::packet_filter::Protocol,
    steps::firewall_explain,
};

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Who sends it, like 203.0.113.7
    #[arg(value_name = "ADDRESS")]
    from: String,
    /// tcp or udp
    #[arg(value_name = "PROTO")]
    protocol: String,
    /// The port that it is for
    #[arg(value_name = "PORT")]
    port: String,
    /// The address of this host that it is for; each of that family when not named
    #[arg(long, value_name = "OWN-ADDRESS")]
    to: Option<String>,
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Explain {
    pub(super) fn run(&self, host: &dyn Executor) -> Result<u8> {
        let from = address(&self.from)?;
        ensure!(
            !(from.is_loopback()
                || from.is_multicast()
                || from.is_unspecified()
                || from == Ipv4Addr::BROADCAST),
            "nothing comes from {from} over a network: the kernel drops it before any rule"
        );
        let to = self.to.as_deref().map(address).transpose()?;
        if let Some(to) = to.filter(IpAddr::is_loopback) {
            anyhow::bail!(
                "{to} is reached by this host alone: the kernel drops what comes for it from outside"
            );
        }
        let protocol = match self.protocol.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => anyhow::bail!("'{}' is no protocol here; write tcp or udp", self.protocol),
        };
        let digits = self.port.bytes().all(|byte| byte.is_ascii_digit());
        let port = self.port.parse::<u16>().ok().filter(|port| digits && *port > 0);
        let port =
            port.with_context(|| format!("'{}' is no port; a port is a number from 1 to 65535", self.port))?;
        let said = firewall_explain(host, from, protocol, port, to)?;
        output::result(self.format, || said.text(), &said)?;
        Ok(exit::OK)
    }
}

fn address(text: &str) -> Result<IpAddr> {
    let address: IpAddr = text
        .parse()
        .ok()
        .with_context(|| format!("'{text}' is no address; write 203.0.113.7 or 2001:db8::7"))?;
    let plain = address.to_canonical();
    ensure!(plain == address, "'{text}' is IPv4 written as IPv6; write {plain}");
    Ok(address)
}
