//! `firewall load`: puts the stored rules in place, at every start of the host and by hand. What does not load leaves
//! SSH reachable and nothing else, and says so.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use crate::{
    commands::{exit, output::complain},
    executor::{self, Attributes, Executor, Exit, FileChange, FileTo, Quiet, World},
    finding::one_line,
    plan::CommandLine,
    secret::{Secret, Secrets},
    steps::{Loading, firewall_loaded, stored_rules},
};

/// The last two starts of the host at which rules were loaded: boot and moment.
const STARTS: &str = "/var/lib/ngcp-warden/firewall-start";
/// A start that comes so soon after another one, in seconds, was asked for by somebody who is locked out.
const SOON: i64 = 10 * 60;
/// How long the rules wait then.
const DELAY: &str = "5min";
const LATER: &str = "ngcp-warden-firewall-later";

pub(super) fn load(host: &dyn Executor) -> Result<u8> {
    ensure!(host.world() == World::Live, "rules are loaded on a running host only");
    let Some(stored) = stored_rules(host) else {
        complain("No packet filter of ours is stored: nothing to load.");
        return Ok(exit::OK);
    };
    // Nothing is written where it was not asked for.
    if stored.safe_start {
        match delayed(host) {
            Ok(true) => {
                let words = "this host was restarted twice within 10 minutes: its packet filter is loaded in 5 minutes; \
                    until then EVERYBODY reaches every port. 'ngcp-warden firewall load' loads it now";
                tell(host, "daemon.warning", words);
                return Ok(exit::OK);
            }
            Ok(false) => {}
            Err(error) => tell(host, "daemon.warning", &format!("no safe start: {error:#}")),
        }
    }
    for file in &stored.foreign {
        let words = format!(
            "{} was changed since the rules were confirmed: those that were confirmed are loaded, not what it says",
            file.display()
        );
        tell(host, "daemon.warning", &words);
    }
    let why = match stored.rules.and_then(|rules| put(host, &rules)) {
        Ok(()) => return Ok(seen(host)),
        Err(why) => why,
    };
    let words = match put(host, &stored.last_resort) {
        Ok(()) => "only SSH is let in, and what was established: calls are not".to_owned(),
        Err(error) => {
            format!("NOTHING is refused, for the least rules could not be loaded either: {error:#}")
        }
    };
    let words =
        format!("the stored packet filter does not load: {why:#}. {words}. Set it again: ngcp-warden apply");
    tell(host, "daemon.crit", &words);
    Ok(exit::FAILED)
}

/// Whether what was loaded is there; said where it is not.
fn seen(host: &dyn Executor) -> u8 {
    match firewall_loaded(host) {
        Ok(None) => exit::OK,
        Ok(Some(wrong)) => {
            tell(host, "daemon.err", &format!("the packet filter was loaded, and yet: {wrong}"));
            exit::FAILED
        }
        Err(error) => {
            let words =
                format!("the packet filter was loaded; whether it is there cannot be seen: {error:#}");
            tell(host, "daemon.warning", &words);
            exit::FAILED
        }
    }
}

/// All of it is accepted before any of it is loaded.
pub(super) fn put(host: &dyn Executor, rules: &Loading) -> Result<()> {
    for line in rules.checks.iter().chain(&rules.loads) {
        must(host, line)?;
    }
    for jump in &rules.jumps {
        if !run(host, &jump.there())?.ok() {
            let around = must(host, &jump.around())?.text();
            must(host, &jump.put(&around))?;
        }
    }
    Ok(())
}

pub(super) fn must(host: &dyn Executor, line: &CommandLine) -> Result<Exit> {
    let exit = run(host, line)?;
    ensure!(exit.ok(), "{}: {}", line.program, exit.reason());
    Ok(exit)
}

fn run(host: &dyn Executor, line: &CommandLine) -> Result<Exit> {
    let command = line.resolve(&Secrets::default())?;
    host.run(&command, &mut Quiet).with_context(|| format!("{} could not be run", line.program))
}

/// Whether the rules come later, because this start follows another one soon; notes this one. A second call in the same
/// start is never delayed.
fn delayed(host: &dyn Executor) -> Result<bool> {
    let boot = host.read("/proc/sys/kernel/random/boot_id".as_ref())?;
    let boot = String::from_utf8_lossy(&boot).trim().to_owned();
    let now = host.now().as_second();
    let before = host.read(STARTS.as_ref()).unwrap_or_default();
    let before = String::from_utf8_lossy(&before).into_owned();
    let Some(soon) = soon(&before, &boot, now) else { return Ok(false) };
    note(host, &format!("{boot} {now}\n")).context("this start could not be noted")?;
    if !soon {
        return Ok(false);
    }
    let own = "/usr/local/sbin/ngcp-warden";
    let unit = format!("--unit={LATER}");
    must(
        host,
        &CommandLine::new("systemd-run", ["--quiet", &unit, "--on-active", DELAY, own, "firewall", "load"]),
    )?;
    Ok(true)
}

/// Whether this start follows the noted one soon; `None` when it is that one.
fn soon(noted: &str, boot: &str, now: i64) -> Option<bool> {
    let Some((before, at)) = noted.trim().split_once(' ') else { return Some(false) };
    let at = at.parse::<i64>().ok().filter(|at| Timestamp::from_second(*at).is_ok());
    // A clock that went back says nothing.
    (before != boot).then(|| at.is_some_and(|at| (0..=SOON).contains(&now.saturating_sub(at))))
}

fn note(host: &dyn Executor, text: &str) -> Result<()> {
    let private = |mode| Attributes::Exactly { mode, uid: 0, gid: 0, modified: None };
    if let Some(folder) = Path::new(STARTS).parent() {
        let to = FileTo::Directory { attributes: private(0o700) };
        host.change(&FileChange { path: folder.to_owned(), to })?;
    }
    let to = FileTo::File { content: Secret::new(text), attributes: private(0o600) };
    Ok(host.change(&FileChange { path: STARTS.into(), to })?)
}

/// Nobody watches a start: what matters is told to syslog as well.
pub(super) fn tell(host: &dyn Executor, priority: &str, words: &str) {
    let words = one_line(words);
    complain(&format!("ngcp-warden: {words}"));
    let logger = executor::Command::new("logger", ["-t", "ngcp-warden", "-p", priority, "--", &words]);
    match host.run(&logger, &mut Quiet) {
        Ok(exit) if exit.ok() => {}
        Ok(exit) => complain(&format!("That could not be told to syslog: {}", exit.reason())),
        Err(error) => complain(&format!("That could not be told to syslog: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_soon_after_another_one_delays_and_a_second_call_in_the_same_start_does_not() {
        assert_eq!(soon("", "b", 1000), Some(false), "the first");
        assert_eq!(soon("a 900\n", "b", 1000), Some(true));
        assert_eq!(soon("a 400\n", "b", 1000), Some(true), "600 s");
        assert_eq!(soon("a 399\n", "b", 1000), Some(false), "601 s");
        assert_eq!(soon("b 900\n", "b", 1000), None, "the same start");
        assert_eq!(soon("a 2000\n", "b", 1000), Some(false), "the clock went back");
        assert_eq!(soon("garbage", "b", 1000), Some(false));
        assert_eq!(soon("a 99999999999999999999\n", "b", 1000), Some(false));
    }
}
