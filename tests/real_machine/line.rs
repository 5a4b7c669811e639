//! The serial lines of a machine: one to look at through vt100, one to give orders to a shell. Both wait for what
//! comes, never for time.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    time::{Duration, Instant},
};

/// Emulated on a machine under load everything is slow; a test that waits longer than this has failed.
const DEADLINE: Duration = Duration::from_secs(400);
/// What a shell says before it takes a command.
const PROMPT: &str = "root@spce:~# ";
/// Stands before the exit code of a command, after everything it printed.
const MARK: char = '\u{1}';

/// A serial line: 80x24 for whoever knows better than the line itself.
pub(crate) struct Line {
    name: &'static str,
    stream: UnixStream,
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Line {
    /// Waits until the machine plugs its end in.
    pub(crate) fn plugged(name: &'static str, socket: &UnixListener) -> Self {
        let (stream, _) = socket.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        Line {
            name,
            stream,
            screen: vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0),
            bytes: Vec::new(),
        }
    }

    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.stream.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn wait(&mut self, text: &str) -> &mut Self {
        self.wait_for(text, |line| line.contents().contains(text))
    }

    /// Waits for a shell that takes commands.
    pub(crate) fn wait_for_shell(&mut self) -> &mut Self {
        self.wait_for("a prompt", |line| line.contents().trim_end().ends_with(PROMPT.trim_end()))
    }

    pub(crate) fn wait_for(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) -> &mut Self {
        let start = Instant::now();
        while !wanted(self) {
            let screen = self.contents();
            assert!(start.elapsed() < DEADLINE, "{}: {what} never came; it shows\n{screen}", self.name);
            self.read();
        }
        self
    }

    /// Waits until a page is drawn: a slow line brings it row by row.
    pub(crate) fn wait_until_quiet(&mut self) -> &mut Self {
        let mut pauses = 0;
        while pauses < 5 {
            pauses = if self.read() { 0 } else { pauses + 1 };
        }
        self
    }

    /// Whether anything came within a moment.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(0) => panic!("{}: the machine is gone; it showed\n{}", self.name, self.contents()),
            Ok(n) => {
                self.screen.process(&bytes[..n]);
                self.bytes.extend(&bytes[..n]);
                true
            }
            Err(_) => false,
        }
    }

    pub(crate) fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }
}

/// A shell on a line of its own.
pub(crate) struct Shell(Line);

impl Shell {
    /// Takes the login of a line over.
    pub(crate) fn on(mut line: Line) -> Self {
        line.wait_for_shell().keys("exec sh\n").wait("\n# ");
        line.keys("stty -echo -onlcr; PS1=; PS2=; export SYSTEMD_PAGER=cat PAGER=cat SYSTEMD_COLORS=0\n")
            .keys("printf '\\1ready\\n'\n");
        line.wait_for("the shell", |line| line.bytes.ends_with(b"\x01ready\n"));
        Shell(line)
    }

    /// Runs a command; its exit code and what it printed.
    pub(crate) fn run(&mut self, command: &str) -> (i32, String) {
        self.begin(command);
        self.end(command)
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) fn ok(&mut self, command: &str) -> String {
        let (code, said) = self.run(command);
        assert_eq!(code, 0, "{command}: {said}");
        said
    }

    /// Waits until a command succeeds.
    pub(crate) fn until(&mut self, command: &str) -> &mut Self {
        self.ok(&format!("until {command}; do sleep 0.1; done >/dev/null 2>&1"));
        self
    }

    fn begin(&mut self, command: &str) {
        self.0.bytes.clear();
        self.0.keys(&format!("{{ {command}\n}} </dev/null 2>&1; printf '\\1%d\\n' $?\n"));
    }

    fn end(&mut self, command: &str) -> (i32, String) {
        self.0.wait_for(command, |line| line.bytes.ends_with(b"\n") && line.bytes.contains(&(MARK as u8)));
        let said = String::from_utf8_lossy(&self.0.bytes).into_owned();
        let (said, code) = said.rsplit_once(MARK).unwrap();
        (code.trim().parse().unwrap(), said.to_owned())
    }
}

/// A place for a line to be plugged in.
pub(crate) fn socket(folder: &Path, name: &str) -> UnixListener {
    UnixListener::bind(folder.join(name)).unwrap()
}
