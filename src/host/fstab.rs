//! `/etc/fstab`, read without losing a byte, and the one edit we make in it: `noatime` in the options of a line.
//! What may be edited at all is for the step to say.

use std::{
    ffi::OsString,
    ops::Range,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};

/// The largest fstab that is looked at, in bytes.
const SIZE_LIMIT: usize = 1024 * 1024;
/// The most lines that are looked at.
const LINE_LIMIT: usize = 20_000;
/// Options that speak against `noatime` or win over it, depending on the version of mount(8).
const RIVALS: [&str; 6] = ["atime", "relatime", "norelatime", "strictatime", "nostrictatime", "diratime"];

/// The entries of an fstab, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fstab {
    entries: Vec<Entry>,
}

/// One line that mounts something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counted from 1.
    pub number: usize,
    /// Device, `UUID=…`, `LABEL=…` or a word, escapes resolved.
    pub source: PathBuf,
    /// Mount point, escapes resolved.
    pub target: PathBuf,
    /// File system type; several are separated by commas.
    pub kind: String,
    line: String,
    options: Range<usize>,
    /// Whether the file is UTF-8, so that it can be written back byte for byte.
    exact: bool,
}

impl Fstab {
    /// Reads an fstab. Comments, blank lines and lines that mount(8) would ignore are passed over.
    ///
    /// # Errors
    /// When it is too large or holds NUL bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        ensure!(bytes.len() <= SIZE_LIMIT, "/etc/fstab is larger than {SIZE_LIMIT} bytes");
        ensure!(!bytes.contains(&0), "/etc/fstab holds NUL bytes: it is damaged");
        let exact = std::str::from_utf8(bytes).is_ok();
        let mut entries = Vec::new();
        for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
            ensure!(at < LINE_LIMIT, "/etc/fstab has more than {LINE_LIMIT} lines");
            entries.extend(entry(at + 1, line.strip_suffix(b"\r").unwrap_or(line), exact));
        }
        Ok(Fstab { entries })
    }

    /// The entries that mount something on `target`. More than one is a mistake of the file.
    pub fn at(&self, target: &Path) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.target == target).collect()
    }
}

impl Entry {
    /// The options as they are written.
    pub fn options(&self) -> &str {
        &self.line[self.options.clone()]
    }

    /// Whether one of the options is exactly this.
    pub fn has_option(&self, option: &str) -> bool {
        split_options(self.options()).any(|one| one == option)
    }

    /// Whether the file system is mounted without writing access times, whatever else the line says.
    pub fn is_noatime(&self) -> bool {
        noatime(self.options()).is_none()
    }

    /// The line as it is and as it must be for `noatime`; `None` when it is so already or the file is
    /// not UTF-8 and cannot be written back byte for byte.
    pub fn set_noatime(&self) -> Option<(String, String)> {
        let options = noatime(self.options()).filter(|_| self.exact)?;
        let mut line = self.line.clone();
        line.replace_range(self.options.clone(), &options);
        Some((self.line.clone(), line))
    }
}

/// One line as an entry, if it is one: at least four fields, the last two (dump, pass) may be missing.
fn entry(number: usize, bytes: &[u8], exact: bool) -> Option<Entry> {
    let line = String::from_utf8_lossy(bytes);
    let fields: Vec<Range<usize>> = line
        .split([' ', '\t'])
        .filter(|field| !field.is_empty())
        .map(|field| {
            let start = field.as_ptr() as usize - line.as_ptr() as usize;
            start..start + field.len()
        })
        .take(4)
        .collect();
    let [source, target, kind, options] = <[Range<usize>; 4]>::try_from(fields).ok()?;
    if line[source.clone()].starts_with('#') {
        return None;
    }
    Some(Entry {
        number,
        source: unescaped(line[source].as_bytes()),
        target: unescaped(line[target].as_bytes()).components().collect(),
        kind: line[kind].to_owned(),
        line: line.into_owned(),
        options,
        exact,
    })
}

/// The options with `noatime` and without its rivals; `None` when they are so already. It takes the place of the
/// first rival, else the end. `nodiratime` and `lazytime` say something else and stay.
fn noatime(options: &str) -> Option<String> {
    let rival = |option: &str| RIVALS.contains(&option);
    if split_options(options).any(|o| o == "noatime") && !split_options(options).any(rival) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for option in split_options(options) {
        let option = if rival(option) { "noatime" } else { option };
        if option != "noatime" || !kept.contains(&"noatime") {
            kept.push(option);
        }
    }
    if !kept.contains(&"noatime") {
        kept.push("noatime");
    }
    Some(kept.join(","))
}

/// Options are separated by commas outside double quotes (SELinux contexts hold commas).
fn split_options(options: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    options.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
}

/// A path with the octal escapes of fstab and mountinfo (`\040` for a blank) resolved.
pub(super) fn unescaped(mut field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    while let Some((&byte, rest)) = field.split_first() {
        let octal = |digit: &u8| (b'0'..=b'7').contains(digit);
        match rest {
            [a, b, c, after @ ..] if byte == b'\\' && *a < b'4' && [a, b, c].into_iter().all(octal) => {
                path.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                field = after;
            }
            _ => {
                path.push(byte);
                field = rest;
            }
        }
    }
    PathBuf::from(OsString::from_vec(path))
}

#[cfg(test)]
mod tests;
