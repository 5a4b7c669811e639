//! Figures in letters: stacked bars with one letter for each part, tables with the chosen column marked. Colour adds
//! nothing that letters do not say.

use super::{
    Line, Role, Span, Writer,
    text::{TIE, cell, clean, columns},
};
use crate::steps::figure::{Bars, Figure, Table};

/// A body of so many rows has some for what letters mean.
const ROOMY: usize = 18;

/// Draws figures below what was written; of the one that is pinned on a body of so many rows what is not said there.
pub(super) fn draw(w: &mut Writer, pinned: Option<&Bars>, body: usize, figures: &[Figure]) {
    if let Some(bars) = pinned.filter(|bars| body < ROOMY || !bars.notes.is_empty()) {
        w.gap();
        w.heading(&bars.title);
        if body < ROOMY {
            legend(w, bars, &letters(bars));
        }
        notes(w, bars);
    }
    for figure in figures {
        w.gap();
        match figure {
            Figure::Bars(bars) => draw_bars(w, bars),
            Figure::Table(table) => draw_table(w, table),
        }
    }
}

/// Figures as sentences with numbers, for where nothing is drawn.
pub fn told(figures: &[Figure]) -> Vec<String> {
    let mut out = Vec::new();
    for figure in figures {
        match figure {
            Figure::Bars(bars) => {
                out.push(format!("{}:", clean(&bars.title)));
                for bar in &bars.bars {
                    let parts: Vec<_> =
                        bar.parts.iter().map(|(name, amount)| format!("{} {amount}", clean(name))).collect();
                    let parts =
                        if parts.len() > 1 { format!(": {}", parts.join(", ")) } else { String::new() };
                    out.push(format!("  {}: {}{parts}", clean(&bar.label), amount(bars, bar.total())));
                }
                out.extend(bars.notes.iter().map(|note| format!("  {}", clean(note))));
            }
            Figure::Table(table) => {
                out.push(format!("{}:", clean(&table.title)));
                for (name, cells) in &table.rows {
                    let named = table.columns.iter().zip(cells).enumerate().map(|(index, (column, cell))| {
                        let mark = if table.chosen == Some(index) { "*" } else { "" };
                        format!("{mark}{} {}", clean(column), clean(cell))
                    });
                    out.push(format!("  {}: {}", clean(name), named.collect::<Vec<_>>().join(", ")));
                }
            }
        }
    }
    out
}

/// "512 of 8192 MB", and whether that is too much.
fn amount(bars: &Bars, total: u64) -> String {
    match bars.limit {
        Some(limit) if total > limit => format!("{total} of {limit} {}, does not fit", bars.unit),
        Some(limit) => format!("{total} of {limit} {}", bars.unit),
        None => format!("{total} {}", bars.unit),
    }
}

/// The lines of a picture that stays in sight on a body of so many rows: its bars, and where there is room what their
/// letters are, with the numbers of the last bar.
pub(super) fn pinned(width: usize, body: usize, bars: Option<&Bars>) -> Vec<Line> {
    let Some(bars) = bars else { return Vec::new() };
    let mut w = Writer::new("", "", width);
    // Without a heading above it the first bar says what is drawn.
    let mut named = bars.clone();
    if let Some(first) = named.bars.first_mut() {
        first.label = format!("{} {}", bars.title, first.label);
    }
    let names = stacked(&mut w, &named);
    if body >= ROOMY {
        legend(&mut w, bars, &names);
        w.gap();
    }
    w.page.lines.truncate(body / 3);
    w.page.lines
}

fn draw_bars(w: &mut Writer, bars: &Bars) {
    w.heading(&bars.title);
    let names = stacked(w, bars);
    legend(w, bars, &names);
    notes(w, bars);
}

fn notes(w: &mut Writer, bars: &Bars) {
    for note in &bars.notes {
        w.text(Role::Dim, note);
    }
}

/// The letters of all parts, each told once.
fn letters(bars: &Bars) -> Vec<(&str, char)> {
    let mut names = Vec::new();
    for (name, _) in bars.bars.iter().flat_map(|bar| &bar.parts) {
        letter(&mut names, name);
    }
    names
}

/// What the letters are; where they have other amounts in every bar, how much of the last one.
fn legend(w: &mut Writer, bars: &Bars, names: &[(&str, char)]) {
    let last = bars.bars.last().filter(|bar| bar.parts.len() > 1);
    let amount = |name: &str| {
        let part = last.and_then(|bar| bar.parts.iter().find(|(part, _)| part == name));
        part.map_or(String::new(), |(_, amount)| format!(" {amount}"))
    };
    // A blank that does not break keeps a letter with its name.
    let one = |(name, letter): &(&str, char)| {
        format!("{letter} {}{}", clean(name), amount(name)).replace(' ', &TIE.to_string())
    };
    let legend: Vec<String> = names.iter().map(one).collect();
    let line = Span::new(Role::Dim, legend.join("   "));
    w.spans(0, 0, vec![line]);
}

