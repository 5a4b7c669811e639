//! Which certificate is the server's and which are between it and an authority: the right order, made from any order.
//! Whether that is good is judged beside this file.

use serde::{Deserialize, Serialize};

use super::{
    certificate::Certificate,
    fault::{Fault, FaultKind},
    key::PublicHalf,
};

/// A server's certificate and those above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The server's first, each issued by the one behind it; the root left out.
    pub certificates: Vec<Certificate>,
    /// The root, where it was given as well.
    pub root: Option<Certificate>,
    /// What does not belong to it.
    pub left_out: Vec<Certificate>,
}

impl Chain {
    /// As it is written into a file.
    pub fn pem(&self) -> String {
        self.certificates.iter().map(|certificate| certificate.pem.as_str()).collect()
    }
}

/// The certificate that one of the keys belongs to, and what is above it.
///
/// # Errors
/// When no key belongs to a certificate, or more than one does.
pub fn chain(certificates: &[Certificate], keys: &[PublicHalf]) -> Result<Chain, Fault> {
    let Some(a_key) = keys.first() else {
        let why = match certificates {
            [] => "there is neither a certificate nor a private key".to_owned(),
            all => format!("there is no private key beside {}", listed(all)),
        };
        return Err(Fault::new(FaultKind::NoKey, why));
    };
    if certificates.is_empty() {
        let why = format!("there is no certificate, only the private key {}", a_key.whose);
        return Err(Fault::new(FaultKind::NoCertificate, why));
    }
    let mut own: Vec<&Certificate> = certificates
        .iter()
        .filter(|certificate| keys.iter().any(|half| half.public_key == certificate.public_key))
        .collect();
    // Who makes certificates himself may have left the key of his authority beside them.
    if own.iter().any(|certificate| !certificate.is_ca) {
        own.retain(|certificate| !certificate.is_ca);
    }
    // A renewal may keep the key.
    let Some(leaf) = own.iter().copied().max_by_key(|certificate| certificate.until) else {
        let key = format!("the private key ({}, {})", a_key.whose, a_key.key);
        let why = match keys.len() {
            1 => format!("{key} belongs to none of the certificates: {}", listed(certificates)),
            n => format!(
                "none of the {n} private keys belongs to one of the certificates: {}",
                listed(certificates)
            ),
        };
        return Err(Fault::new(FaultKind::KeyMismatch, why));
    };
    if own.iter().any(|certificate| certificate.public_key != leaf.public_key) {
        let own: Vec<Certificate> = own.into_iter().cloned().collect();
        let why = format!(
            "more than one certificate has its private key there, name the files that are meant: {}",
            listed(&own)
        );
        return Err(Fault::new(FaultKind::Ambiguous, why));
    }
    let path = path(leaf, certificates);
    let left_out = certificates.iter().filter(|certificate| !path.contains(certificate)).cloned().collect();
    let mut path: Vec<Certificate> = path.into_iter().cloned().collect();
    let root = if path.len() > 1 { path.pop_if(|last| last.self_issued) } else { None };
    Ok(Chain { certificates: path, root, left_out })
}

/// From `leaf` upwards as far as the certificates go.
pub(super) fn path<'a>(leaf: &'a Certificate, certificates: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut path = vec![leaf];
    let mut last = leaf;
    while !last.self_issued {
        let above = certificates.iter().filter(|other| last.is_issued_by(other) && !path.contains(other));
        // Of a root that is also signed by an older one, the one with more above it serves more callers.
        let best = above.max_by_key(|other| (!other.self_issued, other.is_ca, other.until));
        let Some(next) = best else { break };
        path.push(next);
        last = next;
    }
    path
}

fn listed(certificates: &[Certificate]) -> String {
    let named = |certificate: &Certificate| format!("{} ({})", certificate.title(), certificate.key);
    let first: Vec<String> = certificates.iter().take(5).map(named).collect();
    match certificates.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
