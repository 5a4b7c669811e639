//! Answers as they are typed and pasted, passwords above all.

use ngcp_warden::wizard::{Effect, Key, Message, Screen, keys, model::Mode};

use crate::support::{CANARY, Desk, plan};

#[test]
fn letters_go_into_text_and_not_to_commands() {
    let mut desk = Desk::ready(Mode::FirstBoot);
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
        ("first line\nsecond", "", ""),
        ("one line\r\n", "", "one line"),
        ("\u{1b}[31mred\u{7}", "", "[31mred"),
        ("a text that is longer than twenty", "", "a text that is longe"),
    ] {
        let mut desk = Desk::ready(Mode::FirstBoot);
        desk.press("ENTER ENTER DOWN");
        desk.paste(typed);
        desk.press(keys);
        assert_eq!(desk.model.steps[1].form.value(2), Some(expected), "{typed:?} {keys}");
    }
}

#[test]
fn questions_appear_only_when_they_matter_and_the_focus_follows() {
    let mut desk = Desk::ready(Mode::FirstBoot);
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
        let mut desk = Desk::ready(Mode::FirstBoot);
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
    let mut desk = Desk::ready(Mode::FirstBoot);
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
    desk.press("a UP ENTER");
    let effects = desk.take_effects();
    let Some(Effect::MakeUp(start)) = effects.last() else { panic!("{effects:?}") };
    let Effect::StartRun { secrets, .. } = &**start else { panic!("{effects:?}") };
    assert_eq!(secrets.get("passwords.root.password").unwrap().expose(), CANARY.as_bytes());
    assert!(!format!("{effects:?} {:?}", desk.model).contains("canary"));
}

#[test]
fn a_pasted_megabyte_is_refused_as_a_password_and_cut_as_text() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    desk.press("ENTER ENTER RIGHT TAB");
    desk.paste(&"x".repeat(1024 * 1024));
    assert!(desk.model.notice.as_ref().unwrap().contains("Not taken"));
    desk.press("TAB TAB");
    desk.paste("one\ntwo\n");
    assert!(desk.model.notice.as_ref().unwrap().contains("only one line"), "{:?}", desk.model.notice);
    assert_eq!(desk.model.steps[1].form.value(2), Some(""));
    desk.paste(&"x".repeat(1024 * 1024));
    assert_eq!(desk.model.steps[1].form.value(2).map(str::len), Some(20));
}

/// What the plan would refuse is told at its field, in the plan's own words, and again at the review.
#[test]
fn an_answer_that_is_none_is_told_at_its_field() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    desk.press("ENTER ENTER DOWN DOWN CTRL-U 5x");
    assert!(desk.words().contains("'5x' is not a whole number from 1 to 90"), "{}", desk.words());
    desk.press("F10");
    let words = desk.words();
    assert!(words.contains("days: '5x' is not a whole number from 1 to 90"), "{words}");
    assert!(words.contains("Passwords is left out until"), "{words}");
    desk.press("ENTER");
    assert_eq!(desk.model.steps[1].form.focused().unwrap().key, "days");
    desk.press("CTRL-U 5");
    assert!(!desk.words().contains("is not a whole number"), "{}", desk.words());
}
