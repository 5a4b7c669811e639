//! The secrets file: `NAME=PASSWORD`, one a line, byte for byte after the `=`. No quoting, so nothing to get wrong. A text
//! of many lines stands below `NAME=|`, each line indented as the first of them is.

use anyhow::{Result, bail};
use zeroize::Zeroizing;

use crate::secret::{Secret, Secrets};

/// Reads a secrets file; `#` begins a comment line. Nothing of a value is ever repeated in an error.
///
/// # Errors
/// Names the line that is not `NAME=PASSWORD`, or holds a name twice.
pub fn parse(content: &Secret) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    let lines = content.expose().split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut lines = lines.enumerate().peekable();
    while let Some((index, line)) = lines.next() {
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
        if &line[at + 1..] != b"|" {
            secrets.insert(name, Secret::new(&line[at + 1..]));
            continue;
        }
        let mut text = Zeroizing::new(Vec::with_capacity(content.expose().len()));
        let mut indent = 0;
        while let Some((_, line)) = lines.next_if(|(_, line)| line.is_empty() || line.starts_with(b" ")) {
            if text.is_empty() {
                indent = line.iter().take_while(|b| **b == b' ').count();
            } else {
                text.push(b'\n');
            }
            let blanks = line.iter().take(indent).take_while(|b| **b == b' ').count();
            text.extend_from_slice(&line[blanks..]);
        }
        let end = text.iter().rposition(|b| *b != b'\n').map_or(0, |last| last + 1);
        if end == 0 {
            bail!("secrets, line {number}: below '{name}=|' come its lines, indented");
        }
        secrets.insert(name, Secret::new(&text[..end]));
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
    fn a_text_of_many_lines_stands_indented_below_its_name() {
        let file = Secret::new("a=|\r\n  BEGIN\r\n    x=1\n\n  END\n\nb=|x\n# c\nc=|\n y");
        let secrets = parse(&file).unwrap();
        assert_eq!(secrets.get("a").unwrap().expose(), b"BEGIN\n  x=1\n\nEND");
        assert_eq!(secrets.get("b").unwrap().expose(), b"|x");
        assert_eq!(secrets.get("c").unwrap().expose(), b"y");
    }

    #[test]
    fn what_does_not_fit_is_named_by_line_and_never_repeated() {
        for (file, says) in [
            ("canary-pw", "line 1: not NAME"),
            ("a=canary-pw\na=canary-pw", "line 2: a is there twice"),
            ("a=", "line 1: a has no password"),
            ("canary pw=canary-pw", "line 1: names look like"),
            ("=canary-pw", "line 1: names look like"),
            ("a=|\nb=canary-pw", "line 1: below 'a=|' come its lines"),
            ("a=|\n \n\n", "line 1: below 'a=|' come its lines"),
            ("a=|\n  x\ncanary-pw", "line 3: not NAME"),
        ] {
            let error = format!("{:#}", parse(&Secret::new(file)).unwrap_err());
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
