//! Earlier runs: a list, one in full, taking one back with open eyes, and all of it in the demo as well.

use std::sync::Arc;

use ngcp_warden::{
    effects::{HostEffects, runs::Site},
    executor::System,
    finding::{Finding, Severity, Status},
    plan::Outcome,
    runner::{Event, Record, Report, RunOutcome, State},
    wizard::{
        Effect, Failure, Message, Screen,
        model::{Mode, PastRun, ReviewPhase},
    },
};

use crate::{
    samples::wizard::Wizard,
    support::{Desk, finding, plan},
};

fn past(run: &str, undoes: Option<&str>, undone_by: Option<&str>) -> PastRun {
    let started = Event::Started {
        run: run.to_owned(),
        plan: Box::new(plan()),
        operator: "root, from 192.0.2.7".to_owned(),
        findings: vec![],
        undoes: undoes.map(str::to_owned),
        host: String::new(),
    };
    let after = Event::After {
        change: "passwords.root".to_owned(),
        outcome: Outcome::Failed,
        message: "chpasswd: cannot lock /etc/shadow".to_owned(),
        diff: String::new(),
        took: 3,
        not_kept: None,
    };
    let end = Event::Finished { outcome: RunOutcome::Failed, findings: vec![], report: None };
    let records: Vec<Record> = (1..)
        .zip([started, after, end])
        .map(|(number, event)| Record { number, at: jiff::Timestamp::UNIX_EPOCH, event })
        .collect();
    let report = Report::of(&records).unwrap();
    PastRun { state: State::Finished, report, undone_by: undone_by.map(str::to_owned) }
}

#[test]
fn earlier_runs_are_listed_and_each_tells_what_it_did() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("h");
    assert_eq!(desk.take_effects(), [Effect::LookAtRuns]);
    desk.tell(Message::RunsSeen(Err(Failure::new("disk is gone"))));
    assert!(desk.words().contains("disk is gone"), "{}", desk.words());
    let runs =
        vec![past("20261122-2", Some("20261122-1"), None), past("20261122-1", None, Some("20261122-2"))];
    desk.tell(Message::RunsSeen(Ok(runs.clone())));
    let words = desk.words();
    // It failed: nobody knows what it took back.
    assert!(words.contains("failed, was to take back"), "{words}");
    assert!(words.contains("taken back by 20261122-2"), "{words}");
    desk.press("DOWN ENTER");
    let words = desk.words();
    assert!(words.contains("chpasswd: cannot lock /etc/shadow"), "{words}");
    assert!(words.contains("root, from 192.0.2.7"), "{words}");
    // What was taken back already is not offered; the other one is.
    desk.press("u");
    assert_eq!(desk.take_effects(), []);
    desk.press("b UP ENTER u");
    let effects = desk.take_effects();
    let [Effect::PlanUndo { run, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((run.as_str(), desk.model.screen), ("20261122-2", Screen::Review));
    // The list comes anew: the selected run stays selected.
    desk.press("b");
    let newer = [vec![past("20261122-3", None, None)], runs].concat();
    desk.tell(Message::RunsSeen(Ok(newer)));
    assert_eq!(desk.model.past.selected().unwrap().report.run, "20261122-2");
    desk.tell(Message::RunsSeen(Ok(vec![])));
    assert_eq!(desk.model.screen, Screen::History, "that run is gone");
    assert!(desk.words().contains("No run was recorded"));
}

#[test]
fn taking_back_what_closed_a_door_says_so_and_suggests_not_to() {
    let root = |status| finding("passwords", Severity::Critical, status, "Root has the image's password");
    for (today, before, warns) in [(Status::Pass, Status::Fail, true), (Status::Fail, Status::Pass, false)] {
        let mut desk = Desk::ready(Mode::Maintenance);
        desk.found("passwords", vec![root(today)]);
        desk.tell(Message::RunsSeen(Ok(vec![past("20261122-1", None, None)])));
        desk.press("h u");
        let ticket = desk.model.review.ticket;
        let before: Vec<Finding> = vec![root(before)];
        let result = Ok(Arc::new(plan()));
        desk.tell(Message::UndoPlanned { ticket, result, before });
        assert_eq!(desk.words().contains("brings back what the run mended: hardening"), warns);
        assert_eq!(desk.words().contains("critical: Root has the image's password"), warns);
        desk.press("a");
        assert!(desk.words().contains("Take it back / Leave it as it is"), "{}", desk.words());
        desk.take_effects();
        desk.press("ENTER");
        assert_eq!(desk.effects, [], "Enter does the harmless thing");
    }
}

/// The whole circle on the sample host: applied, taken back, and found among the earlier runs.
#[test]
fn the_demo_keeps_its_runs_and_takes_them_back() {
    let mut wizard = Wizard::ready(Mode::Maintenance);
    let score = |wizard: &Wizard| ngcp_warden::finding::score(wizard.model.findings());
    let before = score(&wizard);
    wizard.press("Enter Space Down Down Down Space F10 a Up Enter Enter Up Enter");
    assert_eq!(wizard.model.run.as_ref().unwrap().outcome, Some(RunOutcome::Done));
    assert!(score(&wizard) > before);
    wizard.press("Enter u");
    assert!(matches!(&wizard.model.review.phase, ReviewPhase::Ready(plan) if !plan.is_empty()));
    wizard.press("a Up Enter");
    let run = wizard.model.run.as_ref().unwrap();
    // What the vendor's own program changed cannot be looked at when it is taken back.
    assert_eq!((run.outcome, run.undoes.is_some()), (Some(RunOutcome::Warning), true), "{run:#?}");
    assert_eq!(score(&wizard), before, "the host is as before");
    wizard.press("Enter h");
    let runs = wizard.model.past.known();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1].undone_by.as_deref(), Some(runs[0].report.run.as_str()));
    assert!(wizard.model.run.as_ref().unwrap().report.is_none(), "no path that is gone at the end is shown");
}

