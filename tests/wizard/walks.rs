//! Walks through the wizard: where keys lead, what is kept, what is asked of the outside.

use std::sync::Arc;

use ngcp_warden::{
    executor::World,
    finding::{Severity, Status, StepId},
    plan::{Foreign, Outcome, Plan},
    runner::{Event, RunOutcome},
    secret::Secrets,
    wizard::{
        Effect, Failure, Key, Message, Model, Screen,
        draft::Draft,
        keys,
        model::{Entry, HostCard, OpenRun, ReviewPhase},
        page, update,
    },
};

use crate::support::{CANARY, Desk, STEPS, finding, findings, id, plan};

/// (entry, keys, page they lead to)
#[test]
fn keys_lead_to_pages() {
    const FIRST: Entry = Entry::FirstBoot;
    const LATER: Entry = Entry::Maintenance;
    for (entry, keys, expected) in [
        (FIRST, "", Screen::Overview),
        (FIRST, "ENTER", Screen::Step(0)),
        (FIRST, "ENTER ENTER", Screen::Step(1)),
        // The cluster step does not apply: skipped forwards, and not met on the way back.
        (FIRST, "ENTER ENTER ENTER", Screen::Step(3)),
        (FIRST, "ENTER ENTER ENTER b", Screen::Step(1)),
        (FIRST, "ENTER ENTER ENTER b b", Screen::Step(0)),
        (FIRST, "ENTER ENTER ENTER b b b", Screen::Overview),
        (FIRST, "ENTER ENTER ENTER BACKSPACE", Screen::Step(1)),
        (FIRST, "ENTER ENTER ENTER ENTER", Screen::Review),
        (FIRST, "ENTER ENTER ENTER ENTER b", Screen::Step(3)),
        (FIRST, "ENTER ENTER ENTER ESC", Screen::Overview),
        (FIRST, "s", Screen::Steps),
        (FIRST, "ESC ESC ESC", Screen::Overview),
        (LATER, "ENTER", Screen::Steps),
        // The critical one is on top.
        (LATER, "ENTER ENTER", Screen::Step(1)),
        (LATER, "ENTER DOWN ENTER", Screen::Step(0)),
        (LATER, "ENTER DOWN RIGHT b", Screen::Steps),
        (LATER, "ENTER ENTER ENTER ENTER ESC", Screen::Steps),
        (LATER, "ENTER LEFT", Screen::Overview),
        (LATER, "F10", Screen::Review),
        (LATER, "ENTER ENTER F10 b", Screen::Step(1)),
        (LATER, "? ESC", Screen::Overview),
        (LATER, "ENTER ? ?", Screen::Help),
        (LATER, "ENTER ? b", Screen::Steps),
        (LATER, "l b", Screen::Overview),
        // Nothing to see there yet.
        (LATER, "t p a d", Screen::Overview),
    ] {
        let mut desk = Desk::ready(entry);
        desk.press(keys);
        assert_eq!(desk.model.screen, expected, "{entry:?} {keys}");
    }
}

#[test]
fn the_first_page_says_it_is_looking_and_asks_for_everything_at_once() {
    let desk = Desk::new(Entry::FirstBoot);
    assert!(desk.words().contains("looking"), "{}", desk.words());
    let asked = [Effect::LookAtHost, Effect::LoadAnswers];
    let inspections = STEPS.iter().map(|step| Effect::Inspect(step.about().id.clone()));
    assert_eq!(desk.effects, asked.into_iter().chain(inspections).collect::<Vec<_>>());
}

#[test]
fn letters_go_into_text_and_not_to_commands() {
    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.press("ENTER ENTER DOWN qb?lx");
    assert_eq!(desk.step(), "passwords");
    assert_eq!(desk.model.steps[1].form.value(2), Some("qb?lx"));
    assert!(keys::footer(&desk.model).iter().any(|hint| hint.keys == [Key::Esc]), "a way back is shown");
    desk.press("F10");
    assert_eq!(desk.model.screen, Screen::Review, "function keys work in fields");
}

/// (keys and pastes into the text field, what is in it then)
#[test]
fn text_fields_edit_like_a_shell() {
    for (typed, keys, expected) in [
        ("", "abc HOME x", "xabc"),
        ("", "abc LEFT LEFT DELETE", "ac"),
        ("", "abc BACKSPACE", "ab"),
        ("", "abc CTRL-U", ""),
        ("two words", "CTRL-W", "two "),
        ("two words", "HOME END !", "two words!"),
        ("Grüße 木 💡", "BACKSPACE", "Grüße 木 "),
        ("first line\nsecond", "", "first linesecond"),
        ("\u{1b}[31mred\u{7}", "", "[31mred"),
        ("a text that is longer than twenty", "", "a text that is longe"),
    ] {
        let mut desk = Desk::ready(Entry::FirstBoot);
        desk.press("ENTER ENTER DOWN");
        desk.paste(typed);
        desk.press(keys);
        assert_eq!(desk.model.steps[1].form.value(2), Some(expected), "{typed:?} {keys}");
    }
}

