//! Whether a certificate stands for a name, as browsers and phones of today see it: stricter than OpenSSL, which still
//! takes the name in the subject and half a wildcard.

use std::net::IpAddr;

use super::{
    certificate::{Certificate, Name},
    fault::{Fault, FaultKind},
};

impl Certificate {
    /// Whether callers who ask for this name will take it.
    pub fn stands_for(&self, wanted: &str) -> bool {
        stands_for(&self.names, wanted)
    }
}

/// Names that are told at most.
const TOLD: usize = 5;

/// Why a caller who asks for `wanted` will not take it.
pub(super) fn fault(certificate: &Certificate, wanted: &str) -> Option<Fault> {
    let names = &certificate.names;
    if stands_for(names, wanted) {
        return None;
    }
    let has_dns = names.iter().any(|name| matches!(name, Name::Dns(_)));
    let in_subject = certificate.common_name.as_deref().is_some_and(|name| same_host(name, wanted));
    let first: Vec<String> = names.iter().take(TOLD).map(ToString::to_string).collect();
    let why = match (first.is_empty(), names.len() - first.len()) {
        _ if in_subject && !has_dns => {
            format!("it has {wanted} only in its subject, where no browser or phone of today looks")
        }
        (true, _) => format!("it is not for {wanted}: it names no host at all"),
        (_, 0) => format!("it is not for {wanted}, only for {}", first.join(", ")),
        (_, more) => format!("it is not for {wanted}, only for {} and {more} more", first.join(", ")),
    };
    Some(Fault::new(FaultKind::Name, why))
}

/// Whether one of `names` covers `wanted`: the same host, a wildcard for its first part, or the same address.
pub(super) fn stands_for(names: &[Name], wanted: &str) -> bool {
    if let Ok(address) = wanted.parse::<IpAddr>() {
        return names.iter().any(|name| matches!(name, Name::Ip(own) if *own == address));
    }
    names.iter().any(|name| matches!(name, Name::Dns(own) if same_host(own, wanted) || wildcard(own, wanted)))
}

fn same_host(own: &str, wanted: &str) -> bool {
    own.eq_ignore_ascii_case(wanted.strip_suffix('.').unwrap_or(wanted))
}

/// `*.example.net` covers `sip.example.net`, not `example.net`, not `a.b.example.net`; `*.net` covers nothing.
fn wildcard(own: &str, wanted: &str) -> bool {
    let rest = wanted.split_once('.').map(|(first, rest)| (!first.is_empty()).then_some(rest));
    match (own.strip_prefix("*."), rest) {
        (Some(domain), Some(Some(rest))) => {
            domain.contains('.') && !domain.contains('*') && same_host(domain, rest)
        }
        _ => false,
    }
}
