//! What runs on the sample host and how much it takes: kamailio with its workers, the database with its buffer pool,
//! their logs. All of it follows from config.yml as it was last applied.

use std::path::Path;

use jiff::SignedDuration;

use super::programs::{ms, usage, words};
use crate::executor::{
    Command,
    simulated::{Answer, Files, Simulated},
};

/// config.yml as it was last applied.
const IN_FORCE: &str = "/etc/ngcp-config/.git/committed/config.yml";
/// Where kamailio listens for `kamcmd`: first process, name, sockets for UDP, MB that a process takes for itself.
const INSTANCES: [(u32, &str, u32, u32); 2] = [(748, "lb", 1, 6), (761, "proxy", 1, 14)];
/// The database.
const DATABASE: u32 = 702;
/// Bytes of tables and indexes.
const DATA: u64 = 3_912 << 20;
/// MB that are in use by everything else.
const OTHERS: u64 = 7_060;
const MEMORY: u64 = 16 << 10;
/// Binary logs of a day and how many there are.
const BINARY_LOG: u64 = 1_462 << 20;
const BINARY_LOGS: i64 = 15;
/// Logs of a week, compressed, and how many there are.
const LOG: u64 = 310 << 20;
const LOGS: i64 = 13;
/// What `SELECT SLEEP` answers.
pub(super) const SLEPT: &str = "0";

/// A word of config.yml as it was last applied.
fn word(files: &Files, path: &str) -> String {
    let config: serde_yaml::Value = serde_yaml::from_str(&files.text(IN_FORCE)).unwrap_or_default();
    let value = path.split('.').try_fold(&config, |node, key| node.get(key));
    value.and_then(serde_yaml::Value::as_str).unwrap_or_default().to_owned()
}

fn number(files: &Files, path: &str) -> u32 {
    word(files, path).parse().unwrap_or(0)
}

/// Size of the buffer pool, in bytes.
fn pool(files: &Files) -> u64 {
    let size = word(files, "database.bufferpoolsize");
    let number = |unit: char| size.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    let bytes = number('M').map(|number| number << 20).or(number('G').map(|number| number << 30));
    bytes.unwrap_or(64 << 20)
}

pub(super) fn install(files: &mut Files) {
    let ago =
        |days: i64| files.now().saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(files.now());
    let weeks: Vec<_> = (0..LOGS).map(|week| ago(7 * week)).collect();
    let days: Vec<_> = (0..BINARY_LOGS).map(ago).collect();
    for (week, at) in weeks.into_iter().enumerate().skip(1) {
        files.log(format!("/var/log/ngcp/api.log.{week}.gz"), LOG, at);
    }
    for instance in ["lb", "proxy"] {
        let line = "Mar 14 03:11:58 spce kamailio: INFO: <core> [main.c:3012]: main(): listening\n";
        files.put(format!("/var/log/ngcp/kamailio-{instance}.log"), 0o640, 0, 4, line);
    }
    for (day, at) in days.into_iter().enumerate() {
        files.log(Path::new("/ngcp-data/mysql").join(binary_log(day)), BINARY_LOG, at);
    }
    restart(files);
}

fn binary_log(day: usize) -> String {
    format!("mysqld-bin.{:06}", 412 - day)
}

/// What each process of an instance is for, the first one first.
fn processes(files: &Files, name: &str, sockets: u32) -> Vec<String> {
    let count = |path: &str| number(files, &format!("kamailio.{name}.{path}"));
    let (udp, pingers) = match name {
        "lb" => (count("udp_children"), 0),
        _ => (count("children"), count("natping_processes")),
    };
    let (address, port) = if name == "lb" { ("198.51.100.7", 5060) } else { ("127.0.0.1", 5062) };
    let mut all = vec!["main process - attendant".to_owned()];
    for socket in 0..sockets {
        all.extend(
            (0..udp).map(|child| format!("udp receiver child={child} sock={address}:{}", port + socket)),
        );
    }
    all.extend(["slow timer", "timer", "secondary timer", "ctl handler"].map(str::to_owned));
    all.extend((0..pingers).map(|_| "TIMER NH".to_owned()));
    all.extend((0..count("tcp_children")).map(|child| format!("tcp receiver (generic) child={child}")));
    all.push("tcp main process".to_owned());
    all
}

