//! From answers to a plan, from a plan to a run, and what is left of it.

use std::sync::Arc;

use ngcp_warden::{
    plan::{Foreign, Guard, Outcome, Plan},
    runner::{Event, Progress, Record, RunOutcome, Unit},
    secret::Secret,
    wizard::{
        Effect, Failure, Message, Screen,
        model::{HostCard, Mode, ReviewPhase},
    },
};

use crate::support::{CANARY, Desk, STEPS, id, plan};

#[test]
fn the_plan_is_asked_for_with_the_answers_of_ticked_steps_only() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER DOWN DOWN ENTER RIGHT F10");
    let effects = desk.take_effects();
    let Some(Effect::MakePlan { ticket: 1, steps, .. }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].step, id("noatime"));
    assert_eq!(steps[0].answers.choice("mode").unwrap(), Some("leave"));
}

#[test]
fn a_step_with_problems_is_left_out_and_one_enter_from_being_mended() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    desk.press("ENTER ENTER RIGHT F10");
    let effects = desk.take_effects();
    let Some(Effect::MakePlan { steps, .. }) = effects.last() else { panic!("{effects:?}") };
    assert!(steps.iter().all(|step| step.step != id("passwords")), "not planned");
    assert!(desk.words().contains("left out until answered"), "{}", desk.words());
    desk.press("ENTER");
    assert_eq!(desk.step(), "passwords");
    assert_eq!(desk.model.steps[1].form.focused().unwrap().key, "root.password");
}

#[test]
fn an_answer_to_an_older_question_for_a_plan_is_ignored() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER SPACE F10 b SPACE SPACE F10");
    desk.tell(Message::Planned { ticket: 1, result: Ok(Arc::new(plan())) });
    assert_eq!(desk.model.review.phase, ReviewPhase::Making);
    desk.tell(Message::Planned { ticket: 2, result: Err(Failure::new("fstab has no root line")) });
    assert!(desk.words().contains("fstab has no root line"));
}

#[test]
fn a_changed_answer_voids_the_plan() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER ENTER F10");
    desk.press("b RIGHT F10");
    assert_eq!(desk.model.review.phase, ReviewPhase::Ready(Arc::default()), "the password is missing now");
}

#[test]
fn nothing_is_applied_without_being_asked_twice_nor_against_an_obstacle() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER SPACE F10");
    desk.planned(plan());
    desk.take_effects();
    desk.press("a ESC");
    assert_eq!(desk.effects, [], "Esc in the question changes nothing");
    desk.press("a RIGHT ENTER");
    assert_eq!(desk.effects, []);
    let card = HostCard { obstacle: Some("Applying needs root.".to_owned()), ..HostCard::default() };
    desk.tell(Message::HostSeen(Box::new(card)));
    desk.press("a");
    assert!(desk.model.dialog.is_none());
    assert_eq!(desk.model.notice.as_deref(), Some("Applying needs root."));
}

/// F02: silence takes more back than the one change that could cut off; the review says which.
#[test]
fn every_change_that_goes_back_on_silence_is_marked() {
    let mut guarded = plan();
    let mut lock = guarded.changes[0].clone();
    (lock.id, lock.step, lock.title) = ("access.lock".to_owned(), id("access"), "lock sipwise".to_owned());
    guarded.changes.insert(0, lock);
    guarded.changes[1].guard = Some(Guard { seconds: 60, what: "SSH".to_owned(), steps: vec![id("access")] });
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER SPACE F10");
    desk.planned(guarded);
    let line = |desk: &Desk, words: &str| {
        let all = desk.words();
        all.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {all}")).to_owned()
    };
    assert!(line(&desk, "taken back too unless kept").contains("1 change"), "{}", desk.words());
    desk.press("ENTER DOWN DOWN ENTER");
    for (change, marked) in [("lock sipwise", true), ("set root", true), ("set cdr", false)] {
        assert_eq!(line(&desk, change).contains("goes back unless kept"), marked, "{change}");
    }
}

