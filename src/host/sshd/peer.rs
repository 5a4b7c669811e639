//! The connection that a process of the SSH server serves, as the kernel has it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use crate::executor::Executor;

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

/// A line of `/proc/net/tcp`: number, local and remote end, state, and as the tenth word the socket.
fn established(line: &str, inode: &str) -> Option<Connection> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.get(3) != Some(&ESTABLISHED) || words.get(9) != Some(&inode) {
        return None;
    }
    let ((at, at_port), (address, port)) = (end(words[1])?, end(words[2])?);
    Some(Connection { address, port, server: (at.to_string(), at_port.to_string()) })
}

/// `0500000A:C822`: the address in words of four bytes, each as the machine keeps a number, and the port.
fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let words: Option<Vec<u32>> = (0..address.len() / 8)
        .map(|at| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok())
        .collect();
    let words: Vec<[u8; 4]> = words?.into_iter().map(u32::to_ne_bytes).collect();
    let address = match words[..] {
        [v4] => IpAddr::V4(Ipv4Addr::from(v4)),
        [..] => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?)).to_canonical(),
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
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
