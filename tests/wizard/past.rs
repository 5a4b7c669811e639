//! Runs of earlier sessions: attached to, gone on with, taken back, left.

use ngcp_warden::{
    finding::{Severity, Status},
    plan::{Foreign, Outcome, Plan},
    runner::RunOutcome,
    secret::Secrets,
    wizard::{
        Effect, Failure, Message, Screen,
        model::{HostCard, Mode, OpenRun},
    },
};

use crate::support::{CANARY, Desk, STEPS, finding, plan};

const RUN: &str = "20261122-7";

/// A wizard that meets a run of an earlier session.
fn meets(alive: bool) -> Desk {
    let mut desk = Desk::new(Mode::Maintenance);
    desk.take_effects();
    desk.tell(card(Some(alive)));
    desk
}

fn card(alive: Option<bool>) -> Message {
    let open_run = alive.map(|alive| OpenRun {
        run: RUN.to_owned(),
        about: "2 changes, begun by root from 10.0.0.9".to_owned(),
        alive,
        changes: vec![
            ("set root".to_owned(), "done".to_owned()),
            ("set cdr".to_owned(), "not begun".to_owned()),
        ],
    });
    Message::HostSeen(Box::new(HostCard { open_run, ..HostCard::default() }))
}

fn starts(desk: &mut Desk) {
    desk.tell(Message::RunStarted(RUN.to_owned()));
}

/// The going on that is asked for, before what it needs is made up.
fn goes_on(effects: &[Effect]) -> (&str, &Secrets) {
    let Some(Effect::MakeUp(start)) = effects.last() else { panic!("{effects:?}") };
    let Effect::ContinueRun { run, secrets } = &**start else { panic!("{effects:?}") };
    (run, secrets)
}

/// A dropped link: the next start shows the run by itself, and leaving again does not stop it.
#[test]
fn a_run_that_is_alive_is_attached_to_by_itself() {
    let mut desk = meets(true);
    assert_eq!(desk.take_effects(), [Effect::Attach(RUN.to_owned())]);
    starts(&mut desk);
    assert_eq!(desk.model.screen, Screen::Run);
    desk.tell(card(Some(true)));
    assert_eq!(desk.effects, [], "once");
    desk.press("q");
    assert!(desk.words().contains("Leave, the run goes on / Stay"), "{}", desk.words());
}

#[test]
fn somebody_who_has_begun_something_is_not_torn_away_by_a_run() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER ENTER");
    desk.tell(card(Some(true)));
    assert_eq!(desk.effects, []);
    assert_eq!(desk.step(), "passwords");
    desk.press("ESC ESC a");
    assert_eq!(desk.effects.last(), Some(&Effect::Attach(RUN.to_owned())));
}

#[test]
fn a_run_that_was_cut_off_is_accounted_for_and_can_be_gone_on_with() {
    let mut desk = meets(false);
    assert_eq!(desk.model.screen, Screen::CutOff);
    let words = desk.words();
    assert!(words.contains("set root  done") && words.contains("not begun"), "{words}");
    desk.press("c ENTER");
    assert_eq!(desk.effects, [], "the harmless outcome has the focus");
    desk.press("c UP ENTER");
    assert_eq!(goes_on(&desk.effects).0, RUN);
    desk.tell(Message::RunRefused(Failure::new("passwords.root.password is missing")));
    assert!(desk.words().contains("is missing"), "{}", desk.words());
    desk.press("ESC c UP ENTER");
    desk.made_up();
    assert!(desk.words().contains(CANARY), "made up anew, to be noted first");
    desk.press("ENTER UP ENTER");
    assert!(matches!(desk.effects.last(), Some(Effect::ContinueRun { run, .. }) if run == RUN));
    starts(&mut desk);
    assert_eq!(desk.model.screen, Screen::Run);
}

/// The password that the run still needs is typed in its step and goes along.
#[test]
fn going_on_takes_the_passwords_that_were_typed() {
    let mut desk = meets(false);
    desk.press("b");
    desk.found("passwords", vec![finding("passwords", Severity::High, Status::Fail, "Root")]);
    desk.press("ENTER ENTER RIGHT TAB");
    desk.paste(CANARY);
    desk.press("TAB");
    desk.paste(CANARY);
    desk.press("ESC ESC a c UP ENTER");
    let effects = desk.take_effects();
    let (_, secrets) = goes_on(&effects);
    assert!(secrets.get("passwords.root.password").is_some());
    assert!(!format!("{effects:?}").contains("canary"));
}

#[test]
fn a_run_that_was_cut_off_can_be_left_as_it_is() {
    let mut desk = meets(false);
    desk.press("d UP ENTER");
    assert_eq!(desk.effects, [Effect::LeaveRun(RUN.to_owned())]);
    desk.tell(card(None));
    assert_eq!(desk.model.screen, Screen::Overview);
}

/// Two people undo, or edit since: what changed after the run is shown and needs a yes.
#[test]
fn taking_back_shows_its_own_plan_and_asks_before_overwriting() {
    let mut desk = meets(false);
    desk.press("u");
    let ticket = desk.model.review.ticket;
    assert_eq!(desk.take_effects(), [Effect::PlanUndo { ticket, run: RUN.to_owned() }]);
    let foreign = Foreign {
        files: vec!["/etc/fstab".to_owned()],
        diff: "-mine\n+theirs\n".to_owned(),
        ..Foreign::default()
    };
    let dirty = Plan { foreign: Some(foreign), generated: vec![], ..plan() };
    desk.planned(dirty.clone());
    assert!(desk.words().contains("Take back run 20261122-7"), "{}", desk.words());
    desk.press("UP UP UP ENTER");
    assert!(desk.words().contains("+theirs"));
    desk.press("b a");
    assert!(desk.words().contains("Overwrite them / Look first"), "{}", desk.words());
    desk.press("ENTER c a UP ENTER");
    let expected =
        Effect::StartUndo { run: RUN.to_owned(), plan: std::sync::Arc::new(dirty), overwrite: true };
    assert_eq!(desk.effects, [expected]);
}

#[test]
fn a_run_of_this_session_is_taken_back_from_its_result() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    desk.change_ends("passwords.root", Outcome::Done);
    desk.change_ends("passwords.cdr", Outcome::Done);
    desk.run_ends(RunOutcome::Done);
    desk.press("ENTER u");
    assert!(matches!(desk.effects.last(), Some(Effect::PlanUndo { run, .. }) if run == RUN_HERE));
    // Findings that arrive do not wipe it, another look at the answers does.
    desk.planned(Plan { generated: vec![], ..plan() });
    for step in STEPS {
        desk.found(step.about().id.as_str(), vec![]);
    }
    assert!(desk.words().contains("Take back run"), "{}", desk.words());
    desk.press("u");
    assert!(desk.words().contains("Take back run"), "a run is taken back whole: {}", desk.words());
    desk.press("ESC F10");
    assert!(!desk.words().contains("Take back"), "{}", desk.words());
}

const RUN_HERE: &str = "20261122-1";
