//! A cassette: every call to an executor with its answer, to be replayed where there is no such host. Input and
//! credentials of programs and the content of changed files are never on it; known secrets are blanked out.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Command, Executor, Exit, FileChange, FileTo, Metadata, OUTPUT_LIMIT, Resources, Sink, Status, Stream,
    World,
};
use crate::secret::Secret;

/// What is on a cassette. Shape `schema` 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cassette {
    schema: u32,
    world: World,
    calls: Vec<Recorded>,
}

/// One call and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Recorded {
    /// As in "read /etc/fstab": also what an error says.
    call: String,
    answer: Result<Value, Failure>,
}

/// An I/O error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Failure {
    kind: String,
    message: String,
}

/// Text as it is, other bytes in base64.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bytes {
    Text(String),
    Base64(String),
}

/// An [`Exit`] on a cassette.
#[derive(Serialize, Deserialize)]
struct Ended {
    status: Status,
    stdout: Bytes,
    stderr: Bytes,
    took: Duration,
}

/// Error kinds that a caller tells apart; others are replayed as `Other`.
const KINDS: [io::ErrorKind; 12] = [
    io::ErrorKind::NotFound,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::AlreadyExists,
    io::ErrorKind::InvalidInput,
    io::ErrorKind::NotADirectory,
    io::ErrorKind::IsADirectory,
    io::ErrorKind::DirectoryNotEmpty,
    io::ErrorKind::FileTooLarge,
    io::ErrorKind::StorageFull,
    io::ErrorKind::ReadOnlyFilesystem,
    io::ErrorKind::ResourceBusy,
    io::ErrorKind::Unsupported,
];

impl Cassette {
    /// Reads a cassette.
    ///
    /// # Errors
    /// When it is not one, or of a newer version.
    pub fn parse(json: &[u8]) -> io::Result<Self> {
        let cassette: Cassette = serde_json::from_slice(json)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("not a cassette: {e}")))?;
        match cassette.schema {
            1 => Ok(cassette),
            other => {
                let text = format!("the cassette is of version {other}; this program reads version 1");
                Err(io::Error::new(io::ErrorKind::InvalidData, text))
            }
        }
    }

    /// Writes it to a new file, readable by its owner only.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)
    }
}

/// Passes every call to another executor and writes it down.
pub struct Recorder {
    inner: Arc<dyn Executor>,
    blanked: Vec<Secret>,
    calls: Mutex<Vec<Recorded>>,
}

impl Recorder {
    /// Records `inner`; wherever one of the secrets turns up, stars are written down instead.
    pub fn new(inner: Arc<dyn Executor>, secrets: impl IntoIterator<Item = Secret>) -> Self {
        let blanked = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        Recorder { inner, blanked, calls: Mutex::default() }
    }

    /// What was recorded so far.
    pub fn cassette(&self) -> Cassette {
        Cassette { schema: 1, world: self.inner.world(), calls: lock(&self.calls).clone() }
    }

    fn note<T>(&self, call: &str, answer: io::Result<T>, shown: impl FnOnce(&T) -> Value) -> io::Result<T> {
        let noted = match &answer {
            Ok(answer) => Ok(shown(answer)),
            Err(e) => {
                Err(Failure { kind: format!("{:?}", e.kind()), message: self.blank_text(&e.to_string()) })
            }
        };
        lock(&self.calls).push(Recorded { call: self.blank_text(call), answer: noted });
        answer
    }

    fn blank(&self, bytes: &[u8]) -> Bytes {
        let mut bytes = bytes.to_vec();
        for secret in self.blanked.iter().map(Secret::expose) {
            let mut from = 0;
            while let Some(at) = bytes[from..].windows(secret.len()).position(|part| part == secret) {
                bytes[from + at..][..secret.len()].fill(b'*');
                from += at + secret.len();
            }
        }
        String::from_utf8(bytes).map_or_else(|e| Bytes::Base64(STANDARD.encode(e.into_bytes())), Bytes::Text)
    }

    fn blank_text(&self, text: &str) -> String {
        match self.blank(text.as_bytes()) {
            Bytes::Text(text) | Bytes::Base64(text) => text,
        }
    }
}

