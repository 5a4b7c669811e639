//! The real binary in a real pseudo-terminal: keys in, screen out. Waits for what is on the screen, never for time.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Termios, Winsize, tcgetattr, tcsetwinsize},
};

/// A machine under load is slow; a test that waits longer than this has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// A program on a terminal.
pub struct Terminal {
    /// Our end; dropping it is a hang-up.
    master: Option<File>,
    /// Keeps the settings readable after the program ended.
    line: Option<OwnedFd>,
    child: Child,
    screen: vt100::Parser,
    /// Every byte the program wrote.
    pub bytes: Vec<u8>,
    settings: String,
}

/// How to start one.
pub struct Start {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    columns: u16,
    rows: u16,
}

impl Start {
    /// The binary under test on an 80x24 terminal of a modern kind.
    pub fn warden(args: &[&str]) -> Self {
        Start::program(env!("CARGO_BIN_EXE_ngcp-warden"), args)
    }

    /// Any other program.
    pub fn program(program: &str, args: &[&str]) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Start { program: program.to_owned(), args, env: Vec::new(), columns: 80, rows: 24 }
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    }

    /// With a variable; nothing else of our environment is passed on.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On a terminal of another size.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// Starts it, in a session of its own with the terminal as its controlling one.
    pub fn start(self) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        tcsetwinsize(&line, size(self.columns, self.rows)).unwrap();
        let settings = shown(&tcgetattr(&line).unwrap());
        let end = || Stdio::from(line.try_clone().unwrap());
        // The program keeps the process id: setsid forks only where it must.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(&self.program).args(&self.args).env_clear().envs(self.env);
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let (rows, columns) = if self.rows == 0 { (24, 80) } else { (self.rows, self.columns) };
        Terminal {
            master: Some(File::from(master)),
            line: Some(line),
            child,
            screen: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0),
            bytes: Vec::new(),
            settings,
        }
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// All settings of a line as text.
fn shown(settings: &Termios) -> String {
    format!("{settings:?}")
}

impl Terminal {
    /// Types.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        self.master.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Waits until the screen shows `text`.
    pub fn wait(&mut self, text: &str) -> &mut Self {
        self.wait_for(text, |screen| screen.contents().contains(text))
    }

    /// Waits until the screen no longer shows `text`.
    pub fn wait_gone(&mut self, text: &str) -> &mut Self {
        self.wait_for(&format!("no {text}"), |screen| !screen.contents().contains(text))
    }

    /// Waits until the screen is as wanted.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let start = Instant::now();
        while !wanted(self.screen.screen()) {
            assert!(start.elapsed() < DEADLINE, "{what} never came; the screen is\n{}", self.contents());
            self.read(Duration::from_millis(50));
        }
        self
    }

    /// Reads what comes within `patience`; whether anything came.
    fn read(&mut self, patience: Duration) -> bool {
        let Some(master) = &mut self.master else {
            std::thread::yield_now();
            return false;
        };
        let wait = Timespec::try_from(patience).unwrap();
        if poll(&mut [PollFd::new(master, PollFlags::IN)], Some(&wait)).unwrap() == 0 {
            return false;
        }
        let mut bytes = [0; 4096];
        let Ok(n) = master.read(&mut bytes) else { return false };
        self.screen.process(&bytes[..n]);
        self.bytes.extend(&bytes[..n]);
        true
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// The terminal gets another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.screen.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        tcsetwinsize(self.master.as_ref().unwrap(), size(columns, rows)).unwrap();
        self
    }

    /// The line settings now.
    pub fn settings(&self) -> String {
        shown(&tcgetattr(self.line.as_ref().unwrap()).unwrap())
    }

    /// The line settings before the program began.
    pub fn settings_before(&self) -> &str {
        &self.settings
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: rustix::process::Signal) -> &Self {
        let pid = rustix::process::Pid::from_raw(self.pid().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        self
    }

    /// The terminal goes away, as when a link drops.
    pub fn hang_up(&mut self) -> &mut Self {
        (self.master, self.line) = (None, None);
        self
    }

    /// Waits for the end; the exit code.
    pub fn end(&mut self) -> i32 {
        let start = Instant::now();
        loop {
            self.read(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.read(Duration::ZERO) {}
                return status.code().unwrap_or(-1);
            }
            assert!(start.elapsed() < DEADLINE, "it does not end; the screen is\n{}", self.contents());
        }
    }

    /// Asserts that the terminal is as it was before the program: settings, screen, cursor, attributes.
    pub fn assert_restored(&self) {
        assert_eq!(self.settings(), self.settings, "line settings");
        assert!(!self.screen().alternate_screen(), "still on the alternate screen");
        assert!(!self.screen().hide_cursor(), "the cursor is hidden");
        assert!(!self.screen().bracketed_paste(), "bracketed paste is on");
        assert!(!self.screen().inverse() && !self.screen().bold(), "attributes are on");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
