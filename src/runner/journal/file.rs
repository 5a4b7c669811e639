//! The journal of one run on disk. A record is durable before the next change begins; copies of files are durable
//! before the change they belong to. Everything is for the owner only.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::{
    super::control::STOP,
    super::{Event, LeftBehind, Record, Report, Saved, SavedFile, Was},
    Journal,
    history::{History, JOURNAL, PROGRESS, pause},
    line,
    trusted::{self, LIMIT},
};
use crate::{
    plan::Left,
    secret::{Secret, sha256},
};

const REPORT: &str = "report.txt";
/// Holds the copies of all files that an apply makes.
const GENERATED: &str = "generated";
/// Room that is given back when the disk is full, so that the end of a run can still be written.
const RESERVE: &str = "reserve";
const RESERVED: usize = 256 * 1024;
/// A list of copies is no longer: it names a few thousand files.
const JSON_LIMIT: u64 = 16 * 1024 * 1024;

/// The journal of one run on disk. While it is open for writing it is locked: that is how others see that the run
/// lives.
#[derive(Debug)]
pub struct FileJournal {
    dir: PathBuf,
    file: File,
    number: u64,
    /// Made with the first progress.
    progress: Option<File>,
}

impl FileJournal {
    /// A new journal in a directory that must not exist. It appears there locked and whole.
    pub(super) fn create(dir: PathBuf) -> io::Result<Self> {
        let runs = dir.parent().unwrap_or(&dir);
        let new = runs.join(".new");
        match fs::remove_dir_all(&new) {
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(&new)?,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&new)?;
        DirBuilder::new().mode(0o700).create(new.join("saved"))?;
        let file = private().create_new(true).append(true).open(new.join(JOURNAL))?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        durable(&new.join(RESERVE), &vec![b'.'; RESERVED])?;
        sync(&new)?;
        if dir.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&new, &dir)?;
        sync(runs)?;
        Ok(FileJournal { dir, file, number: 0, progress: None })
    }

    /// Goes on with the journal of a run that was cut off; a torn last line is dropped.
    pub(super) fn reopen(dir: PathBuf) -> io::Result<(Self, History)> {
        let file = trusted::append(&dir, JOURNAL)?;
        // More copies are going to be written into it.
        trusted::saved(&dir)?;
        // Somebody who only asks whether the run lives holds it for an instant.
        let mut tries = 0;
        while let Err(error) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            tries += 1;
            if tries > 20 {
                return Err(error.into());
            }
            pause(std::time::Duration::from_millis(50));
        }
        let history = History::read(&dir)?;
        file.set_len(history.length)?;
        file.sync_all()?;
        // A wish from before the cut was for the run as it was then.
        let _ = fs::remove_file(dir.join(STOP));
        // Without it on a full disk the run still goes on; only what programs print is lost.
        let _ = durable(&dir.join(RESERVE), &vec![b'.'; RESERVED]);
        let number = history.records.last().map_or(0, |record| record.number);
        Ok((FileJournal { dir, file, number, progress: None }, history))
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let Err(error) = self.file.write_all(line.as_bytes()) else { return Ok(()) };
        // Half a line must not stand before the next one.
        self.file.set_len(length)?;
        if !matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Err(error);
        }
        fs::remove_file(self.dir.join(RESERVE)).map_err(|_| error)?;
        self.file.write_all(line.as_bytes()).inspect_err(|_| {
            let _ = self.file.set_len(length);
        })
    }

    /// A reader that comes between two bytes sees by the checksum that the line is none.
    fn progress(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        let line = line::written(&Record { number: self.number, at, event })?;
        let file = match &mut self.progress {
            Some(file) => file,
            none => {
                let path = self.dir.join(PROGRESS);
                let _ = fs::remove_file(&path);
                none.insert(private().write(true).create_new(true).open(path)?)
            }
        };
        file.write_all_at(line.as_bytes(), 0)
    }

    fn write_report(&self, last: &Record) -> io::Result<()> {
        let mut records = History::read(&self.dir)?.records;
        records.push(last.clone());
        let Some(report) = Report::of(&records) else { return Ok(()) };
        match fs::remove_file(self.dir.join(RESERVE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        durable(&self.dir.join("report.json"), &serde_json::to_vec_pretty(&report)?)?;
        durable(&self.dir.join(REPORT), report.text().as_bytes())?;
        sync(&self.dir)
    }

    fn place(&self, change: &str, end: &str) -> PathBuf {
        self.dir.join(place(change, end))
    }
}

impl Journal for FileJournal {
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        if matches!(event, Event::Progress { .. }) {
            return self.progress(at, event);
        }
        let output = matches!(event, Event::Output { .. } | Event::Waiting { .. });
        if output && !self.dir.join(RESERVE).exists() {
            return Ok(());
        }
        let record = Record { number: self.number + 1, at, event };
        if matches!(record.event, Event::Finished { .. }) {
            let _ = fs::remove_file(self.dir.join(PROGRESS));
            // The journal tells the same: a full disk costs the report only.
            let _ = self.write_report(&record);
        }
        self.append(&line::written(&record)?)?;
        if !output {
            self.file.sync_data()?;
        }
        self.number = record.number;
        Ok(())
    }

    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()> {
        let mut copies =
            Copies { change: change.to_owned(), noted: saved.noted.clone(), ..Copies::default() };
        let keep = |name: String, content: &Secret| {
            durable(&self.place(change, &name), content.expose())?;
            Ok::<Blob, io::Error>(Blob { name, sha256: sha256(content.expose()), range: None })
        };
        for (n, file) in saved.files.iter().enumerate() {
            copies.files.push(copied(file, |content| keep(format!("file{n}"), content))?);
        }
        // Many small ones: one file, written and synced once.
        let mut all = Zeroizing::new(Vec::new());
        for file in &saved.generated {
            copies.generated.push(copied(file, |content| {
                let range = Some((all.len(), all.len() + content.expose().len()));
                all.extend_from_slice(content.expose());
                Ok(Blob { name: GENERATED.to_owned(), sha256: sha256(content.expose()), range })
            })?);
        }
        if !all.is_empty() {
            durable(&self.place(change, GENERATED), &all)?;
        }
        copies.captured =
            saved.captured.as_ref().map(|captured| keep("captured".to_owned(), captured)).transpose()?;
        durable(&self.place(change, "json"), &serde_json::to_vec(&copies)?)?;
        sync(&self.dir.join("saved"))
    }

    fn saved(&self, change: &str) -> io::Result<Option<Saved>> {
        saved(&self.dir, change)
    }

    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()> {
        durable(&self.place(change, "left.json"), &serde_json::to_vec(left)?)?;
        sync(&self.dir.join("saved"))
    }

    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>> {
        left(&self.dir, change)
    }

    fn dir(&self) -> Option<&Path> {
        Some(&self.dir)
    }

    fn report(&self) -> Option<String> {
        Some(self.dir.join(REPORT).display().to_string())
    }
}

