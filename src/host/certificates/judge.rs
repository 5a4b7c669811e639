//! Whether a server can be given these certificates: what is written in them, as we read it, and what the host's
//! `openssl verify` says. What either refuses is refused.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    certificate::Certificate,
    chain,
    fault::{Fault, FaultKind},
    key::{Key, PublicHalf},
    names, verify,
};
use crate::executor::Executor;

/// Everything that is wrong with certificates in the order in which they are served, for these names, now. `own_root` is
/// trusted beside the authorities of the host. Empty: callers will take it.
pub fn judge(
    host: &dyn Executor,
    served: &[Certificate],
    names: &[String],
    own_root: Option<&Certificate>,
) -> Vec<Fault> {
    let Some(leaf) = served.first() else {
        return vec![Fault::new(FaultKind::NoCertificate, "there is no certificate in it")];
    };
    let at = host.now();
    let mut faults = own(served, names, at);
    match verify::verify(host, served, names, own_root) {
        Ok(said) => {
            // It also tries other ways up than the one in the file, and may know one that signs itself. A key that is
            // too weak is where it stops looking.
            let says = |kinds: &[FaultKind]| said.iter().any(|fault| kinds.contains(&fault.kind));
            let signs_itself = says(&[FaultKind::SelfSigned, FaultKind::WeakKey]);
            let finds_way = said.iter().all(|fault| fault.kind == FaultKind::Name);
            faults.retain(|fault| match fault.kind {
                FaultKind::SelfSigned => signs_itself,
                FaultKind::ChainBroken => !finds_way,
                _ => true,
            });
            let mut known: BTreeSet<FaultKind> = faults.iter().map(|fault| fault.kind).collect();
            // With a part of it broken, OpenSSL does not even look for who issued it.
            known.extend((!leaf.broken.is_empty()).then_some(FaultKind::ChainIncomplete));
            faults.extend(said.into_iter().filter(|fault| !known.contains(&fault.kind)));
        }
        Err(unknown) => {
            faults.extend(upper_dates(leaf, served, at));
            faults.push(unknown);
        }
    }
    faults.sort_by_key(|fault| fault.kind);
    faults.dedup();
    faults
}

/// Why a daemon would not take this key for the first of these certificates.
pub fn key_fault(served: &[Certificate], half: &PublicHalf) -> Option<Fault> {
    let leaf = served.first()?;
    if leaf.public_key == half.public_key {
        return None;
    }
    let owner = served.iter().position(|certificate| certificate.public_key == half.public_key);
    Some(match owner {
        Some(place) => Fault::new(
            FaultKind::ChainOrder,
            format!(
                "the key belongs to certificate {} of the file, {}, which must be the first",
                place + 1,
                served[place].title()
            ),
        ),
        None => Fault::new(
            FaultKind::KeyMismatch,
            format!(
                "the key {} ({}) is not the one of the certificate for {} ({})",
                half.whose,
                half.key,
                leaf.title(),
                leaf.key
            ),
        ),
    })
}

/// What can be read in them.
fn own(served: &[Certificate], names: &[String], at: Timestamp) -> Vec<Fault> {
    let leaf = &served[0];
    let path = chain::path(leaf, served);
    let mut faults = Vec::new();
    faults.extend(dates(leaf, at));
    faults.extend(served.iter().flat_map(strength));
    faults.extend(kind(leaf));
    faults.extend(purpose(leaf));
    faults.extend(names.iter().filter_map(|name| names::fault(leaf, name)));
    faults.extend(order(served, &path));
    faults.extend(upper(&path));
    if leaf.self_issued {
        let why = format!("{} is self-signed: nobody but itself vouches for it", leaf.title());
        faults.push(Fault::new(FaultKind::SelfSigned, why));
    }
    faults
}

fn dates(certificate: &Certificate, at: Timestamp) -> Option<Fault> {
    let title = certificate.title();
    let day = |moment: Timestamp| moment.strftime("%Y-%m-%d").to_string();
    if at > certificate.until {
        return Some(Fault::new(
            FaultKind::Expired,
            format!("{title} expired on {}", day(certificate.until)),
        ));
    }
    let begins = || format!("{title} is not valid before {}", day(certificate.from));
    (at < certificate.from).then(|| Fault::new(FaultKind::NotYetValid, begins()))
}

/// For where `openssl verify` cannot be asked.
fn upper_dates(leaf: &Certificate, served: &[Certificate], at: Timestamp) -> Vec<Fault> {
    chain::path(leaf, served).into_iter().skip(1).filter_map(|above| dates(above, at)).collect()
}

