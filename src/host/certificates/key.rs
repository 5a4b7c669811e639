//! Keys by their public halves: which kind, how long, which one. Nothing private is read here.

use serde::{Deserialize, Serialize};
use x509_parser::{
    asn1_rs::{Any, Tag},
    oid_registry::Oid,
    prelude::FromDer,
    x509::SubjectPublicKeyInfo,
};

use crate::secret::sha256;

/// The public half of a private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicHalf {
    /// Where the private key is: a file, or "what was pasted".
    pub whose: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal; a certificate has the same.
    pub public_key: String,
    /// Its kind.
    pub key: Key,
}

/// A kind of key and its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// RSA, in bits.
    Rsa(u32),
    /// RSA that may only make signatures with PSS, in bits.
    RsaPss(u32),
    /// An elliptic curve: `P-256`.
    Ec(String),
    /// DSA, in bits.
    Dsa(u32),
    /// Ed25519 or Ed448.
    Edwards(String),
    /// Its OID.
    Other(String),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Rsa(bits) => write!(f, "RSA {bits}"),
            Key::RsaPss(bits) => write!(f, "RSA-PSS {bits}"),
            Key::Ec(curve) => write!(f, "ECDSA {curve}"),
            Key::Dsa(bits) => write!(f, "DSA {bits}"),
            Key::Edwards(name) => f.write_str(name),
            Key::Other(oid) => write!(f, "a key of kind {oid}"),
        }
    }
}

impl Key {
    /// The key in a SubjectPublicKeyInfo and the digest of that; `None` when it is none.
    pub(super) fn read(der: &[u8]) -> Option<(Key, String)> {
        let (rest, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
        rest.is_empty().then(|| (Key::of(&info), sha256(info.raw)))
    }

    pub(super) fn of(info: &SubjectPublicKeyInfo<'_>) -> Key {
        let algorithm = &info.algorithm;
        let parameters = algorithm.parameters.as_ref();
        let oid = algorithm.algorithm.to_id_string();
        let inside: &[u8] = &info.subject_public_key.data;
        match oid.as_str() {
            "1.2.840.113549.1.1.1" => Key::Rsa(first_number(inside)),
            "1.2.840.113549.1.1.10" => Key::RsaPss(first_number(inside)),
            "1.2.840.10045.2.1" => {
                let curve = parameters.filter(|any| any.tag() == Tag::Oid).and_then(|any| any.as_oid().ok());
                Key::Ec(curve.map_or_else(|| "of its own parameters".to_owned(), |oid| curve_name(&oid)))
            }
            "1.2.840.10040.4.1" => Key::Dsa(parameters.map_or(0, |any| integer_bits(any.data))),
            "1.3.101.112" => Key::Edwards("Ed25519".to_owned()),
            "1.3.101.113" => Key::Edwards("Ed448".to_owned()),
            _ => Key::Other(oid),
        }
    }
}

fn curve_name(oid: &Oid<'_>) -> String {
    let oid = oid.to_id_string();
    match oid.as_str() {
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.10" => "secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        _ => return oid,
    }
    .to_owned()
}

/// Bits of the first number in a sequence of numbers.
fn first_number(sequence: &[u8]) -> u32 {
    Any::from_der(sequence).map_or(0, |(_, any)| integer_bits(any.data))
}

/// Bits of the number that these bytes begin with.
fn integer_bits(bytes: &[u8]) -> u32 {
    let Ok((_, any)) = Any::from_der(bytes) else { return 0 };
    let number = &any.data[any.data.iter().take_while(|b| **b == 0).count()..];
    let whole = u32::try_from(number.len()).unwrap_or(u32::MAX / 8) * 8;
    number.first().map_or(0, |first| whole - first.leading_zeros())
}
