//! One step: why it matters in a line, a row for every question and what was found about it, and below them more about
//! the row that has the focus. Evidence of all findings is on a page of its own.

use super::{
    Line, Page, Pane, Role, Span, Symbol, Writer,
    field::{line, options, secret_line},
    figures,
    host::{severity_role, status},
    matrix::Matrix,
    scroll,
    text::{cell, clean, columns, columns_of, fit},
};
use crate::{
    finding::Status,
    steps::{Figure, figure::Bars, form::Kind},
    wizard::{
        Model, Screen,
        form::FieldState,
        model::{StepPhase, StepState},
        navigation,
        rows::{Row, Rows, rows},
    },
};

/// Lines of the pane, without the rule above it: at least, on a body of so many rows.
fn least(body: usize) -> usize {
    if body < ROOMY { 4 } else { 5 }
}
/// Where there is room.
const MOST: usize = 8;
/// A body of so many rows has one for column titles.
const ROOMY: usize = 18;
/// Columns before a line of the pane's details.
const WORD: usize = 9;
/// Columns of the level.
const LEVEL: usize = 8;
/// Fewer columns of what is so today say nothing.
const NOW: usize = 10;

pub(super) fn step(model: &Model, index: usize, width: usize) -> Page {
    let Some(step) = model.steps.get(index) else { return Page::default() };
    let order = navigation::step_order(model);
    let place = order.iter().position(|other| *other == index).map_or(0, |place| place + 1);
    let aside = format!("step {place} of {} · handbook {}", order.len(), step.about().handbook);
    let mut w = Writer::new(step.about().title, aside, width);
    let rows = rows(step);
    let body = usize::from(scroll::body(model, model.size).rows);
    let (leading, figures) = leading(step);
    let pinned = figures::pinned(width, body, leading.as_ref());
    let whole = body;
    let body = body - pinned.len();
    head(step, body, &rows, &mut w);
    table(step, &rows, &mut w);
    // Without a question there is no pane to count the others in.
    if rows.rows.is_empty() && !rows.others().is_empty() {
        w.text(Role::Dim, &format!("{}: f", rows.others()));
    }
    figures::draw(&mut w, leading.as_ref(), whole, &figures);
    if let Some(note) = &step.form.form().note {
        w.gap();
        w.text(Role::Dim, note);
    }
    w.page.pane = pane(step, &rows, width, body, w.len());
    w.page.pinned = pinned;
    w.page
}

/// What the answers so far mean, in pictures.
pub fn preview(step: &StepState) -> Vec<Figure> {
    let StepPhase::Ready(findings) = &step.phase else { return Vec::new() };
    step.step.preview(findings, &step.form.answers(&step.about().id))
}

/// The picture that the row in focus keeps in sight, and all others.
fn leading(step: &StepState) -> (Option<Bars>, Vec<Figure>) {
    let key = step.form.focused().map(|field| &field.key);
    let leads = |figure: &Figure| matches!(figure, Figure::Bars(bars) if bars.leads.iter().any(|one| Some(one) == key));
    let mut figures = preview(step);
    let place = figures.iter().position(leads);
    match place.map(|place| figures.remove(place)) {
        Some(Figure::Bars(bars)) => (Some(bars), figures),
        _ => (None, figures),
    }
}

/// Where to go for the rows below the screen: the row to put the focus on, and the first line to show.
pub(in crate::wizard) fn rows_below(model: &Model) -> Option<(usize, usize)> {
    let Screen::Step(index) = model.screen else { return None };
    let of = model.steps.get(index)?;
    let body = scroll::body(model, model.size);
    let page = step(model, index, usize::from(body.columns));
    let mut above = Writer::new("", "", usize::from(body.columns));
    head(of, usize::from(body.rows).saturating_sub(page.pinned.len()), &rows(of), &mut above);
    let first = above.len();
    let below = scroll::window(model, &page, body.rows) + usize::from(page.room(body.rows));
    let rows = rows(of);
    let lines = lines(&rows);
    let next = lines.iter().skip(below.saturating_sub(first)).flatten().next()?.stop;
    let top = scroll::first_line(&page, below, body.rows);
    // Preferably not on a text field, where the next key would be a letter.
    let mut shown = lines.iter().skip(top.saturating_sub(first)).flatten();
    let word = |state: &FieldState| matches!(state, FieldState::Choice(_) | FieldState::Either(Some(_), _));
    let letters = |row: &Row<'_>| row.asked.is_some_and(|(_, _, state)| !word(state));
    Some((shown.find(|row| !letters(row)).map_or(next, |row| row.stop), top))
}

