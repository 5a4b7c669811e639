//! What is in a file: PEM, DER, PKCS#12 or none of them. Files that are installed are read as a daemon reads them.

use std::{io, path::Path};

use x509_parser::asn1_rs::{Any, FromDer, Tag};

use super::{
    FILE_LIMIT,
    certificate::Certificate,
    fault::{Fault, FaultKind},
    key::PublicHalf,
    openssl::{self, PrivateKey},
    pem,
};
use crate::{executor::Executor, secret::Secret};

/// The certificates of an installed file, in its order, as a daemon reads them.
///
/// # Errors
/// Why no daemon takes the file.
pub fn read_certificates(host: &dyn Executor, path: &Path) -> Result<Vec<Certificate>, Fault> {
    let found = installed(host, path)?;
    match found.certificates.is_empty() {
        true => Err(named(path, found.nothing("a certificate", FaultKind::NoCertificate))),
        false => Ok(found.certificates),
    }
}

/// The public half of the key in an installed file: the first one, as a daemon takes it.
///
/// # Errors
/// Why no daemon takes the file, or why it is not known.
pub fn read_key(host: &dyn Executor, path: &Path) -> Result<PublicHalf, Fault> {
    let mut found = installed(host, path)?;
    if found.keys.is_empty() {
        return Err(named(path, found.nothing("a private key", FaultKind::NoKey)));
    }
    let private = found.keys.swap_remove(0);
    let (key, public_key) = openssl::public_half(host, &private, None).map_err(|fault| named(path, fault))?;
    Ok(PublicHalf { whose: path.display().to_string(), public_key, key })
}

fn installed(host: &dyn Executor, path: &Path) -> Result<Found, Fault> {
    let bytes = bytes(host, path)?;
    let not_pem = |what: &str| {
        Err(Fault::new(
            FaultKind::NotPem,
            format!("it is {what} and not PEM, which is what the services read"),
        ))
    };
    let found = match content(&bytes) {
        Ok(Content::Pem(found)) if pem::begins_with_mark(bytes.expose()) => mark_is_skipped(host, found),
        Ok(Content::Pem(found)) => Ok(found),
        Ok(Content::Certificate(_)) => not_pem("a certificate in DER"),
        Ok(Content::Key { .. }) => not_pem("a private key in DER"),
        Ok(Content::Pkcs12) => not_pem("PKCS#12"),
        Err(fault) => Err(fault),
    };
    found.map_err(|fault| named(path, fault))
}

/// Before version 3, OpenSSL passes over the part of a file that stands behind a byte order mark. The host's own is asked,
/// where it can be.
fn mark_is_skipped(host: &dyn Executor, found: Found) -> Result<Found, Fault> {
    let first = match (found.certificates.first(), found.keys.first()) {
        (Some(certificate), _) => ("x509", certificate.pem.as_bytes()),
        (None, Some(key)) if !key.encrypted => ("pkey", key.bytes.expose()),
        _ => return Ok(found),
    };
    let marked = Secret::new([pem::MARK, first.1].concat());
    let why =
        "it begins with a byte order mark, which the OpenSSL of this host does not know: save it without";
    match openssl::reads(host, first.0, marked) {
        Ok(false) => Err(Fault::new(FaultKind::Malformed, why)),
        _ => Ok(found),
    }
}

fn named(path: &Path, mut fault: Fault) -> Fault {
    fault.why = format!("{}: {}", path.display(), fault.why);
    fault
}

/// All of a file, which may hold a private key.
pub(super) fn bytes(host: &dyn Executor, path: &Path) -> Result<Secret, Fault> {
    let too_large = || {
        named(
            path,
            Fault::new(
                FaultKind::Unreadable,
                format!("it is larger than {} KiB, no certificate is", FILE_LIMIT / 1024),
            ),
        )
    };
    if host.metadata(path).is_ok_and(|at| at.len > FILE_LIMIT as u64) {
        return Err(too_large());
    }
    let bytes = host.read(path).map(Secret::new).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Fault::new(FaultKind::Missing, format!("{} is not there", path.display())),
        io::ErrorKind::FileTooLarge => too_large(),
        // It names the path.
        _ => Fault::new(FaultKind::Unreadable, e.to_string()),
    })?;
    if bytes.expose().len() > FILE_LIMIT { Err(too_large()) } else { Ok(bytes) }
}

/// What bytes are.
pub(super) enum Content {
    Pem(Found),
    Certificate(Box<Certificate>),
    Key { encrypted: bool },
    Pkcs12,
}

/// What the blocks of a PEM file are.
#[derive(Default)]
pub(super) struct Found {
    pub(super) certificates: Vec<Certificate>,
    pub(super) keys: Vec<PrivateKey>,
    /// What is neither, for people.
    pub(super) others: Vec<String>,
}

