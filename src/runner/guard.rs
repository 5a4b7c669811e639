//! Changes that could cut the operator off: they are taken back unless somebody keeps them from a connection opened
//! after the change. A watcher of its own, started before the change, does that when the runner is gone.
//!
//! What is armed is written in the directory of the run (`guard.json`), so that a restart of the host finds it, too.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal};

use super::{
    Event, Holder, Journal, Lock, LockHeld, Platform, RunOutcome, Runs, State,
    armed::Armed,
    assess::order,
    control::{KEEP, REVERT, is_kept},
    journal::{durable, pause},
    orphan::{self, Session},
    proc_stat::boot,
    run::restore,
};
use crate::{
    executor::{Executor, System},
    plan::{Guard, Plan},
    secret::Secrets,
};

/// The hidden subcommand that [`watch`] stands behind.
pub const SUBCOMMAND: &str = "restore-on-silence";
/// How often wishes are looked for.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// A runner that lives so long after the deadline hangs.
const GRACE: Duration = Duration::from_secs(30);
/// A runner that is gone so long before anybody could be asked does not come back, or the host is being shut down.
const GONE: Duration = Duration::from_secs(5);

/// How somebody who confirms is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Through an SSH connection opened at this time since boot.
    Ssh(Duration),
    /// Through one that comes from the host itself.
    FromItself,
    /// At the machine itself.
    Console,
    /// In a terminal that outlives connections (tmux, screen), or from a timer.
    Unknown,
}

/// Sets how long guarded changes wait for their confirmation: other seconds, or not at all (`--confirm none`).
pub fn wait_for(plan: &mut Plan, seconds: Option<u64>) {
    for change in &mut plan.changes {
        let guard = change.guard.take().or(change.waived.take());
        match seconds {
            Some(seconds) => change.guard = guard.map(|guard| Guard { seconds, ..guard }),
            None => change.waived = guard,
        }
    }
}

/// Keeps the guarded change that waits, for somebody who is connected so. Counts only from a login that was opened
/// after the change took effect, for an older one goes on even when nobody can log in any more, and that comes from
/// elsewhere, for the host itself gets in even when nobody else does.
///
/// # Errors
/// When nothing waits, or when this login proves nothing.
pub fn confirm(
    runs: &Runs,
    run: Option<&str>,
    connection: Connection,
    host: &dyn Executor,
) -> Result<String> {
    let waiting = |run: &String| Armed::read(&runs.dir(run)).is_ok_and(|armed| armed.is_some());
    let run = match run {
        Some(run) => Some(runs.find(Some(run))?),
        None => runs.names().into_iter().rev().find(waiting),
    };
    let run = run.context("no change waits for a confirmation")?;
    let armed = Armed::read(&runs.dir(&run))?.context("no change waits for a confirmation")?;
    let since = armed.since.filter(|_| armed.boot == boot(host));
    let since = since.context("the change is still being made; confirm it when it waits")?;
    match connection {
        Connection::Console => {}
        Connection::Ssh(opened) if opened > since => {}
        Connection::Ssh(_) => bail!(
            "this login is older than the change and proves nothing; log in again from where you work and confirm there"
        ),
        Connection::FromItself => bail!(
            "this login comes from the host itself and proves nothing; log in from where you work and confirm there"
        ),
        Connection::Unknown => bail!(
            "this is neither a new login from elsewhere nor the console; log in again from where you work and confirm there"
        ),
    }
    durable(&runs.dir(&run).join(KEEP), armed.change.as_bytes())?;
    Ok(run)
}

/// Takes the guarded change that waits back at once; from any login.
///
/// # Errors
/// When nothing waits, or the wish cannot be left.
pub fn revert(runs: &Runs, run: &str) -> Result<()> {
    ensure!(Armed::read(&runs.dir(run))?.is_some(), "no change of run {run} waits for a confirmation");
    Ok(durable(&runs.dir(run).join(REVERT), b"")?)
}

