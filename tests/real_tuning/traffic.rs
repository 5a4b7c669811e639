//! Work for the daemons: requests through every worker, shared memory and buffer pool filled to the brim.

use std::{
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use crate::host::{Machine, Proxy};

/// Callers of one kamailio: one worker takes all datagrams of a moment, but not those of so many.
const CALLERS: usize = 64;
/// Bytes of a request that is kept.
const BODY: usize = 48 * 1024;
const PATIENCE: Duration = Duration::from_millis(300);

fn request(method: &str, number: usize, port: u16, transport: &str, body: &str) -> String {
    format!(
        "{method} sip:u{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:{port};branch=z9hG4bK{method}{number}\r\n\
         From: <sip:u{number}@127.0.0.1>;tag=t{number}\r\nTo: <sip:u{number}@127.0.0.1>\r\nCall-ID: {method}{number}\r\n\
         CSeq: 1 {method}\r\nMax-Forwards: 9\r\nContact: <sip:u{number}@127.0.0.1:{port}>\r\nExpires: 3600\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Phones of one kamailio.
pub(crate) struct Callers {
    sockets: Vec<UdpSocket>,
    proxy: Proxy,
    sent: usize,
}

impl Callers {
    pub(crate) fn of(proxy: Proxy) -> Self {
        let open = |number: usize| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let ports = proxy.ports();
            socket.connect(("127.0.0.1", ports[number % ports.len()])).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        };
        Callers { sockets: (0..CALLERS).map(open).collect(), proxy, sent: 0 }
    }

    /// Each sends one request and waits for its answer; how many were answered with 200.
    pub(crate) fn round(&mut self, method: &str, body: &str) -> usize {
        for socket in &self.sockets {
            let port = socket.local_addr().unwrap().port();
            self.sent += 1;
            socket.send(request(method, self.sent, port, "UDP", body).as_bytes()).unwrap();
        }
        let mut answer = [0; 65536];
        let ok = |socket: &&UdpSocket| {
            socket.recv(&mut answer).is_ok_and(|length| answer[..length].starts_with(b"SIP/2.0 200"))
        };
        self.sockets.iter().filter(ok).count()
    }

    /// One of them sends a request; an answer is waited for, and without memory there may be none.
    pub(crate) fn one(&mut self, method: &str, body: &str) {
        self.sent += 1;
        let socket = &self.sockets[self.sent % CALLERS];
        let port = socket.local_addr().unwrap().port();
        socket.send(request(method, self.sent, port, "UDP", body).as_bytes()).unwrap();
        let _ = socket.recv(&mut [0; 65536]);
    }

    /// Each sends something to keep, one after the other: so much at once does not fit into a socket.
    fn keep(&mut self, body: &str) {
        for _ in 0..CALLERS {
            self.one("MESSAGE", body);
        }
    }

    /// Every worker has work: over UDP and over TCP.
    pub(crate) fn call(&mut self) {
        for method in ["OPTIONS", "REGISTER"] {
            let answered: usize = (0..20).map(|_| self.round(method, "")).sum();
            assert!(answered > 19 * CALLERS, "{} answered {answered} {method}", self.proxy.name());
        }
        let mut streams: Vec<TcpStream> =
            (0..CALLERS).map(|_| TcpStream::connect(("127.0.0.1", self.proxy.ports()[0])).unwrap()).collect();
        for (number, stream) in streams.iter_mut().enumerate() {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let port = stream.local_addr().unwrap().port();
            stream.write_all(request("OPTIONS", number, port, "TCP", "").as_bytes()).unwrap();
        }
        for stream in &mut streams {
            let mut answer = [0; 64];
            let length = stream.read(&mut answer).unwrap();
            assert!(
                answer[..length].starts_with(b"SIP/2.0 200"),
                "over TCP: {:?}",
                String::from_utf8_lossy(&answer)
            );
        }
    }

    /// What is sent is kept until next to nothing of the shared memory is free.
    pub(crate) fn fill(&mut self) {
        let begun = Instant::now();
        for (body, enough) in [(BODY, 4.0), (BODY / 8, 0.5)] {
            let body = "x".repeat(body);
            while shared(self.proxy, "free") > enough {
                self.keep(&body);
                assert!(begun.elapsed() < Duration::from_secs(60), "{} does not fill", self.proxy.name());
            }
        }
    }
}

/// MB of the shared memory, as kamailio counts them: `total`, `free`, `real_used`.
pub(crate) fn shared(proxy: Proxy, what: &str) -> f64 {
    let said = proxy.ask(&["core.shmmem"]);
    let value = said.lines().find_map(|line| line.trim().strip_prefix(&format!("{what}: "))).unwrap();
    value.parse::<f64>().unwrap() / 1048576.0
}

/// Small tables beside the large one: about as many as the platform has.
const TABLES: usize = 300;
/// Sessions at a time: daemons, panel and jobs.
const SESSIONS: usize = 60;

impl Machine {
    /// A table of more than so many MB, and small ones, once.
    pub(crate) fn data(&self, megabytes: u32) {
        let rows = megabytes * 145;
        let table = |n: usize| {
            format!(
                "CREATE TABLE s{n} (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(200), b DATETIME, KEY (a), KEY (b)); \
                 INSERT INTO s{n} (a, b) VALUES ('x', NOW());"
            )
        };
        self.sql(&format!(
            "SET SESSION sql_log_bin=0; CREATE DATABASE sample; USE sample; {} \
             CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(8000)); \
             INSERT INTO t (a) SELECT REPEAT(MD5(seq), 200) FROM seq_1_to_{rows};",
            (0..TABLES).map(table).collect::<String>()
        ));
    }

    /// Everything is read, while others sort, join and look up single rows: the buffer pool is full.
    pub(crate) fn read_all(&self) {
        let asked = |session: usize, n: usize| {
            let (one, other) = ((n * 3 + session) % TABLES, (n * 3 + session + 1) % TABLES);
            format!(
                "SELECT * FROM sample.s{one} WHERE a = 'x' ORDER BY b; \
                 SELECT COUNT(*) FROM sample.s{one} a JOIN sample.s{other} b ON a.a = b.a; \
                 SELECT LENGTH(a) FROM sample.t WHERE id = {};",
                1 + (n * 37 + session) % 5000
            )
        };
        std::thread::scope(|scope| {
            for session in 0..SESSIONS {
                let script: String = (0..TABLES / 3).map(|n| asked(session, n)).collect();
                scope.spawn(move || self.sql(&script));
            }
            scope.spawn(|| self.sql("SELECT SUM(LENGTH(a)) FROM sample.t;"));
        });
    }
}
