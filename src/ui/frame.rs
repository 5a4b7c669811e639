//! The frame of every page: where am I, the page itself, what can I do. Above it a dialog, when something is asked.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};
use unicode_width::UnicodeWidthStr;

use super::{
    glyphs::Glyphs,
    theme::{Part, Theme},
};
use crate::{
    executor::World,
    wizard::{
        Model, keys,
        model::{SMALLEST, Size},
        page::{self, DialogPage, Line, Page, Role, Span, Symbol},
    },
};

/// How everything is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Colours.
    pub theme: Theme,
    /// Characters.
    pub glyphs: Glyphs,
}

/// Columns left of everything; the first holds the marker of what has the focus.
const MARGIN: u16 = 2;

/// Draws the page, and the dialog above it, into a blank buffer. Returns where the text cursor belongs.
pub fn view(model: &Model, look: Look, buffer: &mut Buffer) -> Option<Position> {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let mut canvas = Canvas { look, buffer };
    let size = Size { columns, rows };
    let cursor = if !size.fits() {
        canvas.too_small();
        None
    } else {
        let cursor = canvas.page(model, size);
        let dialog = page::dialog(model, page::dialog_width(columns));
        dialog.as_ref().map(|dialog| canvas.dialog(dialog)).map_or(cursor, |()| None)
    };
    mend(buffer);
    cursor
}

struct Canvas<'a> {
    look: Look,
    buffer: &'a mut Buffer,
}

