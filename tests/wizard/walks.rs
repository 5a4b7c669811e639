//! Walks through the wizard: where keys lead, how it is left, what the next session finds.

use ngcp_warden::{
    executor::World,
    finding::{Severity, Status, StepId},
    wizard::{
        Effect, Failure, Key, Message, Model, Screen,
        draft::Draft,
        keys::{Row, TABLE},
        model::Mode,
        page, update,
    },
};

use crate::support::{CANARY, Desk, STEPS, finding, findings, id};

/// (mode, keys, page they lead to)
#[test]
fn keys_lead_to_pages() {
    const FIRST: Mode = Mode::FirstBoot;
    const LATER: Mode = Mode::Maintenance;
    for (mode, keys, expected) in [
        (FIRST, "", Screen::Overview),
        (FIRST, "ENTER", Screen::Step(0)),
        (FIRST, "ENTER ENTER", Screen::Step(1)),
        // The cluster step does not apply: skipped forwards, and not met on the way back.
        (FIRST, "ENTER ENTER n", Screen::Step(3)),
        (FIRST, "ENTER ENTER n b", Screen::Step(1)),
        (FIRST, "ENTER ENTER n b b", Screen::Step(0)),
        (FIRST, "ENTER ENTER n b b b", Screen::Overview),
        (FIRST, "ENTER ENTER n BACKSPACE", Screen::Step(1)),
        (FIRST, "ENTER ENTER n ENTER", Screen::Review),
        (FIRST, "ENTER ENTER ENTER", Screen::Step(1)),
        (FIRST, "ENTER r", Screen::Review),
        (FIRST, "ENTER f", Screen::Findings(0)),
        (FIRST, "ENTER w b", Screen::Step(0)),
        (FIRST, "ENTER ENTER n n b", Screen::Step(3)),
        (FIRST, "ENTER ENTER n ESC", Screen::Overview),
        (FIRST, "s", Screen::Steps),
        (FIRST, "ESC ESC ESC", Screen::Overview),
        (LATER, "ENTER", Screen::Steps),
        // The critical one is on top.
        (LATER, "ENTER ENTER", Screen::Step(1)),
        (LATER, "ENTER DOWN ENTER", Screen::Step(0)),
        (LATER, "ENTER DOWN RIGHT b", Screen::Steps),
        (LATER, "ENTER ENTER n n ESC", Screen::Steps),
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
        let mut desk = Desk::ready(mode);
        desk.press(keys);
        assert_eq!(desk.model.screen, expected, "{mode:?} {keys}");
    }
}

#[test]
fn the_first_page_says_it_is_looking_and_asks_for_everything_at_once() {
    let desk = Desk::new(Mode::FirstBoot);
    assert!(desk.words().contains("looking"), "{}", desk.words());
    let asked = [Effect::LookAtHost, Effect::LoadAnswers];
    let inspections = STEPS.iter().map(|step| Effect::Inspect(step.about().id.clone()));
    assert_eq!(desk.effects, asked.into_iter().chain(inspections).collect::<Vec<_>>());
}

#[test]
fn leaving_keeps_answers_and_asks_only_when_there_are_any() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    desk.press("q");
    assert_eq!(desk.effects.last(), Some(&Effect::Quit { code: 0 }));

    let mut desk = Desk::ready(Mode::FirstBoot);
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
        let mut desk = Desk::ready(Mode::FirstBoot);
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
    let mut last = Desk::ready(Mode::FirstBoot);
    last.press("ENTER ENTER RIGHT RIGHT");
    last.tell(Message::Hangup);
    let Some(Effect::SaveAnswers(draft)) = last.effects.iter().rev().nth(1).cloned() else { panic!() };
    let text = serde_json::to_string(&draft).unwrap();
    let draft: Draft = serde_json::from_str(&text).unwrap();
    // Whether they come before the findings or after them.
    let mut early = Desk::new(Mode::FirstBoot);
    early.tell(Message::Loaded(draft.clone()));
    early.found("access", vec![finding("access", Severity::Medium, Status::Fail, "Vendor")]);
    early.found("passwords", vec![finding("passwords", Severity::High, Status::Fail, "Root")]);
    let mut late = Desk::ready(Mode::FirstBoot);
    late.tell(Message::Loaded(draft));
    for desk in [&mut early, &mut late] {
        desk.press("ENTER");
        assert_eq!(desk.step(), "passwords");
        assert_eq!(desk.model.steps[1].form.value(0), Some("generate"));
        assert!(desk.model.steps[0].ticked && desk.model.steps[1].ticked);
    }
}

/// Answers of an earlier session outlive a link that drops at once, and a step that cannot look today.
#[test]
fn nothing_is_forgotten_that_was_not_seen() {
    let mut early = Desk::new(Mode::FirstBoot);
    early.take_effects();
    early.tell(Message::Hangup);
    assert_eq!(early.effects, [Effect::Quit { code: 3 }], "what is kept stays as it is");

    let text = r#"{"steps":{"passwords":{"ticked":true,"values":{"root":"generate"}}}}"#;
    let mut blind = Desk::new(Mode::FirstBoot);
    blind.tell(Message::Loaded(serde_json::from_str(text).unwrap()));
    let failed = Message::Inspected { step: id("passwords"), result: Err(Failure::new("no database")) };
    blind.tell(failed);
    blind.found("access", vec![finding("access", Severity::Medium, Status::Fail, "Vendor")]);
    blind.take_effects();
    blind.press("ENTER RIGHT");
    blind.tell(Message::Hangup);
    let [Effect::SaveAnswers(draft), Effect::Quit { code: 3 }] = blind.effects.as_slice() else {
        panic!("{:?}", blind.effects)
    };
    assert_eq!(draft.steps.len(), 2);
    assert_eq!(draft.steps[&id("passwords")].values["root"], "generate");
}

