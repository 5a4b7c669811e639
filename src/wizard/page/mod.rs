//! What every page says, as lines of words with roles, already wrapped to a width. How roles look is the front end's
//! business; which lines are on the screen is decided here, so that scrolling has one owner.

mod dialog;
pub(in crate::wizard) mod history;
mod host;
mod passwords;
mod reading;
pub mod review;
mod run;
mod step;
mod text;
mod unfixed;

use std::fmt;

use super::{Model, Screen, model::Size};
pub(super) use dialog::scroll_dialog;
pub use dialog::{DialogPage, dialog, dialog_room, dialog_width};
pub use run::change_words;
use text::Writer;
pub use text::clean;

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
#[derive(Clone, PartialEq)]
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
    /// A made up password, on the one page that shows it.
    Revealed,
}

impl fmt::Debug for Span {
    /// What is revealed on the screen is not revealed here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.role == Role::Revealed { "…" } else { &self.text };
        write!(f, "{:?} {text:?}", self.role)
    }
}

impl Span {
    fn new(role: Role, text: impl Into<String>) -> Self {
        Span { role, text: text.into(), symbol: None }
    }

    fn symbol(role: Role, symbol: Symbol) -> Self {
        Span { role, text: symbol.text(), symbol: Some(symbol) }
    }

    /// Columns it takes: that of its symbol, else of its words.
    pub fn width(&self) -> usize {
        match self.symbol {
            Some(Symbol::Bar { width, .. }) => usize::from(width),
            Some(_) => 1,
            None => unicode_width::UnicodeWidthStr::width(self.text.as_str()),
        }
    }
}

impl Line {
    /// The words alone.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

impl Page {
    /// The words of the body alone, one line each.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.text().trim_end().to_owned(), "\n".to_owned()]).collect()
    }
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

impl Symbol {
    /// The same in letters.
    fn text(self) -> String {
        let word = match self {
            Symbol::Pass => "+",
            Symbol::Fail => "x",
            Symbol::Warning => "!",
            Symbol::Unknown => "?",
            Symbol::Nothing => "-",
            Symbol::Busy => "*",
            Symbol::Pending => ".",
            Symbol::On => "(*)",
            Symbol::Off => "( )",
            Symbol::Ticked => "[x]",
            Symbol::Unticked => "[ ]",
            Symbol::Folded => ">",
            Symbol::Unfolded => "v",
            Symbol::Dot => "*",
            Symbol::Bar { filled, .. } => return format!("{}%", filled / 10),
        };
        word.to_owned()
    }
}

/// The page on the screen, wrapped to `width` columns.
pub fn page(model: &Model, width: u16) -> Page {
    let width = usize::from(width.max(10));
    match model.screen {
        Screen::Overview => host::overview(model, width),
        Screen::Steps => host::steps(model, width),
        Screen::Step(index) => step::step(model, index, width),
        Screen::Review => review::page(model, width),
        Screen::Difference(index) => review::difference(model, index, width),
        Screen::Foreign => review::foreign(model, width),
        Screen::Run => run::run(model, width),
        Screen::Result => run::result(model, width),
        Screen::CutOff => run::cut_off(model, width),
        Screen::History => history::list(model, width),
        Screen::Past => history::past(model, width),
        Screen::Passwords => passwords::passwords(model, width),
        Screen::Help => reading::help(model, width),
        Screen::Log => reading::log(model, width),
    }
}

/// Columns and rows of the body: what is left by a margin of two columns, one on the right, a top line, two rules and
/// a bottom line.
pub fn body(model: &Model, size: Size) -> Size {
    let above = u16::try_from(notice(model, size).len().saturating_sub(1)).unwrap_or(0);
    Size { columns: size.columns.saturating_sub(3).max(1), rows: size.rows.saturating_sub(4 + above).max(1) }
}

/// The notice, whole, over as many lines as it needs but no more than a third of the screen. The last one stands in the
/// rule above the keys.
pub fn notice(model: &Model, size: Size) -> Vec<String> {
    let Some(notice) = &model.notice else { return Vec::new() };
    let mut writer = Writer::new("", "", usize::from(size.columns.saturating_sub(6).max(10)));
    writer.text(Role::Text, notice);
    let mut lines: Vec<String> = writer.page.lines.iter().map(Line::text).collect();
    let most = usize::from(size.rows / 3).max(1);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = format!("{}…", last.trim_end());
        }
    }
    lines
}

/// The first line of the page to show on so many rows; nothing is scrolled past the end.
pub fn window(model: &Model, page: &Page, rows: u16) -> usize {
    first_line(page, model.top, rows)
}

/// `top`, kept within the page.
pub(super) fn first_line(page: &Page, top: usize, rows: u16) -> usize {
    top.min(page.lines.len().saturating_sub(usize::from(rows)))
}

/// A short name of a page for a file: letters, digits and dashes.
pub(super) fn file_name(title: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = title.chars().take(40).map(plain).collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "page".to_owned() } else { words.join("-") }
}
