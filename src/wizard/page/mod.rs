//! What every page says, as lines of words with roles, already wrapped to a width. How roles look is the front end's
//! business; which lines are on the screen is decided here, so that scrolling has one owner.

pub mod change;
mod cut_off;
mod dialog;
mod field;
mod figures;
pub(in crate::wizard) mod history;
mod host;
mod lines;
mod matrix;
mod passwords;
mod reading;
pub mod review;
mod run;
mod scroll;
mod step;
mod text;
pub(super) mod unfixed;

use super::{Model, Screen};
pub(super) use dialog::scroll_dialog;
pub use dialog::{DialogPage, dialog, dialog_room, dialog_width};
pub use figures::told;
pub use lines::{Line, Page, Pane, Role, Span, Symbol};
pub use run::{change_words, progress_words};
pub(super) use scroll::first_line;
pub use scroll::{body, notice, window};
pub use step::preview;
pub(super) use step::rows_below;
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
        Screen::Difference(index) => change::difference(model, index, width),
        Screen::Foreign => review::foreign(model, width),
        Screen::Unfixed => unfixed::page(model, width),
        Screen::Run => run::run(model, width),
        Screen::Result => run::result(model, width),
        Screen::CutOff => cut_off::cut_off(model, width),
        Screen::History => history::list(model, width),
        Screen::Past => history::past(model, width),
        Screen::Passwords => passwords::passwords(model, width),
        Screen::Findings(index) => reading::findings(model, index, width),
        Screen::Help => reading::help(model, width),
        Screen::Log => reading::log(model, width),
    }
}

/// A short name of a page for a file: letters, digits and dashes.
pub(super) fn file_name(title: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = title.chars().take(40).map(plain).collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "page".to_owned() } else { words.join("-") }
}
