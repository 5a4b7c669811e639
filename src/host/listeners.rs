//! Who listens where, as the kernel tells it in `/proc/net`, and which program it is. Nothing is connected to here;
//! who gets through to a listener is not known here.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    path::Path,
};

use anyhow::{Context, Result, ensure};

use super::{packet_filter::Protocol, processes::open_sockets};
use crate::executor::Executor;

/// State of a TCP socket that waits for connections, and of a UDP socket that takes datagrams from anybody.
const LISTENS: [(Protocol, &str); 2] = [(Protocol::Tcp, "0A"), (Protocol::Udp, "07")];
/// Where a free port is looked for: below those that the kernel gives to outgoing connections.
const FREE: std::ops::Range<u16> = 24_000..32_000;
/// More processes, and more open files of one process, are not looked through.
const MOST: usize = 20_000;
/// Said of a program that cannot be seen.
pub const UNSEEN: &str = "a program that is not seen";
/// It holds sockets for others until they are needed.
const KEEPER: &str = "systemd";

/// A socket that takes new connections or datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Address and port. `0.0.0.0` and `::` are all of the host's own.
    pub at: SocketAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// It listens on `::`, and nothing else has the port over IPv4: then it usually takes IPv4 as well. The kernel's
    /// table does not tell.
    pub both: bool,
    /// Who has it open, by the name of its program; `None` where that cannot be seen.
    pub program: Option<String>,
}

impl Listener {
    /// Whether it can be reached over this family.
    pub fn takes(&self, v6: bool) -> bool {
        self.both || self.at.is_ipv6() == v6
    }

    /// Who has it open, for people.
    pub fn shown(&self) -> &str {
        self.program.as_deref().unwrap_or(UNSEEN)
    }

    /// Whether only the host itself gets to it.
    pub fn is_local(&self) -> bool {
        self.at.ip().to_canonical().is_loopback()
    }
}

/// Every socket that takes new connections or datagrams: TCP first, IPv4 first.
///
/// # Errors
/// When the host does not run, or the kernel's table cannot be read.
pub fn listeners(host: &dyn Executor) -> Result<Vec<Listener>> {
    ensure!(host.world().is_running(), "this host does not run: what listens on it cannot be seen");
    let mut found = Vec::new();
    for (protocol, state) in LISTENS {
        let sockets = sockets(host, protocol)?;
        let open = sockets.into_iter().filter(|socket| socket.state == state && socket.peer.port() == 0);
        found.extend(open.map(|socket| (protocol, socket)));
    }
    let wanted: BTreeSet<&str> = found.iter().map(|(_, socket)| socket.inode.as_str()).collect();
    let programs = programs(host, &wanted);
    let has_v4 = |protocol, port| {
        found.iter().any(|(other, one)| *other == protocol && one.at.is_ipv4() && one.at.port() == port)
    };
    let listener = |(protocol, socket): &(Protocol, Socket)| Listener {
        at: socket.at,
        protocol: *protocol,
        both: socket.at.is_ipv6() && socket.at.ip().is_unspecified() && !has_v4(*protocol, socket.at.port()),
        program: programs.get(&socket.inode).cloned(),
    };
    Ok(found.iter().map(listener).collect())
}

/// Where TCP connections are waited for, IPv4 first.
///
/// # Errors
/// When the kernel's table cannot be read.
pub(super) fn tcp(host: &dyn Executor) -> Result<Vec<SocketAddr>> {
    let listens = |socket: &Socket| socket.state == LISTENS[0].1;
    Ok(sockets(host, Protocol::Tcp)?.into_iter().filter(listens).map(|socket| socket.at).collect())
}

/// A port of which no TCP socket of this host knows.
///
/// # Errors
/// When the kernel's table cannot be read, or all are taken.
pub(super) fn free_port(host: &dyn Executor) -> Result<u16> {
    let taken: BTreeSet<u16> = sockets(host, Protocol::Tcp)?.iter().map(|socket| socket.at.port()).collect();
    FREE.into_iter().find(|port| !taken.contains(port)).context("no port is free on this host")
}

/// A line of the kernel's table.
pub(super) struct Socket {
    pub(super) at: SocketAddr,
    pub(super) peer: SocketAddr,
    /// Two digits; `0A` is a listening one.
    pub(super) state: String,
    pub(super) inode: String,
}

