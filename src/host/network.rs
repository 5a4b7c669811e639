//! An address or a network of addresses, IPv4 or IPv6: read, compared, written one way only.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

/// One address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    /// Bits that count. All of them for one address.
    length: u32,
}

impl Network {
    /// Whether it is one address.
    pub fn is_one(&self) -> bool {
        self.length == most(self.address)
    }

    /// The network of this length that an address is in; `None` when no such length is possible.
    pub fn around(address: IpAddr, length: u32) -> Option<Network> {
        (length <= most(address))
            .then(|| Network { address: with_bits(address, cut(bits(address), length)), length })
    }

    /// Whether it is of IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.address.is_ipv6()
    }

    /// An address of it that is none of these, nor the network's own name where it has others.
    pub fn somebody(&self, not: &[IpAddr]) -> IpAddr {
        let step = if self.address.is_ipv4() { 1 << 96 } else { 1 };
        let others = (1..=8u128).map(|n| with_bits(self.address, bits(self.address) | (n * step)));
        let within = |one: &IpAddr| self.covers(&(*one).into()) && !not.contains(one);
        others.into_iter().find(within).unwrap_or(self.address)
    }

    /// Whether every address of the other one is of this one.
    pub fn covers(&self, other: &Network) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.length <= other.length
            && cut(bits(other.address), self.length) == bits(self.address)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Network { address, length: most(address) }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl FromStr for Network {
    type Err = String;

    /// Reads `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`. Bits behind the length are refused: either the length or
    /// the address is not what was meant.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) =
            text.split_once('/').map_or((text, None), |(one, length)| (one, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| {
            format!("'{text}' is no address or network; write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32")
        })?;
        if address.to_canonical() != address {
            return Err(format!("'{text}' is IPv4 written as IPv6; write {}", address.to_canonical()));
        }
        let most = most(address);
        let Some(length) = length else { return Ok(address.into()) };
        let digits = length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse().ok().filter(|length| digits && *length <= most);
        let length =
            length.ok_or_else(|| format!("'{text}': behind the / comes a number from 0 to {most}"))?;
        let network = Network { address: with_bits(address, cut(bits(address), length)), length };
        if network.address != address {
            let all = if length == 0 { " (everybody)" } else { "" };
            return Err(format!(
                "'{text}' is one address with the length of a network; write {address} or {network}{all}"
            ));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    /// As it is read; one address without its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_one() {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.length)
        }
    }
}

fn most(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address from the left.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// An address of the same kind with these bits.
fn with_bits(address: IpAddr, bits: u128) -> IpAddr {
    match address {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(bits >> 96).unwrap_or_default().into()),
        IpAddr::V6(_) => IpAddr::V6(bits.into()),
    }
}

/// Only so many bits from the left.
fn cut(bits: u128, length: u32) -> u128 {
    if length == 0 { 0 } else { bits >> (128 - length) << (128 - length) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_written_one_way_only() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::0/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::1/128", "::1"),
        ] {
            assert_eq!(network(text).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_to_write() {
        for (text, said) in [
            ("10.0.0.5/8", "write 10.0.0.5 or 10.0.0.0/8"),
            ("1.2.3.4/0", "write 1.2.3.4 or 0.0.0.0/0 (everybody)"),
            ("2001:db8::1/64", "write 2001:db8::1 or 2001:db8::/64"),
            ("::ffff:10.0.0.1", "write 10.0.0.1"),
            ("10.0.0.0/33", "a number from 0 to 32"),
            ("10.0.0.0/+8", "a number from 0 to 32"),
            ("10.0.0.0/255.0.0.0", "a number from 0 to 32"),
            ("10.0.0.0/", "a number from 0 to 32"),
            ("::/129", "a number from 0 to 128"),
            ("fe80::1%eth0", "no address or network"),
            ("010.0.0.1", "no address or network"),
            ("10.0.0", "no address or network"),
            ("example.org", "no address or network"),
            ("", "no address or network"),
        ] {
            let why = text.parse::<Network>().unwrap_err();
            assert!(why.contains(said), "{text}: {why}");
        }
    }

    #[test]
    fn a_network_covers_what_begins_as_it_does() {
        for (one, other, covers) in [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.0.0.0/7", false),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "fe80::1", true),
            ("2001:db8::/32", "2001:db9::", false),
        ] {
            assert_eq!(network(one).covers(&network(other)), covers, "{one} {other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_network_is_read_back(v6: bool, number: u128, length in 0u32..=128) {
            let address = if v6 { IpAddr::V6(number.into()) } else { IpAddr::V4(((number >> 96) as u32).into()) };
            prop_assume!(address.to_canonical() == address);
            let length = length.min(most(address));
            let one = Network { address: with_bits(address, cut(bits(address), length)), length };
            prop_assume!(one.address.to_canonical() == one.address);
            prop_assert_eq!(network(&one.to_string()), one);
            prop_assert!(one.covers(&address.into()));
        }

        #[test]
        fn no_text_is_too_odd(text in "[0-9a-f:./% +-]{0,50}") {
            if let Ok(one) = text.parse::<Network>() {
                prop_assert_eq!(network(&one.to_string()), one);
            }
        }
    }
}