/// The bars alone, one a line; the letters of the parts.
fn stacked<'b>(w: &mut Writer, bars: &'b Bars) -> Vec<(&'b str, char)> {
    let label = bars.bars.iter().map(|bar| columns(&clean(&bar.label))).max().unwrap_or(0).min(w.width / 4);
    let said = bars.bars.iter().map(|bar| columns(&amount(bars, bar.total()))).max().unwrap_or(0);
    let width = w.width.saturating_sub(label + 2 + 1 + 2 + said).clamp(4, 60);
    let most =
        bars.bars.iter().map(crate::steps::figure::Bar::total).chain(bars.limit).max().unwrap_or(0).max(1);
    let place = |amount: u64| {
        let place = u128::from(amount) * u128::try_from(width).unwrap_or(1) / u128::from(most);
        usize::try_from(place).unwrap_or(width)
    };
    let mut names: Vec<(&str, char)> = Vec::new();
    for bar in &bars.bars {
        let (mut spans, mut until, mut drawn) =
            (vec![Span::new(Role::Text, cell(&clean(&bar.label), label) + "  ")], 0u64, 0);
        for (name, amount) in &bar.parts {
            let (place_of, letter) = letter(&mut names, name);
            until = until.saturating_add(*amount);
            let role = if place_of % 2 == 0 { Role::Accent } else { Role::Text };
            // What is there is seen, however little it is.
            let columns = place(until).saturating_sub(drawn).max(usize::from(*amount > 0 && drawn < width));
            spans.push(Span::new(role, letter.to_string().repeat(columns)));
            drawn += columns;
        }
        let end = bars.limit.map_or(drawn, &place);
        spans.push(Span::new(Role::Dim, ".".repeat(end.saturating_sub(drawn))));
        let over = bars.limit.is_some_and(|limit| bar.total() > limit);
        spans.push(Span::new(Role::Dim, if bars.limit.is_some() && !over { "|" } else { " " }));
        let role = if over { Role::Bad } else { Role::Text };
        spans.push(Span::new(role, format!("  {}", amount(bars, bar.total()))));
        w.spans(0, label + 2, spans);
    }
    names
}

/// The letter of a part: the first of its name that no other part has.
fn letter<'a>(names: &mut Vec<(&'a str, char)>, name: &'a str) -> (usize, char) {
    if let Some(place) = names.iter().position(|(known, _)| *known == name) {
        return (place, names[place].1);
    }
    let own = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    let free = own.chain('A'..='Z').find(|c| names.iter().all(|(_, taken)| taken != c));
    let letter = free.unwrap_or('#');
    names.push((name, letter));
    (names.len() - 1, letter)
}

fn draw_table(w: &mut Writer, table: &Table) {
    let widest =
        |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| columns(&clean(text))).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|index| {
            let cells = &mut table.rows.iter().filter_map(|(_, cells)| cells.get(index));
            widest(cells).max(columns(&clean(&table.columns[index])) + 2).min(w.width / 4)
        })
        .collect();
    let others: usize = widths.iter().map(|width| width + 2).sum();
    let names = widest(&mut table.rows.iter().map(|(name, _)| name)).max(columns(&clean(&table.title)));
    let names = names.min(w.width.saturating_sub(others).max(8));
    let chosen = |index: usize| table.chosen == Some(index);
    let mut head = vec![Span::new(Role::Heading, cell(&clean(&table.title), names))];
    for (index, (column, width)) in table.columns.iter().zip(&widths).enumerate() {
        let (role, text) = if chosen(index) {
            (Role::Accent, format!("[{}]", clean(column)))
        } else {
            (Role::Heading, format!(" {}", clean(column)))
        };
        head.push(Span::new(role, format!("  {}", cell(&text, *width))));
    }
    w.page.lines.push(Line { spans: cut(head, w.width), ..Line::default() });
    for (name, cells) in &table.rows {
        let mut spans = vec![Span::new(Role::Text, cell(&clean(name), names))];
        for (index, (text, width)) in cells.iter().zip(&widths).enumerate() {
            let role = if chosen(index) { Role::Accent } else { Role::Dim };
            spans.push(Span::new(role, format!("   {}", cell(&clean(text), width.saturating_sub(1)))));
        }
        w.page.lines.push(Line { spans: cut(spans, w.width), ..Line::default() });
    }
}

/// The spans of one line; what does not fit is left out.
fn cut(spans: Vec<Span>, width: usize) -> Vec<Span> {
    let mut room = width;
    let fits = |span: &Span| {
        let fits = span.width() <= room;
        room = room.saturating_sub(span.width());
        fits
    };
    spans.into_iter().take_while(fits).collect()
}
