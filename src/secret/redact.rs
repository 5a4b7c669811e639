//! Lines that others wrote, made fit to be shown: what is not known to be harmless may be a secret and is shown as
//! `‹hidden›`, whatever its key is called. Known are the keys of `assets/harmless_keys.yml` and the shape of a few lines.

use super::packet_rule::is_listed;
use crate::known::{HARMLESS, Harmless};

const HIDDEN: &str = "‹hidden›";
/// A name with one of these in it says itself that a secret stands behind it.
const SECRET: &[&str] = &["passw", "passphrase", "secret", "credential", "apikey"];
/// The same for a whole part of a name: `db_pw`, `api-key`.
const SECRET_PARTS: &[&str] = &[
    "auth",
    "authorization",
    "cookie",
    "cred",
    "creds",
    "dsn",
    "key",
    "p",
    "pin",
    "private",
    "psk",
    "salt",
    "token",
];

/// A difference with the values hidden: file names, line numbers and keys stay. Our own holes `‹…›` stay readable.
pub fn hide_values(diff: &str) -> String {
    let mut out = String::with_capacity(diff.len());
    // Between "diff --git" and the first hunk stand names and modes of the file.
    let mut header = false;
    for line in diff.lines() {
        header = (header || line.starts_with("diff --git ")) && !line.starts_with("@@ ");
        let sign = line.chars().next().filter(|c| " +-".contains(*c)).map_or(0, char::len_utf8);
        match line.strip_prefix("@@ ").and_then(|rest| rest.split_once(" @@")) {
            // What stands behind is a line of the file.
            Some((place, _)) => out.extend(["@@ ", place, " @@"]),
            None if header || line.starts_with(['\\', '…']) => out.push_str(line),
            None => out.extend([&line[..sign], &hide_in_line(&line[sign..])]),
        }
        out.push('\n');
    }
    out
}

/// One line of a configuration file.
fn hide_in_line(line: &str) -> String {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    let known = HARMLESS.get();
    let plain = text.is_empty() || ["---", "...", HIDDEN].contains(&text);
    let shown = if plain || is_section(text) || is_template(text) || is_sshd(text, known) || is_listed(text) {
        text.to_owned()
    } else if let Some(mount) = mount(text, known).or_else(|| public_key(text)) {
        mount
    } else if let Some(comment) = text.strip_prefix('#') {
        // A setting that is switched off reads like one that is not; what people write to each other is hidden.
        let words = comment.trim_start();
        match words {
            "" | "Settings of ngcp-warden." => text.to_owned(),
            _ if is_sshd(words, known) => text.to_owned(),
            _ => match setting(words).map(|setting| setting.hidden(known)) {
                Some(shown) => format!("#{}{shown}", &comment[..comment.len() - words.len()]),
                None => format!("# {HIDDEN}"),
            },
        }
    } else {
        let marks = &text[..text.len() - text.trim_start_matches("- ").len()];
        setting(text).map_or_else(|| format!("{marks}{HIDDEN}"), |setting| setting.hidden(known))
    };
    format!("{indent}{shown}")
}

/// `[mysqld]`
fn is_section(text: &str) -> bool {
    let name = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.is_some_and(|name| name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}

/// `[% IF sshd.enable %]`: a condition of a template, not a value in it.
fn is_template(text: &str) -> bool {
    text.starts_with("[%") && text.ends_with("%]") && !text.contains(['\'', '"', '=', ':'])
}

fn is_sshd(text: &str, known: &Harmless) -> bool {
    let Some((keyword, value)) = text.split_once([' ', '\t']) else { return false };
    known.sshd.contains(&keyword.to_ascii_lowercase()) && !value.contains("://") && !value.contains('#')
}

/// A line of fstab, without the values of options that are not known: a share may be mounted with a password.
fn mount(text: &str, known: &Harmless) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [device, target, kind, options, rest @ ..] = fields.as_slice() else { return None };
    let starts =
        ["/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "proc", "tmpfs", "sysfs", "devpts", "none"];
    let word = |text: &str| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    };
    let remote = device.split_once(":/").is_some_and(|(host, _)| !host.is_empty() && !host.contains('/'));
    let is_mount = (remote || starts.iter().any(|start| device.starts_with(start)))
        && !device.contains(['@', '?'])
        && (target.starts_with('/') || *target == "none" || *target == "swap")
        && word(kind)
        && rest.len() <= 2
        && rest.iter().all(|number| matches!(*number, "0" | "1" | "2"));
    let shown = |option: &str| match option.split_once('=') {
        None => word(option).then(|| option.to_owned()),
        Some((key, value)) if known.mount.iter().any(|one| one == key) && value.len() <= 40 => {
            Some(option.to_owned())
        }
        Some((key, _)) => word(key).then(|| format!("{key}={HIDDEN}")),
    };
    let masked: Option<Vec<String>> = options.split(',').map(shown).collect();
    let at = text.find(options)?;
    is_mount.then_some(())?;
    Some(format!("{}{}{}", &text[..at], masked?.join(","), &text[at + options.len()..]))
}

