//! What is told of a run agrees with its host.

use ngcp_warden::{
    executor::{Attributes, System},
    plan::{Action, Plan, Template, Undo},
    runner::{RunOutcome, Runs, Standing, assess},
    secret::Secrets,
};

use crate::tree::{self, change, line, snapshot, task};

/// As with the keys of an SSH server: removed, made anew, and then the run failed.
#[test]
fn a_file_that_was_removed_and_made_anew_and_taken_back_is_as_before() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    tree::build(root);
    let before = snapshot(root);
    let path = "/etc/motd".into();
    let attributes = Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None };
    let make = Action::Write { path, content: Template::text("new\n"), attributes };
    let changes = vec![
        change("a", "gone", Action::Remove { path: "/etc/motd".into() }, Undo::Files),
        change("a", "made", make, Undo::Files),
        line("a", "fails", "/etc/issue", Some("nobody wrote this"), Some("x")),
    ];
    let plan = Plan { changes, ..Plan::default() };
    assert_eq!(tree::here(&task(root, plan), &Secrets::default()).unwrap(), RunOutcome::Failed);
    assert_eq!(tree::difference(&before, &snapshot(root)), [""; 0]);
    let runs = Runs::open(root).unwrap();
    let told = assess(&runs, &runs.find(None).unwrap(), &System::below(root).unwrap()).unwrap();
    let stands: Vec<Standing> = told.changes.into_iter().map(|change| change.stands).collect();
    assert_eq!(stands, [Standing::Before, Standing::Before, Standing::NotBegun]);
}