impl Executor for Recorder {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.note(&on("read", path), self.inner.read(path), |content| json(&self.blank(content)))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.note(&on("look at", path), self.inner.metadata(path), json)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.note(&on("read link", path), self.inner.read_link(path), json)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.note(&on("list", dir), self.inner.list(dir), json)
    }

    fn change(&self, change: &FileChange) -> io::Result<()> {
        self.note(&changed(change), self.inner.change(change), json)
    }

    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        self.note(&ran(command), self.inner.run(command, sink), |exit| {
            let (stdout, stderr) = (self.blank(&exit.stdout), self.blank(&exit.stderr));
            json(&Ended { status: exit.status, stdout, stderr, took: exit.took })
        })
    }

    fn find_program(&self, program: &str) -> Option<PathBuf> {
        let found = self.inner.find_program(program);
        self.note(&format!("find program {program}"), Ok(found), json).ok().flatten()
    }

    fn resources(&self) -> io::Result<Resources> {
        self.note("resources", self.inner.resources(), json)
    }

    fn now(&self) -> Timestamp {
        let now = self.inner.now();
        self.note("now", Ok(now), json).unwrap_or(now)
    }

    fn uptime(&self) -> Duration {
        let uptime = self.inner.uptime();
        self.note("uptime", Ok(uptime), json).unwrap_or(uptime)
    }

    fn world(&self) -> World {
        self.inner.world()
    }
}

/// Answers from a cassette. The same call is answered in the order of the recording; different calls may come in
/// any order, as threads make them.
pub struct Player {
    world: World,
    calls: Mutex<BTreeMap<String, Vec<Result<Value, Failure>>>>,
}

impl Player {
    /// Plays a cassette from its beginning.
    pub fn new(cassette: Cassette) -> Self {
        let mut calls: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for Recorded { call, answer } in cassette.calls.into_iter().rev() {
            calls.entry(call).or_default().push(answer);
        }
        Player { world: cassette.world, calls: Mutex::new(calls) }
    }

    /// Calls on the cassette that were never made.
    pub fn left(&self) -> Vec<String> {
        lock(&self.calls)
            .iter()
            .filter(|(_, answers)| !answers.is_empty())
            .map(|(call, _)| call.clone())
            .collect()
    }

    fn answer<T: DeserializeOwned>(&self, call: &str) -> io::Result<T> {
        let answer = lock(&self.calls).get_mut(call).and_then(Vec::pop);
        match answer {
            Some(Ok(value)) => serde_json::from_value(value).map_err(|e| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the cassette is damaged at \"{call}\": {e}"),
                )
            }),
            Some(Err(failure)) => {
                let kind = KINDS.into_iter().find(|kind| format!("{kind:?}") == failure.kind);
                Err(io::Error::new(kind.unwrap_or(io::ErrorKind::Other), failure.message))
            }
            None => {
                Err(io::Error::other(format!("the cassette has no answer, or no further one, to \"{call}\"")))
            }
        }
    }
}

impl Executor for Player {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        bytes(self.answer(&on("read", path))?)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.answer(&on("look at", path))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.answer(&on("read link", path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.answer(&on("list", dir))
    }

    fn change(&self, change: &FileChange) -> io::Result<()> {
        self.answer(&changed(change))
    }

    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        let ended: Ended = self.answer(&ran(command))?;
        let exit = Exit {
            status: ended.status,
            stdout: bytes(ended.stdout)?,
            stderr: bytes(ended.stderr)?,
            took: ended.took,
        };
        for (stream, printed) in [(Stream::Out, &exit.stdout), (Stream::Err, &exit.stderr)] {
            if !printed.is_empty() {
                sink.output(stream, &printed[..printed.len().min(OUTPUT_LIMIT)]);
            }
        }
        Ok(exit)
    }

    fn find_program(&self, program: &str) -> Option<PathBuf> {
        self.answer(&format!("find program {program}")).ok().flatten()
    }

    fn resources(&self) -> io::Result<Resources> {
        self.answer("resources")
    }

    fn now(&self) -> Timestamp {
        self.answer("now").unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn uptime(&self) -> Duration {
        self.answer("uptime").unwrap_or_default()
    }

    fn world(&self) -> World {
        self.world
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn bytes(bytes: Bytes) -> io::Result<Vec<u8>> {
    match bytes {
        Bytes::Text(text) => Ok(text.into_bytes()),
        Bytes::Base64(text) => {
            STANDARD.decode(text).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
        }
    }
}

fn on(verb: &str, path: &Path) -> String {
    format!("{verb} {}", path.display())
}

/// Size and attributes, not the content.
fn changed(change: &FileChange) -> String {
    match &change.to {
        FileTo::Absent => on("remove", &change.path),
        to => format!("change {} to {to:?}", change.path.display()),
    }
}

/// Everything but what it reads.
fn ran(command: &Command) -> String {
    let Command { program, args, stdin, credentials, env, .. } = command;
    let given = |name, secret: &Option<Secret>| secret.as_ref().map_or("", |_| name);
    format!(
        "run {program} {args:?} env {env:?}{}{}",
        given(" input", stdin),
        given(" credentials", credentials)
    )
}
