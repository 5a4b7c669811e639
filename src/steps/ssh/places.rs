//! Where a Match block lets people in from: own networks, or ones that a stranger may be in.

use crate::host::network::Network;

/// What a Match block says for some logins.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Opening {
    pub(super) keyword: String,
    pub(super) value: String,
    /// The words behind `Match`.
    pub(super) within: String,
    /// File and line.
    pub(super) place: String,
}

impl Opening {
    fn criterion(&self, name: &str) -> impl Iterator<Item = &str> {
        let words: Vec<&str> = self.within.split_whitespace().collect();
        let pairs: Vec<&str> = words
            .chunks_exact(2)
            .filter(|pair| pair[0].eq_ignore_ascii_case(name))
            .map(|pair| pair[1])
            .collect();
        pairs.into_iter()
    }

    /// It goes by places, so that what is in force for the operator says nothing about others.
    pub(super) fn by_place(&self) -> bool {
        ["address", "host", "localaddress", "localport", "rdomain"]
            .iter()
            .any(|name| self.criterion(name).count() > 0)
    }

    /// Somebody from outside may be meant.
    pub(super) fn for_strangers(&self) -> bool {
        self.criterion("address")
            .all(|patterns| !patterns.split(',').all(|one| one.starts_with('!') || is_own(one)))
    }

    /// The account may be meant.
    pub(super) fn concerns(&self, account: &str) -> bool {
        let fits = |pattern: &str| crate::host::sshd::matches_pattern(pattern, account);
        self.criterion("user").all(|patterns| {
            patterns.split(',').any(|one| !one.starts_with('!') && fits(one))
                && !patterns.split(',').filter_map(|one| one.strip_prefix('!')).any(fits)
        })
    }
}

/// Networks that are not reached from outside (RFC 1918, 3927, 4193 and what is on the link).
const OWN: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

/// A pattern of one address, or of a network that strangers are not in.
fn is_own(pattern: &str) -> bool {
    let Ok(network) = pattern.parse::<Network>() else {
        // `192.168.*`: what stands before the first star.
        let begins = |own: &str| pattern.starts_with(own) && !pattern.contains(['/', '?']);
        return ["10.", "192.168.", "127.", "169.254."].into_iter().any(begins);
    };
    let own = || OWN.iter().filter_map(|own| own.parse::<Network>().ok());
    network.is_one() || own().any(|own| own.covers(&network))
}

#[cfg(test)]
mod tests {
    use super::Opening;

    #[test]
    fn own_networks_are_those_that_no_stranger_is_in() {
        for (within, strangers, root) in [
            ("Address 10.0.0.0/8", false, true),
            ("Address 10.1.*,192.168.0.0/24,fd00::/8", false, true),
            ("address 203.0.113.7", false, true),
            ("Address 203.0.113.0/24", true, true),
            ("Address 0.0.0.0/0", true, true),
            ("Address 10.0.0.0/7", true, true),
            ("Address *,!10.0.0.0/8", true, true),
            ("Address 10.0.0.0/8,2001:db8::/32", true, true),
            ("Address 1?.0.0.1", true, true),
            ("Address ::/0", true, true),
            ("LocalPort 22", true, true),
            ("User bob Address 10.0.0.0/8", false, false),
            ("User !root,* Host *.example.org", true, false),
            ("Address 0.0.0.0/0 Address 10.0.0.0/8", false, true),
        ] {
            let one = Opening { within: within.to_owned(), ..Opening::default() };
            assert_eq!(
                (one.for_strangers(), one.concerns("root"), one.by_place()),
                (strangers, root, true),
                "{within}"
            );
        }
    }
}
