//! Who listens where, as the kernel tells it in `/proc/net/tcp`. Nothing is connected to here.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context, Result};

use crate::executor::Executor;

/// State of a socket that waits for connections.
const LISTENS: &str = "0A";
/// Where a free port is looked for: below those that the kernel gives to outgoing connections.
const FREE: std::ops::Range<u16> = 24_000..32_000;

/// Every TCP socket that waits for connections, IPv4 first.
///
/// # Errors
/// When the kernel's table cannot be read.
pub(super) fn listeners(host: &dyn Executor) -> Result<Vec<SocketAddr>> {
    Ok(sockets(host)?.into_iter().filter(|(_, state)| state == LISTENS).map(|(at, _)| at).collect())
}

/// Where a client on this host reaches whoever listens on `port`, the likeliest first: everywhere is this host as well.
pub(super) fn reached(listeners: &[SocketAddr], port: u16) -> Vec<SocketAddr> {
    let on_port = || listeners.iter().map(|at| (at.ip(), at.port())).filter(|at| at.1 == port).map(|at| at.0);
    // What listens everywhere is the most likely to be what clients get.
    let Some(ip) = on_port().find(IpAddr::is_unspecified).or_else(|| on_port().next()) else {
        return Vec::new();
    };
    let all = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![Ipv4Addr::LOCALHOST.into()],
        // It may take IPv4 as well, and old clients know nothing else.
        IpAddr::V6(ip) if ip.is_unspecified() && !on_port().any(|ip| ip.is_ipv4()) => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        IpAddr::V6(ip) if ip.is_unspecified() => vec![Ipv6Addr::LOCALHOST.into()],
        ip => vec![ip.to_canonical()],
    };
    all.into_iter().map(|ip: IpAddr| SocketAddr::new(ip, port)).collect()
}

/// A port of which no TCP socket of this host knows.
///
/// # Errors
/// When the kernel's table cannot be read, or all are taken.
pub(super) fn free_port(host: &dyn Executor) -> Result<u16> {
    let taken: BTreeSet<u16> = sockets(host)?.iter().map(|(at, _)| at.port()).collect();
    FREE.into_iter().find(|port| !taken.contains(port)).context("no port is free on this host")
}

fn sockets(host: &dyn Executor) -> Result<Vec<(SocketAddr, String)>> {
    let read =
        |path: &str| host.read(Path::new(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut text = read("/proc/net/tcp").context("what listens on this host cannot be seen")?;
    // A host without IPv6 has no such file.
    text.push_str(&read("/proc/net/tcp6").unwrap_or_default());
    Ok(text.lines().filter_map(socket).collect())
}

/// `   0: 0100007F:1A0B 00000000:0000 0A …`: the address in words of the machine's own byte order.
fn socket(line: &str) -> Option<(SocketAddr, String)> {
    let mut fields = line.split_whitespace().skip(1);
    let (address, port) = fields.next()?.split_once(':')?;
    let state = fields.nth(1)?.to_owned();
    let words = address.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.concat();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some((SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?), state))
}
