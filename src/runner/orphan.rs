//! A program whose runner was killed works on. Whoever settles that run looks for it first, by the session of the
//! runner: nothing is planned, started or told as taken back beside it. Its time limit holds without its runner, too.

use std::{collections::BTreeSet, fmt, fs, io, path::Path, time::Duration};

use anyhow::{Result, bail};
use jiff::Timestamp;
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use super::{
    RunState, Runs,
    journal::{durable, pause, sync, trusted},
    proc_stat::{Process, boot, process, processes},
};
use crate::{
    executor::{Executor, System},
    finding::one_line,
    plan::{Action, Change},
};

/// How long an apply may take.
const APPLY_LIMIT: Duration = Duration::from_secs(30 * 60);
const FILE: &str = "session.json";
/// How often it is looked whether a program has ended.
const TICK: Duration = Duration::from_millis(100);
/// What a program gets between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(5);
/// What the kernel gets to bury one that was killed.
const BURIAL: Duration = Duration::from_secs(2);

/// The session of a runner. The programs it starts are in it, those that turn into daemons leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Its number: the process number of the runner.
    id: u32,
    /// Time since boot when the runner started: numbers are used again.
    started: Duration,
    boot: String,
}

impl Session {
    /// Writes down which session this process works in, before its first change. A process in the session of
    /// somebody's login writes nothing: not everything there is its own.
    pub(super) fn note(dir: &Path) -> Result<()> {
        let (host, own) = (System::live()?, std::process::id());
        let Some(leader) = process(&host, own).filter(|process| process.session == own) else {
            return Ok(());
        };
        let session = Session { id: own, started: leader.started, boot: boot(&host) };
        durable(&dir.join(FILE), &serde_json::to_vec(&session)?)?;
        Ok(sync(dir)?)
    }

    /// The run has ended, and so have its programs.
    pub(super) fn forget(dir: &Path) {
        let _ = fs::remove_file(dir.join(FILE));
    }

    fn read(dir: &Path) -> io::Result<Option<Self>> {
        match trusted::read(dir, FILE, trusted::NOTE) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What works in it now, but for the runner itself.
    fn programs(&self, host: &dyn Executor) -> Vec<Process> {
        let (leaders, mut programs): (Vec<_>, Vec<_>) = processes(host)
            .into_iter()
            .filter(|process| process.session == self.id)
            .partition(|process| process.pid == self.id);
        let reused = leaders.iter().any(|leader| leader.started != self.started);
        if reused || self.boot != boot(host) {
            return Vec::new();
        }
        programs.retain(|process| process.started >= self.started);
        programs
    }
}

/// What works for a run, whether its runner lives or not.
pub(super) fn programs(dir: &Path) -> Result<Vec<Process>> {
    match Session::read(dir)? {
        Some(session) => Ok(session.programs(&System::live()?)),
        None => Ok(Vec::new()),
    }
}

/// A program of a run that was cut off is still at work: what it will leave is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    run: String,
    pid: u32,
    name: String,
    until: Timestamp,
}

impl fmt::Display for AtWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AtWork { run, pid, name, until } = self;
        let until = until.strftime("%H:%M:%S UTC");
        write!(
            f,
            "a program of run {run} is still at work (process {pid}, {name}); it has until {until} to end by itself"
        )
    }
}

impl std::error::Error for AtWork {}

/// Makes sure that no program of a run whose runner is gone is at work any more; one that is past its limit is
/// ended, as its runner would have done.
///
/// # Errors
/// [`AtWork`] when one has time left; otherwise why that cannot be told or it cannot be ended.
pub fn settle(runs: &Runs, run: &str) -> Result<()> {
    let Some(session) = Session::read(&runs.dir(run))? else { return Ok(()) };
    let (host, limit) = (System::live()?, limit(runs, run)?);
    let programs = session.programs(&host);
    if let Some(program) = programs.iter().find(|program| program.started + limit > host.uptime()) {
        let left = (program.started + limit).saturating_sub(host.uptime());
        let name = one_line(&program.name);
        let until = host.now().saturating_add(left).unwrap_or_default();
        return Err(AtWork { run: run.to_owned(), pid: program.pid, name, until }.into());
    }
    end(&session, &programs, &host)
}

