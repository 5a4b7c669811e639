//! Passwords and other secrets: redacted when printed, wiped when dropped. Generator and strength live here too.
//! A secret itself is never serialized.

pub mod credentials;
mod guesses;
#[cfg(test)]
mod guesses_tests;
mod packet_rule;
mod redact;
mod words;

use std::{collections::BTreeMap, fmt};

pub use credentials::sha256;
pub use redact::{Printed, hide_in_output, hide_values};
use serde::{Deserialize, Serialize};
pub use words::WORDS;
use zeroize::{Zeroize, Zeroizing};

use crate::known::DEFAULTS;

/// Text that must not be seen: no `Display`, no `Serialize`, redacted `Debug`, wiped on drop.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; the caller's buffer is wiped with it.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text, for the one place that needs it; `None` when it is not UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Named secrets of one plan, e.g. `passwords.root`. Travels beside the plan, never inside it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Stores `secret` under `name`, wiping one that was there.
    pub fn insert(&mut self, name: &str, secret: Secret) {
        self.0.insert(name.to_owned(), secret);
    }

    /// The secret of that name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Forgets one.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Names and secrets, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `NAME=PASSWORD` lines to be stored or shown; a whole file stands below a comment with its name.
pub fn listed<'a>(secrets: impl Iterator<Item = (&'a str, &'a Secret)>) -> Secret {
    let mut text = Zeroizing::new(Vec::new());
    for (name, secret) in secrets {
        let parts: [&[u8]; 4] = match secret.expose().contains(&b'\n') {
            true => [b"# ", name.as_bytes(), b"\n", secret.expose()],
            false => [name.as_bytes(), b"=", secret.expose(), b"\n"],
        };
        text.extend(parts.into_iter().flatten());
    }
    Secret(text)
}

/// How a secret is written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// A password, byte for byte.
    Verbatim,
    /// No password but a whole file, whatever is in it.
    File,
    /// As a quoted SQL string.
    SqlString,
    /// As a quoted value in a MySQL option file.
    OptionFile,
    /// As Apache's `{SHA}` hash (PLATFORM.md 5.2).
    HtpasswdSha,
    /// As MySQL's own hash, which `PASSWORD()` makes.
    MysqlNative,
    /// As MD5 in hexadecimal: the panel's `md5pass`, before mr5.2.
    Md5,
    /// As the panel's `saltedpass`: bcrypt cost 13, salt and hash split by `$` (PLATFORM.md 5.1).
    PanelBcrypt,
}

/// Letters and digits that nobody confuses: no `0 O o 1 l I`.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Length of a generated password: 24 × log2(56) = 139 bits.
pub const GENERATED_LENGTH: usize = 24;

/// A password from the kernel's random source, in unambiguous letters.
///
/// # Errors
/// When the kernel gives no random bytes.
pub fn generate() -> std::io::Result<Secret> {
    let mut password = Vec::with_capacity(GENERATED_LENGTH);
    let mut random = Zeroizing::new([0u8; 64]);
    while password.len() < GENERATED_LENGTH {
        getrandom::fill(&mut *random).map_err(|e| std::io::Error::other(e.to_string()))?;
        // 224 = 4 × 56: bytes above it would make the first letters likelier.
        let letters = random.iter().filter(|b| **b < 224).map(|b| ALPHABET[usize::from(*b) % ALPHABET.len()]);
        password.extend(letters.take(GENERATED_LENGTH - password.len()));
    }
    random.zeroize();
    Ok(Secret::new(password))
}

/// Characters a chosen password must have at least.
pub const MIN_LENGTH: usize = 12;
/// Characters a chosen password may have at most: crypt(3) and PAM cut off beyond 512 bytes.
pub const MAX_LENGTH: usize = 256;
/// Characters a web login may have at most: the panel's `password_max_length`.
pub const MAX_WEB_LENGTH: usize = 40;
/// Only so many characters are weighed: the estimate takes ever longer with the length, and they suffice.
const WEIGHED: usize = 40;

