//! A rule of a packet filter, known by its form: protocols, ports and addresses leave no place for a secret.

/// Whether a word is of a kind.
type Is = fn(&str) -> bool;

/// What may follow a word of iptables.
const WORDS: &[(&str, Is)] = &[
    ("-A", is_chain),
    ("-I", is_chain),
    ("-p", is_protocol),
    ("-m", is_match),
    ("-s", is_address),
    ("-d", is_address),
    ("-i", is_loopback),
    ("-o", is_loopback),
    ("-j", is_target),
    ("--sport", is_number),
    ("--dport", is_number),
    ("--sports", is_number),
    ("--dports", is_number),
    ("--icmp-type", is_number),
    ("--icmpv6-type", is_number),
    ("--ctstate", is_state),
    ("--state", is_state),
    ("--comment", is_own_remark),
];

/// `- -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT`: an entry of a list of rules.
pub(super) fn is_listed(text: &str) -> bool {
    text.strip_prefix("- ").is_some_and(|rule| is_packet_rule(rule.trim_matches(['\'', '"'])))
}

/// `-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT`; with a remark only where it is one of ours.
fn is_packet_rule(text: &str) -> bool {
    let mut words = text.split(' ').peekable();
    if !matches!(words.peek(), Some(&("-A" | "-I"))) {
        return false;
    }
    while let Some(word) = words.next() {
        let fine = match word {
            "!" => true,
            "--tcp-flags" => {
                [words.next(), words.next()].into_iter().all(|flags| flags.is_some_and(is_flags))
            }
            word => {
                let known = WORDS.iter().find(|(one, _)| *one == word);
                known.is_some_and(|(_, is)| words.next().is_some_and(is))
            }
        };
        if !fine {
            return false;
        }
    }
    true
}

fn is_chain(word: &str) -> bool {
    ["INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"].contains(&word)
}

fn is_protocol(word: &str) -> bool {
    ["tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "sctp", "esp", "ah", "vrrp", "all"].contains(&word)
}

fn is_match(word: &str) -> bool {
    is_protocol(word) || ["icmp6", "conntrack", "state", "multiport", "comment"].contains(&word)
}

fn is_target(word: &str) -> bool {
    ["ACCEPT", "DROP", "REJECT", "RETURN"].contains(&word)
}

fn is_loopback(word: &str) -> bool {
    word == "lo"
}

fn is_state(word: &str) -> bool {
    word.split(',').all(|state| ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"].contains(&state))
}

fn is_flags(word: &str) -> bool {
    let known = ["FIN", "SYN", "RST", "ACK", "PSH", "URG", "ALL", "NONE"];
    word.split(',').all(|flag| known.contains(&flag))
}

/// A port, a range of them or several.
fn is_number(word: &str) -> bool {
    word.split([':', ',']).all(|number| number.parse::<u16>().is_ok())
}

fn is_address(word: &str) -> bool {
    let (address, length) = word.split_once('/').unwrap_or((word, "0"));
    address.parse::<std::net::IpAddr>().is_ok() && length.parse::<u8>().is_ok()
}

/// Of ours it is the name of a service or of a port.
fn is_own_remark(word: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b);
    word.strip_prefix("ngcp-warden:").is_some_and(|name| name.len() <= 24 && name.bytes().all(fine))
}

#[cfg(test)]
mod tests {
    use super::is_packet_rule;

    #[test]
    fn a_rule_is_known_by_its_form_and_words_of_people_are_not() {
        for rule in [
            "-A INPUT -i lo -m comment --comment ngcp-warden:general -j ACCEPT",
            "-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m comment --comment ngcp-warden:general -j ACCEPT",
            "-A INPUT -s 2001:db8::/32 -p udp -m udp --dport 30000:44999 -m comment --comment ngcp-warden:listener.80-tcp -j ACCEPT",
            "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ] {
            assert!(is_packet_rule(rule), "{rule}");
        }
        for other in [
            "",
            "-A",
            "-A hunter2",
            "-A INPUT -m string --string hunter2 -j DROP",
            "-A INPUT -m comment --comment hunter2 -j ACCEPT",
            "-A INPUT -m comment --comment \"ngcp-warden: hunter2\" -j ACCEPT",
            "-A INPUT -j LOG --log-prefix hunter2",
            "-A INPUT -p tcp --dport 22 -j ACCEPT # hunter2",
            "-A INPUT -s hunter2 -j ACCEPT",
            "-A INPUT  -j ACCEPT",
        ] {
            assert!(!is_packet_rule(other), "{other}");
        }
    }
}
