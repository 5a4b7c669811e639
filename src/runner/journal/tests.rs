use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use jiff::Timestamp;

use super::*;
use crate::{
    plan::{Left, Outcome},
    runner::{RunOutcome, SavedFile, Was},
    secret::Secret,
};

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn event(n: u64) -> Event {
    Event::After {
        change: format!("a.{n}"),
        outcome: Outcome::Done,
        message: "seen".into(),
        diff: String::new(),
        took: n,
        not_kept: None,
    }
}

pub(super) fn end() -> Event {
    Event::Finished { outcome: RunOutcome::Done, findings: vec![], report: None }
}

pub(super) fn runs(root: &Path) -> Runs {
    fs::create_dir_all(root.join("var/lib")).unwrap();
    Runs::open(root).unwrap()
}

#[test]
fn copies_come_back_as_they_were_and_an_altered_one_is_not_trusted_f83() {
    let root = tempfile::tempdir().unwrap();
    let (run, mut journal) = runs(root.path()).create(now()).unwrap();
    let content = Secret::new(b"root:$6$x\0\xff".to_vec());
    let was = Was::File { content, mode: 0o640, uid: 1, gid: 2, modified: now() };
    let made = |name: &str, text: &str| {
        let content = Secret::new(text.as_bytes().to_vec());
        let was = Was::File { content, mode: 0o444, uid: 0, gid: 0, modified: now() };
        SavedFile { path: name.into(), was, expected: None }
    };
    let saved = Saved {
        files: vec![
            SavedFile { path: "/etc/shadow".into(), was, expected: Some(Left::File("00".into())) },
            SavedFile { path: "/etc/none".into(), was: Was::Absent, expected: None },
        ],
        captured: Some(Secret::new("rows")),
        noted: BTreeSet::from(["ssh.service".to_owned()]),
        generated: vec![made("/etc/a", "first"), made("/etc/b", ""), made("/etc/c", "last")],
    };
    journal.save("../../a/b", &saved).unwrap();
    assert_eq!(journal.saved("../../a/b").unwrap(), Some(saved));
    assert_eq!(journal.saved("other").unwrap(), None);
    let kept = runs(root.path()).dir(&run).join("saved");
    for entry in fs::read_dir(&kept).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        if entry.file_name().to_str().unwrap().ends_with("file0") {
            fs::write(entry.path(), "forged").unwrap();
        }
    }
    assert!(journal.saved("../../a/b").unwrap_err().to_string().contains("altered"));
}

#[test]
fn a_torn_last_line_is_dropped_and_a_damaged_middle_is_told_f83() {
    let root = tempfile::tempdir().unwrap();
    let runs = runs(root.path());
    let (run, mut journal) = runs.create(now()).unwrap();
    for n in 1..=3 {
        journal.record(now(), event(n)).unwrap();
    }
    drop(journal);
    let path = runs.dir(&run).join("journal");
    let whole = fs::read(&path).unwrap();
    let second = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let history = runs.history(&run).unwrap();
        let ends = whole[..cut].iter().filter(|b| **b == b'\n').count();
        assert_eq!((history.records.len(), history.damaged), (ends, false), "cut at {cut}");
    }
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    assert!(runs.history(&run).unwrap().torn);
    assert_eq!(runs.state(&run).unwrap(), State::CutOff);
    let (mut journal, history) = runs.reopen(&run).unwrap();
    assert_eq!(history.records.len(), 2);
    journal.record(now(), event(9)).unwrap();
    drop(journal);
    assert_eq!(runs.history(&run).unwrap().records.len(), 3);

    let mut damaged = whole.clone();
    damaged[second + 30] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let history = runs.history(&run).unwrap();
    assert_eq!((history.records.len(), history.damaged), (1, true));
    assert!(runs.reopen(&run).unwrap_err().to_string().contains("damaged"));
}

