//! The secrets file: `NAME=PASSWORD`, one a line, byte for byte after the `=`. No quoting, so nothing to get wrong.

use anyhow::{Result, bail};

use crate::secret::{Secret, Secrets};

/// Reads a secrets file; `#` begins a comment line. Nothing of a value is ever repeated in an error.
///
/// # Errors
/// Names the line that is not `NAME=PASSWORD`, or holds a name twice.
pub fn parse(content: &Secret) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for (index, line) in content.expose().split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let number = index + 1;
        let Some(at) = line.iter().position(|b| *b == b'=') else {
            bail!("secrets, line {number}: not NAME=PASSWORD");
        };
        let Ok(name) = std::str::from_utf8(&line[..at]).map(str::trim) else {
            bail!("secrets, line {number}: the name is not readable text");
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@".contains(c)) {
            bail!("secrets, line {number}: names look like passwords.root.password");
        }
        if secrets.get(name).is_some() {
            bail!("secrets, line {number}: {name} is there twice");
        }
        if line.len() == at + 1 {
            bail!("secrets, line {number}: {name} has no password");
        }
        secrets.insert(name, Secret::new(&line[at + 1..]));
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_taken_byte_for_byte() {
        let file = Secret::new("# ours\npasswords.root.password= a=b'\"\\ # é \r\n\npasswords.x=y\n");
        let secrets = parse(&file).unwrap();
        assert_eq!(secrets.get("passwords.root.password").unwrap().expose(), " a=b'\"\\ # é ".as_bytes());
        assert_eq!(secrets.names().collect::<Vec<_>>(), ["passwords.root.password", "passwords.x"]);
    }

    #[test]
    fn what_does_not_fit_is_named_by_line_and_never_repeated() {
        for (file, says) in [
            ("canary-pw", "line 1: not NAME"),
            ("a=canary-pw\na=canary-pw", "line 2: a is there twice"),
            ("a=", "line 1: a has no password"),
            ("canary pw=canary-pw", "line 1: names look like"),
            ("=canary-pw", "line 1: names look like"),
        ] {
            let error = format!("{:#}", parse(&Secret::new(file)).unwrap_err());
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
