//! What the host will have to carry, before the operator says it: as it was measured, as far as it was.

use super::{facts::Facts, names::figure};

/// Figures that the operator confirms or gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// Accounts.
    pub(super) subscribers: i64,
    /// Of 100 of them.
    pub(super) behind_nat: i64,
    /// Seconds between two registrations of a phone.
    pub(super) register_every: i64,
    /// Calls that begin per second.
    pub(super) calls: i64,
    /// In percent.
    pub(super) growth: i64,
}

/// Phones without a measured share are taken to be behind NAT, all of them: that is what takes most.
const BEHIND_NAT: i64 = 100;
/// What the handbook's default of `default_expires` makes phones do, in seconds.
const REGISTER_EVERY: i64 = 3600;
/// Of so many subscribers one begins a call each second in the busy hour, at least one at all.
const SUBSCRIBERS_PER_CALL: i64 = 1000;
/// Room for so many of 100 more.
const GROWTH: i64 = 20;

impl Expected {
    /// Of this host.
    pub(super) fn of(facts: &Facts) -> Self {
        let measured = |name: &str| facts.measured.get(name).map(|measured| measured.value);
        let subscribers = measured(figure::SUBSCRIBERS_NOW).map_or(0, |number| number.round() as i64);
        let registered = measured(figure::REGISTERED_NOW).filter(|number| *number > 0.0);
        let share = registered.zip(measured(figure::NATED_NOW));
        let share = share.map(|(registered, nated)| (100.0 * nated / registered).ceil() as i64);
        let expires = facts.options.iter().find(|option| option.name == "proxy-default-expires");
        let expires = expires.and_then(|option| option.text.as_deref()?.trim().parse().ok());
        Expected {
            subscribers,
            behind_nat: share.unwrap_or(BEHIND_NAT).clamp(0, 100),
            register_every: expires.filter(|seconds| *seconds > 0).unwrap_or(REGISTER_EVERY),
            calls: (subscribers / SUBSCRIBERS_PER_CALL).max(1),
            growth: GROWTH,
        }
    }
}
