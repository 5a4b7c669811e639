//! What is chosen and typed in a form, and where the focus is.
//! Nothing typed is ever refused for being wrong; what is wrong is told beside it and at the review.

use tui_input::{Input, InputRequest};

use super::secret_field::{SecretState, judge};
use crate::{
    steps::{
        Form,
        form::{Field, Kind},
    },
    wizard::keys::Key,
};

/// A form with what was answered so far.
#[derive(Debug, Clone, Default)]
pub struct FormState {
    pub(super) form: Form,
    pub(super) fields: Vec<FieldState>,
    pub(super) focus: Stop,
    pub(super) edits: u64,
    /// Rows below the questions that ask nothing; the focus stops there as well.
    pub(in crate::wizard) below: usize,
}

/// A place the focus can be at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stop {
    /// Place of the field in the form; behind the last one a row that asks nothing.
    pub field: usize,
    /// The second line of a secret, where it is typed again.
    pub again: bool,
}

/// Which other option of a choice.
#[derive(Debug, Clone, Copy)]
pub(in crate::wizard) enum Turn {
    /// The one before, staying at the first.
    Left,
    /// The one behind, staying at the last.
    Right,
    /// The one behind, and the first behind the last.
    Round,
}

/// What is in one field.
#[derive(Debug, Clone)]
pub enum FieldState {
    /// Place of the chosen option.
    Choice(usize),
    /// A line of text or a number, with its cursor.
    Line(Input),
    /// Place of the chosen word; `None` where a value is typed instead.
    Either(Option<usize>, Input),
    /// A secret, typed twice or given once.
    Secret(Box<SecretState>),
}

impl FormState {
    /// The form, with its defaults as answers and the focus on its first question.
    pub fn new(form: Form) -> Self {
        let fields = form.fields.iter().map(unanswered).collect();
        let mut state = FormState { form, fields, focus: Stop::default(), edits: 0, below: 0 };
        state.settle_focus();
        state
    }

    /// The questions.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Questions that are asked now, each with its place and what is in it.
    pub fn visible(&self) -> impl Iterator<Item = (usize, &Field, &FieldState)> {
        let both = self.form.fields.iter().zip(&self.fields).enumerate();
        both.filter(|(index, _)| self.is_visible(*index)).map(|(index, (field, state))| (index, field, state))
    }

    /// Where the focus is.
    pub fn focus(&self) -> Stop {
        self.focus
    }

    /// The question with the focus.
    pub fn focused(&self) -> Option<&Field> {
        self.form.fields.get(self.focus.field)
    }

    /// Whether there is nothing to answer.
    pub fn is_empty(&self) -> bool {
        self.form.fields.is_empty()
    }

    /// Whether there is a row to put the focus on.
    pub fn has_rows(&self) -> bool {
        !self.stops().is_empty()
    }

    /// Whether letters go into the focused field.
    pub fn typing(&self) -> bool {
        matches!(
            self.fields.get(self.focus.field),
            Some(FieldState::Line(_) | FieldState::Either(None, _) | FieldState::Secret(_))
        )
    }

    /// Whether a value can be typed in place of the word that is chosen. A digit begins one.
    pub fn takes_value(&self) -> bool {
        matches!(self.fields.get(self.focus.field), Some(FieldState::Either(Some(_), _)))
    }

    /// Whether a line break goes into the focused field. Also before a text has begun: what is pasted as keys may begin
    /// with an empty line, and no part of it may end up elsewhere.
    pub fn takes_line_break(&self) -> bool {
        self.focused().is_some_and(|field| field.kind.takes_lines())
    }

    /// Whether the focused field is a choice.
    pub fn on_choice(&self) -> bool {
        matches!(
            self.fields.get(self.focus.field),
            Some(FieldState::Choice(_) | FieldState::Either(Some(_), _))
        )
    }

    /// Whether anything was answered since the form was made.
    pub fn edited(&self) -> bool {
        self.edits > 0
    }

    /// Counts every change of an answer.
    pub(in crate::wizard) fn edits(&self) -> u64 {
        self.edits
    }

    /// Whether the focus is at the first place.
    pub fn at_first(&self) -> bool {
        self.stops().first().is_none_or(|first| *first == self.focus)
    }

    /// Whether the focus is at the last place.
    pub fn at_last(&self) -> bool {
        self.stops().last().is_none_or(|last| *last == self.focus)
    }

