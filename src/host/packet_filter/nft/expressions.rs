//! Expressions, tests and sets of nft, out of its JSON.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::names::{self, Sort};
use crate::host::packet_filter::{
    expression::{Expr, Field, Only, Part, Right, Test},
    set::{Data, Element, Go, Set, Span},
};

/// The sets of a table by name.
pub(super) type Sets = BTreeMap<String, Arc<Set>>;

/// A value that a rule makes.
pub(super) fn expr(value: &Value, sets: &Sets) -> Expr {
    known(value, sets).unwrap_or_else(|| Expr::untold("something that nft asks and this does not know"))
}

fn known(value: &Value, sets: &Sets) -> Option<Expr> {
    if let Some(number) = value.as_u64() {
        return Some(Expr::Number(number.into()));
    }
    let (kind, inside) = value.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    let word = |key: &str| inside.get(key).and_then(Value::as_str);
    let untold = |only, what| Some(Expr::Field(Field::Untold(only, what)));
    match kind.as_str() {
        "payload" => Some(Expr::Field(match (word("protocol"), word("field")) {
            (Some(protocol), Some(field)) => names::payload(protocol, field),
            _ => Field::Untold(Only::All, "bytes of the packet"),
        })),
        "meta" => Some(Expr::Field(names::meta(word("key").or(inside.as_str())?))),
        "ct" => Some(Expr::Field(names::connection(word("key")?, word("dir")))),
        "fib" => {
            let flags = inside.get("flags")?.as_array()?;
            let destination =
                word("result") == Some("type") && matches!(flags.as_slice(), [only] if only == "daddr");
            let field = if destination {
                Field::DestinationKind
            } else {
                Field::Untold(Only::All, "the routes of the host")
            };
            Some(Expr::Field(field))
        }
        "&" => combined(inside, sets, Expr::And),
        "|" => combined(inside, sets, Expr::Or),
        "^" => combined(inside, sets, Expr::Xor),
        "concat" => Some(Expr::All(inside.as_array()?.iter().map(|part| expr(part, sets)).collect())),
        "map" => {
            let key = expr(inside.get("key")?, sets);
            let set = set_of(inside.get("data")?, &sorts(&key), sets);
            Some(Expr::Map(Box::new(key), set))
        }
        "numgen" => untold(Only::All, "chance or a count"),
        "jhash" | "symhash" => untold(Only::All, "a hash of the packet"),
        "tcp option" => untold(Only::Protocol(6), "the options of TCP"),
        // An ordinary packet has no such header: nothing that is asked of its fields holds.
        "exthdr" if word("field").is_some() => Some(Expr::Field(Field::Nothing)),
        "exthdr" => untold(Only::Family { v6: true }, "the headers of the packet"),
        "ip option" => untold(Only::Family { v6: false }, "the options of the packet"),
        "socket" => untold(Only::All, "the sockets of the host"),
        "osf" => untold(Only::All, "the system of the sender"),
        _ => None,
    }
}

fn combined(inside: &Value, sets: &Sets, how: fn(Box<Expr>, Box<Expr>) -> Expr) -> Option<Expr> {
    let [left, rest @ ..] = inside.as_array()?.as_slice() else { return None };
    let left = expr(left, sets);
    let sort = Sort::of(&left);
    rest.iter().try_fold(left, |left, right| {
        let right = match sort.number(right) {
            Some(number) => Expr::Number(number),
            None => known(right, sets)?,
        };
        Some(how(Box::new(left), Box::new(right)))
    })
}

/// The sorts of the parts of a key.
pub(super) fn sorts(key: &Expr) -> Vec<Sort> {
    match key {
        Expr::All(parts) => parts.iter().map(Sort::of).collect(),
        one => vec![Sort::of(one)],
    }
}

/// A `match`.
pub(super) fn test(value: &Value, sets: &Sets) -> Part {
    known_test(value, sets).unwrap_or(Part::Perhaps("something that nft asks and this does not know"))
}

fn known_test(value: &Value, sets: &Sets) -> Option<Part> {
    let left = expr(value.get("left")?, sets);
    let right = value.get("right")?;
    let sorts = sorts(&left);
    let flags = matches!(sorts.as_slice(), [Sort::State | Sort::Status | Sort::Flags]);
    let bits = || match sorts.as_slice() {
        [sort] if flags => sort.number(right),
        _ => None,
    };
    let among = |right: &Value| match right {
        Value::String(name) if name.starts_with('@') => set_of(right, &sorts, sets),
        _ if right.get("set").is_some() => set_of(right, &sorts, sets),
        _ => Arc::new(Set::new(vec![Element::of(key(right, &sorts))])),
    };
    let compare = |from: Option<u128>, to: Option<u128>| {
        Some(Right::In(Arc::new(Set::of(vec![Span::Numbers(from?, to?)]))))
    };
    let number = || sorts.first().and_then(|sort| sort.number(right)).filter(|_| sorts.len() == 1);
    let right = match value.get("op").and_then(Value::as_str)? {
        // Flags that are not masked and not compared with one another: any of them.
        "in" if flags => Right::AnyOf(bits()?),
        "!" if flags => Right::NoneOf(bits()?),
        "==" => Right::In(among(right)),
        "in" if right.get("set").is_some() || right.as_str().is_some_and(|name| name.starts_with('@')) => {
            Right::In(among(right))
        }
        "!=" => Right::NotIn(among(right)),
        "<" => compare(Some(0), number()?.checked_sub(1))?,
        "<=" => compare(Some(0), number())?,
        ">" => compare(number()?.checked_add(1), Some(u128::MAX))?,
        ">=" => compare(number(), Some(u128::MAX))?,
        _ => return None,
    };
    Some(Part::Test(Test { left, right }))
}