/// A public key with its comment; what its options say may be a command or an environment.
fn public_key(text: &str) -> Option<String> {
    let kinds = ["ssh-rsa ", "ssh-dss ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];
    let at = kinds.iter().filter_map(|kind| text.find(kind)).min()?;
    let (options, key) = text.split_at(at);
    let blob = key.split_whitespace().nth(1)?;
    let fine =
        blob.starts_with("AAAA") && blob.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    fine.then_some(())?;
    let options = match options.trim() {
        "" => String::new(),
        plain if !plain.contains(['=', '"']) => options.to_owned(),
        _ => format!("{HIDDEN} "),
    };
    Some(options + key)
}

/// `- key: value`, `key = value`.
struct Setting<'a> {
    /// Everything before the value: list marks, key, separator.
    head: &'a str,
    key: String,
    separator: char,
    value: &'a str,
}

fn setting(text: &str) -> Option<Setting<'_>> {
    let marks = text.len() - text.trim_start_matches("- ").len();
    let rest = &text[marks..];
    let at = rest.find([':', '='])?;
    let key = rest[..at].trim_end().trim_matches(['\'', '"']);
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    let named =
        key.len() <= 60 && key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.bytes().all(fine);
    let separator = rest[at..].chars().next()?;
    let behind = &rest[at + 1..];
    let parted = separator == '=' || behind.is_empty() || behind.starts_with([' ', '\t']);
    // The last line of something encoded ends in "=" as well.
    let encoded = separator == '=' && behind.trim_matches('=').trim().is_empty();
    if !named || !parted || encoded {
        return None;
    }
    let value = behind.trim();
    let head = &text[..text.len() - behind.trim_start().len()];
    Some(Setting { head: head.trim_end(), key: key.to_ascii_lowercase(), separator, value })
}

impl Setting<'_> {
    fn hidden(&self, known: &Harmless) -> String {
        let head = self.head;
        if self.value.is_empty() {
            return head.to_owned();
        }
        let gap = if self.separator == '=' && !head.ends_with(" =") { "" } else { " " };
        if is_hole(self.value) || is_switch(self.value) && !self.tells() {
            return format!("{head}{gap}{}", self.value);
        }
        let (value, comment) = match self.value.split_once(" #") {
            Some((value, _)) => (value.trim_end(), format!(" # {HIDDEN}")),
            None => (self.value, String::new()),
        };
        match known.has_key(&self.key) && is_plain(value) {
            true => format!("{head}{gap}{value}{comment}"),
            false => format!("{head}{gap}{HIDDEN}"),
        }
    }

    /// Whether the key itself says that its value is a secret.
    fn tells(&self) -> bool {
        tells(&self.key)
    }
}

/// Whether a secret stands behind a name, as `name: value`.
fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let part = |part: &str| {
        SECRET_PARTS.contains(&part) || ["pass", "pw", "pwd"].iter().any(|end| part.ends_with(end))
    };
    asks(&name) || name.split(['_', '-', '.']).any(part)
}

/// Whether a word is followed by a secret even without a sign between them: `password hunter2`.
fn asks(word: &str) -> bool {
    SECRET.iter().any(|one| word.contains(one)) || ["pass", "pwd", "bearer"].contains(&word)
}

/// Nothing but one of our own holes, in quotes or not.
fn is_hole(value: &str) -> bool {
    let inner = value.trim_matches(['\'', '"', ';', ',']);
    inner
        .strip_prefix('‹')
        .and_then(|rest| rest.strip_suffix('›'))
        .is_some_and(|name| !name.contains(['‹', '›']))
}

/// A word that says on or off, or what becomes of a packet, and nothing more.
fn is_switch(value: &str) -> bool {
    let word = value.trim_matches(['\'', '"']).to_ascii_lowercase();
    ["yes", "no", "true", "false", "on", "off", "accept", "drop", "null", "none", "~", "[]", "{}"]
        .contains(&word.as_str())
}

