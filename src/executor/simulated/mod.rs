//! A host in memory: files, scripted programs, figures and a clock that only moves when something happens.
//! Demo mode and tests run on it; it touches nothing real (a tree can be loaded from disk).

mod answer;
mod files;
mod pipe;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

pub use answer::Answer;
pub use files::Files;
use jiff::{SignedDuration, Timestamp};

use super::{
    Command, Executor, Exit, FileChange, Kind, Metadata, OUTPUT_LIMIT, Pipe, Resources, SEARCH_PATH, Sink,
    Status, Stream, World, refused,
};

/// What a scripted program does: changes files and answers.
type Script = Arc<dyn Fn(&mut Files, &Command) -> Answer + Send + Sync>;

/// A host in memory. Built by value (`Simulated::new().file(…).on(…)`), then shared.
pub struct Simulated {
    state: Mutex<State>,
    scripts: BTreeMap<String, Script>,
    resources: Resources,
    world: World,
    /// When `resources` were true.
    figures_at: Timestamp,
    /// Since when the clock runs with the real one.
    realtime: Option<Instant>,
}

struct State {
    files: Files,
    commands: Vec<String>,
    changes: usize,
    failing_changes: BTreeMap<usize, io::ErrorKind>,
    runs: BTreeMap<String, usize>,
    failing_programs: BTreeMap<(String, usize), Answer>,
}

/// Where the clock of a new host stands.
const START: i64 = 1_767_268_800; // 2026-01-01T12:00:00Z
/// How far the clock moves with every change and every command.
const TICK: SignedDuration = SignedDuration::from_secs(1);

impl Default for Simulated {
    fn default() -> Self {
        Self::new()
    }
}

impl Simulated {
    /// An empty host of [`World::Demo`]; its clock stands at noon UTC on 1 January 2026.
    pub fn new() -> Self {
        let start = Timestamp::from_second(START).unwrap_or(Timestamp::UNIX_EPOCH);
        Simulated {
            state: Mutex::new(State {
                files: Files::new(start),
                commands: Vec::new(),
                changes: 0,
                failing_changes: BTreeMap::new(),
                runs: BTreeMap::new(),
                failing_programs: BTreeMap::new(),
            }),
            scripts: BTreeMap::new(),
            resources: Resources::default(),
            world: World::Demo,
            figures_at: start,
            realtime: None,
        }
    }

    /// A host with the files below `root`: their modes, all owned by root.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn from_tree(root: &Path) -> io::Result<Self> {
        let host = Self::new();
        let mut directories = vec![root.to_path_buf()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory)? {
                let from = entry?.path();
                let to = Path::new("/").join(from.strip_prefix(root).unwrap_or(&from));
                let found = fs::symlink_metadata(&from)?;
                let mut state = host.lock();
                if found.is_symlink() {
                    state.files.link(to, fs::read_link(&from)?);
                } else if found.is_dir() {
                    state.files.directory(&to);
                    state.files.set_owner(to, found.permissions().mode() & 0o7777, 0, 0);
                    directories.push(from);
                } else if found.is_file() {
                    state.files.put(to, found.permissions().mode() & 0o7777, 0, 0, fs::read(&from)?);
                } else {
                    state.files.device(to);
                }
            }
        }
        Ok(host)
    }

    /// A host with these files: path, mode, owner, group, content. Parents are made.
    pub fn from_entries<P: AsRef<Path>, B: Into<Vec<u8>>>(
        entries: impl IntoIterator<Item = (P, u32, u32, u32, B)>,
    ) -> Self {
        let host = Self::new();
        let mut state = host.lock();
        for (path, mode, uid, gid, content) in entries {
            state.files.put(path, mode, uid, gid, content);
        }
        drop(state);
        host
    }

    /// The host with a file `0644 root:root`.
    #[must_use]
    pub fn file(self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        self.edit(|files| files.write(path, content));
        self
    }

    /// The host with this program: installed as `/usr/bin/NAME` unless it is in the search path already.
    /// Removing its file uninstalls it.
    #[must_use]
    pub fn on<F, A>(mut self, program: &str, script: F) -> Self
    where
        F: Fn(&mut Files, &Command) -> A + Send + Sync + 'static,
        A: Into<Answer>,
    {
        if self.find_program(program).is_none() {
            self.edit(|files| files.put(Path::new("/usr/bin").join(program), 0o755, 0, 0, Vec::new()));
        }
        let script: Script = Arc::new(move |files, command| script(files, command).into());
        self.scripts.insert(program.to_owned(), script);
        self
    }

    /// The host as another kind of world.
    #[must_use]
    pub fn with_world(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// The host with these figures.
    #[must_use]
    pub fn with_resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// The host at this time.
    #[must_use]
    pub fn with_clock(mut self, clock: Timestamp) -> Self {
        self.figures_at = clock;
        self.lock().files.set_clock(clock);
        self
    }

    /// Whether programs take the time they say they take and the clock runs by itself: for the demo.
    #[must_use]
    pub fn realtime(mut self, realtime: bool) -> Self {
        self.realtime = realtime.then(Instant::now);
        self
    }

    /// Makes the `nth` change from now on fail, 1 being the next.
    pub fn fail_change(&self, nth: usize, kind: io::ErrorKind) {
        let mut state = self.lock();
        let nth = state.changes + nth;
        state.failing_changes.insert(nth, kind);
    }

    /// Makes the `nth` run of `program` from now on answer this and do nothing, 1 being the next.
    pub fn fail_program(&self, program: &str, nth: usize, answer: Answer) {
        let mut state = self.lock();
        let nth = state.runs.get(program).copied().unwrap_or_default() + nth;
        state.failing_programs.insert((program.to_owned(), nth), answer);
    }

    /// Changes files behind everybody's back.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut Files) -> T) -> T {
        edit(&mut self.lock().files)
    }

    /// A snapshot of all files.
    pub fn files(&self) -> Files {
        self.lock().files.clone()
    }

    /// Every command run so far: program and arguments, separated by spaces.
    pub fn commands(&self) -> Vec<String> {
        self.lock().commands.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock of a realtime host.
    fn running_clock(&self) -> Option<Timestamp> {
        let elapsed = SignedDuration::try_from(self.realtime?.elapsed()).ok()?;
        self.figures_at.checked_add(elapsed).ok()
    }

    /// Lets time pass, unless it passes by itself.
    fn pass(&self, state: &mut State, by: SignedDuration) {
        match self.running_clock() {
            Some(now) => state.files.set_clock(now),
            None => state.files.advance(by),
        }
    }

    /// Plays an answer to the sink.
    fn play(&self, answer: Answer, limit: Duration, sink: &mut dyn Sink) -> Exit {
        let mut exit =
            Exit { status: answer.status, stdout: Vec::new(), stderr: Vec::new(), took: Duration::ZERO };
        let end = (answer.pause, Stream::Out, Vec::new());
        for (pause, stream, bytes) in answer.printed.into_iter().chain([end]) {
            exit.took = exit.took.saturating_add(pause);
            if exit.took > limit {
                exit.took = limit;
                exit.status = Status::TimedOut;
                return exit;
            }
            if self.paused(pause, sink) {
                exit.status = Status::Cancelled;
                return exit;
            }
            if !bytes.is_empty() {
                sink.output(stream, &bytes);
                let kept = match stream {
                    Stream::Out => &mut exit.stdout,
                    Stream::Err => &mut exit.stderr,
                };
                kept.extend_from_slice(&bytes[..bytes.len().min(OUTPUT_LIMIT - kept.len())]);
            }
        }
        exit
    }

    /// Waits on a realtime host; whether the sink has cancelled.
    fn paused(&self, pause: Duration, sink: &mut dyn Sink) -> bool {
        let mut left = if self.realtime.is_some() { pause } else { Duration::ZERO };
        loop {
            if sink.cancelled() {
                return true;
            }
            let part = left.min(Duration::from_millis(100));
            if part.is_zero() {
                return false;
            }
            std::thread::sleep(part);
            left -= part;
        }
    }
}

