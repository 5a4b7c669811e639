//! What this step, its questions and its findings are called, here and nowhere else.

use crate::{finding::StepId, steps::step::About};

pub(super) static ABOUT: About = About {
    id: StepId::new("support-access"),
    title: "Vendor support access",
    why: "Support access lets Sipwise's staff log in over SSH. They come with a key, from one server of theirs. Whoever steals that key gets in too, on every host that left the door open.",
    handbook: "15.1",
    settled_by: &[(id::ENABLED, asks::ACCESS), (id::KEYS, asks::KEYS), (id::PASSWORD, asks::PASSWORD)],
};

/// Keys of the questions.
pub(super) mod asks {
    pub(crate) const ACCESS: &str = "access";
    pub(crate) const KEYS: &str = "keys";
    pub(crate) const PASSWORD: &str = "password";
}

/// Ids of the findings.
pub(super) mod id {
    pub(crate) const ENABLED: &str = "SUPPORT-ACCESS-ENABLED";
    pub(crate) const KEYS: &str = "SUPPORT-ACCESS-KEYS";
    pub(crate) const PASSWORD: &str = "SUPPORT-ACCESS-PASSWORD";
    pub(crate) const PERMIT_FROM: &str = "SUPPORT-ACCESS-PERMIT-FROM";
}
