//! The answer of the row that has the focus: the options of a choice, a line while it is typed, a secret.

use tui_input::Input;

use super::{
    Line, Role, Span, Symbol, Writer,
    text::{TIE, cell, clean, columns, fit},
};
use crate::{
    steps::form::{Field, Kind},
    wizard::form::SecretState,
};

/// The label and the answers of a choice.
pub(super) fn options(field: &Field, chosen: usize) -> Vec<Span> {
    let mut spans = vec![Span::new(Role::Text, format!("{}   ", clean(&field.label)))];
    let words = field.kind.words().iter().map(|word| &*word.label);
    let value = own(&field.kind);
    for (index, label) in words.chain(value.as_deref()).enumerate() {
        let (role, symbol) =
            if index == chosen { (Role::Accent, Symbol::On) } else { (Role::Dim, Symbol::Off) };
        spans.push(Span::symbol(role, symbol));
        // A blank that does not break keeps the circle with its word.
        let words = clean(label).replace(' ', &TIE.to_string());
        spans.push(Span::new(role, format!("{TIE}{words}")));
        spans.push(Span::new(Role::Text, "  "));
    }
    spans
}

/// What is said of a value of one's own beside the words: "own, 1 to 7".
fn own(kind: &Kind) -> Option<String> {
    let Kind::Either { or, .. } = kind else { return None };
    Some(match &**or {
        Kind::Number { min, max, .. } => format!("own, {min} to {max}"),
        Kind::Size { min, max, .. } => format!("own, {min} to {max}"),
        _ => "own".to_owned(),
    })
}

/// A line of text while it is typed.
pub(super) fn line(w: &mut Writer, field: &Field, input: &Input) {
    let name = cell(&clean(&field.label), columns(&clean(&field.label)).min(w.width / 2));
    let before = columns(&name) + 3;
    let room = w.width.saturating_sub(before + 1).max(4);
    let scroll = input.visual_scroll(room);
    let mut skipped = 0;
    let visible = input.value().chars().skip_while(|c| {
        let hidden = skipped < scroll;
        skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
        hidden
    });
    let value = fit(&clean(&visible.collect::<String>()), room);
    let column = before + input.visual_cursor().saturating_sub(scroll).min(room);
    w.page.lines.push(Line {
        spans: vec![Span::new(Role::Text, format!("{name}   ")), Span::new(Role::Field, cell(&value, room))],
        cursor: u16::try_from(column).ok(),
        ..Line::default()
    });
}

/// How much was pasted, and how one goes on.
fn pasted(secret: &SecretState) -> String {
    match secret.first.lines() {
        0 => "paste it here, whole; Tab goes on".to_owned(),
        1 => "1 line; Tab goes on".to_owned(),
        lines => format!("{lines} lines; Tab goes on"),
    }
}

/// A secret that is typed: one of the two entries of a password.
pub(super) fn secret_line(w: &mut Writer, field: &Field, secret: &SecretState, again: bool, here: bool) {
    let buffer = if again { &secret.again } else { &secret.first };
    let room = (w.width / 4).clamp(8, 32);
    let dots = buffer.len().min(room - 1);
    let label = clean(&field.label);
    let width = columns(&label).min(w.width / 3).max(5);
    let mut spans = vec![Span::new(Role::Text, cell(if again { "again" } else { &label }, width) + "   ")];
    spans.extend(std::iter::repeat_n(Span::symbol(Role::Field, Symbol::Dot), dots));
    spans.push(Span::new(Role::Field, " ".repeat(room - dots)));
    let said = match &secret.verdict {
        Some(verdict) if !again => {
            let (role, before) = if verdict.good { (Role::Good, "strong: ") } else { (Role::Warning, "") };
            Some(Span::new(role, format!("  {before}{}", clean(&verdict.words))))
        }
        _ if again && !buffer.is_empty() && secret.matches() => Some(Span::new(Role::Good, "  the same")),
        _ if again && !buffer.is_empty() => Some(Span::new(Role::Warning, "  differs")),
        _ if field.kind.takes_lines() => Some(Span::new(Role::Text, format!("  {}", pasted(secret)))),
        _ => None,
    };
    let before = w.len();
    spans.extend(said);
    w.spans(0, width + 3, spans);
    if here && let Some(line) = w.page.lines.get_mut(before) {
        line.cursor = u16::try_from(width + 3 + dots).ok();
    }
}
