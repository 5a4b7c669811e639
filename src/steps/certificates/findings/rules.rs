//! Every rule: what must hold of a certificate, its key, and what its port shows.

use super::rule::{Rule, Sight, rank, seen};
use crate::{
    finding::{Severity, Status},
    host::certificates::{Fault, FaultKind},
    steps::certificates::{
        facts::{Pair, Reads, Seen, Wire},
        names::id,
        words::{self, CHAIN, DATES, SOON},
    },
};

const REPLACE: &str =
    "Put a certificate of your own in its place, signed by an authority that callers trust.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: id::DEFAULT,
        severity: Severity::High,
        holds: "a certificate of its own",
        remedy: REPLACE,
        see: |_, place| {
            if !place.place.on {
                return seen(Status::NotApplicable, "off, its certificate is not used", described(place));
            }
            let pair = &place.pair;
            pair.leaf()?;
            match &pair.default {
                // Callers never see it, and it signs itself by its nature: what counts is who else has its key.
                Some(why) if place.place.issues => seen(
                    Status::Unknown,
                    "whether other installations have the same is not known",
                    format!("{}; {why}", described(place)),
                ),
                _ if place.place.issues => None,
                Some(why) => seen(
                    Status::Fail,
                    "the certificate that every installation has",
                    format!("{}; {why}", described(place)),
                ),
                None => seen(Status::Pass, "", described(place)),
            }
        },
    },
    Rule {
        id: id::MISSING,
        severity: Severity::High,
        holds: "certificate and key are there",
        remedy: "Import a certificate, or name the right file in config.yml.",
        see: |_, place| {
            let pair = on(place)?;
            let missing = unread(pair).find(|fault| fault.kind == FaultKind::Missing);
            match missing {
                Some(fault) => seen(Status::Fail, "a file is not there", fault.why.clone()),
                None => seen(Status::Pass, "", words::files(place)),
            }
        },
    },
    Rule {
        id: id::UNREADABLE,
        severity: Severity::High,
        holds: "its service can read certificate and key",
        remedy: "Import the certificate again, or mend owner, mode and content of the file.",
        see: |_, place| {
            let pair = on(place)?;
            if unread(pair).any(|fault| fault.kind == FaultKind::Missing) {
                return None;
            }
            if let Some(fault) = unread(pair).find(|fault| !fault.is_unknown()) {
                return seen(Status::Fail, "its service cannot read it", fault.why.clone());
            }
            match (&place.reads, unread(pair).next()) {
                (Some(Reads::No(why)), _) => seen(
                    Status::Fail,
                    "its service cannot read the key",
                    format!("user {}: {why}; {}", user(place), words::files(place)),
                ),
                (Some(Reads::Unknown(why)), _) => {
                    seen(Status::Unknown, "whether its service can read the key is not known", why.clone())
                }
                (_, Some(fault)) => seen(Status::Unknown, "its key is not known", fault.why.clone()),
                (Some(Reads::Yes), _) => seen(Status::Pass, "", format!("tried as user {}", user(place))),
                (None, _) => None,
            }
        },
    },
    Rule {
        id: id::EXPIRED,
        severity: Severity::High,
        holds: "the certificate is valid today",
        remedy: "Import the new one, or make a request for one.",
        see: |facts, place| {
            let leaf = on(place)?.leaf()?;
            match () {
                () if leaf.until <= facts.now => {
                    seen(Status::Fail, "the certificate has run out", described(place))
                }
                () if leaf.from > facts.now => seen(
                    Status::Fail,
                    "the certificate is not yet valid",
                    format!("from {}; {}", words::day(leaf.from), described(place)),
                ),
                () => faults(place, DATES, "a certificate above it is not valid today")
                    .or_else(|| seen(Status::Pass, "", described(place))),
            }
        },
    },
    Rule {
        id: id::EXPIRING,
        severity: Severity::Medium,
        holds: "the certificate lasts for more than 30 days",
        remedy: "Import the new one, or make a request for one, before it runs out.",
        see: |facts, place| {
            let leaf = on(place)?.leaf().filter(|leaf| leaf.until > facts.now)?;
            let left = words::left(leaf, facts.now);
            let severity = match leaf.days_left(facts.now) {
                ..7 => Severity::High,
                7..14 => Severity::Medium,
                days if days < SOON => Severity::Low,
                _ => return seen(Status::Pass, "", format!("{left}; {}", described(place))),
            };
            let sight = seen(Status::Fail, format!("the certificate runs out: {left}"), described(place))?;
            Some(Sight { severity: Some(severity), ..sight })
        },
    },
    Rule {
        id: id::KEY_MISMATCH,
        severity: Severity::High,
        holds: "the key belongs to the certificate",
        remedy: "Import the certificate together with its own key.",
        see: |_, place| match on(place)?.mismatch()? {
            Some(fault) => seen(Status::Fail, "the key belongs to another certificate", fault.why),
            None => seen(Status::Pass, "", words::files(place)),
        },
    },
    Rule {
        id: id::WEAK_KEY,
        severity: Severity::High,
        holds: "the key is strong, and of a kind that services take",
        remedy: "Make a new key: ECDSA P-256, or RSA with 3072 bits.",
        see: |_, place| {
            faults(
                place,
                &[FaultKind::WeakKey, FaultKind::KeyRefused],
                "weak key, or one that services refuse",
            )
        },
    },
    Rule {
        id: id::WEAK_SIGNATURE,
        severity: Severity::Medium,
        holds: "it is signed with a digest that holds",
        remedy: REPLACE,
        see: |_, place| faults(place, &[FaultKind::WeakSignature], "signed with a broken digest"),
    },
    Rule {
        id: id::PURPOSE,
        severity: Severity::High,
        holds: "it was issued for servers",
        remedy: REPLACE,
        see: |_, place| match place.place.issues {
            true => None,
            false => faults(place, &[FaultKind::NotForServers], "not issued for servers"),
        },
    },
    Rule {
        id: id::CHAIN,
        severity: Severity::High,
        holds: "the chain is complete and ends at a trusted authority",
        remedy: "Import the certificate with its intermediate certificates; their order does not matter.",
        see: |_, place| match place.place.issues {
            true => None,
            false => faults(place, CHAIN, "callers cannot verify it"),
        },
    },
    Rule {
        id: id::NAME,
        severity: Severity::Medium,
        holds: "it stands for a name that this host is called by",
        remedy: "Import one for the names that callers use.",
        see: |facts, place| {
            let leaf = on(place)?.leaf()?;
            if place.pair.default.is_some() || place.place.issues {
                return None;
            }
            let names: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
            let holds = if names.is_empty() {
                "it holds no name".to_owned()
            } else {
                format!("it is for {}", names.join(", "))
            };
            let unasked = facts
                .names
                .unasked
                .as_ref()
                .map_or_else(String::new, |why| format!("; domains not asked: {why}"));
            match &place.strange {
                None => seen(
                    Status::Unknown,
                    "by which name it is called is not known",
                    format!("{holds}{unasked}"),
                ),
                Some(names) if names.is_empty() => seen(Status::Pass, "", format!("{holds}{unasked}")),
                Some(names) => seen(
                    Status::Fail,
                    "issued for other names",
                    format!("not for {}; {holds}{unasked}", some(names)),
                ),
            }
        },
    },
    Rule {
        id: id::NOT_SERVED,
        severity: Severity::High,
        holds: "what is in the file is served",
        remedy: "Let its service read the file again: ngcpcfg apply does not when only the content of a file changed.",
        see: |_, place| {
            on(place)?.leaf()?;
            let (status, title) = place
                .wires
                .iter()
                .map(|(_, wire)| match wire {
                    Wire::File => (Status::Pass, ""),
                    Wire::Nothing => (Status::Unknown, "nothing is served"),
                    Wire::Unknown(_) => (Status::Unknown, "what is served is not known"),
                    Wire::Refused(_) => (Status::Fail, "no certificate is served"),
                    Wire::Other(_) => (Status::Fail, "another certificate is served"),
                })
                .max_by_key(|(status, _)| rank(*status))?;
            seen(status, title, wires(place))
        },
    },
    Rule {
        id: id::KEY_MODE,
        severity: Severity::Medium,
        holds: "the key is closed to others",
        remedy: "chmod 0640 and chown root:ssl-cert the key file.",
        see: |_, place| {
            let (mode, uid, _) = on(place)?.mode?;
            let evidence = format!("mode {mode:04o}, owner {uid}; {}", words::files(place));
            match mode & 0o037 == 0 && uid == 0 {
                true => seen(Status::Pass, "", evidence),
                false => seen(Status::Fail, "others can read or change the key", evidence),
            }
        },
    },
];