#[test]
fn questions_appear_only_when_they_matter_and_the_focus_follows() {
    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.press("ENTER ENTER");
    assert!(!desk.words().contains("root.password"));
    desk.press("RIGHT");
    assert!(desk.words().contains("root.password"));
    desk.press("TAB TAB");
    let focus = desk.model.steps[1].form.focus();
    assert!(focus.again, "the second line of the password");
    desk.press("BACKTAB BACKTAB LEFT");
    assert!(!desk.words().contains("root.password"));
    desk.press("END");
    assert_eq!(desk.model.steps[1].form.focused().unwrap().key, "root");
}

/// F29 in part: typed and pasted passwords, differing, weak, with blanks and signs.
#[test]
fn a_password_is_judged_but_never_stops_anybody() {
    for (first, again, problem) in [
        ("", "", Some("no password was typed")),
        ("short", "short", Some("too short")),
        (CANARY, "canary-Zebra7-Flugzeu", Some("differ")),
        (CANARY, CANARY, None),
        ("it's \"50%\" \\ of $HOME – ja", "it's \"50%\" \\ of $HOME – ja", None),
    ] {
        let mut desk = Desk::ready(Entry::FirstBoot);
        desk.press("ENTER ENTER RIGHT TAB");
        desk.paste(first);
        desk.press("TAB");
        desk.paste(again);
        let problems = desk.model.steps[1].form.problems();
        match problem {
            Some(words) => assert!(problems[0].text.contains(words), "{first:?}: {problems:?}"),
            None => assert_eq!(problems, []),
        }
        desk.press("ESC");
        assert_eq!(desk.model.screen, Screen::Overview, "Back is never blocked");
        desk.press("ENTER ENTER");
        assert_eq!(desk.model.steps[1].form.problems(), problems, "and keeps what was typed");
    }
}

#[test]
fn a_password_is_never_on_the_page_nor_printed() {
    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.press("ENTER ENTER RIGHT TAB");
    desk.paste(CANARY);
    desk.press("TAB");
    for c in CANARY.chars() {
        desk.tell(Message::Key(Key::Char(c)));
    }
    assert!(desk.words().contains("the same"), "{}", desk.words());
    assert!(!desk.words().contains("canary"));
    desk.press("F10");
    desk.planned(plan());
    desk.press("a ENTER");
    let effects = desk.take_effects();
    let Some(Effect::StartRun { secrets, .. }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(secrets.get("passwords.root.password").unwrap().expose(), CANARY.as_bytes());
    assert!(!format!("{effects:?} {:?}", desk.model).contains("canary"));
}

#[test]
fn a_pasted_megabyte_is_refused_as_a_password_and_cut_as_text() {
    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.press("ENTER ENTER RIGHT TAB");
    desk.paste(&"x".repeat(1024 * 1024));
    assert!(desk.model.notice.as_ref().unwrap().contains("Not taken"));
    desk.press("TAB TAB");
    desk.paste(&"x".repeat(1024 * 1024));
    assert_eq!(desk.model.steps[1].form.value(2).map(str::len), Some(20));
}

#[test]
fn the_plan_is_asked_for_with_the_answers_of_ticked_steps_only() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER DOWN DOWN ENTER RIGHT F10");
    let effects = desk.take_effects();
    let Some(Effect::MakePlan { ticket: 1, steps }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].step, id("noatime"));
    assert_eq!(steps[0].answers.get("mode"), "leave");
}

#[test]
fn a_step_with_problems_is_left_out_and_one_enter_from_being_mended() {
    let mut desk = Desk::ready(Entry::FirstBoot);
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
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER SPACE F10 b SPACE SPACE F10");
    desk.tell(Message::Planned { ticket: 1, result: Ok(Arc::new(plan())) });
    assert_eq!(desk.model.review.phase, ReviewPhase::Making);
    desk.tell(Message::Planned { ticket: 2, result: Err(Failure::new("fstab has no root line")) });
    assert!(desk.words().contains("fstab has no root line"));
}

