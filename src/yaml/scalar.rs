//! How a text is written as a YAML scalar, so that readers of YAML 1.1 and 1.2 both read that very text.

use super::tree::{self, Kind, Style};

/// What a reader of YAML 1.1 makes of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    /// `5060`: read as a number and written again it is the same text.
    Integer,
    /// `0.5`
    Decimal,
    /// `yes`, `off`, `True`
    Word,
    /// `~`, `null`
    Null,
    /// `0123`, `1e3`, `1:20`, `0x1f`, a date: becomes something else when read as a number.
    Lossy,
}

fn class(text: &str) -> Class {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let canonical = |s: &str| digits(s) && (s == "0" || !s.starts_with('0'));
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Class::Null,
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" => return Class::Word,
        "<<" | "=" | ".inf" | "-.inf" | "+.inf" | ".nan" => return Class::Lossy,
        _ => {}
    }
    if canonical(unsigned) && unsigned.len() <= 15 && text != "-0" {
        return Class::Integer;
    }
    if let Some((whole, part)) = unsigned.split_once('.')
        && canonical(whole)
        && digits(part)
    {
        return Class::Decimal;
    }
    let numeric = unsigned.trim_start_matches('+');
    let starts = numeric.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let hex = numeric.strip_prefix("0x").or(numeric.strip_prefix("0X")).or(numeric.strip_prefix("0o"));
    let looks = match hex {
        Some(rest) => rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_'),
        None => {
            starts
                && numeric.bytes().any(|b| b.is_ascii_digit())
                && numeric.bytes().all(|b| b.is_ascii_digit() || b"._:eE+-tTzZ ".contains(&b))
                // An IPv4 address has three dots, no number has.
                && numeric.matches('.').count() < 3
        }
    };
    if looks { Class::Lossy } else { Class::Text }
}

/// `text` in the style of the `old` scalar; as plainly as is safe when there was none.
pub(super) fn written(text: &str, old: Option<(&str, Style)>, flow: bool) -> String {
    if text.chars().any(needs_escape) {
        return double(text);
    }
    match old {
        Some((_, Style::Single)) => single(text),
        Some((_, Style::Double)) => double(text),
        Some((old, Style::Plain)) => {
            let (was, is) = (class(old), class(text));
            let keeps = matches!(is, Class::Text | Class::Integer | Class::Word) || was == is;
            if keeps && stays_plain(text, flow) { text.to_owned() } else { single(text) }
        }
        Some((_, Style::Block)) | None => {
            let safe = match class(text) {
                Class::Text | Class::Integer => true,
                Class::Word => text == "yes" || text == "no",
                Class::Decimal | Class::Null | Class::Lossy => false,
            };
            if safe && stays_plain(text, flow) { text.to_owned() } else { single(text) }
        }
    }
}

/// Whether the text can stand without quotes as a key that every reader takes for text.
pub(super) fn is_plain_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        && class(text) == Class::Text
}

/// Whether both parsers read the bare text as one plain scalar with that text.
fn stays_plain(text: &str, flow: bool) -> bool {
    if text.is_empty() {
        return false;
    }
    let probe = if flow { format!("k: {{k: {text}}}\n") } else { format!("k: {text}\n") };
    let Ok(Some(root)) = tree::parse(&probe) else { return false };
    let found = if flow { root.get("k").and_then(|inner| inner.get("k")) } else { root.get("k") };
    let same = found.is_some_and(|node| match &node.kind {
        Kind::Scalar { text: read, style } => read == text && *style == Style::Plain && !node.adorned,
        _ => false,
    });
    same && serde_yaml::from_str::<serde_yaml::Value>(&probe).is_ok()
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) && u32::from(c) < 0x100 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if needs_escape(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Characters that YAML does not take literally, or that end a line for some readers.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_stays_bare_and_quoted_stays_quoted() {
        let plain = |old: &str, new: &str| written(new, Some((old, Style::Plain)), false);
        assert_eq!(plain("no", "yes"), "yes");
        assert_eq!(plain("5060", "5070"), "5070");
        assert_eq!(plain("64M", "2G"), "2G");
        assert_eq!(plain("0.5", "0.25"), "0.25");
        assert_eq!(plain("~", "yes"), "yes");
        assert_eq!(plain("a", "/etc/ngcp-config/ssl/x.crt"), "/etc/ngcp-config/ssl/x.crt");
        assert_eq!(written("5070", Some(("5060", Style::Single)), false), "'5070'");
        assert_eq!(written("it's", Some(("x", Style::Single)), false), "'it''s'");
        assert_eq!(written("a\"b", Some(("x", Style::Double)), false), "\"a\\\"b\"");
    }

    #[test]
    fn what_a_yaml_1_1_reader_would_change_is_quoted() {
        for text in [
            "0123",
            "1e3",
            "1:20",
            "0x1f",
            "1_000",
            "+5",
            "2026-11-22",
            "<<",
            "",
            "0o17",
            "12e03",
            ".5",
            "1.10",
        ] {
            assert_eq!(written(text, Some(("text", Style::Plain)), false), format!("'{text}'"), "{text}");
            assert_eq!(written(text, None, false), format!("'{text}'"), "{text}");
        }
        for text in ["true", "on", "~", "null", "n"] {
            assert_eq!(written(text, None, false), format!("'{text}'"), "{text}");
        }
        for text in ["192.0.2.32", "64M", "15d", "yes", "a@b.com", "cost$5", "TLSv1+", "-1"] {
            assert_eq!(written(text, None, false), text);
        }
    }

    #[test]
    fn what_is_yaml_syntax_is_quoted() {
        for text in
            ["a: b", "a #b", "- a", "*a", "&a", "!a", "{a", "[a", "%a", "@a", "`a", " a", "a ", "'a", "|"]
        {
            let out = written(text, Some(("x", Style::Plain)), false);
            assert!(out.starts_with('\''), "{text} became {out}");
        }
        assert_eq!(written("a,b", Some(("x", Style::Plain)), true), "'a,b'");
        assert_eq!(written("a,b", Some(("x", Style::Plain)), false), "a,b");
        assert_eq!(written("a\nb\u{0}\u{2028}", None, false), "\"a\\nb\\x00\\u2028\"");
    }
}