/// The number of a process by its place in its instance.
fn pid(first: u32, place: usize) -> u32 {
    if place == 0 { first } else { first * 10 + u32::try_from(place).unwrap_or(0) }
}

/// The services run as config.yml was applied: processes, what they were started with, what they take.
pub(super) fn restart(files: &mut Files) {
    let mut taken = 0;
    let mut sockets = "Num       RefCount Protocol Flags    Type St Inode Path\n".to_owned();
    for (at, (first, name, udp, private)) in INSTANCES.into_iter().enumerate() {
        for place in 1..200 {
            files.remove(format!("/proc/{}", pid(first, place)));
        }
        let memory = |what: &str| word(files, &format!("kamailio.{name}.{what}_mem"));
        let (shared, own) = (memory("shm"), memory("pkg"));
        let line = [
            "/usr/sbin/kamailio",
            "-P",
            &format!("/run/kamailio/kamailio.{name}.pid"),
            "-f",
            &format!("/etc/kamailio/{name}/kamailio.cfg"),
            "-m",
            &shared,
            "-M",
            &own,
            "-DD",
        ]
        .join("\0");
        let count = processes(files, name, udp).len();
        for place in 0..count {
            let folder = format!("/proc/{}", pid(first, place));
            // A part of what they share is in use.
            let all = private * 1024 + 96 * 1024 / u32::try_from(count).unwrap_or(1);
            taken += u64::from(all) / 1024;
            files.put(format!("{folder}/cmdline"), 0o444, 0, 0, format!("{line}\0"));
            let rollup = format!("Pss: {all} kB\nPss_Shmem: {} kB\n", all - private * 1024);
            files.put(format!("{folder}/smaps_rollup"), 0o444, 0, 0, rollup);
        }
        let inode = 30_000 + at;
        files.link(format!("/proc/{first}/fd/200"), format!("socket:[{inode}]"));
        sockets.push_str(&format!(
            "0000000000000000: 00000002 00000000 00010000 0001 01 {inode} /run/kamailio/kamailio.{name}.ctl\n"
        ));
    }
    files.put("/proc/net/unix", 0o444, 0, 0, sockets);
    let database = 290 + pool(files).min(DATA) / (1 << 20);
    files.put(format!("/proc/{DATABASE}/cmdline"), 0o444, 0, 0, "/usr/sbin/mariadbd\0");
    let rollup = format!("Pss: {} kB\nPss_Shmem: 0 kB\n", database * 1024);
    files.put(format!("/proc/{DATABASE}/smaps_rollup"), 0o444, 0, 0, rollup);
    let available = MEMORY.saturating_sub(OTHERS + database + taken);
    files.put(
        "/proc/meminfo",
        0o444,
        0,
        0,
        format!("MemTotal: {} kB\nMemAvailable: {} kB\nSwapTotal: 0 kB\n", MEMORY * 1024, available * 1024),
    );
}

pub(super) fn programs(host: Simulated) -> Simulated {
    host.on("kamcmd", kamcmd).on("logrotate", |files: &mut Files, command: &Command| match words(command)[..]
    {
        ["-d", "/etc/logrotate.conf"] => {
            let days = number(files, "rsyslog.ngcp_logs_preserve_days");
            Answer::code(0)
                .error(&format!("rotating pattern: /var/log/ngcp/*.log  after 1 days ({days} rotations)"))
        }
        _ => usage(command),
    })
}

