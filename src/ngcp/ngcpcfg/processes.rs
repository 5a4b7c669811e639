//! Another `ngcpcfg` at work on this host. It takes no lock, and most of what it does leaves no marker: only the
//! list of processes tells.

use std::path::Path;

use crate::executor::Executor;

/// It writes its process id here while it talks to services, and only from mr7.5 on (PLATFORM.md 3.1).
const MARKER: &str = "/run/ngcpcfg-services.running";
/// Actions that change nothing; whoever runs one is not waited for.
const READING: [&str; 12] =
    ["cat", "check", "diff", "get", "help", "log", "show", "status", "values", "version", "--help", "-h"];

/// The process id of an `ngcpcfg` of somebody else that may change something right now.
pub fn running(host: &dyn Executor) -> Option<u32> {
    if !host.world().is_running() {
        return None;
    }
    marked(host).or_else(|| listed(host))
}

fn marked(host: &dyn Executor) -> Option<u32> {
    let bytes = host.read(Path::new(MARKER)).ok()?;
    let pid: u32 = std::str::from_utf8(&bytes).ok()?.trim().parse().ok()?;
    host.metadata(&Path::new("/proc").join(pid.to_string())).is_ok().then_some(pid)
}

fn listed(host: &dyn Executor) -> Option<u32> {
    let names = host.list(Path::new("/proc")).unwrap_or_default();
    names.iter().filter_map(|name| name.parse().ok()).find(|pid| {
        let words = host.read(Path::new(&format!("/proc/{pid}/cmdline"))).unwrap_or_default();
        changes_something(&words)
    })
}

/// Whether a command line is an `ngcpcfg` with an action that changes something: `/bin/bash /usr/sbin/ngcpcfg apply x`.
fn changes_something(words: &[u8]) -> bool {
    let words: Vec<String> = words
        .split(|byte| *byte == 0)
        .take(12)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    // The program itself, or the script that its interpreter runs.
    let Some(at) =
        words.iter().take(3).position(|word| ["ngcpcfg", "ngcp-config"].contains(&name(word).as_str()))
    else {
        return false;
    };
    // It is a script of bash on every release.
    let interpreted = at == 0 || name(&words[0]).ends_with("ash");
    let action = words[at + 1..].iter().find(|word| !word.starts_with("--") || *word == "--help");
    interpreted && action.is_some_and(|action| !action.is_empty() && !READING.contains(&action.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::Simulated;

    #[test]
    fn only_a_living_ngcpcfg_counts() {
        let marked = Simulated::new().file(MARKER, "4711\n");
        assert_eq!(running(&marked), None);
        assert_eq!(running(&marked.file("/proc/4711/stat", "")), Some(4711));
        assert_eq!(running(&Simulated::new().file(MARKER, "garbage")), None);
    }

    /// PLATFORM.md 3.1: in build and in commit there is no marker at all.
    #[test]
    fn one_that_builds_or_commits_is_seen_among_the_processes() {
        for (line, seen) in [
            ("/bin/bash\0/usr/sbin/ngcpcfg\0apply\0a message\0", true),
            ("/bin/bash\0/usr/sbin/ngcpcfg\0--no-db-sync\0commit\0", true),
            ("/usr/sbin/ngcpcfg\0build\0", true),
            ("ngcpcfg\0set\0/etc/ngcp-config/config.yml\0a=b\0", true),
            ("/bin/bash\0/usr/sbin/ngcpcfg\0log\0", false),
            ("/bin/bash\0/usr/sbin/ngcpcfg\0status\0", false),
            ("/bin/bash\0/usr/sbin/ngcpcfg\0", false),
            ("vi\0/usr/sbin/ngcpcfg\0apply\0", false),
            ("grep\0ngcpcfg\0apply\0", false),
            ("", false),
        ] {
            let host = Simulated::new().file("/proc/77/cmdline", line).file("/proc/78/cmdline", "sshd\0");
            assert_eq!(running(&host), seen.then_some(77), "{line:?}");
        }
    }
}