/// Short, without what could nest another value, an address with a login in it, or something encoded.
fn is_plain(value: &str) -> bool {
    let fine = |c: char| c.is_alphanumeric() || " ._/:,@%+*()'\"-[]$".contains(c);
    value.len() <= 200
        && value.chars().all(fine)
        && !value.contains(": ")
        && !value.contains("://")
        && !value.starts_with(['[', '*', '%'])
        && !value.split([' ', ',', '/', ':', '@']).any(is_encoded)
}

/// A long run of mixed letters and digits, a hash.
fn is_encoded(word: &str) -> bool {
    let word = word.trim_matches(|c: char| "'\"()[],;.".contains(c));
    let any = |is: fn(&u8) -> bool| word.as_bytes().iter().any(&is);
    let mixed = any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase) && any(u8::is_ascii_digit);
    let hex = word.bytes().filter(u8::is_ascii_hexdigit).count();
    let crypt = word.starts_with('$') && word.matches('$').count() >= 2;
    crypt
        || word.starts_with("{SHA")
        || word.starts_with("{SSHA")
        || word.len() >= 20
            && mixed
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))
        || hex >= 32 && hex + 1 >= word.len()
}

/// What a program prints: sentences stay, values in them do not. Remembers what a value of several lines needs.
#[derive(Debug, Default)]
pub struct Printed {
    /// Within something that ends with a line of its own.
    armour: bool,
    /// Below a key whose value follows on lines that are indented deeper.
    below: Option<usize>,
}

impl Printed {
    /// The next line.
    pub fn line(&mut self, line: &str) -> String {
        let known = HARMLESS.get();
        let sign = usize::from(line.starts_with(['+', '-']) && !line.starts_with("--"));
        let text = line[sign..].trim_start();
        let (head, indent) = (&line[..line.len() - text.len()], line.len() - text.len());
        let begins = line.contains("-----BEGIN ");
        if self.armour || begins {
            self.armour = !line.contains("-----END ");
            return format!("{head}{HIDDEN}");
        }
        let setting = setting(text);
        if let Some(above) = self.below {
            match &setting {
                _ if text.is_empty() => return head.to_owned(),
                None if indent > above => return format!("{head}{HIDDEN}"),
                Some(_) if indent > above => {}
                _ => self.below = None,
            }
        }
        let shown = match setting {
            Some(setting) => {
                let value = setting.value;
                let end = value.trim_end_matches([',', ';']);
                let open =
                    ['"', '\''].iter().any(|c| end.starts_with(*c) && (end.len() == 1 || !end.ends_with(*c)));
                let follows = value.is_empty() || value.starts_with(['|', '>']) || open;
                if open || follows && !known.is_word(&setting.key) && !known.has_key(&setting.key) {
                    self.below = Some(indent);
                }
                let sentence = setting.separator == ':'
                    && value.contains(' ')
                    && !value.contains(" #")
                    && !value.starts_with(['\'', '"', '!', '&', '*', '{', '[']);
                match () {
                    () if value.is_empty() => text.to_owned(),
                    () if known.is_word(&setting.key) || sentence && !setting.tells() => {
                        format!("{} {}", setting.head, hide_in_sentence(value, known))
                    }
                    () if known.is_word(value) && !setting.tells() => text.to_owned(),
                    () => setting.hidden(known),
                }
            }
            None => hide_in_sentence(text, known),
        };
        format!("{head}{shown}")
    }
}

/// One line of a program by itself.
pub fn hide_in_output(text: &str) -> String {
    let mut printed = Printed::default();
    text.lines().map(|line| printed.line(line)).collect::<Vec<_>>().join("\n")
}