/// Guesses that a chosen password must withstand, as zxcvbn draws the line: three hours at the pace of [`time`].
const MIN_GUESSES: f64 = 100_000_005.0;

/// Whether a chosen password is good enough, and if so, for people, how well it withstands: "centuries to guess".
/// `hints` are words that make a guess easier (login, host name); `web` restricts it to what the panel's login takes.
///
/// # Errors
/// Why it is refused, as the end of a sentence that begins with its name: "is too short: 7 of 12 characters".
pub fn judge(secret: &Secret, hints: &[String], web: bool) -> Result<String, String> {
    let text = secret.expose_str().ok_or("is not valid UTF-8")?;
    let length = text.chars().count();
    let most = if web { MAX_WEB_LENGTH } else { MAX_LENGTH };
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("holds a control character or a line break".to_owned());
    }
    if web && !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("holds a blank or a character outside ASCII, which a web login cannot take".to_owned());
    }
    if text.trim() != text {
        return Err("begins or ends with a blank".to_owned());
    }
    if length < MIN_LENGTH {
        return Err(format!("is too short: {length} of {MIN_LENGTH} characters"));
    }
    if length > most {
        return Err(format!("is too long: {length} characters, at most {most} fit"));
    }
    let known = known_defaults();
    let is = |word: &str| !word.is_empty() && text.eq_ignore_ascii_case(word);
    if known.iter().any(|word| is(word)) {
        return Err("is a default password".to_owned());
    }
    if hints.iter().any(|word| is(word)) {
        return Err("is the name of the account or host itself".to_owned());
    }
    let context = [known, hints].concat();
    let weighed = text.char_indices().nth(WEIGHED).map_or(text, |(end, _)| &text[..end]);
    let guesses = guesses::guesses(weighed, &context);
    let time = time(guesses);
    match guesses < MIN_GUESSES {
        true => Err(format!("is easy to guess ({time}): add words or characters")),
        false => Ok(format!("{time} to guess")),
    }
}

/// How long so many guesses take where a hash is slow: ten thousand in a second.
fn time(guesses: f64) -> String {
    let seconds = guesses / 10_000.0;
    let (minute, hour, day, month, year) = (60.0, 3600.0, 86_400.0, 31.0 * 86_400.0, 372.0 * 86_400.0);
    let (unit, name) = match seconds {
        ..1.0 => return "less than a second".to_owned(),
        _ if seconds >= 100.0 * year => return "centuries".to_owned(),
        _ if seconds >= year => (year, "year"),
        _ if seconds >= month => (month, "month"),
        _ if seconds >= day => (day, "day"),
        _ if seconds >= hour => (hour, "hour"),
        _ if seconds >= minute => (minute, "minute"),
        _ => (1.0, "second"),
    };
    let count = (seconds / unit).floor();
    format!("{count} {name}{}", if count > 1.0 { "s" } else { "" })
}

