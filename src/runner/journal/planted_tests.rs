use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
};

use rustix::fs::FileType;

use super::{
    tests::{end, now, runs},
    *,
};
use crate::{
    runner::{Control, SavedFile, Was, guard},
    secret::Secret,
};

/// One way to plant something at a path, what is told of it, and whether a directory can be that, too.
type Planted = (&'static str, fn(&Path), &'static str);

const PLANTED: &[Planted] = &[
    (
        "owner",
        |path| chown(path, Some(65_534), None).unwrap(),
        "belongs to uid 65534; remove it or give it to root",
    ),
    ("written by all", |path| mode(path, 0o606), "is open to others (mode 0606)"),
    ("read by a group", |path| mode(path, 0o740), "is open to others (mode 0740)"),
    ("link", |path| symlink(aside(path), path).unwrap(), "is a link; remove it"),
    ("pipe", |path| node(path, FileType::Fifo), "is a pipe; remove it"),
    ("device", |path| node(path, FileType::CharacterDevice), "is a device; remove it"),
];

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Moves what is there aside, where it stays as trustworthy as it was.
fn aside(path: &Path) -> PathBuf {
    let state = path.ancestors().find(|dir| dir.ends_with("ngcp-warden")).unwrap();
    let aside = state.with_file_name(format!("aside-{}", path.file_name().unwrap().display()));
    let _ = fs::rename(path, &aside);
    aside
}

fn node(path: &Path, kind: FileType) {
    aside(path);
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, 0o600.into(), rustix::fs::makedev(5, 1)).unwrap();
}

/// A host with three finished runs, of which each has every piece there is; the second is the one to plant in.
fn three_runs(root: &Path) -> (Runs, Vec<String>) {
    let runs = runs(root);
    let mut names = Vec::new();
    for _ in 0..3 {
        let (run, mut journal) = runs.create(now()).unwrap();
        let content = Secret::new("kept");
        let was = Was::File { content, mode: 0o600, uid: 0, gid: 0, modified: now() };
        let file = SavedFile { path: "/etc/x".into(), was, expected: None };
        journal.save("a.1", &Saved { files: vec![file], ..Saved::default() }).unwrap();
        journal.left("a.1", &LeftBehind::default()).unwrap();
        journal.record(now(), started(&run)).unwrap();
        journal.record(now(), end()).unwrap();
        for wish in ["guard.json", "keep", "revert", "stop"] {
            durable(&runs.dir(&run).join(wish), b"{}").unwrap();
        }
        names.push(run);
    }
    (runs, names)
}

fn started(run: &str) -> Event {
    Event::Started {
        run: run.to_owned(),
        host: "h".into(),
        operator: "root".into(),
        plan: Box::default(),
        findings: vec![],
        undoes: None,
    }
}

/// The pieces of a run, below its directory; the directory itself is the first.
fn pieces(run: &Path) -> Vec<PathBuf> {
    let mut pieces = vec![PathBuf::new(), "saved".into()];
    for (dir, name) in [("", ""), ("saved", "saved/")] {
        let entries = fs::read_dir(run.join(dir)).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        pieces.extend(
            files.map(|entry| PathBuf::from(format!("{name}{}", entry.file_name().to_str().unwrap()))),
        );
    }
    assert!(pieces.len() >= 12, "{pieces:?}");
    pieces
}

#[test]
fn what_was_planted_in_a_run_is_told_and_the_others_stay_as_they_are() {
    let root = tempfile::tempdir().unwrap();
    let (runs, names) = three_runs(root.path());
    let count = pieces(&runs.dir(&names[1])).len();
    for n in 0..count {
        for (how, plant, told) in PLANTED {
            let root = tempfile::tempdir().unwrap();
            let (runs, names) = three_runs(root.path());
            let run = runs.dir(&names[1]);
            let piece = pieces(&run).remove(n);
            plant(&run.join(&piece).components().collect::<PathBuf>());
            let case = format!("{how}: {}", piece.display());

            let untrusted = runs.untrusted();
            let named: Vec<_> = untrusted.iter().map(|(name, _)| name.as_str()).collect();
            assert!(named.contains(&names[1].as_str()), "{case}: {untrusted:?}");
            let why = &untrusted.iter().find(|(name, _)| *name == names[1]).unwrap().1;
            let what = if piece.as_os_str().is_empty() { "directory" } else { piece.to_str().unwrap() };
            assert!(
                why.starts_with(&format!("run {} is not trusted: its {what} ", names[1])),
                "{case}: {why}"
            );
            assert!(why.contains(told), "{case}: {why}");
            for wanted in [names[1].as_str(), "2"] {
                assert_eq!(runs.find(Some(wanted)).unwrap_err().to_string(), *why, "{case}");
            }
            // What is read is refused by itself as well: nobody can put it there after the look.
            let told =
                |error: Option<String>| assert!(error.is_some_and(|e| e.contains("not trusted")), "{case}");
            let first = piece.components().next();
            if piece.as_os_str().is_empty() || piece.ends_with("journal") {
                told(runs.history(&names[1]).err().map(|e| e.to_string()));
                told(runs.state(&names[1]).err().map(|e| e.to_string()));
                told(runs.follow(&names[1]).err().map(|e| e.to_string()));
                told(runs.reopen(&names[1]).err().map(|e| format!("{e:#}")));
            } else if piece.ends_with("saved") {
                told(runs.reopen(&names[1]).err().map(|e| format!("{e:#}")));
            }
            if first.is_none_or(|first| first.as_os_str() == "saved") {
                let kept = runs.saved(&names[1], "a.1").err().or(runs.left(&names[1], "a.1").err());
                told(kept.map(|e| e.to_string()));
            }

            for other in [&names[0], &names[2]] {
                assert_eq!(runs.find(Some(other)).unwrap(), *other, "{case}");
                assert_eq!(runs.state(other).unwrap(), State::Finished, "{case}");
                assert!(runs.saved(other, "a.1").unwrap().is_some(), "{case}");
            }
            assert_eq!(runs.find(None).unwrap(), names[2], "{case}");
            let listed: Vec<_> = runs.reports().into_iter().map(|(_, report)| report.run).collect();
            assert!(listed.contains(&names[0]) && listed.contains(&names[2]), "{case}: {listed:?}");
            assert_eq!(runs.create(now()).unwrap().0, "20270115-4", "{case}");
        }
    }
}

