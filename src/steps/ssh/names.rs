//! What this step, its questions and its findings are called, here and nowhere else.

use crate::{finding::StepId, steps::step::About};

pub(super) static ABOUT: About = About {
    id: StepId::new("ssh"),
    title: "SSH logins",
    why: "Robots try the image's keys and root's password. Images come with SSH keys that anybody can download, in two places, and often take root's password over the network. Whoever tries them first owns the host and its calls.",
    handbook: "15.3",
    settled_by: &[
        (id::IMAGE_KEY, asks::IMAGE_KEYS),
        (id::WEAK_KEY, asks::KEYS),
        (id::FILE_MODE, asks::MODES),
        (id::ROOT_PASSWORD, asks::ROOT_LOGIN),
        (id::PASSWORD, asks::PASSWORD_LOGIN),
        (id::EMPTY, asks::EMPTY_PASSWORDS),
        (id::ALGORITHMS, asks::ALGORITHMS),
        (id::FORWARDING, asks::FORWARDING),
        (id::HOST_KEY, asks::HOST_KEYS),
    ],
};

/// Keys of the questions.
pub(super) mod asks {
    pub(crate) const IMAGE_KEYS: &str = "image-keys";
    pub(crate) const KEYS: &str = "keys";
    /// One per key that can be chosen: `key.ACCOUNT.BEGINNING-OF-ITS-FINGERPRINT`.
    pub(crate) const KEY: &str = "key.";
    pub(crate) const MODES: &str = "modes";
    pub(crate) const ADD: &str = "add";
    pub(crate) const NEW_KEY: &str = "new-key";
    pub(crate) const ADD_ACCOUNT: &str = "add.account";
    pub(crate) const ROOT_LOGIN: &str = "root-login";
    pub(crate) const PASSWORD_LOGIN: &str = "password-login";
    pub(crate) const EMPTY_PASSWORDS: &str = "empty-passwords";
    pub(crate) const ALGORITHMS: &str = "algorithms";
    pub(crate) const FORWARDING: &str = "forwarding";
    pub(crate) const HOST_KEYS: &str = "host-keys";
    pub(crate) const LAST_WAY: &str = "last-way";
    pub(crate) const CONFIRM_WITHIN: &str = "confirm-within";
    /// Everything that may be asked.
    pub(crate) const ALL: [&str; 15] = [
        IMAGE_KEYS,
        KEYS,
        KEY,
        MODES,
        ADD,
        NEW_KEY,
        ADD_ACCOUNT,
        ROOT_LOGIN,
        PASSWORD_LOGIN,
        EMPTY_PASSWORDS,
        ALGORITHMS,
        FORWARDING,
        HOST_KEYS,
        LAST_WAY,
        CONFIRM_WITHIN,
    ];

    /// The question about one key.
    pub(crate) fn key(account: &str, short: &str) -> String {
        format!("{KEY}{account}.{short}")
    }
}

/// Ids of the findings.
pub(super) mod id {
    pub(crate) const IMAGE_KEY: &str = "SSH-IMAGE-KEY";
    pub(crate) const WEAK_KEY: &str = "SSH-WEAK-KEY";
    pub(crate) const FILE_MODE: &str = "SSH-KEY-FILE-MODE";
    pub(crate) const ROOT_PASSWORD: &str = "SSH-ROOT-PASSWORD-LOGIN";
    pub(crate) const PASSWORD: &str = "SSH-PASSWORD-LOGIN";
    pub(crate) const EMPTY: &str = "SSH-EMPTY-PASSWORDS";
    pub(crate) const ALGORITHMS: &str = "SSH-WEAK-ALGORITHMS";
    pub(crate) const FORWARDING: &str = "SSH-FORWARDING";
    pub(crate) const HOST_KEY: &str = "SSH-SHARED-HOST-KEY";
    pub(crate) const BROKEN: &str = "SSH-CONFIG-BROKEN";
    pub(crate) const REUSED: &str = "SSH-KEY-REUSED";
    pub(crate) const UNREADABLE: &str = "SSH-KEY-UNREADABLE";
    pub(crate) const OTHER_DOORS: &str = "SSH-OTHER-WAYS-IN";
    pub(crate) const SETTINGS: &str = "SSH-SETTINGS";
    pub(crate) const SESSION: &str = "SSH-SESSION";
}
