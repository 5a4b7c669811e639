//! A secret while it is typed: two buffers of fixed size, never shown, wiped when dropped.

use zeroize::{Zeroize, Zeroizing};

use crate::{secret::Secret, steps::form::Field};

/// Longest secret in bytes. The buffer has this size from the start, so that growing never leaves a copy behind.
pub const SECRET_LIMIT: usize = 1024;

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

impl SecretState {
    /// Whether both entries are the same.
    pub fn matches(&self) -> bool {
        *self.first.0 == *self.again.0
    }
}

/// Bytes of a secret: never printed, wiped when dropped, never moved by growing.
pub struct Buffer(Zeroizing<Vec<u8>>);

impl Default for Buffer {
    fn default() -> Self {
        Buffer(Zeroizing::new(Vec::with_capacity(SECRET_LIMIT)))
    }
}

impl Clone for Buffer {
    /// A copy of the same capacity.
    fn clone(&self) -> Self {
        let mut copy = Buffer::default();
        copy.0.extend_from_slice(&self.0);
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

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A secret with the same bytes.
    pub fn secret(&self) -> Secret {
        Secret::new(self.0.as_slice())
    }

    /// Appends text; `false` when it does not fit or holds control characters, and then nothing is appended.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let fits = self.0.len() + text.len() <= SECRET_LIMIT && !text.chars().any(char::is_control);
        if fits {
            self.0.extend_from_slice(text.as_bytes());
        }
        fits
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
    secret.verdict = (!secret.first.is_empty()).then(|| match field.kind.judge(&secret.first.secret()) {
        Ok(words) => Verdict { good: true, words },
        Err(words) => Verdict { good: false, words },
    });
}
