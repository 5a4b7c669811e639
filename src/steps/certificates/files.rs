//! How installed certificates are called, what stands at their head, and who may read their keys.

use super::facts::{Facts, Offer, Origin, Seen};
use crate::{
    executor::Attributes, finding::one_line, host::certificates::Certificate, steps::certificates::words,
};

/// Begins the first line of every file that this program wrote.
pub(super) const MARK: &str = "# ngcp-warden: ";
/// Stands before the authority of one's own that was accepted.
const OWN_CA: &str = "; own CA ";
/// Stands before where it came from.
const FROM: &str = "; from ";
/// Where a certificate came from that nobody signed.
pub(super) const SELF_SIGNED: &str = "this host, self-signed";
/// So much of a name is taken into a file name.
const NAME_LIMIT: usize = 64;

/// A free name without its ending: what for, for which name, until when.
pub(super) fn stem(facts: &Facts, target: &str, certificate: &Certificate) -> String {
    let until = words::day(certificate.until);
    free(facts, &format!("{target}-{}-until-{until}", plain(&certificate.title())))
}

/// The name, or one with a number behind it where something lies there already.
pub(super) fn free(facts: &Facts, stem: &str) -> String {
    let taken = |stem: &str| {
        facts
            .taken
            .iter()
            .any(|name| name.strip_prefix(stem).is_some_and(|rest| matches!(rest, ".crt" | ".key")))
    };
    let numbered = (2..1000).map(|number| format!("{stem}-{number}"));
    [stem.to_owned()].into_iter().chain(numbered).find(|stem| !taken(stem)).unwrap_or_else(|| stem.to_owned())
}

/// A name that any file system and any tool takes.
pub(super) fn plain(name: &str) -> String {
    let name = name.to_lowercase().replace('*', "wildcard");
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let name = name.trim_matches(['-', '.']).chars().take(NAME_LIMIT).collect::<String>();
    if name.is_empty() { "unnamed".to_owned() } else { name.replace("..", ".") }
}

/// The lines before the first certificate: a renewal finds its places by them.
pub(super) fn head(target: &str, origin: &str, own_ca: Option<&str>) -> String {
    let own_ca = own_ca.map_or_else(String::new, |name| format!("{OWN_CA}{}", plain(name)));
    format!("{MARK}for {target}{own_ca}{FROM}{}\n", one_line(origin))
}

/// What the head of a file says.
pub(super) fn origin(content: &[u8]) -> Origin {
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(first).ok().and_then(|line| line.strip_prefix(MARK)).unwrap_or_default();
    let (before, from) = line.split_once(FROM).map_or((line, None), |(before, from)| (before, Some(from)));
    Origin {
        from: from.map(|from| one_line(from.trim_end())),
        own_ca: before.split_once(OWN_CA).map(|(_, name)| one_line(name)),
    }
}

/// The whole file with the certificate: the server's own first, no root.
pub(super) fn content(target: &str, offer: &Offer) -> String {
    let blocks = offer.chain.iter().map(|certificate| format!("{}\n", certificate.pem.trim_end()));
    head(target, &offer.origin, offer.own_ca.as_deref()) + &blocks.collect::<String>()
}

/// Root and the services that must read it, nobody else.
pub(super) fn key_attributes(facts: &Facts, places: &[&Seen]) -> Attributes {
    let readers = places.iter().filter_map(|seen| seen.place.read_by.as_deref());
    let own = readers.filter_map(|user| facts.readers.get(user)).copied().next();
    let (mode, gid) = facts.key_group.or(own).map_or((0o600, 0), |gid| (0o640, gid));
    Attributes::Exactly { mode, uid: 0, gid, modified: None }
}

/// Everybody may read a certificate.
pub(super) fn certificate_attributes(facts: &Facts) -> Attributes {
    Attributes::Exactly { mode: 0o644, uid: 0, gid: facts.key_group.unwrap_or(0), modified: None }
}
