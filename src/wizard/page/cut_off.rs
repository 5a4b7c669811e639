//! A run of an earlier session that was cut off: where each of its changes stands, and the three ways to settle it.

use super::{
    Page, Role, Span, Writer,
    text::{cell, clean, columns},
};
use crate::wizard::Model;

/// The page.
pub(super) fn cut_off(model: &Model, width: usize) -> Page {
    let Some(open) = model.cut_off() else {
        let mut w = Writer::new("Cut off", "", width);
        w.text(Role::Dim, "No run was cut off.");
        return w.page;
    };
    let mut w = Writer::new("A run was cut off", format!("run {}", clean(&open.run)), width);
    w.text(Role::Warning, "It did not reach its end. Until it is dealt with, nothing else can be applied.");
    w.text(Role::Dim, &open.about);
    w.gap();
    let column = open.changes.iter().map(|(title, _)| columns(title)).max().unwrap_or(0).min(width / 2);
    for (title, stands) in &open.changes {
        let words = vec![
            Span::new(Role::Text, format!("{}  ", cell(&clean(title), column))),
            Span::new(Role::Accent, clean(stands)),
        ];
        w.spans(0, column + 2, words);
    }
    w.gap();
    for (key, words) in [
        ("c", "goes on with it: what is done stays, the rest is done now."),
        ("u", "takes it back: shows the plan for that first."),
        ("d", "leaves the host as it stands now."),
    ] {
        w.spans(0, 4, vec![Span::new(Role::Accent, format!("{key}   ")), Span::new(Role::Text, words)]);
    }
    w.page
}
