//! The sample host of `--demo`: a sip:provider CE mr13.5.1 in memory, with one thing wrong per step.
//! Files come from `assets/demo`; programs are functions that change those files and answer as the real ones do.

mod configuration;
mod database;
mod files;
mod system;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::{Timestamp, civil};

use crate::executor::{
    Command, Disk, Resources,
    simulated::{Answer, Files, Simulated},
};

const CONFIG: &str = "/etc/ngcp-config/config.yml";
const DPKG_STATUS: &str = "/var/lib/dpkg/status";
const MOUNTINFO: &str = "/proc/self/mountinfo";
const SHADOW: &str = "/etc/shadow";

/// Short host name.
const NAME: &str = "spce";

/// The sample host as it was installed and left alone. Its programs take their time only once it is made
/// [`Simulated::realtime`].
pub fn host() -> Simulated {
    let host = Simulated::from_entries(
        files::ALL.iter().map(|(path, mode, uid, gid, content)| (*path, *mode, *uid, *gid, *content)),
    )
    .with_clock(three_in_the_morning())
    .with_resources(resources());
    host.edit(|files| {
        for dir in ["/etc/ssh/sshd_config.d", "/run/lock", "/tmp", "/home/jail/home/cdrexport"] {
            files.directory(dir);
        }
        for letters in ["ba", ""] {
            files.put(format!("/bin/{letters}sh"), 0o755, 0, 0, "");
        }
        // Whoever tries it sits at the console.
        for (process, name, parent) in [("self", "ngcp-warden", 900), ("900", "login", 1)] {
            let text = format!("Name:\t{name}\nPPid:\t{parent}\nUid:\t0\t0\t0\t0\n");
            files.put(format!("/proc/{process}/status"), 0o444, 0, 0, text);
        }
        configuration::install(files);
        database::install(files);
    });
    let host = configuration::programs(host);
    let host = database::programs(host);
    system::programs(host)
}

/// Saturday, 14 March 2026, 03:12:00 UTC.
fn three_in_the_morning() -> Timestamp {
    civil::date(2026, 3, 14)
        .at(3, 12, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

fn resources() -> Resources {
    const GIB: u64 = 1 << 30;
    let disk = |at: &str, total, used| Disk { mounted_on: at.into(), total, used };
    Resources {
        processors: 4,
        load: 0.62,
        memory_total: 16 * GIB,
        memory_used: 79 * GIB / 10,
        disks: vec![
            disk("/", 20 * GIB, 9 * GIB),
            disk("/ngcp-data", 98 * GIB, 61 * GIB),
            disk("/ngcp-fallback", 20 * GIB, 8 * GIB),
        ],
        uptime: 33 * 86_400 + 5 * 3_600,
    }
}

/// Milliseconds, for the pauses of programs.
fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Lines that come one after another, `pause` milliseconds apart.
fn slowly<'a>(pause: u64, lines: impl IntoIterator<Item = &'a str>) -> Answer {
    lines.into_iter().fold(Answer::code(0), |answer, line| answer.after(ms(pause)).line(line))
}

/// What a program says to arguments it does not know.
fn usage(command: &Command) -> Answer {
    Answer::code(2).error(&format!(
        "{}: the demo has no answer to: {}",
        command.program,
        command.args.join(" ")
    ))
}

/// Arguments as words to match on.
fn words(command: &Command) -> Vec<&str> {
    command.args.iter().map(String::as_str).collect()
}

/// Replaces the lines of a file one by one; `None` drops a line.
fn rewrite(files: &mut Files, path: &str, line: impl Fn(&str) -> Option<String>) {
    let text: String =
        files.text(path).lines().filter_map(line).flat_map(|line| [line, "\n".to_owned()]).collect();
    files.write(path, text);
}
