//! Another machine for a test in a network namespace of its own: a second one at the other end of a cable.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::zombie_processes, reason = "it ends with the namespaces")]

use std::{
    io::Read,
    process::{Command, Stdio},
};

/// The host's address on the cable.
pub(crate) const HOST: &str = "192.0.2.2";

/// The other machine, known by a process of it that sleeps.
pub(crate) struct Neighbour(u32);

impl Neighbour {
    /// Plugs it in.
    pub(crate) fn start() -> Self {
        let mut sleeper = Command::new("unshare");
        sleeper.args(["--net", "sh", "-c", "echo; exec sleep infinity"]).stdout(Stdio::piped());
        let mut sleeper = sleeper.spawn().unwrap();
        // It is out of our network when it says something.
        sleeper.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let neighbour = Neighbour(sleeper.id());
        let process = neighbour.0.to_string();
        let ip = |mut command: Command, args: &str| {
            let done = command.args(args.split(' ')).status().unwrap();
            assert!(done.success(), "ip {args}");
        };
        let host = || Command::new("ip");
        ip(host(), &format!("link add cable type veth peer name cable netns {process}"));
        ip(host(), &format!("addr add {HOST}/24 dev cable"));
        ip(host(), "link set cable up");
        ip(neighbour.command("ip"), "addr add 192.0.2.1/24 dev cable");
        ip(neighbour.command("ip"), "link set cable up");
        neighbour
    }

    /// A program that runs there.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.0)).arg(program);
        command
    }
}
