//! What every page says, as lines of words with roles, already wrapped to a width. How roles look is the front end's
//! business; which lines are on the screen is decided here, so that scrolling has one owner.

use super::{Model, model::Size};

/// A page: what stands in the top line, the body and the bottom line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Left in the top line: "Passwords".
    pub title: String,
    /// Right in the top line: "step 2 of 9 · handbook 15.3".
    pub aside: String,
    /// The body, wrapped to the width asked for.
    pub lines: Vec<Line>,
    /// First and last line of what has the focus; kept on the screen.
    pub focus: Option<(usize, usize)>,
}

/// One line of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Words in order.
    pub spans: Vec<Span>,
    /// It has the focus: marked at its left and shown as selected.
    pub selected: bool,
    /// Column of the text cursor, when it is in this line.
    pub cursor: Option<u16>,
}

/// Words with one role.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// What it is.
    pub role: Role,
    /// The words; for symbols and bars a plain text that says the same.
    pub text: String,
    /// Drawn instead of the text where the terminal can.
    pub symbol: Option<Symbol>,
}

/// What words are; a theme maps it to a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary words.
    Text,
    /// Less important.
    Dim,
    /// A heading, a column title.
    Heading,
    /// The accent: what can be chosen, what is new.
    Accent,
    /// Seen to be well.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Bad,
    /// Not known.
    Unknown,
    /// An input field.
    Field,
    /// A line added, in a diff.
    Added,
    /// A line removed, in a diff.
    Removed,
    /// A command, a path: word for word.
    Literal,
}

/// A thing to draw. Always one column wide, except the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// Well, done.
    Pass,
    /// Wrong, failed.
    Fail,
    /// Worth a look.
    Warning,
    /// Not known.
    Unknown,
    /// Does not apply, skipped.
    Nothing,
    /// Under way.
    Busy,
    /// Not yet.
    Pending,
    /// A choice that is chosen.
    On,
    /// A choice that is not.
    Off,
    /// A tick box that is ticked.
    Ticked,
    /// One that is not.
    Unticked,
    /// A folded list.
    Folded,
    /// An unfolded one.
    Unfolded,
    /// A character of a secret.
    Dot,
    /// A bar, filled to so many thousandths.
    Bar {
        /// Columns.
        width: u16,
        /// 0 to 1000.
        filled: u16,
    },
}

/// The page on the screen, wrapped to `width` columns.
pub fn page(_model: &Model, _width: u16) -> Page {
    Page::default()
}

/// Columns and rows of the body: top line, rule, body, rule, bottom lines.
pub fn body(_model: &Model, size: Size) -> Size {
    Size { columns: size.columns, rows: size.rows.saturating_sub(4) }
}

/// The first body line to show, so that the focus is on the screen and nothing is scrolled past the end.
pub fn window(_model: &Model, _page: &Page, _rows: u16) -> usize {
    0
}

/// The dialog above the page, when there is one: words, and the outcomes with their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct DialogPage {
    /// "Leave without applying?"
    pub title: String,
    /// What it means, wrapped.
    pub lines: Vec<Line>,
    /// The outcomes; empty while working.
    pub outcomes: Vec<String>,
    /// Which outcome has the focus.
    pub focus: usize,
}

/// The dialog, wrapped to at most `width` columns.
pub fn dialog(_model: &Model, _width: u16) -> Option<DialogPage> {
    None
}
