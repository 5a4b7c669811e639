//! Names of files that an `Include` means: glob(7) as sshd uses it, in folders as well as in names.

use std::path::{Path, PathBuf};

use crate::executor::{Executor, Kind};

/// More than so many files are not looked for.
const MOST_FILES: usize = 4096;

/// The files that are there, in sshd's order.
///
/// # Errors
/// Why sshd may find others.
pub(super) fn files(host: &dyn Executor, pattern: &str) -> Result<Vec<PathBuf>, String> {
    if pattern.contains('\\') || pattern.contains("[:") || pattern.starts_with('~') {
        return Err("which files are included is not known".to_owned());
    }
    let pattern = Path::new("/etc/ssh").join(pattern);
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.to_string_lossy().split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for folder in found {
            if !part.contains(['*', '?', '[']) {
                next.push(folder.join(part));
                continue;
            }
            let names = host.list(&folder).unwrap_or_default();
            let fits = |name: &&String| (!name.starts_with('.') || part.starts_with('.')) && fits(part, name);
            next.extend(names.iter().filter(fits).map(|name| folder.join(name)));
        }
        if next.len() > MOST_FILES {
            return Err("too many files are included".to_owned());
        }
        found = next;
    }
    found.retain(|path| host.metadata(path).is_ok());
    let folder = |path: &PathBuf| host.metadata(path).is_ok_and(|found| found.kind == Kind::Directory);
    found.retain(|path| !folder(path));
    found.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(found)
}

/// Whether a name fits a pattern with `*`, `?` and `[a-c]`, `[!x]`.
fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match one(&pattern[p..], name[n]) {
            Step::Star => {
                retry = Some((p, n));
                p += 1;
            }
            Step::Fits(length) => {
                p += length;
                n += 1;
            }
            Step::No => {
                let Some((star, at)) = retry else { return false };
                retry = Some((star, at + 1));
                (p, n) = (star + 1, at + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

enum Step {
    Star,
    /// The character fits so many of the pattern.
    Fits(usize),
    No,
}

fn one(pattern: &[char], c: char) -> Step {
    match pattern {
        ['*', ..] => Step::Star,
        ['?', ..] => Step::Fits(1),
        ['[', rest @ ..] if let Some((inside, length)) = class(rest, c) => {
            if inside {
                Step::Fits(length + 1)
            } else {
                Step::No
            }
        }
        [own, ..] if *own == c => Step::Fits(1),
        _ => Step::No,
    }
}

/// Behind `[`: whether the character is meant, and how long it is with its end. `None` without an end: then `[` means
/// itself.
fn class(text: &[char], c: char) -> Option<(bool, usize)> {
    let not = usize::from(text.first() == Some(&'!'));
    // A bracket right at the start is one of the characters.
    let end = not + 1 + text.get(not + 1..)?.iter().position(|c| *c == ']')?;
    let mut members = &text[not..end];
    let mut inside = false;
    while let [first, rest @ ..] = members {
        (inside, members) = match rest {
            ['-', last, rest @ ..] => (inside || (*first..=*last).contains(&c), rest),
            _ => (inside || *first == c, rest),
        };
    }
    Some((inside != (not == 1), end + 1))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn names_fit_patterns_as_in_glob_7() {
        for (pattern, good, bad) in [
            ("*.conf", "a.conf", "a.con"),
            ("[0-4]0-?.conf", "10-x.conf", "50-x.conf"),
            ("[!a-c]x", "dx", "ax"),
            ("[]x]y", "]y", "ay"),
            ("[ab", "[ab", "a"),
            ("a*b*c", "axxbxbc", "axxb"),
            ("[a-]x", "-x", "bx"),
        ] {
            assert!(fits(pattern, good), "{pattern} {good}");
            assert!(!fits(pattern, bad), "{pattern} {bad}");
        }
    }
}
