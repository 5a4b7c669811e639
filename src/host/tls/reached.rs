//! Where a client on this host gets to whoever listens on a port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
