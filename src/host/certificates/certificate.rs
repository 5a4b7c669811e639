//! One certificate, as it is written: whose it is, for which names, from when to when, with which key.
//! Nothing here says whether that is good.

use std::{collections::BTreeSet, net::IpAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    oid_registry::Oid,
    prelude::FromDer,
    signature_algorithm::SignatureAlgorithm,
    x509::{AlgorithmIdentifier, X509Name},
};

use super::{CERTIFICATE_LIMIT, key::Key, pem};
use crate::{finding::printable, secret::sha256};

/// A subject or name longer than this is cut, in characters.
const TEXT_LIMIT: usize = 200;
/// So many names are kept; a certificate with more is none of a telephone system.
const NAMES_LIMIT: usize = 256;

/// A certificate as it is written. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// As it stands in a file.
    pub pem: String,
    /// Whose it is: `CN = sip.example.net, O = Example`.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The name in its subject, which callers of today do not look at.
    pub common_name: Option<String>,
    /// What it stands for.
    pub names: Vec<Name>,
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// Its public key.
    pub key: Key,
    /// The digest that its issuer signed: `SHA-256`.
    pub signed_with: String,
    /// Its subject and its issuer are the same.
    pub self_issued: bool,
    /// It may issue others. In a version 1 certificate nothing says so.
    pub is_ca: bool,
    /// How many authorities may stand below it.
    pub path_length: Option<u32>,
    /// What its key may be used for, as `digitalSignature`; `None` when it does not say.
    pub key_usage: Option<BTreeSet<String>>,
    /// What it may be used for, as `serverAuth` or an OID; `None` when it does not say.
    pub purposes: Option<BTreeSet<String>>,
    /// Parts of it that are broken, for example `subjectAltName`.
    pub broken: Vec<String>,
    /// SHA-256 of all of it, in hexadecimal.
    pub fingerprint: String,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), in hexadecimal.
    pub public_key: String,
    /// Digest of the subject as OpenSSL compares it, and of the issuer.
    pub(super) subject_name: String,
    pub(super) issuer_name: String,
    /// Which key it has and which its issuer had, where it says so.
    pub(super) subject_key: Option<String>,
    pub(super) issuer_key: Option<String>,
}

/// What a certificate stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// A host, or all hosts of a domain: `*.example.net`.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// Something else: `URI sip:example.net`.
    Other(String),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Name::Dns(text) | Name::Other(text) => f.write_str(text),
            Name::Ip(address) => write!(f, "{address}"),
        }
    }
}

impl Certificate {
    /// Reads the DER of one certificate and nothing else.
    ///
    /// # Errors
    /// Why it is none, as the end of a sentence.
    pub fn read(der: &[u8]) -> Result<Certificate, String> {
        if der.len() > CERTIFICATE_LIMIT {
            return Err(format!("is larger than {} KiB", CERTIFICATE_LIMIT / 1024));
        }
        let (rest, x509) =
            X509Certificate::from_der(der).map_err(|e| format!("is damaged: {}", short(&e.to_string())))?;
        if !rest.is_empty() {
            return Err("has something behind its end".to_owned());
        }
        let moment =
            |seconds: i64| Timestamp::from_second(seconds).map_err(|_| "has a date that is none".to_owned());
        let mut certificate = Certificate {
            pem: pem::encode("CERTIFICATE", der),
            subject: people_name(x509.subject()),
            issuer: people_name(x509.issuer()),
            common_name: x509.subject().iter_common_name().next().map(|name| text_of(name.as_slice())),
            names: Vec::new(),
            from: moment(x509.validity().not_before.timestamp())?,
            until: moment(x509.validity().not_after.timestamp())?,
            key: Key::of(x509.public_key()),
            signed_with: digest_of(&x509.signature_algorithm),
            self_issued: same_name(x509.subject()) == same_name(x509.issuer()),
            is_ca: false,
            path_length: None,
            key_usage: None,
            purposes: None,
            broken: Vec::new(),
            fingerprint: sha256(der),
            public_key: sha256(x509.public_key().raw),
            subject_name: sha256(same_name(x509.subject()).as_bytes()),
            issuer_name: sha256(same_name(x509.issuer()).as_bytes()),
            subject_key: None,
            issuer_key: None,
        };
        let mut seen = BTreeSet::new();
        for extension in x509.extensions() {
            let oid = extension.oid.to_id_string();
            if !seen.insert(oid.clone()) {
                certificate.broken.push(format!("{} (twice)", extension_name(&oid)));
            }
            certificate.take(&oid, extension.parsed_extension());
        }
        Ok(certificate)
    }

