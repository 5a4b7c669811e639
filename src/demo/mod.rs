//! The sample host of `--demo`: a sip:provider CE mr13.5.1 in memory, with one thing wrong per step.
//! Files come from `assets/demo`; programs are functions that change those files and answer as the real ones do.

mod certificates;
mod configuration;
mod database;
mod files;
mod firewall;
mod programs;
mod system;
#[cfg(test)]
mod tests;
mod tuning;

use jiff::{Timestamp, civil};

use crate::executor::{Disk, Resources, simulated::Simulated};

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
        certificates::install(files);
        configuration::install(files);
        database::install(files);
        firewall::install(files);
        tuning::install(files);
    });
    let host = certificates::programs(host);
    let host = configuration::programs(host);
    let host = database::programs(host);
    let host = firewall::programs(host);
    let host = tuning::programs(host);
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
