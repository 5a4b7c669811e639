//! What is wanted in the words of another firewall that is in charge: it keeps its own rules and opens ours. What it
//! closes is its own business.

use super::openings::{Opening, Openings};
use crate::host::network::Network;

/// One thing that is opened.
pub(crate) struct Allowed {
    /// For people: "SIP 5060/udp for everyone".
    pub(crate) what: String,
    /// Words behind `ufw`; the same behind `ufw delete` take it back.
    pub(crate) ufw: Vec<String>,
    /// An entry of firewalld: `port=5060/udp`, `rich-rule=…`, behind `--add-`, `--remove-` and `--query-`.
    pub(crate) firewalld: String,
}

/// All that is opened.
pub(crate) fn allowed(open: &Openings) -> Vec<Allowed> {
    let everyone = open.everyone.iter().flat_map(|opening| opened(opening, None));
    let networks = open.networks.iter().flatten();
    let trusted =
        networks.flat_map(|network| open.trusted.iter().flat_map(|opening| opened(opening, Some(network))));
    everyone.chain(trusted).collect()
}

fn opened(Opening { name, protocol, ports }: &Opening, from: Option<&Network>) -> Vec<Allowed> {
    let protocol = protocol.word();
    let one = |(first, last): &(u16, u16)| {
        let (ufw, theirs) = match first == last {
            true => (first.to_string(), first.to_string()),
            false => (format!("{first}:{last}"), format!("{first}-{last}")),
        };
        let words = |text: String| text.split(' ').map(str::to_owned).collect();
        match from {
            None => Allowed {
                what: format!("{name}, {theirs}/{protocol}, to everyone"),
                ufw: words(format!("allow {ufw}/{protocol}")),
                firewalld: format!("port={theirs}/{protocol}"),
            },
            Some(network) => {
                let family = if network.to_string().contains(':') { "ipv6" } else { "ipv4" };
                Allowed {
                    what: format!("{name}, {theirs}/{protocol}, to {network}"),
                    ufw: words(format!("allow from {network} to any port {ufw} proto {protocol}")),
                    firewalld: format!(
                        "rich-rule=rule family=\"{family}\" source address=\"{network}\" port port=\"{theirs}\" \
                         protocol=\"{protocol}\" accept"
                    ),
                }
            }
        }
    };
    ports.iter().map(one).collect()
}
