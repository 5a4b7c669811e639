use proptest::prelude::*;
use serde_yaml::Value;

use super::*;

const PIECES: &[&str] = &[
    "a",
    "b: ",
    "k:",
    " ",
    "  ",
    "\n",
    "\n  ",
    "\n- ",
    "- ",
    "? ",
    ": ",
    ":",
    ",",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "\\x4",
    "|",
    ">-",
    "|+",
    "|2",
    "#",
    " # c",
    "&x ",
    "*x",
    "!",
    "!!str ",
    "!!str,",
    "!<",
    "%41",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "---",
    "...",
    "\n---\n",
    "\n...\n",
    "\t",
    "\r\n",
    "\r",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "日",
    "\u{1f682}",
    "0x1",
    "~",
    "1",
    "yes",
    "@",
    "`",
    "<<: ",
    "\u{1}",
    "\u{7f}",
];

/// Quoted and block texts, in order; what a bare word means is the host's affair.
fn texts(node: &Node, value: &Value) -> bool {
    match (&node.kind, value) {
        (Kind::Scalar { text, style: Style::Plain }, Value::String(seen)) => text == seen,
        (Kind::Scalar { style: Style::Plain, .. }, Value::Null | Value::Bool(_) | Value::Number(_)) => true,
        (Kind::Scalar { text, .. }, Value::String(seen)) => text == seen,
        (Kind::Scalar { .. }, _) => node.adorned || node.alias,
        (Kind::List { items, .. }, Value::Sequence(seen)) => {
            items.len() == seen.len() && items.iter().zip(seen).all(|(node, value)| texts(node, value))
        }
        (Kind::Map { entries, .. }, Value::Mapping(seen)) => {
            entries.len() == seen.len()
                && entries.iter().zip(seen).all(|((k, v), (key, value))| texts(k, key) && texts(v, value))
        }
        _ => node.adorned,
    }
}

fn agree(text: &str) -> Result<(), TestCaseError> {
    let (ours, theirs) = (parse(text), serde_yaml::from_str::<Value>(text));
    match (ours, theirs) {
        (Ok(Some(node)), Ok(value)) => prop_assert!(texts(&node, &value), "{text:?}\n{node:?}\n{value:?}"),
        (Err(why), Ok(_)) => {
            let why = why.to_string();
            prop_assert!(why.starts_with("line ") && !why.contains("not valid YAML"), "{text:?} {why}");
        }
        (Ok(Some(_)), Err(why)) => {
            // It builds values as well: tags that do not fit, keys that are the same as values.
            let of_values = ["invalid value", "invalid type", "duplicate entry", "recursion", "expected"];
            let why = why.to_string();
            prop_assert!(of_values.iter().any(|word| why.contains(word)), "{text:?} {why}");
        }
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// F39, F40: what is read with positions is what the host reads, and nothing ends the parser.
    #[test]
    fn both_readers_agree_on_whatever_stands_there(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        agree(&pieces.concat())?;
    }
}

/// Each of these ends libyaml-safer 0.3 with a panic when it is given to it as it is.
#[test]
fn what_would_end_the_parser_is_read_or_refused() {
    for text in [
        "a: |\n  x",
        "a: >-\n  x",
        "a: |+\n  x",
        "a: |",
        "a: 'x'\\",
        "a: C:\\",
        "a: # [!x,]\n",
        "a: [b !x,y]",
        "a: '[!x,y'\n",
    ] {
        agree(text).unwrap();
    }
    for text in ["\"\\", "[!x,y]", "[!!str, y]", "{a: !<x>,}", "[&a !x, y]", "[!a!!,x]", "a: [\n !x,\n !y,]"]
    {
        assert!(parse(text).unwrap_err().to_string().starts_with("line "), "{text}");
    }
}
