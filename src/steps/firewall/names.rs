//! What this step, its questions and its findings are called, here and nowhere else.

use crate::{finding::StepId, steps::step::About};

pub(super) static ABOUT: About = About {
    id: StepId::new("firewall"),
    title: "Firewall",
    why: "A fresh installation answers everybody on every port: databases, administration and logins as well as calls. Any other firewall may silently remove the rule that keeps media in the kernel.",
    handbook: "15.2",
    settled_by: &[
        (id::OFF, asks::RULES),
        (id::IPV6_OPEN, asks::RULES),
        (id::ADMIN_OPEN, asks::RULES),
        (id::SERVICE_BLOCKED, asks::RULES),
        (id::NOT_PERSISTENT, asks::RULES),
        (id::DRIFT, asks::RULES),
        (id::CONFLICT, asks::RULES),
        (id::EXPOSED_LISTENER, asks::RULES),
        (id::RTPENGINE_MISSING, asks::RTPENGINE),
        (id::RTPENGINE_ORDER, asks::RTPENGINE),
        (id::SIP_BANS_OFF, asks::SIP_BANS),
    ],
};

/// Keys of the questions. Each service is a question as well, by its name in `assets/services.yml`.
pub(super) mod asks {
    /// Whether our rules are put in place: [`super::by::SET`], [`super::by::LEAVE`], [`super::by::REMOVE`]; where another
    /// firewall is in charge [`super::by::NATIVE`] or [`super::by::LEAVE`].
    pub(crate) const RULES: &str = "rules";
    /// Networks that are trusted.
    pub(crate) const TRUSTED: &str = "trusted";
    /// Further ports for everyone, like `8443/tcp` or `7000-7010/udp`.
    pub(crate) const EXTRA_EVERYONE: &str = "extra-everyone";
    /// Further ports for the trusted networks.
    pub(crate) const EXTRA_TRUSTED: &str = "extra-trusted";
    /// Whether refused packets are logged, with a limit.
    pub(crate) const LOGGING: &str = "logging";
    /// Whether media is kept out of connection tracking.
    pub(crate) const TRACKING: &str = "rtp-tracking";
    /// Whether two restarts within ten minutes delay our rules by five.
    pub(crate) const SAFE_START: &str = "safe-start";
    /// Whether the rule of rtpengine is put back.
    pub(crate) const RTPENGINE: &str = "rtpengine";
    /// Whether units of ours repair after another firewall's reload.
    pub(crate) const WATCH: &str = "watch";
    /// Whether SIP senders that flood or guess passwords are banned for a while.
    pub(crate) const SIP_BANS: &str = "sip-bans";
    /// Who is never banned.
    pub(crate) const NEVER_BANNED: &str = "never-banned";
    /// Whether SSH must stay reachable: [`super::by::REFUSE`] a plan that closes it, or [`super::by::CONSOLE`].
    pub(crate) const LAST_WAY: &str = "last-way";
    /// Seconds in which new rules must be confirmed.
    pub(crate) const CONFIRM_WITHIN: &str = "confirm-within";
    /// Begins the keys of what listens and is in no table: `listener.9100-tcp`, answered like a service.
    pub(crate) const LISTENER: &str = "listener.";

    /// Key of what listens on a port and is in no table.
    pub(crate) fn listener(port: u16, protocol: crate::host::packet_filter::Protocol) -> String {
        format!("{LISTENER}{port}-{}", protocol.word())
    }
}

/// How questions are answered.
pub(super) mod by {
    pub(crate) const EVERYONE: &str = "everyone";
    pub(crate) const TRUSTED: &str = "trusted";
    pub(crate) const NOBODY: &str = "nobody";
    pub(crate) const SET: &str = "set";
    pub(crate) const LEAVE: &str = "leave";
    pub(crate) const REMOVE: &str = "remove";
    pub(crate) const REPAIR: &str = "repair";
    pub(crate) const ON: &str = "on";
    pub(crate) const OFF: &str = "off";
    /// The commands of the firewall that is in charge.
    pub(crate) const NATIVE: &str = "native";
    pub(crate) const REFUSE: &str = "refuse";
    pub(crate) const CONSOLE: &str = "console";
}

/// Ids of the findings. Where several services or listeners differ, the name stands behind: `FIREWALL-EXPOSED-LISTENER-3306`.
pub(super) mod id {
    pub(crate) const OFF: &str = "FIREWALL-OFF";
    pub(crate) const IPV6_OPEN: &str = "FIREWALL-IPV6-OPEN";
    pub(crate) const ADMIN_OPEN: &str = "FIREWALL-ADMIN-OPEN";
    pub(crate) const SERVICE_BLOCKED: &str = "FIREWALL-SERVICE-BLOCKED";
    pub(crate) const EXPOSED_LISTENER: &str = "FIREWALL-EXPOSED-LISTENER";
    pub(crate) const NOT_PERSISTENT: &str = "FIREWALL-NOT-PERSISTENT";
    pub(crate) const CONFLICT: &str = "FIREWALL-CONFLICT";
    pub(crate) const DRIFT: &str = "FIREWALL-DRIFT";
    pub(crate) const RTPENGINE_MISSING: &str = "FIREWALL-RTPENGINE-MISSING";
    pub(crate) const RTPENGINE_ORDER: &str = "FIREWALL-RTPENGINE-ORDER";
    pub(crate) const SIP_BANS_OFF: &str = "FIREWALL-SIP-BANS-OFF";
    /// A port of config.yml that is none.
    pub(crate) const PORTS: &str = "FIREWALL-PORTS";
}
