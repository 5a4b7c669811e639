//! Edits of text files: every byte outside the edit stays, and what an edit expects must be there exactly once.

use anyhow::{Context, Result, bail};

use crate::{
    ngcp::config,
    plan::{Edit, Template},
    secret::{Secret, Secrets},
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

/// `text` with all `edits` made. An edit that is made already changes nothing.
///
/// # Errors
/// When what an edit expects is not there exactly once, or cannot be edited without loss.
pub fn apply_edits(text: &str, edits: &[Edit], show: Show<'_>) -> Result<String> {
    let mut text = text.to_owned();
    for edit in edits {
        text = match edit {
            Edit::Yaml { key, from, to } => {
                let to = show.text(to)?;
                let to = to.expose_str().context("a value in a YAML file must be UTF-8 text")?;
                let path: Vec<&str> = key.iter().map(String::as_str).collect();
                config::edit::set(&text, &path, from.as_deref(), to).with_context(|| key.join("."))?
            }
            Edit::Line { from, to } => line(&text, from.as_deref(), to.as_deref())?,
        };
    }
    Ok(text)
}

fn line(text: &str, from: Option<&str>, to: Option<&str>) -> Result<String> {
    let count = |wanted: &str| lines(text).filter(|(line, _)| *line == wanted).count();
    let Some(from) = from else {
        return Ok(match to {
            Some(to) if count(to) == 0 => append(text, to),
            _ => text.to_owned(),
        });
    };
    match (count(from), to) {
        (1, _) if Some(from) == to => Ok(text.to_owned()),
        (1, _) => Ok(lines(text).fold(String::with_capacity(text.len()), |mut out, (line, end)| {
            match to {
                _ if line != from => out.extend([line, end]),
                Some(to) => out.extend([to, end]),
                None => {}
            }
            out
        })),
        (0, None) => Ok(text.to_owned()),
        (0, Some(to)) if count(to) == 1 => Ok(text.to_owned()),
        (0, _) => bail!(
            "it was changed since the plan was made: the line \"{from}\" is gone; look again and plan anew"
        ),
        (n, _) => bail!("the line \"{from}\" is there {n} times; remove the doubled ones first"),
    }
}

/// Lines and their ends; `\r\n` is an end, too.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_inclusive('\n').map(|line| {
        let body = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line);
        line.split_at(body.len())
    })
}

fn append(text: &str, to: &str) -> String {
    let end = lines(text).map(|(_, end)| end).find(|end| !end.is_empty()).unwrap_or("\n");
    let missing = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    [text, missing, to, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, from: Option<&str>, to: Option<&str>) -> Result<String> {
        let edit = Edit::Line { from: from.map(str::to_owned), to: to.map(str::to_owned) };
        apply_edits(text, &[edit], Show::Shown)
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
