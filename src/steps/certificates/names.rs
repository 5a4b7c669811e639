//! What this step, its questions and its findings are called, here and nowhere else.

use crate::{finding::StepId, steps::step::About};

pub(super) static ABOUT: About = About {
    id: StepId::new("certificates"),
    title: "Certificates",
    why: "The certificates of a fresh installation are the same everywhere and signed by nobody: a caller cannot tell this host from a stranger's. One that runs out, or that a service cannot read, takes logins and SIP over TLS down.",
    handbook: "15.4",
    settled_by: &[],
};

/// Keys of the questions. `G` is a group (`web`, `sip`, `rest`) or a web place (`admin`).
pub(super) mod asks {
    pub(crate) const WEB: &str = "web";
    pub(crate) const SIP: &str = "sip";
    pub(crate) const REST: &str = "rest";
    pub(crate) const SIP_TLS: &str = "sip-tls";

    /// `G.import`, and so on.
    pub(crate) fn below(group: &str, key: &str) -> String {
        format!("{group}.{key}")
    }
    pub(crate) const IMPORT: &str = "import";
    pub(crate) const PASSPHRASE: &str = "passphrase";
    pub(crate) const PASTED: &str = "pasted";
    pub(crate) const NAMES: &str = "names";
    pub(crate) const KEY: &str = "key";
    pub(crate) const ANSWER: &str = "answer";
    pub(crate) const LINEAGE: &str = "lineage";
    pub(crate) const OWN_CA: &str = "own-ca";
    pub(crate) const OTHER_NAMES: &str = "other-names";
}

/// `certificates.web.import`
pub(super) fn full_key(target: &str, key: &str) -> String {
    format!("{}.{}", ABOUT.id, asks::below(target, key))
}

/// How a group's question is answered.
pub(super) mod by {
    pub(crate) const LEAVE: &str = "leave";
    pub(crate) const IMPORT: &str = "import";
    pub(crate) const PASTE: &str = "paste";
    pub(crate) const REQUEST: &str = "request";
    pub(crate) const ANSWER: &str = "answer";
    pub(crate) const SELF_SIGNED: &str = "self-signed";
    pub(crate) const LINEAGE: &str = "lineage";
    pub(crate) const EACH: &str = "each";
    pub(crate) const ON: &str = "on";
    pub(crate) const OFF: &str = "off";
    pub(crate) const REFUSE: &str = "refuse";
    pub(crate) const ACCEPT: &str = "accept";
}

/// Ids of the findings. Behind each stands the group, and the place where the places of a group differ.
pub(super) mod id {
    pub(crate) const DEFAULT: &str = "CERT-DEFAULT";
    pub(crate) const MISSING: &str = "CERT-MISSING";
    pub(crate) const UNREADABLE: &str = "CERT-UNREADABLE";
    pub(crate) const EXPIRED: &str = "CERT-EXPIRED";
    pub(crate) const EXPIRING: &str = "CERT-EXPIRING";
    pub(crate) const KEY_MISMATCH: &str = "CERT-KEY-MISMATCH";
    pub(crate) const WEAK_KEY: &str = "CERT-WEAK-KEY";
    pub(crate) const WEAK_SIGNATURE: &str = "CERT-WEAK-SIGNATURE";
    pub(crate) const PURPOSE: &str = "CERT-PURPOSE";
    pub(crate) const NAME: &str = "CERT-NAME";
    pub(crate) const CHAIN: &str = "CERT-CHAIN";
    pub(crate) const NOT_SERVED: &str = "CERT-NOT-SERVED";
    pub(crate) const KEY_MODE: &str = "CERT-KEY-MODE";
    pub(crate) const SIP_TLS_OFF: &str = "CERT-SIP-TLS-OFF";
    /// The configuration could not be read.
    pub(crate) const PLACES: &str = "CERT-PLACES";
    /// Values that look like a certificate and are in no place that is known.
    pub(crate) const UNLISTED: &str = "CERT-UNLISTED";
}
