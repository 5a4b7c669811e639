//! The value of an option: read from what is written, in its unit, and written again in the same style.

use std::fmt;

use crate::{
    ngcp::options::tuning::{Range, Unit},
    steps::size::Size,
};

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Amount {
    /// Processes, MB, seconds, days: what its unit counts.
    Number(i64),
    /// With a unit of its own.
    Size(Size),
    /// `yes` or `no`, or another word; the name of a host.
    Word(String),
}

/// Longest name of a host (RFC 1035).
const LONGEST: usize = 253;
const MIB: f64 = 1_048_576.0;

impl Amount {
    /// The value that a text says, legal or not: `16`, `64M`, `1` for a switch.
    ///
    /// # Errors
    /// Why it is none of that unit.
    pub(super) fn read(unit: &Unit, text: &str) -> Result<Amount, String> {
        let text = text.trim();
        match unit {
            Unit::Count(_) | Unit::Megabytes(_) | Unit::Seconds(_) | Unit::Days(_) => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                let number = whole.then(|| text.parse().ok()).flatten();
                number.map(Amount::Number).ok_or_else(|| {
                    let of = if matches!(unit, Unit::Megabytes(_)) { " of MB, without a unit" } else { "" };
                    format!("'{}' is no whole number{of}", quoted(text))
                })
            }
            Unit::Size(_) => text.parse().map(Amount::Size).map_err(|_| {
                format!("'{}' is no size; it is a whole number and K, M, G or T: 64M", quoted(text))
            }),
            Unit::Switch => match text {
                "yes" | "1" => Ok(Amount::Word("yes".into())),
                "no" | "0" => Ok(Amount::Word("no".into())),
                _ => Err(format!(
                    "'{}' is neither yes nor no, the platform knows no other words",
                    quoted(text)
                )),
            },
            Unit::Words(_) | Unit::Host => Ok(Amount::Word(text.into())),
        }
    }

    /// The legal value of that unit that is next to what a formula says; `None` for units that no formula counts.
    pub(super) fn of(unit: &Unit, figure: f64) -> Option<Amount> {
        let within = |figure: f64, min: f64, max: f64| figure.round().max(min).min(max);
        match unit {
            Unit::Count(range) | Unit::Megabytes(range) | Unit::Seconds(range) | Unit::Days(range) => {
                // Both limits are small enough to be exact.
                Some(Amount::Number(within(figure, range.min as f64, range.max as f64) as i64))
            }
            Unit::Size(range) => {
                let limit = |text: &str| Some(text.parse::<Size>().ok()?.bytes() as f64 / MIB);
                let mib = within(figure, limit(&range.min)?, limit(&range.max)?);
                u32::try_from((mib * 1024.0) as u64).ok().map(|kib| Amount::Size(Size::kib(kib)))
            }
            Unit::Switch | Unit::Words(_) | Unit::Host => None,
        }
    }

    /// Whether it is within the legal range.
    ///
    /// # Errors
    /// Why not: "8 is not from 1 to 7".
    pub(super) fn is_legal(&self, unit: &Unit) -> Result<(), String> {
        let legal = match (unit, self) {
            (
                Unit::Count(Range { min, max })
                | Unit::Megabytes(Range { min, max })
                | Unit::Seconds(Range { min, max })
                | Unit::Days(Range { min, max }),
                Amount::Number(number),
            ) => (min..=max)
                .contains(&number)
                .then_some(())
                .ok_or_else(|| format!("is not from {min} to {max}")),
            (Unit::Size(range), Amount::Size(size)) => {
                let above = range.min.parse::<Size>().is_ok_and(|min| *size >= min);
                let below = range.max.parse::<Size>().is_ok_and(|max| *size <= max);
                (above && below)
                    .then_some(())
                    .ok_or_else(|| format!("is not from {} to {}", range.min, range.max))
            }
            (Unit::Switch, Amount::Word(word)) => matches!(word.as_str(), "yes" | "no")
                .then_some(())
                .ok_or_else(|| "is neither yes nor no".into()),
            (Unit::Words(words), Amount::Word(word)) => {
                words.contains(word).then_some(()).ok_or_else(|| format!("is none of {}", words.join(", ")))
            }
            (Unit::Host, Amount::Word(host)) => {
                let fits = host.len() <= LONGEST && !host.starts_with('-');
                let fits = fits && host.chars().all(|c| c.is_ascii_alphanumeric() || ".:-".contains(c));
                fits.then_some(()).ok_or_else(|| "is no name and no address of a host".into())
            }
            _ => Err("is of another kind".into()),
        };
        legal.map_err(|why: String| format!("{} {why}", quoted(&self.to_string())))
    }

    /// What formulas count with: MB, processes, seconds, days; 1 for yes and 0 for no; `None` for other words.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Amount::Number(number) => Some(*number as f64),
            Amount::Size(size) => Some(size.bytes() as f64 / MIB),
            Amount::Word(word) => match word.as_str() {
                "yes" => Some(1.0),
                "no" => Some(0.0),
                _ => None,
            },
        }
    }

    /// As it is written where `before` stood: a switch that was `1` becomes `0`, not `no`.
    pub(super) fn written(&self, before: Option<&str>) -> String {
        match (self, before.map(str::trim)) {
            (Amount::Word(word), Some("0" | "1")) if word == "yes" => "1".into(),
            (Amount::Word(word), Some("0" | "1")) if word == "no" => "0".into(),
            _ => self.to_string(),
        }
    }
}