    /// Moves the focus to the next or previous place, staying at the ends.
    pub(in crate::wizard) fn move_focus(&mut self, forward: bool) {
        let stops = self.stops();
        let Some(now) = stops.iter().position(|stop| *stop == self.focus) else {
            return self.settle_focus();
        };
        let next = if forward { (now + 1).min(stops.len() - 1) } else { now.saturating_sub(1) };
        self.focus = stops[next];
    }

    /// Puts the focus on the question with this key, when it is asked.
    pub(in crate::wizard) fn focus_on(&mut self, key: &str) {
        let found = self.visible().find(|(_, field, _)| field.key == key).map(|(index, ..)| index);
        if let Some(field) = found {
            self.focus = Stop { field, again: false };
        }
    }

    /// Puts the focus on the row at this place, when it is there.
    pub(in crate::wizard) fn focus_at(&mut self, field: usize) {
        let stop = Stop { field, again: false };
        if self.stops().contains(&stop) {
            self.focus = stop;
        }
    }

    /// Chooses another option of the focused choice.
    pub(in crate::wizard) fn choose(&mut self, turn: Turn) {
        let Some((field, state)) = self.focused_mut() else { return };
        let count = field.kind.words().len();
        let turned = |chosen: usize| match turn {
            Turn::Left => chosen.saturating_sub(1),
            Turn::Right => (chosen + 1).min(count - 1),
            Turn::Round => (chosen + 1) % count,
        };
        match state {
            _ if count == 0 => return,
            FieldState::Choice(chosen) => *chosen = turned(*chosen),
            // Behind the last word comes a value.
            FieldState::Either(word @ Some(_), _)
                if matches!(turn, Turn::Right) && *word == Some(count - 1) =>
            {
                *word = None;
            }
            FieldState::Either(Some(chosen), _) => *chosen = turned(*chosen),
            _ => return,
        }
        self.edits += 1;
    }

    fn focused_mut(&mut self) -> Option<(&Field, &mut FieldState)> {
        Some((self.form.fields.get(self.focus.field)?, self.fields.get_mut(self.focus.field)?))
    }

