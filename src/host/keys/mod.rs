//! SSH public keys as `authorized_keys` files hold them: every line read as sshd reads it, none dropped.
//! Which files sshd reads, and whose keys they are, is for `sshd` and the step to know.

mod blob;
mod known;
mod modes;
#[cfg(test)]
mod tests;

pub use known::{ImageKey, KNOWN_KEYS, image_key};
pub use modes::{Loose, loose};

/// A line longer than this is not kept as text, in bytes: no key line is.
const TEXT_LIMIT: usize = 128 * 1024;

/// A line that holds, or should hold, a key. Blank lines and comments are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counted from 1.
    pub line: usize,
    /// The line without its end; `None` when it is not UTF-8 or far too long to be a key.
    pub text: Option<String>,
    /// The key, or why sshd passes the line over.
    pub key: Result<Key, String>,
}

/// One public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `ssh-ed25519`.
    pub algorithm: String,
    /// Length in bits; of the curve, where it is one.
    pub bits: u32,
    /// `SHA256:…`, as `ssh-keygen -l` writes it.
    pub fingerprint: String,
    /// What stands behind it.
    pub comment: String,
    /// What stands in front of it: `from="10.0.0.0/8",no-pty`. Empty when nothing does.
    pub options: String,
}

impl Key {
    /// Reads one line as it would stand in an `authorized_keys` file.
    ///
    /// # Errors
    /// Why sshd would pass it over.
    pub fn parse(line: &str) -> Result<Key, String> {
        let line = line.split('\0').next().unwrap_or_default().trim_matches([' ', '\t', '\r']);
        match bare(line) {
            Some(key) => key,
            None => {
                let (options, rest) = split_options(line)?;
                let mut key = bare(rest).ok_or_else(|| unknown(line))??;
                key.options = options.to_owned();
                Ok(key)
            }
        }
    }

    /// One as `ssh-keygen -t ed25519` makes it, before it is made.
    pub fn made() -> Key {
        let text = String::new;
        let algorithm = "ssh-ed25519".to_owned();
        Key { algorithm, bits: 256, fingerprint: text(), comment: text(), options: text() }
    }

    /// Why nobody should trust it any more.
    pub fn weakness(&self) -> Option<&'static str> {
        match self.algorithm.as_str() {
            "ssh-dss" | "ssh-dss-cert-v01@openssh.com" => Some("DSA keys are too short to be safe"),
            "ssh-rsa" | "ssh-rsa-cert-v01@openssh.com" if self.bits < 2048 => {
                Some("RSA keys below 2048 bits can be broken")
            }
            _ => None,
        }
    }

    /// `ED25519`, `RSA`: the type as `ssh-keygen -l` writes it.
    pub fn kind(&self) -> &'static str {
        let certificate = self.is_certificate();
        match self.algorithm.trim_end_matches("@openssh.com").trim_end_matches("-cert-v01") {
            "ssh-rsa" if certificate => "RSA-CERT",
            "ssh-rsa" => "RSA",
            "ssh-dss" if certificate => "DSA-CERT",
            "ssh-dss" => "DSA",
            "ssh-ed25519" if certificate => "ED25519-CERT",
            "ssh-ed25519" => "ED25519",
            "sk-ssh-ed25519" if certificate => "ED25519-SK-CERT",
            "sk-ssh-ed25519" => "ED25519-SK",
            "sk-ecdsa-sha2-nistp256" if certificate => "ECDSA-SK-CERT",
            "sk-ecdsa-sha2-nistp256" => "ECDSA-SK",
            _ if certificate => "ECDSA-CERT",
            _ => "ECDSA",
        }
    }

    /// Its options one by one, as written.
    pub fn each_option(&self) -> impl Iterator<Item = &str> {
        options(&self.options).filter(|_| !self.options.is_empty())
    }

    /// It is a key that somebody signed, with what was signed.
    pub fn is_certificate(&self) -> bool {
        self.algorithm.ends_with("-cert-v01@openssh.com")
    }

    /// The value of an option such as `from`, without its quotes; empty for one without a value.
    pub fn option(&self, name: &str) -> Option<String> {
        options(&self.options).find_map(|option| {
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim_start_matches('"').trim_end_matches('"').replace("\\\"", "\""))
        })
    }
}

/// Every line of an `authorized_keys` file that is neither blank nor a comment.
pub fn read(content: &[u8]) -> Vec<Entry> {
    let lines = content.split(|b| *b == b'\n').enumerate();
    lines.filter_map(|(index, line)| entry(index + 1, line.strip_suffix(b"\r").unwrap_or(line))).collect()
}

fn entry(line: usize, bytes: &[u8]) -> Option<Entry> {
    let before_nul = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let body = before_nul.trim_ascii_start();
    if body.first() == Some(&b'#') || (body.is_empty() && before_nul.len() == bytes.len()) {
        return None;
    }
    if bytes.len() > TEXT_LIMIT {
        return Some(Entry { line, text: None, key: Err("it is longer than any key".to_owned()) });
    }
    let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
    Some(Entry { line, text, key: Key::parse(&String::from_utf8_lossy(before_nul)) })
}

const TYPES: [&str; 7] = [
    "ssh-rsa",
    "ssh-dss",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
];
const SECURITY_KEY: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

fn is_type(word: &str) -> bool {
    let base = word.strip_suffix("-cert-v01@openssh.com");
    let of = |name: &str| TYPES.contains(&name) || name == SECURITY_KEY;
    of(word) || base.is_some_and(|base| of(base) || of(&format!("{base}@openssh.com")))
}

/// Type, key and comment; `None` when it does not begin with a type.
fn bare(text: &str) -> Option<Result<Key, String>> {
    let mut words = text.splitn(2, [' ', '\t']);
    let algorithm = words.next().filter(|word| is_type(word))?;
    let rest = words.next().unwrap_or_default().trim_start_matches([' ', '\t']);
    let (key, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    if key.is_empty() {
        return Some(Err(format!("the key behind {algorithm} is missing")));
    }
    Some(blob::read(algorithm, key).map(|blob| Key {
        algorithm: algorithm.to_owned(),
        bits: blob.bits,
        fingerprint: blob.fingerprint,
        comment: comment.trim_matches([' ', '\t', '\r']).to_owned(),
        options: String::new(),
    }))
}

/// Options end at the first blank outside quotes.
fn split_options(line: &str) -> Result<(&str, &str), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((&line[..at], line[at..].trim_start_matches([' ', '\t']))),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    Err(if quoted { "a quotation mark is not closed".to_owned() } else { unknown(line) })
}

/// The options one by one: commas within quotes do not part them.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let parts = c == ',' && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        parts
    })
}

fn unknown(text: &str) -> String {
    let words: Vec<&str> = text.split([' ', '\t']).take(3).collect();
    let numbers = words.len() == 3 && words.iter().all(|w| w.bytes().all(|b| b.is_ascii_digit()));
    match numbers {
        true => "it is a key of SSH version 1, which no server takes any more".to_owned(),
        false => "no type of key that sshd knows".to_owned(),
    }
}
