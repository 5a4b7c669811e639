//! A long job as a change: this program itself, run in the tree, and how far it is as the runner hears it.

use std::{fs, path::Path, process::Command as Process};

use ngcp_warden::{
    executor::System,
    plan::{Action, Plan, Undo},
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, Unit},
    secret::Secrets,
};

use crate::tree::{self, change, command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ngcp-warden");

/// The program, the libraries it loads and the devices it reads, in a tree.
fn install(root: &Path) {
    let put = |from: &Path, to: &Path| {
        let to = root.join(to.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, &to).unwrap();
        tree::make_executable(&to);
    };
    put(Path::new(PROGRAM), Path::new("/usr/bin/ngcp-warden"));
    let listed = Process::new("ldd").arg(PROGRAM).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for library in listed.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
        put(library, library);
    }
    for (name, minor) in [("random", "8"), ("urandom", "9")] {
        let made = Process::new("mknod").arg(root.join("dev").join(name)).args(["c", "1", minor]).status();
        assert!(made.unwrap().success());
    }
}

#[test]
fn a_bundle_made_by_a_run_tells_how_far_it_is() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    tree::build(root);
    install(root);
    let packed = "/srv/help.tar.zst";
    let run = Action::Run(command("ngcp-warden", &["bundle", "--to", packed]));
    let plan = Plan { changes: vec![change("a", "bundle", run, Undo::Nothing)], ..Plan::default() };
    // Heard from the runner itself: who follows from outside sees only the newest, and none of a job that is over.
    let order = Order { run: "test".to_owned(), plan, ..Order::default() };
    let (host, mut journal) = (System::below(root).unwrap(), MemoryJournal::default());
    runner::run(&order, &Secrets::default(), &host, &Ngcp, &mut journal, &Control::default()).unwrap();
    let (mut heard, mut printed) = (Vec::new(), Vec::new());
    for record in journal.records {
        match record.event {
            Event::Progress { progress, .. } => heard.push(progress),
            Event::Output { line, .. } => printed.push(line),
            _ => {}
        }
    }
    let last = heard.last().unwrap_or_else(|| panic!("{printed:?}"));
    assert!(last.unit == Unit::Bytes && last.done > 0 && last.total == Some(last.done), "{last:?}");
    assert!(heard.is_sorted_by_key(|progress| progress.done), "{heard:?}");
    assert_eq!(printed, [packed], "how far it is is no output");
    assert!(fs::metadata(root.join("srv/help.tar.zst")).unwrap().len() > 500);
}
