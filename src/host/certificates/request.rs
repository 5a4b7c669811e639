//! Certificate requests: what `openssl req` is told to put into one, and what is in one. Who makes it, and where open
//! requests lie, is for others to know.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
};

use super::{
    CERTIFICATE_LIMIT, REQUESTED_LIMIT,
    certificate::{Name, name_of},
    key::Key,
    pem,
};
use crate::secret::sha256;

/// A request as it is written. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// As it is sent to a certificate authority.
    pub pem: String,
    /// What the certificate shall stand for.
    pub names: Vec<Name>,
    /// The key that it is for.
    pub key: Key,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), in hexadecimal.
    pub public_key: String,
}

impl Request {
    /// Reads the first request in a text.
    ///
    /// # Errors
    /// Why it is none, as the end of a sentence.
    pub fn read(text: &[u8]) -> Result<Request, String> {
        let blocks = pem::blocks(text).map_err(|wrong| format!("line {}: {}", wrong.line, wrong.why))?;
        let is_request = |label: &str| label == "CERTIFICATE REQUEST" || label == "NEW CERTIFICATE REQUEST";
        let block =
            blocks.iter().find(|block| is_request(block.label)).ok_or("holds no certificate request")?;
        let der = pem::decode(block).map_err(|wrong| wrong.why)?;
        if der.len() > CERTIFICATE_LIMIT {
            return Err("is far too large for a certificate request".to_owned());
        }
        let (_, request) =
            X509CertificationRequest::from_der(&der).map_err(|error| format!("is damaged: {error}"))?;
        let info = &request.certification_request_info;
        let wanted = request.requested_extensions().into_iter().flatten();
        let names = wanted.filter_map(|extension| match extension {
            ParsedExtension::SubjectAlternativeName(names) => Some(names.general_names.iter()),
            _ => None,
        });
        Ok(Request {
            pem: pem::encode("CERTIFICATE REQUEST", &der),
            names: names
                .flatten()
                .filter_map(|name: &GeneralName<'_>| name_of(name))
                .take(REQUESTED_LIMIT)
                .collect(),
            key: Key::of(&info.subject_pki),
            public_key: sha256(info.subject_pki.raw),
        })
    }
}

/// Longest common name.
const COMMON_NAME: usize = 64;

/// The name that a text says: a host, all hosts of a domain, or an address.
///
/// # Errors
/// Why it is none, as the end of a sentence that begins with it.
pub fn name(text: &str) -> Result<Name, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Name::Ip(address));
    }
    let host = text.strip_prefix("*.").unwrap_or(text);
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    match () {
        () if !text.is_ascii() => Err("is not plain ASCII: write it as DNS has it (xn--…)".to_owned()),
        () if host.len() > 253 || !host.split('.').all(good) => {
            Err("is no host name and no address".to_owned())
        }
        () if text.starts_with("*.") && !host.contains('.') => {
            Err("stands for all hosts of a top-level domain".to_owned())
        }
        () => Ok(Name::Dns(text.to_ascii_lowercase())),
    }
}

/// What `openssl req` reads to make a request, or a certificate that signs itself, for these names and an RSA key or
/// another one.
///
/// # Errors
/// When none of them can stand in the subject.
pub fn config(names: &[Name], rsa: bool) -> Result<String, String> {
    let short = names.iter().map(ToString::to_string).find(|name| name.len() <= COMMON_NAME);
    let common_name = short.ok_or("one of the names must be at most 64 characters long")?;
    let alternative: Vec<String> = names
        .iter()
        .filter_map(|name| match name {
            Name::Dns(host) => Some(format!("DNS:{host}")),
            Name::Ip(address) => Some(format!("IP:{address}")),
            Name::Other(_) => None,
        })
        .collect();
    // Old cipher suites let the client encrypt something for an RSA key.
    let usage = if rsa { "digitalSignature, keyEncipherment" } else { "digitalSignature" };
    Ok(format!(
        "[req]\n\
         prompt = no\n\
         default_md = sha256\n\
         string_mask = utf8only\n\
         distinguished_name = subject\n\
         req_extensions = wanted\n\
         x509_extensions = wanted\n\
         [subject]\n\
         CN = {common_name}\n\
         [wanted]\n\
         basicConstraints = critical, CA:FALSE\n\
         keyUsage = critical, {usage}\n\
         extendedKeyUsage = serverAuth\n\
         subjectAltName = {}\n",
        alternative.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_host_a_domain_or_an_address_and_nothing_that_a_configuration_file_could_mean() {
        for (text, is) in [
            ("sip.Example.net", Name::Dns("sip.example.net".to_owned())),
            ("*.example.net", Name::Dns("*.example.net".to_owned())),
            ("spce", Name::Dns("spce".to_owned())),
            ("192.0.2.7", Name::Ip("192.0.2.7".parse().unwrap())),
            ("2001:db8::7", Name::Ip("2001:db8::7".parse().unwrap())),
        ] {
            assert_eq!(name(text).as_ref(), Ok(&is), "{text}");
        }
        let long = format!("{}.example.net", "a".repeat(64));
        for text in [
            "",
            "*",
            "*.net",
            "*.*.net",
            "a..b",
            "-a.net",
            "a b",
            "$ENV::HOME",
            "a\nb",
            "ä.net",
            "a,b",
            &long,
        ] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }
}
