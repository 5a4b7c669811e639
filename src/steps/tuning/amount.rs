//! The value of an option: read from what is written, in its unit, and written again in the same style.

use std::fmt;

use crate::{ngcp::options::tuning::Unit, steps::size::Size};

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Amount {
    /// Processes, MB, seconds, days: what its unit counts.
    Number(i64),
    /// With a unit of its own.
    Size(Size),
    /// `yes` or `no`, or another word.
    Word(String),
}

impl Amount {
    /// The value that a text says, legal or not: `16`, `64M`, `1` for a switch.
    ///
    /// # Errors
    /// Why it is none of that unit.
    pub(super) fn read(_unit: &Unit, text: &str) -> Result<Amount, String> {
        Err(format!("'{text}' cannot be read yet"))
    }

    /// Whether it is within the legal range.
    ///
    /// # Errors
    /// Why not: "8 is not from 1 to 7".
    pub(super) fn is_legal(&self, _unit: &Unit) -> Result<(), String> {
        Ok(())
    }

    /// What formulas count with: MB, processes, seconds, days; 1 for yes and 0 for no; `None` for other words.
    pub(super) fn number(&self) -> Option<f64> {
        None
    }

    /// As it is written where `before` stood: a switch that was `1` becomes `0`, not `no`.
    pub(super) fn written(&self, _before: Option<&str>) -> String {
        self.to_string()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Number(number) => write!(f, "{number}"),
            Amount::Size(size) => write!(f, "{size}"),
            Amount::Word(word) => f.write_str(word),
        }
    }
}
