use std::path::PathBuf;

use super::*;
use crate::{
    executor::{Disk, Resources, World, simulated::Simulated},
    steps::tuning::{facts::Running, names::figure},
};

fn sample(release: &str) -> Simulated {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(release);
    Simulated::from_tree(&root).unwrap()
}

#[test]
fn both_sample_hosts_have_the_options_of_table_10_where_their_release_has_them() {
    for release in ["mr3.8", "mr13.5"] {
        let facts = look(&sample(release));
        assert_eq!(facts.unread, None);
        let one = |name: &str| facts.options.iter().find(|now| now.name == name).unwrap();
        let pool = one("buffer-pool-size");
        assert_eq!(pool.path, ["database", "bufferpoolsize"]);
        assert!(pool.from.as_deref().unwrap().starts_with("/etc/ngcp-config/config.yml line "), "{pool:?}");
        assert_eq!(pool.shadow, None);
        assert_eq!(pool.text, pool.main);
        assert!(matches!(&pool.running, Running::Unseen(why) if why.contains("client")), "{pool:?}");
    }
    let old = look(&sample("mr3.8"));
    assert_eq!(old.options.iter().find(|now| now.name == "lb-shm-mem").unwrap().text.as_deref(), Some("128"));
}

/// A value of another file is used, and edited there or not at all; what constants.yml has is never kept.
#[test]
fn a_shadowed_value_is_told_with_its_file() {
    let config = "database:\n  bufferpoolsize: 64M\nkamailio:\n  lb:\n    shm_mem: 64\n    pkg_mem: ~\n";
    let host = Simulated::new()
        .file("/etc/ngcp-config/config.yml", config)
        .file("/etc/ngcp-config/config.local.yml", "\ndatabase:\n  bufferpoolsize: 2G\n")
        .file("/etc/ngcp-config/constants.yml", "kamailio:\n  lb:\n    shm_mem: 77\n");
    let facts = look(&host);
    let one = |name: &str| facts.options.iter().find(|now| now.name == name).unwrap();
    let pool = one("buffer-pool-size");
    assert_eq!((pool.text.as_deref(), pool.main.as_deref()), (Some("2G"), Some("64M")));
    let shadow = pool.shadow.as_ref().unwrap();
    assert_eq!(
        (shadow.file.to_str().unwrap(), shadow.line, shadow.editable),
        ("/etc/ngcp-config/config.local.yml", 3, true)
    );
    let shm = one("lb-shm-mem");
    assert_eq!((shm.text.as_deref(), shm.main.as_deref()), (None, Some("64")));
    assert!(!shm.shadow.as_ref().unwrap().editable);
    assert!(!format!("{facts:?}").contains("77"), "a value of constants.yml is kept");
    assert_eq!(one("lb-pkg-mem").text, None, "null is no value");
}

#[test]
fn memory_of_the_system_is_what_database_and_kamailio_do_not_take() {
    let host = sample("mr13.5")
        .with_resources(Resources {
            processors: 4,
            disks: vec![
                Disk { mounted_on: "/".into(), total: 100 << 20, used: 10 << 20 },
                Disk { mounted_on: "/ngcp-data".into(), total: 900 << 20, used: 400 << 20 },
            ],
            ..Resources::default()
        })
        .file("/proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\nSwapTotal: 0 kB\n")
        .file("/proc/50/cmdline", "/usr/sbin/mariadbd\0")
        .file("/proc/50/smaps_rollup", "Pss: 1048576 kB\nPss_Shmem: 0 kB\n")
        .file(
            "/proc/60/cmdline",
            "/usr/sbin/kamailio\0-P\0/run/kamailio/kamailio.lb.pid\0-m\x0064\0-M\x0016\0",
        )
        .file("/proc/60/smaps_rollup", "Pss: 524288 kB\nPss_Shmem: 102400 kB\n")
        .file("/ngcp-data/logs/ngcp/kamailio-lb.log", "lb[60]: ERROR: out of mem\n");
    host.edit(|files| files.link("/var/log/ngcp", "/ngcp-data/logs/ngcp"));
    let facts = look(&host);
    let figure = |name: &str| facts.measured.get(name).map(|one| one.value);
    assert_eq!(figure(figure::MEMORY), Some(4096.0));
    assert_eq!(figure(figure::CORES), Some(4.0));
    assert_eq!(figure(figure::SYSTEM), Some(512.0));
    assert_eq!(figure(figure::LB_WORKER), Some(412.0));
    assert_eq!(figure(figure::LB_SOCKETS), None, "nobody said it");
    assert_eq!(figure(figure::LOG_FREE), Some(500.0), "the link leads to the other disk");
    assert_eq!(facts.logs_read, [PathBuf::from("/var/log/ngcp/kamailio-lb.log")]);
    assert_eq!(facts.out_of_memory.len(), 1);
    assert!(
        facts.unseen.iter().any(|why| why.starts_with("kamailio-proxy: it does not run")),
        "{:?}",
        facts.unseen
    );
}

/// The budget has one place for a database, one for a load balancer and one for a proxy: others are the system's.
#[test]
fn a_second_database_or_load_balancer_is_counted_as_the_systems() {
    let lb = |name: &str| format!("/usr/sbin/kamailio\0-P\0/run/kamailio/kamailio.{name}.pid\0-m\064\0");
    let host = |second: &str| {
        sample("mr13.5")
            .file("/proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\nSwapTotal: 0 kB\n")
            .file("/proc/50/cmdline", "/usr/sbin/mariadbd\0")
            .file("/proc/50/smaps_rollup", "Pss: 524288 kB\nPss_Shmem: 0 kB\n")
            .file("/proc/60/cmdline", lb("lb"))
            .file("/proc/60/smaps_rollup", "Pss: 524288 kB\nPss_Shmem: 0 kB\n")
            .file("/proc/70/cmdline", second)
            .file("/proc/70/smaps_rollup", "Pss: 524288 kB\nPss_Shmem: 0 kB\n")
    };
    let system = |second: &str| look(&host(second)).measured.get(figure::SYSTEM).map(|one| one.value);
    assert_eq!(system("/usr/bin/other\0"), Some(1024.0));
    assert_eq!(system(&lb("lb_two")), Some(1024.0));
    assert_eq!(system(&lb("proxy")), Some(512.0));
    // Nobody tells what the platform's takes.
    assert_eq!(system("/usr/sbin/mariadbd\0"), None);
}

#[test]
fn a_tree_tells_values_and_no_figures_of_a_running_host() {
    let facts = look(&sample("mr13.5").with_world(World::Tree));
    assert!(facts.options.iter().any(|now| now.text.is_some()));
    assert!(facts.measured.keys().all(|name| name == figure::LOG_NOW), "{:?}", facts.measured);
    assert!(facts.kamailio.is_empty() && facts.buffer_pool.is_none());
    assert!(facts.options.iter().all(|now| !matches!(now.running, Running::Is { .. })));
}
