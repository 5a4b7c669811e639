use super::*;

const SAMPLE: &str = include_str!("../../../tests/corpus/ngcp-mr3.8.yml");

fn set(text: &str, path: &str, expected: Option<&str>, new: &str) -> Result<String> {
    super::set(text, &path.split('.').collect::<Vec<_>>(), expected, new)
}

/// What it becomes, or the refusal.
fn out(text: &str, path: &str, expected: Option<&str>, new: &str) -> String {
    match set(text, path, expected, new) {
        Ok(text) => text,
        Err(error) => format!("refused: {error:#}"),
    }
}

fn refusal(text: &str, path: &str, expected: Option<&str>, new: &str) -> String {
    format!("{:#}", set(text, path, expected, new).unwrap_err())
}

#[test]
fn one_value_and_no_other_byte() {
    let new = out(SAMPLE, "kamailio.lb.tls.enable", Some("no"), "yes");
    assert_eq!(
        new,
        SAMPLE.replace("enable: no               # plain yes/no", "enable: yes               # plain yes/no")
    );
    let new = out(
        SAMPLE,
        "ossbss.htpasswd.0.pass",
        Some("{SHA}w4zj3mxbmynIQ1jsUEjSkN2z2pk="),
        "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    assert_eq!(new, SAMPLE.replace("w4zj3mxbmynIQ1jsUEjSkN2z2pk", "AAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

/// F39: every way to write a value keeps its own way.
#[test]
fn every_style_is_kept() {
    for (before, path, from, to, after) in [
        ("a: 'x'  # c\n", "a", "x", "y", "a: 'y'  # c\n"),
        ("a: \"x\"# c\n", "a", "x", "y", "a: \"y\"# c\n"),
        ("a: \"x\\n\" # c\n", "a", "x\n", "it's \"y\"", "a: \"it's \\\"y\\\"\" # c\n"),
        ("a:   x   # c\n", "a", "x", "y", "a:   y   # c\n"),
        ("a: x", "a", "x", "y", "a: y"),
        ("a: x\r\nb: z\r\n", "a", "x", "y", "a: y\r\nb: z\r\n"),
        ("\u{feff}a: x\n", "a", "x", "y", "\u{feff}a: y\n"),
        ("a: \tx\t# c\n", "a", "x", "y", "a: \ty\t# c\n"),
        ("a:\tx\nb:\t'y'\n", "b", "y", "z", "a:\tx\nb:\t'z'\n"),
        ("a:\tx\nb:\t5\n", "b", "5", "6", "a:\tx\nb:\t6\n"),
        (
            "a: [\n1,\n'é'\n]\nb: [\n2\n] # c\nc: 'ä'\n",
            "b.0",
            "2",
            "3",
            "a: [\n1,\n'é'\n]\nb: [\n3\n] # c\nc: 'ä'\n",
        ),
        ("a: [\n1\n]\nc: 'ä' # c\n", "c", "ä", "ö", "a: [\n1\n]\nc: 'ö' # c\n"),
        (
            "k:\n  a: {\n  b: 1,\n  c: 2\n  }\n  d: 4\n",
            "k.d",
            "4",
            "5",
            "k:\n  a: {\n  b: 1,\n  c: 2\n  }\n  d: 5\n",
        ),
        ("a:\n", "a", "", "y", "a: y\n"),
        ("a:   # c\nb: 1\n", "a", "", "y", "a: y   # c\nb: 1\n"),
        ("a:", "a", "", "y", "a: y"),
        ("l:\n  - a\n  -\n  - c\n", "l.1", "", "b", "l:\n  - a\n  - b\n  - c\n"),
        ("l:\n-\n- c\n", "l.0", "", "b", "l:\n- b\n- c\n"),
        ("l:\n- # x - y\n- c\n", "l.0", "", "b", "l:\n- b # x - y\n- c\n"),
        ("a: ~\n", "a", "~", "yes", "a: yes\n"),
        ("a: {b: 1, c: 'x'}\n", "a.b", "1", "2", "a: {b: 2, c: 'x'}\n"),
        ("a: {b: , c: 1}\n", "a.b", "", "2", "a: {b: 2 , c: 1}\n"),
        ("a: {b: x, c: 1}\n", "a.b", "x", "y, z", "a: {b: 'y, z', c: 1}\n"),
        ("a: [1, two, 'x']\n", "a.1", "two", "2", "a: [1, 2, 'x']\n"),
        ("a: |\n  x\n  y\nb: 1\n", "a", "x\ny\n", "z", "a: z\nb: 1\n"),
        ("a: >-\n   x\n\n\nb: 1\n", "a", "x", "z", "a: z\n\n\nb: 1\n"),
        ("a: | # why\n  x\n", "a", "x\n", "z", "refused"),
        ("a: x\n  y\nb: 1\n", "a", "x y", "z", "a: z\nb: 1\n"),
        ("a: 'x\n  y' # c\n", "a", "x y", "z", "a: 'z' # c\n"),
        ("'a b': x\n5060: y\n", "5060", "y", "z", "'a b': x\n5060: z\n"),
        ("ä: é # ü\nb: ö\n", "b", "ö", "ß", "ä: é # ü\nb: ß\n"),
        ("? a\n: x\n", "a", "x", "y", "? a\n: y\n"),
        ("- - a\n  - b\n", "0.1", "b", "c", "- - a\n  - c\n"),
        ("---\na: x\n...\n", "a", "x", "y", "---\na: y\n...\n"),
        ("a:\n      b:\n       c: 1\n", "a.b.c", "1", "2", "a:\n      b:\n       c: 2\n"),
        ("a: 5060\n", "a", "5060", "0123", "a: '0123'\n"),
        ("a: '1'\n", "a", "1", "yes", "a: 'yes'\n"),
        ("a: &x 1\n", "a", "1", "2", "refused"),
        ("a: !!str 1\n", "a", "1", "2", "refused"),
    ] {
        let got = out(before, path, Some(from), to);
        if after == "refused" {
            assert!(got.starts_with("refused: line "), "{before:?} became {got:?}");
        } else {
            assert_eq!(got, after, "{before:?}");
        }
    }
}

#[test]
fn missing_keys_are_added_at_the_end_of_their_map() {
    for (before, path, to, after) in [
        ("a: 1\n", "b", "2", "a: 1\nb: 2\n"),
        ("a: 1", "b", "2", "a: 1\nb: 2"),
        ("a: 1\r\n", "b.c.d", "x", "a: 1\r\nb:\r\n  c:\r\n    d: x\r\n"),
        ("a:\n    b: 1 # c\n\n# end\nz: 1\n", "a.c", "no", "a:\n    b: 1 # c\n    c: no\n\n# end\nz: 1\n"),
        ("a:\n  b: |\n    x\n    y\nz: 1\n", "a.c", "1", "a:\n  b: |\n    x\n    y\n  c: 1\nz: 1\n"),
        ("a:\n  b:\nz: 1\n", "a.c", "1", "a:\n  b:\n  c: 1\nz: 1\n"),
        ("a: {b: 1}\n", "a.c", "2", "a: {b: 1, c: 2}\n"),
        ("a: {}\n", "a.c.d", "2", "a: {c: {d: 2}}\n"),
        ("a: []\n", "a.0", "x", "a: [x]\n"),
        ("a: [x]\n", "a.1", "y, z", "a: [x, 'y, z']\n"),
        ("a:\n- x # c\nb: 1\n", "a.1", "z", "a:\n- x # c\n- z\nb: 1\n"),
        ("a:\n  - u: 1\n    p: 2\nb: 1\n", "a.0.q", "3", "a:\n  - u: 1\n    p: 2\n    q: 3\nb: 1\n"),
        ("a:\n  - u: 1\n    p: 2\nb: 1\n", "a.1.u", "3", "a:\n  - u: 1\n    p: 2\n  - u: 3\nb: 1\n"),
        ("a: 1\n", "b", "", "a: 1\nb: ''\n"),
        ("---\na: 1\n...\n", "b", "2", "---\na: 1\nb: 2\n...\n"),
    ] {
        assert_eq!(out(before, path, None, to), after, "{before:?} {path}");
    }
    for (before, path) in
        [("a: x\n", "a.b"), ("a: ~\n", "a.b"), ("a:\n", "a.b"), ("a: 1\n", "a b"), ("a: 1\n", "yes")]
    {
        assert!(refusal(before, path, None, "1").starts_with("line 1:"), "{before:?} {path}");
    }
    assert!(refusal("# nothing\n", "a", None, "1").contains("by hand"));
    assert!(refusal("a: [1]\n", "a.7", None, "1").contains("only 1 items"));
}

#[test]
fn what_is_not_as_expected_is_refused_without_telling_values() {
    let text = "a: 1\nb: secret\n";
    let why = refusal(text, "b", Some("other"), "new");
    assert!(why.starts_with("line 2:") && !why.contains("secret") && !why.contains("other"), "{why}");
    assert!(refusal(text, "b", None, "new").contains("there already"));
    assert!(refusal(text, "c", Some("1"), "new").contains("no longer there"));
    assert_eq!(out(text, "b", Some("old"), "secret"), text);
    assert!(refusal("a: {b: 1}\n", "a", Some("1"), "2").contains("map or a list"));
}

/// F39: aliases, broken YAML, a key twice, several documents, tabs as indent: refused with the line.
#[test]
fn what_cannot_be_proven_is_refused_with_its_line() {
    for (text, path, from, line) in [
        ("a: &x 1\nb: *x\n", "b", "1", 2),
        ("a: &x 1\nb: *x\n", "a", "1", 1),
        ("a: &x {k: 1}\nb: *x\n", "b.k", "1", 2),
        ("a: &x\n  k: 1\nb: *x\n", "a.k", "1", 2),
        ("a: &x\n  k:\n    l: 1\nb: [*x]\n", "a.k.l", "1", 3),
        ("a: 1\nb: 2\na: 3\n", "b", "2", 3),
        ("b:\n  a: 1\n  'a': 3\nc: 1\n", "c", "1", 3),
        ("a: 1\n---\na: 1\n", "a", "1", 2),
        ("a:\n\tb: 1\n", "a.b", "1", 2),
        ("a: 1\nb: [1, 2\nc: 3\n", "a", "1", 3),
        ("a: 1\nb: !!perl/hash:Foo {}\n", "a", "1", 2),
        ("a: 1\n? [x]\n: 2\n", "a", "1", 2),
        ("a: 1\nb: 'x\n", "a", "1", 2),
        ("a: 1\n\t\nb: 2\n", "a", "1", 2),
        ("a: 1\nb: \u{1}\n", "a", "1", 2),
    ] {
        let why = refusal(text, path, Some(from), "9");
        assert!(why.starts_with(&format!("line {line}:")), "{text:?}: {why}");
    }
}

/// An anchor that nothing refers to does not hinder a change below it.
#[test]
fn an_unused_anchor_is_no_hindrance() {
    assert_eq!(out("a: &x\n  k: 1\n", "a.k", Some("1"), "2"), "a: &x\n  k: 2\n");
}

/// F40: hostile YAML is refused, and quickly: what it would expand to is never built.
#[test]
fn bombs_are_refused() {
    let nested = (0..40).fold("l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, i| {
        let next = i + 1;
        format!("{text}l{next}: &l{next} [{}]\n", vec![format!("*l{i}"); 9].join(", "))
    });
    let wide = format!("a: &a [x]\nb: [{}]\n", vec!["*a"; 100_000].join(",\n "));
    let deep_block: String = (0..10_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    for (what, text) in [
        ("nested aliases", nested),
        ("one wide alias", wide),
        ("an alias of itself", "a: &a [*a]\n".to_owned()),
        ("deep lists", "[".repeat(10_000)),
        ("deep maps", "{a: ".repeat(10_000)),
        ("deep blocks", deep_block),
        ("deep dashes", "- ".repeat(10_000)),
        ("deep questions", "? ".repeat(10_000)),
        ("a huge line", format!("a: {}\n", "x".repeat(5_000_000))),
        ("a huge block", format!("a: |\n{}", "  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(100_000))),
        ("many values", format!("a: [{}x]\n", "x,\n ".repeat(1_000_000))),
        ("perl objects", "a: !!perl/hash:Evil {b: 1}\n".to_owned()),
        ("local tags", "a: !evil 1\n".to_owned()),
        ("too large", "# x\n".repeat(2_000_000)),
    ] {
        let start = std::time::Instant::now();
        let why = refusal(&text, "a", Some("x"), "y");
        println!("{what}: {why} ({:?})", start.elapsed());
        assert!(why.starts_with("line ") || why.starts_with("the file has"), "{what}: {why}");
    }
}

/// A large but honest file is edited like any other.
#[test]
fn a_large_file_is_edited() {
    let text: String = (0..40_000).map(|i| format!("key{i}: 'value number {i}'\n")).collect();
    let new = out(&text, "key39999", Some("value number 39999"), "last");
    assert_eq!(new, text.replace("value number 39999", "last"));
}