#[test]
fn a_changed_answer_voids_the_plan() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER ENTER F10");
    desk.press("b RIGHT F10");
    assert_eq!(desk.model.review.phase, ReviewPhase::Ready(Arc::default()), "the password is missing now");
}

#[test]
fn nothing_is_applied_without_being_asked_twice_nor_against_an_obstacle() {
    let mut desk = Desk::ready(Entry::Maintenance);
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

/// F42: what somebody else left uncommitted is shown and needs a yes of its own.
#[test]
fn foreign_changes_need_a_yes_of_their_own() {
    let foreign = Foreign { files: vec!["templates/etc/x.tt2".to_owned()], diff: "-old\n+new\n".to_owned() };
    let dirty = Plan { foreign: Some(foreign), ..plan() };
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER SPACE F10");
    desk.planned(dirty.clone());
    desk.take_effects();
    desk.press("a ENTER");
    assert_eq!(desk.effects, [], "the harmless outcome has the focus");
    desk.press("UP UP ENTER");
    assert_eq!(desk.model.screen, Screen::Foreign);
    assert!(desk.words().contains("+new"));
    desk.press("b c a ENTER");
    assert!(matches!(desk.effects.last(), Some(Effect::StartRun { .. })), "{:?}", desk.effects);
}

#[test]
fn a_start_that_is_refused_says_why_and_can_be_tried_again() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER SPACE F10");
    desk.planned(plan());
    desk.press("a ENTER a ENTER ENTER");
    let starts =
        |desk: &Desk| desk.effects.iter().filter(|effect| matches!(effect, Effect::StartRun { .. })).count();
    assert_eq!(starts(&desk), 1, "a second Enter does not start a second run");
    let failure =
        Failure { message: "Run 7 holds the lock.".to_owned(), hints: vec!["a attaches".to_owned()] };
    desk.tell(Message::RunRefused(failure));
    assert!(desk.words().contains("Run 7 holds the lock."), "{}", desk.words());
    desk.press("ENTER a ENTER");
    assert_eq!(starts(&desk), 2);
}

#[test]
fn a_run_is_followed_and_its_passwords_are_shown_on_one_page_until_noted() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.run_begins();
    assert_eq!(desk.model.screen, Screen::Run);
    desk.record(Event::Before { change: "passwords.root".to_owned() });
    desk.record(Event::Output {
        change: "passwords.root".to_owned(),
        stream: ngcp_warden::executor::Stream::Out,
        line: "\u{1b}[2Jall\tgood".to_owned(),
    });
    assert!(desk.words().contains("·[2Jall good"), "S15: {}", desk.words());
    desk.change_ends("passwords.root", Outcome::Done);
    desk.change_ends("passwords.cdr", Outcome::Done);
    desk.run_ends(RunOutcome::Done);
    for page in ["", "b", "l", "b ENTER"] {
        desk.press(page);
        assert!(!desk.words().contains(CANARY), "{page}");
    }
    desk.press("ESC p");
    assert_eq!(desk.model.screen, Screen::Passwords);
    assert!(desk.words().contains(CANARY));
    desk.press("v q");
    assert!(desk.words().contains("Stay, show them"), "leaving asks");
    desk.press("ENTER s");
    assert!(matches!(desk.effects.last(), Some(Effect::WritePasswords(list)) if list.len() == 1));
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::WriteView { .. })));
    desk.press("ENTER ENTER");
    assert!(desk.words().contains(CANARY), "Enter twice by mistake forgets nothing");
    desk.press("ENTER LEFT ENTER");
    assert_eq!(desk.model.screen, Screen::Result);
    assert!(desk.words().contains("/var/lib/r.txt"));
    desk.press("p");
    assert!(!desk.words().contains(CANARY));
}

#[test]
fn a_failed_run_keeps_the_answers_for_another_try_and_says_what_was_not_set() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.run_begins();
    desk.change_ends("passwords.root", Outcome::Failed);
    desk.change_ends("passwords.cdr", Outcome::Skipped);
    desk.take_effects();
    desk.run_ends(RunOutcome::Failed);
    assert!(desk.model.steps[0].ticked || desk.model.steps[1].ticked);
    let looks = desk.effects.iter().filter(|effect| matches!(effect, Effect::Inspect(_))).count();
    assert_eq!(looks, STEPS.len(), "the host is looked at again");
    desk.press("ENTER");
    assert!(desk.words().contains("NOT set"), "{}", desk.words());
    desk.press("ENTER LEFT ENTER");
    assert!(desk.words().contains("failed"));
}

