//! How somebody who runs us is connected: whether that proves that one can still get in is for the guard to say.

use crate::{
    executor::Executor,
    host::sshd,
    runner::{guard::Connection, proc_stat::process},
};

/// How this process is connected.
pub fn own_connection(host: &dyn Executor) -> Connection {
    let own = host.read_link("/proc/self".as_ref()).ok();
    let own = own.and_then(|pid| pid.to_str()?.parse().ok());
    own.map_or(Connection::Unknown, |pid| connection(host, pid))
}

/// How a process is connected. What the kernel says of the server above it and of its connection counts; names
/// decide only that this is not the console.
fn connection(host: &dyn Executor, pid: u32) -> Connection {
    if let Some(served) = sshd::served(host, &pid.to_string()) {
        return match (served.is_from_itself(host), process(host, served.process)) {
            (Some(true), _) => Connection::FromItself,
            (Some(false), Some(server)) => Connection::Ssh(server.started),
            _ => Connection::Unknown,
        };
    }
    let mut pid = pid;
    let mut terminal = 0;
    for _ in 0..64 {
        let Some(process) = process(host, pid) else { return Connection::Unknown };
        if terminal == 0 {
            terminal = process.terminal;
        }
        match process.name.as_str() {
            "sshd" | "sshd-session" | "dropbear" | "tmux: server" | "screen" | "SCREEN" => {
                return Connection::Unknown;
            }
            _ if process.parent <= 1 => break,
            _ => pid = process.parent,
        }
    }
    // Major 4 holds the consoles and serial lines, 5 /dev/console, 204 and 229 more serial and virtual lines.
    match terminal >> 8 & 0xfff {
        4 | 5 | 204 | 229 => Connection::Console,
        _ => Connection::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::executor::simulated::Simulated;

    fn host(processes: &[(u32, &str, u32, u64, u64)]) -> Simulated {
        processes.iter().fold(Simulated::new(), |host, (pid, name, parent, terminal, started)| {
            let zeros = "0 ".repeat(14);
            let stat = format!("{pid} ({name}) S {parent} 1 1 {terminal} {zeros}{started} 0 0\n");
            host.file(format!("/proc/{pid}/stat"), stat)
        })
    }

    /// A login of ann, become root: below root's own sshd of it, 600, that holds these sockets, in this order.
    fn login(sockets: &[u32], table: &str, line: &str) -> Simulated {
        let processes = [
            (900, "ngcp-warden", 800, 34816, 50_000),
            (800, "sudo", 700, 34816, 49_900),
            (700, "bash", 650, 34816, 30_100),
            (650, "sshd", 600, 0, 30_050),
            (600, "sshd", 400, 0, 30_000),
            (400, "sshd", 1, 0, 100),
        ];
        let mut host = host(&processes);
        for (pid, name, parent, ..) in processes {
            let user = if [700, 650].contains(&pid) { 1001 } else { 0 };
            let status = format!("Name:\t{name}\nPPid:\t{parent}\nUid:\t{user}\t{user}\t{user}\t{user}\n");
            host = host.file(format!("/proc/{pid}/status"), status);
        }
        host = host.file(format!("/proc/600/net/{table}"), line).file("/proc/600/net/fib_trie", OWN_V4);
        host = host.file("/proc/600/net/if_inet6", OWN_V6);
        host.edit(|files| {
            for pid in [650, 600, 400] {
                files.link(format!("/proc/{pid}/exe"), "/usr/sbin/sshd");
            }
            for (fd, inode) in sockets.iter().enumerate() {
                files.link(format!("/proc/600/fd/{}", fd + 4), format!("socket:[{inode}]"));
            }
        });
        host
    }

    /// What came from there: the socket 77 of this server process.
    fn from(address: &str) -> Simulated {
        login(&[77], if address.len() == 8 { "tcp" } else { "tcp6" }, &established(address, 77))
    }

    fn established(address: &str, inode: u32) -> String {
        let server = "0".repeat(address.len());
        format!("   0: {server}:0016 {address}:C822 01 00000000:00000000 00:0 0 0 0 {inode} 1 0\n")
    }

    const OWN_V4: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 192.0.2.0\n\
        \x20       /24 link UNICAST\n     |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n\
        \x20       /32 link BROADCAST\nLocal:\n     |-- 198.51.100.0\n        /25 host LOCAL\n";
    const OWN_V6: &str = "00000000000000000000000000000001 01 80 10 80       lo\n\
        20010db8000000000000000000000002 02 40 00 80     eth0\n\
        fe8000000000000002163efffe000002 02 40 20 80     eth0\n";
    const STRANGER: &str = "070200C0";

    #[test]
    fn the_age_of_a_login_is_that_of_its_own_sshd_not_of_the_listener_f06() {
        assert_eq!(connection(&from(STRANGER), 900), Connection::Ssh(Duration::from_secs(300)));
    }

    #[test]
    fn a_login_from_the_host_itself_is_told_from_one_from_elsewhere() {
        for (own, address) in [
            ("127.0.0.1", "0100007F"),
            ("127.9.0.1", "0100097F"),
            ("::1", "00000000000000000000000001000000"),
            ("::ffff:127.0.0.1", "0000000000000000FFFF00000100007F"),
            ("192.0.2.2", "020200C0"),
            ("::ffff:192.0.2.2", "0000000000000000FFFF0000020200C0"),
            ("198.51.100.9, of a network that is the host's own", "096433C6"),
            ("2001:db8::2", "B80D0120000000000000000002000000"),
            ("fe80::216:3eff:fe00:2", "000080FE00000000FF3E1602020000FE"),
        ] {
            assert_eq!(connection(&from(address), 900), Connection::FromItself, "{own}");
        }
        for (elsewhere, address) in [
            ("192.0.2.7", STRANGER),
            ("::ffff:192.0.2.7", "0000000000000000FFFF0000070200C0"),
            ("198.51.100.129", "816433C6"),
            ("2001:db8::7", "B80D0120000000000000000007000000"),
        ] {
            assert!(matches!(connection(&from(address), 900), Connection::Ssh(_)), "{elsewhere}");
        }
    }

    #[test]
    fn a_login_whose_other_end_is_not_known_proves_nothing() {
        let stranger = established(STRANGER, 77);
        assert_eq!(connection(&login(&[], "tcp", &stranger), 900), Connection::Unknown, "no socket");
        assert_eq!(connection(&login(&[78], "tcp", &stranger), 900), Connection::Unknown, "another's");
        assert_eq!(connection(&login(&[77], "tcp", ""), 900), Connection::Unknown, "not in the table");
        for (table, address) in [("fib_trie", STRANGER), ("if_inet6", "B80D0120000000000000000007000000")] {
            let host = from(address);
            host.edit(|files| files.remove(format!("/proc/600/net/{table}")));
            assert_eq!(connection(&host, 900), Connection::Unknown, "own addresses not known");
        }
        // A tunnel through the connection is opened later.
        let both = established("0100007F", 77) + &established(STRANGER, 88);
        assert_eq!(connection(&login(&[77, 88], "tcp", &both), 900), Connection::FromItself);
        assert!(matches!(connection(&login(&[88, 77], "tcp", &both), 900), Connection::Ssh(_)));
    }

    /// Everybody can name a program sshd, and connect it to wherever it likes.
    #[test]
    fn a_server_that_is_not_roots_proves_nothing() {
        let host = from(STRANGER);
        let status = "Name:\tsshd\nPPid:\t400\nUid:\t1001\t1001\t1001\t1001\n";
        host.edit(|files| files.write("/proc/600/status", status));
        assert_eq!(connection(&host, 900), Connection::Unknown);
        let host = from(STRANGER);
        host.edit(|files| files.link("/proc/600/exe", "/usr/bin/other"));
        assert_eq!(connection(&host, 900), Connection::Unknown);
    }

    #[test]
    fn a_terminal_that_outlives_connections_proves_nothing_but_the_console_does_f06() {
        let tmux =
            [(900, "x) y (z", 800, 34816, 5), (800, "bash", 700, 34816, 4), (700, "tmux: server", 1, 0, 3)];
        assert_eq!(connection(&host(&tmux), 900), Connection::Unknown);
        let console =
            [(900, "ngcp-warden", 800, 1025, 5), (800, "bash", 700, 1025, 4), (700, "login", 1, 0, 3)];
        assert_eq!(connection(&host(&console), 900), Connection::Console);
        assert_eq!(connection(&host(&[(900, "cron", 1, 0, 3)]), 900), Connection::Unknown);
    }
}