impl Executor for Simulated {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.lock().files.read(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.lock().files.metadata(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.lock().files.read_link(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.lock().files.list(dir)
    }

    fn change(&self, change: &FileChange) -> io::Result<()> {
        let mut state = self.lock();
        self.pass(&mut state, TICK);
        state.changes += 1;
        let nth = state.changes;
        if let Some(kind) = state.failing_changes.remove(&nth) {
            let error = io::Error::new(kind, format!("{}: {kind}", change.path.display()));
            return Err(refused::unchanged(&error));
        }
        state.files.change(change).map_err(|e| refused::unchanged(&e))
    }

    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        let program = &command.program;
        let found = self.find_program(program);
        let mut state = self.lock();
        let mut words = vec![program.clone()];
        words.extend(command.args.iter().cloned());
        state.commands.push(words.join(" "));
        self.pass(&mut state, TICK);
        let runs = state.runs.entry(program.clone()).or_default();
        *runs += 1;
        let nth = (program.clone(), *runs);
        if found.is_none() {
            return Err(super::no_such_program(program));
        }
        let answer = match (state.failing_programs.remove(&nth), self.scripts.get(program)) {
            (Some(answer), _) => answer,
            (None, Some(script)) => script(&mut state.files, command),
            (None, None) => {
                return Err(io::Error::other(format!("{program} has no script on this simulated host")));
            }
        };
        drop(state);
        let exit = self.play(answer, command.limit, sink);
        if let Ok(took) = SignedDuration::try_from(exit.took) {
            self.pass(&mut self.lock(), took);
        }
        Ok(exit)
    }

    fn pipe(&self, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
        pipe::run(self, pipe, sink)
    }

    fn find_program(&self, program: &str) -> Option<PathBuf> {
        let state = self.lock();
        let at = SEARCH_PATH.split(':').map(|dir| Path::new(dir).join(program));
        let mut present =
            at.filter(|path| state.files.metadata(path).is_ok_and(|m| m.kind != Kind::Directory));
        if program.contains('/') { None } else { present.next() }
    }

    fn resources(&self) -> io::Result<Resources> {
        match self.world {
            World::Tree => Err(super::no_running_system()),
            _ => Ok(self.resources.clone()),
        }
    }

    fn now(&self) -> Timestamp {
        self.running_clock().unwrap_or_else(|| self.lock().files.now())
    }

    fn uptime(&self) -> Duration {
        let since = self.now().duration_since(self.figures_at);
        Duration::from_secs(self.resources.uptime) + Duration::try_from(since).unwrap_or_default()
    }

    fn world(&self) -> World {
        self.world
    }
}
