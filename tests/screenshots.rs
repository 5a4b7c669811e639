//! The pictures in `screenshots/`: made by the real update and view on the sample host, and compared here.
//! `SCREENSHOTS=write cargo test --test screenshots` makes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeMap, fs, path::PathBuf};

use ngcp_warden::ui::{Glyphs, Look, Theme, svg};
use support::scenes;

const RICH: Look = Look { theme: Theme::Rich, glyphs: Glyphs::Unicode };
const CONSOLE: Look = Look { theme: Theme::Console16, glyphs: Glyphs::Console };
const MONO: Look = Look { theme: Theme::Mono, glyphs: Glyphs::Ascii };

/// Pictures of a screen in another size or look: screen, name behind it, columns, rows, look.
const OTHERS: &[(&str, &str, u16, u16, Look)] = &[
    ("overview", "console", 80, 24, CONSOLE),
    ("overview", "mono-60x16", 60, 16, MONO),
    ("step-passwords", "132x43", 132, 43, RICH),
];

fn drawn() -> BTreeMap<String, String> {
    let mut pictures = BTreeMap::new();
    scenes::each(|name, wizard| {
        let mut picture = |name: String, columns, rows, look| {
            let (frame, cursor) = wizard.frame(columns, rows, look);
            assert!(pictures.insert(name + ".svg", svg::render(&frame, cursor)).is_none());
        };
        picture(name.to_owned(), 80, 24, RICH);
        for (_, kind, columns, rows, look) in OTHERS.iter().filter(|other| other.0 == name) {
            picture(format!("{name}-{kind}"), *columns, *rows, *look);
        }
    });
    pictures
}

#[test]
fn pictures_are_as_the_program_draws_them() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let drawn = drawn();
    if std::env::var("SCREENSHOTS").is_ok_and(|wish| wish == "write") {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (file, picture) in &drawn {
            fs::write(folder.join(file), picture).unwrap();
        }
    }
    let mut wrong = Vec::new();
    for (file, picture) in &drawn {
        match fs::read_to_string(folder.join(file)) {
            Ok(kept) if kept == *picture => {}
            Ok(_) => wrong.push(format!("{file} is stale")),
            Err(_) => wrong.push(format!("{file} is missing")),
        }
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if !drawn.contains_key(&file) {
            wrong.push(format!("{file} belongs to no picture"));
        }
    }
    let again = "Look at them, then: SCREENSHOTS=write cargo test --test screenshots";
    assert!(wrong.is_empty(), "{wrong:#?}\n{again}");
}
