//! Somebody else who decides about the same things: option files of the database that are read later, options in a
//! unit of systemd, tuned, sysctl (F82). They are told, not fought.

use std::path::{Path, PathBuf};

use super::super::facts::{Facts, Owner};
use crate::{
    executor::Executor,
    finding::one_line,
    host::{
        memory,
        processes::{Process, processes},
    },
    ngcp::{database::settings, ngcpcfg},
    steps::size::Size,
};

const POOL: &str = "buffer-pool-size";
const VARIABLE: &str = "innodb_buffer_pool_size";
/// Where somebody changes how a service is started, and what limits its memory.
const UNITS: &str = "/etc/systemd/system";
const SERVICES: [&str; 4] = ["mariadb", "mysql", "kamailio-lb", "kamailio-proxy"];
const LIMITS: [&str; 3] = ["MemoryMax=", "MemoryHigh=", "MemoryLimit="];
/// Settings of the kernel that take memory away from services, or change how they get it.
const KERNEL: [&str; 4] = ["vm.nr_hugepages", "vm.overcommit_memory", "vm.min_free_kbytes", "vm.swappiness"];

/// All of them, and why some might be missing.
pub(super) fn look(host: &dyn Executor, facts: &Facts) -> (Vec<Owner>, Option<String>) {
    let (listed, made) = (processes(host), ngcpcfg::generated(host));
    let unseen = listed.as_ref().err().map(|error| format!("{error:#}"));
    let unseen = unseen.or_else(|| made.as_ref().err().map(ToString::to_string));
    let processes = listed.unwrap_or_default();
    // What is made from templates is the platform's own.
    let own = made.unwrap_or_default();
    let mut all: Vec<Owner> = pool(host, &processes, &own, facts).into_iter().collect();
    for service in SERVICES {
        unit(host, service, &own, &mut all);
    }
    all.extend(tuned(host, &processes));
    kernel(host, &own, &mut all);
    (all, unseen)
}

fn owner(name: &str, option: Option<&str>, evidence: &str) -> Owner {
    Owner { name: name.to_owned(), option: option.map(str::to_owned), evidence: one_line(evidence) }
}

/// A file or an argument that decides the buffer pool instead of the platform's file.
fn pool(host: &dyn Executor, processes: &[Process], own: &[PathBuf], facts: &Facts) -> Option<Owner> {
    let server = processes.iter().find(|one| ["mysqld", "mariadbd"].contains(&one.program()));
    let argument = |name: &str| {
        let words = server.map(|server| server.words.as_slice()).unwrap_or_default();
        words
            .iter()
            .rev()
            .find_map(|word| word.replace('_', "-").strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    if let Some(value) = argument("--innodb-buffer-pool-size") {
        let evidence = format!("the database was started with --innodb-buffer-pool-size={value}");
        return Some(owner("command line", Some(POOL), &evidence));
    }
    let lines = settings(host, VARIABLE, argument("--defaults-file").as_deref());
    let last = lines.last().filter(|last| !own.contains(&last.file))?;
    let written = facts.options.iter().find(|now| now.name == POOL)?.text.clone()?;
    let beside = lines.iter().any(|line| own.contains(&line.file));
    // Without templates nobody knows whose file it is: its value tells, unless a new one waits for an apply.
    let differs = facts.waiting.is_none() && bytes(&last.value) != bytes(&written);
    (beside || differs).then(|| {
        let place = format!("{} line {}", last.file.display(), last.line);
        let evidence = format!("{place} has {VARIABLE} = {}, config.yml {written}", last.value);
        owner("MariaDB option file", Some(POOL), &evidence)
    })
}

/// Bytes of a size of the server: a number alone counts bytes.
fn bytes(text: &str) -> Option<u64> {
    text.parse::<Size>().map(Size::bytes).ok().or_else(|| text.parse().ok())
}

/// Files of systemd that change how a service is started or limit its memory.
fn unit(host: &dyn Executor, service: &str, own: &[PathBuf], all: &mut Vec<Owner>) {
    let whole = Path::new(UNITS).join(format!("{service}.service"));
    let folder = Path::new(UNITS).join(format!("{service}.service.d"));
    let names = host.list(&folder).unwrap_or_default();
    let parts = names.iter().filter(|name| name.ends_with(".conf")).map(|name| folder.join(name));
    for file in std::iter::once(whole).chain(parts).filter(|file| !own.contains(file)) {
        let Ok(bytes) = host.read(&file) else { continue };
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let line = line.trim();
            let evidence = format!("{} line {}: {line}", file.display(), number + 1);
            if LIMITS.iter().any(|limit| line.starts_with(limit)) {
                all.push(owner("systemd", None, &evidence));
            }
            let Some(command) = line.strip_prefix("ExecStart=") else { continue };
            for (argument, option) in decided(service) {
                if command.split_whitespace().any(|word| word.starts_with(argument)) {
                    all.push(owner("systemd", Some(option), &evidence));
                }
            }
        }
    }
}

/// Arguments of a service that decide an option.
fn decided(service: &str) -> &'static [(&'static str, &'static str)] {
    match service {
        "kamailio-lb" => &[("-m", "lb-shm-mem"), ("-M", "lb-pkg-mem")],
        "kamailio-proxy" => &[("-m", "proxy-shm-mem"), ("-M", "proxy-pkg-mem")],
        _ => &[("--innodb-buffer-pool-size", POOL), ("--innodb_buffer_pool_size", POOL)],
    }
}

