//! What every page says, as lines of words with roles, already wrapped to a width. How roles look is the front end's
//! business; which lines are on the screen is decided here, so that scrolling has one owner.

mod dialog;
pub(in crate::wizard) mod history;
mod host;
mod lines;
mod passwords;
mod reading;
pub mod review;
mod run;
mod step;
mod text;
mod unfixed;

use super::{Model, Screen, model::Size};
pub(super) use dialog::scroll_dialog;
pub use dialog::{DialogPage, dialog, dialog_room, dialog_width};
pub use lines::{Line, Page, Role, Span, Symbol};
pub use run::{change_words, progress_words};
use text::Writer;
pub use text::clean;

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
