//! What is so now, in a few words: for rows, bars and evidence.

use jiff::Timestamp;

use super::{
    facts::{Facts, Group, Pair, Seen, Wire},
    names::asks,
};
use crate::{
    finding::Status,
    host::certificates::{Certificate, Fault, FaultKind, key_fault},
    steps::figure::Gauge,
};

/// From so few days on somebody must see to it.
pub(super) const SOON: i64 = 30;

/// "29 days left", "1 day left", "expired".
pub(super) fn left(certificate: &Certificate, now: Timestamp) -> String {
    match certificate.days_left(now) {
        ..0 => "expired".to_owned(),
        0 => "less than a day left".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

/// "CN = sip.example.net, until 2027-02-27, ECDSA P-256".
pub(super) fn described(certificate: &Certificate) -> String {
    format!("{}, until {}, {}", certificate.title(), day(certificate.until), certificate.key)
}

/// `2027-02-27`
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The files of a place, and which other file names them.
pub(super) fn files(seen: &Seen) -> String {
    let shadow =
        [&seen.place.certificate, &seen.place.key].into_iter().find_map(|named| named.shadow.as_ref());
    let from = shadow.map_or_else(String::new, |place| format!(" (from {place})"));
    let names = [&seen.place.certificate, &seen.place.key]
        .map(|named| named.value.clone().unwrap_or_else(|| "none".to_owned()));
    format!("{} and {}{from}", names[0], names[1])
}

/// What a group is called.
pub(super) fn label<'a>(group: &Group<'a>) -> &'a str {
    match (group.ask, group.places.as_slice()) {
        (_, [one]) => &one.place.label,
        (Some(asks::WEB), _) => "Web interfaces",
        _ => "Certificates",
    }
}

/// The worst of a group in a few words, and how well that is.
pub(super) fn of_group(group: &Group<'_>, now: Timestamp) -> Option<(String, Status)> {
    let each = group.places.iter().map(|seen| of_place(seen, now));
    let worst = each.max_by_key(|(rank, _, _)| *rank)?;
    Some((worst.1, worst.2))
}

/// Rank, words and status of one place.
fn of_place(seen: &Seen, now: Timestamp) -> (u8, String, Status) {
    let fails = |rank: u8, words: &str| (rank, words.to_owned(), Status::Fail);
    if !seen.place.on {
        return (0, "off".to_owned(), Status::NotApplicable);
    }
    let pair = &seen.pair;
    let Some(leaf) = pair.leaf() else {
        return match pair.chain.as_ref().err().map(|fault| fault.kind) {
            Some(FaultKind::Missing) => fails(15, "not there"),
            Some(FaultKind::Unknown) | None => (4, "not known".to_owned(), Status::Unknown),
            Some(_) => fails(14, "not readable"),
        };
    };
    let days = left(leaf, now);
    let expired = leaf.until <= now;
    match () {
        () if pair.default.is_some() && seen.place.issues && !expired => {
            (4, format!("Sipwise's, {days}"), Status::Unknown)
        }
        () if pair.default.is_some() => fails(if expired { 13 } else { 9 }, &format!("image's, {days}")),
        () if expired => fails(13, "expired"),
        () if leaf.from > now => fails(12, "not yet valid"),
        () if pair.has(DATES) => fails(12, "chain not valid today"),
        () if pair.mismatch().flatten().is_some() => fails(11, "key of another"),
        () if seen.is_unreadable() => fails(11, "key not readable"),
        () if pair.has(&[FaultKind::WeakKey, FaultKind::KeyRefused]) => fails(10, "weak key"),
        () if seen.differs() => fails(8, "another is served"),
        // It signs itself by its nature, and no port shows it.
        () if seen.place.issues && leaf.days_left(now) >= SOON && pair.half.is_ok() => {
            (1, days, Status::Pass)
        }
        () if pair.has(&[FaultKind::SelfSigned]) => fails(7, &format!("self-signed, {days}")),
        () if pair.has(CHAIN) => fails(7, "chain broken"),
        () if leaf.days_left(now) < SOON => fails(6, &days),
        () if seen.strange.as_ref().is_some_and(|names| !names.is_empty()) => fails(5, "other names"),
        () if pair.half.is_err() => (4, format!("{days}, key not known"), Status::Unknown),
        () => (1, days, Status::Pass),
    }
}

/// Faults of a certificate above the one of the server, where that one is valid itself.
pub(super) const DATES: &[FaultKind] = &[FaultKind::Expired, FaultKind::NotYetValid];

/// Faults that make up a broken chain.
pub(super) const CHAIN: &[FaultKind] = &[
    FaultKind::ChainOrder,
    FaultKind::ChainIncomplete,
    FaultKind::ChainBroken,
    FaultKind::Untrusted,
    FaultKind::SelfSigned,
    FaultKind::Refused,
    FaultKind::Malformed,
];

impl Pair {
    pub(super) fn has(&self, kinds: &[FaultKind]) -> bool {
        self.faults.iter().any(|fault| kinds.contains(&fault.kind))
    }

    /// Why the key does not belong to the certificate, if so; `None` when that is not known.
    pub(super) fn mismatch(&self) -> Option<Option<Fault>> {
        let chain = self.chain.as_ref().ok()?;
        Some(key_fault(chain, self.half.as_ref().ok()?))
    }
}

impl Seen {
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.reads, Some(super::facts::Reads::No(_)))
    }

    pub(super) fn differs(&self) -> bool {
        self.wires.iter().any(|(_, wire)| matches!(wire, Wire::Other(_)))
    }
}

/// Days left per group whose services are on: the least.
pub(super) fn gauges(facts: &Facts) -> Vec<Gauge> {
    let gauge = |group: Group<'_>| {
        let on = group.places.iter().filter(|seen| seen.place.on && !seen.place.issues);
        let leaf = on.filter_map(|seen| seen.pair.leaf()).min_by_key(|leaf| leaf.until)?;
        let days = leaf.days_left(facts.now);
        Some(Gauge {
            label: format!("Certificate {}", group.name),
            amount: u64::try_from(days).unwrap_or(0),
            full: 90,
            low: days < SOON,
            words: left(leaf, facts.now),
        })
    };
    facts.groups().into_iter().filter(|group| group.ask.is_some()).filter_map(gauge).collect()
}
