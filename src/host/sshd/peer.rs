//! The connection that a process of the SSH server serves, as the kernel has it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use crate::executor::Executor;

/// Names of the server's own programs; since 9.8 one of them listens and another serves.
const SERVERS: [&str; 2] = ["sshd", "sshd-session"];
/// `ESTABLISHED` in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";

/// Both ends of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) address: String,
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
    Some(Connection { address: address.to_string(), port, server: (at.to_string(), at_port.to_string()) })
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
