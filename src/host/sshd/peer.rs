//! The connection that a process of the SSH server serves, as the kernel has it.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
};

use crate::{executor::Executor, host::listeners};

/// Names of the server's own programs; since 9.8 one of them listens and another serves.
const SERVERS: [&str; 3] = ["sshd", "sshd-session", "dropbear"];
/// `ESTABLISHED` in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";

/// Both ends of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    /// Which of the server's addresses and ports took it.
    pub(super) server: (String, String),
}

/// Whether a process runs the server's program, also one that an upgrade has replaced since.
pub(super) fn is_server(host: &dyn Executor, process: &str) -> bool {
    let program = host.read_link(Path::new(&format!("/proc/{process}/exe"))).unwrap_or_default();
    let program = program.to_string_lossy();
    let name = program.trim_end_matches(" (deleted)").rsplit('/').next().unwrap_or_default();
    SERVERS.contains(&name)
}

/// The connection it serves: the first one it opened. Later ones are tunnels through it.
pub(super) fn connection(host: &dyn Executor, process: &str) -> Option<Connection> {
    let folder = format!("/proc/{process}/fd");
    let names = host.list(Path::new(&folder)).ok()?;
    let mut open: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    open.sort_unstable();
    let tables = ["tcp", "tcp6"].map(|table| {
        let bytes = host.read(Path::new(&format!("/proc/{process}/net/{table}"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    open.iter().find_map(|fd| {
        let link = host.read_link(&Path::new(&folder).join(fd.to_string())).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        tables.iter().flat_map(|table| table.lines()).find_map(|line| established(line, &inode))
    })
}

/// Both ends, when it is a line of that socket.
fn established(line: &str, inode: &str) -> Option<Connection> {
    let socket = listeners::socket(line).filter(|one| one.state == ESTABLISHED && one.inode == inode)?;
    let (at, peer) = (socket.at, socket.peer);
    Some(Connection {
        address: peer.ip().to_canonical(),
        port: peer.port(),
        server: (at.ip().to_canonical().to_string(), at.port().to_string()),
    })
}

/// Whether an address is one of the host's own, as the network of that process has it. `None` when that is not known.
pub(super) fn is_own(host: &dyn Executor, process: &str, address: IpAddr) -> Option<bool> {
    if address.is_loopback() {
        return Some(true);
    }
    let table = match address {
        IpAddr::V4(_) => "fib_trie",
        IpAddr::V6(_) => "if_inet6",
    };
    let text = host.read(Path::new(&format!("/proc/{process}/net/{table}"))).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines();
    Some(match address {
        IpAddr::V4(address) => own_v4(lines).any(|(own, bits)| same_network(own, address, bits)),
        // `fe80000000000000…01 02 40 20 80 eth0`: the address first.
        IpAddr::V6(address) => {
            let address = format!("{:032x}", address.to_bits());
            lines.any(|line| line.split(' ').next() == Some(&address))
        }
    })
}

/// What the kernel takes for the host itself: below a line `|-- 192.0.2.2` one that says `/32 host LOCAL`.
fn own_v4<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (Ipv4Addr, u32)> {
    let mut at = None;
    lines.filter_map(move |line| {
        if let Some(address) = line.trim_start().strip_prefix("|-- ") {
            at = address.parse().ok();
        }
        let bits = line.trim().strip_prefix('/')?.strip_suffix(" host LOCAL")?;
        Some((at?, bits.parse().ok()?))
    })
}

fn same_network(one: Ipv4Addr, other: Ipv4Addr, bits: u32) -> bool {
    let differ = one.to_bits() ^ other.to_bits();
    differ.checked_shr(32_u32.saturating_sub(bits)).unwrap_or(0) == 0
}
