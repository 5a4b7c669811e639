//! Words into lines: cleaning what came from outside, measuring, wrapping, columns.

use unicode_width::UnicodeWidthChar;

use super::{Line, Page, Role, Span, Symbol};
use crate::finding::one_line;

/// Longest piece of foreign text that is shown, in characters.
const SHOWN: usize = 4000;

/// A blank at which no line is broken.
pub(super) const TIE: char = '\u{a0}';

/// Text from outside as one line, safe to look at and bounded.
pub fn clean(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => one_line(&text[..end]) + "…",
        None => one_line(text),
    }
}

/// The same text, cut to so many columns, with an ellipsis when something is missing.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let width = |c: char| c.width().unwrap_or(0);
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let taken = text.chars().take_while(|c| {
        used += width(*c);
        used <= columns
    });
    let mut out: String = taken.collect();
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Writes the lines of a page of some width.
pub(super) struct Writer {
    pub(super) width: usize,
    pub(super) page: Page,
}

impl Writer {
    pub(super) fn new(title: impl Into<String>, aside: impl Into<String>, width: usize) -> Self {
        Writer { width, page: Page { title: title.into(), aside: aside.into(), ..Page::default() } }
    }

    /// An empty line; never two in a row, none at the top.
    pub(super) fn gap(&mut self) {
        if self.page.lines.last().is_some_and(|line| !line.spans.is_empty()) {
            self.page.lines.push(Line::default());
        }
    }

    /// A paragraph of one role.
    pub(super) fn text(&mut self, role: Role, text: &str) {
        self.spans(0, 0, vec![Span::new(role, clean(text))]);
    }

    /// A heading.
    pub(super) fn heading(&mut self, text: &str) {
        self.text(Role::Heading, text);
    }

    /// Spans wrapped at blanks; `first` columns before the first line, `rest` before the others.
    pub(super) fn spans(&mut self, first: usize, rest: usize, spans: Vec<Span>) {
        self.page.lines.extend(wrap(spans, self.width, first, rest));
    }

    /// Foreign text over several lines, each wrapped or cut on its own; at most `limit` of them.
    pub(super) fn block(&mut self, indent: usize, text: &str, limit: usize, role: impl Fn(&str) -> Role) {
        for line in text.lines().take(limit) {
            let span = Span::new(role(line), clean(line));
            self.spans(indent, indent + 2, vec![span]);
        }
    }

    /// What was written since line `from` has the focus.
    pub(super) fn focus(&mut self, from: usize) {
        let last = self.page.lines.len().saturating_sub(1);
        for line in self.page.lines.iter_mut().skip(from) {
            line.selected = true;
        }
        self.page.focus = Some((from.min(last), last));
    }

    /// Lines written so far.
    pub(super) fn len(&self) -> usize {
        self.page.lines.len()
    }
}

/// Spans as lines of at most `width` columns.
fn wrap(spans: Vec<Span>, width: usize, first: usize, rest: usize) -> Vec<Line> {
    let rest = rest.min(width / 2);
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut used = first.min(width / 2);
    pad(&mut line, used);
    let mut spans = spans.into_iter().peekable();
    while let Some(span) = spans.next() {
        if span.symbol.is_some() {
            // A blank that does not break ties a symbol to the word behind it.
            let tied = spans.peek().map_or("", |next| next.text.as_str());
            let tied =
                if tied.starts_with(TIE) { columns(words(tied).next().unwrap_or_default()) } else { 0 };
            if used + span.width() + tied > width && used > rest {
                (used, line) = next(&mut lines, line, rest);
            }
            let span = narrowed(span, width.saturating_sub(used));
            used += span.width();
            line.spans.push(span);
            continue;
        }
        for word in words(&span.text) {
            let columns = columns(word);
            if used + columns > width && used > rest {
                (used, line) = next(&mut lines, line, rest);
                if word.trim().is_empty() {
                    continue;
                }
            }
            // A word longer than a line is broken where the line ends.
            let mut part = String::new();
            for c in word.chars() {
                let column = c.width().unwrap_or(0);
                if used + column > width && used > rest {
                    push(&mut line, span.role, std::mem::take(&mut part));
                    (used, line) = next(&mut lines, line, rest);
                }
                part.push(if c == TIE { ' ' } else { c });
                used += column;
            }
            push(&mut line, span.role, part);
        }
    }
    lines.push(line);
    lines
}

/// The same span; a bar no wider than the room that is left.
fn narrowed(mut span: Span, room: usize) -> Span {
    if let Some(Symbol::Bar { width, .. }) = &mut span.symbol {
        *width = (*width).min(u16::try_from(room).unwrap_or(u16::MAX));
    }
    span
}

fn next(lines: &mut Vec<Line>, line: Line, indent: usize) -> (usize, Line) {
    lines.push(line);
    let mut line = Line::default();
    pad(&mut line, indent);
    (indent, line)
}

fn pad(line: &mut Line, columns: usize) {
    if columns > 0 {
        line.spans.push(Span::new(Role::Text, " ".repeat(columns)));
    }
}

fn push(line: &mut Line, role: Role, text: String) {
    match line.spans.last_mut() {
        Some(last) if last.role == role && last.symbol.is_none() => last.text.push_str(&text),
        _ if text.is_empty() => {}
        _ => line.spans.push(Span::new(role, text)),
    }
}

/// Words and the blanks between them, in turn.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let blank = rest.chars().next()? == ' ';
        let end = rest.find(|c: char| (c == ' ') != blank).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        Some(word)
    })
}

/// Columns of a text.
pub(super) fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Columns that spans take on one line.
pub(super) fn columns_of(spans: &[Span]) -> usize {
    spans.iter().map(Span::width).sum()
}

/// Text cut or filled to exactly so many columns.
pub(super) fn cell(text: &str, width: usize) -> String {
    let mut out = fit(text, width);
    out.push_str(&" ".repeat(width.saturating_sub(columns(&out))));
    out
}

/// A bar of `width` columns.
pub(super) fn bar(role: Role, width: usize, part: u64, whole: u64) -> Span {
    let filled = (u128::from(part.min(whole)) * 1000).checked_div(u128::from(whole)).unwrap_or(0);
    Span::symbol(
        role,
        Symbol::Bar {
            width: u16::try_from(width).unwrap_or(u16::MAX),
            filled: u16::try_from(filled).unwrap_or(1000),
        },
    )
}