/// As much of a text of the host as a line can bear.
fn quoted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ngcp::options;

    fn unit(name: &str) -> &'static Unit {
        &options::find(name).unwrap().tuning.as_ref().unwrap().unit
    }

    fn read(name: &str, text: &str) -> Result<Amount, String> {
        Amount::read(unit(name), text)
    }

    #[test]
    fn a_value_is_read_in_its_unit_and_written_as_it_stood() {
        for (name, text, figure, written) in [
            ("natping-processes", "7", Some(7.0), "7"),
            ("buffer-pool-size", "64M", Some(64.0), "64M"),
            ("buffer-pool-size", "2g", Some(2048.0), "2G"),
            ("buffer-pool-size", "1536M", Some(1536.0), "1536M"),
            ("syslog-external", "0", Some(0.0), "0"),
            ("syslog-external", "1", Some(1.0), "1"),
            ("rating-enable", "yes", Some(1.0), "yes"),
            ("syslog-external-level", "warning", None, "warning"),
            ("syslog-external-address", "192.0.2.32", None, "192.0.2.32"),
        ] {
            let amount = read(name, text).unwrap();
            assert_eq!(amount.number(), figure, "{name} {text}");
            assert_eq!(amount.written(Some(text)), written, "{name} {text}");
            amount.is_legal(unit(name)).unwrap();
        }
        assert_eq!(Amount::Word("no".into()).written(Some("1")), "0");
        assert_eq!(Amount::Word("no".into()).written(Some("yes")), "no");
    }

    #[test]
    fn what_is_no_value_of_the_unit_is_told_f81() {
        for (name, text, words) in [
            ("natping-processes", "seven", "'seven' is no whole number"),
            ("natping-processes", "+7", "no whole number"),
            ("natping-processes", "7.5", "no whole number"),
            ("natping-processes", "٣", "no whole number"),
            ("lb-shm-mem", "64M", "of MB, without a unit"),
            ("buffer-pool-size", "64", "64M"),
            ("buffer-pool-size", "64MB", "'64MB' is no size"),
            ("rating-enable", "true", "neither yes nor no"),
            ("natping-processes", "99999999999999999999", "no whole number"),
        ] {
            let why = read(name, text).unwrap_err();
            assert!(why.contains(words), "{name} {text}: {why}");
        }
    }

    #[test]
    fn a_value_beyond_the_legal_range_is_told_f81() {
        for (name, text, words) in [
            ("natping-processes", "8", "8 is not from 1 to 7"),
            ("natping-interval", "0", "0 is not from 1 to 86400"),
            ("lb-pkg-mem", "7", "7 is not from 8 to 1024"),
            ("buffer-pool-size", "4M", "4M is not from 5M to"),
            ("syslog-external-level", "loud", "loud is none of emerg"),
            ("syslog-external-address", "a b", "no name and no address"),
        ] {
            let why = read(name, text).unwrap().is_legal(unit(name)).unwrap_err();
            assert!(why.contains(words), "{name} {text}: {why}");
        }
    }
}
