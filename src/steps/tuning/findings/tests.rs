use super::*;
use crate::{
    executor::simulated::Simulated,
    finding::Status,
    ngcp::{
        database::{BufferPool, Reads},
        kamailio::{Instance, Told},
    },
    steps::tuning::{
        facts::{OutOfMemory, Owner, Running},
        inspect,
        names::figure,
    },
};

const CONFIG: &str = "database:\n  bufferpoolsize: 1G\nkamailio:\n  lb:\n    pkg_mem: 16\n    shm_mem: 64\n    tcp_children: 8\n    udp_children: 8\n  proxy:\n    children: 8\n    default_expires: 3600\n    max_expires: 43200\n    min_expires: 600\n    natping_interval: 30\n    natping_processes: 7\n    shm_mem: 64\nrsyslog:\n  ngcp_logs_preserve_days: 93\ncleanuptools:\n  binlog_days: 15\n";

/// What is seen of a host with these values; `git` says that nothing waits for an apply.
fn seen(config: &str) -> Facts {
    let host = Simulated::new().file("/etc/ngcp-config/config.yml", config).on("git", |_, _| "");
    let host = host.file("/var/log/ngcp/kamailio-lb.log", "").file("/var/log/ngcp/kamailio-proxy.log", "");
    let mut facts = inspect::look(&host);
    facts.waiting = None;
    for (name, value) in [(figure::MEMORY, 16_000.0), (figure::SYSTEM, 800.0), (figure::NATED_NOW, 50_000.0)]
    {
        facts.put(name, value, "the test");
    }
    facts
}

fn one(facts: &Facts, id: &str) -> Finding {
    let found = all(facts);
    let mut ours = found.into_iter().filter(|finding| finding.id == id);
    let finding = ours.next().unwrap_or_else(|| panic!("no {id}"));
    assert!(ours.next().is_none(), "{id} twice");
    finding
}

fn status(facts: &Facts, id: &str) -> Status {
    one(facts, id).status
}

#[test]
fn values_that_differ_are_well_and_values_that_do_harm_are_not_f81() {
    let facts = seen(CONFIG);
    for finding in all(&facts) {
        assert_ne!(finding.status, Status::Fail, "{finding:?}");
    }
    for (from, to, id) in [
        ("pkg_mem: 16", "pkg_mem: 4", "TUNING-LB-PKG-MEM"),
        ("natping_processes: 7", "natping_processes: 8", "TUNING-NATPING-PROCESSES"),
        ("natping_interval: 30", "natping_interval: 0", "TUNING-NATPING-INTERVAL"),
        ("bufferpoolsize: 1G", "bufferpoolsize: lots", "TUNING-BUFFER-POOL-SIZE"),
        ("bufferpoolsize: 1G", "bufferpoolsize: 64MB", "TUNING-BUFFER-POOL-SIZE"),
        ("min_expires: 600", "min_expires: 7200", "TUNING-PROXY-MIN-EXPIRES"),
        ("udp_children: 8", "udp_children: 0", "TUNING-LB-UDP-CHILDREN"),
    ] {
        let facts = seen(&CONFIG.replace(from, to));
        let finding = one(&facts, id);
        assert_eq!(finding.status, Status::Fail, "{to}: {finding:?}");
        assert!(finding.evidence.contains("/etc/ngcp-config/config.yml line "), "{}", finding.evidence);
        assert!(finding.field.is_some());
    }
    // Another value than proposed, and no harm.
    assert_eq!(
        status(
            &seen(&CONFIG.replace("children: 8\n    default", "children: 3\n    default")),
            "TUNING-PROXY-CHILDREN"
        ),
        Status::Pass
    );
    // A key that is missing is none of its faults.
    assert_eq!(
        status(&seen(&CONFIG.replace("pkg_mem: 16", "x: 1")), "TUNING-LB-PKG-MEM"),
        Status::NotApplicable
    );
}

/// What stands there and is no value is told with its line, and becomes one.
#[test]
fn a_key_without_a_value_is_not_told_as_missing() {
    for nothing in ["[7]", "{a: 7}", "null", "~", "", "''"] {
        let facts = seen(&CONFIG.replace("processes: 7", &format!("processes: {nothing}")));
        let finding = one(&facts, "TUNING-NATPING-PROCESSES");
        assert_eq!(
            (finding.status, finding.title.as_str(), finding.evidence.as_str()),
            (
                Status::Fail,
                "NAT keepalive processes: what is set is no value",
                "/etc/ngcp-config/config.yml line 15: no value stands there"
            ),
            "{nothing}"
        );
    }
    let none = one(
        &seen(&format!("{CONFIG}  x: 1\n").replace("rsyslog:", "rsyslog:\n  external_address: ''")),
        "TUNING-SYSLOG-EXTERNAL-ADDRESS",
    );
    assert_eq!(none.status, Status::NotApplicable, "{none:?}");
}