/// Starts the watcher: a process that needs neither us nor our terminal. Where systemd is process 1 it is a
/// transient service, started again by systemd if somebody kills it; elsewhere it has a session of its own.
pub(super) fn start_watcher(run: &str) -> Result<()> {
    let exe = std::env::current_exe().context("cannot find this program's own file")?;
    if Path::new("/run/systemd/system").exists()
        && service(&exe, run).is_some_and(|mut service| service.status().is_ok_and(|status| status.success()))
    {
        return Ok(());
    }
    let mut command = super::process::clean(&exe);
    command.args([SUBCOMMAND, run]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut watcher = command.spawn().context("the watcher cannot be started")?;
    std::thread::spawn(move || watcher.wait());
    Ok(())
}

fn service(exe: &Path, run: &str) -> Option<Command> {
    let mut command = super::process::clean(&super::process::program("systemd-run")?);
    let unit = format!("--unit=ngcp-warden-restore-{run}");
    command.args(["--quiet", "--property=Restart=on-failure", &unit, "--"]).arg(exe).args([SUBCOMMAND, run]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Some(command)
}

/// The watcher process: takes the guarded change of a run back when its time is over and the runner did not do it.
///
/// # Errors
/// When it cannot be taken back.
pub fn watch(run: &str, platform: &dyn Platform) -> Result<()> {
    let root = Path::new("/");
    let _ = rustix::process::setsid();
    super::process::ignore_hang_up()?;
    let runs = Runs::open(root)?;
    let host = System::live()?;
    let mut seen = host.uptime();
    while let Some(armed) = Armed::read(&runs.dir(run))? {
        let state = runs.state(run)?;
        if state == State::Live || at_work(&runs.dir(run)) {
            seen = host.uptime();
        }
        let gone = armed.since.is_none() && host.uptime().saturating_sub(seen) > GONE;
        let late = host.uptime().saturating_sub(armed.deadline);
        match state {
            State::Finished => Armed::disarm(&runs.dir(run)),
            State::CutOff if is_kept(&runs.dir(run), &armed.change) => {
                match keep_run(root, run, armed.change) {
                    Err(error) if error.is::<LockHeld>() => {}
                    ended => return ended,
                }
            }
            State::CutOff if gone || late > Duration::ZERO => match restore_run(root, run, platform) {
                // Somebody settles it at this moment.
                Err(error) if error.is::<LockHeld>() => {}
                ended => return ended.map(drop),
            },
            State::Live if late > GRACE => end_runner(root, run)?,
            _ => {}
        }
        pause(TICK);
    }
    Ok(())
}

/// Whether a program of a runner that is gone goes on.
fn at_work(dir: &Path) -> bool {
    orphan::programs(dir).is_ok_and(|programs| !programs.is_empty())
}

/// Takes back what a restart of the host left armed, and what nobody took back in time. For every start of the
/// program and for the unit that runs at boot.
///
/// # Errors
/// When nothing can be looked at; what could not be taken back says so beside the name of its run.
pub fn restore_overdue(platform: &dyn Platform) -> Result<Vec<(String, Result<()>)>> {
    let root = Path::new("/");
    let runs = Runs::look(root)?;
    let host = System::live()?;
    let overdue = |run: &str| {
        let Some(armed) = Armed::read(&runs.dir(run))? else { return Ok(false) };
        let overdue = armed.boot != boot(&host) || host.uptime() > armed.deadline + GRACE;
        let open = overdue && runs.state(run)? == State::CutOff;
        Ok::<_, io::Error>(open && !is_kept(&runs.dir(run), &armed.change))
    };
    // One that cannot be taken back holds up no other.
    let settled = |run: String| match overdue(&run) {
        Ok(false) => None,
        Ok(true) => Some((restore_run(root, &run, platform).map(drop), run)),
        Err(error) => Some((Err(error.into()), run)),
    };
    Ok(runs.names().into_iter().filter_map(settled).map(|(back, run)| (run, back)).collect())
}

/// Notes in the record of a run whose runner is gone that its guarded change was confirmed.
fn keep_run(root: &Path, run: &str, change: String) -> Result<()> {
    let host = System::live()?;
    let _lock = lock(root, run, &host, "noting what was confirmed in")?;
    let runs = Runs::open(root)?;
    let (mut journal, _) = runs.reopen(run)?;
    journal.record(host.now(), Event::Kept { change })?;
    Armed::disarm(&runs.dir(run));
    Ok(())
}

fn restore_run(root: &Path, run: &str, platform: &dyn Platform) -> Result<RunOutcome> {
    let host = System::live()?;
    let _lock = lock(root, run, &host, "taking back what nobody confirmed in")?;
    let runs = Runs::open(root)?;
    let armed = Armed::read(&runs.dir(run))?.context("it was taken back already")?;
    let (mut journal, past) = runs.reopen(run)?;
    // Its time is over. One that cannot be ended must not keep the operator cut off.
    let _ = orphan::end_all(&runs.dir(run)).and_then(|()| Session::note(&runs.dir(run)));
    let order = order(&past).context("its record is empty")?;
    let secrets = Secrets::default();
    let asked = (armed.change.as_str(), armed.since.is_some());
    restore(&order, &past.records, asked, &secrets, &host, platform, &mut journal)
}

fn lock(root: &Path, run: &str, host: &dyn Executor, what: &str) -> Result<Lock> {
    let what = format!("{what} run {run}");
    let holder = Holder { pid: std::process::id(), since: host.now(), what, run: Some(run.to_owned()) };
    Lock::take(root, &holder)
}

/// Ends a runner that hangs; the lock says which process it is.
fn end_runner(root: &Path, run: &str) -> Result<()> {
    let probe = Holder { pid: 0, since: jiff::Timestamp::UNIX_EPOCH, what: String::new(), run: None };
    let held = match Lock::take(root, &probe) {
        Ok(_) => return Ok(()),
        Err(error) => error.downcast::<LockHeld>()?,
    };
    let holder = held.holder.filter(|holder| holder.run.as_deref() == Some(run));
    let pid = holder.and_then(|holder| Pid::from_raw(i32::try_from(holder.pid).ok()?));
    let pid = pid.context("the runner cannot be found")?;
    ensure!(pid != rustix::process::getpid(), "the runner is this process");
    Ok(rustix::process::kill_process(pid, Signal::KILL)?)
}
