//! The one table of keys: what a key means where, in which words, under which condition.
//! Footer, help and the man page are read from it; nothing else knows a key.

mod key;
mod table;

use super::Model;
pub use key::{Intent, Key};
pub(super) use table::at;
pub use table::{At, Row, TABLE, place};

/// Whether a key may move the page away from what has the focus.
pub(super) fn scrolls(key: Key) -> bool {
    matches!(key, Key::PageUp | Key::PageDown | Key::Home | Key::End)
}

/// Whether a key goes into a field now.
pub(super) fn typed(model: &Model, key: Key) -> bool {
    let line_break = || model.current_step().is_some_and(|step| step.form.takes_line_break());
    model.typing() && (key.edits_text() || key == Key::Enter && line_break())
        || matches!(key, Key::Char('0'..='9')) && takes_value(model)
}

/// Whether a value can be typed or pasted in place of the word that has the focus.
pub(super) fn takes_value(model: &Model) -> bool {
    model.dialog.is_none() && model.current_step().is_some_and(|step| step.form.takes_value())
}

/// What `key` means now; `None` when it means nothing or goes into a text field.
pub fn intent(model: &Model, key: Key) -> Option<Intent> {
    if typed(model, key) {
        return None;
    }
    // The key first: whether a row holds may take a look at the whole page.
    let means =
        |row: &Row| row.keys.iter().find(|(candidate, _)| *candidate == key).map(|(_, intent)| *intent);
    TABLE.iter().find_map(|row| means(row).filter(|_| row.holds(model)))
}

/// A hint for the footer: keys, each with another meaning, and the words for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Keys to press, one per intent of the row.
    pub keys: Vec<Key>,
    /// The words.
    pub text: &'static str,
    /// Where the screen is narrow those with the greatest rank go first: what can be done on many pages.
    pub rank: usize,
}

impl Hint {
    /// The keys as shown: arrows stick together, other pairs get a space.
    pub fn shown_keys(&self, unicode: bool) -> String {
        let names: Vec<String> = self.keys.iter().map(|key| key.name(unicode)).collect();
        names.join(if unicode && names.iter().all(|name| name.chars().count() == 1) { "" } else { "/" })
    }
}

/// What can be done now, most useful first.
pub fn footer(model: &Model) -> Vec<Hint> {
    let mut taken: Vec<Key> = Vec::new();
    let mut hints = Vec::new();
    for row in TABLE.iter().filter(|row| row.holds(model)) {
        let mut intents: Vec<Intent> = Vec::new();
        let mut keys = Vec::new();
        for (key, intent) in row.keys {
            let free = !(taken.contains(key) || typed(model, *key));
            if free {
                taken.push(*key);
                if !intents.contains(intent) {
                    intents.push(*intent);
                    keys.push(*key);
                }
            }
        }
        if row.footer && !keys.is_empty() {
            // Arrows are tried unasked.
            let arrows = if row.keys.iter().any(|(key, _)| *key == Key::Up) { 5 } else { 0 };
            let rank = if row.pinned { 0 } else { row.at.len() + arrows };
            hints.push(Hint { keys, text: row.text, rank });
        }
    }
    hints
}