impl Found {
    /// The fault of not holding `what`, with what it holds instead.
    pub(super) fn nothing(&self, what: &str, kind: FaultKind) -> Fault {
        let mut held = self.others.clone();
        let mut count = |n: usize, one: &str| match n {
            0 => {}
            1 => held.push(format!("one {one}")),
            n => held.push(format!("{n} {one}s")),
        };
        count(self.certificates.len(), "certificate");
        count(self.keys.len(), "private key");
        let held = if held.is_empty() { String::new() } else { format!(", only {}", held.join(", ")) };
        Fault::new(kind, format!("there is not {what} in it{held}"))
    }
}

/// Tells what `bytes` are and takes PEM apart.
pub(super) fn content(bytes: &Secret) -> Result<Content, Fault> {
    let bytes = bytes.expose();
    if bytes.first() == Some(&0x30)
        && let Some(content) = binary(bytes)?
    {
        return Ok(content);
    }
    let malformed = |wrong: pem::Malformed| {
        Fault::new(FaultKind::Malformed, format!("line {}: {}", wrong.line, wrong.why))
    };
    let blocks = pem::blocks(bytes).map_err(malformed)?;
    if blocks.is_empty() {
        return Err(Fault::new(FaultKind::NotPem, no_block(bytes)));
    }
    let mut found = Found::default();
    for block in blocks {
        let other = match block.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                let der = pem::decode(&block).map_err(malformed)?;
                let broken = |why| {
                    Fault::new(FaultKind::Malformed, format!("the certificate in line {} {why}", block.line))
                };
                found.certificates.push(Certificate::read(&der).map_err(broken)?);
                continue;
            }
            "ENCRYPTED PRIVATE KEY"
            | "PRIVATE KEY"
            | "RSA PRIVATE KEY"
            | "EC PRIVATE KEY"
            | "DSA PRIVATE KEY" => {
                let encrypted = block.encrypted || block.label == "ENCRYPTED PRIVATE KEY";
                found.keys.push(PrivateKey { bytes: Secret::new(block.text), der: false, encrypted });
                continue;
            }
            "EC PARAMETERS" | "DH PARAMETERS" => continue,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a request for a certificate".to_owned(),
            "PUBLIC KEY" => "a public key".to_owned(),
            "OPENSSH PRIVATE KEY" => "a key for SSH".to_owned(),
            "PKCS7" => "PKCS#7 (openssl pkcs7 -print_certs makes PEM of it)".to_owned(),
            "TRUSTED CERTIFICATE" => {
                "a certificate with OpenSSL's own trust settings (openssl x509 takes them off)".to_owned()
            }
            other => format!("a part called {}", pem::shown(other)),
        };
        found.others.push(other);
    }
    Ok(Content::Pem(found))
}

/// Why a file without a block has none.
fn no_block(bytes: &[u8]) -> String {
    let begins = bytes.windows(11).any(|part| part == b"-----BEGIN ");
    match bytes {
        _ if bytes.trim_ascii().is_empty() => "it is empty".to_owned(),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is text in UTF-16: save it as plain text".to_owned(),
        _ if begins && !bytes.contains(&b'\n') => {
            "its lines end with a carriage return alone: save it with plain line ends".to_owned()
        }
        _ if begins => "no line begins with -----BEGIN: they are indented or broken".to_owned(),
        _ => "it is neither PEM nor DER nor PKCS#12".to_owned(),
    }
}

/// What these bytes are if they are DER.
fn binary(bytes: &[u8]) -> Result<Option<Content>, Fault> {
    // Windows and Java write it in BER, with lengths that are not told beforehand.
    if bytes.starts_with(&[0x30, 0x80, 0x02, 0x01, 0x03]) {
        return Ok(Some(Content::Pkcs12));
    }
    let Ok((rest, outer)) = Any::from_der(bytes) else { return Ok(None) };
    if !rest.is_empty() {
        return Ok(None);
    }
    let Ok((behind, first)) = Any::from_der(outer.data) else { return Ok(None) };
    let second = Any::from_der(behind).map(|(_, second)| second);
    let begins_with_oid =
        |any: &Any<'_>| Any::from_der(any.data).is_ok_and(|(_, inner)| inner.tag() == Tag::Oid);
    let second = second.as_ref().ok();
    Ok(match (first.tag(), first.data, second.map(Any::tag)) {
        (Tag::Integer, [3], Some(Tag::Sequence)) => Some(Content::Pkcs12),
        // PKCS#1 and SEC1 begin with a version and the first part of the key; PKCS#8 has the kind of key in between.
        (Tag::Integer, [0 | 1], Some(Tag::Sequence | Tag::Integer | Tag::OctetString)) => {
            Some(Content::Key { encrypted: false })
        }
        (Tag::Sequence, _, Some(Tag::OctetString)) if begins_with_oid(&first) => {
            Some(Content::Key { encrypted: true })
        }
        (Tag::Oid, ..) => {
            let why = "it is PKCS#7: openssl pkcs7 -inform DER -print_certs makes PEM of it";
            return Err(Fault::new(FaultKind::NotPem, why));
        }
        (Tag::Sequence, ..) => {
            let broken = |why| Fault::new(FaultKind::Malformed, format!("the certificate (DER) {why}"));
            Some(Content::Certificate(Box::new(Certificate::read(bytes).map_err(broken)?)))
        }
        _ => None,
    })
}