/// [`settle`], waiting as long as one has time left; `tell` is told once.
///
/// # Errors
/// As [`settle`], but for [`AtWork`].
pub fn wait(runs: &Runs, run: &str, tell: &dyn Fn(&AtWork)) -> Result<()> {
    let mut told = false;
    loop {
        match settle(runs, run).map_err(anyhow::Error::downcast::<AtWork>) {
            Ok(()) => return Ok(()),
            Err(Err(other)) => return Err(other),
            Err(Ok(at_work)) if !told => {
                tell(&at_work);
                told = true;
            }
            Err(Ok(_)) => {}
        }
        pause(TICK);
    }
}

/// Ends what is at work for a run whatever its limit: an operator who may be cut off cannot wait.
pub(super) fn end_all(dir: &Path) -> Result<()> {
    let Some(session) = Session::read(dir)? else { return Ok(()) };
    let host = System::live()?;
    end(&session, &session.programs(&host), &host)
}

/// Ends programs with their groups. What a program that ended itself left behind is no longer ours to end.
fn end(session: &Session, programs: &[Process], host: &dyn Executor) -> Result<()> {
    let ours = |one: &Process| programs.iter().any(|program| program.pid == one.group);
    let left = || session.programs(host).into_iter().filter(ours).collect::<Vec<_>>();
    for (signal, longest) in [(Signal::TERM, GRACE), (Signal::KILL, BURIAL)] {
        let asked = host.uptime();
        let groups: BTreeSet<u32> = left().iter().map(|one| one.group).collect();
        for group in groups.into_iter().filter_map(|group| Pid::from_raw(i32::try_from(group).ok()?)) {
            // One that ended meanwhile needs no signal.
            let _ = rustix::process::kill_process_group(group, signal);
        }
        while !left().is_empty() && host.uptime().saturating_sub(asked) < longest {
            pause(TICK);
        }
    }
    match left().first() {
        None => Ok(()),
        Some(one) => {
            bail!(
                "a program of a run that was cut off cannot be ended: process {}, {}",
                one.pid,
                one_line(&one.name)
            )
        }
    }
}

/// How long the programs of a change may take.
pub(super) fn at_most(change: &Change) -> Duration {
    match &change.action {
        Action::Run(line) => Duration::from_secs(line.limit),
        Action::Apply { .. } => APPLY_LIMIT,
        _ => Duration::from_secs(60),
    }
}

/// The longest that a change allows which the run has begun.
fn limit(runs: &Runs, run: &str) -> Result<Duration> {
    let Some(state) = RunState::of(&runs.history(run)?.records) else { return Ok(Duration::default()) };
    let changes = state.plan.iter().flat_map(|plan| &plan.changes).zip(&state.changes);
    let begun = changes.filter(|(_, told)| told.begun.is_some());
    Ok(begun.map(|(change, _)| at_most(change)).max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::Simulated;

    fn host(processes: &[(u32, &str, u32, u64)]) -> Simulated {
        let host = Simulated::new().file("/proc/sys/kernel/random/boot_id", "this\n");
        processes.iter().fold(host, |host, (pid, state, session, started)| {
            let zeros = "0 ".repeat(14);
            let stat = format!("{pid} (p) {state} 1 {pid} {session} 0 {zeros}{started} 0 0\n");
            host.file(format!("/proc/{pid}/stat"), stat)
        })
    }

    fn seen(processes: &[(u32, &str, u32, u64)], boot: &str) -> Vec<u32> {
        let session = Session { id: 7, started: Duration::from_secs(5), boot: boot.into() };
        session.programs(&host(processes)).iter().map(|one| one.pid).collect()
    }

    #[test]
    fn programs_of_a_runner_that_is_gone_are_known_by_its_session() {
        let all = [(70, "S", 7, 510), (71, "Z", 7, 510), (72, "S", 72, 510), (73, "S", 7, 490)];
        assert_eq!(seen(&all, "this"), [70], "not one that ended, that left, that was there before");
        assert_eq!(seen(&all, "another"), [0; 0]);
        assert_eq!(seen(&[(7, "S", 7, 500), (70, "S", 7, 510)], "this"), [70], "the runner is none of them");
        assert_eq!(seen(&[(7, "S", 7, 505), (70, "S", 7, 510)], "this"), [0; 0], "the number is used again");
    }
}
