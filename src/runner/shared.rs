//! What a change left behind, and what of it goes back where somebody else was there since: of a file that several
//! hands edit, only the lines that the run changed; of one with a line for each account, only those of its accounts.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Was;
use crate::{
    plan::{Left, changed_ranges},
    secret::{Secret, sha256},
};

/// More lines are not told apart: such a file goes back whole or not at all.
const LINES: usize = 100_000;
/// How much of the SHA-256 of a line is kept; the lines themselves may be secret.
const SUM: usize = 24;

/// Enough of what a change left to see whether somebody else was there since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBehind {
    /// What is at its files.
    pub files: Vec<(PathBuf, Left)>,
    /// Mode, owner and group of those that are there.
    #[serde(default)]
    pub attributes: BTreeMap<PathBuf, (u32, u32, u32)>,
    /// Of files that others edit, too: a checksum of each line.
    #[serde(default)]
    pub lines: BTreeMap<PathBuf, Vec<String>>,
    /// SHA-256 of what its capture command prints.
    #[serde(default)]
    pub captured: Option<String>,
}

/// How one file goes back to what it was.
pub(super) enum Way {
    /// Nothing of the run is in it any more.
    Nothing,
    /// As a whole.
    Whole,
    /// Its content; mode or owner were changed by somebody else and stay.
    Content(Secret),
    /// It becomes this: what the run changed goes back, what others changed since stays.
    Part(Secret),
    /// What the run changed was changed again.
    Theirs,
}

impl LeftBehind {
    /// Notes what is at a file now. `shared`: others edit it, too.
    pub(super) fn note(&mut self, path: &Path, was: &Was, now: &Was, shared: bool) {
        self.files.push((path.to_owned(), now.left()));
        self.attributes.extend(attributes(now).map(|attributes| (path.to_owned(), attributes)));
        if let (true, Some(_), Some(now)) = (shared && now != was, was.bytes(), now.bytes()) {
            self.lines.insert(path.to_owned(), sums(now));
        }
    }
}

/// How `path` goes back to `was`, where `now` is there. `accounts`: its lines are those of accounts; `ours`: its content
/// is what the run left.
pub(super) fn way_back(
    path: &Path,
    accounts: bool,
    was: &Was,
    now: &Was,
    ours: bool,
    left: &LeftBehind,
) -> Way {
    if now == was {
        return Way::Nothing;
    }
    if ours {
        let moved = |noted: &(u32, u32, u32)| {
            attributes(now).is_some_and(|now| now != *noted && Some(now) != attributes(was))
        };
        return match was.bytes() {
            Some(content) if left.attributes.get(path).is_some_and(moved) => {
                Way::Content(Secret::new(content))
            }
            _ => Way::Whole,
        };
    }
    match part(path, accounts, was, now, left, false) {
        Some(content) if Some(content.as_slice()) == now.bytes() => Way::Nothing,
        Some(content) => Way::Part(Secret::new(content)),
        None => Way::Theirs,
    }
}

/// `now` with what the run changed taken back. `force`: also accounts that somebody else changed since.
pub(super) fn part(
    path: &Path,
    accounts: bool,
    was: &Was,
    now: &Was,
    left: &LeftBehind,
    force: bool,
) -> Option<Vec<u8>> {
    let (was, now) = (was.bytes()?, now.bytes()?);
    let left = left.lines.get(path).filter(|lines| lines.len() < LINES)?;
    match accounts {
        true => accounts_back(was, left, now, force),
        false => lines_back(was, left, now),
    }
}

fn attributes(of: &Was) -> Option<(u32, u32, u32)> {
    match of {
        Was::Absent => None,
        Was::File { mode, uid, gid, .. } => Some((*mode, *uid, *gid)),
    }
}

/// A checksum of each line with its end.
pub(super) fn sums(content: &[u8]) -> Vec<String> {
    lines(content).into_iter().map(sum).collect()
}

fn sum(line: &[u8]) -> String {
    let mut sum = sha256(line);
    sum.truncate(SUM);
    sum
}

fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').take(LINES).collect()
}

/// The lines of those accounts go back that the run changed and nobody else since.
fn accounts_back(was: &[u8], left: &[String], now: &[u8], force: bool) -> Option<Vec<u8>> {
    let name = |line: &[u8]| line.split(|byte| *byte == b':').next().map(<[u8]>::to_vec);
    let left: BTreeSet<&String> = left.iter().collect();
    let ours = lines(was).into_iter().filter(|line| !left.contains(&sum(line)));
    let ours: BTreeMap<_, _> = ours.filter_map(|line| Some((name(line)?, line))).collect();
    let mut seen = BTreeSet::new();
    let mut back = Vec::with_capacity(now.len());
    for line in lines(now) {
        let account = name(line).filter(|name| ours.contains_key(name));
        let Some(before) = account.as_ref().and_then(|name| ours.get(name)) else {
            back.extend(line);
            continue;
        };
        let untouched = left.contains(&sum(line)) || line == *before;
        // Of two lines of one account nobody knows which is meant.
        if !(force || untouched) || !seen.insert(account) {
            return None;
        }
        back.extend(*before);
    }
    Some(back)
}

