//! Every screen in every theme and three sizes, cell by cell, and without a panic in any size.
//! `INSTA_UPDATE=always cargo test --test screens` takes what is drawn now; look at the difference before you keep it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write;

use ngcp_warden::{
    ui::{Glyphs, Look, Theme},
    wizard::Key,
};
use ratatui::{
    buffer::{Buffer, Cell},
    layout::Position,
    style::{Color, Modifier},
};
use support::scenes;

const LOOKS: [(&str, Look); 3] = [
    ("rich", Look { theme: Theme::Rich, glyphs: Glyphs::Unicode }),
    ("console16", Look { theme: Theme::Console16, glyphs: Glyphs::Console }),
    ("mono", Look { theme: Theme::Mono, glyphs: Glyphs::Ascii }),
];
const SIZES: [(u16, u16); 3] = [(80, 24), (60, 16), (132, 43)];

#[test]
fn screens_look_as_they_did() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        scenes::each(|name, wizard| {
            let mut text = String::new();
            for (columns, rows) in SIZES {
                let mut known: Vec<String> = Vec::new();
                for (theme, look) in LOOKS {
                    let (frame, cursor) = wizard.frame(columns, rows, look);
                    let rows = dump(&frame);
                    let _ = writeln!(text, "== {theme} {columns}x{}{}", frame.area.height, shown(cursor));
                    for (number, row) in rows.iter().enumerate() {
                        // What looks the same as in the theme before is not told again.
                        if known.get(number) != Some(row) {
                            let _ = writeln!(text, "{:>2}{row}", number + 1);
                        }
                    }
                    known = rows;
                }
            }
            insta::assert_snapshot!(name, text);
        });
    });
}

fn shown(cursor: Option<Position>) -> String {
    cursor.map_or(String::new(), |at| format!(" cursor {},{}", at.x + 1, at.y + 1))
}

/// Each row: its text, and below it the style of every stretch that has one: `column+length style`.
fn dump(frame: &Buffer) -> Vec<String> {
    let row = |y: u16| {
        let cells: Vec<&Cell> = (0..frame.area.width).map(|x| &frame[(x, y)]).collect();
        let text: String = cells.iter().map(|cell| cell.symbol()).collect();
        let mut out = format!(" {}", text.trim_end());
        let mut styles = Vec::new();
        let mut column = 1;
        for stretch in cells.chunk_by(|a, b| style(a) == style(b)) {
            if !style(stretch[0]).is_empty() {
                styles.push(format!("{column}+{} {}", stretch.len(), style(stretch[0])));
            }
            column += stretch.len();
        }
        if !styles.is_empty() {
            let _ = write!(out, "\n     ~ {}", styles.join(", "));
        }
        out.trim_end().to_owned()
    };
    (0..frame.area.height).map(row).collect()
}

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    let visible = cell.symbol() != " ";
    if cell.fg != Color::Reset && (visible || cell.modifier.contains(Modifier::REVERSED)) {
        words.push(match cell.fg {
            Color::Indexed(index) => index.to_string(),
            other => other.to_string().to_lowercase(),
        });
    }
    for (modifier, word) in
        [(Modifier::BOLD, "bold"), (Modifier::UNDERLINED, "underlined"), (Modifier::REVERSED, "reversed")]
    {
        if cell.modifier.contains(modifier) && (visible || modifier != Modifier::BOLD) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

/// F67: from one cell to a wall of them.
#[test]
fn no_screen_panics_in_any_size() {
    let small = 1..=20u16;
    scenes::each(|name, wizard| {
        for columns in small.clone().chain((25..=140).step_by(9)) {
            for rows in small.clone().chain((24..=50).step_by(8)) {
                let (frame, cursor) = wizard.frame(columns, rows, LOOKS[0].1);
                let inside = cursor.is_none_or(|at| at.x < columns && at.y < rows);
                assert!(inside, "{name} {columns}x{rows}: the cursor is outside");
                assert_eq!(frame.area.as_size(), (columns, rows).into());
            }
        }
    });
}

/// Whoever names hosts, packages or findings cannot write on the terminal, and wide names stay whole.
#[test]
fn hostile_names_stay_words() {
    let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}日本語ホスト\u{301}👩‍👩‍👧 end";
    scenes::each(|name, wizard| {
        if let Some(host) = &mut wizard.model.host {
            host.hostname = hostile.to_owned();
            host.remarks = vec![hostile.repeat(20)];
            host.facts = vec![(hostile.to_owned(), hostile.repeat(30))];
        }
        wizard.model.notice = Some(hostile.repeat(10));
        for (columns, rows) in SIZES {
            let (frame, _) = wizard.frame(columns, rows, LOOKS[0].1);
            let bad = frame.content.iter().find(|cell| cell.symbol().chars().any(char::is_control));
            assert_eq!(bad.map(Cell::symbol), None, "{name}");
        }
    });
}

/// The way out is on every screen that has room, and a demo is never mistaken for a host.
#[test]
fn every_screen_says_how_to_leave_and_that_it_is_a_demo() {
    scenes::each(|name, wizard| {
        for (columns, rows) in SIZES {
            let (frame, _) = wizard.frame(columns, rows, LOOKS[2].1);
            let rows = dump(&frame);
            assert!(rows[0].contains(" DEMO"), "{name}: {}", rows[0]);
            let footer = rows.last().unwrap();
            assert!(footer.contains("quit") || footer.contains("Esc"), "{name}: {footer}");
        }
    });
}

/// On the usual screen, with the longest names of keys: what only this page can do, and the review.
#[test]
fn the_footer_names_the_keys_of_the_page() {
    scenes::each(|name, wizard| {
        let hints = ngcp_warden::wizard::keys::footer(&wizard.model);
        for (theme, look) in LOOKS {
            let (frame, _) = wizard.frame(80, 24, look);
            let rows = dump(&frame);
            let footer = rows.last().unwrap();
            let arrows = |hint: &&ngcp_warden::wizard::keys::Hint| hint.keys.contains(&Key::Up);
            for hint in hints.iter().filter(|hint| hint.rank <= 4 && !arrows(hint)) {
                assert!(footer.contains(hint.text), "{name}, {theme}: {} is not in {footer}", hint.text);
            }
        }
    });
}
