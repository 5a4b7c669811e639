//! The one thread that waits: for the terminal and for signals, without a time-out while nothing happens.
//! It notices a terminal that went away, which reading alone does not.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH},
    flag,
    low_level::pipe,
};
use zeroize::Zeroizing;

use super::{
    keys::{Parser, Typed},
    size,
};
use crate::wizard::{Key, Message};

/// Which signals came, and a pipe that wakes the waiting thread.
#[derive(Debug)]
pub(crate) struct Signals {
    came: Vec<(i32, Arc<AtomicBool>)>,
    continued: Arc<AtomicBool>,
    wake: UnixStream,
}

impl Signals {
    /// Set when the process was stopped and goes on: the terminal may have been anybody's meanwhile.
    pub(crate) fn continued(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.continued)
    }

    /// From now on these signals are events and no longer end or stop the process.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn catch() -> io::Result<Self> {
        let (wake, sender) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        sender.set_nonblocking(true)?;
        let mut came = Vec::new();
        for signal in [SIGHUP, SIGTERM, SIGINT, SIGWINCH, SIGTSTP] {
            let caught = Arc::new(AtomicBool::new(false));
            flag::register(signal, Arc::clone(&caught))?;
            pipe::register(signal, sender.try_clone()?)?;
            came.push((signal, caught));
        }
        // Two flags: one for the loop, one to tell it of.
        let continued = Arc::new(AtomicBool::new(false));
        flag::register(SIGCONT, Arc::clone(&continued))?;
        let caught = Arc::new(AtomicBool::new(false));
        flag::register(SIGCONT, Arc::clone(&caught))?;
        pipe::register(SIGCONT, sender)?;
        came.push((SIGCONT, caught));
        Ok(Signals { came, continued, wake })
    }

    fn take(&mut self) -> Vec<Message> {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|n| n > 0) {}
        let came = self.came.iter().filter(|(_, caught)| caught.swap(false, Ordering::SeqCst));
        came.map(|(signal, _)| match *signal {
            SIGINT => Message::Interrupted,
            SIGWINCH | SIGCONT => size::message(),
            SIGTSTP => Message::Key(Key::Ctrl('z')),
            _ => Message::Hangup,
        })
        .collect()
    }
}

/// Sends what comes from the terminal and from signals until the terminal is gone or nobody listens.
pub(crate) fn listen(mut signals: Signals, messages: &Sender<Message>) {
    let mut parser = Parser::default();
    let mut bytes = Zeroizing::new([0u8; 1024]);
    let hangup = || drop(messages.send(Message::Hangup));
    loop {
        let tty = rustix::stdio::stdin();
        let mut fds = [PollFd::new(&tty, PollFlags::IN), PollFd::new(&signals.wake, PollFlags::IN)];
        let wait = parser
            .waits()
            .map(|ms| Timespec { tv_sec: i64::from(ms / 1000), tv_nsec: i64::from(ms % 1000) * 1_000_000 });
        let ready = match poll(&mut fds, wait.as_ref()) {
            Ok(ready) => ready,
            Err(Errno::INTR) => continue,
            Err(_) => return hangup(),
        };
        let (terminal, woken) = (fds[0].revents(), !fds[1].revents().is_empty());
        let mut happened = Vec::new();
        if woken {
            happened = signals.take();
        }
        if terminal.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return hangup();
        }
        if terminal.contains(PollFlags::IN) {
            match rustix::io::read(tty, &mut bytes[..]) {
                Ok(0) => return hangup(),
                Ok(n) => happened.extend(parser.feed(&bytes[..n]).into_iter().map(typed)),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return hangup(),
            }
        } else if ready == 0 {
            happened.extend(parser.timed_out().map(typed));
        }
        for message in happened {
            let last = message == Message::Hangup;
            if messages.send(message).is_err() || last {
                return;
            }
        }
    }
}

fn typed(typed: Typed) -> Message {
    match typed {
        Typed::Key(Key::Ctrl('c')) => Message::Interrupted,
        Typed::Key(key) => Message::Key(key),
        Typed::Paste(text) => Message::Paste(text),
    }
}