/// What was kept before a change of the run in `dir`.
pub(in super::super) fn saved(dir: &Path, change: &str) -> io::Result<Option<Saved>> {
    let Some(copies) = json::<Copies>(dir, &place(change, "json"))? else { return Ok(None) };
    let content = |blob: &Blob| {
        let path = place(change, &blob.name);
        let bytes = Zeroizing::new(trusted::read(dir, &path, LIMIT)?);
        let part = match blob.range {
            None => Some(&bytes[..]),
            Some((from, to)) => bytes.get(from..to),
        };
        match part.filter(|part| sha256(part) == blob.sha256) {
            Some(part) => Ok(Secret::new(part.to_vec())),
            None => {
                let path = dir.join(path);
                Err(io::Error::other(format!("{} was altered; it cannot be trusted", path.display())))
            }
        }
    };
    let mut saved = Saved { noted: copies.noted, ..Saved::default() };
    saved.captured = copies.captured.as_ref().map(content).transpose()?;
    let restored = |file: Copied| {
        let was = match file.was {
            None => Was::Absent,
            Some(was) => Was::File {
                content: content(&was.content)?,
                mode: was.mode,
                uid: was.uid,
                gid: was.gid,
                modified: was.modified,
            },
        };
        Ok::<SavedFile, io::Error>(SavedFile { path: file.path, was, expected: file.expected })
    };
    saved.files = copies.files.into_iter().map(restored).collect::<io::Result<_>>()?;
    saved.generated = copies.generated.into_iter().map(restored).collect::<io::Result<_>>()?;
    Ok(Some(saved))
}