#[test]
fn more_memory_than_there_is_fails_with_the_numbers_f81() {
    assert_eq!(status(&seen(CONFIG), "TUNING-MEMORY-BUDGET"), Status::Pass);
    let full = one(&seen(&CONFIG.replace("1G", "15G")), "TUNING-MEMORY-BUDGET");
    assert_eq!(full.status, Status::Fail);
    assert!(full.evidence.contains("there are 16000"), "{}", full.evidence);
    assert!(full.evidence.contains("assumed"), "{}", full.evidence);
    let mut blind = seen(CONFIG);
    blind.measured.remove(figure::MEMORY);
    assert_eq!(status(&blind, "TUNING-MEMORY-BUDGET"), Status::Unknown);
}

/// Handbook 15.7: 50,000 behind NAT, an interval of 30 s, 250 a second and process: 7.
#[test]
fn seven_processes_reach_50000_phones_in_30_seconds_and_six_do_not() {
    let facts = seen(CONFIG);
    assert_eq!(status(&facts, "TUNING-NATPING-CAPACITY"), Status::Pass);
    let six = one(
        &seen(&CONFIG.replace("natping_processes: 7", "natping_processes: 6")),
        "TUNING-NATPING-CAPACITY",
    );
    assert_eq!(six.status, Status::Fail);
    assert!(
        six.evidence.contains("1500 keepalives a second")
            && six.evidence.contains("1667 are due each second"),
        "{}",
        six.evidence
    );
    let mut uncounted = seen(CONFIG);
    uncounted.measured.remove(figure::NATED_NOW);
    assert_eq!(status(&uncounted, "TUNING-NATPING-CAPACITY"), Status::Unknown);
}

#[test]
fn a_hit_rate_is_judged_when_enough_was_read_and_the_pool_is_full() {
    let rate = |all: u64, disk: u64, filled: u64| {
        let mut facts = seen(CONFIG);
        let since_start = Reads { all, disk };
        facts.buffer_pool = Some(BufferPool { size: 1 << 30, filled, since_start, ..BufferPool::default() });
        status(&facts, "TUNING-BUFFER-POOL-HIT-RATE")
    };
    let (full, half) = ((1 << 30) - (20 << 20), 1 << 29);
    assert_eq!(rate(1_000_000, 9_000, full), Status::Pass);
    assert_eq!(rate(1_000_000, 70_000, full), Status::Fail);
    // Each page is read from disk once.
    assert_eq!(rate(1_000_000, 70_000, half), Status::Pass);
    assert_eq!(rate(100, 70, full), Status::Unknown);
    assert_eq!(rate(0, 0, full), Status::Unknown);
    assert_eq!(status(&seen(CONFIG), "TUNING-BUFFER-POOL-HIT-RATE"), Status::Unknown);
}

/// What the host suffers from is said of the option that it comes from, and no other is told as harmless.
#[test]
fn harm_that_is_seen_is_harm_of_its_option() {
    let mut facts = seen(CONFIG);
    let pool = one(&facts, "TUNING-BUFFER-POOL-SIZE");
    assert_eq!(
        (pool.status, pool.title.as_str()),
        (Status::Pass, "Database buffer pool: 1G is within its limits")
    );
    let since_start = Reads { all: 1_000_000, disk: 70_000 };
    facts.buffer_pool =
        Some(BufferPool { size: 1 << 30, filled: 1 << 30, since_start, ..BufferPool::default() });
    facts.put(figure::NATED_NOW, 80_000.0, "the test");
    facts.out_of_memory.push(OutOfMemory {
        instance: "proxy".to_owned(),
        file: "/var/log/ngcp/kamailio-proxy.log".into(),
        lines: 3,
        private: false,
        last: String::new(),
    });
    let evidence = |id: &str| {
        let finding = one(&facts, id);
        assert_eq!(finding.status, Status::Fail, "{finding:?}");
        finding.evidence
    };
    for (option, of_all) in [
        ("TUNING-BUFFER-POOL-SIZE", "TUNING-BUFFER-POOL-HIT-RATE"),
        ("TUNING-NATPING-PROCESSES", "TUNING-NATPING-CAPACITY"),
        ("TUNING-NATPING-INTERVAL", "TUNING-NATPING-CAPACITY"),
    ] {
        assert!(evidence(option).starts_with(&evidence(of_all)), "{option}");
    }
    let said = evidence("TUNING-PROXY-SHM-MEM");
    assert!(said.contains("3 lines of /var/log/ngcp/kamailio-proxy.log"), "{said}");
    assert_eq!(status(&facts, "TUNING-LB-SHM-MEM"), Status::Pass);
}

