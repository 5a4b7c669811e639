//! `sshd_config` and what it includes, line by line: which one decides, and where a new one must stand to decide.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{CONFIG, DROP_INS};
use crate::executor::Executor;

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
    /// As written, without quotes around it and without a comment behind it.
    pub value: String,
    /// The whole line, without its end.
    pub text: String,
    /// It only counts for some logins: the words behind `Match`.
    pub within: Option<String>,
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
        collect(host, main, &content, &mut None, 0, &mut lines)?;
        Ok(Lines(lines))
    }

    /// The values in force for everybody: the first one decides, except where they add up.
    pub(super) fn in_force(&self) -> BTreeMap<String, Vec<String>> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.0.iter().filter(|line| line.within.is_none()) {
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

fn collect(
    host: &dyn Executor,
    file: &Path,
    content: &[u8],
    within: &mut Option<String>,
    depth: usize,
    lines: &mut Vec<Line>,
) -> Result<()> {
    ensure!(depth < DEPTH, "{}: files include each other too deeply", file.display());
    for (index, text) in String::from_utf8_lossy(content).lines().enumerate() {
        ensure!(lines.len() < MOST_LINES, "{}: more than {MOST_LINES} settings", file.display());
        let Some((keyword, value)) = setting(text) else { continue };
        if keyword == "match" {
            let everybody = value.eq_ignore_ascii_case("all");
            *within = (!everybody).then(|| value.clone());
        }
        let include = (keyword == "include").then(|| value.clone());
        lines.push(Line {
            file: file.to_owned(),
            number: index + 1,
            keyword,
            value,
            text: text.to_owned(),
            within: within.clone(),
        });
        for pattern in include.iter().flat_map(|value| value.split_whitespace()) {
            for path in included(host, pattern.trim_matches('"')) {
                // A file that cannot be read is passed over, as sshd does.
                if let Ok(content) = host.read(&path) {
                    // A Match inside an included file ends with it.
                    collect(host, &path, &content, &mut within.clone(), depth + 1, lines)?;
                }
            }
        }
    }
    Ok(())
}

/// Keyword, written small and by its name of today, and value.
fn setting(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
    let rest = text[end..].trim_start();
    let value = rest.strip_prefix('=').unwrap_or(rest).trim();
    let value = value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let unquoted = unquoted.filter(|inner| !inner.contains('"')).unwrap_or(value);
    let keyword = match text[..end].to_ascii_lowercase().as_str() {
        "challengeresponseauthentication" => "kbdinteractiveauthentication".to_owned(),
        "pubkeyacceptedkeytypes" => "pubkeyacceptedalgorithms".to_owned(),
        keyword => keyword.to_owned(),
    };
    Some((keyword, unquoted.to_owned()))
}

/// The files a pattern names; `*` and `?` may stand in its last part.
fn included(host: &dyn Executor, pattern: &str) -> Vec<PathBuf> {
    let pattern = Path::new("/etc/ssh").join(pattern);
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.contains(['*', '?']) {
        return vec![pattern];
    }
    let Some(folder) = pattern.parent() else { return Vec::new() };
    let names: BTreeSet<String> = host.list(folder).unwrap_or_default().into_iter().collect();
    let fits = |file: &&String| !file.starts_with('.') && matches_pattern(name, file);
    names.iter().filter(fits).map(|file| folder.join(file)).collect()
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
