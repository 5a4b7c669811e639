//! Formulas of `assets/`: sums of named figures, worked out and told with the numbers in them. No figure of any host
//! and no input of an operator is a formula.

use serde::Deserialize;

use self::term::Term;
pub use self::term::{Figures, shown};

mod parse;
mod term;

/// One formula: numbers, names, `+ - * /` with blanks around them, brackets, `min(a, b)`, `max(a, b)`, `ceil(a)`,
/// `floor(a)`, `up(a, step)`, `down(a, step)`. In `min` and `max` what is wanted comes first and its limit second: so
/// it is told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Formula {
    text: String,
    term: Term,
}

impl TryFrom<String> for Formula {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let term = parse::term(&text).map_err(|why| format!("the formula '{text}': {why}"))?;
        Ok(Formula { text, term })
    }
}

impl Formula {
    /// As it is written in the table: `nated / natping-interval / 250`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names in it, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names = self.term.names();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What comes out; `None` when a name in it has no figure, or no number comes out (0 / 0).
    pub fn value(&self, figures: &Figures) -> Option<f64> {
        self.term.value(figures)
    }

    /// With the numbers in it: `50000 / 30 / 250 = 6.67, 7`; `None` where [`Self::value`] is.
    pub fn told(&self, figures: &Figures) -> Option<String> {
        self.term.value(figures)?;
        self.term.told(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula(text: &str) -> Formula {
        Formula::try_from(text.to_owned()).unwrap()
    }

    fn figures() -> Figures {
        let all = [("nated", 50000.0), ("natping-interval", 30.0), ("growth", 1.0), ("memory", 16000.0)];
        let all = all.into_iter().chain([("data", 2000.0), ("none", 0.0), ("endless", f64::INFINITY)]);
        all.map(|(name, figure)| (name.to_owned(), figure)).collect()
    }

    #[test]
    fn a_formula_is_worked_out_as_in_arithmetic() {
        for (text, value) in [
            ("1 + 2 * 3", Some(7.0)),
            ("(1 + 2) * 3", Some(9.0)),
            ("10 - 4 - 3", Some(3.0)),
            ("nated / natping-interval / 250", Some(50000.0 / 30.0 / 250.0)),
            ("ceil(nated / natping-interval / 250)", Some(7.0)),
            ("floor(7.9)", Some(7.0)),
            ("up(65, 64)", Some(128.0)),
            ("up(128, 64)", Some(128.0)),
            ("up(0, 64)", Some(0.0)),
            ("down(200, 64)", Some(192.0)),
            ("ceil(0.1 * 3 / 0.3)", Some(1.0)),
            ("min(max(2, 3), 7)", Some(3.0)),
            ("min(nated, endless)", Some(50000.0)),
            ("max(nated, endless)", Some(f64::INFINITY)),
            ("none / none", None),
            ("nobody + 1", None),
        ] {
            assert_eq!(formula(text).value(&figures()), value, "{text}");
        }
    }

    #[test]
    fn a_formula_is_told_with_its_numbers_and_what_limits_it() {
        for (text, told) in [
            ("ceil(nated * growth / natping-interval / 250)", "50000 / 30 / 250 = 6.67, 7"),
            ("min(ceil(nated / 15 / 250), 7)", "50000 / 15 / 250 = 13.33, 14, at most 7"),
            (
                "min(max(up(data * 1.1, 64), 64), down(memory * 0.1, 64))",
                "2000 * 1.1 = 2200, rounded up to whole 64: 2240, at most 1600 (16000 * 0.1)",
            ),
            ("down(data, 64)", "2000, rounded down to whole 64: 1984"),
            ("max(up(none, 64), 64)", "0, at least 64"),
            ("(data + memory) / 2", "(2000 + 16000) / 2 = 9000"),
            ("data - (memory - 1)", "2000 - (16000 - 1) = -13999"),
            ("nated / max(60, 30)", "50000 / 60 = 833.33"),
            ("data", "2000"),
            ("max(data, endless)", "2000, at least no limit"),
        ] {
            assert_eq!(formula(text).told(&figures()).as_deref(), Some(told), "{text}");
        }
        assert_eq!(formula("data / nobody").told(&figures()), None);
    }

    #[test]
    fn a_name_is_told_once() {
        assert_eq!(formula("min(data, memory * data)").names(), ["data", "memory"]);
    }

    #[test]
    fn what_is_no_formula_is_an_error_that_quotes_it() {
        for text in
            ["", "1 +", "(1", "min(1)", "ceil(1, 2)", "sin(1)", "1 2", "1)", "a-", "A", "min", "*", "1.2.3"]
        {
            let error = Formula::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains(&format!("'{text}'")), "{text:?}: {error}");
        }
    }
}