#[test]
fn what_is_larger_than_anything_this_program_writes_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let (runs, names) = three_runs(root.path());
    let run = runs.dir(&names[1]);
    for piece in pieces(&run).into_iter().filter(|piece| run.join(piece).is_file()) {
        let path = run.join(&piece);
        let before = fs::read(&path).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
        assert!(runs.find(Some("2")).unwrap_err().to_string().contains("is larger than"), "{piece:?}");
        let read = trusted::read(&run, &piece, trusted::NOTE).unwrap_err();
        assert!(read.to_string().contains("is larger than"), "{piece:?}: {read}");
        assert_eq!(runs.untrusted().len(), 1);
        assert_eq!(runs.reports().iter().filter(|(_, report)| report.run != names[1]).count(), 2);
        fs::write(&path, before).unwrap();
    }
    assert_eq!(runs.untrusted(), []);
    durable(&run.join("keep"), &vec![b'x'; 100_000]).unwrap();
    assert!(trusted::read(&run, "keep", trusted::NOTE).unwrap_err().to_string().contains("64 kB"));
}

#[test]
fn a_number_that_no_run_has_is_told_and_the_next_run_gets_the_next_number() {
    let root = tempfile::tempdir().unwrap();
    let (runs, names) = three_runs(root.path());
    let place = runs.dir("x").parent().unwrap().to_owned();
    let absurd =
        ["20261124-18446744073709551615", "20261124-99999999999999999999", "20261124-+7", "20261124-007"];
    for name in absurd {
        fs::create_dir(place.join(name)).unwrap();
        mode(&place.join(name), 0o700);
    }
    // Somebody else's with a number that could be, and one that lies in the way.
    for name in ["20261124-999999999", "20261124-4"] {
        fs::create_dir(place.join(name)).unwrap();
        chown(place.join(name), Some(65_534), None).unwrap();
    }
    symlink("nowhere", place.join("20270115-5")).unwrap();
    assert_eq!(runs.names(), names);
    assert_eq!(runs.find(None).unwrap(), names[2]);
    assert_eq!(runs.create(now()).unwrap().0, "20270115-6");
    let told: Vec<_> = runs.untrusted().into_iter().map(|(name, _)| name).collect();
    assert!(absurd.iter().all(|name| told.iter().any(|told| told == name)) && told.len() == 7, "{told:?}");
    for name in absurd {
        assert!(runs.find(Some(name)).unwrap_err().to_string().contains("no run has this number"), "{name}");
    }
}

#[test]
fn a_place_of_somebody_else_is_not_looked_at_and_one_that_stood_open_is_believed_piece_by_piece() {
    let root = tempfile::tempdir().unwrap();
    let (runs, names) = three_runs(root.path());
    let place = runs.dir("x").parent().unwrap().to_owned();
    let parent = place.parent().unwrap();
    for dir in [parent, &place] {
        chown(dir, Some(65_534), None).unwrap();
        assert!(Runs::look(root.path()).unwrap_err().to_string().contains("not a directory of root"));
        assert!(Runs::open(root.path()).is_err());
        chown(dir, Some(0), None).unwrap();
        mode(dir, 0o777);
    }
    mode(&runs.dir(&names[0]).join("journal"), 0o666);
    for runs in [Runs::look(root.path()).unwrap(), Runs::open(root.path()).unwrap()] {
        assert_eq!(runs.names(), names[1..]);
        assert_eq!(runs.untrusted().len(), 1);
    }
    assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_lies_where_a_new_file_goes_is_neither_waited_for_nor_written_into() {
    let root = tempfile::tempdir().unwrap();
    let (runs, names) = three_runs(root.path());
    let run = runs.dir(&names[2]);
    fs::remove_file(run.join("stop")).unwrap();
    node(&run.join("stop.new"), FileType::Fifo);
    runs.stop(&names[2]).unwrap();
    assert!(trusted::has(&run, "stop"));
    node(&run.parent().unwrap().join(".new"), FileType::Fifo);
    assert_eq!(runs.create(now()).unwrap().0, "20270115-4");
}

#[test]
fn a_wish_or_a_countdown_that_somebody_planted_is_none() {
    for (how, plant, told) in PLANTED {
        let root = tempfile::tempdir().unwrap();
        let (runs, names) = three_runs(root.path());
        let run = runs.dir(&names[2]);
        let control = Control::default().listening(Some(&run));
        durable(&run.join("keep"), b"a.1").unwrap();
        let wishes = || [control.is_kept("a.1"), control.is_reverting(), control.is_stopping()];
        assert_eq!(wishes(), [true; 3]);
        for wish in ["keep", "revert", "stop", "guard.json"] {
            plant(&run.join(wish));
        }
        assert_eq!(wishes(), [false; 3], "{how}");
        let refused = guard::revert(&runs, &names[2]).unwrap_err().to_string();
        assert!(refused.contains("its guard.json ") && refused.contains(told), "{how}: {refused}");
        plant(&run);
        let refused = runs.stop(&names[2]).unwrap_err().to_string();
        assert!(refused.contains("its directory ") && refused.contains(told), "{how}: {refused}");
    }
}
