//! One change of a plan in full: its command or difference, what it interrupts, how it is taken back.

use super::{Page, Role, Span, Writer, text::clean};
use crate::{
    plan::{Action, Change, CommandLine, Edit, Template, Undo},
    wizard::{Model, model::ReviewPhase},
};

/// Lines of a difference shown below its change.
pub(super) const SHORT: usize = 14;
/// Lines of a difference shown on a page of its own.
pub(super) const LONG: usize = 4000;

const INDENT: usize = 6;

/// Lines as they are, at most `limit` of them.
fn cut(text: &str, limit: usize, w: &mut Writer, role: impl Fn(&str) -> Role) {
    w.block(INDENT, text, limit, role);
    let lines = text.lines().count();
    if lines > limit {
        w.spans(INDENT, INDENT, vec![Span::new(Role::Dim, format!("… {} more lines: d", lines - limit))]);
    }
}

/// Whether its page shows more lines than the review.
pub fn is_cut(change: &Change) -> bool {
    let long = |text: &str| text.lines().count() > SHORT;
    let input = |command: &CommandLine| command.long_input();
    let (run, back) = match (&change.action, &change.undo) {
        (Action::Run(run), Undo::Run(back)) => (input(run), input(back)),
        (Action::Run(run), _) => (input(run), None),
        (_, Undo::Run(back)) => (None, input(back)),
        _ => (None, None),
    };
    long(&change.diff) || run.is_some_and(|text| long(&text)) || back.is_some()
}

/// Below its title.
pub(super) fn details(change: &Change, limit: usize, w: &mut Writer) {
    let literal = |w: &mut Writer, before: &str, text: &str| {
        let spans = vec![Span::new(Role::Dim, before.to_owned()), Span::new(Role::Literal, clean(text))];
        w.spans(INDENT, INDENT + 2, spans);
    };
    match &change.action {
        Action::Edit { path, edits, .. } => {
            literal(w, "edit ", &path.display().to_string());
            if change.diff.is_empty() {
                for edit in edits {
                    edit_lines(edit, w);
                }
            }
        }
        Action::Write { path, .. } => literal(w, "write ", &path.display().to_string()),
        Action::Remove { path } | Action::Restore { path, to: None, .. } => {
            literal(w, "remove ", &path.display().to_string());
        }
        Action::Restore { path, .. } => literal(w, "put back ", &path.display().to_string()),
        Action::Run(command) => {
            literal(w, "run ", &command.to_string());
            cut(&command.long_input().unwrap_or_default(), limit, w, |_| Role::Literal);
        }
        Action::Apply { message } => literal(w, "run ", &format!("ngcpcfg apply '{message}'")),
    }
    cut(&change.diff, limit, w, diff_role);
    for touched in &change.touches {
        literal(w, "rewrites ", &touched.path.display().to_string());
    }
    if let Some(interrupts) = &change.interrupts {
        w.spans(INDENT, INDENT, vec![Span::new(Role::Warning, clean(interrupts))]);
    }
    match &change.undo {
        Undo::Impossible(why) => {
            let words = format!("cannot be taken back: {}", clean(why));
            w.spans(INDENT, INDENT, vec![Span::new(Role::Warning, words)]);
        }
        Undo::Run(command) => {
            literal(w, "taken back by ", &command.to_string());
            // On the page of its own: in the list it would hide what is done.
            if limit > SHORT {
                cut(&command.long_input().unwrap_or_default(), limit, w, |_| Role::Literal);
            }
        }
        Undo::Files | Undo::Captured { .. } | Undo::Again | Undo::Nothing => {}
    }
}

fn edit_lines(edit: &Edit, w: &mut Writer) {
    let (from, to) = match edit {
        Edit::Yaml { key, from, to } => {
            let key = key.join(".");
            (from.as_ref().map(|from| format!("{key}: {from}")), Some(format!("{key}: {}", to.shown())))
        }
        Edit::Line { from, to } => (from.clone(), to.as_ref().map(Template::shown)),
        Edit::List { key, from, to } => {
            let key = key.join(".");
            (Some(format!("{key}: {} entries", from.len())), Some(format!("{key}: {} entries", to.len())))
        }
    };
    for (sign, role, text) in [('-', Role::Removed, from), ('+', Role::Added, to)] {
        if let Some(text) = text {
            w.spans(5, 7, vec![Span::new(role, format!("{sign}{}", clean(&text)))]);
        }
    }
}

pub(super) fn diff_role(line: &str) -> Role {
    match line.as_bytes().first() {
        Some(b'+') => Role::Added,
        Some(b'-') => Role::Removed,
        Some(b'@') => Role::Dim,
        _ => Role::Text,
    }
}

pub(super) fn difference(model: &Model, index: usize, width: usize) -> Page {
    let change = match &model.review.phase {
        ReviewPhase::Ready(plan) => plan.changes.get(index),
        _ => None,
    };
    let Some(change) = change else {
        let mut w = Writer::new("Difference", "", width);
        w.text(Role::Dim, "The plan has changed. Go back to the review.");
        return w.page;
    };
    let mut w = Writer::new(clean(&change.title), change.step.as_str(), width);
    details(change, LONG, &mut w);
    w.page
}
