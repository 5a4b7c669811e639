//! Takes the terminal over and gives it back as it was: at the end, on a panic, on a signal, before a stop.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    Command, cursor,
    terminal::{
        Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
    },
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";

static ENTERED: AtomicBool = AtomicBool::new(false);
static ALTERNATE: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Screen {
    alternate: bool,
}

impl Screen {
    /// Raw mode, the alternate screen where there is one, no cursor, a blank page.
    ///
    /// # Errors
    /// When standard input is no terminal or it cannot be set up.
    pub(crate) fn enter(alternate: bool) -> io::Result<Self> {
        let screen = Screen { alternate };
        screen.take()?;
        Ok(screen)
    }

    /// Takes the terminal again after somebody else had it.
    ///
    /// # Errors
    /// As [`Screen::enter`].
    pub(crate) fn take(&self) -> io::Result<()> {
        // What a shell set meanwhile is not what we give back, and not what we want.
        disable_raw_mode()?;
        enable_raw_mode()?;
        ALTERNATE.store(self.alternate, Ordering::SeqCst);
        ENTERED.store(true, Ordering::SeqCst);
        let mut text = String::new();
        if self.alternate {
            add(&mut text, EnterAlternateScreen);
        }
        text.push_str(PASTE_ON);
        add(&mut text, cursor::Hide);
        add(&mut text, cursor::MoveTo(0, 0));
        add(&mut text, Clear(ClearType::All));
        Tty.write_all(text.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back. May be called from any thread and more than once. Errors are ignored: there is nobody to tell.
pub(crate) fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut text = String::from("\x1b[m");
    text.push_str(PASTE_OFF);
    if ALTERNATE.load(Ordering::SeqCst) {
        add(&mut text, LeaveAlternateScreen);
    } else {
        // No alternate screen to leave: the shell's prompt must not land inside the old page.
        add(&mut text, cursor::MoveTo(0, 0));
        add(&mut text, Clear(ClearType::All));
    }
    add(&mut text, cursor::Show);
    let _ = Tty.write_all(text.as_bytes());
    let _ = disable_raw_mode();
}

/// Writing into a string cannot fail.
fn add(text: &mut String, command: impl Command) {
    let _ = command.write_ansi(text);
}

/// A panic anywhere gives the terminal back first, then tells, then ends the process: nobody would see it otherwise.
pub(crate) fn install_panic_hook() {
    let inner = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        leave();
        let mut err = io::stderr().lock();
        let _ =
            writeln!(err, "ngcp-warden stopped because of a fault of its own. The terminal is as it was.");
        let _ = writeln!(err, "A run that was started goes on: ngcp-warden attach");
        drop(err);
        inner(info);
        std::process::exit(101);
    }));
}

/// Standard output without a buffer: one frame is one write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tty;

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let out = rustix::stdio::stdout();
        loop {
            match rustix::io::write(out, bytes) {
                Err(Errno::INTR) => {}
                // Somebody who shares the terminal made it non-blocking.
                Err(Errno::AGAIN) => {
                    let mut ready = [PollFd::new(&out, PollFlags::OUT)];
                    poll(&mut ready, None)?;
                }
                other => return Ok(other?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
