//! Text with holes for secrets. The text can be shown and stored; the holes are filled at the moment of use.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::secret::{Secret, SecretForm, Secrets};

/// Text with named secrets in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub Vec<Piece>);

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// As it is.
    Text(String),
    /// A secret by its name in [`Secrets`], written in some form.
    Secret {
        /// Its name.
        name: String,
        /// How it is written.
        form: SecretForm,
    },
}

impl Template {
    /// Text without a secret.
    pub fn text(text: impl Into<String>) -> Self {
        Template(vec![Piece::Text(text.into())])
    }

    /// The template with more text behind it.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    /// The template with a secret behind it.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, form: SecretForm) -> Self {
        self.0.push(Piece::Secret { name: name.into(), form });
        self
    }

    /// Names of the secrets it needs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Secret { name, .. } => Some(name.as_str()),
        })
    }

    /// For people: holes are shown as `‹password of …›`.
    pub fn shown(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Secret { name, form } => match form {
                    SecretForm::Verbatim
                    | SecretForm::File
                    | SecretForm::SqlString
                    | SecretForm::OptionFile => {
                        format!("‹{name}›")
                    }
                    _ => format!("‹hash of {name}›"),
                },
            })
            .collect()
    }

    /// The text with its holes filled.
    ///
    /// # Errors
    /// When a secret is missing or cannot be written in the form asked for.
    pub fn fill(&self, secrets: &Secrets) -> Result<Secret> {
        let mut text = zeroize::Zeroizing::new(Vec::new());
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.extend_from_slice(plain.as_bytes()),
                Piece::Secret { name, form } => {
                    let secret =
                        secrets.get(name).with_context(|| format!("no password was given for {name}"))?;
                    text.extend_from_slice(crate::secret::credentials::written(secret, *form)?.expose());
                }
            }
        }
        Ok(Secret::new(text.to_vec()))
    }
}
