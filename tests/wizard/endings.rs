//! How a run ended, in words that hold: what stands, what was taken back, why, and what is still to be applied.

use ngcp_warden::{
    plan::{Outcome, Plan},
    runner::{Event, NotKept, RunOutcome},
    wizard::{Screen, model::Mode},
};

use crate::support::{Desk, plan};

/// A run of three changes: the first stands, the second fails for this reason, the third is not tried.
fn failed_because(reason: &str, undone: Outcome) -> Desk {
    ended(reason, None, undone)
}

/// As it is recorded when a guarded change was not kept.
fn not_kept(why: NotKept) -> Desk {
    ended(why.words(), Some(why), Outcome::Done)
}

fn ended(reason: &str, not_kept: Option<NotKept>, undone: Outcome) -> Desk {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    let changes = |plan: Plan| plan.changes.into_iter().map(|change| change.id).collect::<Vec<_>>();
    let [first, second] = &changes(plan())[..] else { panic!() };
    desk.change_ends(first, Outcome::Done);
    desk.record(Event::Before { change: second.clone() });
    desk.record(Event::After {
        change: second.clone(),
        outcome: Outcome::Failed,
        message: reason.to_owned(),
        diff: String::new(),
        took: 1,
        not_kept,
    });
    desk.record(Event::Undone { change: second.clone(), outcome: undone, message: "as saved".to_owned() });
    desk.run_ends(RunOutcome::Failed);
    desk.press("ENTER");
    assert_eq!(desk.model.screen, Screen::Result);
    desk
}

#[test]
fn what_was_taken_back_on_request_is_no_failure_and_is_counted() {
    let words = not_kept(NotKept::Reverted).words();
    assert!(words.contains("You took Passwords back: 1 change undone, 1 stay."), "{words}");
    assert!(!words.to_lowercase().contains("failed"), "{words}");
    let words = not_kept(NotKept::Unconfirmed).words();
    assert!(words.contains("Nobody confirmed Passwords in time: 1 change undone, 1 stay."), "{words}");
    let words = not_kept(NotKept::Overtaken).words();
    assert!(words.contains("Passwords was no longer in force when it was confirmed: 1 change"), "{words}");
    // A program that prints the same words does not pass for it.
    let words = failed_because(NotKept::Reverted.words(), Outcome::Done).words();
    assert!(words.contains("\"set cdr\" failed"), "{words}");
}

#[test]
fn the_reason_of_a_failure_is_on_the_result_page_whole_also_when_it_was_taken_back() {
    let reason = format!("build: line 7: no such key\n{}the very end", "a long message ".repeat(40));
    let words = failed_because(&reason, Outcome::Done).words();
    assert!(words.contains("\"set cdr\" failed: 1 change undone, 1 stay."), "{words}");
    assert!(words.contains("build: line 7: no such key") && words.contains("the very end"), "{words}");
    assert!(!words.contains("completed steps stay"), "{words}");
}

#[test]
fn what_could_not_be_taken_back_is_not_said_to_be() {
    let words = failed_because("broken", Outcome::Failed).words();
    assert!(words.contains("0 changes undone, 1 NOT taken back, 1 stay"), "{words}");
    assert!(words.contains("NOT taken back: as saved"), "{words}");
}

/// Clients need a new password only when it was set and stayed so.
#[test]
fn reminders_of_a_change_that_does_not_stand_are_not_told() {
    for (outcome, undone, told) in [
        (Outcome::Done, None, true),
        (Outcome::Done, Some(Outcome::Done), false),
        (Outcome::Done, Some(Outcome::Failed), true),
        (Outcome::Failed, None, false),
        (Outcome::Skipped, None, false),
    ] {
        let mut desk = Desk::ready(Mode::Maintenance);
        let mut plan = plan();
        plan.generated.clear();
        plan.changes.truncate(1);
        plan.changes[0].reminder = Some("Tell every client.".to_owned());
        desk.press("s SPACE F10");
        desk.planned(plan.clone());
        assert!(desk.words().contains("Tell every client."), "announced at the review");
        desk.press("a UP ENTER");
        desk.begins(plan);
        desk.change_ends("passwords.root", outcome);
        if let Some(outcome) = undone {
            let change = "passwords.root".to_owned();
            desk.record(Event::Undone { change, outcome, message: String::new() });
        }
        desk.run_ends(RunOutcome::Failed);
        desk.press("ENTER");
        assert_eq!(desk.words().contains("Tell every client."), told, "{outcome:?} {undone:?}");
    }
}

/// A step that needed no change was walked through and is settled as well.
#[test]
fn after_a_whole_run_nothing_is_said_to_be_left() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("s SPACE DOWN SPACE DOWN SPACE F10");
    let mut only_passwords = plan();
    only_passwords.generated.clear();
    desk.planned(only_passwords.clone());
    desk.press("a UP ENTER");
    desk.begins(only_passwords);
    desk.change_ends("passwords.root", Outcome::Done);
    desk.change_ends("passwords.cdr", Outcome::Done);
    desk.run_ends(RunOutcome::Done);
    desk.press("q");
    assert_eq!(desk.model.exit, Some(0), "nothing is asked: {}", desk.words());
}

#[test]
fn leaving_names_what_is_answered_and_not_applied() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("s DOWN DOWN ENTER RIGHT ESC q");
    let words = desk.words();
    assert!(words.contains("Answered and not applied: Access times."), "{words}");
}