fn hide_in_sentence(text: &str, known: &Harmless) -> String {
    // The value of a key on the line before.
    if text.starts_with(": ") {
        return format!(": {HIDDEN}");
    }
    // A map within the line may hold anything.
    if let Some((before, rest)) =
        text.split_once('{').filter(|(_, rest)| rest.contains([':', '=']) || !rest.contains('}'))
    {
        let after = rest.rsplit_once('}').map_or("", |(_, after)| after);
        let (before, after) = (hide_in_sentence(before, known), hide_in_sentence(after, known));
        return format!("{before}{{{HIDDEN}}}{after}");
    }
    let punctuation = |c: char| !c.is_alphanumeric() && c != '/' && c != '~';
    let said = |word: &str| {
        known.is_word(word.trim_matches(punctuation)) || is_switch(word.trim_matches(punctuation))
    };
    let mut out = String::with_capacity(text.len());
    let mut words = text.split_inclusive([' ', '\t']).peekable();
    let mut before = String::new();
    while let Some(part) = words.next() {
        let word = part.trim_end();
        let name = word.trim_matches(punctuation).to_ascii_lowercase();
        let named = name.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c));
        let by = std::mem::replace(&mut before, name.clone()) == "identified" && name == "by";
        let next = words.peek().map_or("", |next| next.trim());
        let sign = |word: &str| word.ends_with([':', '=', '>']);
        let parted = sign(word.trim_end_matches(['\'', '"'])) || sign(next) && next.len() <= 2;
        // "passwords, noatime" is a list of things.
        let bare = !word.ends_with([',', '.', ';', ')', '!']) && asks(&name);
        if !by && (!named || known.is_word(&name) || !(bare || parted && tells(&name))) {
            out.push_str(&hide_in_word(word, text, known));
            out.push_str(&part[word.len()..]);
            continue;
        }
        out.push_str(part);
        match next {
            "" => {}
            next if said(next) || is_path(next) => {}
            // A passphrase has many words.
            _ if parted => return out + HIDDEN,
            _ => {
                let hidden = words.next().unwrap_or_default();
                out.extend([HIDDEN, &hidden[hidden.trim_end().len()..]]);
            }
        }
    }
    out
}

/// `/etc/x`: what is encoded may begin with a slash as well.
fn is_path(word: &str) -> bool {
    let word = word.trim_start_matches(['\'', '"', '(', '[']);
    let first = word.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default();
    !first.is_empty() && first.len() <= 12 && first.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

/// One word of a sentence.
fn hide_in_word(word: &str, all: &str, known: &Harmless) -> String {
    let lower = word.to_ascii_lowercase();
    if let Some((scheme, rest)) = word.split_once("://") {
        // A password may hold a slash: everything before the last @ counts as the login.
        let login = rest.rsplit_once('@').map_or(0, |(login, _)| login.len());
        let path = rest[login..].split(['?', '#']).next().unwrap_or_default();
        let path = if path.split('/').any(is_encoded) { HIDDEN } else { path };
        let (login, query) =
            (if login > 0 { HIDDEN } else { "" }, if rest.contains('?') { "?…" } else { "" });
        return format!("{scheme}://{login}{path}{query}");
    }
    if word.contains('<') && word.contains('>') && !word.starts_with('‹') {
        let (open, rest) = word.split_once('>').unwrap_or((word, ""));
        let (inner, close) = rest.split_once('<').unwrap_or((rest, ""));
        return if inner.is_empty() { word.to_owned() } else { format!("{open}>{HIDDEN}<{close}") };
    }
    if let Some((key, value)) =
        word.split_once('=').filter(|(key, value)| key.contains(char::is_alphanumeric) && !value.is_empty())
    {
        let name =
            key.trim_start_matches('-').trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        let plain = value.trim_end_matches([',', ';', ')', '.']);
        let shown = is_switch(plain)
            || known.is_word(plain)
            || known.has_key(&name) && is_plain(plain) && !plain.contains(':');
        return if shown && !tells(&name) { word.to_owned() } else { format!("{key}={HIDDEN}") };
    }
    // "-phunter2" of the database's programs; "admin:hunter2".
    if lower.starts_with("-p") && word.len() > 2 && all.contains("mysql") {
        return format!("-p{HIDDEN}");
    }
    if let Some((name, value)) =
        word.split_once(':').filter(|(name, value)| !name.is_empty() && !value.is_empty())
    {
        let login = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !name.contains(['/', '.', '[', '('])
            && !name.starts_with("SHA");
        let number = value.trim_matches(|c: char| !c.is_alphanumeric()).bytes().all(|b| b.is_ascii_digit());
        if login && (!number || tells(name)) && !value.starts_with(':') && !is_path(value) {
            return format!("{name}:{HIDDEN}");
        }
    }
    let fingerprint = word.trim_start_matches(['\'', '"', '(']).starts_with("SHA256:");
    if !fingerprint && !is_path(word) && is_encoded(word) {
        return HIDDEN.to_owned();
    }
    word.to_owned()
}
