//! The one function that changes the model. Total: any message in any state, no I/O, no clock, no panic.

mod act;
mod leaving;
mod looking;
mod planning;
mod running;
mod telling;

use super::{Effect, Key, Message, Model, Screen, draft::Draft, keys, model::Size};
use crate::runner::Event;
use telling::{edit, log, notice, reveal_focus, type_text};

/// Takes one message in and says what is to be done. After the wizard ended nothing happens any more.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    if model.exit.is_some() {
        return Vec::new();
    }
    match message {
        Message::Begin => looking::begin(model),
        // Nobody sees what a key would do.
        Message::Key(Key::Ctrl('c')) if !model.size.fits() => leaving::interrupted(model),
        Message::Key(_) | Message::Paste(_) if !model.size.fits() => Vec::new(),
        Message::Key(key) => pressed(model, key),
        Message::Paste(text) => {
            model.notice = None;
            let typed = text.expose_str().map(|text| type_text(model, text));
            reveal_focus(model);
            match typed {
                Some(effects) => effects,
                None => notice(model, "Not pasted: this is not text."),
            }
        }
        Message::Resized { columns, rows } => {
            let unknown = columns == 0 || rows == 0;
            model.size = if unknown { Size { columns: 80, rows: 24 } } else { Size { columns, rows } };
            reveal_focus(model);
            Vec::new()
        }
        Message::HostSeen(host) => looking::host_seen(model, *host),
        Message::Inspected { step, result } => looking::inspected(model, &step, result),
        Message::Planned { ticket, result } => planning::planned(model, ticket, result),
        Message::UndoPlanned { ticket, result, before } => {
            let effects = planning::planned(model, ticket, result);
            model.review.before = before;
            effects
        }
        Message::RunsSeen(runs) => looking::runs_seen(model, runs),
        Message::MadeUp { start, shown } => planning::made_up(model, *start, shown),
        Message::RunStarted(run) => running::started(model, run),
        Message::RunRefused(failure) => planning::refused(model, failure),
        Message::Run(record) => {
            let effects = running::record(model, &record);
            // What is being done, and what waits for the operator, comes into sight by itself.
            if model.screen == Screen::Run
                && matches!(record.event, Event::Before { .. } | Event::Waiting { .. })
            {
                reveal_focus(model);
            }
            effects
        }
        Message::RunEnded => running::ended(model),
        Message::Beat { elapsed } => {
            if let Some(run) = model.run.as_mut().filter(|run| !run.ended) {
                run.elapsed = run.elapsed.max(elapsed);
            }
            Vec::new()
        }
        Message::Loaded(draft) => looking::loaded(model, draft),
        Message::Saved(Ok(())) => Vec::new(),
        Message::Saved(Err(failure)) => {
            model.kept = Draft::default();
            notice(model, &format!("The answers could not be kept: {}", failure.message))
        }
        Message::PasswordsStored(Ok(path)) => {
            let effects = notice(model, &format!("Written: {path}"));
            if let Some(made_up) = &mut model.made_up {
                made_up.stored = Some(path);
            }
            effects
        }
        Message::Written(Ok(path)) => notice(model, &format!("Written: {path}")),
        Message::Written(Err(failure)) | Message::PasswordsStored(Err(failure)) => {
            notice(model, &format!("Not written: {}", failure.message))
        }
        Message::Notice(text) => notice(model, &text),
        Message::Interrupted => leaving::interrupted(model),
        Message::Hangup => leaving::leave(model, 3),
    }
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let effects = if keys::typed(model, key) {
        edit(model, |form| form.edit(key))
    } else if let Some(intent) = keys::intent(model, key) {
        act::act(model, intent)
    } else {
        Vec::new()
    };
    if !keys::scrolls(key) {
        reveal_focus(model);
    }
    effects
}