/// Why it matters, in one line, and how far the look at the host is; column titles where there is room for them.
fn head(step: &StepState, body: usize, rows: &Rows<'_>, w: &mut Writer) {
    w.page
        .lines
        .push(Line { spans: vec![Span::new(Role::Text, why(step.about().why, w.width))], ..Line::default() });
    match &step.phase {
        StepPhase::Looking => w.text(Role::Dim, "Looking at the host …"),
        StepPhase::Failed(failure) => {
            w.text(Role::Bad, "This step could not look at the host.");
            w.text(Role::Text, &failure.message);
            for hint in &failure.hints {
                w.text(Role::Dim, hint);
            }
        }
        StepPhase::Ready(_) => {}
    }
    let spare = body.saturating_sub(w.len() + rows.rows.len() + 1 + least(body));
    if spare > 1 {
        w.gap();
    }
    if (spare > 0 || body >= ROOMY) && !rows.rows.is_empty() {
        let titles = Columns::of(rows, w.width).line("Subject", "Now", "Level") + "Becomes";
        let spans = vec![Span::new(Role::Heading, fit(&titles, w.width))];
        w.page.lines.push(Line { spans, ..Line::default() });
    }
}

/// The first sentence, or as much of it as fits one line.
fn why(text: &str, width: usize) -> String {
    let first = text.split_inclusive(". ").next().unwrap_or_default().trim_end();
    fit(&clean(if columns(text) <= width { text } else { first }), width)
}

/// Widths of the table's columns.
struct Columns {
    subject: usize,
    /// 0 where there is no room for it.
    now: usize,
    becomes: usize,
}

impl Columns {
    fn of(rows: &Rows<'_>, width: usize) -> Self {
        let longest = |text: for<'r> fn(&'r Row<'_>) -> &'r str, asked: bool| {
            let rows =
                rows.rows.iter().filter(|row| row.asked.is_some() == asked && row.columns().is_empty());
            rows.map(|row| columns(&clean(text(row)))).max().unwrap_or(0)
        };
        let (names, now) =
            (longest(|row| row.subject(), true).max(12), longest(|row| row.now().unwrap_or_default(), true));
        // What nobody is asked about takes both columns.
        let told = now.max(longest(|row| row.subject(), false).saturating_sub(names + 2));
        let becomes = longest(|row| row.becomes(), true).min(20.min(width / 3)).max(8);
        let room = width.saturating_sub(2 + 2 + LEVEL + 2 + becomes);
        let now = told.min(room.saturating_sub(2 + names.min(24)));
        if told > 0 && now < NOW.min(told) {
            return Columns { subject: names.min(room), now: 0, becomes };
        }
        let now = if told == 0 { 0 } else { now.max(3) };
        Columns { subject: names.min(room.saturating_sub(now + 2)), now, becomes }
    }

    /// A row up to its last column.
    fn line(&self, subject: &str, now: &str, level: &str) -> String {
        let mut out = format!("  {}  ", cell(subject, self.subject));
        if self.now > 0 {
            out.push_str(&format!("{}  ", cell(now, self.now)));
        }
        out + &cell(level, LEVEL) + "  "
    }
}

