//! Runs a program, or several joined to each other: clean environment, own process groups, a limit on their time and
//! on what is kept of their output.
//! A background process that keeps our pipes open does not keep us waiting.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::PathBuf,
    process::ExitStatus,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use duct::Handle;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    fs::{Mode, OFlags},
    io::Errno,
    pipe::PipeFlags,
    process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions},
};

use crate::{
    executor::{ENVIRONMENT, Exit, OUTPUT_LIMIT, Sink, Status, Stream},
    secret::Secret,
};

/// How often the sink is asked and a silent process looked at.
const TICK: Duration = Duration::from_millis(100);
/// What a program gets between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);

/// What to run: all paths absolute, nothing looked up any more.
pub(super) struct Invocation<'a> {
    /// What people call it.
    pub(super) name: &'a str,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: &'a [(String, String)],
}

/// One program, or several of which each reads what the one before it prints.
pub(super) struct Chain<'a> {
    pub(super) stages: &'a [Invocation<'a>],
    pub(super) input: Input<'a>,
    /// Where the output of the last one goes, and how large that file may become; to us when `None`.
    pub(super) output: Option<(File, u64)>,
    pub(super) limit: Duration,
}

/// What the first program reads.
pub(super) enum Input<'a> {
    Nothing,
    Secret(&'a Secret),
    File(File),
}

/// Runs them to their ends, at most for the time they have. When one fails, the others have a moment to end as well.
pub(super) fn run(chain: Chain<'_>, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
    let started = Instant::now();
    let limit = chain.limit;
    let mut running = Running { started, programs: Vec::new(), input: None, sink };
    if let Err(error) = running.begin(chain).and_then(|()| running.until_end(limit)) {
        running.kill(Status::Cancelled)?;
        return Err(error);
    }
    let exit = |program: Program| {
        let Program { ended, out, err, .. } = program;
        let (status, took) = ended.unwrap_or((Status::Cancelled, started.elapsed()));
        Exit { status, stdout: out.kept, stderr: err.kept, took }
    };
    Ok(running.programs.into_iter().map(exit).collect())
}

/// Starts it with the usual `umask`, not our own strict one: what a package or `ngcpcfg` writes for a service must
/// be readable for that service.
fn start(expression: &duct::Expression) -> io::Result<Handle> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = rustix::process::umask(Mode::WGRP | Mode::WOTH);
    let started = expression.start();
    rustix::process::umask(ours);
    started
}

fn nonblocking(pipe: &OwnedFd) -> io::Result<()> {
    Ok(rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK)?)
}

struct Running<'a> {
    started: Instant,
    programs: Vec<Program>,
    /// What is still to be written to the first one's standard input.
    input: Option<(File, &'a [u8])>,
    sink: &'a mut dyn Sink,
}

struct Program {
    handle: Handle,
    /// How it ended, and after which time.
    ended: Option<(Status, Duration)>,
    out: Output,
    err: Output,
}

impl Program {
    fn start(invocation: &Invocation<'_>, stdin: Option<OwnedFd>, stdout: Stdout) -> io::Result<Self> {
        let (err, err_end) = pipe()?;
        let (out, out_end) = match stdout {
            Stdout::Ours => pipe().map(|(out, out_end)| (Some(out), out_end))?,
            Stdout::Elsewhere(end) => (None, end),
        };
        let base = ENVIRONMENT.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expression = duct::cmd(&invocation.program, &invocation.args)
            .full_env(base.into_iter().chain(invocation.env.iter().cloned()))
            .dir("/")
            .stdout_file(out_end)
            .stderr_file(err_end)
            .unchecked()
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            });
        let expression = match stdin {
            None => expression.stdin_null(),
            Some(stdin) => expression.stdin_file(stdin),
        };
        // Our copies of the program's ends of the pipes go with the expression: with them open we would never see
        // an end of file.
        let handle = start(&expression)?;
        nonblocking(&err)?;
        out.as_ref().map(nonblocking).transpose()?;
        Ok(Program {
            handle,
            ended: None,
            out: Output { stream: Stream::Out, pipe: out.map(File::from), kept: Vec::new() },
            err: Output { stream: Stream::Err, pipe: Some(err.into()), kept: Vec::new() },
        })
    }

    fn pid(&self) -> Option<Pid> {
        self.handle.pids().first().and_then(|pid| i32::try_from(*pid).ok()).and_then(Pid::from_raw)
    }

    /// What it wrote before it ended is in the pipes; a process it left behind may write on for ever, so no more than
    /// a pipe can hold is taken.
    fn drain(&mut self, sink: &mut dyn Sink) {
        const FULLEST: usize = 1024 * 1024 / 4096;
        for output in [&mut self.out, &mut self.err] {
            for _ in 0..FULLEST {
                if !output.take(sink) {
                    break;
                }
            }
            output.pipe = None;
        }
    }
}

/// Where the output of a program goes.
enum Stdout {
    Ours,
    Elsewhere(OwnedFd),
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?)
}

struct Output {
    stream: Stream,
    /// `None` after end of file.
    pipe: Option<File>,
    kept: Vec<u8>,
}

impl Output {
    /// Takes what is there now, at most a chunk; whether there may be more at once.
    fn take(&mut self, sink: &mut dyn Sink) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut chunk = [0u8; 64 * 1024];
        match pipe.read(&mut chunk) {
            Ok(0) => self.pipe = None,
            Ok(len) => {
                let room = OUTPUT_LIMIT - self.kept.len();
                self.kept.extend_from_slice(&chunk[..len.min(room)]);
                sink.output(self.stream, &chunk[..len]);
                return true;
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.pipe = None,
        }
        false
    }
}