/// Joins both ways from what the run left: to what was before it, and to what is there now.
fn lines_back(was: &[u8], left: &[String], now: &[u8]) -> Option<Vec<u8>> {
    let (was, now) = (lines(was), lines(now));
    let ways = |to: &[&[u8]]| {
        let sums: Vec<String> = to.iter().map(|line| sum(line)).collect();
        // As many lines for as many: each for itself, for neighbours may be of different hands.
        let single = |(from, new): (Range<usize>, Range<usize>)| match from.len() == new.len() {
            true => from.zip(new).map(|(from, new)| (from..from + 1, new..new + 1)).collect(),
            false => vec![(from, new)],
        };
        let ranges = changed_ranges(left, &sums).into_iter().flat_map(single);
        ranges.filter_map(|(from, new)| Some((from, to.get(new)?.concat()))).collect::<Vec<_>>()
    };
    let theirs = ways(&now);
    let mut all = theirs.clone();
    for ours in ways(&was) {
        if theirs.contains(&ours) {
            continue;
        }
        if theirs.iter().any(|(range, _)| overlap(range, &ours.0)) {
            return None;
        }
        all.push(ours);
    }
    all.sort_by_key(|(range, _)| (range.start, range.end));
    // What is unchanged is in both; its bytes are taken from there.
    let known: BTreeMap<String, &[u8]> = was.iter().chain(&now).map(|line| (sum(line), *line)).collect();
    let (mut back, mut at) = (Vec::<u8>::new(), 0);
    for (range, new) in all.into_iter().chain([(left.len()..left.len(), Vec::new())]) {
        for line in left.get(at..range.start)? {
            back.extend(*known.get(line)?);
        }
        // A last line without an end must not run into the next one.
        if !back.is_empty() && !back.ends_with(b"\n") && !new.is_empty() {
            return None;
        }
        back.extend(new);
        at = range.end;
    }
    Some(back)
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => one.start == other.start,
        (true, false) => other.start < one.start && one.start < other.end,
        (false, true) => one.start < other.start && other.start < one.end,
        (false, false) => one.start < other.end && other.start < one.end,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const SHADOW: &str = "/etc/shadow";

    fn file(content: &str) -> Was {
        let modified = Timestamp::UNIX_EPOCH;
        Was::File { content: Secret::new(content), mode: 0o640, uid: 0, gid: 42, modified }
    }

    fn back(path: &str, was: &str, left: &str, now: &str, force: bool) -> Option<String> {
        let mut behind = LeftBehind::default();
        behind.note(Path::new(path), &file(was), &file(left), true);
        let content = part(Path::new(path), path == SHADOW, &file(was), &file(now), &behind, force)?;
        Some(String::from_utf8(content).unwrap())
    }

    #[test]
    fn one_value_goes_back_and_what_others_changed_in_the_file_stays() {
        let path = "/etc/ngcp-config/config.yml";
        let go = |now| back(path, "a: 1\nb: 2\nc: 3\n", "a: 9\nb: 2\nc: 3\n", now, false);
        assert_eq!(go("a: 9\nb: 5\nc: 3\nd: 4\n").unwrap(), "a: 1\nb: 5\nc: 3\nd: 4\n");
        assert_eq!(go("z: 0\na: 9\nc: 3\n").unwrap(), "z: 0\na: 1\nc: 3\n");
        assert_eq!(go("a: 1\nb: 5\nc: 3\n").unwrap(), "a: 1\nb: 5\nc: 3\n", "gone already");
        assert_eq!(go("a: 7\nb: 2\nc: 3\n"), None, "the very value was changed again");
        assert_eq!(go("").as_deref(), None);
        assert_eq!(back(path, "a\nb", "a\nb\nours\n", "a\nb\nours\ntheirs\n", false), None, "no end of line");
    }

    #[test]
    fn shadow_goes_back_by_account_and_new_accounts_are_never_lost() {
        let was = "root:old:1:\nbin:*:1:\nsip:x:1:\n";
        let left = "root:new:2:\nbin:*:1:\nsip:!x:1:\n";
        let go = |now, force| back(SHADOW, was, left, now, force);
        let joined = "sip:!x:1:\nanna:hash:9:\nroot:new:2:\nbin:!:3:\n";
        assert_eq!(go(joined, false).unwrap(), "sip:x:1:\nanna:hash:9:\nroot:old:1:\nbin:!:3:\n");
        let changed = "root:theirs:3:\nbin:*:1:\nsip:!x:1:\nanna:hash:9:\n";
        assert_eq!(go(changed, false), None);
        assert_eq!(go(changed, true).unwrap(), "root:old:1:\nbin:*:1:\nsip:x:1:\nanna:hash:9:\n");
        assert_eq!(go("bin:*:1:\n", false).unwrap(), "bin:*:1:\n", "an account that is gone stays gone");
        assert_eq!(go("root:new:2:\nroot:new:2:\n", true), None);
    }
}
