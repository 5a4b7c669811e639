//! The rule among all others: every form that releases gave it, and whether something in front of it takes media away.

use serde::{Deserialize, Serialize};

use crate::{
    host::packet_filter::{Chain, Hook, Rule as Line, Table},
    ngcp::reachable::Ports,
};

/// So deep may chains call each other, and so many rules are looked at.
const DEPTH: usize = 16;
const MOST: usize = 200_000;
/// The daemon writes it beside its rule, which nft itself cannot print.
const MARK: &str = "rtpengine UDP handler";

/// The rule of one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// In place and first.
    Fine,
    /// Not there.
    Missing,
    /// There, and something is wrong with it: behind a rule that accepts first, doubled, of another table.
    Wrong(String),
    /// It cannot be seen, and why.
    Unknown(String),
}

/// Where the rule of one family is.
pub(super) fn find(tables: &[Table], v6: bool, wanted: Option<u32>, media: &[Ports]) -> Rule {
    let mut found = Vec::new();
    for (table, chain) in entries(tables, v6) {
        let mut walk = Walk { table, media, before: None, hits: Vec::new(), left: MOST };
        walk.chain(chain, DEPTH);
        found.extend(walk.hits);
    }
    judged(&found, wanted)
}

/// What the kernel calls for packets to this host, in its order.
fn entries(tables: &[Table], v6: bool) -> Vec<(&Table, &Chain)> {
    let sees = |table: &&Table| !table.dormant && table.family.sees(v6);
    let all =
        tables.iter().filter(sees).flat_map(|table| table.chains.iter().map(move |chain| (table, chain)));
    let mut input: Vec<(i32, (&Table, &Chain))> = all
        .filter_map(|(table, chain)| {
            let base = chain.base.as_ref().filter(|base| base.hook == Hook::Input)?;
            Some((base.priority, (table, chain)))
        })
        .collect();
    input.sort_by_key(|(priority, _)| *priority);
    input.into_iter().map(|(_, entry)| entry).collect()
}

fn judged(hits: &[Hit], wanted: Option<u32>) -> Rule {
    let right: Vec<&Hit> = hits.iter().filter(|hit| hit.id.is_none_or(|id| Some(id) == wanted)).collect();
    let table = wanted.unwrap_or_default();
    match (right.as_slice(), hits) {
        ([], []) => Rule::Missing,
        ([], [other, ..]) => Rule::Wrong(format!(
            "{}: it is of table {}, rtpengine uses table {table}",
            other.place,
            other.id.unwrap_or_default()
        )),
        ([one], [_]) => match &one.behind {
            None => Rule::Fine,
            Some(rule) => {
                Rule::Wrong(format!("{}: it stands behind \"{rule}\", which takes media first", one.place))
            }
        },
        (_, several) => {
            let places: Vec<String> = several
                .iter()
                .map(|hit| match hit.id.filter(|id| *id != table) {
                    Some(id) => format!("{} (table {id})", hit.place),
                    None => hit.place.clone(),
                })
                .collect();
            Rule::Wrong(format!("it is there {} times: {}", several.len(), places.join(", ")))
        }
    }
}

/// The rule, found.
struct Hit {
    /// `iptables-legacy filter, chain rtpengine`
    place: String,
    id: Option<u32>,
    /// The rule in front of it that takes media.
    behind: Option<String>,
}

struct Walk<'a> {
    table: &'a Table,
    media: &'a [Ports],
    before: Option<String>,
    hits: Vec<Hit>,
    left: usize,
}

impl Walk<'_> {
    fn chain(&mut self, chain: &Chain, depth: usize) {
        let spelt = chain.rules.iter().any(is_target);
        let marked =
            chain.rules.iter().filter(|rule| rule.text.contains(MARK)).find_map(|rule| id(&rule.text));
        for rule in &chain.rules {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            // The mark stands for the rule only where the rule itself is not printed.
            if is_target(rule) || (!spelt && rule.text.contains(MARK)) {
                self.hits.push(Hit {
                    place: format!("{}, chain {}", self.table.title(), chain.name),
                    id: id(&rule.text).or(marked),
                    behind: self.before.clone(),
                });
                continue;
            }
            if rule.text.contains(MARK) || !takes_media(&rule.text, self.media) {
                continue;
            }
            let Some(target) = &rule.target else { continue };
            if let Some(next) = self.table.chain(target) {
                if depth > 0 {
                    self.chain(next, depth - 1);
                }
            } else if ["accept", "drop", "reject", "queue", "nfqueue"]
                .contains(&&*target.to_ascii_lowercase())
            {
                self.before.get_or_insert_with(|| rule.text.clone());
            }
        }
    }
}

/// `-j RTPENGINE --id 0`, `xt target "RTPENGINE"`, or the expression `rtpengine` of nft.
fn is_target(rule: &Line) -> bool {
    let words: Vec<&str> = rule.text.split_whitespace().collect();
    let is_jump = |at: usize| at > 0 && ["jump", "goto", "-j", "-g", "comment"].contains(&words[at - 1]);
    rule.target.as_deref() == Some("RTPENGINE")
        || words.iter().any(|word| word.trim_matches('"') == "RTPENGINE")
        || words.iter().enumerate().any(|(at, word)| *word == "rtpengine" && !is_jump(at))
}

fn id(text: &str) -> Option<u32> {
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches('"')).collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1)?.parse().ok()
    };
    after("--id").or_else(|| after("table"))
}

/// Whether a rule may match packets of a stream that runs: by its words, and in doubt it may.
fn takes_media(text: &str, media: &[Ports]) -> bool {
    let text = text.replace("! ", "!");
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches('"')).collect();
    let after = |names: &[&str]| {
        // The name of a match of iptables is none of its words.
        let is = |at: usize| names.contains(&words[at]) && (at == 0 || words[at - 1] != "-m");
        words.get((0..words.len()).find(|at| is(*at))? + 1).copied()
    };
    if after(&["-p", "protocol", "l4proto", "nexthdr"])
        .is_some_and(|one| !["udp", "17", "all"].contains(&one) && !one.starts_with(['!', '{', '@']))
        || ["tcp", "icmp", "icmpv6", "sctp"].contains(words.first().unwrap_or(&""))
        || after(&["-i", "iif", "iifname"]) == Some("lo")
    {
        return false;
    }
    if let Some(state) = after(&["--ctstate", "--state", "state"]) {
        let state = state.to_ascii_lowercase();
        let states: Vec<&str> = state.split(',').map(str::trim).collect();
        if !state.starts_with(['!', '{', '@', '0'])
            && !states.iter().any(|one| ["established", "untracked"].contains(one))
        {
            return false;
        }
    }
    let ports = after(&["--dport", "--dports", "dport"]);
    ports.is_none_or(|ports| media.is_empty() || meets(ports, media))
}

/// Whether a list of ports has one of these; in doubt it has.
fn meets(ports: &str, media: &[Ports]) -> bool {
    ports.split(',').any(|one| {
        let (from, to) = one.split_once([':', '-']).unwrap_or((one, one));
        match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) => media.iter().any(|range| from <= range.to && range.from <= to),
            _ => true,
        }
    })
}