#[test]
fn a_guarded_change_counts_down_and_can_be_taken_back_at_once() {
    let mut desk = Desk::ready(Entry::Maintenance);
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

#[test]
fn leaving_keeps_answers_and_asks_only_when_there_are_any() {
    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.press("q");
    assert_eq!(desk.effects.last(), Some(&Effect::Quit { code: 0 }));

    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.press("ENTER RIGHT ESC q");
    assert!(desk.words().contains("Keep answers and leave / Stay"), "{}", desk.words());
    desk.press("ESC");
    assert_eq!(desk.model.exit, None);
    desk.press("q ENTER");
    let [.., Effect::SaveAnswers(draft), Effect::Quit { code: 0 }] = desk.effects.as_slice() else {
        panic!("{:?}", desk.effects)
    };
    assert_eq!(draft.steps[&id("access")].values["vendor"], "leave");
    assert_eq!(desk.model.exit, Some(0));
}

/// S20: interrupted twice it leaves, and a terminal that is gone is not asked.
#[test]
fn ctrl_c_and_hangup_keep_answers_but_no_secret() {
    for messages in [vec![Message::Interrupted, Message::Interrupted], vec![Message::Hangup]] {
        let mut desk = Desk::ready(Entry::FirstBoot);
        desk.press("ENTER ENTER RIGHT TAB");
        desk.paste(CANARY);
        for message in messages {
            desk.tell(message);
        }
        let [.., Effect::SaveAnswers(draft), Effect::Quit { code: 3 }] = desk.effects.as_slice() else {
            panic!("{:?}", desk.effects)
        };
        assert_eq!(draft.place, Some(id("passwords")));
        let kept = serde_json::to_string(draft).unwrap();
        assert!(kept.contains("set") && !kept.contains("canary"), "{kept}");
        assert_eq!(update(&mut desk.model, Message::Begin), [], "it is over");
    }
}

#[test]
fn the_next_session_goes_on_where_the_last_one_was() {
    let mut last = Desk::ready(Entry::FirstBoot);
    last.press("ENTER ENTER RIGHT RIGHT");
    last.tell(Message::Hangup);
    let Some(Effect::SaveAnswers(draft)) = last.effects.iter().rev().nth(1).cloned() else { panic!() };
    let text = serde_json::to_string(&draft).unwrap();
    let draft: Draft = serde_json::from_str(&text).unwrap();
    // Whether they come before the findings or after them.
    let mut early = Desk::new(Entry::FirstBoot);
    early.tell(Message::Loaded(draft.clone()));
    early.found("access", vec![finding("access", Severity::Medium, Status::Fail, "Vendor")]);
    early.found("passwords", vec![finding("passwords", Severity::High, Status::Fail, "Root")]);
    let mut late = Desk::ready(Entry::FirstBoot);
    late.tell(Message::Loaded(draft));
    for desk in [&mut early, &mut late] {
        desk.press("ENTER");
        assert_eq!(desk.step(), "passwords");
        assert_eq!(desk.model.steps[1].form.value(0), Some("generate"));
        assert!(desk.model.steps[0].ticked && desk.model.steps[1].ticked);
    }
}

#[test]
fn a_hostile_draft_is_taken_as_far_as_it_fits() {
    let text = r#"{"place":"nowhere","steps":{
        "passwords":{"ticked":true,"values":{"root":"explode","days":"-\u001b[2J7","remark":"ok","x":"y"}},
        "unknown":{"ticked":true,"values":{}}}}"#;
    let mut desk = Desk::ready(Entry::FirstBoot);
    desk.tell(Message::Loaded(serde_json::from_str(text).unwrap()));
    let form = &desk.model.steps[1].form;
    assert_eq!((form.value(0), form.value(2), form.value(3)), (Some("leave"), Some("ok"), Some("-[2J7")));
    assert!(form.problems()[0].text.contains("1 to 90"));
    desk.press("ENTER");
    assert_eq!(desk.step(), "access");
}

#[test]
fn discarding_answers_asks_and_starts_afresh() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER ENTER RIGHT b x ENTER");
    assert_eq!(desk.model.steps[1].form.value(0), Some("set"), "the harmless outcome has the focus");
    desk.take_effects();
    desk.press("x LEFT ENTER");
    assert!(!desk.model.unapplied());
    assert_eq!(desk.effects[0], Effect::SaveAnswers(Draft::default()));
}

