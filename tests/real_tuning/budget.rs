//! The memory that the step predicts, beside what the kernel counts when everything is full.

use std::thread;

use ngcp_warden::{
    executor::System,
    steps::{self, Answer, Answers, Figure, Findings, size::Size},
};

use crate::{
    debian,
    host::{Machine, Proxy, pss, service},
    traffic::Callers,
};

/// Pool, shared memory of both, and workers: UDP and TCP of the load balancer, UDP of the proxy, pingers.
struct Planned {
    pool: &'static str,
    shared: i64,
    workers: [i64; 4],
}

const SIZES: [Planned; 3] = [
    Planned { pool: "64M", shared: 64, workers: [2, 2, 2, 1] },
    Planned { pool: "256M", shared: 128, workers: [4, 4, 4, 3] },
    Planned { pool: "1G", shared: 256, workers: [8, 8, 8, 7] },
];
/// More than the largest pool holds.
const DATA: u32 = 1100;

impl Planned {
    fn options(&self) -> Vec<(&'static str, i64)> {
        let names = ["lb-udp-children", "lb-tcp-children", "proxy-children", "natping-processes"];
        let shared = ["lb-shm-mem", "proxy-shm-mem"].map(|name| (name, self.shared));
        names.into_iter().zip(self.workers).chain(shared).collect()
    }

    /// As it is answered on the screen.
    fn answers(&self) -> Answers {
        let mut answers = Answers::default();
        let mut put = |key: &str, answer| answers.values.insert(key.to_owned(), answer);
        put("values", Answer::Choice("proposed".to_owned()));
        put("buffer-pool-size", Answer::Size(self.pool.parse::<Size>().unwrap()));
        for (name, value) in self.options() {
            put(name, Answer::Number(value));
        }
        answers
    }

    /// As it is written in an answers file; the rest stays as it is.
    fn written(&self) -> Vec<(&'static str, String)> {
        let kept = [
            "binlog-days",
            "lb-pkg-mem",
            "proxy-default-expires",
            "proxy-min-expires",
            "proxy-max-expires",
            "natping-interval",
            "sip-tls-enable",
            "rating-enable",
            "syslog-external",
            "syslog-external-level",
            "syslog-preserve-days",
        ];
        let mut all = vec![("values", "proposed".to_owned()), ("buffer-pool-size", self.pool.to_owned())];
        all.extend(self.options().into_iter().map(|(name, value)| (name, value.to_string())));
        all.extend(kept.map(|name| (name, "keep".to_owned())));
        all
    }
}

/// MB of database and kamailio in the picture of that label.
fn predicted(findings: &Findings, answers: &Answers) -> Vec<(String, f64)> {
    let figures = steps::find("tuning").unwrap().preview(findings, answers);
    let bars = figures.iter().find_map(|figure| match figure {
        Figure::Bars(bars) if bars.title == "Memory" => Some(bars),
        _ => None,
    });
    let bar = bars.expect("a picture of the memory").bars.iter().find(|bar| bar.label == "planned").unwrap();
    let parts = bar.parts.iter().filter(|(name, _)| name != "system");
    parts.map(|(name, megabytes)| (name.clone(), *megabytes as f64)).collect()
}

/// Every page and every byte is used that can be; the most MB that database, load balancer and proxy take meanwhile.
/// Once its sessions are closed the database gives back as much as its allocator likes.
fn load(machine: &Machine) -> [f64; 3] {
    let taken = || [machine.database(), Proxy::Lb.pids(), Proxy::Proxy.pids()].map(|pids| pss(&pids));
    thread::scope(|scope| {
        let callers = Proxy::BOTH.map(|proxy| {
            scope.spawn(move || {
                let mut callers = Callers::of(proxy);
                callers.call();
                callers.fill();
            })
        });
        let database = scope.spawn(|| machine.read_all());
        let mut most = taken();
        while !(database.is_finished() && callers.iter().all(thread::ScopedJoinHandle::is_finished)) {
            for (most, now) in most.iter_mut().zip(taken()) {
                *most = most.max(now);
            }
        }
        let last = taken();
        [most[0].max(last[0]), most[1].max(last[1]), most[2].max(last[2])]
    })
}

#[test]
fn the_predicted_memory_is_what_the_kernel_counts_under_load_within_15_percent() {
    if !debian::inside("budget::the_predicted_memory_is_what_the_kernel_counts_under_load_within_15_percent")
    {
        return;
    }
    let machine = Machine::start(&[("bufferpoolsize: 2G", "bufferpoolsize: 96M")]);
    let host = System::live().unwrap();
    machine.data(DATA);
    // Such a table is not made every day.
    service("mariadb", "restart");
    load(&machine);
    println!("MB            predicted  measured");
    let mut wrong = Vec::new();
    for planned in &SIZES {
        let findings = steps::find("tuning").unwrap().inspect(&host).unwrap();
        let parts = predicted(&findings, &planned.answers());
        let expected: f64 = parts.iter().map(|(_, megabytes)| megabytes).sum();
        let written = planned.written();
        let written: Vec<(&str, &str)> =
            written.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (code, _, said) = machine.apply(&written);
        assert_eq!(code, 0, "{}: {said}", planned.pool);
        let [database, lb, proxy] = load(&machine);
        let measured = database + lb + proxy;
        println!(
            "pool {:<5} {expected:>12.0} {measured:>9.0}   {:+.1} %",
            planned.pool,
            100.0 * (expected / measured - 1.0)
        );
        println!("  predicted {parts:?}\n  measured database {database:.0}, lb {lb:.0}, proxy {proxy:.0}");
        if (expected / measured - 1.0).abs() > 0.15 {
            wrong.push(planned.pool);
        }
    }
    assert!(wrong.is_empty(), "more than 15 % off: {wrong:?}");
}
