//! The text of our rules, from what is wanted: for nft, for iptables, for config.yml of the platform. No host is looked
//! at here, nothing is loaded.

pub(super) mod iptables;
pub(super) mod managed;
pub(super) mod native;
pub(super) mod nft;
mod openings;
pub(super) mod stored;
#[cfg(test)]
mod tests;

pub(super) use openings::Openings;

/// Of our table, and of our chains among those of others.
pub(super) const NFT_TABLE: &str = "ngcp_warden";
/// So begins what the kernel logs of a refused packet.
const LOG_PREFIX: &str = "ngcp-warden: ";
/// Refused packets that are logged in a minute, and at once.
const LOG_RATE: (u32, u32) = (10, 20);

/// Whether rules lift themselves after a while, because nobody has confirmed them yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    /// After `{seconds}`, at `{until}`.
    Armed,
    /// They stay.
    Permanent,
}