#[test]
fn what_runs_is_held_against_what_is_written() {
    let with = |value: &str| {
        let mut facts = seen(CONFIG);
        let pool = facts.options.iter_mut().find(|now| now.name == "buffer-pool-size").unwrap();
        pool.running = Running::Is { value: value.to_owned(), by: "the running database".to_owned() };
        one(&facts, "TUNING-IN-FORCE-BUFFER-POOL-SIZE")
    };
    assert_eq!(with("1G").status, Status::Pass);
    assert_eq!(with("1024M").status, Status::Pass);
    let other = with("64M");
    assert_eq!(other.status, Status::Fail);
    assert_eq!(other.evidence, "the running database has 64M, /etc/ngcp-config/config.yml line 2 says 1G");
    // Nobody told: neither well nor wrong.
    let unseen = one(&seen(CONFIG), "TUNING-IN-FORCE-BUFFER-POOL-SIZE");
    assert_eq!(unseen.status, Status::Unknown);
    assert!(unseen.evidence.contains("no MySQL or MariaDB client"), "{}", unseen.evidence);
}

#[test]
fn next_to_no_free_memory_of_a_running_kamailio_is_harm() {
    let with = |shared_least: f64, private_free: f64| {
        let mut facts = seen(CONFIG);
        let told =
            Told { shared_least: Some(shared_least), private_free: Some(private_free), ..Told::default() };
        facts.kamailio = vec![Instance {
            name: "lb".to_owned(),
            shared_memory: Some(64),
            private_memory: Some(16),
            told: Some(told),
            ..Instance::default()
        }];
        [status(&facts, "TUNING-LB-SHM-MEM"), status(&facts, "TUNING-LB-PKG-MEM")]
    };
    assert_eq!(with(40.0, 12.0), [Status::Pass, Status::Pass]);
    assert_eq!(with(2.0, 12.0), [Status::Fail, Status::Pass]);
    assert_eq!(with(40.0, 0.5), [Status::Pass, Status::Fail]);
}

#[test]
fn logs_that_were_not_read_are_not_well() {
    let mut facts = seen(CONFIG);
    assert_eq!(status(&facts, "TUNING-KAMAILIO-OUT-OF-MEMORY"), Status::Pass);
    facts.unseen.push("log of kamailio-lb: no right to read it".to_owned());
    assert_eq!(status(&facts, "TUNING-KAMAILIO-OUT-OF-MEMORY"), Status::Unknown);
    facts.out_of_memory.push(OutOfMemory {
        instance: "lb".to_owned(),
        file: "/var/log/ngcp/kamailio-lb.log".into(),
        lines: 3,
        private: false,
        last: "no more shm memory".to_owned(),
    });
    let failed = one(&facts, "TUNING-KAMAILIO-OUT-OF-MEMORY");
    assert_eq!(failed.status, Status::Fail);
    assert!(failed.evidence.contains("3 lines, the last of shm: no more shm memory"), "{}", failed.evidence);
}

#[test]
fn another_owner_is_told_and_only_one_that_decides_an_option_is_wrong_f82() {
    let owner = |option: Option<&str>| Owner {
        name: "tuned".to_owned(),
        option: option.map(str::to_owned),
        evidence: "runs".to_owned(),
    };
    let with = |owners: Vec<Owner>, unseen: Option<&str>| {
        let facts = Facts { owners, owners_unseen: unseen.map(str::to_owned), ..seen(CONFIG) };
        status(&facts, "TUNING-OTHER-OWNER")
    };
    assert_eq!(with(Vec::new(), None), Status::Pass);
    assert_eq!(with(vec![owner(None)], None), Status::Pass);
    assert_eq!(with(vec![owner(Some("lb-shm-mem"))], None), Status::Fail);
    assert_eq!(with(Vec::new(), Some("processes cannot be listed")), Status::Unknown);
}

#[test]
fn a_configuration_that_cannot_be_read_makes_nothing_well() {
    let facts = seen("a: [\n");
    assert!(facts.unread.is_some());
    for finding in all(&facts) {
        let of_values = ["TUNING-MEMORY-BUDGET", "TUNING-DISK-BUDGET", "TUNING-NATPING-CAPACITY"];
        assert!(
            !of_values.contains(&finding.id.as_str()) || finding.status == Status::Unknown,
            "{finding:?}"
        );
    }
}

#[test]
fn without_the_size_of_the_memory_nothing_is_said_of_what_must_stay_free() {
    let mut facts = seen(CONFIG);
    facts.measured.remove(figure::MEMORY);
    let evidence = one(&facts, "TUNING-MEMORY-BUDGET").evidence;
    assert!(evidence.contains("MB, how much memory there is is not known"), "{evidence}");
    assert!(!evidence.contains("to stay free"), "{evidence}");
}
