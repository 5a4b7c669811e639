//! The real terminal: taken over and given back, keys in, frames out, effects to threads.
//! The only front end room that reads the clock and the environment.

mod app;
mod backend;
mod capabilities;
mod input;
mod keys;
mod lines;
mod paint;
mod screen;
mod size;
mod workers;

use std::{io::IsTerminal, sync::Arc};

pub use backend::{Backend, Options};
pub use capabilities::{Capabilities, capabilities};

use crate::{finding::printable, wizard::Model};

/// Runs the wizard full screen; returns the exit code of the process.
pub fn run(options: &Options, model: Model, backend: Arc<dyn Backend>) -> u8 {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return fail("The wizard needs a terminal. Without one: ngcp-warden audit, plan, apply; or --plain.");
    }
    app::run(options, model, backend)
        .unwrap_or_else(|error| fail(&format!("The terminal cannot be used: {error}")))
}

/// Runs the wizard line by line, on a terminal or not; returns the exit code of the process.
pub fn run_lines(model: Model, backend: Arc<dyn Backend>) -> u8 {
    lines::run(model, backend).unwrap_or_else(|error| fail(&format!("The wizard broke off: {error}")))
}

/// Asks for a yes where somebody can read the question and answer it; anything else than a plain yes is a no, an empty
/// line, too. `None` where nobody can.
///
/// # Errors
/// When the terminal cannot be used.
pub fn ask(question: &str) -> std::io::Result<Option<bool>> {
    use std::io::{BufRead, Read, Write};
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Ok(None);
    }
    // What was typed before the question is no answer to it.
    rustix::termios::tcflush(&stdin, rustix::termios::QueueSelector::IFlush)?;
    write!(stderr, "{} [y/N] ", printable(question))?;
    stderr.flush()?;
    let mut answer = Vec::new();
    stdin.lock().take(ANSWER).read_until(b'\n', &mut answer)?;
    let answer = answer.trim_ascii().to_ascii_lowercase();
    Ok(Some(answer == b"y" || answer == b"yes"))
}

/// A longer answer is none.
const ANSWER: u64 = 256;

/// From now on HUP, TERM and INT end this process with `code`: for whoever only follows what others do.
///
/// # Errors
/// When the kernel refuses.
pub fn end_on_signals(code: u8) -> std::io::Result<()> {
    use signal_hook::{consts, flag::register_conditional_shutdown};
    for signal in [consts::SIGHUP, consts::SIGTERM, consts::SIGINT] {
        register_conditional_shutdown(signal, code.into(), Arc::new(true.into()))?;
    }
    Ok(())
}

/// From now on this process ends with `code` when nobody can read what it says any more: the terminal hung up, the
/// pipe was closed. A signal would not do: whoever was started by `nohup` ignores it.
///
/// # Errors
/// When there is no thread for it.
pub fn end_without_output(code: u8) -> std::io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        let out = rustix::stdio::stdout();
        loop {
            // Hang-up and error are told without being asked for; a file has neither.
            let mut ends = [PollFd::new(&out, PollFlags::empty())];
            match poll(&mut ends, None) {
                Ok(_) if ends[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => {
                    std::process::exit(code.into());
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    })?;
    Ok(())
}

#[allow(clippy::print_stderr, reason = "there is no screen to say it on")]
fn fail(text: &str) -> u8 {
    eprintln!("{}", printable(text));
    2
}