fn tuned(host: &dyn Executor, processes: &[Process]) -> Option<Owner> {
    let named = |word: &String| word.rsplit('/').next() == Some("tuned");
    processes.iter().find(|one| one.words.iter().take(3).any(named))?;
    let profile = host.read(Path::new("/etc/tuned/active_profile")).unwrap_or_default();
    let profile = String::from_utf8_lossy(&profile).trim().chars().take(60).collect::<String>();
    let profile =
        if profile.is_empty() { "no profile that is told".to_owned() } else { format!("profile {profile}") };
    Some(owner("tuned", None, &format!("tuned runs with {profile}: it changes settings of the kernel")))
}

/// Settings of the kernel that somebody made.
fn kernel(host: &dyn Executor, own: &[PathBuf], all: &mut Vec<Owner>) {
    let folder = Path::new("/etc/sysctl.d");
    let names = host.list(folder).unwrap_or_default();
    let parts = names.iter().filter(|name| name.ends_with(".conf")).map(|name| folder.join(name));
    for file in parts.chain(["/etc/sysctl.conf".into()]).filter(|file| !own.contains(file)) {
        let Ok(bytes) = host.read(&file) else { continue };
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let line = line.trim().trim_start_matches('-');
            let key = line.split('=').next().unwrap_or_default().trim().replace('/', ".");
            if line.contains('=') && KERNEL.contains(&key.as_str()) {
                all.push(owner("sysctl", None, &format!("{} line {}: {line}", file.display(), number + 1)));
            }
        }
    }
    if let Some(pages) = memory::memory(host).ok().map(|memory| memory.huge_pages).filter(|bytes| *bytes > 0)
    {
        let evidence = format!("{} MB are set aside for huge pages", pages / 1024 / 1024);
        all.push(owner("huge pages", None, &evidence));
    }
}

#[cfg(test)]
mod tests {
    use crate::{executor::simulated::Simulated, steps::tuning::inspect};

    fn host() -> Simulated {
        Simulated::new().file("/etc/ngcp-config/config.yml", "database:\n  bufferpoolsize: 64M\n")
    }

    fn owners(host: &Simulated) -> Vec<String> {
        let all = inspect::look(host).owners;
        all.iter()
            .map(|one| format!("{} {}: {}", one.name, one.option.as_deref().unwrap_or("-"), one.evidence))
            .collect()
    }

    /// F82.
    #[test]
    fn an_option_file_that_is_read_later_is_told_f82() {
        let template = "/etc/ngcp-config/templates/etc/mysql/my.cnf.tt2";
        let platform = "[mysqld]\ninnodb_buffer_pool_size = 64M\n!includedir /etc/mysql/conf.d/\n";
        let host = host().file(template, "").file("/etc/mysql/my.cnf", platform);
        let git = host.on("git", |_, _| "");
        assert_eq!(owners(&git), [""; 0]);
        let host = git.file("/etc/mysql/conf.d/x.cnf", "[mysqld]\ninnodb_buffer_pool_size = 1G\n");
        let said = "MariaDB option file buffer-pool-size: /etc/mysql/conf.d/x.cnf line 2 has innodb_buffer_pool_size = 1G, config.yml 64M";
        assert_eq!(owners(&host), [said]);
        // The same value, and another file decides all the same.
        host.edit(|files| {
            files.write("/etc/mysql/conf.d/x.cnf", "[mysqld]\ninnodb_buffer_pool_size = 67108864\n");
        });
        assert_eq!(owners(&host).len(), 1);
        // Nobody knows whose file it is, and it has the value of config.yml.
        host.edit(|files| files.remove(template));
        assert_eq!(owners(&host), [""; 0]);
    }

    /// F82.
    #[test]
    fn units_tuned_and_sysctl_are_told_f82() {
        let host = host()
            .file("/proc/70/cmdline", "/usr/bin/python3\0-Es\0/usr/sbin/tuned\0-l\0")
            .file("/etc/tuned/active_profile", "throughput-performance\n")
            .file(
                "/etc/sysctl.d/90-local.conf",
                "# vm.swappiness = 1\nvm.nr_hugepages = 512\nnet.core.rmem_max=1\n",
            )
            .file(
                "/etc/systemd/system/kamailio-lb.service.d/own.conf",
                "[Service]\nMemoryMax=512M\nExecStart=\nExecStart=/usr/sbin/kamailio -m 512 -DD\n",
            )
            .file("/proc/71/cmdline", "/usr/sbin/mysqld\0--innodb_buffer_pool_size=2G\0");
        let said = owners(&host);
        let has = |text: &str| said.iter().any(|line| line.starts_with(text));
        assert!(
            has("command line buffer-pool-size: the database was started with --innodb-buffer-pool-size=2G"),
            "{said:?}"
        );
        assert!(has("tuned -: tuned runs with profile throughput-performance"), "{said:?}");
        assert!(has("sysctl -: /etc/sysctl.d/90-local.conf line 2: vm.nr_hugepages = 512"), "{said:?}");
        assert!(
            has("systemd lb-shm-mem: /etc/systemd/system/kamailio-lb.service.d/own.conf line 4"),
            "{said:?}"
        );
        assert!(
            has("systemd -: /etc/systemd/system/kamailio-lb.service.d/own.conf line 2: MemoryMax=512M"),
            "{said:?}"
        );
        assert_eq!(said.len(), 5, "{said:?}");
    }
}
