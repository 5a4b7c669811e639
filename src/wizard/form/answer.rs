//! From what was typed to answers and secrets, and what is still wrong with it, in words.

use std::collections::BTreeMap;

use tui_input::Input;

use super::{
    secret_field::Verdict,
    state::{FieldState, FormState, place_of, unanswered},
};
use crate::{
    finding::StepId,
    secret::Secrets,
    steps::{
        Answers, Form,
        form::{Field, Kind},
    },
};

/// Why a question cannot be used as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Key of the question.
    pub key: String,
    /// "MySQL root: the two entries differ".
    pub text: String,
}

impl FormState {
    /// The answer to the question at this place; `None` for secrets and beyond the end.
    pub fn value(&self, index: usize) -> Option<&str> {
        written(self.form.fields.get(index)?, self.fields.get(index)?)
    }

    /// What is wrong with the answers to the questions that are asked.
    pub fn problems(&self) -> Vec<Problem> {
        let wrong = self.visible().filter_map(|(_, field, state)| {
            let words = complaint(field, state)?;
            Some(Problem { key: field.key.clone(), text: format!("{}: {words}", field.label) })
        });
        wrong.collect()
    }

    /// Good answers to the questions that are asked; secrets only by name.
    pub fn answers(&self, step: &StepId) -> Answers {
        let mut answers = Answers::default();
        for (index, field, state) in self.visible() {
            let value = self.value(index).and_then(|value| field.kind.read(value).ok());
            if let Some(value) = value {
                answers.values.insert(field.key.clone(), value);
            } else if matches!(state, FieldState::Secret(secret) if !secret.first.is_empty())
                && complaint(field, state).is_none()
            {
                answers.secrets.insert(format!("{step}.{}", field.key));
            }
        }
        answers
    }

    /// The good secrets of the questions that are asked, by the names in [`Self::answers`].
    pub(in crate::wizard) fn add_secrets(&self, step: &StepId, secrets: &mut Secrets) {
        for (_, field, state) in self.visible() {
            if let FieldState::Secret(secret) = state
                && !secret.first.is_empty()
                && complaint(field, state).is_none()
            {
                secrets.insert(&format!("{step}.{}", field.key), secret.first.secret());
            }
        }
    }

    /// Answers that differ from the defaults, for the next session. Never a secret.
    pub fn changed_values(&self) -> BTreeMap<String, String> {
        let fields = self.form.fields.iter().enumerate();
        let changed = fields.filter_map(|(index, field)| {
            let value = self.value(index)?;
            let default = field.kind.default().map(|answer| answer.to_string());
            (value != default.unwrap_or_default()).then(|| (field.key.clone(), value.to_owned()))
        });
        changed.collect()
    }

    /// Takes answers of an earlier session over, as far as they still fit.
    pub(in crate::wizard) fn restore(&mut self, values: &BTreeMap<String, String>) {
        for (field, state) in self.form.fields.iter().zip(&mut self.fields) {
            let Some(value) = values.get(&field.key) else { continue };
            let known = place_of(&field.kind, value);
            let clean = value.chars().filter(|c| !c.is_control()).take(field.kind.limit());
            let line: Input = clean.collect::<String>().into();
            *state = match state {
                FieldState::Choice(_) => match known {
                    Some(known) => FieldState::Choice(known),
                    None => continue,
                },
                FieldState::Either(..) => FieldState::Either(known, line),
                FieldState::Line(_) => FieldState::Line(line),
                FieldState::Secret(_) => continue,
            };
            self.edits += 1;
        }
        self.settle_focus();
    }

    /// Puts a newer form in place of this one; what was answered stays wherever the same question is asked.
    pub(in crate::wizard) fn renew(&mut self, form: Form) {
        let fields = form.fields.iter().map(|field| {
            let old = self.form.fields.iter().position(|old| old.key == field.key && old.kind == field.kind);
            old.filter(|_| self.edited()).and_then(|old| self.fields.get(old).cloned())
        });
        let fields: Vec<Option<FieldState>> = fields.collect();
        let focus = self.focused().map(|field| field.key.clone());
        let edits = if fields.iter().any(Option::is_some) { self.edits } else { 0 };
        let fill = |(state, field): (Option<FieldState>, &Field)| state.unwrap_or_else(|| unanswered(field));
        self.fields = fields.into_iter().zip(&form.fields).map(fill).collect();
        (self.form, self.edits) = (form, edits);
        if let Some(key) = focus {
            self.focus_on(&key);
        }
        self.settle_focus();
    }
}

/// An answer as it is written; `None` for a secret. Where no value is typed the word holds that holds before anybody
/// answers.
fn written<'a>(field: &'a Field, state: &'a FieldState) -> Option<&'a str> {
    let word = |place: usize| field.kind.words().get(place).map(|word| word.value.as_str());
    match (&field.kind, state) {
        (_, FieldState::Choice(chosen) | FieldState::Either(Some(chosen), _)) => word(*chosen),
        (Kind::Either { default, .. }, FieldState::Either(None, input)) if input.value().is_empty() => {
            Some(default)
        }
        (_, FieldState::Line(input) | FieldState::Either(None, input)) => Some(input.value()),
        (_, FieldState::Secret(_)) => None,
    }
}

/// What is wrong with one answer; the same words wherever it is judged.
pub fn complaint(field: &Field, state: &FieldState) -> Option<String> {
    match (&field.kind, state) {
        (kind, FieldState::Line(_) | FieldState::Either(..)) => kind.read(written(field, state)?).err(),
        (Kind::Secret { .. }, FieldState::Secret(secret)) => {
            if secret.first.is_empty() {
                Some("no password was typed".to_owned())
            } else if let Some(Verdict { good: false, words }) = &secret.verdict {
                Some(words.clone())
            } else {
                (!secret.matches()).then(|| "the two entries differ".to_owned())
            }
        }
        (Kind::Existing { .. }, FieldState::Secret(secret)) if !field.optional => {
            secret.first.is_empty().then(|| "nothing was given".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::Answer;

    /// A list is typed on one line; one that does not fit is a problem of its row and no answer.
    #[test]
    fn a_list_is_typed_on_one_line() {
        let default = vec!["10.0.0.0/8".parse().unwrap()];
        let kind = Kind::Networks { default: default.clone(), count: 1..=9 };
        let mut form =
            FormState::new(Form { fields: vec![Field::new("from", "From", kind)], ..Form::default() });
        let step = StepId::new("firewall");
        assert_eq!(form.answers(&step).values["from"], Answer::Networks(default.clone()));
        form.type_text(" 2001:DB8::/32").unwrap();
        let both = [default[0], "2001:db8::/32".parse().unwrap()];
        assert_eq!(form.answers(&step).networks("from").unwrap(), Some(&both[..]));
        assert_eq!(form.changed_values()["from"], "10.0.0.0/8 2001:DB8::/32", "kept as it was typed");
        form.type_text(",10.0.0.1/8").unwrap();
        assert!(form.problems()[0].text.starts_with("From: '10.0.0.1/8' is one address"));
        assert!(form.answers(&step).values.is_empty());
    }
}