fn sockets(host: &dyn Executor, protocol: Protocol) -> Result<Vec<Socket>> {
    let read = |v6: &str| {
        let path = format!("/proc/net/{}{v6}", protocol.word());
        host.read(Path::new(&path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut text = read("").context("what listens on this host cannot be seen")?;
    // A host without IPv6 has no such file.
    text.push_str(&read("6").unwrap_or_default());
    Ok(text.lines().filter_map(socket).collect())
}

/// `   0: 0100007F:1A0B 00000000:0000 0A …`: number, both ends, state, and as the tenth word the socket.
pub(super) fn socket(line: &str) -> Option<Socket> {
    let words: Vec<&str> = line.split_whitespace().collect();
    Some(Socket {
        at: end(words.get(1)?)?,
        peer: end(words.get(2)?)?,
        state: (*words.get(3)?).to_owned(),
        inode: (*words.get(9).unwrap_or(&"")).to_owned(),
    })
}

/// `0500000A:C822`: the address in words of four bytes, each as the machine keeps a number, and the port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let words = address.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.concat();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// For each of these sockets the program that has it open, as far as we may see.
fn programs(host: &dyn Executor, wanted: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let processes = host.list(Path::new("/proc")).unwrap_or_default();
    for process in processes.iter().filter_map(|name| name.parse().ok()).take(MOST) {
        let mut name = None;
        for inode in open_sockets(host, process, MOST) {
            let known = found.get(&inode).is_some_and(|known| known != KEEPER);
            if known || !wanted.contains(inode.as_str()) {
                continue;
            }
            if let Some(name) = name.get_or_insert_with(|| program(host, process)) {
                found.insert(inode, name.clone());
            }
        }
    }
    found
}

/// What a process runs; of a script its own name, not that of its interpreter.
fn program(host: &dyn Executor, process: u32) -> Option<String> {
    const INTERPRETERS: [&str; 7] = ["perl", "python", "ruby", "node", "java", "php", "beam"];
    let exe = host.read_link(Path::new(&format!("/proc/{process}/exe"))).ok();
    let exe = exe.and_then(|path| {
        let path = path.to_string_lossy().trim_end_matches(" (deleted)").to_owned();
        Some(path.rsplit('/').next()?.to_owned())
    });
    let own = || {
        let bytes = host.read(Path::new(&format!("/proc/{process}/comm"))).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    };
    match exe {
        Some(exe) if INTERPRETERS.iter().any(|name| exe.starts_with(name)) => own().or(Some(exe)),
        Some(exe) => Some(exe),
        None => own(),
    }
    .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{World, simulated::Simulated};

    const TCP: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
   1: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12 1 0
   2: 0700000A:0016 0500000A:C822 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0
";
    const TCP6: &str = "  sl
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 14 1 0
   1: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 15 1 0
";
    const UDP: &str = "  sl
  10: 0700000A:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 16 2 0 0
  11: 0700000A:C001 08080808:0035 01 00000000:00000000 00:00000000 00000000     0        0 17 2 0 0
";

    fn host() -> Simulated {
        let host = Simulated::new();
        let host = host.file("/proc/net/tcp", TCP).file("/proc/net/tcp6", TCP6).file("/proc/net/udp", UDP);
        let host = host.file("/proc/900/comm", "rate-o-mat\n");
        host.edit(|files| {
            files.link("/proc/1/exe", "/lib/systemd/systemd");
            files.link("/proc/1/fd/30", "socket:[11]");
            files.link("/proc/700/exe", "/usr/sbin/sshd (deleted)");
            files.link("/proc/700/fd/3", "socket:[11]");
            files.link("/proc/700/fd/4", "socket:[14]");
            files.link("/proc/900/exe", "/usr/bin/perl5.36");
            files.link("/proc/900/fd/7", "socket:[16]");
        });
        host
    }

    #[test]
    fn what_takes_strangers_is_listed_with_its_program() {
        let shown: Vec<String> = listeners(&host())
            .unwrap()
            .iter()
            .map(|one| {
                let program = one.program.as_deref().unwrap_or("?");
                format!(
                    "{} {} {program} {} {}",
                    one.protocol.word(),
                    one.at,
                    one.takes(false),
                    one.takes(true)
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "tcp 0.0.0.0:22 sshd true false",
                "tcp 127.0.0.1:3306 ? true false",
                "tcp [::]:22 sshd false true",
                "tcp [::]:443 ? true true",
                "udp 10.0.0.7:5060 rate-o-mat true false",
            ]
        );
    }

    #[test]
    fn what_cannot_be_seen_is_an_error_and_not_an_empty_list() {
        assert!(listeners(&Simulated::new()).is_err());
        assert!(listeners(&host().with_world(World::Tree)).unwrap_err().to_string().contains("does not run"));
        let garbage = host().file("/proc/net/tcp", "x\n 0: zz:1 :: 0A\n 1: 00:ffffff 0 0A\n\n");
        assert!(listeners(&garbage).unwrap().iter().all(|one| one.at.port() != 0xffff));
    }
}
