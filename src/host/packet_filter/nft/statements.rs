//! Statements of nft, out of its JSON: what a rule does.

use serde_json::Value;

use super::{
    expressions::{Sets, expr, set_of, sorts, test, verdict},
    names::{self, Sort},
};
use crate::host::packet_filter::{
    expression::{Expr, NewAddress, Part, Redirect},
    set::{Data, Go},
};

/// A rule, and where it leads. Where it holds something of iptables that nft cannot print, it has an unknown part.
pub(super) fn rule(statements: &[Value], sets: &Sets) -> (Vec<Part>, Option<String>) {
    let mut parts = Vec::new();
    let mut target = None;
    for statement in statements {
        if let Some(part) = part(statement, sets) {
            target = leads_to(&part, statement).or(target);
            parts.push(part);
        } else {
            target =
                statement.get("xt").and_then(|xt| xt.get("name")?.as_str()).map(str::to_owned).or(target);
        }
    }
    (parts, target)
}

/// Whether nft says of a rule that something of iptables is in it which it cannot print.
pub(super) fn has_xt(statements: &[Value]) -> bool {
    statements.iter().any(|statement| statement.get("xt").is_some())
}

fn leads_to(part: &Part, statement: &Value) -> Option<String> {
    match part {
        Part::Go(Go::Jump(chain) | Go::Goto(chain)) => Some(chain.clone()),
        Part::Go(_) | Part::Notrack | Part::Redirect(_) | Part::Masquerade | Part::Queue => {
            statement.as_object()?.keys().next().cloned()
        }
        Part::Unknown(_) => statement.get("xt")?.get("name")?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// One statement; `None` when it does nothing to a packet.
fn part(statement: &Value, sets: &Sets) -> Option<Part> {
    if let Some(go) = verdict(statement) {
        return Some(Part::Go(go));
    }
    let Some((kind, inside)) =
        statement.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next())
    else {
        return Some(Part::Unknown(short(statement)));
    };
    match kind.as_str() {
        "match" => Some(test(inside, sets)),
        "vmap" => {
            let (Some(key), Some(data)) = (inside.get("key"), inside.get("data")) else {
                return Some(Part::Unknown(short(statement)));
            };
            let key = expr(key, sets);
            let set = set_of(data, &sorts(&key), sets);
            Some(Part::Choose(key, set))
        }
        "counter" | "log" | "comment" | "ct helper" | "ct timeout" | "ct expectation" | "secmark" | "dup"
        | "last" => None,
        "limit" | "meter" => Some(Part::Perhaps("the rate")),
        "quota" => Some(Part::Perhaps("how much came before")),
        "ct count" => Some(Part::Perhaps("how many connections there are")),
        "set" | "map" => update(inside),
        "mangle" => mangle(inside, sets),
        "notrack" => Some(Part::Notrack),
        "redirect" => Some(redirect(inside, NewAddress::Ours, sets)),
        "dnat" => Some(match destination(inside, sets) {
            Some(address) => redirect(inside, address, sets),
            None => Part::Unknown(short(statement)),
        }),
        "snat" | "masquerade" => Some(Part::Masquerade),
        "queue" => Some(Part::Queue),
        "xt" => foreign(inside),
        _ => Some(Part::Unknown(short(statement))),
    }
}

/// Something of iptables that nft cannot print.
fn foreign(inside: &Value) -> Option<Part> {
    let word = |key: &str| inside.get(key).and_then(Value::as_str);
    match (word("type"), word("name")) {
        (Some("match"), _) => Some(Part::Perhaps("something of iptables that nft cannot print")),
        // The kernel's part of rtpengine takes packets of running calls; all others go on.
        (_, Some("RTPENGINE")) => None,
        (_, name) => {
            Some(Part::Unknown(name.unwrap_or("something of iptables that nft cannot print").to_owned()))
        }
    }
}

/// Putting an element in a set may fail when it is full, or be limited: the rule ends there then.
fn update(inside: &Value) -> Option<Part> {
    let limited = inside.get("stmt").is_some();
    let removes = inside.get("op").and_then(Value::as_str) == Some("delete");
    (!removes).then_some(Part::Perhaps(if limited { "the rate" } else { "a set that packets fill" }))
}

fn mangle(inside: &Value, sets: &Sets) -> Option<Part> {
    let unknown = || Part::Unknown(short(inside));
    let Some(key) = inside.get("key") else { return Some(unknown()) };
    let value = inside.get("value").unwrap_or(&Value::Null);
    let word = |kind: &str| {
        key.get(kind).and_then(|inside| inside.get("key").or(Some(inside))).and_then(Value::as_str)
    };
    match (word("meta"), word("ct")) {
        (Some("mark"), _) => Some(Part::Mark(expr(value, sets))),
        (_, Some("mark")) => Some(Part::ConnectionMark(expr(value, sets))),
        (Some("nftrace" | "priority" | "secmark" | "pkttype"), _)
        | (_, Some("event" | "label" | "secmark" | "helper")) => {
            // Another packet type is seen by later rules.
            (word("meta") == Some("pkttype")).then(unknown)
        }
        _ => {
            let field = key.get("payload").and_then(|payload| payload.get("field")).and_then(Value::as_str);
            (!matches!(field, Some("ttl" | "hoplimit" | "dscp" | "ecn"))).then(unknown)
        }
    }
}

fn destination(inside: &Value, sets: &Sets) -> Option<NewAddress> {
    let Some(address) = inside.get("addr") else { return Some(NewAddress::Same) };
    if let Some((number, _)) = address.as_str().and_then(names::address) {
        return Some(NewAddress::Given(Expr::Number(number)));
    }
    let map = match address.get("map") {
        Some(_) => expr(address, sets),
        None => Expr::untold("which of several addresses it is sent to"),
    };
    Some(match &map {
        Expr::Map(_, set) if set.elements().iter().any(|one| pair(one.leads_to.as_ref())) => {
            NewAddress::Pair(map)
        }
        _ => NewAddress::Given(map),
    })
}

fn pair(data: Option<&Data>) -> bool {
    matches!(data, Some(Data::Numbers(numbers)) if numbers.len() == 2)
}

fn redirect(inside: &Value, address: NewAddress, sets: &Sets) -> Part {
    let port = inside.get("port").map(|port| match Sort::Number.number(port) {
        Some(number) => Expr::Number(number),
        None if port.get("map").is_some() => expr(port, sets),
        None => Expr::untold("which of several ports it is sent to"),
    });
    Part::Redirect(Redirect { address, port })
}

/// A statement in short, for people.
fn short(statement: &Value) -> String {
    let text = match statement {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    text.chars().take(80).collect()
}