impl Canvas<'_> {
    /// Writes text up to column `end` and returns the column behind it.
    fn text(&mut self, x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let end = end.min(self.buffer.area.width);
        if x >= end || y >= self.buffer.area.height {
            return x;
        }
        let text = self.look.glyphs.text(text);
        // What was there before shines through a style that says nothing.
        let style = Style::reset().patch(style);
        self.buffer.set_stringn(x, y, text, usize::from(end - x), style).0
    }

    fn rule(&mut self, y: u16) {
        let (width, style) = (self.buffer.area.width, self.look.theme.part(Part::Rule));
        self.text(0, y, width, &self.look.glyphs.rule().repeat(usize::from(width)), style);
    }

    fn too_small(&mut self) {
        let Rect { width, height, .. } = self.buffer.area;
        let Size { columns, rows } = SMALLEST;
        let text = format!("{width}x{height} is too small, {columns}x{rows} is needed. Ctrl-C leaves.");
        let mut y = 0;
        let mut x = 0;
        // Wrapped anywhere: on the smallest screens every letter counts.
        for word in text.split_inclusive(' ') {
            if x > 0 && usize::from(x) + word.trim_end().width() > usize::from(width) {
                (x, y) = (0, y + 1);
            }
            x = self.text(x, y, width, word, Style::new());
        }
    }

    fn page(&mut self, model: &Model, size: Size) -> Option<Position> {
        let body = page::body(model, size);
        let page = page::page(model, body.columns);
        let top = page::window(model, &page, body.rows);
        self.title(model, &page);
        self.rule(1);
        let rows = page.room(body.rows);
        let lines = page.lines.get(top..).unwrap_or_default();
        let bottom = size.rows.saturating_sub(2);
        let pinned = u16::try_from(page.pinned.len()).unwrap_or(0);
        self.body(2, pinned, &page.pinned);
        let mut cursor = self.body(2 + pinned, rows, lines);
        self.rule(bottom);
        let end = if page.pane.is_some() { 2 + pinned + rows } else { bottom };
        if let Some(pane) = &page.pane {
            self.rule(end);
            let style = self.look.theme.part(Part::Aside);
            self.text(MARGIN - 1, end, size.columns, &format!(" {} ", pane.title), style);
            cursor = self.body(end + 1, bottom.saturating_sub(end + 1), &pane.lines).or(cursor);
        }
        self.scroll_marks(&page, top, rows, end);
        let notice = page::notice(model, size);
        let first = (bottom + 1).saturating_sub(u16::try_from(notice.len()).unwrap_or(0));
        for (y, line) in (first..).zip(&notice) {
            let style = self.look.theme.part(Part::Notice);
            let end = size.columns.saturating_sub(MARGIN);
            self.text(MARGIN - 1, y, end, &format!(" {line} "), style);
        }
        let scrolls = page.lines.len() > usize::from(rows);
        self.footer(model, scrolls, bottom + 1);
        cursor
    }

    fn title(&mut self, model: &Model, page: &Page) {
        let width = self.buffer.area.width;
        let mut right = width.saturating_sub(1);
        if model.world == World::Demo {
            right = right.saturating_sub(6);
            self.text(right, 0, width, " DEMO ", self.look.theme.part(Part::Mark));
            right = right.saturating_sub(2);
        }
        let room = usize::from(right.saturating_sub(MARGIN));
        let title = cut(&page.title, room);
        let behind = self.text(MARGIN, 0, right, &title, self.look.theme.part(Part::Title));
        let room = usize::from(right.saturating_sub(behind.saturating_add(2)));
        // A word or two of it say nothing.
        let aside =
            if page.aside.width() > room && room < 16 { String::new() } else { cut(&page.aside, room) };
        let start = right.saturating_sub(u16::try_from(aside.width()).unwrap_or(u16::MAX));
        self.text(start, 0, right, &aside, self.look.theme.part(Part::Aside));
    }

    fn body(&mut self, from: u16, rows: u16, lines: &[Line]) -> Option<Position> {
        let mut cursor = None;
        let mut selected = false;
        for (y, line) in (from..).zip(lines.iter().take(usize::from(rows))) {
            let end = self.buffer.area.width;
            let first = !std::mem::replace(&mut selected, line.selected);
            // A key is copied from the screen: blanks before its lines would spoil it.
            let copied = line.spans.first().is_some_and(|span| span.role == Role::Revealed);
            let left = if copied { 0 } else { MARGIN };
            self.line(Rect::new(left, y, end.saturating_sub(left), 1), line, first);
            if let Some(column) = line.cursor {
                let x = column.saturating_add(MARGIN).min(end.saturating_sub(1));
                cursor = Some(Position { x, y });
            }
        }
        cursor
    }

    /// One line. What has the focus gets a marker before it; its first line has its first words reversed.
    fn line(&mut self, area: Rect, line: &Line, first: bool) {
        let (mut x, y, end) = (area.x, area.y, area.right());
        if line.selected {
            let marker = self.look.glyphs.marker(first);
            self.text(area.x.saturating_sub(MARGIN), y, end, marker, self.look.theme.style(Role::Accent));
        }
        let mut mark = line.selected && first;
        for span in &line.spans {
            let style = self.look.theme.style(span.role);
            let words = span.symbol.is_none() && !span.text.trim().is_empty();
            if mark && words {
                let shown = span.text.trim_end();
                let (blank, shown) = shown.split_at(shown.len() - shown.trim_start().len());
                x = self.text(x, y, end, blank, style);
                x = self.text(x, y, end, shown, style.patch(self.look.theme.selected()));
                x = self.text(x, y, end, &span.text[blank.len() + shown.len()..], style);
                mark = false;
            } else {
                x = self.span(x, y, end, span, style);
            }
        }
    }

    fn span(&mut self, x: u16, y: u16, end: u16, span: &Span, style: Style) -> u16 {
        match span.symbol {
            None => self.text(x, y, end, &span.text, style),
            Some(Symbol::Bar { width, filled }) => {
                let (full, empty) = self.look.glyphs.bar();
                let filled = usize::from(
                    u16::try_from(u32::from(width) * u32::from(filled.min(1000)) / 1000).unwrap_or(0),
                );
                let x = self.text(x, y, end, &full.repeat(filled), style);
                let rest = empty.repeat(usize::from(width).saturating_sub(filled));
                self.text(x, y, end, &rest, self.look.theme.style(Role::Dim))
            }
            Some(symbol) => self.text(x, y, end, self.look.glyphs.symbol(symbol), style),
        }
    }

    /// How much is above and below what is shown.
    fn scroll_marks(&mut self, page: &Page, top: usize, rows: u16, bottom: u16) {
        let width = self.buffer.area.width;
        let below = page.lines.len().saturating_sub(top + usize::from(rows));
        for (y, hidden, arrow) in [(1, top, "↑"), (bottom, below, "↓")] {
            if hidden > 0 {
                let mark = format!(" {arrow} {hidden} more ");
                let start = width.saturating_sub(u16::try_from(mark.width()).unwrap_or(0) + 2);
                self.text(start, y, width, &mark, self.look.theme.part(Part::Aside));
            }
        }
    }

    /// What can be done now, as much as there is room for; scrolling only where there is more.
    fn footer(&mut self, model: &Model, scrolls: bool, y: u16) {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let hints = keys::footer(model).into_iter().filter(|hint| scrolls || hint.text != "scroll");
        let hints: Vec<(String, &str, usize)> =
            hints.map(|hint| (hint.shown_keys(unicode), hint.text, hint.rank)).collect();
        let width = |(keys, text, _): &(String, &str, usize)| keys.width() + 1 + text.width();
        let room = usize::from(self.buffer.area.width.saturating_sub(MARGIN));
        let gap = if hints.iter().map(|hint| width(hint) + 3).sum::<usize>() <= room + 3 { 3 } else { 2 };
        let mut ranked: Vec<usize> = (0..hints.len()).collect();
        ranked.sort_by_key(|place| hints.get(*place).map(|hint| hint.2));
        let mut left = room + gap;
        ranked.retain(|place| {
            let wanted = hints.get(*place).map_or(0, |hint| width(hint) + gap);
            let fits = wanted <= left;
            left -= if fits { wanted } else { 0 };
            fits
        });
        let mut x = MARGIN;
        let end = self.buffer.area.width;
        for (_, hint) in hints.iter().enumerate().filter(|(place, _)| ranked.contains(place)) {
            x = self.text(x, y, end, &hint.0, self.look.theme.part(Part::Key)).saturating_add(1);
            x = self.text(x, y, end, hint.1, self.look.theme.part(Part::KeyText));
            x = x.saturating_add(u16::try_from(gap).unwrap_or(2));
        }
    }

    /// A box between the title and the keys. Where rows are few the blank ones go first; outcomes stay, words scroll.
    fn dialog(&mut self, dialog: &DialogPage) {
        let Rect { width, height, .. } = self.buffer.area;
        let room = height.saturating_sub(4);
        let outcomes = u16::try_from(dialog.outcomes.len()).unwrap_or(0);
        let (shown, padded) = dialog.rows(height);
        let pad = u16::from(padded);
        let words = u16::try_from(shown).unwrap_or(u16::MAX);
        let box_width = page::dialog_width(width).saturating_add(8).min(width);
        let box_height = words.saturating_add(outcomes.saturating_add(2 + 3 * pad)).min(room);
        let area = Rect {
            x: (width - box_width) / 2,
            y: 2 + (room - box_height) / 2,
            width: box_width,
            height: box_height,
        };
        self.frame(area, &dialog.title);
        let (left, end) = (area.x + 4, area.right().saturating_sub(2));
        let mut y = area.y + 1 + pad;
        let top = dialog.top.min(dialog.lines.len().saturating_sub(shown));
        for line in dialog.lines.iter().skip(top).take(shown) {
            self.line(Rect::new(left, y, end.saturating_sub(left), 1), line, false);
            y += 1;
        }
        let below = dialog.lines.len().saturating_sub(top + shown);
        for (y, hidden, arrow) in [(area.y, top, "↑"), (area.bottom().saturating_sub(1), below, "↓")] {
            if hidden > 0 {
                let mark = format!(" {arrow} {hidden} more ");
                let start = area.right().saturating_sub(u16::try_from(mark.width()).unwrap_or(0) + 2);
                self.text(start, y, end, &mark, self.look.theme.part(Part::Aside));
            }
        }
        y += pad;
        for (index, outcome) in dialog.outcomes.iter().enumerate() {
            let line = Line {
                spans: vec![Span { role: Role::Text, text: outcome.clone(), symbol: None }],
                selected: index == dialog.focus,
                cursor: None,
            };
            self.line(Rect::new(left, y, end.saturating_sub(left), 1), &line, true);
            y += 1;
        }
    }

    /// An empty box with a title in its upper side.
    fn frame(&mut self, area: Rect, title: &str) {
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        let [top_left, top_right, bottom_left, bottom_right, side] = self.look.glyphs.corners();
        let style = self.look.theme.part(Part::Rule);
        let line = self.look.glyphs.rule().repeat(usize::from(area.width.saturating_sub(2)));
        let (right, bottom) = (area.right(), area.bottom().saturating_sub(1));
        self.text(area.x, area.y, right, &format!("{top_left}{line}{top_right}"), style);
        for y in area.y + 1..bottom {
            self.text(area.x, y, right, side, style);
            self.text(right.saturating_sub(1), y, right, side, style);
        }
        self.text(area.x, bottom, right, &format!("{bottom_left}{line}{bottom_right}"), style);
        let title = cut(title, usize::from(area.width.saturating_sub(6)));
        self.text(area.x + 2, area.y, right, &format!(" {title} "), self.look.theme.part(Part::Title));
    }
}

/// Text of at most `width` columns, with an ellipsis where something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        if shown.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) + 1 > width {
            break;
        }
        shown.push(c);
    }
    if width > 0 {
        shown.push('…');
    }
    shown
}

/// Characters of two columns whose second one is covered by a dialog or beyond the edge of the screen become blanks.
pub(crate) fn mend(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let wide = buffer.cell((x, y)).is_some_and(|cell| cell.symbol().width() > 1);
            let whole = |next: &ratatui::buffer::Cell| next.symbol() == " " && next.modifier.is_empty();
            let lost = wide && !buffer.cell((x.saturating_add(1), y)).is_some_and(whole);
            if let Some(cell) = buffer.cell_mut((x, y)).filter(|_| lost) {
                cell.set_symbol(" ");
            }
        }
    }
}
