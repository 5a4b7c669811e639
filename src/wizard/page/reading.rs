//! Pages to read: all keys, and what happened.

use super::{
    Page, Role, Span, Writer,
    host::{severity_role, status},
    text::clean,
};
use crate::{
    finding::{Finding, Status},
    wizard::{
        Model, Screen,
        keys::{self, At, TABLE},
        rows::rank,
    },
};

/// Places in the order of the help, with their names.
const PLACES: &[(At, &str)] = &[
    (At::Overview, "Overview"),
    (At::Steps, "Steps"),
    (At::Step, "A step"),
    (At::Findings, "All findings"),
    (At::Review, "Review"),
    (At::Difference, "Difference"),
    (At::Run, "Run"),
    (At::Result, "Result"),
    (At::CutOff, "A run that was cut off"),
    (At::History, "Earlier runs"),
    (At::Past, "An earlier run"),
    (At::Passwords, "New passwords and keys"),
    (At::Log, "Log"),
    (At::Dialog, "Questions"),
];

/// One step in full: why it matters, what to know before answering, and every finding with its evidence.
pub(super) fn findings(model: &Model, index: usize, width: usize) -> Page {
    let Some(step) = model.steps.get(index) else { return Page::default() };
    let about = step.about();
    let mut w =
        Writer::new(format!("{}: all findings", about.title), format!("handbook {}", about.handbook), width);
    w.text(Role::Text, about.why);
    if let Some(note) = &step.form.form().note {
        w.gap();
        w.text(Role::Text, note);
    }
    w.gap();
    let mut shown: Vec<&Finding> = step.findings().iter().collect();
    shown.sort_by_key(|finding| rank(finding));
    for finding in shown {
        let mut spans = vec![status(finding), Span::new(Role::Text, " ")];
        if finding.status == Status::Fail {
            spans.push(Span::new(severity_role(finding.severity), format!("{}: ", finding.severity.word())));
        } else if finding.status == Status::Unknown {
            spans.push(Span::new(Role::Unknown, "unknown: "));
        }
        spans.push(Span::new(Role::Text, clean(&finding.title)));
        w.spans(0, 2, spans);
        for text in [&finding.evidence, &finding.remedy].into_iter().filter(|text| !text.is_empty()) {
            w.spans(2, 2, vec![Span::new(Role::Dim, clean(text))]);
        }
    }
    if step.findings().is_empty() {
        w.text(Role::Dim, "Nothing was found yet.");
    }
    w.page
}

/// All keys, from the key table; a row that holds nearly everywhere stands once, at the end.
/// The page it was asked for on comes first.
pub(super) fn help(model: &Model, width: usize) -> Page {
    let mut w = Writer::new("Help", "all keys", width);
    w.text(
        Role::Text,
        "The wizard looks at the host, asks, shows every change word for word, and changes nothing before you \
         apply. Going back is always possible and keeps the answers. In a text field letters are typed; Esc, Tab \
         and the F keys work there too.",
    );
    if let Some(Screen::Step(index)) = model.trail.last()
        && let Some(step) = model.steps.get(*index)
    {
        w.gap();
        w.heading(step.about().title);
        w.text(Role::Text, step.about().why);
    }
    let everywhere = |at: &[At]| at.len() >= PLACES.len() - 1;
    let here = model.trail.last().map(|screen| keys::at(*screen));
    let here = PLACES.iter().filter(|(place, _)| Some(*place) == here);
    let others = PLACES.iter().filter(|(place, _)| here.clone().all(|(here, _)| here != place));
    for (place, name) in here.clone().chain(others) {
        w.gap();
        w.heading(name);
        for row in TABLE.iter().filter(|row| row.at.contains(place) && !everywhere(row.at)) {
            key_line(&mut w, row);
        }
    }
    w.gap();
    w.heading("Everywhere");
    for row in TABLE.iter().filter(|row| everywhere(row.at)) {
        key_line(&mut w, row);
    }
    w.gap();
    w.heading("In a text field");
    w.text(
        Role::Text,
        "Left Right Home End move · Ctrl-U deletes to the start · Ctrl-W a word · Ctrl-K to the end",
    );
    w.page
}

fn key_line(w: &mut Writer, row: &keys::Row) {
    let names: Vec<String> = row.keys.iter().map(|(key, _)| key.name(true)).collect();
    let keys = names.join(" ");
    let column = 24.min(w.width / 2);
    let spans = vec![
        Span::new(Role::Accent, super::text::cell(&keys, column)),
        Span::new(Role::Text, format!(" {}", row.text)),
    ];
    w.spans(2, column + 3, spans);
}

/// What happened in this session and what programs printed, oldest first.
pub(super) fn log(model: &Model, width: usize) -> Page {
    let mut w = Writer::new("Log", "oldest first", width);
    for line in &model.log {
        let role = if line.bad { Role::Bad } else { Role::Text };
        w.text(role, &line.text);
    }
    if let Some(run) = &model.run {
        w.gap();
        w.heading(&format!("Run {}", run.run));
        let mut shown = None;
        for line in &run.output {
            if shown != Some(line.change) {
                shown = Some(line.change);
                w.text(Role::Dim, run.changes.get(line.change).map_or("", |change| change.title.as_str()));
            }
            let role = if line.error { Role::Warning } else { Role::Text };
            w.spans(2, 4, vec![Span::new(role, clean(&line.text))]);
        }
        for change in &run.changes {
            let Some(ended) = change.ended.as_ref().filter(|ended| !ended.diff.is_empty()) else { continue };
            w.gap();
            w.heading(&format!("What {} changed", change.title));
            w.block(1, &ended.diff, 500, super::change::diff_role);
        }
    }
    if w.len() == 0 {
        w.text(Role::Dim, "Nothing happened yet.");
    }
    w.page
}