    /// Gives a key to the focused text field. `Err` says in words why it was not taken.
    pub(in crate::wizard) fn edit(&mut self, key: Key) -> Result<(), &'static str> {
        let again = self.focus.again;
        let Some((field, state)) = self.focused_mut() else { return Ok(()) };
        match state {
            FieldState::Choice(_) => return Ok(()),
            FieldState::Line(input) => {
                if let Key::Char(c) = key {
                    return self.type_text(c.encode_utf8(&mut [0; 4]));
                }
                edit_line(input, key);
            }
            // Before the value stands the last word.
            FieldState::Either(word @ None, input) if key == Key::Left && input.cursor() == 0 => {
                *word = field.kind.words().len().checked_sub(1);
            }
            FieldState::Either(word, input) => {
                if let Key::Char(c) = key {
                    if word.take().is_some() {
                        input.reset();
                    }
                    return self.type_text(c.encode_utf8(&mut [0; 4]));
                }
                if word.is_none() {
                    edit_line(input, key);
                }
            }
            FieldState::Secret(secret) => {
                let buffer = if again { &mut secret.again } else { &mut secret.first };
                match key {
                    Key::Char(c) if !buffer.push(c.encode_utf8(&mut [0; 4]), &field.kind) => {
                        return Err(refused(&field.kind));
                    }
                    Key::Enter if buffer.is_empty() => {}
                    Key::Enter if !buffer.push("\n", &field.kind) => return Err(refused(&field.kind)),
                    Key::Backspace => buffer.pop(),
                    Key::Ctrl('u' | 'w') => buffer.clear(),
                    _ => {}
                }
                judge(field, secret);
            }
        }
        self.edits += 1;
        Ok(())
    }

    /// Puts text into the focused field as if it had been typed. `Err` says in words why it was not taken.
    pub(in crate::wizard) fn type_text(&mut self, text: &str) -> Result<(), &'static str> {
        let again = self.focus.again;
        let Some((field, state)) = self.focused_mut() else { return Ok(()) };
        match state {
            FieldState::Choice(_) => return Err("Nothing can be pasted here."),
            // A word that is pasted is chosen, anything else is a value.
            FieldState::Either(word, _) if let Some(place) = place_of(&field.kind, text) => {
                *word = Some(place);
                self.edits += 1;
            }
            FieldState::Either(word @ Some(_), input) => {
                *word = None;
                input.reset();
                return self.type_text(text);
            }
            FieldState::Line(input) | FieldState::Either(None, input) => {
                let room = field.kind.limit().saturating_sub(input.value().chars().count());
                let line = text.trim_end_matches(['\r', '\n']);
                if line.contains(['\r', '\n']) {
                    return Err("Not pasted: only one line fits here.");
                }
                let mut typed = 0;
                for c in line.chars().filter(|c| !c.is_control()).take(room) {
                    input.handle(InputRequest::InsertChar(c));
                    typed += 1;
                }
                self.edits += u64::from(typed > 0);
                if line.chars().nth(typed).is_some() {
                    return Err("Not all of it fits here.");
                }
            }
            FieldState::Secret(secret) => {
                let buffer = if again { &mut secret.again } else { &mut secret.first };
                let lines = field.kind.takes_lines();
                let text = if lines { text } else { text.trim_end_matches(['\r', '\n']) };
                if !buffer.push(text, &field.kind) {
                    return Err(refused(&field.kind));
                }
                judge(field, secret);
                self.edits += 1;
            }
        }
        Ok(())
    }

    /// Places the focus can be at, in order.
    fn stops(&self) -> Vec<Stop> {
        let mut stops = Vec::new();
        for (field, asked, _) in self.visible() {
            stops.push(Stop { field, again: false });
            if matches!(asked.kind, Kind::Secret { .. }) {
                stops.push(Stop { field, again: true });
            }
        }
        let below = self.form.fields.len()..self.form.fields.len() + self.below;
        stops.extend(below.map(|field| Stop { field, again: false }));
        stops
    }

    /// Puts the focus on the nearest question that is asked, when the one it is on is not.
    pub(in crate::wizard) fn settle_focus(&mut self) {
        let stops = self.stops();
        if !stops.contains(&self.focus) {
            let before = stops.iter().rfind(|stop| stop.field <= self.focus.field);
            self.focus = before.or(stops.first()).copied().unwrap_or_default();
        }
    }

    /// Whether a question is asked, with what is answered now.
    fn is_visible(&self, index: usize) -> bool {
        let answer = |key: &str| self.value(self.form.fields.iter().position(|field| field.key == key)?);
        self.form.fields.get(index).is_some_and(|field| !field.quiet && self.form.asks(field, answer))
    }
}

/// Why a secret is not taken.
fn refused(kind: &Kind) -> &'static str {
    match kind {
        Kind::Existing { lines: true } => "Not taken: more than 256 KB, or not plain text.",
        _ => "Not taken: a password is one line of at most 1024 bytes, without control characters.",
    }
}

/// Place of a word among those that can be answered.
pub(super) fn place_of(kind: &Kind, word: &str) -> Option<usize> {
    kind.words().iter().position(|one| one.value == word)
}

/// A field before anybody answered.
pub(super) fn unanswered(field: &Field) -> FieldState {
    match &field.kind {
        kind @ Kind::Choice { default, .. } => FieldState::Choice(place_of(kind, default).unwrap_or(0)),
        kind @ Kind::Either { default, .. } => {
            let word = place_of(kind, default);
            let line = if word.is_none() { default.clone().into() } else { Input::default() };
            FieldState::Either(word, line)
        }
        Kind::Secret { .. } | Kind::Existing { .. } => FieldState::Secret(Box::default()),
        kind => {
            let default = kind.default().map(|answer| answer.to_string());
            FieldState::Line(Input::new(default.unwrap_or_default()))
        }
    }
}

/// Moves or deletes within a line.
fn edit_line(input: &mut Input, key: Key) {
    let request = match key {
        Key::Backspace => InputRequest::DeletePrevChar,
        Key::Delete => InputRequest::DeleteNextChar,
        Key::Left => InputRequest::GoToPrevChar,
        Key::Right => InputRequest::GoToNextChar,
        Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
        Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
        Key::Ctrl('u') => InputRequest::DeleteFromStart,
        Key::Ctrl('k') => InputRequest::DeleteTillEnd,
        Key::Ctrl('w') => InputRequest::DeletePrevWord,
        _ => return,
    };
    input.handle(request);
}
