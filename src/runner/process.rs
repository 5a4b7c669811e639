//! The runner as a process of its own: the same binary in its own session. The order and its secrets come over a
//! pipe; the answer (the name of the run, or why there is none) goes back over another; after that it needs nobody.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Holder, Journal, Lock, LockHeld, Order, Platform, RunOutcome, Runs, State, armed::Armed,
    orphan::Session, resume, run, settle, taken_back_by,
};
use crate::{
    executor::{ENVIRONMENT, Executor, SEARCH_PATH, System},
    secret::{Secret, Secrets},
};

/// The hidden subcommand that [`serve`] stands behind.
pub const SUBCOMMAND: &str = "run-plan";
/// More secrets or longer ones are refused: sixteen megabytes hold the largest file that is ever put back.
const SECRETS_LIMIT: usize = 256 * 1024 * 1024;

/// What a runner process is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The host: `/`, or the tree that stands for one.
    pub root: PathBuf,
    /// What to run. Its name is given by the runner; for a run that is continued it is that run's.
    pub order: Order,
    /// Whether the run named in the order was cut off and goes on.
    pub resume: bool,
}

#[derive(Serialize, Deserialize)]
struct Letter {
    task: Task,
    /// Names and lengths of the secrets, whose bytes follow.
    secrets: Vec<(String, usize)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Run(String),
    Held(Option<Holder>),
    Failed(String),
}

/// Starts a runner process and returns the name of its run, which goes on whatever happens to this process.
///
/// Where systemd is process 1 the runner gets a scope of its own, for logind may kill everything in the scope of a
/// login when it ends (`KillUserProcesses=`); elsewhere its own session is enough.
///
/// # Errors
/// [`LockHeld`] when another run lives; otherwise why nothing was started.
pub fn launch(task: &Task, secrets: &Secrets) -> Result<String> {
    let exe = std::env::current_exe().context("cannot find this program's own file")?;
    launch_with(&exe, task, secrets)
}

/// [`launch`] with another binary: for tests, whose own file is not the program.
///
/// # Errors
/// As [`launch`].
pub fn launch_with(exe: &Path, task: &Task, secrets: &Secrets) -> Result<String> {
    let scoped = Path::new("/run/systemd/system").exists().then(|| scope(exe));
    for mut command in scoped.into_iter().flatten().chain([clean(exe)]) {
        if let Some(reply) = ask(command.arg(SUBCOMMAND), task, secrets)? {
            return match reply {
                Reply::Run(run) => Ok(run),
                Reply::Held(holder) => Err(LockHeld { holder }.into()),
                Reply::Failed(why) => bail!("{why}"),
            };
        }
    }
    bail!("the runner did not start")
}

/// A program of this machine, by the fixed search path.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    SEARCH_PATH.split(':').map(|dir| Path::new(dir).join(name)).find(|path| path.exists())
}

/// A command that inherits nothing from us.
pub(super) fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(ENVIRONMENT).current_dir("/").stderr(Stdio::null());
    command
}

fn scope(exe: &Path) -> Option<Command> {
    let mut command = clean(&program("systemd-run")?);
    command.args(["--scope", "--quiet", "--slice=system.slice", "--"]).arg(exe);
    Some(command)
}

/// `None` when the process ended without a word: it never began.
fn ask(command: &mut Command, task: &Task, secrets: &Secrets) -> Result<Option<Reply>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    // A pipe that breaks means the process is gone; what it said before that counts.
    let _ = input.map(|input| send(input, task, secrets));
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output.take(64 * 1024)).read_line(&mut line)?;
    }
    // Whoever started it may live long: nobody is left unburied.
    std::thread::spawn(move || child.wait());
    Ok(serde_json::from_str(&line).ok())
}

