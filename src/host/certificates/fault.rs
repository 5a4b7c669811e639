//! What is wrong with a certificate or a key: the kind, for programs, and the reason, for people.
//! Finding it is for the readers and judges beside this file.

use serde::{Deserialize, Serialize};

/// One thing that is wrong, or not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What sort of thing.
    pub kind: FaultKind,
    /// The reason, for people: a sentence without its full stop that says what and which.
    pub why: String,
}

/// The sort of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The file is not there.
    Missing,
    /// The file is there and cannot be read, or is too large to be one.
    Unreadable,
    /// It is not PEM, which is what the daemons read: DER, PKCS#12, something else.
    NotPem,
    /// It is PEM, and a part of it is broken.
    Malformed,
    /// There is no certificate in it.
    NoCertificate,
    /// There is no private key in it.
    NoKey,
    /// The private key needs a passphrase, which no daemon is given.
    KeyEncrypted,
    /// More than one certificate is there with its key.
    Ambiguous,
    /// The private key is not the one of the certificate.
    KeyMismatch,
    /// It is over.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// A key is too short.
    WeakKey,
    /// A signature is made with a broken digest.
    WeakSignature,
    /// `openssl verify` has nothing against this kind of key, and no daemon or no caller takes it.
    KeyRefused,
    /// It was not issued for servers, or it is an authority's.
    NotForServers,
    /// It does not stand for a name that it is needed for.
    Name,
    /// The right certificates in the wrong order.
    ChainOrder,
    /// A certificate between it and an authority that the host trusts is missing.
    ChainIncomplete,
    /// A certificate of the chain may not, or did not, issue the one before it.
    ChainBroken,
    /// The chain ends at an authority that this host does not trust.
    Untrusted,
    /// Nobody but itself vouches for it.
    SelfSigned,
    /// `openssl verify` refuses it for another reason.
    Refused,
    /// Not wrong as far as is known: it could not be looked at.
    Unknown,
}

impl Fault {
    /// A fault and its reason.
    pub(super) fn new(kind: FaultKind, why: impl Into<String>) -> Self {
        Fault { kind, why: why.into() }
    }

    /// It only says that something is not known.
    pub fn is_unknown(&self) -> bool {
        self.kind == FaultKind::Unknown
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Fault {}
