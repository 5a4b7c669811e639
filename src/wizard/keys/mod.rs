//! The one table of keys: what a key means where, in which words, under which condition.
//! Footer, help and the man page are read from it; nothing else knows a key.

mod table;

use std::fmt;

use super::{Model, Screen};
pub use table::{At, Row, TABLE};

/// A key, apart from any terminal library.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "keys are called what they are")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Backspace,
    Delete,
    F(u8),
}

impl fmt::Debug for Key {
    /// A letter is not shown: it may be one of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Char(_) => f.write_str("Char(…)"),
            other => f.write_str(&other.name(false)),
        }
    }
}

impl Key {
    /// What people call it; arrows as signs when the terminal has them.
    pub fn name(self, unicode: bool) -> String {
        let arrow = |sign: &str, word: &str| if unicode { sign.to_owned() } else { word.to_owned() };
        match self {
            Key::Char(' ') => "Space".to_owned(),
            Key::Char(c) => c.to_string(),
            Key::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Key::Enter => "Enter".to_owned(),
            Key::Esc => "Esc".to_owned(),
            Key::Tab => "Tab".to_owned(),
            Key::BackTab => "Shift-Tab".to_owned(),
            Key::Up => arrow("↑", "Up"),
            Key::Down => arrow("↓", "Down"),
            Key::Left => arrow("←", "Left"),
            Key::Right => arrow("→", "Right"),
            Key::Home => "Home".to_owned(),
            Key::End => "End".to_owned(),
            Key::PageUp => "PgUp".to_owned(),
            Key::PageDown => "PgDn".to_owned(),
            Key::Backspace => "Backspace".to_owned(),
            Key::Delete => "Del".to_owned(),
            Key::F(n) => format!("F{n}"),
        }
    }

    /// Whether a text field takes it before the table is asked.
    pub fn edits_text(self) -> bool {
        matches!(
            self,
            Key::Char(_) | Key::Backspace | Key::Delete | Key::Left | Key::Right | Key::Home | Key::End
        ) || matches!(self, Key::Ctrl('u' | 'w' | 'a' | 'e' | 'k'))
    }
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table below says each in words")]
pub enum Intent {
    Forward,
    Back,
    Level,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    NextField,
    PreviousField,
    Left,
    Right,
    Choose,
    Steps,
    Review,
    Apply,
    Difference,
    AcceptForeign,
    Stop,
    Keep,
    Revert,
    ToRun,
    Attach,
    CutOff,
    History,
    ContinueRun,
    TakeBack,
    LeaveRun,
    Store,
    Discard,
    LookAgain,
    Report,
    CopyPage,
    Log,
    Help,
    Redraw,
    Suspend,
    Interrupt,
    Quit,
}

/// Whether a key may move the page away from what has the focus.
pub(super) fn scrolls(key: Key) -> bool {
    matches!(key, Key::PageUp | Key::PageDown | Key::Home | Key::End)
}

/// Where the model is, for the table.
pub fn place(model: &Model) -> At {
    if model.dialog.is_some() {
        return At::Dialog;
    }
    at(model.screen)
}

/// The place that a page is.
pub(super) fn at(screen: Screen) -> At {
    match screen {
        Screen::Overview => At::Overview,
        Screen::Steps => At::Steps,
        Screen::Step(_) => At::Step,
        Screen::Review => At::Review,
        Screen::Difference(_) | Screen::Foreign => At::Difference,
        Screen::Run => At::Run,
        Screen::Result => At::Result,
        Screen::CutOff => At::CutOff,
        Screen::History => At::History,
        Screen::Past => At::Past,
        Screen::Passwords => At::Passwords,
        Screen::Help => At::Help,
        Screen::Log => At::Log,
    }
}

/// What `key` means now; `None` when it means nothing or goes into a text field.
pub fn intent(model: &Model, key: Key) -> Option<Intent> {
    if model.typing() && key.edits_text() {
        return None;
    }
    let rows = TABLE.iter().filter(|row| row.holds(model));
    rows.flat_map(|row| row.keys).find(|(candidate, _)| *candidate == key).map(|(_, intent)| *intent)
}

/// A hint for the footer: keys, each with another meaning, and the words for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Keys to press, one per intent of the row.
    pub keys: Vec<Key>,
    /// The words.
    pub text: &'static str,
    /// Shown however narrow the screen is.
    pub pinned: bool,
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
            let free = !(taken.contains(key) || model.typing() && key.edits_text());
            if free {
                taken.push(*key);
                if !intents.contains(intent) {
                    intents.push(*intent);
                    keys.push(*key);
                }
            }
        }
        if row.footer && !keys.is_empty() {
            hints.push(Hint { keys, text: row.text, pinned: row.pinned });
        }
    }
    hints
}
