//! Keys and what they can mean, apart from any terminal library and any page.

use std::fmt;

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
    MoreRows,
    Findings,
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
    Bundle,
    CopyPage,
    Log,
    Help,
    Redraw,
    Suspend,
    Interrupt,
    Quit,
}
