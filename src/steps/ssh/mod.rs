//! SSH (handbook 15.3): every key known, every way in deliberate; and never one change after which nobody gets in.

mod doors;
mod facts;
mod findings;
mod inspect;
mod new_keys;
mod patch;
mod places;
mod plan;
mod questions;
mod settings;
#[cfg(test)]
mod tests;
mod trial;
mod usable;

use anyhow::Result;

use self::facts::Facts;

use super::{About, Answers, Form, TypedStep};
use crate::{
    executor::Executor,
    finding::{Finding, StepId},
    plan::Plan,
};

/// The step.
pub(super) struct Ssh;

static ABOUT: About = About {
    id: StepId::new("ssh"),
    title: "SSH logins",
    why: "Images come with SSH keys that anybody can download, in two places, and often take root's password over the network. Whoever tries them first owns the host and its calls.",
    handbook: "15.3",
};

/// Keys of the questions.
mod asks {
    pub(super) const IMAGE_KEYS: &str = "image-keys";
    pub(super) const KEYS: &str = "keys";
    /// One per key that can be chosen: `key.ACCOUNT.BEGINNING-OF-ITS-FINGERPRINT`.
    pub(super) const KEY: &str = "key.";
    pub(super) const MODES: &str = "modes";
    pub(super) const ADD: &str = "add";
    pub(super) const NEW_KEY: &str = "new-key";
    pub(super) const ADD_ACCOUNT: &str = "add.account";
    pub(super) const ROOT_LOGIN: &str = "root-login";
    pub(super) const PASSWORD_LOGIN: &str = "password-login";
    pub(super) const EMPTY_PASSWORDS: &str = "empty-passwords";
    pub(super) const ALGORITHMS: &str = "algorithms";
    pub(super) const FORWARDING: &str = "forwarding";
    pub(super) const HOST_KEYS: &str = "host-keys";
    pub(super) const LAST_WAY: &str = "last-way";
    pub(super) const CONFIRM_WITHIN: &str = "confirm-within";
    /// Everything that may be asked.
    pub(super) const ALL: [&str; 15] = [
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
}

/// Settings this step may change, as they are written.
const WANTED: &[&str] = &[
    "PermitRootLogin",
    "PasswordAuthentication",
    "KbdInteractiveAuthentication",
    "PermitEmptyPasswords",
    "KexAlgorithms",
    "HostKeyAlgorithms",
    "Ciphers",
    "MACs",
    "AllowTcpForwarding",
    "AllowStreamLocalForwarding",
    "AllowAgentForwarding",
    "X11Forwarding",
];
/// Our own file among those that sshd_config includes: the first one by name decides.
const DROP_IN: &str = "00-ngcp-warden.conf";

impl TypedStep for Ssh {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let facts = inspect::look(host)?;
        Ok((findings::findings(&facts), facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}
