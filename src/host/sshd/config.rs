//! `sshd_config` and what it includes, line by line: which one decides, and where a new one must stand to decide.
//! Where sshd may read a line otherwise than this does, the line says so, and nothing that is read counts as known.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{
    algorithms::LISTS,
    glob,
    syntax::{self, Setting},
};
use crate::executor::{Executor, Kind};

/// The server's configuration.
pub const CONFIG: &str = "/etc/ssh/sshd_config";
/// Where Debian's server looks for more of it, if [`CONFIG`] says so.
pub const DROP_INS: &str = "/etc/ssh/sshd_config.d";
/// How deep files may include each other; sshd's own limit.
const DEPTH: usize = 16;
/// Lines read at most, of all files together.
const MOST_LINES: usize = 50_000;
/// Keywords whose values add up instead of the first one deciding.
const REPEATED: [&str; 7] =
    ["port", "listenaddress", "hostkey", "allowusers", "denyusers", "allowgroups", "denygroups"];

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file it stands in.
    pub file: PathBuf,
    /// Counted from 1.
    pub number: usize,
    /// Written small.
    pub keyword: String,
    /// As sshd reads it: its words, without quotes and without a comment behind them.
    pub value: String,
    /// The whole line, without its end.
    pub text: String,
    /// It only counts for some logins: the words behind `Match`.
    pub within: Option<String>,
    /// Why sshd may read it otherwise, or does not take it at all.
    pub doubt: Option<String>,
}

/// All settings, in the order in which sshd meets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(pub Vec<Line>);

impl Lines {
    /// Reads the main file and what it includes.
    ///
    /// # Errors
    /// When the main file cannot be read, or files include each other without end.
    pub fn read(host: &dyn Executor) -> Result<Lines> {
        let mut lines = Vec::new();
        let main = Path::new(CONFIG);
        let content = host.read(main).with_context(|| format!("{CONFIG} cannot be read"))?;
        collect(host, main, &content, None, 0, &mut lines)?;
        Ok(Lines(lines))
    }

    /// The first line that sshd may read otherwise: then it may even refuse all of them.
    pub fn doubt(&self) -> Option<String> {
        self.0.iter().find_map(|line| {
            Some(format!("{} line {}: {}", line.file.display(), line.number, line.doubt.as_ref()?))
        })
    }

    /// The values in force for everybody: the first one decides, except where they add up.
    pub(super) fn in_force(&self) -> BTreeMap<String, Vec<String>> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        // What is added to or taken from the server's own list is not known without it.
        let changes_list = |line: &Line| line.value.starts_with(['+', '-', '^']) || line.value.contains('*');
        let list =
            |line: &Line| LISTS.iter().any(|(keyword, ..)| *keyword == line.keyword) && changes_list(line);
        for line in self.0.iter().filter(|line| line.within.is_none() && !list(line)) {
            let all = values.entry(line.keyword.clone()).or_default();
            if all.is_empty() || REPEATED.contains(&line.keyword.as_str()) {
                all.push(line.value.clone());
            }
        }
        values
    }

    /// The line that decides a keyword for everybody.
    pub fn deciding(&self, keyword: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.keyword == keyword && line.within.is_none())
    }

    /// Lines that decide for some logins only.
    pub fn exceptions(&self) -> impl Iterator<Item = &Line> {
        self.0.iter().filter(|line| line.within.is_some())
    }

    /// Whether a drop-in named `name` would decide these keywords: the main file includes the folder for everybody,
    /// and nothing read before it sets one of them.
    pub fn drop_in_decides(&self, name: &str, keywords: &[&str]) -> bool {
        let own = Path::new(DROP_INS).join(name);
        let includes = |line: &&Line| {
            line.keyword == "include"
                && line.within.is_none()
                && line.file == Path::new(CONFIG)
                && line.value.split_whitespace().any(|pattern| pattern == format!("{DROP_INS}/*.conf"))
        };
        let Some(include) = self.0.iter().position(|line| includes(&line)) else { return false };
        let later = |line: &Line| line.file.parent() == own.parent() && line.file >= own;
        let before = self
            .0
            .iter()
            .enumerate()
            .filter(|(at, line)| *at < include || (line.file.parent() == own.parent() && !later(line)));
        !before.into_iter().any(|(_, line)| keywords.contains(&line.keyword.as_str()))
    }
}

/// `outer` is the Match block that includes this file: what the file says counts within it only.
fn collect(
    host: &dyn Executor,
    file: &Path,
    content: &[u8],
    outer: Option<&str>,
    depth: usize,
    lines: &mut Vec<Line>,
) -> Result<()> {
    ensure!(depth < DEPTH, "{}: files include each other too deeply", file.display());
    let mut within = outer.map(str::to_owned);
    for (index, text) in String::from_utf8_lossy(content).split('\n').enumerate() {
        ensure!(lines.len() < MOST_LINES, "{}: more than {MOST_LINES} settings", file.display());
        let Some(Setting { keyword, words, value, doubt }) = syntax::setting(text) else { continue };
        if keyword == "match" {
            let own = (!value.eq_ignore_ascii_case("all")).then_some(value.as_str());
            within = match (outer, own) {
                (Some(outer), Some(own)) => Some(format!("{outer} {own}")),
                (outer, own) => own.or(outer).map(str::to_owned),
            };
        }
        let misplaced = within.is_some() && syntax::FOR_EVERYBODY.contains(&keyword.as_str());
        let doubt = doubt.or_else(|| misplaced.then(|| "it may not stand in a Match block".to_owned()));
        let include = keyword == "include";
        let text = text.strip_suffix('\r').unwrap_or(text).to_owned();
        let at = lines.len();
        let (file, number) = (file.to_owned(), index + 1);
        lines.push(Line { file, number, keyword, value, text, within: within.clone(), doubt });
        for pattern in words.iter().filter(|_| include) {
            let mut unread = None;
            match glob::files(host, pattern) {
                Err(why) => unread = Some(why),
                Ok(paths) => {
                    for path in paths {
                        match host.read(&path) {
                            Ok(content) => {
                                collect(host, &path, &content, within.as_deref(), depth + 1, lines)?;
                            }
                            Err(_) if host.metadata(&path).is_ok_and(|at| at.kind == Kind::Directory) => {}
                            // Then sshd ends.
                            Err(error) => {
                                unread = Some(format!("{} cannot be read: {error}", path.display()));
                            }
                        }
                    }
                }
            }
            let line = &mut lines[at];
            line.doubt = line.doubt.take().or(unread);
        }
    }
    Ok(())
}

/// Whether `text` fits a pattern with `*` and `?`, as sshd compares names.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, at)) => {
                    retry = Some((star, at + 1));
                    p = star + 1;
                    t = at + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
