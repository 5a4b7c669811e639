//! What nf_tables holds, out of the JSON of `nft -j list ruleset` and the words of `nft -s -a list ruleset`.

mod expressions;
mod names;
mod statements;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::expression::Part;
use super::ruleset::{Base, Chain, Family, Filter, Hook, Kind, Rule, Table};

/// The most rules, sets and elements that are taken in.
const MOST_THINGS: usize = 1_000_000;

/// Rules that nft cannot print whole: table, chain, place of the rule.
pub(super) type Unprinted = Vec<(usize, usize, usize)>;

/// The tables through which packets go, by family and name, where there are others: version 1.0.6 prints no JSON that
/// can be read where a table sleeps. `None` where none does.
pub(super) fn awake(text: &str) -> Option<Vec<(String, String)>> {
    let words = words::read(text);
    let awake: Vec<_> =
        words.tables.iter().filter(|(family, name)| !words.dormant(family, name)).cloned().collect();
    (awake.len() < words.tables.len()).then_some(awake)
}

/// Reads both, the JSON whole or table by table. The tables, and the rules of iptables-nft that only its own program
/// can print.
///
/// # Errors
/// What is wrong with the JSON.
pub(super) fn read(jsons: &[Vec<u8>], text: &str) -> Result<(Vec<Table>, Unprinted), String> {
    let mut things = Vec::new();
    for json in jsons {
        let mut document: Value =
            serde_json::from_slice(json).map_err(|error| format!("its JSON cannot be read: {error}"))?;
        match document.get_mut("nftables").map(Value::take) {
            Some(Value::Array(some)) => things.extend(some),
            _ => return Err("its JSON has no 'nftables'".to_owned()),
        }
    }
    if things.len() > MOST_THINGS {
        return Err(format!("it has more than {MOST_THINGS} rules and sets"));
    }
    let of = |kind: &'static str| things.iter().filter_map(move |thing| thing.get(kind));
    let mut reader = Reader {
        words: words::read(text),
        filled: filled_by_rules(of("rule")),
        tables: Vec::new(),
        places: BTreeMap::new(),
        unprinted: Vec::new(),
    };
    of("table").try_for_each(|table| reader.table(&name(table, "family")?, &name(table, "name")?))?;
    for (family, name) in reader.words.tables.clone() {
        if reader.words.dormant(&family, &name) {
            reader.table(&family, &name)?;
        }
    }
    for kind in ["set", "map"] {
        of(kind).try_for_each(|set| reader.set(set))?;
    }
    of("chain").try_for_each(|chain| reader.chain(chain))?;
    of("rule").try_for_each(|rule| reader.rule(rule))?;
    Ok((reader.tables, reader.unprinted))
}

struct Reader {
    words: words::Words,
    /// Sets into which rules put elements.
    filled: BTreeSet<(String, String, String)>,
    tables: Vec<Table>,
    /// Tables and chains by name.
    places: BTreeMap<(String, String, String), (usize, usize)>,
    unprinted: Unprinted,
}

fn name(value: &Value, key: &str) -> Result<String, String> {
    let name = value.get(key).and_then(Value::as_str);
    name.map(str::to_owned).ok_or_else(|| format!("its JSON has something without '{key}'"))
}

impl Reader {
    fn table(&mut self, family: &str, name: &str) -> Result<(), String> {
        let known = match family {
            "ip" => Family::Ip,
            "ip6" => Family::Ip6,
            "inet" => Family::Inet,
            "netdev" => Family::Netdev,
            "bridge" => Family::Bridge,
            "arp" => return Ok(()),
            other => return Err(format!("it has a table of a family '{other}'")),
        };
        let key = (family.to_owned(), name.to_owned(), String::new());
        if self.places.contains_key(&key) {
            return Ok(());
        }
        self.places.insert(key, (self.tables.len(), 0));
        self.tables.push(Table {
            filter: Filter::Nft,
            family: known,
            name: name.to_owned(),
            dormant: self.words.dormant(family, name),
            chains: Vec::new(),
            sets: BTreeMap::new(),
        });
        Ok(())
    }

    /// The table that something is in; `None` for those that are not taken in.
    fn of(&mut self, value: &Value) -> Result<Option<(usize, String, String)>, String> {
        let (family, table) = (name(value, "family")?, name(value, "table")?);
        let place = self.places.get(&(family.clone(), table.clone(), String::new()));
        match place {
            Some((at, _)) => Ok(Some((*at, family, table))),
            None if family == "arp" => Ok(None),
            None => Err(format!("it names a table '{family} {table}' that is not there")),
        }
    }

