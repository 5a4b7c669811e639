//! Rows with columns of their own as a table: its subject, what the form says of it, what is so today, the answer.

use super::{
    Line, Role, Span,
    text::{cell, clean, columns, columns_of, fit},
};
use crate::wizard::rows::{Row, Rows};

/// Stands behind an answer that makes it other than it is.
const DIFFERS: &str = " *";
/// Below so many columns only the first of what is said between subject and today is shown.
const SMALL: usize = 64;
/// Below so many not even that, nor what is so today.
const NARROW: usize = 44;
/// What is said between subject and today is cut before anything else, down to so many columns; the subject next.
const LEAST: usize = 7;
const SUBJECT: usize = 17;
/// Columns before the subject, and between columns.
const GAP: usize = 2;

/// Widths of the columns, 0 for one that is not shown, with their titles.
pub(super) struct Matrix {
    titles: Vec<String>,
    widths: Vec<usize>,
    width: usize,
}

impl Matrix {
    /// For the rows that have columns, on lines of this width.
    pub(super) fn of(heads: &[String], rows: &Rows<'_>, width: usize) -> Self {
        let rows = rows.rows.iter().filter(|row| !row.columns().is_empty());
        let cells: Vec<Vec<String>> = rows.map(cells).collect();
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let titles: Vec<String> =
            (0..count).map(|at| clean(heads.get(at).map_or("", String::as_str))).collect();
        let widest = |at: usize| {
            let all = cells.iter().filter_map(|cells| cells.get(at)).chain(titles.get(at));
            all.map(|cell| columns(cell)).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..count).map(widest).collect();
        let told = count.saturating_sub(2);
        let left_out = match width {
            ..NARROW => 1..told + 1,
            NARROW..SMALL => 2..told,
            _ => 0..0,
        };
        widths.get_mut(left_out).into_iter().flatten().for_each(|width| *width = 0);
        let mut matrix = Matrix { titles, widths, width };
        while matrix.taken() > width && matrix.narrow() {}
        matrix
    }

    /// Columns that a whole line takes.
    fn taken(&self) -> usize {
        self.widths.iter().filter(|width| **width > 0).map(|width| width + GAP).sum()
    }

    /// Takes one column from the widest that can spare it; `false` when none can.
    fn narrow(&mut self) -> bool {
        let told = self.widths.len().saturating_sub(2);
        let least = |at: usize| match at {
            0 => SUBJECT,
            at if at < told => LEAST,
            _ => usize::MAX,
        };
        let spare = |least: &dyn Fn(usize) -> usize| {
            let all = self.widths.iter().enumerate().filter(|(at, width)| **width > least(*at));
            all.max_by_key(|(_, width)| **width).map(|(at, _)| at)
        };
        let widest = spare(&least).or_else(|| spare(&|_| 1));
        let Some(width) = widest.and_then(|at| self.widths.get_mut(at)) else { return false };
        *width -= 1;
        true
    }

    /// The line with the titles.
    pub(super) fn titles(&self) -> Line {
        let spans = self.titles.iter().map(|title| (Role::Heading, title.clone()));
        self.drawn(Span::new(Role::Text, " "), spans.collect())
    }

    /// The line of a row, behind its sign.
    pub(super) fn line(&self, row: &Row<'_>, sign: Span) -> Line {
        let cells = cells(row);
        let last = cells.len().saturating_sub(1);
        let wrong = row.complaint().is_some();
        let role = |at| match at {
            0 => Role::Text,
            at if at == last && wrong => Role::Warning,
            at if at == last && row.differs() => Role::Accent,
            at if at == last => Role::Text,
            _ => Role::Dim,
        };
        self.drawn(sign, cells.into_iter().enumerate().map(|(at, text)| (role(at), text)).collect())
    }

    fn drawn(&self, sign: Span, cells: Vec<(Role, String)>) -> Line {
        let mut spans = vec![sign, Span::new(Role::Text, " ")];
        let shown = self.widths.iter().zip(cells).filter(|(width, _)| **width > 0);
        for (at, (width, (role, text))) in shown.enumerate() {
            let gap = if at == 0 { "" } else { "  " };
            let room = self.width.saturating_sub(columns_of(&spans));
            let text = fit(&format!("{gap}{}", cell(&text, *width)), room);
            spans.push(Span::new(role, text));
        }
        Line { spans, ..Line::default() }
    }
}

/// What stands in each column of a row.
fn cells(row: &Row<'_>) -> Vec<String> {
    let mark = if row.differs() { DIFFERS } else { "" };
    let mut cells = vec![clean(row.subject())];
    cells.extend(row.columns().iter().map(|column| clean(column)));
    cells.push(clean(row.now().unwrap_or("-")));
    cells.push(format!("{}{mark}", clean(row.becomes())));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        steps::form::Field,
        wizard::{form::FieldState, page::Symbol},
    };

    fn field(label: &str, columns: [&str; 2], now: &str, is: Option<&str>) -> Field {
        let options = [("all", "everyone", ""), ("none", "nobody", "")];
        let mut field = Field::choice(label, label, options, "all");
        field.columns = columns.map(str::to_owned).to_vec();
        (field.now, field.as_it_is) = (Some(now.to_owned()), is.map(str::to_owned));
        field
    }

    /// The table of some rows, each answered with its second option, without the blanks at the ends of its lines.
    fn drawn(fields: &[Field], width: usize) -> Vec<String> {
        let state = FieldState::Choice(1);
        let row = |(at, field)| Row {
            stop: at,
            asked: Some((at, field, &state)),
            findings: Vec::new(),
            beside: None,
            meaning: None,
        };
        let rows = Rows { rows: fields.iter().enumerate().map(row).collect(), ..Rows::default() };
        let heads = ["Service", "Port", "Listens", "Today", "Shall (* new)"].map(str::to_owned);
        let matrix = Matrix::of(&heads, &rows, width);
        let sign = || Span::symbol(Role::Good, Symbol::Pass);
        let lines = [matrix.titles()].into_iter().chain(rows.rows.iter().map(|row| matrix.line(row, sign())));
        lines.map(|line| line.text().trim_end().to_owned()).collect()
    }

    fn services() -> Vec<Field> {
        vec![
            field("SIP", ["5060 tcp,udp", "kamailio"], "nobody", Some("none")),
            field("SSH and SFTP", ["22 tcp", "sshd"], "everyone", Some("all")),
            field("Provisioning interface", ["2443, 2444, 2445, 30000-40000 tcp", "nginx"], "unknown", None),
        ]
    }

    #[test]
    fn what_becomes_other_than_it_is_has_a_mark_and_what_is_not_known_has_none() {
        let lines = drawn(&services(), 132);
        assert!(lines[1].ends_with("nobody    nobody"), "{lines:#?}");
        assert!(lines[2].ends_with("everyone  nobody *"), "{lines:#?}");
        assert!(lines[3].ends_with("unknown   nobody"), "{lines:#?}");
    }

    /// The ports are cut, never who reaches it and who shall.
    #[test]
    fn it_fits_every_width_and_keeps_the_answers() {
        for width in 1..140 {
            for line in drawn(&services(), width) {
                assert!(columns(&line) <= width, "{width}: {line}");
            }
        }
        for width in [60, 80] {
            let lines = drawn(&services(), width);
            assert!(lines[2].ends_with("nobody *") && lines[2].contains("everyone"), "{lines:#?}");
            assert!(lines[3].contains("2443") && lines[3].contains('…'), "{lines:#?}");
        }
        assert!(drawn(&services(), 40)[2].ends_with("nobody *"));
    }
}