fn kamcmd(files: &mut Files, command: &Command) -> Answer {
    let words = words(command);
    let ["-s", socket, asked @ ..] = &words[..] else { return usage(command) };
    let Some((first, name, udp, _)) =
        INSTANCES.into_iter().find(|one| socket.ends_with(&format!(".{}.ctl", one.1)))
    else {
        return usage(command);
    };
    let value = |what: &str| number(files, &format!("kamailio.{name}.{what}"));
    let mb = |what: &str| u64::from(value(what)) << 20;
    let said = match asked {
        ["core.ps"] => {
            let all = processes(files, name, udp).into_iter().enumerate();
            all.map(|(place, what)| format!("{}\n{what}\n", pid(first, place))).collect()
        }
        ["core.shmmem"] => {
            let (total, used) = (mb("shm_mem"), 71 << 20);
            format!("{{\n\ttotal: {total}\n\tfree: {}\n\tmax_used: {used}\n}}\n", total.saturating_sub(used))
        }
        ["pkg.stats"] => {
            let (total, used) = (mb("pkg_mem"), 3 << 20);
            format!("{{\n\tpid: {first}\n\tfree: {}\n\ttotal_size: {total}\n}}\n", total.saturating_sub(used))
        }
        ["cfg.get", "registrar", what @ ("default_expires" | "min_expires" | "max_expires")] => {
            format!("{}\n", value(what))
        }
        _ => "error: 400 - Failed to get the variable\n".to_owned(),
    };
    Answer::from(said).after(ms(5))
}

/// What the database says of itself and of its subscribers; `None` where it is asked something else. `later` is a
/// second after the first look at its counters.
pub(super) fn told(files: &Files, statement: &str, later: bool) -> Option<String> {
    let has = |text: &str| statement.contains(text);
    let pool = pool(files);
    if has("SELECT SLEEP") {
        return Some(format!("{SLEPT}\n"));
    }
    if has("'innodb_buffer_pool_size'") {
        return Some(format!("innodb_buffer_pool_chunk_size\t2097152\ninnodb_buffer_pool_size\t{pool}\n"));
    }
    if has("'Innodb_buffer_pool_read_requests'") {
        // What does not fit is read from disk.
        let missed = if pool < 1 << 30 { 71 } else { 3 };
        let all = 2_480_000_000_u64 + if later { 21_400 } else { 0 };
        let (pages, filled) = (pool / 16_384, pool.min(DATA) / 16_384);
        return Some(format!(
            "Innodb_buffer_pool_pages_free\t{}\nInnodb_buffer_pool_pages_total\t{pages}\n\
             Innodb_buffer_pool_read_requests\t{all}\nInnodb_buffer_pool_reads\t{}\nInnodb_page_size\t16384\nUptime\t2865600\n",
            pages - filled,
            all / 1000 * missed
        ));
    }
    if has("data_length + index_length") {
        return Some(format!("{DATA}\n"));
    }
    if has("'log_bin'") {
        return Some(
            "expire_logs_days\t15\nlog_bin\tON\nlog_bin_basename\t/ngcp-data/mysql/mysqld-bin\n".to_owned(),
        );
    }
    if has("SHOW BINARY LOGS") {
        let days = (0..usize::try_from(BINARY_LOGS).unwrap_or(0)).rev();
        return Some(days.map(|day| format!("{}\t{BINARY_LOG}\n", binary_log(day))).collect());
    }
    if has("LOWER(data_type)") {
        return Some("datetime\n".to_owned());
    }
    if has("FROM billing.voip_subscribers") {
        return Some("14200\n".to_owned());
    }
    if has("FROM kamailio.location") {
        return Some(if has("keepalive = 1") { "11800\n" } else { "12950\n" }.to_owned());
    }
    let known = [("'voip_subscribers'", "id\nstatus\n"), ("'location'", "id\nexpires\nkeepalive\ncflags\n")];
    let mut known = known.iter().filter(|_| has("information_schema.columns"));
    known.find(|(table, _)| has(table)).map(|(_, columns)| (*columns).to_owned())
}
