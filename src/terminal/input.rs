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
    Event,
    keys::{Parser, Typed},
};
use crate::wizard::{Key, Message};

/// Which signals came, and a pipe that wakes the waiting thread.
#[derive(Debug)]
pub(crate) struct Signals {
    came: Vec<(i32, Arc<AtomicBool>)>,
    wake: UnixStream,
}

impl Signals {
    /// From now on these signals are events and no longer end or stop the process.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn catch() -> io::Result<Self> {
        let (wake, sender) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        sender.set_nonblocking(true)?;
        let mut came = Vec::new();
        for signal in [SIGHUP, SIGTERM, SIGINT, SIGWINCH, SIGCONT, SIGTSTP] {
            let caught = Arc::new(AtomicBool::new(false));
            flag::register(signal, Arc::clone(&caught))?;
            pipe::register(signal, sender.try_clone()?)?;
            came.push((signal, caught));
        }
        Ok(Signals { came, wake })
    }

    fn take(&mut self) -> Vec<Event> {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|n| n > 0) {}
        let came = self.came.iter().filter(|(_, caught)| caught.swap(false, Ordering::SeqCst));
        came.map(|(signal, _)| match *signal {
            SIGINT => Event::Message(Message::Interrupted),
            SIGWINCH => Event::Resized,
            SIGCONT => Event::Continued,
            SIGTSTP => Event::Message(Message::Key(Key::Ctrl('z'))),
            _ => Event::Message(Message::Hangup),
        })
        .collect()
    }
}

/// Sends what comes from the terminal and from signals until the terminal is gone or nobody listens.
pub(crate) fn listen(mut signals: Signals, events: &Sender<Event>) {
    let mut parser = Parser::default();
    let mut bytes = Zeroizing::new([0u8; 1024]);
    let hangup = || drop(events.send(Event::Message(Message::Hangup)));
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
        for event in happened {
            let last = matches!(event, Event::Message(Message::Hangup));
            if events.send(event).is_err() || last {
                return;
            }
        }
    }
}

fn typed(typed: Typed) -> Event {
    Event::Message(match typed {
        Typed::Key(Key::Ctrl('c')) => Message::Interrupted,
        Typed::Key(key) => Message::Key(key),
        Typed::Paste(text) => Message::Paste(text),
    })
}