/// The lines of the table: a row each, and one with titles above rows that have columns of their own.
fn lines<'r, 'a>(rows: &'r Rows<'a>) -> Vec<Option<&'r Row<'a>>> {
    let mut lines = Vec::new();
    let mut inside = false;
    for row in &rows.rows {
        if !row.columns().is_empty() && !inside {
            lines.push(None);
        }
        inside = !row.columns().is_empty();
        lines.push(Some(row));
    }
    lines
}

fn table(step: &StepState, rows: &Rows<'_>, w: &mut Writer) {
    let columns = Columns::of(rows, w.width);
    let matrix = Matrix::of(&step.form.form().heads, rows, w.width);
    for row in lines(rows) {
        let from = w.len();
        let Some(row) = row else {
            w.page.lines.push(matrix.titles());
            continue;
        };
        if !row.columns().is_empty() {
            let sign = match row.complaint() {
                Some(_) => Span::symbol(Role::Warning, Symbol::Warning),
                None => glyph(row),
            };
            w.page.lines.push(matrix.line(row, sign));
            if row.stop == step.form.focus().field {
                w.focus(from);
            }
            continue;
        }
        let mut spans = vec![glyph(row), Span::new(Role::Text, " ")];
        let subject = clean(row.subject());
        if row.asked.is_some() {
            spans.push(Span::new(Role::Text, cell(&subject, columns.subject) + "  "));
            if columns.now > 0 {
                let now = clean(row.now().unwrap_or("-"));
                spans.push(Span::new(Role::Dim, cell(&now, columns.now) + "  "));
            }
        } else {
            // Nobody is asked about it: what was found may take both columns.
            let now = if columns.now > 0 { columns.now + 2 } else { 0 };
            spans.push(Span::new(Role::Text, cell(&subject, columns.subject + now) + "  "));
        }
        spans.push(Span::new(level_role(row), cell(row.level(), LEVEL) + "  "));
        let room = w.width.saturating_sub(columns_of(&spans));
        match row.complaint() {
            Some(words) => {
                spans.push(Span::symbol(Role::Warning, Symbol::Warning));
                spans.push(Span::new(
                    Role::Warning,
                    fit(&format!(" {}", clean(&words)), room.saturating_sub(1)),
                ));
            }
            None => {
                let role = if row.asked.is_some() { Role::Accent } else { Role::Dim };
                spans.push(Span::new(role, fit(&clean(row.becomes()), room.min(columns.becomes))));
            }
        }
        w.page.lines.push(Line { spans, ..Line::default() });
        if row.stop == step.form.focus().field {
            w.focus(from);
        }
    }
}

fn glyph(row: &Row<'_>) -> Span {
    match (row.finding(), row.status()) {
        (Some(finding), now) if now == Some(finding.status) => status(finding),
        (_, Some(Status::Pass)) => Span::symbol(Role::Good, Symbol::Pass),
        (_, Some(Status::Fail)) => Span::symbol(Role::Bad, Symbol::Fail),
        (_, Some(Status::Unknown)) => Span::symbol(Role::Unknown, Symbol::Unknown),
        (_, Some(Status::NotApplicable) | None) => Span::new(Role::Dim, " "),
    }
}

fn level_role(row: &Row<'_>) -> Role {
    match (row.status(), row.finding()) {
        (Some(Status::Fail), Some(finding)) => severity_role(finding.severity),
        (Some(Status::Fail), None) => Role::Bad,
        (Some(Status::Unknown), _) => Role::Unknown,
        (Some(Status::Pass), _) => Role::Good,
        _ => Role::Dim,
    }
}

