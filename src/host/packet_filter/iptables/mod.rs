//! What iptables-save and its kin print: tables of ip_tables and ip6_tables, or the rules that nft cannot print.

pub(super) mod ipset;
mod matches;
mod targets;

use std::collections::BTreeMap;

use self::ipset::Around;
use super::{
    expression::Part,
    ruleset::{Base, Chain, Family, Filter, Hook, Kind, Rule, Table},
};

/// The most rules that are taken in.
const MOST_RULES: usize = 1_000_000;

/// Whether any rule asks or fills a set of `ipset`.
pub(super) fn needs_sets(text: &str) -> bool {
    text.contains("--match-set ") || text.contains("-j SET ")
}

/// The sets that rules fill.
pub(super) fn filled(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| line.starts_with("-A ") && line.contains("-j SET "));
    lines.flat_map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        let fills = |two: &[&str]| matches!(two, ["--add-set" | "--del-set", _]);
        let sets: Vec<_> =
            words.windows(2).filter(|two| fills(two)).filter_map(|two| two.last().copied()).collect();
        sets
    })
}

/// A table that is being read: its chains by name, and the rules that wait until all chains are known.
struct Open {
    table: Table,
    places: BTreeMap<String, usize>,
    rules: Vec<(usize, Vec<String>, String)>,
}

/// Reads the text of `iptables-save`.
///
/// # Errors
/// What is wrong with it. A text without its last `COMMIT` is no whole one.
pub(super) fn read(text: &str, around: &Around<'_>) -> Result<Vec<Table>, String> {
    let mut tables: Vec<Table> = Vec::new();
    let mut open: Option<Open> = None;
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        count += 1;
        if count > MOST_RULES {
            return Err(format!("there are more than {MOST_RULES} rules"));
        }
        match (&mut open, line) {
            (None, line) => {
                let name = line.strip_prefix('*');
                let name = name.ok_or_else(|| format!("'{}' stands outside of a table", short(line)))?;
                open = Some(Open::new(name, around.v6));
            }
            (Some(_), "COMMIT") => tables.extend(open.take().map(|open| open.done(around))),
            (Some(open), line) => open.line(line)?,
        }
    }
    match open {
        Some(_) => Err("it ends in the middle of a table".to_owned()),
        None => Ok(tables),
    }
}

impl Open {
    fn new(name: &str, v6: bool) -> Self {
        let family = if v6 { Family::Ip6 } else { Family::Ip };
        let table = Table {
            filter: Filter::Legacy,
            family,
            name: name.to_owned(),
            dormant: false,
            chains: Vec::new(),
            sets: BTreeMap::new(),
        };
        Open { table, places: BTreeMap::new(), rules: Vec::new() }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(chain) = line.strip_prefix(':') {
            let mut words = chain.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            let base = base(&self.table.name, &name, words.next().unwrap_or_default())?;
            self.places.insert(name.clone(), self.table.chains.len());
            self.table.chains.push(Chain { name, base, rules: Vec::new() });
            return Ok(());
        }
        // Counters stand before a rule when they are asked for.
        let rule =
            line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line, |(_, rule)| rule);
        let said = rule.strip_prefix("-A ").ok_or_else(|| format!("'{}' is no rule", short(line)))?;
        let (chain, said) = said.split_once(' ').unwrap_or((said, ""));
        let at =
            self.places.get(chain).ok_or_else(|| format!("a rule is in no chain: '{}'", short(chain)))?;
        let words = words(said).ok_or_else(|| format!("'{}' has an open quote", short(line)))?;
        self.rules.push((*at, words, said.to_owned()));
        Ok(())
    }

    fn done(mut self, around: &Around<'_>) -> Table {
        for (at, words, text) in self.rules {
            let (parts, target) = rule(&words, around, &self.places);
            if let Some(chain) = self.table.chains.get_mut(at) {
                chain.rules.push(Rule::new(text, target, parts));
            }
        }
        self.table
    }
}

fn short(line: &str) -> String {
    line.chars().take(60).collect()
}

fn rule(
    words: &[String],
    around: &Around<'_>,
    chains: &BTreeMap<String, usize>,
) -> (Vec<Part>, Option<String>) {
    let mut words = matches::Words::new(words);
    let mut parts = matches::read(&mut words, around);
    let (target, does) = targets::read(&mut words, chains, around);
    parts.extend(does);
    (parts, target)
}

fn base(table: &str, chain: &str, policy: &str) -> Result<Option<Base>, String> {
    if policy == "-" {
        return Ok(None);
    }
    let hook = match chain {
        "PREROUTING" => Hook::Prerouting,
        "INPUT" => Hook::Input,
        "FORWARD" => Hook::Forward,
        "OUTPUT" => Hook::Output,
        "POSTROUTING" => Hook::Postrouting,
        other => return Err(format!("it has a chain '{}' with a policy", short(other))),
    };
    let source = matches!(hook, Hook::Input | Hook::Postrouting);
    let (kind, priority) = match table {
        "raw" => (Kind::Filter, -300),
        "mangle" if hook == Hook::Output => (Kind::Route, -150),
        "mangle" => (Kind::Filter, -150),
        "nat" => (Kind::Nat, if source { 100 } else { -100 }),
        "filter" => (Kind::Filter, 0),
        "security" => (Kind::Filter, 50),
        other => return Err(format!("it has a table '{}'", short(other))),
    };
    let drops = match policy {
        "ACCEPT" => false,
        "DROP" => true,
        other => return Err(format!("it has a policy '{}'", short(other))),
    };
    Ok(Some(Base { kind, hook, priority, drops, devices: None }))
}

/// The words of a rule: quotes keep words together, a backslash keeps a quote.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if quoted => word.get_or_insert_default().extend(characters.next()),
            ' ' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word.take());
    (!quoted).then_some(words)
}
