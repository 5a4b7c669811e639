//! What the step refuses is wrong in truth: the real kamailio is started with such values.

use std::{fs, path::Path};

use ngcp_warden::{executor::System, ngcp::logs};

use crate::{
    debian::{self, must},
    host::{CONFIG, Machine, Proxy, service},
    traffic::Callers,
};

/// Applies another value of the proxy by hand and looks at it: `Err` holds what it wrote when it did not start. The old
/// value is in force again afterwards.
fn with<T>(from: &str, to: &str, look: impl Fn() -> T) -> Result<T, String> {
    let proxy = Proxy::Proxy;
    let config = fs::read_to_string(CONFIG).unwrap();
    let (before, changed) = config.split_once("  proxy:\n").unwrap();
    assert_eq!(changed.matches(from).count(), 1, "{from}");
    let log = proxy.log().len();
    fs::write(CONFIG, format!("{before}  proxy:\n{}", changed.replace(from, to))).unwrap();
    must("env", &["HOME=/root", "ngcpcfg", "apply", "another value"]);
    let result = if proxy.pids().is_empty() { Err(proxy.log().split_off(log)) } else { Ok(look()) };
    fs::write(CONFIG, config).unwrap();
    must("env", &["HOME=/root", "ngcpcfg", "apply", "the old value"]);
    service("kamailio-proxy", "start");
    assert!(!proxy.pids().is_empty(), "it does not start with the old value: {}", proxy.log());
    result
}

/// Numbers that stop it, and those where the handbook alone says no: there the step refuses as well, and says so.
#[test]
fn what_is_refused_stops_the_real_kamailio_or_is_the_handbooks_word_f81() {
    if !debian::inside("refusals::what_is_refused_stops_the_real_kamailio_or_is_the_handbooks_word_f81") {
        return;
    }
    let _machine =
        Machine::start(&[("bufferpoolsize: 2G", "bufferpoolsize: 32M"), ("pkg_mem: 192", "pkg_mem: 16")]);
    let pingers = || Proxy::Proxy.count("TIMER NH");
    assert_eq!(pingers(), 7);

    let stopped = |from: &str, to: &str, why: &str| {
        let said = with(from, to, || ()).expect_err(to);
        assert!(said.contains(why), "{to}: {said}");
    };
    stopped("pkg_mem: 16\n", "pkg_mem: 2\n", "could not allocate private memory from pkg pool");
    stopped("pkg_mem: 16\n", "pkg_mem: 16M\n", "");
    stopped("shm_mem: '124'", "shm_mem: '1'", "could not allocate shared memory from shm pool");
    stopped("shm_mem: '124'", "shm_mem: 64M", "");
    stopped("natping_processes: '7'", "natping_processes: '-1'", "");
    assert_eq!(with("pkg_mem: 16\n", "pkg_mem: 8\n", || ()), Ok(()), "the smallest that is legal");

    // Not kamailio's word: Debian's build starts an eighth, and a thirtieth.
    for many in [8, 30] {
        let started = with("natping_processes: '7'", &format!("natping_processes: '{many}'"), pingers);
        assert_eq!(started, Ok(many));
    }
    // It runs, and nobody keeps phones behind NAT reachable any more.
    assert_eq!(with("natping_interval: '30'", "natping_interval: '0'", pingers), Ok(0));
}

/// What stands in the log is the real thing: shared memory that is full.
#[test]
fn a_kamailio_that_ran_out_of_memory_is_told_by_its_own_log_f81() {
    if !debian::inside("refusals::a_kamailio_that_ran_out_of_memory_is_told_by_its_own_log_f81") {
        return;
    }
    let _machine = Machine::start(&[
        ("bufferpoolsize: 2G", "bufferpoolsize: 32M"),
        ("    shm_mem: '64'", "    shm_mem: '32'"),
    ]);
    let host = System::live().unwrap();
    let log = Path::new("/var/log/ngcp/kamailio-lb.log");
    assert!(logs::ran_out(&host, log).unwrap().is_none());
    let mut callers = Callers::of(Proxy::Lb);
    callers.fill();
    for _ in 0..200 {
        if !Proxy::Lb.log().contains("shm pool") {
            callers.one("INVITE", &"x".repeat(20_000));
        }
    }
    let found = logs::ran_out(&host, log).unwrap().expect("lines of its log");
    println!("{} lines, the last: {}", found.lines, found.last);
    assert!(!found.private && Proxy::Lb.log().contains("could not allocate shared memory from shm pool"));
}
