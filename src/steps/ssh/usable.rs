//! Whether an administrator could work with a key. Pure: a key that comes is judged as those that are there.

use std::net::IpAddr;

use super::facts::{KeyFact, Rules};
use crate::host::{keys::Key, network::Network, sshd::matches_pattern};

/// Options that leave an administrator able to work; `from` is looked at as well.
const GOOD: [&str; 15] = [
    "restrict",
    "agent-forwarding",
    "no-agent-forwarding",
    "port-forwarding",
    "no-port-forwarding",
    "pty",
    "no-pty",
    "user-rc",
    "no-user-rc",
    "x11-forwarding",
    "no-x11-forwarding",
    "touch-required",
    "no-touch-required",
    "verify-required",
    "no-verify-required",
];
/// The others that sshd knows.
const OTHERS: [&str; 9] = [
    "from",
    "command",
    "cert-authority",
    "expiry-time",
    "environment",
    "principals",
    "permitopen",
    "permitlisten",
    "tunnel",
];

/// An option that no sshd knows.
pub(super) fn unknown_option(key: &Key) -> Option<&str> {
    key.each_option().find(|option| {
        let name = option.split('=').next().unwrap_or_default().to_ascii_lowercase();
        !GOOD.contains(&name.as_str()) && !OTHERS.contains(&name.as_str())
    })
}

/// The first option that is not known to leave an administrator able to work.
fn hindrance(key: &Key) -> Option<&str> {
    let mut places = 0;
    key.each_option().find(|option| {
        let option = option.to_ascii_lowercase();
        let from = option.strip_prefix("from=\"").and_then(|rest| rest.strip_suffix('"'));
        places += usize::from(from.is_some());
        // sshd takes no line that says it twice.
        let good = from.map_or(GOOD.contains(&option.as_str()), |from| places == 1 && !from.contains('"'));
        !good
    })
}

/// Its options may keep whoever has it from working.
pub(super) fn is_limited(key: &Key) -> bool {
    hindrance(key).is_some()
}

/// What an administrator could do with it.
pub(super) fn judged(key: &Key, rules: &Rules) -> KeyFact {
    KeyFact {
        fingerprint: Some(key.fingerprint.clone()),
        kind: format!("{} {}", key.kind(), key.bits),
        comment: crate::finding::printable(&key.comment).chars().take(80).collect(),
        weak: key.weakness().map(str::to_owned),
        useless: useless(key, rules),
        signs: signs(key),
        hides: is_limited(key),
        ..KeyFact::default()
    }
}

fn signs(key: &Key) -> bool {
    key.option("cert-authority").is_some()
}

/// Why an administrator could not work with it from where the operator is.
fn useless(key: &Key, rules: &Rules) -> Option<String> {
    let fits = |patterns: &str| {
        let one = |pattern: &str| place_fits(pattern.trim_start_matches('!'), rules.from.as_deref()?);
        // One pattern that is none, and sshd takes the key from nowhere.
        let found: Option<Vec<_>> =
            patterns.split(',').map(|text| one(text).map(|fits| (text.starts_with('!'), fits))).collect();
        found.is_some_and(|found| found.contains(&(false, true)) && !found.contains(&(true, true)))
    };
    let taken = rules.types.as_deref().is_none_or(|list| {
        let rsa = key.algorithm == "ssh-rsa";
        list.split(',').any(|name| name == key.algorithm || (rsa && name.starts_with("rsa-sha2-")))
    });
    let why = match () {
        () if signs(key) => "it signs keys and is none to log in with",
        () if key.is_certificate() => "it is a certificate, which sshd does not take from a file",
        () if key.option("command").is_some() => "it may run one command only",
        () if key.option("expiry-time").is_some() => "it ends at some time",
        () if let Some(option) = hindrance(key) => {
            return Some(format!("its option {} may be in the way", crate::finding::printable(option)));
        }
        () if key.option("from").is_some_and(|patterns| !fits(&patterns)) => {
            "it is not known to be taken from where you are"
        }
        () if !taken => "the server does not take keys of its type",
        () if key.algorithm == "ssh-rsa" && key.bits < rules.shortest => {
            "the server does not take keys that short"
        }
        () => return None,
    };
    Some(why.to_owned())
}

/// Whether an address fits `*`, an address or `10.0.0.0/8`; `None` when sshd takes that for no pattern. A name never
/// fits: it is not looked up.
pub(super) fn place_fits(pattern: &str, address: &str) -> Option<bool> {
    if !pattern.contains('/') {
        return Some(matches_pattern(pattern, address));
    }
    let network: Network = pattern.parse().ok()?;
    Some(network.covers(&address.parse::<IpAddr>().ok()?.into()))
}