/// A file as it is listed beside its copy, which `keep` stores.
fn copied(file: &SavedFile, mut keep: impl FnMut(&Secret) -> io::Result<Blob>) -> io::Result<Copied> {
    let was = match &file.was {
        Was::Absent => None,
        Was::File { content, mode, uid, gid, modified } => Some(CopiedFile {
            content: keep(content)?,
            mode: *mode,
            uid: *uid,
            gid: *gid,
            modified: *modified,
        }),
    };
    Ok(Copied { path: file.path.clone(), was, expected: file.expected.clone() })
}

/// What a change of the run in `dir` left behind; `None` when it did not come so far.
pub(in super::super) fn left(dir: &Path, change: &str) -> io::Result<Option<LeftBehind>> {
    /// Earlier versions noted the files only.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Noted {
        Now(LeftBehind),
        Earlier(Vec<(PathBuf, Left)>),
    }
    Ok(json(dir, &place(change, "left.json"))?.map(|noted| match noted {
        Noted::Now(left) => left,
        Noted::Earlier(files) => LeftBehind { files, ..LeftBehind::default() },
    }))
}

#[derive(Default, Serialize, Deserialize)]
struct Copies {
    change: String,
    files: Vec<Copied>,
    captured: Option<Blob>,
    #[serde(alias = "services")]
    noted: std::collections::BTreeSet<String>,
    #[serde(default)]
    generated: Vec<Copied>,
}

#[derive(Serialize, Deserialize)]
struct Copied {
    path: PathBuf,
    was: Option<CopiedFile>,
    expected: Option<Left>,
}

#[derive(Serialize, Deserialize)]
struct CopiedFile {
    content: Blob,
    mode: u32,
    uid: u32,
    gid: u32,
    modified: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Blob {
    name: String,
    sha256: String,
    /// Where it lies in a file that holds several.
    #[serde(default)]
    range: Option<(usize, usize)>,
}

/// A file below `saved/` that belongs to a change; ids are not trusted as file names.
fn place(change: &str, end: &str) -> PathBuf {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    let readable: String = change.chars().map(|c| if plain(c) { c } else { '_' }).take(80).collect();
    let sum = sha256(change.as_bytes());
    Path::new("saved").join(format!("{}.{}.{end}", readable.trim_start_matches('.'), &sum[..8]))
}

fn json<T: DeserializeOwned>(dir: &Path, path: &Path) -> io::Result<Option<T>> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", dir.join(path).display());
    match trusted::read(dir, path, JSON_LIMIT) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|error| io::Error::other(named(&error)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        Err(error) => Err(io::Error::new(error.kind(), named(&error))),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// Writes a private file whole or not at all. The caller syncs the directory.
pub(in super::super) fn durable(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    // Whatever lies there, a pipe or a file that somebody else can write to, is not written into.
    let _ = fs::remove_file(&new);
    let mut file = private().write(true).create_new(true).open(&new).map_err(named)?;
    let written =
        file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        named(error)
    })
}

/// Makes names in a directory durable.
pub(in super::super) fn sync(dir: &Path) -> io::Result<()> {
    OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::DIRECTORY.bits().cast_signed())
        .open(dir)?
        .sync_all()
}
