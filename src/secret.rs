//! Passwords and other secrets: redacted when printed, wiped when dropped. Generator and strength live here too.
//! A secret itself is never serialized.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

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

/// How a secret is written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// Byte for byte.
    Verbatim,
    /// As a quoted SQL string.
    SqlString,
    /// As a quoted value in a MySQL option file.
    OptionFile,
    /// As Apache's `{SHA}` hash (facts.md 7).
    HtpasswdSha,
    /// As the panel's `saltedpass`: bcrypt cost 13, salt and hash split by `$` (facts.md 7).
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