/// Keys and digests that no daemon loads, be it only one of those above.
fn strength(certificate: &Certificate) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (title, key) = (certificate.title(), &certificate.key);
    let too_short = match key {
        Key::Rsa(bits) | Key::RsaPss(bits) | Key::Dsa(bits) => *bits < 2048,
        Key::Ec(curve) => curve == "P-192",
        Key::Edwards(_) | Key::Other(_) => false,
    };
    if too_short {
        faults.push(Fault::new(FaultKind::WeakKey, format!("the key of {title}, {key}, is too short")));
    }
    let digest = certificate.signed_with.as_str();
    // Nobody looks at the signature with which a root vouches for itself.
    if !certificate.self_issued && matches!(digest, "MD2" | "MD5" | "SHA-1") {
        faults.push(Fault::new(
            FaultKind::WeakSignature,
            format!("{title} is signed with {digest}, which is broken"),
        ));
    }
    faults
}

/// Keys that `openssl verify` lets pass and that end in a service that serves nothing, or nobody.
fn kind(leaf: &Certificate) -> Option<Fault> {
    let why = match &leaf.key {
        Key::Ec(curve) if !matches!(curve.as_str(), "P-256" | "P-384" | "P-521" | "P-192") => {
            "no handshake succeeds with this curve"
        }
        Key::Dsa(_) => "no handshake succeeds with DSA",
        Key::Edwards(_) | Key::RsaPss(_) => "hardly a browser or phone knows this kind",
        Key::Other(_) => "nobody knows this kind",
        Key::Ec(_) | Key::Rsa(_) => return None,
    };
    Some(Fault::new(FaultKind::KeyRefused, format!("the key of {} is {}: {why}", leaf.title(), leaf.key)))
}

fn purpose(leaf: &Certificate) -> Vec<Fault> {
    let title = leaf.title();
    let mut why: Vec<String> = Vec::new();
    if leaf.purposes.as_ref().is_some_and(|purposes| !for_servers(purposes)) {
        let purposes = leaf.purposes.iter().flatten().cloned().collect::<Vec<String>>().join(", ");
        why.push(format!("{title} is not for servers, only for {purposes}"));
    }
    if leaf.key_usage.as_ref().is_some_and(|usage| !usage.contains("digitalSignature")) {
        let who = match leaf.key {
            Key::Rsa(_) => "browsers of today refuse",
            _ => "no handshake of TLS 1.2 succeeds with",
        };
        why.push(format!("{title} forbids its key to sign, which {who}"));
    }
    if leaf.is_ca {
        why.push(format!(
            "{title} is the certificate of an authority, which strict callers do not take from a server"
        ));
    }
    let mut faults: Vec<Fault> =
        why.into_iter().map(|why| Fault::new(FaultKind::NotForServers, why)).collect();
    if !leaf.broken.is_empty() {
        let why = format!("a part of {title} is broken: {}", leaf.broken.join(", "));
        faults.push(Fault::new(FaultKind::Malformed, why));
    }
    faults
}

fn for_servers(purposes: &BTreeSet<String>) -> bool {
    // The other two are from the time when strong encryption had to be allowed.
    ["serverAuth", "1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"]
        .iter()
        .any(|one| purposes.contains(*one))
}

fn order(served: &[Certificate], path: &[&Certificate]) -> Option<Fault> {
    let right = served.iter().zip(path).all(|(is, should)| is == *should);
    let strays: Vec<String> = served
        .iter()
        .enumerate()
        .filter(|(place, certificate)| !path.contains(certificate) || served[..*place].contains(certificate))
        .map(|(_, certificate)| certificate.title())
        .collect();
    let why = match (right && served.len() == path.len(), strays.is_empty()) {
        (true, _) => return None,
        (false, true) => format!(
            "the certificates stand in the wrong order; right is {}",
            path.iter().map(|certificate| certificate.title()).collect::<Vec<String>>().join(", ")
        ),
        (false, false) => {
            format!("what does not belong there stands among the certificates: {}", strays.join(", "))
        }
    };
    Some(Fault::new(FaultKind::ChainOrder, why))
}

/// Whether each one above may have issued the one before it.
fn upper(path: &[&Certificate]) -> Vec<Fault> {
    let broken = |why: String| Fault::new(FaultKind::ChainBroken, why);
    let mut faults = Vec::new();
    let mut below = 0;
    for above in path.iter().skip(1) {
        let title = above.title();
        let signs = above.key_usage.as_ref().is_none_or(|usage| usage.contains("keyCertSign"));
        if !above.is_ca || !signs {
            faults.push(broken(format!("{title} may not issue certificates")));
        }
        if above.purposes.as_ref().is_some_and(|purposes| !for_servers(purposes)) {
            faults.push(broken(format!("{title} may not issue certificates for servers")));
        }
        if above.path_length.is_some_and(|allowed| u32::try_from(below).is_ok_and(|below| below > allowed)) {
            faults.push(broken(format!("{title} allows fewer authorities below it than there are")));
        }
        below += usize::from(!above.self_issued);
    }
    faults
}
