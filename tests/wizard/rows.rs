//! The page of a step on the sample host: one row is what was found and what shall become of it.

use std::collections::BTreeSet;

use ngcp_warden::{
    finding::{Severity, Status},
    steps::REGISTRY,
    ui::{Glyphs, Look, Theme},
    unattended,
    wizard::{Screen, model::Mode, page, rows::rows},
};

use crate::{
    samples::wizard::Wizard,
    support::{Desk, finding, settled_by},
};

const PLAIN: Look = Look { theme: Theme::Mono, glyphs: Glyphs::Ascii };

/// The screen, row by row.
fn screen(wizard: &mut Wizard, columns: u16, height: u16) -> Vec<String> {
    let (frame, _) = wizard.frame(columns, height, PLAIN);
    let row = |y: u16| (0..columns).map(|x| frame[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect()
}

/// Subjects of the rows, as far as a row of the table shows them, and the line they are in.
fn questions(wizard: &Wizard) -> Vec<String> {
    let step = wizard.model.current_step().unwrap();
    rows(step).rows.into_iter().map(|row| row.subject().chars().take(15).collect()).collect()
}

fn shown(wizard: &mut Wizard, columns: u16, height: u16) -> BTreeSet<String> {
    let questions = questions(wizard);
    let screen = screen(wizard, columns, height);
    let there = |subject: &&String| {
        screen.iter().any(|line| line.get(4..).is_some_and(|line| line.starts_with(subject.as_str())))
    };
    questions.iter().filter(there).cloned().collect()
}

/// All rows are on the first screen of 80x24 or one page down; a smaller screen shows the row in focus with its detail.
#[test]
fn every_question_of_every_step_is_near() {
    for (columns, height, most) in [(80, 24, 0), (60, 16, usize::MAX)] {
        for (index, step) in REGISTRY.iter().enumerate() {
            let mut wizard = Wizard::ready(Mode::Maintenance);
            wizard.model.screen = Screen::Step(index);
            let all = questions(&wizard);
            let seen = shown(&mut wizard, columns, height);
            let body = page::body(&wizard.model, wizard.model.size);
            let page = page::page(&wizard.model, body.columns);
            let (lines, room) = (page.lines.len(), usize::from(page.room(body.rows)));
            let below = all.len() - seen.len();
            println!(
                "{columns}x{height} {}: {lines} lines, {} screens, {below} of {} questions below the fold",
                step.about().id,
                lines.div_ceil(room),
                all.len()
            );
            let lines = screen(&mut wizard, columns, height);
            // A table may go on for one more page.
            let table =
                rows(wizard.model.current_step().unwrap()).rows.iter().any(|row| !row.columns().is_empty());
            assert!(below <= if table { room.max(most) } else { most }, "{}: {lines:#?}", step.about().id);
            // What is so today is in every row, whole where the screen is as wide as most, with a title above it.
            let words = rows(wizard.model.current_step().unwrap()).rows.into_iter();
            let words: Vec<String> = words.filter_map(|row| row.now().map(str::to_owned)).collect();
            if most == 0 {
                let title =
                    |line: &String| ["Subject", "Now", "Level", "Becomes"].iter().all(|w| line.contains(w));
                assert!(lines.iter().any(title), "{lines:#?}");
                assert!(
                    words.iter().all(|now| lines.iter().any(|line| line.contains(now.as_str()))),
                    "{lines:#?}"
                );
                let remedy = |line: &String| line.trim_start().starts_with("Remedy");
                assert!(lines.iter().any(remedy), "the first row of each step fails: {lines:#?}");
                assert!(lines.last().unwrap().contains("r review"), "{lines:#?}");
            }
            // Down to the last row, each with its detail.
            for place in 0..all.len() {
                let lines = screen(&mut wizard, columns, height);
                let marked = lines
                    .iter()
                    .position(|line| line.starts_with("> "))
                    .unwrap_or_else(|| panic!("{lines:#?}"));
                let counted = format!(" {} of {}", place + 1, all.len());
                let pane = lines
                    .iter()
                    .position(|line| line.get(1..).is_some_and(|line| line.starts_with(&counted)));
                let pane = pane.unwrap_or_else(|| panic!("{counted} {lines:#?}"));
                assert!(marked < pane && !lines[pane + 1].is_empty(), "{lines:#?}");
                wizard.press("Tab");
            }
        }
    }
}

/// `n` from step to step: nothing is planned that was never on the screen, at either size, and it is soon over.
#[test]
fn the_shortest_path_shows_every_question_and_is_short() {
    for (columns, height, most) in [(80, 24, 18), (60, 16, 21)] {
        let mut wizard = Wizard::ready(Mode::FirstBoot);
        screen(&mut wizard, columns, height);
        let mut presses = 0_usize;
        let press = |wizard: &mut Wizard, key: &str, presses: &mut usize| {
            *presses += 1;
            assert!(*presses < 40, "it does not end");
            wizard.press(key);
        };
        press(&mut wizard, "Enter", &mut presses);
        let mut seen: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut asked = BTreeSet::new();
        while let Screen::Step(index) = wizard.model.screen {
            asked.extend(questions(&wizard).into_iter().map(|subject| (index, subject)));
            seen.extend(shown(&mut wizard, columns, height).into_iter().map(|subject| (index, subject)));
            press(&mut wizard, "n", &mut presses);
        }
        assert_eq!(seen, asked, "at {columns}x{height}");
        assert_eq!(wizard.model.screen, Screen::Review);
        press(&mut wizard, "a", &mut presses);
        while wizard.model.dialog.is_some() || wizard.model.screen == Screen::Passwords {
            // The upper outcome is to apply; the harmless one has the focus.
            if wizard.model.dialog.is_some() {
                press(&mut wizard, "Up", &mut presses);
            }
            presses += wizard.press_and_keep("Enter");
        }
        let said = screen(&mut wizard, columns, height).join("\n");
        assert!(said.contains("All changes are done"), "{said}");
        println!("{columns}x{height}: {presses} presses from start to all done");
        assert!(presses <= most, "{presses} presses at {columns}x{height}");
    }
}

/// Arrows stop at the ends, Space goes round, Enter goes down row by row and then to the next step.
#[test]
fn rows_are_walked_with_enter_and_arrows_stop() {
    let mut wizard = Wizard::ready(Mode::FirstBoot);
    wizard.press("Enter");
    let Screen::Step(first) = wizard.model.screen else { panic!() };
    let count = questions(&wizard).len();
    let value = |wizard: &Wizard| {
        let form = &wizard.model.current_step().unwrap().form;
        form.value(form.focus().field).unwrap().to_owned()
    };
    wizard.press("Left Left Left Left Left");
    let leftmost = value(&wizard);
    wizard.press("Left");
    assert_eq!(value(&wizard), leftmost);
    wizard.press("Right Right Right Right Right Right");
    let rightmost = value(&wizard);
    assert_ne!(rightmost, leftmost);
    wizard.press("Right");
    assert_eq!(value(&wizard), rightmost);
    wizard.press("Space");
    assert_eq!(value(&wizard), leftmost);
    for _ in 1..count {
        wizard.press("Enter");
        assert_eq!(wizard.model.screen, Screen::Step(first));
    }
    wizard.press("Down Down");
    assert_eq!(wizard.model.screen, Screen::Step(first));
    wizard.press("Enter");
    assert!(matches!(wizard.model.screen, Screen::Step(other) if other != first));
    wizard.press("r");
    assert_eq!(wizard.model.screen, Screen::Review);
}

/// A row that asks nothing has a detail as well: Enter goes there before it goes to the next step.
#[test]
fn a_finding_without_a_question_takes_the_focus() {
    let mut desk = Desk::ready(Mode::FirstBoot);
    let door = finding("access", Severity::Low, Status::Fail, "There is another way in");
    let vendor = settled_by("vendor", finding("access", Severity::High, Status::Fail, "Vendor"));
    desk.found("access", vec![vendor.clone(), door]);
    desk.press("ENTER ENTER");
    let page = page::page(&desk.model, 76);
    let pane = page.pane.as_ref().unwrap();
    assert!(pane.title.starts_with("2 of 2"), "{}", pane.title);
    assert!(page.lines[page.focus.unwrap().0].text().contains("There is another way in"), "{page:?}");
    assert!(page.text().contains("Remedy   mend it"), "{}", page.text());
    desk.press("RIGHT SPACE");
    assert!(!desk.model.unapplied(), "there is nothing to answer");
    // Gone when it is looked at again: the focus goes to what is left.
    desk.found("access", vec![vendor]);
    assert!(desk.model.steps[0].form.at_first());
    desk.press("ENTER");
    assert_eq!(desk.step(), "passwords");
}

/// Where there is nothing to decide nobody is asked, and yet an answers file made today fits a worse day.
#[test]
fn a_question_that_holds_for_good_has_no_row_and_stays_in_the_answers_file() {
    let mut wizard = Wizard::ready(Mode::Maintenance);
    let index = REGISTRY.iter().position(|step| step.about().id.as_str() == "ssh").unwrap();
    wizard.model.screen = Screen::Step(index);
    let step = &wizard.model.steps[index];
    let modes = step.form.form().field("modes").unwrap();
    assert!(modes.quiet && modes.now_status == Some(Status::Pass));
    assert!(!questions(&wizard).contains(&modes.label), "{:?}", questions(&wizard));
    let file = unattended::template("spce", &[(step.about(), step.form.form().clone())]);
    assert!(file.contains("\n  modes: fix\n") && file.contains("\n  empty-passwords: "), "{file}");
}

/// What has no row is counted, and one key shows everything in full.
#[test]
fn all_findings_are_one_key_away() {
    let mut wizard = Wizard::ready(Mode::Maintenance);
    for (index, step) in REGISTRY.iter().enumerate() {
        wizard.model.screen = Screen::Step(index);
        wizard.press("f");
        assert_eq!(wizard.model.screen, Screen::Findings(index));
        let words = page::page(&wizard.model, 2000).text();
        for finding in wizard.model.steps[index].findings() {
            for part in [&finding.title, &finding.evidence, &finding.remedy] {
                assert!(words.contains(&page::clean(part)), "{}: {part} is not in {words}", step.about().id);
            }
        }
        wizard.press("b");
        assert_eq!(wizard.model.screen, Screen::Step(index));
    }
}

/// What the answers mean is drawn at once, and the chosen column marked without colour.
#[test]
fn figures_follow_the_answers() {
    let mut wizard = Wizard::ready(Mode::Maintenance);
    let index = REGISTRY.iter().position(|step| step.about().id.as_str() == "performance").unwrap();
    wizard.model.screen = Screen::Step(index);
    let before = screen(&mut wizard, 80, 24).join("\n");
    assert!(before.contains('['), "a column is marked: {before}");
    wizard.press("Right");
    let after = screen(&mut wizard, 80, 24).join("\n");
    let marked = |text: &str| text.split('[').nth(1).map(|rest| rest.split(']').next().unwrap().to_owned());
    assert_ne!(marked(&before), marked(&after), "{after}");
    let told = page::told(&page::preview(&wizard.model.steps[index]));
    assert!(told.iter().any(|line| line.contains('*')), "{told:?}");
}
