//! Whether kamailio says in its log that it ran out of memory. Of such a line only its time, its process and the known
//! words are handed on: the rest may hold what callers sent, passwords among it.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};

use crate::executor::{Command, Executor, Exit, Pipe, Quiet, READ_LIMIT, Status};

/// So much of a large log is looked through, from its end.
const TAIL: &str = "268435456";
/// So many of its lines are told.
const MOST_LINES: &str = "1000";
/// How long a look into a log may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Levels of such lines. A line of another level may repeat what a caller wrote.
const LEVELS: [&str; 3] = ["ERROR", "CRITICAL", "ALERT"];
/// Lines that the configuration writes itself, with texts of callers in them.
const SCRIPT: &str = "<script>";
/// What kamailio says when memory ran out; it has said it in several ways over the years.
const RAN_OUT: [&str; 5] =
    ["out of ", "no more ", "could not allocate ", "couldn't allocate ", "cannot allocate "];
const OF_WHAT: [&str; 7] = ["mem", "memory", "shm", "pkg", "private", "shared", "share"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Lines of a log that say that memory ran out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RanOut {
    /// How many, at least.
    pub lines: u64,
    /// The last was about the memory of single processes (pkg), not what they share (shm).
    pub private: bool,
    /// The last of them: its time where the log tells it, its process and the known words, nothing else of the line.
    pub last: String,
}

/// Looks through a log of kamailio; `None` when no line says it.
///
/// # Errors
/// When it cannot be read.
pub fn ran_out(host: &dyn Executor, file: &Path) -> Result<Option<RanOut>> {
    let about = host.metadata(file)?;
    let text = if about.len <= READ_LIMIT {
        String::from_utf8_lossy(&host.read(file)?).into_owned()
    } else {
        found_at_the_end(host, file)?
    };
    let mut found: Option<RanOut> = None;
    for line in text.lines() {
        let Some((private, last)) = says(line) else { continue };
        let lines = found.map_or(0, |found| found.lines) + 1;
        found = Some(RanOut { lines, private, last });
    }
    Ok(found)
}

/// Lines of a log that is too large to be read whole, by the host's own tools.
fn found_at_the_end(host: &dyn Executor, file: &Path) -> Result<String> {
    let any = |words: &[&str]| words.iter().map(|word| word.trim_end()).collect::<Vec<_>>().join("|");
    let begin = format!(r"^([^]]*\]: | *[0-9]+\([0-9]+\) )({}):", any(&LEVELS));
    let pattern = format!("{begin}.*({}) ({})", any(&RAN_OUT), any(&OF_WHAT));
    let path = file.to_str().context("the name of a log is no text")?;
    let stages = vec![
        Command::new("tail", ["-c", TAIL, path]).reads_only(),
        Command::new("grep", ["-a", "-i", "-E", "-e", &pattern]).reads_only(),
        Command::new("tail", ["-n", MOST_LINES]).reads_only(),
    ];
    let pipe = Pipe { stages, from: None, to: None, limit: LIMIT };
    let exits = host.pipe(&pipe, &mut Quiet)?;
    // grep says 1 when it finds nothing.
    let nothing = exits.get(1).is_some_and(|exit| exit.status == Status::Code(1));
    match pipe.failure(&exits) {
        Some(why) if !nothing => bail!("{path} cannot be looked through: {why}"),
        _ => Ok(exits.last().map(Exit::text).unwrap_or_default()),
    }
}

/// Whether a line says that memory of single processes ran out or else shared memory, and what of it may be shown.
fn says(line: &str) -> Option<(bool, String)> {
    let (who, message) = head(line)?;
    let (level, message) = message.split_once(':')?;
    if !LEVELS.contains(&level) || message.contains(SCRIPT) {
        return None;
    }
    let message = message.to_ascii_lowercase();
    RAN_OUT.iter().find_map(|begin| {
        let rest = &message[message.find(begin)? + begin.len()..];
        let first = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        let what = OF_WHAT.into_iter().find(|what| *what == first)?;
        let memory = if what.starts_with("mem") { "" } else { " memory" };
        let private = rest.contains("pkg") || rest.contains("private");
        Some((private, format!("{who}: {begin}{what}{memory}")))
    })
}

/// Time and process of a line, and what the process said: `Nov  3 10:00:01 host lb[7]: `, `2026-11-03T10:00:01+01:00
/// host lb[7]: `, or ` 0(7) ` without a time.
fn head(line: &str) -> Option<(String, &str)> {
    let syslog = line.split_once("]: ").and_then(|(head, message)| {
        // Behind a colon it is no head any more.
        let (head, pid) = head.rsplit_once('[').filter(|(head, _)| !head.contains(": "))?;
        let name = head.rsplit(' ').next().filter(|name| plain(name, "/_-."))?;
        let name = name.rsplit('/').next()?;
        let who = format!("{name}[{pid}]");
        number(pid).then(|| (time(head).map_or_else(|| who.clone(), |at| format!("{at}, {who}")), message))
    });
    syslog.or_else(|| {
        let (process, message) = line.trim_start().split_once(") ")?;
        let (rank, pid) = process.split_once('(')?;
        (number(rank) && number(pid)).then(|| (format!("process {pid}"), message))
    })
}

/// The time at the beginning of a line, and nothing that only looks like one.
fn time(head: &str) -> Option<String> {
    let words: Vec<&str> = head.split_whitespace().take(3).collect();
    let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match words.as_slice() {
        [iso, ..] if digits(iso) && iso.contains('T') && plain(iso, "-:.+") => Some((*iso).to_owned()),
        [month, day, time] if MONTHS.contains(month) && number(day) && digits(time) && plain(time, ":.") => {
            Some(format!("{month} {day} {time}"))
        }
        _ => None,
    }
}

fn number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
}

/// A short word of letters, digits and these marks.
fn plain(text: &str, marks: &str) -> bool {
    (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}
