//! Two network namespaces with a cable between them: listeners on this side, and on the other side a process that tries
//! to get through.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
    thread,
    time::Duration,
};

use ngcp_warden::host::packet_filter::Protocol;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with},
};

use crate::random::Random;

/// Ports on which somebody listens.
pub(crate) const PORTS: [u16; 4] = [1001, 1002, 1003, 1004];
/// Addresses of the other side; the last of each family is in another network.
pub(crate) const FROM: [&str; 8] =
    ["10.8.0.1", "10.8.0.2", "10.8.0.3", "10.9.1.1", "fd00:8::1", "fd00:8::2", "fd00:8::3", "fd00:9::1"];
/// Addresses of this side.
pub(crate) const TO: [&str; 4] = ["10.8.0.100", "10.8.0.101", "fd00:8::100", "fd00:8::101"];
/// The interface of this side.
pub(crate) const INTERFACE: &str = "outside";
const MACS: [&str; 2] = ["02:00:00:00:00:01", "02:00:00:00:00:02"];
const QUICK: Duration = Duration::from_millis(250);
const PATIENT: Duration = Duration::from_millis(2500);

/// One try to get through.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
}

impl Probe {
    pub(crate) fn random(random: &mut Random) -> Self {
        let from: IpAddr = random.of(&FROM).parse().unwrap();
        let to = TO.map(|to| to.parse::<IpAddr>().unwrap());
        let to: Vec<_> = to.into_iter().filter(|to| to.is_ipv4() == from.is_ipv4()).collect();
        let protocol = random.of(&[Protocol::Tcp, Protocol::Udp]);
        Probe { from, to: to[usize::from(random.percent(25))], protocol, port: random.of(&PORTS) }
    }

    fn line(&self) -> String {
        format!("{} {} {} {}", self.from, self.to, self.protocol.word(), self.port)
    }

    fn read(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        Probe {
            from: words[0].parse().unwrap(),
            to: words[1].parse().unwrap(),
            protocol: if words[2] == "tcp" { Protocol::Tcp } else { Protocol::Udp },
            port: words[3].parse().unwrap(),
        }
    }
}

/// Probes of both families and protocols from each address.
pub(crate) fn all() -> Vec<Probe> {
    let mut all = Vec::new();
    for from in FROM {
        let from: IpAddr = from.parse().unwrap();
        let to: IpAddr = TO[if from.is_ipv4() { 0 } else { 2 }].parse().unwrap();
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            all.extend([PORTS[0], PORTS[1]].map(|port| Probe { from, to, protocol, port }));
        }
    }
    all
}

pub(crate) fn run(line: &str) {
    let words: Vec<_> = line.split(' ').collect();
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// This side.
pub(crate) struct Server {
    other: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut other = Command::new("unshare");
        other.arg("--net").arg(env::current_exe().unwrap());
        other.args(["--exact", "other_side", "--nocapture", "--test-threads=1"]);
        other.env("PACKET_FILTER_CLIENT", "yes").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = other.spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        until(&mut output, "ready");
        run("ip link set lo up");
        run(&format!(
            "ip link add {INTERFACE} address {} type veth peer name cable address {}",
            MACS[0], MACS[1]
        ));
        run(&format!("ip link set cable netns {}", process.id()));
        dress(INTERFACE, &TO, &FROM, MACS[1]);
        writeln!(input, "dress").unwrap();
        until(&mut output, "dressed");
        for port in PORTS {
            listen(port);
        }
        Server { other: Mutex::new((input, output)), process }
    }

    /// Whether each of these gets through.
    pub(crate) fn probe(&self, probes: &[Probe]) -> Vec<bool> {
        self.ask(probes, QUICK)
    }

    /// Whether it gets through when nobody is in a hurry.
    pub(crate) fn patiently(&self, probe: &Probe) -> bool {
        self.ask(std::slice::from_ref(probe), PATIENT)[0]
    }

    fn ask(&self, probes: &[Probe], patience: Duration) -> Vec<bool> {
        let mut other = self.other.lock().unwrap();
        let lines: Vec<_> = probes.iter().map(Probe::line).collect();
        writeln!(other.0, "{} {}", patience.as_millis(), lines.join(";")).unwrap();
        let said = until(&mut other.1, "got ");
        said.bytes().map(|byte| byte == b'y').collect()
    }
}