/// F42: what somebody else left uncommitted is shown and needs a yes of its own.
#[test]
fn foreign_changes_need_a_yes_of_their_own() {
    let foreign = Foreign {
        files: vec!["templates/etc/x.tt2".to_owned()],
        diff: "-old\n+new\n".to_owned(),
        ..Foreign::default()
    };
    let dirty = Plan { foreign: Some(foreign), ..plan() };
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER SPACE F10");
    desk.planned(dirty.clone());
    desk.take_effects();
    desk.press("a ENTER");
    assert_eq!(desk.effects, [], "the harmless outcome has the focus");
    desk.press("UP UP ENTER");
    assert_eq!(desk.model.screen, Screen::Foreign);
    assert!(desk.words().contains("+new"));
    desk.press("b c a UP ENTER");
    assert!(matches!(desk.effects.last(), Some(Effect::MakeUp(_))), "{:?}", desk.effects);
}

#[test]
fn a_start_that_is_refused_says_why_and_can_be_tried_again() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER SPACE F10");
    desk.planned(Plan { generated: vec![], ..plan() });
    desk.press("a UP ENTER a UP ENTER ENTER");
    let starts =
        |desk: &Desk| desk.effects.iter().filter(|effect| matches!(effect, Effect::StartRun { .. })).count();
    assert_eq!(starts(&desk), 1, "a second Enter does not start a second run");
    let failure = Failure { hints: vec!["a attaches".to_owned()], ..Failure::new("Run 7 holds the lock.") };
    desk.tell(Message::RunRefused(failure));
    assert!(desk.words().contains("Run 7 holds the lock."), "{}", desk.words());
    desk.press("ENTER a UP ENTER");
    assert_eq!(starts(&desk), 2);
}

/// A link that drops, or an Enter too many, leaves nobody without a password that was set.
#[test]
fn what_is_made_up_is_noted_before_anything_is_changed() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("s DOWN SPACE F10");
    desk.planned(plan());
    desk.press("a UP ENTER");
    desk.made_up();
    assert_eq!(desk.model.screen, Screen::Passwords);
    assert!(desk.words().contains(CANARY) && desk.words().contains("account cdrexport"));
    assert!(!desk.words().contains("These are new ones"), "{}", desk.words());
    let started = |desk: &Desk| desk.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. }));
    desk.press("ENTER ENTER v ? b");
    assert!(!started(&desk), "Enter twice by mistake starts nothing");
    assert!(desk.words().contains(CANARY), "and forgets nothing");
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::WriteView { .. })));
    desk.press("s");
    assert!(matches!(desk.effects.last(), Some(Effect::WritePasswords(list)) if list.len() == 1));
    desk.tell(Message::PasswordsStored(Ok("/var/lib/passwords.txt".to_owned())));
    assert!(desk.words().contains("stored in /var/lib/passwords.txt"), "{}", desk.words());
    desk.press("b");
    assert_eq!(desk.model.screen, Screen::Review);
    assert!(desk.model.made_up.is_none() && !started(&desk), "going back drops them");
    assert!(
        desk.model.notice.as_ref().unwrap().contains("/var/lib/passwords.txt"),
        "{:?}",
        desk.model.notice
    );
    desk.press("a UP ENTER");
    desk.made_up();
    assert!(desk.words().contains("These are new ones"), "{}", desk.words());
    desk.press("ENTER UP ENTER ENTER");
    assert!(started(&desk) && desk.model.made_up.is_none(), "{:?}", desk.effects);
}

#[test]
fn a_run_is_followed_and_shows_no_password() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    assert_eq!(desk.model.screen, Screen::Run);
    desk.record(Event::Before { change: "passwords.root".to_owned() });
    desk.record(Event::Output {
        change: "passwords.root".to_owned(),
        stream: ngcp_warden::executor::Stream::Out,
        line: "\u{1b}[2Jall\tgood".to_owned(),
    });
    assert!(desk.words().contains("\\u{1b}[2Jall good"), "S15: {}", desk.words());
    desk.change_ends("passwords.root", Outcome::Done);
    desk.change_ends("passwords.cdr", Outcome::Done);
    desk.run_ends(RunOutcome::Done);
    for page in ["", "b", "l", "b ENTER"] {
        desk.press(page);
        assert!(!desk.words().contains(CANARY), "{page}");
    }
    desk.press("ESC t ENTER");
    assert_eq!(desk.model.screen, Screen::Result);
    assert!(desk.words().contains("/var/lib/r.txt"));
}

#[test]
fn a_failed_run_keeps_the_answers_for_another_try_and_says_what_was_not_set() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    desk.change_ends("passwords.root", Outcome::Failed);
    desk.change_ends("passwords.cdr", Outcome::Skipped);
    desk.take_effects();
    desk.run_ends(RunOutcome::Failed);
    assert!(desk.model.steps[0].ticked || desk.model.steps[1].ticked);
    let looks = desk.effects.iter().filter(|effect| matches!(effect, Effect::Inspect(_))).count();
    assert_eq!(looks, STEPS.len(), "the host is looked at again");
    desk.press("ENTER");
    assert!(desk.words().contains("account cdrexport was NOT set"), "{}", desk.words());
    assert!(desk.words().contains("failed"));
}