/// A key, with a span for each part.
fn key(value: &Value, sorts: &[Sort]) -> Vec<Span> {
    let unknown = || vec![Span::Unknown; sorts.len().max(1)];
    match (value.get("concat").and_then(Value::as_array), sorts) {
        (Some(parts), _) if parts.len() == sorts.len() => {
            parts.iter().zip(sorts).map(|(part, sort)| sort.span(part)).collect()
        }
        (None, [sort]) => vec![sort.span(value)],
        // A catch-all of a map with several parts.
        (None, _) if value.as_str() == Some("*") => vec![Span::Any],
        _ => unknown(),
    }
}

/// A set by its name or in place.
pub(super) fn set_of(value: &Value, sorts: &[Sort], sets: &Sets) -> Arc<Set> {
    let named = value.as_str().and_then(|name| name.strip_prefix('@'));
    if let Some(name) = named {
        return sets.get(name).cloned().unwrap_or_else(|| Arc::new(obscure()));
    }
    match value.get("set").and_then(Value::as_array) {
        Some(elements) => Arc::new(Set::new(elements.iter().map(|one| element(one, sorts)).collect())),
        None => Arc::new(obscure()),
    }
}

/// A set of which nothing is known.
fn obscure() -> Set {
    let mut set = Set::default();
    set.moves = Some("a set that could not be read");
    set
}

/// An element as nft writes it, or a pair of a key and what it leads to.
fn element(value: &Value, sorts: &[Sort]) -> Element {
    let (value, data) = match value.as_array().map(Vec::as_slice) {
        Some([value, data]) => (value, Some(data)),
        _ => (value, None),
    };
    let (value, about) = match value.get("elem") {
        Some(about) => (about.get("val").unwrap_or(&Value::Null), Some(about)),
        None => (value, None),
    };
    let leaves = about.and_then(|about| about.get("expires")).is_some_and(|left| left.as_u64() == Some(0));
    // What may stop counting for reasons of its own: a limit, a quota.
    let limited =
        about.is_some_and(|about| ["limit", "quota", "ct count"].iter().any(|key| about.get(key).is_some()));
    Element { key: key(value, sorts), leads_to: data.map(leads_to), leaves: leaves || limited }
}

fn leads_to(value: &Value) -> Data {
    if let Some(go) = verdict(value) {
        return Data::Go(go);
    }
    let number = |value: &Value| {
        value
            .as_u64()
            .map(u128::from)
            .or_else(|| value.as_str().and_then(names::address).map(|(number, _)| number))
    };
    match value.get("concat").and_then(Value::as_array) {
        Some(parts) => Data::Numbers(parts.iter().map(number).collect()),
        None => Data::Numbers(vec![number(value)]),
    }
}

/// A verdict: `{"accept": null}`, `{"jump": {"target": "x"}}`.
pub(super) fn verdict(value: &Value) -> Option<Go> {
    let (word, inside) = value.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    let target = || inside.get("target").and_then(Value::as_str).map(str::to_owned);
    Some(match word.as_str() {
        "accept" => Go::Accept,
        "drop" | "reject" => Go::Drop,
        "return" => Go::Return,
        "continue" => Go::Continue,
        "jump" => target().map_or(Go::Unknown, Go::Jump),
        "goto" => target().map_or(Go::Unknown, Go::Goto),
        _ => return None,
    })
}

/// A named set or map.
pub(super) fn named(value: &Value) -> Set {
    let sorts = match value.get("type") {
        Some(Value::String(one)) => vec![Sort::of_type(one)],
        Some(Value::Array(several)) => {
            several.iter().map(|one| one.as_str().map_or(Sort::Other, Sort::of_type)).collect()
        }
        Some(typeof_) => sorts(&expr(typeof_.get("typeof").unwrap_or(typeof_), &Sets::new())),
        None => vec![Sort::Other],
    };
    let elements = value.get("elem").and_then(Value::as_array);
    let mut set = Set::new(elements.into_iter().flatten().map(|one| element(one, &sorts)).collect());
    let has = |flag: &str| match value.get("flags") {
        Some(Value::Array(flags)) => flags.iter().any(|one| one == flag),
        one => one.is_some_and(|one| one == flag),
    };
    if has("dynamic") {
        set.moves = Some("a set that packets fill");
    }
    set.times_out = has("timeout");
    set
}