/// The first line that begins so, without its beginning.
fn until(output: &mut impl BufRead, begin: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the other side is gone");
        if let Some(rest) = line.split_once(begin).map(|(_, rest)| rest) {
            return rest.trim().to_owned();
        }
    }
}

/// Gives an interface its addresses. Neighbours are known: finding them out is not what is tested.
fn dress(interface: &str, own: &[&str], others: &[&str], mac: &str) {
    for kind in ["all", "default", interface] {
        for (key, value) in [("ipv4/conf", "rp_filter"), ("ipv6/conf", "accept_dad")] {
            let _ = fs::write(format!("/proc/sys/net/{key}/{kind}/{value}"), "0");
        }
    }
    run(&format!("ip link set {interface} up"));
    for address in own {
        let (length, nodad) = if address.contains(':') { (15, " nodad") } else { (15, "") };
        run(&format!("ip address add {address}/{length} dev {interface}{nodad}"));
    }
    for address in others {
        run(&format!("ip neighbour replace {address} lladdr {mac} nud permanent dev {interface}"));
    }
}

/// Gives back what comes in.
fn listen(port: u16) {
    let address = SocketAddr::new("::".parse().unwrap(), port);
    let tcp = TcpListener::bind(address).unwrap();
    thread::spawn(move || {
        for stream in tcp.incoming().flatten() {
            thread::spawn(move || {
                let mut stream: TcpStream = stream;
                let _ = stream.set_read_timeout(Some(PATIENT));
                let mut byte = [0];
                if stream.read_exact(&mut byte).is_ok() {
                    let _ = stream.write_all(&byte);
                }
            });
        }
    });
    // An answer comes from the address that was asked.
    for to in TO {
        let udp = UdpSocket::bind(SocketAddr::new(to.parse().unwrap(), port)).unwrap();
        thread::spawn(move || {
            let mut bytes = [0; 16];
            while let Ok((length, from)) = udp.recv_from(&mut bytes) {
                let _ = udp.send_to(&bytes[..length], from);
            }
        });
    }
}

/// The other side: tries what it is told, until nobody tells it anything.
pub(crate) fn answer_for_ever() {
    println!("ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        if line == "dress" {
            run("ip link set lo up");
            dress("cable", &FROM, &TO, MACS[0]);
            println!("dressed");
            continue;
        }
        let (patience, probes) = line.split_once(' ').unwrap();
        let patience = Duration::from_millis(patience.parse().unwrap());
        let tries: Vec<_> = probes
            .split(';')
            .map(Probe::read)
            .map(|probe| thread::spawn(move || gets_through(&probe, patience)))
            .collect();
        let got: String = tries.into_iter().map(|one| if one.join().unwrap() { 'y' } else { 'n' }).collect();
        println!("got {got}");
    }
}

/// Sends a byte and waits for its return.
fn gets_through(probe: &Probe, patience: Duration) -> bool {
    let (from, to) = (SocketAddr::new(probe.from, 0), SocketAddr::new(probe.to, probe.port));
    if probe.protocol == Protocol::Udp {
        let socket = UdpSocket::bind(from).unwrap();
        socket.set_read_timeout(Some(patience)).unwrap();
        return socket.connect(to).is_ok()
            && socket.send(b"?").is_ok()
            && socket.recv(&mut [0; 4]).is_ok_and(|length| length == 1);
    }
    let Some(socket) = connected(from, to, patience) else { return false };
    let mut stream = TcpStream::from(socket);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(b"?").is_ok() && stream.read_exact(&mut [0]).is_ok()
}

fn connected(from: SocketAddr, to: SocketAddr, patience: Duration) -> Option<OwnedFd> {
    let family = if from.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket =
        socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None).unwrap();
    bind(&socket, &from).unwrap();
    let _ = connect(&socket, &to);
    let wait = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: i64::from(patience.subsec_nanos()) };
    let mut ready = [PollFd::new(&socket, PollFlags::OUT)];
    poll(&mut ready, Some(&wait)).ok().filter(|ready| *ready > 0)?;
    rustix::net::sockopt::socket_error(&socket).ok()?.ok()?;
    Some(socket)
}