#[test]
fn a_guarded_change_counts_down_and_can_be_taken_back_at_once() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    desk.record(Event::Before { change: "passwords.root".to_owned() });
    desk.record(Event::Waiting { change: "passwords.root".to_owned(), seconds: 60 });
    desk.tell(Message::Beat { elapsed: 14_500 });
    let left = desk.model.run.as_ref().unwrap().seconds_left();
    assert_eq!(left, Some(48));
    assert!(desk.words().contains("in 48 s"), "{}", desk.words());
    desk.take_effects();
    desk.press("x");
    assert_eq!(desk.effects, [Effect::Revert("20261122-1".to_owned())]);
    desk.record(Event::Kept { change: "passwords.root".to_owned() });
    assert_eq!(desk.model.run.as_ref().unwrap().seconds_left(), None);
}

/// A private key is shown as it must be copied: whole lines from the first column on.
#[test]
fn a_new_key_is_shown_line_by_line() {
    let mut desk = Desk::ready(Mode::Maintenance);
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA+canary/\n-----END OPENSSH PRIVATE KEY-----\n";
    desk.press("s DOWN SPACE F10");
    desk.planned(plan());
    desk.press("a UP ENTER");
    let Some(Effect::MakeUp(start)) = desk.effects.last().cloned() else { panic!("{:?}", desk.effects) };
    let shown = vec![("SSH key that opens root".to_owned(), Secret::new(key))];
    desk.tell(Message::MadeUp { start, shown });
    let words = desk.words();
    assert!(words.contains(key.trim_end()), "{words}");
}

/// What only the plan can judge (a file that is not there) leads to its field, or leaves its step out.
#[test]
fn a_step_that_cannot_be_planned_is_no_dead_end() {
    let no_plan = |desk: &mut Desk, step: Option<&str>, message: &str| {
        let failure = Failure { step: step.map(id), ..Failure::new(message) };
        desk.tell(Message::Planned { ticket: desk.model.review.ticket, result: Err(failure) });
    };
    let message = "passwords.remark: cannot read /nowhere";
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("s SPACE DOWN SPACE F10");
    no_plan(&mut desk, Some("passwords"), message);
    assert!(desk.words().contains("Passwords: remark: cannot read /nowhere"), "{}", desk.words());
    desk.press("ENTER");
    assert_eq!(
        (desk.step(), desk.model.steps[1].form.focused().unwrap().key.as_str()),
        ("passwords", "remark")
    );
    desk.press("ESC F10");
    no_plan(&mut desk, Some("passwords"), message);
    desk.take_effects();
    desk.press("u");
    let effects = desk.take_effects();
    let Some(Effect::MakePlan { steps, .. }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(steps.iter().map(|one| one.step.as_str()).collect::<Vec<_>>(), ["access"]);
    // Where nobody knows whose fault it is, every step can be left out.
    no_plan(&mut desk, None, "config.yml cannot be read");
    desk.press("u");
    assert!(desk.words().contains("Nothing is chosen"), "{}", desk.words());
}

#[test]
fn how_far_a_long_job_is_is_shown_with_amount_rate_and_time_left_until_it_is_over() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.run_begins();
    desk.record(Event::Before { change: "passwords.root".to_owned() });
    let last = jiff::Timestamp::from_second(1_900_000_000).unwrap();
    let mut tell = |second, done| {
        let progress = Progress { unit: Unit::Bytes, done, total: Some(4 << 30) };
        let event = Event::Progress { change: "passwords.root".to_owned(), progress };
        let at = last + jiff::SignedDuration::from_secs(second);
        desk.tell(Message::Run(Box::new(Record { number: 0, at, event })));
        desk.words()
    };
    assert!(tell(0, 1 << 30).contains("1.0 GB of 4.0 GB"));
    let words = tell(64, 2 << 30);
    assert!(words.contains("2.0 GB of 4.0 GB · 16.0 MB a second · 3 min left"), "{words}");
    desk.change_ends("passwords.root", Outcome::Done);
    assert!(!desk.words().contains("a second"), "{}", desk.words());
}