#[test]
fn a_second_look_keeps_what_was_answered() {
    let mut desk = Desk::ready(Entry::Maintenance);
    desk.press("ENTER ENTER RIGHT i");
    assert_eq!(desk.effects.last(), Some(&Effect::Inspect(id("passwords"))));
    desk.found("passwords", vec![finding("passwords", Severity::High, Status::Unknown, "Who knows")]);
    assert_eq!(desk.model.steps[1].form.value(0), Some("set"));
    let failed = Message::Inspected { step: id("passwords"), result: Err(Failure::new("shadow is a pipe")) };
    desk.tell(failed);
    assert!(desk.words().contains("shadow is a pipe"));
    assert_eq!(desk.model.steps[1].form.value(0), Some("set"));
}

#[test]
fn a_run_that_is_alive_is_offered_and_attached_to() {
    let mut desk = Desk::ready(Entry::Maintenance);
    let open = OpenRun { run: "20261122-7".to_owned(), about: "root from 10.0.0.9".to_owned(), alive: true };
    desk.tell(Message::HostSeen(Box::new(HostCard { open_run: Some(open), ..HostCard::default() })));
    assert!(desk.words().contains("20261122-7"));
    desk.press("a");
    assert_eq!(desk.effects, [Effect::Attach("20261122-7".to_owned())]);
    desk.tell(Message::RunStarted { run: "20261122-7".to_owned(), generated: Secrets::default() });
    assert_eq!(desk.model.screen, Screen::Run);
    desk.press("q");
    assert!(desk.words().contains("the run goes on"));
}

#[test]
fn long_pages_scroll_to_their_end_and_no_further() {
    let mut desk = Desk::ready(Entry::Maintenance);
    let many = (0..40).map(|n| finding("passwords", Severity::High, Status::Fail, &format!("wrong {n}")));
    desk.found("passwords", many.collect());
    desk.press("ENTER ENTER");
    assert_eq!(desk.model.top, 0, "why it matters comes first");
    desk.press("DOWN");
    let size = page::body(&desk.model, desk.model.size);
    let shown = page::page(&desk.model, size.columns);
    let top = page::window(&desk.model, &shown, size.rows);
    let (first, last) = shown.focus.unwrap();
    assert!(top <= first && last < top + usize::from(size.rows), "the focus is on the screen");
    desk.press("PGDN PGDN PGDN PGDN PGDN PGDN PGDN PGDN PGDN PGDN");
    assert_eq!(desk.model.top, shown.lines.len() - usize::from(size.rows));
    desk.press("UP HOME");
    assert_eq!(desk.model.top, 0);
}

/// F67: 0x0 is a serial line, and a pinhole is no reason to fall over.
#[test]
fn sizes_nobody_has_are_survived() {
    let mut desk = Desk::ready(Entry::FirstBoot);
    for (columns, rows) in [(0, 0), (1, 1), (5, 300), (u16::MAX, u16::MAX), (60, 16)] {
        desk.tell(Message::Resized { columns, rows });
        desk.press("ENTER DOWN ESC F10 b ? PGDN b");
    }
    desk.tell(Message::Resized { columns: 0, rows: 24 });
    assert_eq!((desk.model.size.columns, desk.model.size.rows), (80, 24));
}

#[test]
fn no_page_is_wider_than_asked_for() {
    let mut desk = Desk::ready(Entry::Maintenance);
    let wide = "木漏れ日".repeat(60) + " \u{202e}evil\u{1b}[31m " + &"x".repeat(500);
    desk.found("passwords", vec![finding("passwords", Severity::High, Status::Fail, &wide)]);
    desk.run_begins();
    for keys in ["", "b", "s", "ENTER", "F10", "ESC ?", "l"] {
        desk.press(keys);
        for width in [20u16, 57, 77, 129] {
            for line in page::page(&desk.model, width).lines {
                let columns: usize = line.spans.iter().map(page::Span::width).sum();
                assert!(columns <= usize::from(width), "{keys} at {width}: {columns} {:?}", line.text());
                assert!(!line.text().contains(['\u{1b}', '\u{202e}']));
            }
        }
    }
}

#[test]
fn an_unknown_step_and_an_empty_list_are_nothing_special() {
    let mut model = Model::new(&[], Entry::FirstBoot, World::Live);
    for key in [Key::Enter, Key::F(10), Key::Char('a'), Key::Char('d'), Key::Down, Key::Char('u'), Key::Esc] {
        update(&mut model, Message::Key(key));
    }
    let result = Ok(findings(vec![]));
    assert_eq!(update(&mut model, Message::Inspected { step: StepId::new("nothing"), result }), []);
    assert_eq!(model.screen, Screen::Overview);
}
