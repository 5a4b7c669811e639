//! The wizard line by line on whatever standard input and output are: a dumb terminal, a screen reader, a pipe.
//! Signals end the input, so that answers are kept as at its end.

use std::{
    io::{self, BufRead, BufReader, Read},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};
use zeroize::Zeroizing;

use super::{Backend, lanes::Lanes};
use crate::{
    plain,
    secret::Secret,
    wizard::{Effect, Message, Model},
};

/// How soon a signal is noticed while an effect is waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Longest line that is read without echo, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Runs the wizard line by line; the exit code.
pub(super) fn run(mut model: Model, backend: Arc<dyn Backend>) -> io::Result<u8> {
    let (signalled, sender) = UnixStream::pair()?;
    sender.set_nonblocking(true)?;
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        pipe::register(signal, sender.try_clone()?)?;
    }
    let signalled = Arc::new(signalled);
    let (messages, queue) = mpsc::channel();
    let mut outside =
        Outside { lanes: Lanes::new(backend, messages), queue, signalled: Arc::clone(&signalled) };
    let mut input = BufReader::new(Input { signalled });
    let code = plain::run(&mut model, &mut input, &mut io::stdout().lock(), &mut outside);
    outside.lanes.finish();
    code
}

/// Whether a signal came. It stays so: the first one ends the session.
fn came(signalled: &UnixStream) -> bool {
    let mut fds = [PollFd::new(signalled, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Standard input that ends when a signal comes.
struct Input {
    signalled: Arc<UnixStream>,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let stdin = rustix::stdio::stdin();
            let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.signalled, PollFlags::IN)];
            match poll(&mut fds, None) {
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) if !fds[1].revents().is_empty() => return Ok(0),
                Ok(_) => {}
            }
            match rustix::io::read(stdin, &mut *buffer) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                // What a terminal says that went away.
                Err(Errno::IO) => return Ok(0),
                result => return Ok(result?),
            }
        }
    }
}

struct Outside {
    lanes: Lanes,
    queue: Receiver<Message>,
    signalled: Arc<UnixStream>,
}

impl plain::Outside for Outside {
    fn carry_out(&mut self, effect: Effect) {
        self.lanes.carry_out(effect);
    }

    fn message(&mut self, wait: bool) -> Option<Message> {
        if !wait {
            return self.queue.try_recv().ok();
        }
        loop {
            match self.queue.recv_timeout(PATIENCE) {
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Timeout) if came(&self.signalled) => return Some(Message::Hangup),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn secret(
        &mut self,
        ask: &mut dyn FnMut() -> io::Result<()>,
        input: &mut dyn BufRead,
    ) -> io::Result<Option<Secret>> {
        let _silence = Silence::begin();
        ask()?;
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
        let read = input.take(LONGEST).read_until(b'\n', &mut line)?;
        let typed = line.strip_suffix(b"\n").unwrap_or(&line);
        let typed = typed.strip_suffix(b"\r").unwrap_or(typed);
        Ok((read > 0).then(|| Secret::new(typed)))
    }
}

/// As long as it lives the terminal echoes nothing; no terminal, no echo.
struct Silence(Option<Termios>);

impl Silence {
    fn begin() -> Self {
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(before) = &before {
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &silent);
        }
        Silence(before)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, before);
        }
    }
}
