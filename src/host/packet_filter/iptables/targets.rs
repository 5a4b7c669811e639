//! What a rule of iptables does.

use std::collections::BTreeMap;

use super::{
    ipset::{Around, number},
    matches::{Words, masked},
};
use crate::host::packet_filter::{
    expression::{Expr, Field, NewAddress, Part, Redirect},
    set::Go,
};

const ALL: u128 = 0xffff_ffff;

/// The target of a rule by name, and what it does.
pub(super) fn read(
    words: &mut Words<'_>,
    chains: &BTreeMap<String, usize>,
    around: &Around<'_>,
) -> (Option<String>, Vec<Part>) {
    let how = words.next();
    let Some(name) = words.next() else { return (None, Vec::new()) };
    let options: Vec<_> = std::iter::from_fn(|| words.next()).collect();
    let parts = if how == Some("-g") {
        vec![Part::Go(Go::Goto(name.to_owned()))]
    } else if chains.contains_key(name) {
        vec![Part::Go(Go::Jump(name.to_owned()))]
    } else {
        target(name, &options, around)
    };
    (Some(name.to_owned()), parts)
}

fn target(name: &str, options: &[&str], around: &Around<'_>) -> Vec<Part> {
    let value =
        |option: &str| options.windows(2).find(|two| two.first() == Some(&option)).and_then(|two| two.last());
    let part = match name {
        "ACCEPT" => Some(Part::Go(Go::Accept)),
        "DROP" | "REJECT" => Some(Part::Go(Go::Drop)),
        "RETURN" => Some(Part::Go(Go::Return)),
        // The kernel's part of rtpengine takes packets of running calls; all others go on.
        "RTPENGINE" | "MEDIAPROXY" => return Vec::new(),
        "LOG" | "NFLOG" | "ULOG" | "TTL" | "HL" | "TOS" | "DSCP" | "ECN" | "TCPMSS" | "CLASSIFY"
        | "TRACE" | "AUDIT" | "CHECKSUM" | "RATEEST" | "IDLETIMER" | "LED" | "TEE" | "SECMARK"
        | "CONNSECMARK" | "SET" => return Vec::new(),
        "MARK" => value("--set-xmark")
            .and_then(|mark| masked(mark))
            .map(|(set, mask)| Part::Mark(xmark(Field::Mark, set, mask))),
        "CONNMARK" => connmark(options),
        "NOTRACK" => Some(Part::Notrack),
        "CT" => match options {
            ["--notrack"] => Some(Part::Notrack),
            ["--helper" | "--timeout" | "--ctevents" | "--expevents", _] => return Vec::new(),
            _ => None,
        },
        "REDIRECT" => {
            let port = value("--to-ports").map(|port| new_port(port));
            Some(Part::Redirect(Redirect { address: NewAddress::Ours, port }))
        }
        "DNAT" => value("--to-destination").map(|to| dnat(to, around.v6)),
        "SNAT" | "MASQUERADE" => Some(Part::Masquerade),
        "QUEUE" | "NFQUEUE" => Some(Part::Queue),
        _ => None,
    };
    vec![part.unwrap_or_else(|| Part::Unknown(name.to_owned()))]
}

/// (old and not mask) xor value.
fn xmark(field: Field, value: u128, mask: u128) -> Expr {
    Expr::Field(field).and(ALL & !mask).xor(Expr::Number(value))
}

fn new_port(port: &str) -> Expr {
    match port.parse::<u16>() {
        Ok(port) => Expr::Number(port.into()),
        Err(_) => Expr::untold("which of several ports it is sent to"),
    }
}

fn dnat(to: &str, v6: bool) -> Part {
    let (address, port) = match to.strip_prefix('[').and_then(|to| to.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':')),
        None if v6 => (to, None),
        None => to.split_once(':').map_or((to, None), |(address, port)| (address, Some(port))),
    };
    let address = match (address, number(address, v6)) {
        ("", _) => NewAddress::Same,
        (_, Some(number)) => NewAddress::Given(Expr::Number(number)),
        (_, None) => NewAddress::Given(Expr::untold("which of several addresses it is sent to")),
    };
    Part::Redirect(Redirect { address, port: port.map(new_port) })
}

fn connmark(options: &[&str]) -> Option<Part> {
    let (packet, connection) = (Expr::Field(Field::Mark), Expr::Field(Field::ConnectionMark));
    let mask = |text: &str| masked(text).map(|(mask, _)| mask);
    let (how, of_packet, of_connection) = match options {
        ["--set-xmark", value] => {
            let (value, mask) = masked(value)?;
            return Some(Part::ConnectionMark(xmark(Field::ConnectionMark, value, mask)));
        }
        [how] => (how, ALL, ALL),
        [how, "--mask", both] => (how, mask(both)?, mask(both)?),
        [how, "--nfmask", one, "--ctmask", other] => (how, mask(one)?, mask(other)?),
        _ => return None,
    };
    match *how {
        "--save-mark" => {
            Some(Part::ConnectionMark(connection.and(ALL & !of_connection).xor(packet.and(of_packet))))
        }
        "--restore-mark" => Some(Part::Mark(packet.and(ALL & !of_packet).xor(connection.and(of_connection)))),
        _ => None,
    }
}
