//! On a small screen nothing that decides is cut, and the review says what it does not fix.

use ngcp_warden::{
    finding::{Severity, Status},
    plan::Guard,
    ui::{Glyphs, Look, Theme},
    wizard::{Message, Screen, model::Mode, page},
};

use crate::{
    samples::wizard::Wizard,
    support::{Desk, finding, plan},
};

const PLAIN: Look = Look { theme: Theme::Mono, glyphs: Glyphs::Ascii };

/// Everything on the screen, row by row.
fn screen(desk: &Desk) -> String {
    let size = desk.model.size;
    let area = ratatui::layout::Rect::new(0, 0, size.columns, size.rows);
    let mut frame = ratatui::buffer::Buffer::empty(area);
    ngcp_warden::ui::view(&desk.model, PLAIN, &mut frame);
    let row = |y: u16| (0..size.columns).map(|x| frame[(x, y)].symbol()).collect::<String>();
    (0..size.rows).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn a_dialog_that_does_not_fit_scrolls_to_its_last_word() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.tell(Message::Resized { columns: 60, rows: 16 });
    desk.press("s SPACE F10");
    let mut long = plan();
    for (number, change) in long.changes.iter_mut().enumerate() {
        change.interrupts = Some("new calls are refused meanwhile, ".repeat(8) + &format!("end of {number}"));
        change.guard = Some(Guard { what: format!("way in {number}"), seconds: 60, steps: Vec::new() });
    }
    desk.planned(long);
    desk.press("a");
    let first = screen(&desk);
    assert!(first.contains("more") && first.contains("PgDn") && first.contains("Apply now"), "{first}");
    let mut seen = first;
    for _ in 0..20 {
        desk.press("PGDN");
        let now = screen(&desk);
        assert!(now.contains("Apply now") && now.contains("Back to the review"), "{now}");
        seen.push_str(&now);
    }
    for words in ["end of 0", "end of 1", "way in 1 could", "unless kept within"] {
        let flat: String = seen.replace(['|', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words} is never shown: {seen}");
    }
    let last = screen(&desk);
    desk.press("PGDN");
    assert_eq!(screen(&desk), last, "no further");
    desk.press("ENTER");
    assert_eq!(desk.model.dialog, None, "the harmless outcome has the focus all the time");
}

#[test]
fn a_notice_is_whole_however_narrow_the_screen_is() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.tell(Message::Resized { columns: 60, rows: 16 });
    let why = "Not kept: this login is older than the change. Open a new one from where you work and type there: \
               ngcp-warden confirm 20261122-1";
    desk.tell(Message::Notice(why.to_owned()));
    let shown = screen(&desk);
    assert!(shown.contains("ngcp-warden confirm 20261122-1"), "{shown}");
    assert!(shown.lines().last().unwrap().contains("quit"), "{shown}");
}

#[test]
fn the_summary_of_the_review_is_not_cut() {
    let mut wizard = Wizard::ready(Mode::Maintenance);
    wizard.press("Enter Space Down Space F10");
    wizard.tell(Message::Resized { columns: 60, rows: 16 });
    let (frame, _) = wizard.frame(60, 16, PLAIN);
    let text: String = frame.content.iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(text.contains("could cut you off"), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("all can be undone"), "{text}");
}

#[test]
fn the_review_names_what_it_does_not_fix() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.found("noatime", vec![finding("noatime", Severity::Critical, Status::Fail, "Disks are worn")]);
    desk.press("s DOWN DOWN SPACE");
    assert_eq!(desk.model.steps.iter().filter(|step| step.ticked).count(), 1);
    desk.press("F10");
    desk.planned(plan());
    let said = "2 critical findings stay: Root has";
    for (columns, rows) in [(80, 24), (60, 16)] {
        desk.tell(Message::Resized { columns, rows });
        let shown = screen(&desk);
        let line = shown.lines().find(|line| line.contains(said)).unwrap_or_else(|| panic!("{shown}"));
        assert!(line.ends_with("all 3: f"), "{line}");
    }
    desk.press("f");
    assert_eq!(desk.model.screen, Screen::Unfixed);
    let all = page::page(&desk.model, 200).text();
    for stays in [
        "critical: Root has the image's password · Passwords is not in the plan",
        "critical: Disks are worn · Access times is not in the plan",
        "medium: Vendor may log in · left as it is",
    ] {
        assert!(all.contains(stays), "{stays}: {all}");
    }
    desk.press("b a");
    assert!(desk.words().contains(said), "{}", desk.words());
}

/// Also what a step of the plan leaves as it is.
#[test]
fn what_was_left_on_purpose_is_named_as_well() {
    let mut wizard = Wizard::ready(Mode::Maintenance);
    // Passwords: root is left alone.
    wizard.press("Enter Enter");
    while wizard.model.current_step().unwrap().form.value(0) != Some("leave") {
        wizard.press("Left");
    }
    wizard.press("F10");
    wizard.press("f");
    let page = page::page(&wizard.model, 200).text();
    assert!(page.contains("critical: Root still has the image's password · left as it is"), "{page}");
    assert!(!page.contains("administrator/administrator"), "that one is replaced: {page}");
}

/// Told where it is planned and again where it is decided.
#[test]
fn what_lets_somebody_in_is_told_twice() {
    let mut desk = Desk::ready(Mode::Maintenance);
    desk.press("s SPACE F10");
    let mut open = plan();
    open.changes[0] = open.changes[0].clone().opening("the vendor can log in");
    desk.planned(open);
    let said = "This opens a way in: the vendor can log in.";
    assert!(screen(&desk).contains(said), "{}", screen(&desk));
    desk.press("a");
    assert!(desk.words().contains(said), "{}", desk.words());
}

#[test]
fn help_opens_at_the_page_it_was_asked_for_on() {
    let mut desk = Desk::ready(Mode::Maintenance);
    for (keys, heading) in
        [("?", "Overview"), ("s ?", "Steps"), ("s F10 ?", "Review"), ("h ?", "Earlier runs"), ("l ?", "Log")]
    {
        desk.press(keys);
        assert_eq!(desk.model.screen, Screen::Help);
        let words = desk.words();
        let first = ["\nOverview\n", "\nSteps\n", "\nReview\n", "\nEarlier runs\n", "\nLog\n"]
            .into_iter()
            .filter_map(|name| Some((words.find(name)?, name.trim())))
            .min()
            .unwrap();
        assert_eq!(first.1, heading, "{words}");
        assert!(words.contains("A run that was cut off"), "{words}");
        desk.press("b ESC ESC ESC");
    }
}

/// What is known to be wrong is not hidden while there is room for it.
#[test]
fn the_overview_shows_as_many_findings_as_it_has_rows() {
    let mut desk = Desk::ready(Mode::Maintenance);
    let failing = |place| finding("noatime", Severity::Low, Status::Fail, &format!("disk {place} is slow"));
    desk.found("noatime", (0..30).map(failing).collect());
    for (rows, shown) in [(16, 6), (24, 12), (50, 30)] {
        desk.tell(Message::Resized { columns: 80, rows });
        let words = desk.words();
        assert_eq!(words.matches("is slow").count(), shown, "{rows} rows: {words}");
        assert_eq!(words.contains("more: the list of steps"), shown < 30, "{words}");
    }
}