#[test]
fn a_follower_sees_every_record_once_and_knows_how_it_ended() {
    let root = tempfile::tempdir().unwrap();
    let runs = runs(root.path());
    let (run, mut journal) = runs.create(now()).unwrap();
    let mut follower = runs.follow(&run).unwrap();
    assert_eq!(follower.poll().unwrap(), Followed::Nothing);
    journal.record(now(), event(1)).unwrap();
    assert!(matches!(follower.poll().unwrap(), Followed::Record(record) if record.number == 1));
    drop(journal);
    assert_eq!(follower.poll().unwrap(), Followed::CutOff);

    let path = runs.dir(&run).join("journal");
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"sum\":\"half a line").unwrap();
    assert_eq!(follower.poll().unwrap(), Followed::CutOff);
    let (mut journal, _) = runs.reopen(&run).unwrap();
    journal.record(now(), event(2)).unwrap();
    journal.record(now(), end()).unwrap();
    drop(journal);
    assert_eq!(follower.wait().unwrap().map(|record| record.number), Some(2));
    assert_eq!(follower.wait().unwrap().map(|record| record.number), Some(3));
    assert_eq!(follower.wait().unwrap(), None);
    assert_eq!(follower.poll().unwrap(), Followed::Finished);
}

#[test]
fn names_follow_each_other_even_when_the_clock_jumps_back_a_year_f79() {
    let root = tempfile::tempdir().unwrap();
    let runs = runs(root.path());
    let (first, _) = runs.create(now()).unwrap();
    let (second, _) = runs.create(Timestamp::from_second(1_768_464_000).unwrap()).unwrap();
    assert_eq!([first.as_str(), second.as_str()], ["20270115-1", "20260115-2"]);
    assert_eq!(runs.names(), [first, second.clone()]);
    assert_eq!(runs.find(None).unwrap(), second);
    assert_eq!(runs.find(Some("2")).unwrap(), second);
    assert!(runs.find(Some("3")).is_err());
}

#[test]
fn old_runs_are_forgotten_but_never_one_that_was_cut_off() {
    let root = tempfile::tempdir().unwrap();
    let runs = runs(root.path());
    let (cut_off, _) = runs.create(now()).unwrap();
    for _ in 0..105 {
        let (_, mut journal) = runs.create(now()).unwrap();
        journal.record(now(), end()).unwrap();
    }
    let names = runs.names();
    assert_eq!(names.len(), 102);
    assert_eq!(names[0], cut_off);
    let later = Timestamp::from_second(1_900_000_000).unwrap();
    runs.create(later).unwrap();
    assert_eq!(runs.names().len(), 12);
}

#[test]
fn a_place_that_is_a_link_or_open_to_others_is_refused_or_closed_f63() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("var/lib")).unwrap();
    let place = root.path().join("var/lib/ngcp-warden");
    symlink(elsewhere.path(), &place).unwrap();
    assert!(Runs::open(root.path()).is_err());
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
    Runs::open(root.path()).unwrap();
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
    fs::remove_dir_all(&place).unwrap();
    fs::remove_dir(root.path().join("var/lib")).unwrap();
    symlink(elsewhere.path(), root.path().join("var/lib")).unwrap();
    assert!(Runs::open(root.path()).is_err(), "out of the root");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn progress_is_told_to_who_follows_makes_the_journal_no_longer_and_is_gone_at_the_end() {
    use crate::runner::{Progress, Unit};
    let root = tempfile::tempdir().unwrap();
    let runs = runs(root.path());
    let (run, mut journal) = runs.create(now()).unwrap();
    let progress = |done| Event::Progress {
        change: "a.1".into(),
        progress: Progress { unit: Unit::Bytes, done, total: Some(1_000_000) },
    };
    journal.record(now(), Event::Before { change: "a.1".into() }).unwrap();
    let mut follower = runs.follow(&run).unwrap();
    let mut next = || match follower.poll().unwrap() {
        Followed::Record(record) => Some(record.event),
        _ => None,
    };
    assert_eq!(next(), Some(Event::Before { change: "a.1".into() }));
    let length = || fs::metadata(runs.dir(&run).join("journal")).unwrap().len();
    let before = length();
    // Shorter lines follow longer ones, too.
    for done in (1..=5000).rev() {
        journal.record(now(), progress(done)).unwrap();
    }
    assert_eq!(length(), before);
    assert_eq!((next(), next()), (Some(progress(1)), None), "the newest, once");
    journal.record(now(), event(1)).unwrap();
    journal.record(now(), end()).unwrap();
    assert_eq!((next(), next()), (Some(event(1)), Some(end())));
    let numbers: Vec<u64> = runs.history(&run).unwrap().records.iter().map(|record| record.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(!runs.dir(&run).join("progress").exists());
}
