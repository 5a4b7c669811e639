//! A secret while it is typed or pasted: never shown, wiped when dropped.

use zeroize::{Zeroize, Zeroizing};

use crate::{
    secret::Secret,
    steps::form::{Field, Kind, PASTED_LIMIT, SECRET_LIMIT},
};

/// A secret while it is typed.
#[derive(Debug, Clone, Default)]
pub struct SecretState {
    /// As typed first.
    pub first: Buffer,
    /// As typed again; empty where it is given once.
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

impl SecretState {
    /// Whether both entries are the same.
    pub fn matches(&self) -> bool {
        *self.first.0 == *self.again.0
    }
}

/// Bytes of a secret: never printed, wiped when dropped, and so is what growing leaves behind.
pub struct Buffer(Zeroizing<Vec<u8>>);

impl Default for Buffer {
    fn default() -> Self {
        Buffer(Zeroizing::new(Vec::with_capacity(SECRET_LIMIT)))
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Buffer::default();
        copy.append(&self.0);
        copy
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

    /// Lines in it.
    pub fn lines(&self) -> usize {
        self.0.split_inclusive(|byte| *byte == b'\n').count()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A secret with the same bytes.
    pub fn secret(&self) -> Secret {
        Secret::new(self.0.as_slice())
    }

    /// Appends text; `false` when it does not fit or holds control characters, line breaks aside where it takes them,
    /// and then nothing is appended.
    pub(super) fn push(&mut self, text: &str, kind: &Kind) -> bool {
        let lines = kind.takes_lines();
        let limit = if lines { PASTED_LIMIT } else { SECRET_LIMIT };
        let odd = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\t'));
        let fits = self.0.len() + text.len() <= limit && !text.chars().any(odd);
        if fits {
            self.append(text.as_bytes());
        }
        fits
    }

    /// Grows by hand: what a vector leaves behind when it moves is not wiped.
    fn append(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * needed));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Removes the last character.
    pub(super) fn pop(&mut self) {
        while let Some(byte) = self.0.pop() {
            if byte & 0xC0 != 0x80 {
                break;
            }
        }
    }

    /// Wipes it.
    pub(super) fn clear(&mut self) {
        self.0.zeroize();
        debug_assert!(self.0.capacity() >= SECRET_LIMIT, "wiping keeps the buffer");
    }
}

/// Thinks about the first entry again.
pub(super) fn judge(field: &Field, secret: &mut SecretState) {
    let judged = matches!(field.kind, Kind::Secret { .. }) && !secret.first.is_empty();
    secret.verdict = judged.then(|| match field.kind.judge(&secret.first.secret()) {
        Ok(words) => Verdict { good: true, words },
        Err(words) => Verdict { good: false, words },
    });
}