fn send(mut input: ChildStdin, task: &Task, secrets: &Secrets) -> Result<()> {
    let lengths = secrets.iter().map(|(name, secret)| (name.to_owned(), secret.expose().len())).collect();
    let mut letter = serde_json::to_vec(&Letter { task: task.clone(), secrets: lengths })?;
    letter.push(b'\n');
    input.write_all(&letter)?;
    for (_, secret) in secrets.iter() {
        input.write_all(secret.expose())?;
    }
    Ok(())
}

fn receive(input: impl Read) -> Result<(Task, Secrets)> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    (&mut input).take(64 * 1024 * 1024).read_until(b'\n', &mut line)?;
    let letter: Letter = serde_json::from_slice(&line).context("the order cannot be read")?;
    let total = letter.secrets.iter().fold(0_usize, |sum, (_, length)| sum.saturating_add(*length));
    anyhow::ensure!(total <= SECRETS_LIMIT, "the order is too large");
    let mut secrets = Secrets::default();
    for (name, length) in letter.secrets {
        let mut bytes = vec![0; length];
        input.read_exact(&mut bytes)?;
        secrets.insert(&name, Secret::new(bytes));
    }
    Ok((letter.task, secrets))
}

/// The runner process: reads its task from standard input, answers on standard output, runs to the end. Returns how
/// the run ended; `None` when there was none.
///
/// # Errors
/// When the journal could not be written to the end.
pub fn serve(platform: &dyn Platform) -> Result<Option<RunOutcome>> {
    // A session of its own: no terminal can hang it up. It fails only for one who has that already.
    let _ = rustix::process::setsid();
    let control = Control::default();
    obey(&control)?;
    match receive(std::io::stdin().lock()).and_then(|(task, secrets)| begin(task, secrets)) {
        Ok(begun) => {
            answer(&Reply::Run(begun.order.run.clone()));
            leave_the_terminal()?;
            begun.run(platform, &control).map(Some)
        }
        Err(error) => {
            answer(&match error.downcast::<LockHeld>() {
                Ok(held) => Reply::Held(held.holder),
                Err(error) => Reply::Failed(format!("{error:#}")),
            });
            Ok(None)
        }
    }
}

/// A run that holds the lock and has a journal.
struct Begun {
    /// Given back before the journal: whoever sees the end of the run finds the lock free.
    _lock: Lock,
    host: System,
    order: Order,
    secrets: Secrets,
    journal: super::FileJournal,
    past: Option<super::History>,
}

/// The same in this process: for whoever stays until the end, and for tests.
///
/// # Errors
/// [`LockHeld`] when another run lives; otherwise why nothing was run or why the journal could not be written.
pub fn run_here(
    task: Task,
    secrets: Secrets,
    platform: &dyn Platform,
    control: &Control,
) -> Result<RunOutcome> {
    begin(task, secrets)?.run(platform, control)
}

fn begin(task: Task, secrets: Secrets) -> Result<Begun> {
    let Task { root, mut order, resume } = task;
    let host = System::below(&root).with_context(|| root.display().to_string())?;
    let root = host.root().to_owned();
    let mut holder = Holder {
        pid: std::process::id(),
        since: host.now(),
        what: match &order.undoes {
            Some(undone) => format!("taking run {undone} back"),
            None => format!("{} changes", order.plan.changes.len()),
        },
        run: None,
    };
    let mut lock = Lock::take(&root, &holder)?;
    let runs = Runs::open(&root)?;
    let (journal, past) = if resume {
        settle(&runs, &order.run)?;
        let (journal, past) = runs.reopen(&order.run)?;
        (journal, Some(past))
    } else {
        if let Some(undone) = &order.undoes
            && let Some(by) = taken_back_by(&runs.reports(), undone)
        {
            bail!("that run was taken back already, by run {by}");
        }
        if let Some(cut_off) = runs.newest(State::CutOff) {
            if order.undoes.as_deref() != Some(&cut_off) {
                bail!(
                    "run {cut_off} was cut off before its end; continue it, take it back or leave it first"
                );
            }
            settle(&runs, &cut_off)?;
            close(&runs, &cut_off, &host)?;
        }
        let (run, journal) = runs.create(host.now())?;
        order.run = run;
        (journal, None)
    };
    Session::note(&runs.dir(&order.run))?;
    holder.run = Some(order.run.clone());
    lock.tell(&holder)?;
    Ok(Begun { host, order, secrets, journal, past, _lock: lock })
}

