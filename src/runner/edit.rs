//! Edits of text files: every byte outside the edit stays, and what an edit expects must be there exactly once.

use anyhow::{Context, Result, bail};

use crate::{
    plan::{Edit, Template},
    secret::{Secret, Secrets},
    yaml::{edit, list},
};

/// How the holes of templates are filled.
#[derive(Debug, Clone, Copy)]
pub enum Show<'a> {
    /// With what is shown to people: `‹password of root›`.
    Shown,
    /// With the secrets themselves.
    Filled(&'a Secrets),
}

impl Show<'_> {
    fn text(self, template: &Template) -> Result<Secret> {
        match self {
            Show::Shown => Ok(Secret::new(template.shown())),
            Show::Filled(secrets) => template.fill(secrets),
        }
    }
}

/// A file with all `edits` made. An edit that is made already changes nothing. Lines are edited in a file that is not
/// UTF-8 text, too: no other byte is looked at.
///
/// # Errors
/// When what an edit expects is not there exactly once, or cannot be edited without loss.
pub fn apply_edits(content: &[u8], edits: &[Edit], show: Show<'_>) -> Result<Vec<u8>> {
    let mut content = content.to_owned();
    for edit in edits {
        content = match edit {
            Edit::Yaml { key, from, to } => {
                let to = show.text(to)?;
                let to = to.expose_str().context("a value in a YAML file must be UTF-8 text")?;
                let path: Vec<&str> = key.iter().map(String::as_str).collect();
                let text = std::str::from_utf8(&content).context("it is not UTF-8 text")?;
                let text = edit::set(text, &path, from.as_deref(), to);
                text.with_context(|| key.join("."))?.into_bytes()
            }
            Edit::List { key, from, to } => {
                let path: Vec<&str> = key.iter().map(String::as_str).collect();
                let text = std::str::from_utf8(&content).context("it is not UTF-8 text")?;
                list::set(text, &path, from, to).with_context(|| key.join("."))?.into_bytes()
            }
            Edit::Line { from, to } => {
                let to = to.as_ref().map(|to| show.text(to)).transpose()?;
                line(&content, from.as_deref(), to.as_ref().map(Secret::expose))?
            }
        };
    }
    Ok(content)
}

fn line(content: &[u8], from: Option<&str>, to: Option<&[u8]>) -> Result<Vec<u8>> {
    let count = |wanted: &[u8]| lines(content).filter(|(line, _)| *line == wanted).count();
    let Some(from) = from else {
        return Ok(match to {
            Some(to) if count(to) == 0 => append(content, to),
            _ => content.to_owned(),
        });
    };
    match (count(from.as_bytes()), to) {
        (1, _) if Some(from.as_bytes()) == to => Ok(content.to_owned()),
        (1, _) | (_, None) => {
            Ok(lines(content).fold(Vec::with_capacity(content.len()), |mut out, (line, end)| {
                match to {
                    _ if line != from.as_bytes() => out.extend([line, end].concat()),
                    Some(to) => out.extend([to, end].concat()),
                    None => {}
                }
                out
            }))
        }
        (0, Some(to)) if count(to) == 1 => Ok(content.to_owned()),
        (0, _) => bail!(
            "it was changed since the plan was made: the line \"{from}\" is gone; look again and plan anew"
        ),
        (n, _) => bail!("the line \"{from}\" is there {n} times; remove the doubled ones first"),
    }
}

/// Lines and their ends; `\r\n` is an end, too.
fn lines(content: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    content.split_inclusive(|b| *b == b'\n').map(|line| {
        let body = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line);
        line.split_at(body.len())
    })
}

fn append(content: &[u8], to: &[u8]) -> Vec<u8> {
    let end = lines(content).map(|(_, end)| end).find(|end| !end.is_empty()).unwrap_or(b"\n");
    let missing: &[u8] = if content.is_empty() || content.ends_with(b"\n") { b"" } else { end };
    [content, missing, to, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, from: Option<&str>, to: Option<&str>) -> Result<String> {
        let edit = Edit::Line { from: from.map(str::to_owned), to: to.map(Template::text) };
        let new = apply_edits(text.as_bytes(), &[edit], Show::Shown)?;
        Ok(String::from_utf8(new).unwrap())
    }

    #[test]
    fn every_line_that_reads_so_is_removed_and_bytes_that_are_no_text_stay() {
        assert_eq!(change("b\na\nb\r\nb", Some("b"), None).unwrap(), "a\n");
        let edit = Edit::Line { from: Some("key".to_owned()), to: None };
        let new = apply_edits(b"\xff\xfe\0\nkey\n\xe4", &[edit], Show::Shown).unwrap();
        assert_eq!(new, b"\xff\xfe\0\n\xe4");
    }

    #[test]
    fn a_line_is_replaced_and_every_other_byte_stays() {
        assert_eq!(change("a\r\nb\r\n\tc", Some("b"), Some("x")).unwrap(), "a\r\nx\r\n\tc");
        assert_eq!(change("a\nb", Some("b"), Some("x")).unwrap(), "a\nx");
        assert_eq!(change("a\nb\nc\n", Some("b"), None).unwrap(), "a\nc\n");
    }

    #[test]
    fn appending_ends_an_unfinished_line_first_and_happens_once() {
        assert_eq!(change("a", None, Some("b")).unwrap(), "a\nb\n");
        assert_eq!(change("a\r\nx", None, Some("b")).unwrap(), "a\r\nx\r\nb\r\n");
        assert_eq!(change("", None, Some("b")).unwrap(), "b\n");
        assert_eq!(change("a\nb\n", None, Some("b")).unwrap(), "a\nb\n");
    }

    #[test]
    fn what_is_made_already_changes_nothing() {
        assert_eq!(change("a\nx\n", Some("b"), Some("x")).unwrap(), "a\nx\n");
        assert_eq!(change("a\n", Some("b"), None).unwrap(), "a\n");
    }

    #[test]
    fn a_line_that_is_gone_or_doubled_is_refused() {
        let gone = change("a\n", Some("b"), Some("x")).unwrap_err().to_string();
        assert!(gone.contains("changed since the plan was made"), "{gone}");
        let doubled = change("b\nb\n", Some("b"), Some("x")).unwrap_err().to_string();
        assert!(doubled.contains("2 times"), "{doubled}");
    }
}
