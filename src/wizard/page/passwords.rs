//! The one page that shows made up passwords and keys.

use super::{Page, Role, Span, Writer};
use crate::wizard::Model;

pub(super) fn passwords(model: &Model, width: usize) -> Page {
    let mut w = Writer::new("New passwords and keys", "shown on this page only", width);
    let Some(made_up) = &model.made_up else {
        w.text(Role::Dim, "There is nothing to be noted.");
        return w.page;
    };
    let kept = made_up.stored.as_ref().map_or_else(
        || "They are stored nowhere; once forgotten they can only be replaced.".to_owned(),
        |path| format!("They are stored in {path}, for root only. Note them, then remove that file."),
    );
    w.text(
        Role::Warning,
        &format!("Note them now. Nothing was changed yet: the run starts when you have them. {kept}"),
    );
    if made_up.again {
        w.text(
            Role::Bad,
            "These are new ones: those that were shown before were never set and open nothing.",
        );
    }
    for (label, secret) in &made_up.shown {
        let shown = secret.expose_str().unwrap_or_default();
        w.gap();
        w.heading(label);
        // A key has many lines, which must be copied as they are: from the first column on.
        let indent = if shown.contains('\n') { 0 } else { 2 };
        for line in shown.lines() {
            w.spans(indent, indent, vec![Span::new(Role::Revealed, line)]);
        }
    }
    w.page
}