/// Leaves a run that was cut off as it is: its record is closed, what it did stays.
///
/// # Errors
/// [`LockHeld`] when a run lives, [`super::AtWork`] when a program of it does; otherwise why the record cannot be written.
pub fn leave(root: &Path, run: &str, host: &dyn Executor) -> Result<()> {
    let what = format!("leaving run {run} as it is");
    let holder = Holder { pid: std::process::id(), since: host.now(), what, run: None };
    let _lock = Lock::take(root, &holder)?;
    let runs = Runs::open(root)?;
    settle(&runs, run)?;
    close(&runs, run, host)
}

/// Ends the record of a run that was cut off.
fn close(runs: &Runs, run: &str, host: &dyn Executor) -> Result<()> {
    let (mut journal, _) = runs.reopen(run)?;
    let finished = Event::Finished { outcome: RunOutcome::Stopped, findings: Vec::new(), report: None };
    journal.record(host.now(), finished)?;
    Session::forget(&runs.dir(run));
    Armed::disarm(&runs.dir(run));
    Ok(())
}

impl Begun {
    fn run(mut self, platform: &dyn Platform, control: &Control) -> Result<RunOutcome> {
        let control = &control.clone().listening(self.journal.dir());
        let host = &self.host;
        match &self.past {
            None => run(&self.order, &self.secrets, host, platform, &mut self.journal, control),
            Some(past) => {
                resume(&self.order, &past.records, &self.secrets, host, platform, &mut self.journal, control)
            }
        }
    }
}

/// TERM ends the run after the change it is in; HUP and INT mean nothing to it.
fn obey(control: &Control) -> Result<()> {
    ignore_hang_up()?;
    signal_hook::flag::register(signal_hook::consts::SIGTERM, control.flag())?;
    Ok(())
}

pub(super) fn ignore_hang_up() -> Result<()> {
    let ignored = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGHUP, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&ignored))?;
    }
    Ok(())
}

fn answer(reply: &Reply) {
    if let Ok(line) = serde_json::to_string(reply) {
        // Nobody there to read it: the run goes on all the same.
        let _ = writeln!(std::io::stdout(), "{line}").and_then(|()| std::io::stdout().flush());
    }
}

fn leave_the_terminal() -> Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null").context("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_and_its_secrets_come_out_of_the_pipe_as_they_went_in() {
        let task =
            Task { root: "/x".into(), order: Order { run: "r".into(), ..Order::default() }, resume: true };
        let mut secrets = Secrets::default();
        secrets.insert("a", Secret::new(b"with\nline\0\xff".to_vec()));
        secrets.insert("b", Secret::default());
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        send(child.stdin.take().unwrap(), &task, &secrets).unwrap();
        let received = receive(child.stdout.take().unwrap()).unwrap();
        child.wait().unwrap();
        assert_eq!(received, (task, secrets));
    }

    #[test]
    fn a_letter_that_promises_more_than_fits_is_refused() {
        let letter =
            br#"{"task":{"root":"/","order":{"run":"","plan":{"changes":[],"apply":[],"reminders":[],
            "generated":[],"foreign":null},"operator":"","findings":[],"undoes":null},"resume":false},
            "secrets":[["a",9999999999999]]}"#;
        let letter: Vec<u8> = letter.iter().copied().filter(|byte| *byte != b'\n').chain([b'\n']).collect();
        let refused = receive(letter.as_slice()).unwrap_err();
        assert!(refused.to_string().contains("too large"), "{refused:#}");
    }
}
