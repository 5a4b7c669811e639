//! A form while it is filled in: what is chosen and typed, where the focus is, what is still wrong.
//! Nothing typed is ever refused for being wrong; problems are told and counted at the review.

use tui_input::Input;
use zeroize::Zeroizing;

use crate::steps::Form;

/// Longest secret in bytes. The buffer has this size from the start, so that growing never leaves a copy behind.
pub const SECRET_LIMIT: usize = 1024;

/// A form with what was answered so far.
#[derive(Debug, Clone, Default)]
pub struct FormState {
    form: Form,
    fields: Vec<FieldState>,
    focus: Stop,
    edited: bool,
}

/// A place the focus can be at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stop {
    /// Place of the field in the form.
    pub field: usize,
    /// The second line of a secret, where it is typed again.
    pub again: bool,
}

/// What is in one field.
#[derive(Debug, Clone)]
pub enum FieldState {
    /// Place of the chosen option.
    Choice(usize),
    /// A line of text or a number, with its cursor.
    Line(Input),
    /// A secret typed twice.
    Secret(SecretState),
}

/// A secret while it is typed.
#[derive(Debug, Clone, Default)]
pub struct SecretState {
    /// As typed first.
    pub first: Buffer,
    /// As typed again.
    pub again: Buffer,
    /// What is thought of it; `None` while nothing is typed.
    pub verdict: Option<Verdict>,
}

/// Whether a secret is good enough, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Good enough to be used.
    pub good: bool,
    /// "strong: centuries to guess" or "weak: a common password".
    pub words: String,
}

/// Bytes of a secret: never printed, wiped when dropped, never moved by growing.
#[derive(Clone)]
pub struct Buffer(Zeroizing<Vec<u8>>);

impl Default for Buffer {
    fn default() -> Self {
        Buffer(Zeroizing::new(Vec::with_capacity(SECRET_LIMIT)))
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buffer(…)")
    }
}

impl Buffer {
    /// Characters in it.
    pub fn len(&self) -> usize {
        std::str::from_utf8(&self.0).map_or(0, |text| text.chars().count())
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FormState {
    /// Whether there is nothing to answer.
    pub fn is_empty(&self) -> bool {
        self.form.fields.is_empty()
    }

    /// Whether letters go into the focused field.
    pub fn typing(&self) -> bool {
        matches!(self.fields.get(self.focus.field), Some(FieldState::Line(_) | FieldState::Secret(_)))
    }

    /// Whether the focused field is a choice.
    pub fn on_choice(&self) -> bool {
        matches!(self.fields.get(self.focus.field), Some(FieldState::Choice(_)))
    }

    /// Whether anything was answered since the form was made.
    pub fn edited(&self) -> bool {
        self.edited
    }

    /// Whether the focus is at the last place.
    pub fn at_last(&self) -> bool {
        true
    }
}