/// Passwords that every installation starts with or that robots try first.
pub(crate) fn known_defaults() -> &'static [String] {
    &DEFAULTS.get().passwords
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<String, String> {
        judge(&Secret::new(text), &["administrator".to_owned(), "spce".to_owned()], false)
    }

    #[test]
    fn the_list_of_known_defaults_is_read() {
        assert!(known_defaults().contains(&"sipwise".to_owned()));
        assert!(known_defaults().contains(&"123456".to_owned()), "numbers are words as well");
    }

    #[test]
    fn what_robots_try_is_refused() {
        for weak in [
            "",
            "sipwise",
            "short-Pw1!",
            "defaultresellerpassword",
            "DefaultResellerPassword",
            "Administrator1",
            "aabaabaabaabaabaab",
            "administrator123",
            "sipwisesipwise",
            "passwordpassword",
            "qwertyuiopasdf",
            "aaaaaaaaaaaaaaaa",
            "123456789012345",
            "abcdefghijklmnop",
            "qwertzuiopü+",
            "drowssapESIWPIS",
            "P@$$w0rd1234",
            "spce31.12.1999",
            "spce20241231",
            " leading blank 8f2k",
            "trailing blank 8f2k ",
            "line\nbreak-k3J9fX2q",
            "nul\0-k3J9fX2q-tt",
        ] {
            assert!(judged(weak).is_err(), "{weak:?} passed");
        }
    }

    #[test]
    fn good_ones_pass_with_words_for_people() {
        for good in [
            "correct horse battery staple",
            "k3J9fX2qLm8Zt",
            "Nächtlicher-Güterzug-7",
            "🚂🚂 nach Bregenz 42 🚂",
        ] {
            let strength = judged(good).unwrap_or_else(|why| panic!("{good:?} {why}"));
            assert!(strength.ends_with("to guess"), "{strength:?}");
        }
    }

    #[test]
    fn the_time_is_told_in_its_largest_unit() {
        for (guesses, told) in [
            (9_999.0, "less than a second"),
            (19_999.0, "1 second"),
            (1.3e6, "2 minutes"),
            (1e8, "2 hours"),
            (1e9, "1 day"),
            (1e11, "3 months"),
            (1e12, "3 years"),
            (1e14, "centuries"),
        ] {
            assert_eq!(time(guesses), told);
        }
    }

    #[test]
    fn a_web_login_takes_forty_plain_characters() {
        let web = |text: &str| judge(&Secret::new(text), &[], true);
        assert!(web("k3J9fX2qLm8Zt").is_ok());
        assert!(web("correct horse battery staple").is_err(), "blank");
        assert!(web("Nächtlicher-Güterzug-7").is_err(), "not ASCII");
        assert!(web(&"k3J9fX2qLm8Ztw7Vb".repeat(3)).unwrap_err().contains("at most 40"));
    }

    #[test]
    fn a_huge_paste_is_refused_and_a_long_passphrase_is_not() {
        assert!(judged(&"x7".repeat(500_000)).unwrap_err().starts_with("is too long"));
        assert!(judged(&"k3J9fX2qLm8Zt ü".repeat(17)).is_ok(), "255 characters");
    }

    #[test]
    fn the_reason_never_repeats_the_password() {
        for weak in ["Administrator1", "sipwisesipwise", "short-Pw1!"] {
            assert!(!judged(weak).unwrap_err().contains(weak));
        }
    }

    #[test]
    fn generated_passwords_are_long_unambiguous_evenly_spread_and_good_enough() {
        let mut seen = std::collections::BTreeSet::new();
        let mut counts = [0u32; 256];
        for _ in 0..2000 {
            let password = generate().unwrap();
            assert_eq!(password.expose().len(), GENERATED_LENGTH);
            assert!(password.expose().iter().all(|b| ALPHABET.contains(b)));
            assert!(!password.expose().iter().any(|b| b"0Oo1lI".contains(b)));
            password.expose().iter().for_each(|b| counts[usize::from(*b)] += 1);
            assert!(seen.insert(password.expose().to_vec()), "the same password twice");
        }
        let expected = 2000.0 * 24.0 / 56.0;
        let chi: f64 =
            ALPHABET.iter().map(|b| (f64::from(counts[usize::from(*b)]) - expected).powi(2) / expected).sum();
        assert!(chi < 120.0, "letters are not evenly spread: chi² {chi:.0} with 55 degrees of freedom");
        let sample = generate().unwrap();
        assert!(judge(&sample, &[], true).is_ok());
    }

    #[test]
    fn nothing_printed_shows_a_secret() {
        let mut secrets = Secrets::default();
        secrets.insert("passwords.root.password", Secret::new("hunter2hunter2"));
        assert_eq!(format!("{secrets:?}"), r#"{"passwords.root.password"}"#);
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