    fn set(&mut self, value: &Value) -> Result<(), String> {
        let Some((at, family, table)) = self.of(value)? else { return Ok(()) };
        let name = name(value, "name")?;
        let mut set = expressions::named(value);
        let key = (family, table, name.clone());
        let flags = self.words.flags.get(&key);
        if self.filled.contains(&key) || flags.is_some_and(|flags| flags.iter().any(|flag| flag == "dynamic"))
        {
            set.moves = Some("a set that packets fill");
        }
        if let Some(table) = self.tables.get_mut(at) {
            table.sets.insert(name, Arc::new(set));
        }
        Ok(())
    }

    fn chain(&mut self, value: &Value) -> Result<(), String> {
        let Some((at, family, table)) = self.of(value)? else { return Ok(()) };
        let name = name(value, "name")?;
        let key = (family, table, name.clone());
        let base = match value.get("hook") {
            Some(_) => Some(base(value, self.words.devices.get(&key).cloned())?),
            None => None,
        };
        if let Some(table) = self.tables.get_mut(at) {
            self.places.insert(key, (at, table.chains.len()));
            table.chains.push(Chain { name, base, rules: Vec::new() });
        }
        Ok(())
    }

    fn rule(&mut self, value: &Value) -> Result<(), String> {
        let Some((_, family, table)) = self.of(value)? else { return Ok(()) };
        let key = (family, table, name(value, "chain")?);
        let (at, chain_at) =
            *self.places.get(&key).ok_or_else(|| format!("a rule is in no chain: '{}'", key.2))?;
        let statements = value.get("expr").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let Some(table) = self.tables.get_mut(at) else { return Ok(()) };
        let (mut parts, mut target) = statements::rule(statements, &table.sets);
        let handle = value.get("handle").and_then(Value::as_u64);
        let text = handle.and_then(|handle| self.words.rules.get(&(key, handle)).cloned());
        let text = text.unwrap_or_else(|| Value::Array(statements.to_vec()).to_string());
        // Older versions say in their words alone which target it is.
        if statements::has_xt(statements) && text.contains("RTPENGINE") {
            parts.retain(|part| !matches!(part, Part::Unknown(_)));
            target = Some("RTPENGINE".to_owned());
        }
        if let Some(chain) = table.chains.get_mut(chain_at) {
            if statements::has_xt(statements) {
                self.unprinted.push((at, chain_at, chain.rules.len()));
            }
            chain.rules.push(Rule::new(text, target, parts));
        }
        Ok(())
    }
}

/// The sets into which rules put elements, whatever their flags say: family, table, set.
fn filled_by_rules<'a>(rules: impl Iterator<Item = &'a Value>) -> BTreeSet<(String, String, String)> {
    let mut filled = BTreeSet::new();
    for rule in rules {
        let (Ok(family), Ok(table)) = (name(rule, "family"), name(rule, "table")) else { continue };
        let statements = rule.get("expr").and_then(Value::as_array).into_iter().flatten();
        for update in statements.filter_map(|statement| statement.get("set").or_else(|| statement.get("map")))
        {
            let set = update.get("set").or_else(|| update.get("map")).and_then(Value::as_str);
            if let Some(set) = set {
                filled.insert((family.clone(), table.clone(), set.trim_start_matches('@').to_owned()));
            }
        }
    }
    filled
}

fn base(value: &Value, told: Option<Vec<String>>) -> Result<Base, String> {
    let hook = match name(value, "hook")?.as_str() {
        "ingress" => Hook::Ingress,
        "prerouting" => Hook::Prerouting,
        "input" => Hook::Input,
        "forward" => Hook::Forward,
        "output" => Hook::Output,
        "postrouting" => Hook::Postrouting,
        "egress" => Hook::Egress,
        other => return Err(format!("it has a chain at a hook '{other}'")),
    };
    let kind = match name(value, "type")?.as_str() {
        "filter" => Kind::Filter,
        "nat" => Kind::Nat,
        "route" => Kind::Route,
        other => return Err(format!("it has a chain of a type '{other}'")),
    };
    let priority =
        value.get("prio").and_then(Value::as_i64).and_then(|priority| i32::try_from(priority).ok());
    let priority = priority.ok_or("it has a chain without a priority")?;
    let drops = match value.get("policy").and_then(Value::as_str) {
        Some("drop") => true,
        Some("accept") | None => false,
        Some(other) => return Err(format!("it has a policy '{other}'")),
    };
    let devices = match value.get("dev") {
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(several)) => several.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => told,
    };
    Ok(Base { kind, hook, priority, drops, devices })
}
