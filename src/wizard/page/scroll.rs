//! Which lines of a page are on the screen: the room for them, and where they begin.

use super::{
    lines::{Line, Page, Role},
    text::Writer,
};
use crate::wizard::{Model, model::Size};

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
pub(in crate::wizard) fn first_line(page: &Page, top: usize, rows: u16) -> usize {
    top.min(page.lines.len().saturating_sub(usize::from(page.room(rows))))
}