/// More about the row that has the focus, on a body of so many rows of which the lines above want so many.
fn pane(step: &StepState, rows: &Rows<'_>, width: usize, body: usize, above: usize) -> Option<Pane> {
    let focus = step.form.focus();
    let place = rows.rows.iter().position(|row| row.stop == focus.field)?;
    let row = rows.rows.get(place)?;
    let others = rows.others();
    let others = if others.is_empty() { others } else { format!(" · {others}: f") };
    let title = format!("{} of {}{others}", place + 1, rows.rows.len());
    let mut w = Writer::new("", "", width);
    match row.asked {
        None => w.text(Role::Text, row.subject()),
        Some((_, field, FieldState::Choice(chosen) | FieldState::Either(Some(chosen), _))) => {
            w.spans(0, WORD, options(field, *chosen));
        }
        Some((_, field, FieldState::Line(input) | FieldState::Either(None, input))) => {
            line(&mut w, field, input);
        }
        Some((_, field, FieldState::Secret(secret))) => {
            secret_line(&mut w, field, secret, false, !focus.again);
            if matches!(field.kind, Kind::Secret { .. }) {
                secret_line(&mut w, field, secret, true, focus.again);
            }
        }
    }
    let said = row.asked.is_some_and(|(_, _, state)| said(state));
    if let Some(words) = row.complaint().filter(|_| !said) {
        let words = Span::new(Role::Warning, format!(" {}", clean(&words)));
        w.spans(0, 2, vec![Span::symbol(Role::Warning, Symbol::Warning), words]);
    }
    let most = body.saturating_sub(above + 1).clamp(least(body), MOST).max(w.len());
    let most = most.min(body.saturating_sub(2));
    let mut lines = w.page.lines;
    let beside;
    let mut told: Vec<(&str, String)> = row.detail();
    // What is cut in the row is told in full.
    if let Some(now) = row.now().map(clean)
        && columns(&now) > Columns::of(rows, width).now
        && row.columns().is_empty()
    {
        match told.first_mut() {
            Some(("Seen", seen)) => *seen = format!("{now}: {seen}"),
            _ => told.insert(0, ("Now", now)),
        }
    }
    if let Some((label, answer)) = row.beside {
        beside = clean(label);
        let place = told.iter().position(|(word, _)| *word == "Know").unwrap_or(told.len());
        told.insert(place, (&beside, clean(answer)));
    }
    lines.extend(shared_out(&told, width, most.saturating_sub(lines.len())));
    lines.truncate(most);
    lines.resize(most, Line::default());
    Some(Pane { title, lines })
}

/// Whether what is typed is judged beside it.
fn said(state: &FieldState) -> bool {
    matches!(state, FieldState::Secret(secret) if secret.verdict.is_some())
}

/// The details of a row on so many lines: each gets one, then the first ones as many as they need.
fn shared_out(told: &[(&str, String)], width: usize, mut room: usize) -> Vec<Line> {
    let wrapped = told.iter().map(|(word, text)| {
        let mut w = Writer::new("", "", width);
        let spans = vec![Span::new(Role::Dim, cell(word, WORD)), Span::new(Role::Text, clean(text))];
        w.spans(0, WORD, spans);
        w.page.lines
    });
    let wrapped: Vec<Vec<Line>> = wrapped.collect();
    let mut shown: Vec<usize> = (0..wrapped.len()).map(|place| usize::from(place < room)).collect();
    room = room.saturating_sub(wrapped.len());
    for (lines, shown) in wrapped.iter().zip(&mut shown) {
        let more = if *shown == 0 { 0 } else { (lines.len() - 1).min(room) };
        *shown += more;
        room -= more;
    }
    let mut out = Vec::new();
    for (lines, shown) in wrapped.into_iter().zip(shown) {
        let cut = lines.len() > shown;
        out.extend(lines.into_iter().take(shown));
        if let Some(last) = out.last_mut().filter(|_| cut && shown > 0) {
            ellipsis(last, width);
        }
    }
    out
}

/// Says at the end of a line that something is missing.
fn ellipsis(line: &mut Line, width: usize) {
    let full = columns_of(&line.spans) >= width;
    if let Some(span) = line.spans.last_mut() {
        let room = columns(&span.text).saturating_sub(usize::from(full));
        span.text = fit(&span.text, room).trim_end_matches(['…', ' ']).to_owned() + "…";
    }
}
