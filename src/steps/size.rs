//! An amount of bytes with its unit, as the platform writes it.

use std::{fmt, str::FromStr};

/// So many bytes. Never a bare number: nobody knows what that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(
    /// Bytes: whole K.
    u64,
);

/// Each 1024 of the one before.
const UNITS: [&str; 4] = ["K", "M", "G", "T"];

impl Size {
    /// So many of 1024 bytes.
    pub const fn kib(count: u32) -> Self {
        Size(count as u64 * 1024)
    }

    /// In bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = String;

    /// Reads `64M`, `64 MiB` or `5g`. A unit of 1000 (`64MB`) is refused, for some mean 1024 by it.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let (number, unit) = (&text[..text.len() - digits.len()], digits.trim_start().to_ascii_uppercase());
        let power = UNITS.iter().position(|one| unit == **one || unit == format!("{one}IB"));
        let size = power
            .zip(number.parse::<u64>().ok())
            .and_then(|(power, number)| number.checked_mul(1024u64.pow(u32::try_from(power + 1).ok()?)));
        size.map(Size)
            .ok_or_else(|| format!("'{text}' is no size; write a whole number and K, M, G or T: 64M"))
    }
}

impl fmt::Display for Size {
    /// In the largest unit that needs no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut number, mut unit) = (self.0 / 1024, 0);
        while number > 0 && number.is_multiple_of(1024) && unit + 1 < UNITS.len() {
            (number, unit) = (number / 1024, unit + 1);
        }
        write!(f, "{number}{}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_size_has_a_unit() {
        for (text, bytes) in [
            ("64M", Some(64 << 20)),
            (" 2g ", Some(2 << 30)),
            ("0K", Some(0)),
            ("1T", Some(1 << 40)),
            ("5 GiB", Some(5 << 30)),
            ("64 m", Some(64 << 20)),
            ("64", None),
            ("M", None),
            ("", None),
            ("1.5G", None),
            ("-1G", None),
            ("+1G", None),
            ("64MB", None),
            ("6 4M", None),
            ("٣M", None),
            ("99999999999T", None),
        ] {
            assert_eq!(text.parse::<Size>().ok().map(Size::bytes), bytes, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_size_is_read_back(kib in 0u64..=u64::MAX / 1024) {
            let size = Size(kib * 1024);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
