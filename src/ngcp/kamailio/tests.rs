use super::*;
use crate::executor::{
    Executor, Resources, World,
    simulated::{Answer, Simulated},
};

/// As kamailio 5.6.3 of Debian 12 answers.
const PS: &str = "24694\nmain process - attendant\n24696\nudp receiver child=0 sock=127.0.0.1:15060\n24697\nudp receiver child=1 sock=127.0.0.1:15060\n\
                  24698\nudp receiver child=2 sock=127.0.0.1:15060\n24699\nudp receiver child=0 sock=127.0.0.1:15062\n24702\nslow timer\n\
                  24705\nTIMER NH\n24706\nTIMER NH\n24709\nctl handler\n24710\ntcp receiver (generic) child=0\n24711\ntcp receiver (generic) child=1\n24712\ntcp main process\n";
const SHM: &str = "{\n\ttotal: 67108864\n\tfree: 64368176\n\tused: 2499504\n\treal_used: 2740688\n\tmax_used: 3145728\n\tfragments: 1\n}\n";
const PKG: &str = "{\n\tentry: 0\n\tpid: 24694\n\trank: 0\n\tused: 450824\n\tfree: 16023120\n\treal_used: 754096\n\ttotal_size: 16777216\n\ttotal_frags: 2\n\tdesc: main process - attendant\n}\n\
                   {\n\tentry: 17\n\tpid: 24712\n\trank: -4\n\tused: 531008\n\tfree: 8388608\n\treal_used: 834592\n\ttotal_size: 16777216\n\ttotal_frags: 2\n\tdesc: tcp main process\n}\n";
const UNIX: &str = "Num       RefCount Protocol Flags    Type St Inode Path\n\
                    00000000335343fe: 00000002 00000000 00010000 0001 01 2023664 /run/kamailio/kamailio.proxy.ctl\n\
                    00000000335343ff: 00000002 00000000 00010000 0001 01 2023665 /run/other\n\
                    00000000335343fd: 00000003 00000000 00000000 0001 03 2023666 /run/kamailio/connected\n\
                    00000000335343fc: 00000002 00000000 00010000 0001 01 99 @abstract\n";

fn host() -> Simulated {
    with_shared(64, SHM)
}

/// Started with so many MB of shared memory, of which it says this.
fn with_shared(shared: u32, says: &'static str) -> Simulated {
    let line = |which: &str| {
        format!(
            "/usr/sbin/kamailio\0-P\0/run/kamailio/kamailio.{which}.pid\0-f\0/etc/kamailio/{which}/kamailio.cfg\0-m\0{shared}\0-M\x0016\0-DD\0"
        )
    };
    let rollup = |all: u32, shared: u32| format!("Pss: {all} kB\nPss_Shmem: {shared} kB\n");
    let host = Simulated::new()
        .with_resources(Resources { uptime: 1000, ..Resources::default() })
        .file("/proc/24694/cmdline", line("proxy"))
        .file("/proc/24709/cmdline", line("proxy"))
        .file("/proc/24694/smaps_rollup", rollup(3072, 1024))
        .file("/proc/24709/smaps_rollup", rollup(2048, 1024))
        .file("/proc/24694/stat", "24694 (kamailio) S 1 7 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 90000 1 1")
        .file("/proc/300/cmdline", line("lb"))
        .file("/proc/301/cmdline", "grep\0kamailio\0")
        .file("/proc/net/unix", UNIX)
        .on("kamcmd", move |_, command: &crate::executor::Command| {
            assert_eq!(command.args[..2], ["-s", "unix:/run/kamailio/kamailio.proxy.ctl"]);
            match command.args[2].as_str() {
                "core.ps" => Answer::from(PS),
                "core.shmmem" => says.into(),
                "pkg.stats" => PKG.into(),
                "cfg.get" if command.args[4] == "default_expires" => "3600\n".into(),
                _ => "error: 400 - Failed to get the variable\n".into(),
            }
        });
    host.edit(|files| {
        files.link("/proc/24694/fd/3", "socket:[2023665]");
        files.link("/proc/24709/fd/4", "socket:[2023664]");
        files.link("/proc/24709/fd/5", "socket:[2023666]");
    });
    host
}