#[test]
fn a_hostile_draft_is_taken_as_far_as_it_fits() {
    let text = r#"{"place":"nowhere","steps":{
        "passwords":{"ticked":true,"values":{"root":"explode","days":"-\u001b[2J7","remark":"ok","x":"y"}},
        "unknown":{"ticked":true,"values":{}}}}"#;
    let mut desk = Desk::ready(Mode::FirstBoot);
    desk.tell(Message::Loaded(serde_json::from_str(text).unwrap()));
    let form = &desk.model.steps[1].form;
    assert_eq!((form.value(0), form.value(2), form.value(3)), (Some("leave"), Some("ok"), Some("-[2J7")));
    assert!(form.problems()[0].text.contains("1 to 90"));
    desk.press("ENTER");
    assert_eq!(desk.step(), "access");
}

#[test]
fn discarding_answers_asks_and_starts_afresh() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("ENTER ENTER RIGHT b x ENTER");
    assert_eq!(desk.model.steps[1].form.value(0), Some("set"), "the harmless outcome has the focus");
    desk.take_effects();
    desk.press("x LEFT ENTER");
    assert!(!desk.model.unapplied());
    assert_eq!(desk.effects[0], Effect::SaveAnswers(Draft::default()));
}

#[test]
fn a_second_look_keeps_what_was_answered() {
    let mut desk = Desk::ready(Mode::Maintenance);
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
fn long_pages_scroll_to_their_end_and_no_further() {
    let mut desk = Desk::ready(Mode::Maintenance);
    let many = (0..40).map(|n| finding("passwords", Severity::High, Status::Fail, &format!("wrong {n}")));
    desk.found("passwords", many.collect());
    desk.press("ENTER ENTER");
    assert_eq!(desk.model.top, 0, "why it matters comes first");
    assert!(desk.words().contains("40 more findings, no question"), "{}", desk.words());
    desk.press("DOWN");
    let size = page::body(&desk.model, desk.model.size);
    let shown = page::page(&desk.model, size.columns);
    let top = page::window(&desk.model, &shown, size.rows);
    let (first, last) = shown.focus.unwrap();
    assert!(top <= first && last < top + usize::from(shown.room(size.rows)), "the focus is on the screen");
    desk.press("BACKTAB f");
    let shown = page::page(&desk.model, size.columns);
    desk.press("PGDN PGDN PGDN PGDN PGDN PGDN PGDN PGDN PGDN PGDN");
    assert_eq!(desk.model.top, shown.lines.len() - usize::from(size.rows));
    desk.press("UP HOME");
    assert_eq!(desk.model.top, 0);
}

/// F67: 0x0 is a serial line, and a pinhole is no reason to fall over.
#[test]
fn sizes_nobody_has_are_survived() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    for (columns, rows) in [(0, 0), (1, 1), (5, 300), (u16::MAX, u16::MAX), (60, 16)] {
        desk.tell(Message::Resized { columns, rows });
        desk.press("ENTER DOWN ESC F10 b ? PGDN b");
    }
    desk.tell(Message::Resized { columns: 0, rows: 24 });
    assert_eq!((desk.model.size.columns, desk.model.size.rows), (80, 24));
}

#[test]
fn no_page_is_wider_than_asked_for() {
    let mut desk = Desk::ready(Mode::Maintenance);
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

/// The table is the only place that knows keys: whatever it says holds, and no key is hidden behind another.
#[test]
fn every_row_of_the_key_table_is_reachable() {
    for (index, row) in TABLE.iter().enumerate() {
        assert!(!row.text.is_empty() && !row.at.is_empty());
        for (place, (key, _)) in row.at.iter().flat_map(|place| row.keys.iter().map(move |key| (place, key)))
        {
            let always = |other: &&Row| {
                other.at.contains(place)
                    && other.when.is_none()
                    && other.keys.iter().any(|(known, _)| known == key)
            };
            let hidden = TABLE[..index].iter().find(always);
            assert!(
                hidden.is_none(),
                "{place:?}: {key:?} {:?} is behind {:?}",
                row.text,
                hidden.unwrap().text
            );
        }
    }
}

#[test]
fn an_unknown_step_and_an_empty_list_are_nothing_special() {
    let mut model = Model::new(&[], Mode::FirstBoot, World::Live);
    for key in [Key::Enter, Key::F(10), Key::Char('a'), Key::Char('d'), Key::Down, Key::Char('u'), Key::Esc] {
        update(&mut model, Message::Key(key));
    }
    let result = Ok(findings(vec![]));
    assert_eq!(update(&mut model, Message::Inspected { step: StepId::new("nothing"), result }), []);
    assert_eq!(model.screen, Screen::Overview);
}

/// F67: on a screen too small for any page nobody sees what a key would do.
#[test]
fn a_screen_too_small_takes_no_key_but_the_way_out() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    desk.press("ENTER ENTER RIGHT TAB");
    desk.tell(Message::Resized { columns: 40, rows: 10 });
    let before = desk.model.screen;
    desk.press("F10 ESC a ENTER q");
    desk.paste("junk");
    assert_eq!((desk.model.screen, desk.model.exit, &desk.model.dialog), (before, None, &None));
    desk.press("CTRL-C CTRL-C");
    assert_eq!(desk.model.exit, Some(3));
}
