//! What stood before the rules came goes on, and the wire keeps working under them.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use ngcp_warden::runner::RunOutcome;

use super::{
    host::{play, scene, tool},
    network::{Network, PROBE, Who},
    rules::{SERVICES, loading, plan, run, wanted},
};

/// A connection that somebody holds.
struct Held {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Held {
    fn new(network: &Network, who: Who, v6: bool) -> Self {
        let mut hold = network.command(who, "python3");
        hold.arg("-c").arg(PROBE).args(["hold", &who.host(v6), "2000"]);
        let mut child = hold.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut held = Held { child, to, from: BufReader::new(from) };
        assert_eq!(held.line(), "ready");
        held
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Whether a word gets there and back.
    fn lives(&mut self, word: &str) -> bool {
        writeln!(self.to, "{word}").unwrap();
        self.line() == word
    }
}

fn stands(program: &str) {
    let mut network = Network::new();
    network.listen(&["tcp:22".to_owned()]);
    let mut echo = Command::new("python3");
    let mut echo = echo.arg("-c").arg(PROBE).args(["echo", "2000"]).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(echo.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let mut held = [false, true].map(|v6| Held::new(&network, Who::Stranger, v6));
    assert!(held.iter_mut().all(|held| held.lives("before")));

    // No rule tracked connections until now: the kernel knows of none.
    let (outcome, said) = run(loading(plan(program, wanted(SERVICES), 30)), true);
    assert_eq!(outcome, RunOutcome::Done, "{said}");
    assert_eq!(network.reaches(Who::Stranger, "tcp", 2000), [false, false], "no new one");
    assert!(held.iter_mut().all(|held| held.lives("after")), "{program}: what stood was cut");
    println!("{program}: a login that nothing tracked goes on over IPv4 and IPv6, a new one is refused");

    // Who is where must be asked anew, by multicast.
    for cable in ["cable1", "cable2", "cable3"] {
        tool("ip", &["neigh", "flush", "dev", cable]);
    }
    for who in Who::ALL {
        let flushed = network.command(who, "ip").args(["neigh", "flush", "dev", "cable"]).status().unwrap();
        assert!(flushed.success());
    }
    assert_eq!(network.reaches(Who::Trusted, "tcp", 22), [true, true], "{program}: neighbours are not found");
    for held in &mut held {
        held.child.kill().unwrap();
        held.child.wait().unwrap();
    }
    echo.kill().unwrap();
    echo.wait().unwrap();
}

#[test]
fn connections_that_stood_before_the_rules_go_on_and_neighbours_are_still_found() {
    const TEST: &str =
        "standing::connections_that_stood_before_the_rules_go_on_and_neighbours_are_still_found";
    match scene() {
        None => play(TEST, &["nft", "iptables-nft", "iptables-legacy"]),
        Some(program) => stands(&program),
    }
}