#[test]
fn workers_and_memory_are_those_that_kamailio_says() {
    let all = running(&host()).unwrap();
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["lb", "proxy"]);
    let proxy = &all[1];
    assert_eq!((proxy.processes, proxy.pss, proxy.private), (2, Some(5.0), Some(3.0)));
    assert_eq!(proxy.file.as_deref(), Some("/etc/kamailio/proxy/kamailio.cfg"));
    assert_eq!((proxy.shared_memory, proxy.private_memory), (Some(64), Some(16)));
    let told = proxy.told.as_ref().unwrap();
    assert_eq!(told.udp_workers, [3, 1]);
    assert_eq!((told.tcp_workers, told.pingers), (2, 2));
    assert_eq!((told.shared_least, told.private_free), (Some(61.0), Some(8.0)));
}

/// As kamailio 5.6.3 answers to `-m 5120`, to `-m 2048`, and in an older form.
#[test]
fn numbers_that_do_not_fit_what_it_was_started_with_are_not_known() {
    for (started, says) in [
        (5120, "total: 1073741824\nfree: 1070000000\nmax_used: 3145728\n"),
        (2048, "total: -2147483648\nfree: 2144000000\nmax_used: 3145728\n"),
        (128, "total: 67108864\nfree: 64368176\nmax_used: 3145728\n"),
        (64, "total: 67108864\nfree: -1\nmax_used: -5\n"),
        (64, ""),
    ] {
        let proxy = running(&with_shared(started, says)).unwrap().remove(1);
        assert_eq!(proxy.shared_memory, Some(u64::from(started)), "{says}");
        let told = proxy.told.unwrap();
        assert_eq!((told.shared_free, told.shared_least), (None, None), "{says}");
        assert_eq!(told.private_free, Some(8.0));
    }
}

#[test]
fn what_an_instance_does_not_say_is_not_known_and_what_it_was_started_with_is() {
    let all = running(&host()).unwrap();
    let lb = &all[0];
    assert_eq!((lb.shared_memory, lb.private_memory, lb.pss), (Some(64), Some(16), None));
    assert_eq!(lb.told, None);
    assert!(lb.silent.as_deref().unwrap().contains("no control socket"), "{:?}", lb.silent);
    for answer in ["error: 500 - command core.ps not found\n", "", "welcome\nto\n", "1\n", "\u{fffd}\0\n1"] {
        let odd = host().on("kamcmd", move |_, _| Answer::from(answer));
        let proxy = running(&odd).unwrap().remove(1);
        assert_eq!(proxy.told, None, "{answer:?}");
        assert!(proxy.silent.as_deref().unwrap().contains("does not answer"), "{:?}", proxy.silent);
    }
    let stalled = host().on("kamcmd", |_, _| Answer::from(PS).after(std::time::Duration::from_secs(60)));
    assert!(running(&stalled).unwrap()[1].told.is_none());
    assert!(running(&host().with_world(World::Tree)).is_err());
}

#[test]
fn a_parameter_is_asked_and_else_read_in_a_file_that_is_no_newer_than_the_process() {
    let file = "/etc/kamailio/proxy/kamailio.cfg";
    let host = host();
    let proxy = running(&host).unwrap().remove(1);
    let asked = proxy.parameter(&host, "registrar", "default_expires").unwrap();
    assert_eq!(
        (asked.value.as_str(), asked.by.as_str()),
        ("3600", "kamcmd cfg.get registrar default_expires")
    );
    // It runs for 100 s; the clock of this host moves with what happens on it.
    host.edit(|files| files.write(file, "modparam(\"registrar\", \"max_expires\", 43200)\n"));
    let newer = proxy.parameter(&host, "registrar", "max_expires").unwrap_err();
    assert!(format!("{newer:#}").contains("was changed after kamailio was started"), "{newer:#}");
    for _ in 0..150 {
        let _ = host.run(
            &crate::executor::Command::new("kamcmd", ["-s", "unix:/run/kamailio/kamailio.proxy.ctl", "x"]),
            &mut crate::executor::Quiet,
        );
    }
    host.edit(|files| {
        files
            .write("/proc/24694/stat", "24694 (kamailio) S 1 7 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 115000 1 1");
    });
    let read = proxy.parameter(&host, "registrar", "max_expires").unwrap();
    assert_eq!((read.value.as_str(), read.by.as_str()), ("43200", "/etc/kamailio/proxy/kamailio.cfg line 1"));
}
