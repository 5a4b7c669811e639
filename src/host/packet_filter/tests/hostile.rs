//! What nobody understands, or what was made to break a reader: never a panic, and never closed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{filters, judged, read_save, tcp};
use crate::host::packet_filter::{Verdict, nft};

/// A table of nft with one base chain at input, which drops what no rule lets in.
fn table(rules: &[Value], more: Vec<Value>) -> String {
    let mut things = vec![
        json!({"table": {"family": "inet", "name": "t", "handle": 1}}),
        json!({"chain": {"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}),
        json!({"chain": {"family": "inet", "table": "t", "name": "a"}}),
        json!({"chain": {"family": "inet", "table": "t", "name": "b"}}),
    ];
    things.extend(more);
    things.extend(rules.iter().map(|expr| {
        let chain = expr.get("in").and_then(Value::as_str).unwrap_or("i").to_owned();
        json!({"rule": {"family": "inet", "table": "t", "chain": chain, "expr": expr.get("expr").unwrap_or(expr)}})
    }));
    json!({ "nftables": things }).to_string()
}

#[test]
fn what_the_reader_does_not_know_is_never_closed() {
    let strange = [
        json!([{"match": {"op": "==", "left": {"payload": {"base": "th", "offset": 3, "len": 5}}, "right": 7}}, {"accept": null}]),
        json!([{"match": {"op": "is like", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}}, {"accept": null}]),
        json!([{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "quic"}}, {"accept": null}]),
        json!([{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@gone"}}, {"accept": null}]),
        json!([{"match": {"op": "==", "left": {"teleport": 1}, "right": 1}}, {"accept": null}]),
        json!([{"match": {}}, {"accept": null}]),
        json!([{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@gone"}}]),
        json!([{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": {"set": [[22, {"teleport": null}]]}}}]),
        json!(["jump {\n accept\n }"]),
        json!([{"teleport": null}]),
        json!([{"xt": null}]),
        json!([{"xt": {"type": "target", "name": "TELEPORT"}}]),
        json!([{"jump": {"target": "gone"}}]),
        json!([{"jump": {}}]),
        json!([{"queue": {"num": 1}}]),
        json!([{"limit": {"rate": 10}}, {"accept": null}]),
        json!([{"match": {"op": "==", "left": {"numgen": {"mode": "random", "mod": 2, "offset": 0}}, "right": 0}}, {"accept": null}]),
    ];
    for expr in strange {
        // Whether it is the answer's or the first packet's: the rest is open.
        let open = json!([{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "established"}}, {"accept": null}]);
        let filters = filters(&table(&[expr.clone(), open], vec![]), "", "");
        assert_eq!(tcp(&filters, "192.0.2.9", 22).0, Verdict::Unknown, "{expr}");
    }
    for rule in [
        "-m teleport --now",
        "-m u32 --u32 0x0",
        "-m set --match-set gone src",
        "--strange",
        "-p quic",
        "-m tcp",
    ] {
        let save = format!(
            "*filter\n:INPUT DROP\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\n-A INPUT {rule} -j ACCEPT\nCOMMIT\n"
        );
        let verdict = tcp(&filters("", "", &save), "192.0.2.9", 22).0;
        assert_ne!(verdict, Verdict::Closed, "{rule}");
    }
    for target in ["TELEPORT", "NFQUEUE --queue-num 0", "TPROXY --on-port 1", "SYNPROXY", "CT --zone 1"] {
        let save = format!("*filter\n:INPUT DROP\n-A INPUT -j {target}\nCOMMIT\n");
        assert_eq!(tcp(&filters("", "", &save), "192.0.2.9", 22).0, Verdict::Unknown, "{target}");
    }
}

/// What is not whole is an error for the reader, and everything is unknown then.
#[test]
fn what_is_cut_off_is_not_taken_for_whole() {
    let whole = table(&[json!([{"accept": null}])], vec![]);
    for end in (1..whole.len()).step_by(7) {
        assert!(nft::read(&[whole.as_bytes()[..end].to_vec()], "").is_err(), "{end}");
    }
    let save = "*filter\n:INPUT ACCEPT\n-A INPUT -j ACCEPT\nCOMMIT\n*raw\n:PREROUTING ACCEPT\n";
    assert!(read_save(save).is_err());
    assert!(read_save("-A INPUT -j ACCEPT\n").is_err());
    assert!(read_save("*filter\n:INPUT ACCEPT\n-A GONE -j ACCEPT\nCOMMIT\n").is_err());
    assert!(read_save("*filter\n:INPUT ACCEPT\n-A INPUT -m comment --comment \"x\nCOMMIT\n").is_err());
    for text in ["", "null", "{}", "[]", "{\"nftables\": {}}", "{\"nftables\": [{\"rule\": {}}]}"] {
        assert!(nft::read(&[text.as_bytes().to_vec()], "").is_err(), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(nft::read(&[deep.into_bytes()], "").is_err());
}

#[test]
fn chains_that_call_each_other_without_end_are_unknown() {
    let jump = |chain: &str, to: &str| json!({"in": chain, "expr": [{"jump": {"target": to}}]});
    let loops = table(&[jump("i", "a"), jump("a", "b"), jump("b", "a")], vec![]);
    assert_eq!(tcp(&filters(&loops, "", ""), "192.0.2.9", 22).0, Verdict::Unknown);
    // No loop, and yet more ways than anybody can go.
    let mut save = "*filter\n:INPUT DROP\n".to_owned();
    (0..30).for_each(|at| save.push_str(&format!(":c{at} - [0:0]\n")));
    save.push_str("-A INPUT -j c0\n");
    (0..29).for_each(|at| (0..9).for_each(|_| save.push_str(&format!("-A c{at} -j c{}\n", at + 1))));
    save.push_str("COMMIT\n");
    assert_eq!(tcp(&filters("", "", &save), "192.0.2.9", 22).0, Verdict::Unknown);
}

#[test]
fn a_huge_set_is_asked_quickly_and_rightly() {
    let elements: Vec<_> = (0..200_000u32)
        .map(|at| json!(format!("{}", std::net::Ipv4Addr::from(0x0a00_0000 + at * 2))))
        .collect();
    let set =
        json!({"set": {"family": "inet", "table": "t", "name": "s", "type": "ipv4_addr", "elem": elements}});
    let rule = json!([{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@s"}}, {"accept": null}]);
    let filters = filters(&table(&[rule], vec![set]), "", "");
    assert_eq!(tcp(&filters, "10.0.0.2", 22).0, Verdict::Open);
    assert_eq!(tcp(&filters, "10.0.0.3", 22).0, Verdict::Closed);
    assert!(filters.sources(false).addresses.len() == 2);
}

fn anything() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "match", "op", "left", "right", "payload", "protocol", "field", "tcp", "dport", "meta", "key",
        "mark", "ct", "state", "==", "in", "!=", "set", "elem", "prefix", "addr", "len", "range", "concat",
        "vmap", "data", "jump", "target", "a", "accept", "drop", "dnat", "port", "redirect", "mangle",
        "value", "map", "@s", "&", "|", "ip", "saddr", "10.0.0.0", "fd00::", "*", "new", "syn", "flags",
        "xt", "limit",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..200).prop_map(Value::from),
        words.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..4).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_json_breaks_the_reader(expr in anything(), set in anything(), chain in anything()) {
        let mut named = json!({"family": "inet", "table": "t", "name": "s", "type": "ipv4_addr"});
        named["elem"] = json!([set]);
        let odd = json!({"chain": {"family": "inet", "table": "t", "name": "odd", "hook": chain, "type": "nat", "prio": 0}});
        for more in [vec![json!({"set": named})], vec![odd]] {
            let json = table(&[json!([expr])], more);
            if let Ok((tables, _)) = nft::read(&[json.into_bytes()], "") {
                let filters = judged(tables);
                let _ = (tcp(&filters, "10.0.0.1", 22), filters.sources(false), filters.sources(true), filters.sum());
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader(words in prop::collection::vec(prop::sample::select(vec![
        "-A", "INPUT", "-j", "ACCEPT", "DROP", "own", "-m", "tcp", "--dport", "22", "22:", "!", "-s", "10.0.0.0/8", "10.0.0.0/99",
        "fd00::/8", "-p", "set", "--match-set", "src", "\"", "\\", "\n-A INPUT", "\nCOMMIT\n", "\n*raw\n", ":own - [0:0]\n", "[0:0]", "-g",
        "multiport", "--dports", "1,2:3,,", "time", "--datestop", "2030-01-01", "DNAT", "--to-destination", ":::", "[fd00::1]:5", "CONNMARK",
        "--set-xmark", "0x1/0xzz", "--tcp-flags", "SYN", "-f", "connmark", "--mark", "--ctstate", "NEW,", "conntrack", "\u{fffd}",
    ]), 0..24)) {
        let text = format!("*filter\n:INPUT DROP [0:0]\n:own - [0:0]\n-A INPUT {}\nCOMMIT\n", words.join(" "));
        if let Ok(tables) = read_save(&text) {
            let filters = judged(tables);
            let _ = (tcp(&filters, "10.0.0.1", 22), filters.sources(false), filters.sum());
        }
    }

    #[test]
    fn no_listing_breaks_the_words(text in "(table (inet|ip) [a-z{ ]*\n|\t(chain|set) [a-z\"]* \\{( # handle [0-9]+)?\n|\t\t[a-z {},@\"]*( # handle [0-9x]*)?\n|\\}\n|\tflags [a-z,]*\n){0,20}") {
        let _ = nft::awake(&text);
        let _ = nft::read(&[table(&[], vec![]).into_bytes()], &text);
    }
}