/// What is offered where something went wrong: the file that somebody who helps asks for.
#[test]
fn a_support_file_is_offered_with_the_result_and_the_earlier_runs() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    desk.change_ends("passwords.root", Outcome::Failed);
    desk.run_ends(RunOutcome::Failed);
    desk.press("ENTER");
    desk.take_effects();
    desk.press("w");
    assert_eq!(desk.take_effects(), [Effect::WriteBundle(Some("20261122-1".to_owned()))]);
    desk.press("h");
    desk.tell(Message::RunsSeen(Ok(vec![])));
    desk.take_effects();
    desk.press("w");
    assert_eq!(desk.take_effects(), [], "there is nothing to pack");
    desk.tell(Message::RunsSeen(Ok(vec![past("20261122-2", None, None), past("20261122-1", None, None)])));
    desk.press("w");
    assert_eq!(desk.take_effects(), [Effect::WriteBundle(None)]);
    desk.press("DOWN ENTER w");
    assert_eq!(desk.take_effects(), [Effect::WriteBundle(Some("20261122-1".to_owned()))]);
    desk.tell(Message::Written(Ok("/var/lib/ngcp-warden/bundle.tar.zst".to_owned())));
    assert_eq!(desk.model.notice.as_deref(), Some("Written: /var/lib/ngcp-warden/bundle.tar.zst"));
}

#[test]
fn the_support_file_is_written_to_the_host_and_the_demo_says_that_it_has_none() {
    let directory = tempfile::tempdir().unwrap();
    let host = Arc::new(System::below(directory.path()).unwrap());
    std::fs::create_dir_all(directory.path().join("var/lib")).unwrap();
    let effects = HostEffects::new(host, Site::Root(directory.path().to_owned()));
    let mut told = Vec::new();
    effects.carry_out(Effect::WriteBundle(None), &mut |message| told.push(message));
    let [Message::Written(Ok(path))] = &told[..] else { panic!("{told:?}") };
    let packed = std::fs::read(directory.path().join(path.trim_start_matches('/'))).unwrap();
    assert!(packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), "zstd");

    let mut wizard = Wizard::ready(Mode::Maintenance);
    wizard.press("Enter Space Down Down Space F10 a Up Enter Enter Up Enter Enter w");
    assert_eq!(wizard.model.notice.as_deref(), Some("Not written: runs of the demo end with it"));
}
