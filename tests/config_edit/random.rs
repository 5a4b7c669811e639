//! Random numbers that are the same on every run, and YAML texts made of them.

/// Numbers that look random and are the same on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// A random YAML text: maps, lists, quotes, comments, odd indents, flow parts, either line end, with or without a
/// last newline.
pub(crate) fn generated(random: &mut Random) -> String {
    let mut text = if random.chance(3) { "---\n".to_owned() } else { String::new() };
    block(random, &mut text, 0, 0);
    if random.chance(4) {
        text = text.replace('\n', "\r\n");
    }
    if random.chance(4) {
        text.truncate(text.trim_end().len());
    }
    if random.chance(8) {
        text.insert(0, '\u{feff}');
    }
    text
}

fn block(random: &mut Random, text: &mut String, indent: usize, depth: usize) {
    let pad = " ".repeat(indent);
    for number in 0..=random.below(5) {
        if random.chance(6) {
            *text += &format!("{pad}# comment {number}\n");
        }
        if random.chance(9) {
            text.push('\n');
        }
        let key = format!("{}{number}", random.pick(&["port", "enable", "list_of", "some-key", "x"]));
        match random.below(if depth < 4 { 9 } else { 6 }) {
            0..=5 => {
                let gap = " ".repeat(1 + random.below(3));
                let value = value(random);
                *text += &format!("{pad}{key}:{gap}{value}{}\n", tail(random));
            }
            6 => {
                *text += &format!("{pad}{key}:{}\n", tail(random));
                let step = 1 + random.below(4);
                block(random, text, indent + step, depth + 1);
            }
            7 => {
                *text += &format!("{pad}{key}:\n");
                let inner = if random.chance(2) { pad.clone() } else { format!("{pad}  ") };
                for _ in 0..=random.below(4) {
                    let value = value(random);
                    *text += &format!("{inner}- {value}{}\n", tail(random));
                }
                if random.chance(3) {
                    *text += &format!("{inner}- user: one\n{inner}  pass: 'two'   # three\n");
                }
            }
            _ => {
                let items: Vec<String> =
                    (0..=random.below(3)).map(|i| format!("k{i}: {}", flow_value(random))).collect();
                *text += &format!("{pad}{key}: {{{}}}{}\n", items.join(", "), tail(random));
            }
        }
    }
}

fn tail(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", "  # why", " #'x'", "   "])
}

fn value(random: &mut Random) -> &'static str {
    random.pick(&[
        "yes",
        "no",
        "5060",
        "'5060'",
        "\"5060\"",
        "~",
        "''",
        "",
        "64M",
        "plain words",
        "'it''s'",
        "\"a\\tb\"",
        "/etc/path",
        "0123",
        "'# no comment'",
        "a#b",
        "sip:x@y",
        "ä ö",
        "[1, two]",
        "\"x: y\"",
        "1.5",
        "a:b",
    ])
}

fn flow_value(random: &mut Random) -> &'static str {
    random.pick(&["1", "'two'", "\"three\"", "yes", "~", "[a, 'b']", "x y", "''"])
}
