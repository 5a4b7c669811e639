//! The questions above a page: what would happen, and two outcomes with names.

use super::{Line, Role, Span, Writer};
use crate::{
    plan::{Generated, Undo},
    wizard::{
        Model,
        model::{DialogPhase, Question, ReviewPhase},
    },
};

/// The dialog above the page: words, and the outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct DialogPage {
    /// "Leave without applying?"
    pub title: String,
    /// What it means, wrapped.
    pub lines: Vec<Line>,
    /// The outcomes; none while working, only a way out after a failure.
    pub outcomes: Vec<String>,
    /// Which outcome has the focus.
    pub focus: usize,
    /// First line shown where not all fit.
    pub top: usize,
}

impl DialogPage {
    /// Rows that its words get between the title and the keys of a screen so high, and whether there is room for
    /// blank ones around them.
    pub fn rows(&self, screen: u16) -> (usize, bool) {
        let room = usize::from(screen.saturating_sub(4));
        let needed = self.lines.len() + self.outcomes.len();
        let padded = needed + 5 <= room;
        let around = self.outcomes.len() + if padded { 5 } else { 2 };
        (self.lines.len().min(room.saturating_sub(around)), padded)
    }
}

/// Columns for the words of a dialog on a screen so wide.
pub fn dialog_width(columns: u16) -> u16 {
    columns.saturating_sub(14).min(62)
}

/// Lines of the dialog above the page, and how many of them are shown.
pub fn dialog_room(model: &Model) -> Option<(usize, usize)> {
    let shown = dialog(model, dialog_width(model.size.columns))?;
    Some((shown.lines.len(), shown.rows(model.size.rows).0))
}

/// Shows what is below or above what is shown of the dialog.
pub(in crate::wizard) fn scroll_dialog(model: &mut Model, down: bool) {
    let Some((lines, rows)) = dialog_room(model) else { return };
    let by = rows.saturating_sub(1).max(1);
    if let Some(dialog) = &mut model.dialog {
        let now = dialog.top.min(lines.saturating_sub(rows));
        let wanted = if down { now + by } else { now.saturating_sub(by) };
        dialog.top = wanted.min(lines.saturating_sub(rows));
    }
}

/// The dialog, wrapped to at most `width` columns.
pub fn dialog(model: &Model, width: u16) -> Option<DialogPage> {
    let dialog = model.dialog.as_ref()?;
    let mut writer = Writer::new("", "", usize::from(width.max(10)));
    let (title, outcomes) = match dialog.question {
        Question::Leave { .. } => leave(model, &mut writer),
        Question::Noted => {
            let stored = model.made_up.as_ref().and_then(|made_up| made_up.stored.as_ref());
            let words = stored.map_or_else(
                || {
                    "They are not shown again and stored nowhere else. From now on they are needed."
                        .to_owned()
                },
                |path| format!("They are not shown again. They stay in {path}."),
            );
            writer.text(Role::Text, &words);
            ("Start with the new passwords and keys", ["They are noted, start", "Show them longer"])
        }
        Question::Apply => apply(model, &mut writer),
        Question::Foreign if model.review.undoes.is_some() => {
            writer.text(
                Role::Text,
                "Somebody changed files after that run. Taking it back overwrites these changes. The review shows them.",
            );
            ("Changed since", ["Overwrite them", "Look first, change nothing"])
        }
        Question::Foreign => {
            writer.text(
                Role::Text,
                "The configuration holds changes that somebody else made and never applied. Applying takes them \
                 along. The review shows them.",
            );
            ("Somebody else's changes", ["Take them along", "Look first, apply nothing"])
        }
        Question::ContinueRun => {
            writer.text(
                Role::Text,
                "What is done stays, the rest is done now. Passwords that were made up are made up anew and shown first.",
            );
            ("Go on with the run", ["Go on with it", "Not now"])
        }
        Question::LeaveRun => {
            writer.text(
                Role::Text,
                "The host stays as it stands now, possibly half changed. The record is closed; taking the run back \
                 stays possible.",
            );
            ("Leave the run", ["Leave it as it is", "Not now"])
        }
        Question::Stop => {
            writer.text(
                Role::Text,
                "The change under way is finished first. What is done stays done and can be taken back.",
            );
            ("Stop the run", ["Stop after this change", "Let it go on"])
        }
        Question::Discard => {
            writer.text(
                Role::Text,
                "All answers of all steps go back to what is suggested. Nothing on the host changes.",
            );
            ("Discard the answers", ["Discard all answers", "Keep them"])
        }
    };
    let mut outcomes: Vec<String> = outcomes.map(str::to_owned).into();
    let mut focus = dialog.focus;
    match &dialog.phase {
        DialogPhase::Asking => {}
        DialogPhase::Working => {
            writer = Writer::new("", "", writer.width);
            writer.text(Role::Accent, "Starting …");
            outcomes.clear();
        }
        DialogPhase::Failed(failure) => {
            writer = Writer::new("", "", writer.width);
            writer.spans(0, 0, vec![Span::new(Role::Bad, "Nothing was changed. ")]);
            writer.text(Role::Text, &failure.message);
            for hint in &failure.hints {
                writer.text(Role::Dim, hint);
            }
            (outcomes, focus) = (vec!["Close".to_owned()], 0);
        }
    }
    Some(DialogPage { title: title.to_owned(), lines: writer.page.lines, outcomes, focus, top: dialog.top })
}

fn leave(model: &Model, writer: &mut Writer) -> (&'static str, [&'static str; 2]) {
    if model.running() || model.review.starting {
        writer.text(
            Role::Text,
            "The run goes on without this screen. The next start of ngcp-warden shows it again.",
        );
        return ("Leave while the run goes on", ["Leave, the run goes on", "Stay"]);
    }
    let open = model.steps.iter().filter(|step| step.ticked || step.form.edited());
    let open: Vec<&str> = open.map(|step| step.about().title).collect();
    writer.text(Role::Text, &format!("Answered and not applied: {}.", open.join(", ")));
    writer.text(Role::Text, "These answers are kept for the next start, passwords are not.");
    ("Leave without applying", ["Keep answers and leave", "Stay"])
}

fn apply(model: &Model, writer: &mut Writer) -> (&'static str, [&'static str; 2]) {
    if let ReviewPhase::Ready(plan) = &model.review.phase {
        super::review::opened(model, writer);
        writer.text(Role::Text, &super::review::summary(plan));
        for change in &plan.changes {
            if let Some(interrupts) = &change.interrupts {
                writer.text(Role::Warning, &format!("{}: {interrupts}", change.title));
            }
            if let Some(guard) = &change.guard {
                let words = format!(
                    "{} could be cut. It is taken back by itself unless kept within {} seconds.",
                    guard.what, guard.seconds
                );
                writer.text(Role::Warning, &words);
            }
            if let Undo::Impossible(why) = &change.undo {
                writer.text(Role::Warning, &format!("{} cannot be taken back: {why}", change.title));
            }
        }
        if plan.generated.iter().any(Generated::is_shown) {
            writer.text(
                Role::Warning,
                "Passwords or keys are made up for this. They are shown next, to be noted before anything is changed.",
            );
        }
        super::unfixed::tell(model, true, writer);
        for (step, problem) in super::review::problems(model) {
            let title = super::review::step_title(model, step);
            writer.text(Role::Warning, &format!("{title} is left out. {}", problem.text));
        }
    }
    match model.review.undoes {
        Some(_) => ("Take the run back", ["Take it back", "Leave it as it is"]),
        None => ("Apply the changes", ["Apply now", "Back to the review"]),
    }
}
