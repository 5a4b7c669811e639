//! A host and three others, each at the end of a cable of its own: a subscriber, somebody of a trusted network, a
//! stranger. What they send is what gets through.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

/// Whoever sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Subscriber,
    Trusted,
    Stranger,
}

impl Who {
    pub(crate) const ALL: [Who; 3] = [Who::Subscriber, Who::Trusted, Who::Stranger];

    fn number(self) -> usize {
        self as usize + 1
    }

    /// The address of the host on that cable.
    pub(crate) fn host(self, v6: bool) -> String {
        if v6 { format!("2001:db8:{}::2", self.number()) } else { format!("{}.2", self.network()) }
    }

    /// Its own.
    pub(crate) fn address(self, v6: bool) -> String {
        if v6 { format!("2001:db8:{}::1", self.number()) } else { format!("{}.1", self.network()) }
    }

    /// The interface of the host that its packets come in by.
    pub(crate) fn cable(self) -> String {
        format!("cable{}", self.number())
    }

    fn network(self) -> &'static str {
        ["198.51.100", "192.0.2", "203.0.113"][self as usize]
    }
}

/// The networks that are trusted.
pub(crate) const TRUSTED: [&str; 2] = ["192.0.2.0/24", "2001:db8:2::/48"];

/// One other machine, known by a process of it that sleeps.
struct Other(Child);

pub(crate) struct Network {
    others: Vec<Other>,
    server: Option<Child>,
}

impl Network {
    /// The cables are plugged in; the host is the network namespace that we are in.
    pub(crate) fn new() -> Self {
        ip(Command::new("ip"), "link set lo up");
        let others = Who::ALL.map(|who| {
            let mut sleeper = Command::new("unshare");
            sleeper.args(["--net", "sh", "-c", "echo; exec sleep infinity"]).stdout(Stdio::piped());
            let mut sleeper = sleeper.spawn().unwrap();
            // It is out of our network when it says something.
            sleeper.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
            let other = Other(sleeper);
            let cable = who.cable();
            ip(
                Command::new("ip"),
                &format!("link add {cable} type veth peer name cable netns {}", other.0.id()),
            );
            for (v6, length) in [(false, 24), (true, 64)] {
                let dad = if v6 { " nodad" } else { "" };
                ip(Command::new("ip"), &format!("addr add {}/{length} dev {cable}{dad}", who.host(v6)));
                ip(other.command("ip"), &format!("addr add {}/{length} dev cable{dad}", who.address(v6)));
            }
            ip(Command::new("ip"), &format!("link set {cable} up"));
            ip(other.command("ip"), "link set cable up");
            other
        });
        Network { others: others.into(), server: None }
    }

    /// Something listens on each of these, like `tcp:443`.
    pub(crate) fn listen(&mut self, ports: &[String]) {
        let mut server = Command::new("python3");
        server.arg("-c").arg(PROBE).arg("serve").args(ports).stdout(Stdio::piped());
        let mut server = server.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n");
        self.server = Some(server);
    }

    /// A program on the machine of somebody.
    pub(crate) fn command(&self, who: Who, program: &str) -> Command {
        self.others[who as usize].command(program)
    }

    /// Whether each of these, like `tcp/192.0.2.2/443`, answers somebody.
    pub(crate) fn probe(&self, who: Who, to: &[String]) -> Vec<bool> {
        self.probe_for(2.0, who, to)
    }

    /// Whether a port answers somebody within half a second, over IPv4 and over IPv6.
    pub(crate) fn reaches(&self, who: Who, protocol: &str, port: u16) -> [bool; 2] {
        let seen =
            self.probe_for(0.5, who, &[false, true].map(|v6| format!("{protocol}/{}/{port}", who.host(v6))));
        [seen[0], seen[1]]
    }

    fn probe_for(&self, seconds: f32, who: Who, to: &[String]) -> Vec<bool> {
        let mut probe = self.command(who, "python3");
        probe.env("PROBE_PATIENCE", seconds.to_string());
        let output = probe.arg("-c").arg(PROBE).arg("probe").args(to).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let seen: Vec<bool> = said.lines().map(|line| line == "open").collect();
        assert_eq!(seen.len(), to.len(), "{said}");
        seen
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for child in self.others.iter_mut().map(|other| &mut other.0).chain(&mut self.server) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Other {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.0.id())).arg(program);
        command
    }
}

/// What sends and listens; the first argument of python.
pub(crate) const PROBE: &str = include_str!("probe.py");

fn ip(mut command: Command, args: &str) {
    let done = command.args(args.split(' ')).status().unwrap();
    assert!(done.success(), "ip {args}");
}