    fn take(&mut self, oid: &str, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::ParseError { .. } => self.broken.push(extension_name(oid)),
            ParsedExtension::SubjectAlternativeName(san) => {
                for name in san.general_names.iter().take(NAMES_LIMIT) {
                    match name_of(name) {
                        Some(name) => self.names.push(name),
                        None => self.broken.push(extension_name(oid)),
                    }
                }
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.is_ca = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => {
                let all = [
                    (usage.digital_signature(), "digitalSignature"),
                    (usage.non_repudiation(), "nonRepudiation"),
                    (usage.key_encipherment(), "keyEncipherment"),
                    (usage.data_encipherment(), "dataEncipherment"),
                    (usage.key_agreement(), "keyAgreement"),
                    (usage.key_cert_sign(), "keyCertSign"),
                    (usage.crl_sign(), "cRLSign"),
                ];
                let allowed = all.iter().filter(|(allowed, _)| *allowed);
                self.key_usage = Some(allowed.map(|(_, name)| (*name).to_owned()).collect());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let all = [
                    (usage.any, "anyExtendedKeyUsage"),
                    (usage.server_auth, "serverAuth"),
                    (usage.client_auth, "clientAuth"),
                    (usage.code_signing, "codeSigning"),
                    (usage.email_protection, "emailProtection"),
                    (usage.time_stamping, "timeStamping"),
                    (usage.ocsp_signing, "OCSPSigning"),
                ];
                let named = all.iter().filter(|(allowed, _)| *allowed).map(|(_, name)| (*name).to_owned());
                self.purposes =
                    Some(named.chain(usage.other.iter().take(20).map(Oid::to_id_string)).collect());
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key = Some(hex(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.issuer_key = id.key_identifier.as_ref().map(|id| hex(id.0));
            }
            _ => {}
        }
    }

    /// The first host or address it stands for, or else whose it is.
    pub fn title(&self) -> String {
        let host = self.names.iter().find(|name| !matches!(name, Name::Other(_)));
        host.map(ToString::to_string)
            .or_else(|| self.common_name.clone())
            .unwrap_or_else(|| self.subject.clone())
    }

    /// Whole days until it is over; negative when it is.
    pub fn days_left(&self, at: Timestamp) -> i64 {
        self.until.duration_since(at).as_secs().div_euclid(24 * 60 * 60)
    }

    /// `other` can be the one that issued this: the names fit, and the keys where they are named.
    pub fn is_issued_by(&self, other: &Certificate) -> bool {
        let keys = self.issuer_key.as_ref().zip(other.subject_key.as_ref());
        self.issuer_name == other.subject_name && keys.is_none_or(|(wanted, has)| wanted == has)
    }
}

/// A name for people, with the same letters as `openssl` writes it: `CN = sip.example.net, O = Example`.
fn people_name(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().take(20).map(|part| {
        let oid = part.attr_type().to_id_string();
        let kind = match oid.as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "1.2.840.113549.1.9.1" => "emailAddress",
            "0.9.2342.19200300.100.1.25" => "DC",
            other => other,
        };
        format!("{kind} = {}", text_of(part.as_slice()))
    });
    short(&parts.collect::<Vec<String>>().join(", "))
}

/// A name as OpenSSL compares it: neither case nor blanks nor the kind of string matter.
fn same_name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for set in name.iter_rdn() {
        let mut parts: Vec<String> = set
            .iter()
            .map(|part| {
                let value = String::from_utf8_lossy(part.as_slice()).to_ascii_lowercase();
                let words: Vec<&str> = value.split_ascii_whitespace().collect();
                format!("{}={}\0", part.attr_type().to_id_string(), words.join(" "))
            })
            .collect();
        parts.sort();
        text.extend(parts);
        text.push('\u{1}');
    }
    text
}

pub(super) fn name_of(name: &GeneralName<'_>) -> Option<Name> {
    Some(match name {
        GeneralName::DNSName(host) if !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic()) => {
            Name::Dns(short(host).to_ascii_lowercase())
        }
        GeneralName::DNSName(_) | GeneralName::Invalid(..) => return None,
        GeneralName::IPAddress(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(four), _) => Name::Ip(four.into()),
            (_, Ok(sixteen)) => Name::Ip(sixteen.into()),
            _ => return None,
        },
        GeneralName::URI(uri) => Name::Other(short(&format!("URI {uri}"))),
        GeneralName::RFC822Name(mail) => Name::Other(short(&format!("mail {mail}"))),
        GeneralName::DirectoryName(name) => Name::Other(people_name(name)),
        _ => Name::Other("a name of another kind".to_owned()),
    })
}

fn digest_of(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let oid = algorithm.algorithm.to_id_string();
    let hash = match (oid.as_str(), SignatureAlgorithm::try_from(algorithm)) {
        ("1.2.840.113549.1.1.10", Ok(SignatureAlgorithm::RSASSA_PSS(pss))) => {
            pss.hash_algorithm_oid().to_id_string()
        }
        _ => oid,
    };
    match hash.as_str() {
        "1.2.840.113549.1.1.2" => "MD2",
        "1.2.840.113549.1.1.4" => "MD5",
        "1.2.840.113549.1.1.5"
        | "1.2.840.10045.4.1"
        | "1.2.840.10040.4.3"
        | "1.3.14.3.2.29"
        | "1.3.14.3.2.26" => "SHA-1",
        "1.2.840.113549.1.1.14"
        | "1.2.840.10045.4.3.1"
        | "2.16.840.1.101.3.4.3.1"
        | "2.16.840.1.101.3.4.2.4" => "SHA-224",
        "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.3.2"
        | "2.16.840.1.101.3.4.3.2"
        | "2.16.840.1.101.3.4.2.1" => "SHA-256",
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" | "2.16.840.1.101.3.4.2.2" => "SHA-384",
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "2.16.840.1.101.3.4.2.3" => "SHA-512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => other,
    }
    .to_owned()
}

fn extension_name(oid: &str) -> String {
    match oid {
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.37" => "extendedKeyUsage",
        other => other,
    }
    .to_owned()
}

fn text_of(bytes: &[u8]) -> String {
    short(&String::from_utf8_lossy(bytes))
}

/// Without what deceives, and not endless.
fn short(text: &str) -> String {
    let cut: String = text.chars().take(TEXT_LIMIT).collect();
    let shown = printable(&cut).replace(['\n', '\t'], " ");
    if cut.len() < text.len() { format!("{shown}…") } else { shown }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect()
}
