//! What is made up or fetched for a plan when its run starts, told by name. What comes of it travels beside the plan.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A secret made up for a plan, or fetched for it; stored nowhere but where the plan writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// Name in [`crate::secret::Secrets`].
    pub secret: String,
    /// Whose: "web administrator administrator".
    pub label: String,
    /// What it is.
    pub kind: Making,
}

/// What is made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Making {
    /// A password: shown as it is set.
    Password,
    /// A pair of SSH keys: the host gets the public line, the operator is shown the private file.
    KeyPair {
        /// Stands behind both.
        comment: String,
    },
    /// The private key of a certificate: unencrypted PEM. It is shown to nobody.
    PrivateKey {
        /// Where it comes from.
        from: KeySource,
        /// Name of the secret that opens it there.
        passphrase: Option<String>,
        /// SHA-256 of its public half (SPKI), in hexadecimal: with another one nothing starts. `None` for a new key.
        public_key: Option<String>,
    },
    /// A certificate request for a key that stands before it in the list.
    Request {
        /// Name of the secret with the key.
        key: String,
        /// Subject and names, as `openssl req` reads them.
        config: String,
    },
    /// A certificate that such a key signs for itself.
    SelfSigned {
        /// Name of the secret with the key.
        key: String,
        /// Text before the certificate in its file.
        head: String,
        /// Subject and names, as `openssl req` reads them.
        config: String,
        /// So long it is good.
        days: u32,
    },
}

/// Where a private key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// Files, or a folder of them.
    Files(Vec<PathBuf>),
    /// It was pasted: name of the secret.
    Given(String),
    /// It is made.
    New(KeyAlgorithm),
}

/// A kind of key that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// Elliptic curve, 256 bits.
    #[serde(rename = "ecdsa-p256")]
    EcdsaP256,
    /// RSA of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

impl KeyAlgorithm {
    /// The best one first.
    pub const ALL: [KeyAlgorithm; 3] =
        [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa3072, KeyAlgorithm::Rsa4096];

    /// As it is answered and stored.
    pub fn name(self) -> &'static str {
        match self {
            KeyAlgorithm::EcdsaP256 => "ecdsa-p256",
            KeyAlgorithm::Rsa3072 => "rsa-3072",
            KeyAlgorithm::Rsa4096 => "rsa-4096",
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            KeyAlgorithm::EcdsaP256 => "ECDSA P-256",
            KeyAlgorithm::Rsa3072 => "RSA 3072",
            KeyAlgorithm::Rsa4096 => "RSA 4096",
        }
    }
}

impl Generated {
    /// Whether the operator must have it: it is shown once, before anything is changed.
    pub fn is_shown(&self) -> bool {
        matches!(self.kind, Making::Password | Making::KeyPair { .. })
    }

    /// Name of the key that signs it.
    pub fn signed_with(&self) -> Option<&str> {
        match &self.kind {
            Making::Request { key, .. } | Making::SelfSigned { key, .. } => Some(key),
            _ => None,
        }
    }

    /// What will happen, for people.
    pub fn words(&self) -> String {
        let label = &self.label;
        match &self.kind {
            Making::Password => format!("A password will be made up for {label}."),
            Making::KeyPair { .. } => format!("A key pair will be made: {label}."),
            Making::PrivateKey { from: KeySource::New(algorithm), .. } => {
                format!("A private key ({}) will be made on the host: {label}.", algorithm.label())
            }
            Making::PrivateKey { from: KeySource::Given(_), .. } => {
                format!("The private key that was pasted will be used: {label}.")
            }
            Making::PrivateKey { from: KeySource::Files(files), .. } => {
                let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                format!("The private key will be read from {}: {label}.", files.join(", "))
            }
            Making::Request { .. } => format!("A certificate request will be made: {label}."),
            Making::SelfSigned { .. } => format!("A self-signed certificate will be made: {label}."),
        }
    }
}
