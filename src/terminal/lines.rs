//! The wizard line by line on whatever standard input and output are: a dumb terminal, a screen reader, a pipe.
//! Signals end the input, so that answers are kept as at its end.

use std::{
    io::{self, BufRead, BufReader, IsTerminal, Read},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};
use zeroize::Zeroizing;

use super::{Backend, app::beginning, workers::Workers};
use crate::{
    executor::World,
    line_mode,
    secret::Secret,
    steps::form::PASTED_LIMIT,
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
    let mut outside = Outside {
        workers: Workers::new(backend, messages),
        queue,
        signalled: Arc::clone(&signalled),
        world: model.world,
        began: None,
    };
    let mut input = Lines(BufReader::new(Input { signalled }));
    let code = line_mode::run(&mut model, &mut input, &mut io::stdout().lock(), &mut outside);
    outside.workers.finish();
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

/// The same, line by line.
struct Lines(BufReader<Input>);

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl line_mode::Input for Lines {
    fn is_waiting(&mut self) -> bool {
        let stdin = rustix::stdio::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        !self.0.buffer().is_empty() || poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    fn is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn forget(&mut self) {
        if self.is_terminal() {
            let read = self.0.buffer().len();
            self.0.consume(read);
            let _ = tcflush(rustix::stdio::stdin(), QueueSelector::IFlush);
        }
    }
}

struct Outside {
    workers: Workers,
    queue: Receiver<Message>,
    signalled: Arc<UnixStream>,
    world: World,
    /// When the run that is followed began.
    began: Option<Instant>,
}

impl Outside {
    /// A run that is followed has a clock from its first message to its last.
    fn clocked(&mut self, message: Message) -> Message {
        self.began = match message {
            Message::RunEnded => None,
            _ => beginning(&message, self.world).or(self.began),
        };
        message
    }
}

impl line_mode::Outside for Outside {
    fn carry_out(&mut self, effect: Effect) {
        self.workers.carry_out(effect);
    }

    fn message(&mut self, wait: bool) -> Option<Message> {
        if !wait {
            let message = self.queue.try_recv().ok()?;
            return Some(self.clocked(message));
        }
        loop {
            match self.queue.recv_timeout(PATIENCE) {
                Ok(message) => return Some(self.clocked(message)),
                Err(RecvTimeoutError::Timeout) if came(&self.signalled) => return Some(Message::Hangup),
                Err(RecvTimeoutError::Timeout) => {
                    let since = |began: Instant| u64::try_from(began.elapsed().as_millis());
                    if let Some(elapsed) = self.began.and_then(|began| since(began).ok()) {
                        return Some(Message::Beat { elapsed });
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn secret(
        &mut self,
        ask: &mut dyn FnMut() -> io::Result<()>,
        input: &mut dyn BufRead,
        lines: bool,
    ) -> io::Result<Option<Secret>> {
        let _silence = Silence::begin();
        ask()?;
        if lines { text(input) } else { Ok(line(input)?.map(|line| Secret::new(line.as_slice()))) }
    }
}

/// One line without its end; `None` at the end of the input.
fn line(input: &mut dyn BufRead) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
    let read = input.take(LONGEST).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok((read > 0).then_some(line))
}

/// Lines up to the last one. Of a text that is longer than any may be so much is kept that it is refused.
fn text(input: &mut dyn BufRead) -> io::Result<Option<Secret>> {
    let mut text = Zeroizing::new(Vec::with_capacity(PASTED_LIMIT + 1));
    while let Some(line) = line(input)? {
        if line.as_slice() == line_mode::LAST_LINE {
            return Ok(Some(Secret::new(text.as_slice())));
        }
        for byte in line.iter().chain(b"\n") {
            if text.len() <= PASTED_LIMIT {
                text.push(*byte);
            }
        }
    }
    Ok(None)
}

/// While it exists the terminal echoes nothing. Where there is no terminal there is nothing to do.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Blank lines stand in many a bundle; what comes behind one must not become the answer to the next question.
    #[test]
    fn a_text_of_many_lines_ends_with_a_dot_alone() {
        let mut input: &[u8] = b"BEGIN\r\nEND\r\n\r\n..\nBEGIN\n.\nnext\n";
        assert_eq!(text(&mut input).unwrap(), Some(Secret::new("BEGIN\nEND\n\n..\nBEGIN\n")));
        assert_eq!(input, b"next\n");
        assert_eq!(text(&mut input).unwrap(), None, "the input ended before it");
        let long = "x".repeat(2 * PASTED_LIMIT) + "\n.\nnext";
        let mut input = long.as_bytes();
        assert_eq!(text(&mut input).unwrap().unwrap().expose().len(), PASTED_LIMIT + 1);
        assert_eq!(input, b"next");
    }
}