fn on(seen: &Seen) -> Option<&Pair> {
    seen.place.on.then_some(&seen.pair)
}

/// Those of these kinds, of a certificate of its own.
fn faults(place: &Seen, kinds: &[FaultKind], title: &str) -> Option<Sight> {
    let pair = on(place)?;
    pair.leaf().filter(|_| pair.default.is_none())?;
    let of_kind: Vec<&str> = pair
        .faults
        .iter()
        .filter(|fault| kinds.contains(&fault.kind))
        .map(|fault| fault.why.as_str())
        .collect();
    if !of_kind.is_empty() {
        return seen(Status::Fail, title, format!("{}; {}", of_kind.join("; "), described(place)));
    }
    match pair.faults.iter().find(|fault| fault.is_unknown()) {
        Some(fault) if kinds == CHAIN => seen(Status::Unknown, "the chain is not known", fault.why.clone()),
        _ => seen(Status::Pass, "", described(place)),
    }
}

/// Why the certificate, and why the key, could not be read.
fn unread(pair: &Pair) -> impl Iterator<Item = &Fault> {
    [pair.chain.as_ref().err(), pair.half.as_ref().err()].into_iter().flatten()
}

fn described(seen: &Seen) -> String {
    let file = words::files(seen);
    let own_ca = seen
        .pair
        .origin
        .own_ca
        .as_ref()
        .map_or_else(String::new, |name| format!(", below the own CA {name}"));
    seen.pair
        .leaf()
        .map_or_else(|| file.clone(), |leaf| format!("{file}: {}{own_ca}", words::described(leaf)))
}

fn user(seen: &Seen) -> &str {
    seen.place.read_by.as_deref().unwrap_or_default()
}

fn wires(seen: &Seen) -> String {
    let each = seen.wires.iter().map(|(port, wire)| match wire {
        Wire::File => format!("port {port}: as in the file"),
        Wire::Nothing => format!("port {port}: nothing listens"),
        Wire::Other(what) | Wire::Refused(what) | Wire::Unknown(what) => format!("port {port}: {what}"),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The first few of them.
fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    let more = names.len().saturating_sub(MOST);
    let first = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
