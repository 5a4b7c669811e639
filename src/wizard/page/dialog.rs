//! The questions above a page: what would happen, and two outcomes with names.

use super::{Line, Role, Span, Writer};
use crate::{
    plan::Undo,
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
    Some(DialogPage { title: title.to_owned(), lines: writer.page.lines, outcomes, focus })
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
        if let Some(reopened) = super::history::reopened(model) {
            reopened.tell(writer);
        }
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
        if !plan.generated.is_empty() {
            writer.text(
                Role::Warning,
                "Passwords or keys are made up for this. They are shown next, to be noted before anything is changed.",
            );
        }
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
