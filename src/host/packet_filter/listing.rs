//! Whether what `nft` or `iptables` lists is what it was given: the same rules in the same order, however the program
//! of this host writes them. Only the few forms that our own rules have are known here.

/// What differs first, for people; `None` when the listing says what the rules say.
pub fn difference(listing: &str, rules: &str) -> Option<String> {
    let (seen, wanted) = (lines(listing), lines(rules));
    let at = (0..seen.len().max(wanted.len())).find(|at| seen.get(*at) != wanted.get(*at))?;
    Some(match (seen.get(at), wanted.get(at)) {
        (Some(seen), Some(wanted)) => format!("\"{seen}\" in place of \"{wanted}\""),
        (Some(seen), None) => format!("\"{seen}\" besides"),
        (None, wanted) => format!("\"{}\" is not there", wanted.map_or("", String::as_str)),
    })
}

/// Other spellings of the same, by version of nft and by whether it was asked for numbers.
const SPELLINGS: &[(&str, &str)] = &[
    ("priority filter + 10;", "priority 10;"),
    ("priority raw;", "priority -300;"),
    ("ct state 0x2,0x4 ", "ct state established,related "),
    ("tcp flags != 0x2 / 0x1,0x2,0x4,0x10 ", "tcp flags & (fin | syn | rst | ack) != syn "),
    ("tcp flags != syn / fin,syn,rst,ack ", "tcp flags & (fin | syn | rst | ack) != syn "),
    ("tcp flags & (0x1 | 0x2 | 0x4 | 0x10) != 0x2 ", "tcp flags & (fin | syn | rst | ack) != syn "),
    ("tcp flags & (0x10 | 0x4 | 0x2 | 0x1) != 0x2 ", "tcp flags & (fin | syn | rst | ack) != syn "),
];

/// Each line that says something, written one way.
fn lines(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let idle = ["#", "*", ":", "-N ", "add table ", "delete table "];
        if line.is_empty() || line == "COMMIT" || idle.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        match all.last_mut().filter(|_| open) {
            Some(last) => *last += &format!(" {line}"),
            None => all.push(line),
        }
        // The elements of a set are wrapped.
        open = all.last().is_some_and(|line| line.starts_with("elements = {") && !line.contains('}'));
    }
    all.into_iter().filter_map(written).collect()
}

fn written(line: String) -> Option<String> {
    // Elements that time out come and go.
    if line.starts_with("elements = {") && line.contains(" timeout ") {
        return None;
    }
    if let Some(elements) = line.strip_prefix("elements = {").and_then(|rest| rest.strip_suffix('}')) {
        let mut elements: Vec<&str> = elements.split(',').map(str::trim).collect();
        elements.sort_unstable();
        return Some(format!("elements = {{ {} }}", elements.join(", ")));
    }
    let mut line = SPELLINGS.iter().fold(line, |line, (other, ours)| line.replace(other, ours));
    if let Some((before, after)) = line.split_once("--datestop ") {
        let after = after.split_once(' ').map_or("", |(_, after)| after);
        line = format!("{before}--datestop ‹time› {after}");
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "add table inet own\ndelete table inet own\ntable inet own {\n  # who\n  set trusted {\n    type ipv4_addr\n    flags interval\n    \
        elements = { 192.0.2.7, 10.0.0.0/8 }\n  }\n  chain input {\n    type filter hook input priority 10; policy drop;\n    \
        ct state established,related accept\n  }\n}\n";

    #[test]
    fn a_listing_of_another_form_says_the_same() {
        let listing = "table inet own {\n\tset trusted {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 10.0.0.0/8,\n\t\t\t     192.0.2.7 }\n\t}\n\n\
            \tchain input {\n\t\ttype filter hook input priority filter + 10; policy drop;\n\t\tct state 0x2,0x4 accept\n\t}\n}\n";
        assert_eq!(difference(listing, RULES), None);
        let opened = listing.replace("policy drop", "policy accept");
        assert!(difference(&opened, RULES).unwrap().contains("policy accept"));
        let more = listing.replace("ct state", "accept\n\t\tct state");
        assert!(difference(&more, RULES).is_some());
        let fewer = listing.replace("\t\tct state 0x2,0x4 accept\n", "");
        assert!(difference(&fewer, RULES).is_some());
        assert!(difference("", RULES).unwrap().contains("is not there"));
    }

    #[test]
    fn when_a_rule_lifts_itself_does_not_matter() {
        let rule = |until: &str| format!("-A own -m time --datestop {until} -j DROP\n");
        assert_eq!(difference(&format!("-N own\n{}", rule("2026-12-01T00:00:00")), &rule("{until}")), None);
        let other = "-N own\n-A own -j DROP\n";
        assert!(difference(other, &rule("{until}")).is_some());
        let set = |elements: &str| format!("set armed {{\nflags timeout\n{elements}}}\n");
        let element = set("elements = { 2 timeout 8s, 10 timeout 8s }\n");
        assert_eq!(difference(&set(""), &element), None);
    }
}
