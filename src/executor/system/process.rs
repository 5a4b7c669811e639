//! Runs one program: clean environment, own process group, a limit on its time and on what is kept of its output.
//! A background process that keeps our pipes open does not keep us waiting.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
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
    process::{Pid, Signal, WaitId, WaitIdOptions},
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
    pub(super) program: &'a Path,
    pub(super) args: Vec<OsString>,
    pub(super) env: &'a [(String, String)],
    pub(super) stdin: Option<&'a Secret>,
    pub(super) limit: Duration,
}

pub(super) fn run(invocation: &Invocation<'_>, sink: &mut dyn Sink) -> io::Result<Exit> {
    let (out, out_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let (err, err_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let mut input = None;
    let base = ENVIRONMENT.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut expression = duct::cmd(invocation.program, &invocation.args)
        .full_env(base.into_iter().chain(invocation.env.iter().cloned()))
        .dir("/")
        .stdout_file(out_end)
        .stderr_file(err_end)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
    expression = match invocation.stdin {
        None => expression.stdin_null(),
        Some(secret) => {
            let (theirs, ours) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
            nonblocking(&ours)?;
            input = Some((File::from(ours), secret.expose()));
            expression.stdin_file(theirs)
        }
    };
    let started = Instant::now();
    let handle = start(&expression)?;
    // Our copies of the program's ends of the pipes: with them open we would never see an end of file.
    drop(expression);
    nonblocking(&out)?;
    nonblocking(&err)?;
    let mut running = Running {
        handle,
        input,
        out: Output { stream: Stream::Out, pipe: Some(out.into()), kept: Vec::new() },
        err: Output { stream: Stream::Err, pipe: Some(err.into()), kept: Vec::new() },
        sink,
    };
    let status = running.until_end(started, invocation.limit)?;
    Ok(Exit { status, stdout: running.out.kept, stderr: running.err.kept, took: started.elapsed() })
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
    handle: Handle,
    /// What is still to be written to its standard input.
    input: Option<(File, &'a [u8])>,
    out: Output,
    err: Output,
    sink: &'a mut dyn Sink,
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

impl Running<'_> {
    fn until_end(&mut self, started: Instant, limit: Duration) -> io::Result<Status> {
        let mut ask_at = started;
        loop {
            if let Some(status) = self.ended()? {
                self.drain();
                return Ok(status);
            }
            if started.elapsed() >= limit {
                return self.kill(Status::TimedOut);
            }
            if Instant::now() >= ask_at {
                ask_at = Instant::now() + TICK;
                if self.sink.cancelled() {
                    return self.kill(Status::Cancelled);
                }
            }
            self.exchange(TICK.min(limit.saturating_sub(started.elapsed())))?;
        }
    }

    fn ended(&self) -> io::Result<Option<Status>> {
        Ok(self.handle.try_wait()?.map(|output| status(output.status)))
    }

    /// Waits for something to read or write, and does it.
    fn exchange(&mut self, longest: Duration) -> io::Result<()> {
        let open = [&self.out, &self.err].into_iter().filter_map(|output| output.pipe.as_ref());
        let mut pipes: Vec<_> = open.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        // Nothing left to read: it ends any moment, and nothing else would tell us.
        let longest = if pipes.is_empty() { longest.min(TICK / 50) } else { longest };
        if let Some((pipe, _)) = &self.input {
            pipes.push(PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT));
        }
        let longest = Timespec::try_from(longest).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
        match rustix::event::poll(&mut pipes, Some(&longest)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        self.out.take(self.sink);
        self.err.take(self.sink);
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

    /// What the program wrote before it ended is in the pipes; a process it left behind may write on for ever, so
    /// no more than a pipe can hold is taken.
    fn drain(&mut self) {
        const FULLEST: usize = 1024 * 1024 / 4096;
        for output in [&mut self.out, &mut self.err] {
            for _ in 0..FULLEST {
                if !output.take(self.sink) {
                    break;
                }
            }
        }
    }

    /// Ends the whole group: first asks, then kills. The program itself is not waited for until the group is
    /// killed, so that its number cannot become somebody else's.
    fn kill(&mut self, status: Status) -> io::Result<Status> {
        let pid = self.handle.pids().first().and_then(|pid| i32::try_from(*pid).ok()).and_then(Pid::from_raw);
        let Some(pid) = pid else { return Ok(status) };
        let _ = rustix::process::kill_process_group(pid, Signal::TERM);
        let asked = Instant::now();
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while asked.elapsed() < GRACE {
            if !matches!(rustix::process::waitid(WaitId::Pid(pid), gone), Ok(None)) {
                break;
            }
            self.exchange(TICK / 2)?;
        }
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        let killed = Instant::now();
        // One that hangs in the kernel (a dead network disk) is left behind.
        while self.ended()?.is_none() && killed.elapsed() < GRACE {
            self.exchange(TICK / 10)?;
        }
        self.drain();
        Ok(status)
    }
}

fn status(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Code(code),
        (None, signal) => Status::Signal(signal.unwrap_or_default()),
    }
}