impl<'a> Running<'a> {
    fn begin(&mut self, chain: Chain<'a>) -> io::Result<()> {
        let mut stdin = match chain.input {
            Input::Nothing => None,
            Input::File(file) => Some(file.into()),
            Input::Secret(secret) => {
                let (theirs, ours) = pipe()?;
                nonblocking(&ours)?;
                self.input = Some((File::from(ours), secret.expose()));
                Some(theirs)
            }
        };
        let mut output = chain.output;
        for (left, invocation) in (0..chain.stages.len()).rev().zip(chain.stages) {
            let mut most = None;
            let (stdout, next) = if left > 0 {
                let (next, end) = pipe()?;
                (Stdout::Elsewhere(end), Some(next))
            } else if let Some((file, size)) = output.take() {
                most = Some(size);
                (Stdout::Elsewhere(file.into()), None)
            } else {
                (Stdout::Ours, None)
            };
            let program = Program::start(invocation, stdin.take(), stdout)
                .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", invocation.name)))?;
            let pid = program.pid();
            self.programs.push(program);
            if let (Some(_), Some(pid)) = (most, pid) {
                // From now on the kernel stops it there. One that has ended already needs no limit any more.
                let limit = Rlimit { current: most, maximum: most };
                match rustix::process::prlimit(Some(pid), Resource::Fsize, limit) {
                    Ok(_) | Err(Errno::SRCH) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            stdin = next;
        }
        Ok(())
    }

    fn until_end(&mut self, limit: Duration) -> io::Result<()> {
        let mut ask_at = self.started;
        let mut failed_at = None;
        while !self.ended()? {
            let elapsed = self.started.elapsed();
            if elapsed >= limit {
                return self.kill(Status::TimedOut);
            }
            let failed = |program: &Program| program.ended.is_some_and(|(how, _)| how != Status::Code(0));
            if self.programs.iter().any(failed) && *failed_at.get_or_insert(elapsed) + GRACE <= elapsed {
                return self.kill(Status::Cancelled);
            }
            if Instant::now() >= ask_at {
                ask_at = Instant::now() + TICK;
                if self.sink.cancelled() {
                    return self.kill(Status::Cancelled);
                }
            }
            self.exchange(TICK.min(limit.saturating_sub(elapsed)))?;
        }
        Ok(())
    }

    /// Takes note of those that have ended; whether that is every one.
    fn ended(&mut self) -> io::Result<bool> {
        for program in self.programs.iter_mut().filter(|program| program.ended.is_none()) {
            if let Some(output) = program.handle.try_wait()? {
                program.ended = Some((status(output.status), self.started.elapsed()));
                program.drain(self.sink);
            }
        }
        Ok(self.programs.iter().all(|program| program.ended.is_some()))
    }

    /// Waits for something to read or write, and does it.
    fn exchange(&mut self, longest: Duration) -> io::Result<()> {
        let alive = || self.programs.iter().filter(|program| program.ended.is_none());
        let open = |program: &'_ Program| program.out.pipe.is_some() || program.err.pipe.is_some();
        // Nothing left to read of one: it ends any moment, and nothing else would tell us.
        let longest = if alive().all(open) { longest } else { longest.min(TICK / 50) };
        let outputs = alive().flat_map(|program| [&program.out, &program.err]);
        let outputs = outputs.filter_map(|output| output.pipe.as_ref());
        let mut pipes: Vec<_> = outputs.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        if let Some((pipe, _)) = &self.input {
            pipes.push(PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT));
        }
        let longest = Timespec::try_from(longest).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
        match rustix::event::poll(&mut pipes, Some(&longest)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        for program in &mut self.programs {
            program.out.take(self.sink);
            program.err.take(self.sink);
        }
        if let Some((pipe, rest)) = &mut self.input {
            match pipe.write(rest) {
                Ok(len) if len < rest.len() => *rest = &rest[len..],
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                // All written, or it does not want to read any more.
                _ => self.input = None,
            }
        }
        Ok(())
    }

    /// Ends the whole groups of those that still run: first asks, then kills. The programs themselves are not waited
    /// for until their groups are killed, so that no number can become somebody else's.
    fn kill(&mut self, status: Status) -> io::Result<()> {
        let alive = self.programs.iter().filter(|program| program.ended.is_none());
        let groups: Vec<Pid> = alive.filter_map(Program::pid).collect();
        for group in &groups {
            let _ = rustix::process::kill_process_group(*group, Signal::TERM);
        }
        let asked = Instant::now();
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let lives = |group: &Pid| matches!(rustix::process::waitid(WaitId::Pid(*group), gone), Ok(None));
        while asked.elapsed() < GRACE && groups.iter().any(lives) {
            self.exchange(TICK / 2)?;
        }
        for group in &groups {
            let _ = rustix::process::kill_process_group(*group, Signal::KILL);
        }
        let killed = Instant::now();
        let before: Vec<bool> = self.programs.iter().map(|program| program.ended.is_some()).collect();
        // One that hangs in the kernel (a dead network disk) is left behind.
        while !self.ended()? && killed.elapsed() < GRACE {
            self.exchange(TICK / 10)?;
        }
        for (program, _) in self.programs.iter_mut().zip(before).filter(|(_, before)| !before) {
            program.ended = Some((status, self.started.elapsed()));
            program.drain(self.sink);
        }
        Ok(())
    }
}

fn status(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Code(code),
        (None, signal) => Status::Signal(signal.unwrap_or_default()),
    }
}
