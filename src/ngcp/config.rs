//! The configuration as the host sees it: config.yml with the files that override it, every scalar as text with
//! the place it comes from. The values of constants.yml are secret and never kept.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    executor::Executor,
    yaml::{self, Kind, Node, Style},
};

/// Where all of it lies.
pub const DIRECTORY: &str = "/etc/ngcp-config";
/// More files than this in config.d are not read.
const EXTRA_LIMIT: usize = 200;

/// The merged configuration. Read-only; a change goes through [`crate::yaml::edit::set`] on the text of config.yml.
#[derive(Debug, Clone)]
pub struct Config {
    merged: Merged,
    main: Merged,
    files: Vec<PathBuf>,
    constants: BTreeMap<String, Place>,
    unseen: Vec<String>,
}

/// One scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As written, without quotes: `yes`, `0123`, `~`; empty when nothing is written.
    pub text: String,
    /// How it is quoted.
    pub style: Style,
    /// Where it comes from.
    pub place: Place,
    /// The file whose value is used instead of this one.
    pub shadowed_by: Option<Place>,
}

impl Value {
    /// Whether it is no value at all: `~`, `null` or nothing, without quotes.
    pub fn is_null(&self) -> bool {
        self.style == Style::Plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// An item of a list that several files may add to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number in the list that is used.
    pub index: usize,
    /// The file it stands in.
    pub file: PathBuf,
    /// Its number in the list of that file.
    pub number: usize,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Counts from 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} line {}", self.file.display(), self.line)
    }
}

#[derive(Debug, Clone)]
enum Merged {
    Scalar(Value),
    Map(Place, BTreeMap<String, Merged>),
    List(Place, Vec<Merged>),
}

impl Config {
    /// Reads config.yml and what overrides it, lowest first: `config.NODE.yml`, `config.PAIR.yml`,
    /// `config.HOST.yml`, `config.local.yml`, `config.d/*.yml`, `constants.yml`. A later scalar wins, maps are merged,
    /// lists are appended.
    ///
    /// # Errors
    /// When config.yml is missing, or any of the files but constants.yml cannot be read or is not plain YAML within
    /// limits. Names file and line.
    pub fn read(host: &dyn Executor) -> Result<Config> {
        let main_path = main_file();
        let Some(main) = load(host, &main_path)? else {
            bail!(
                "{} is not there: this host is not (yet) configured as a sip:provider CE",
                main_path.display()
            )
        };
        let mut config = Config {
            merged: main.clone(),
            main,
            files: vec![main_path],
            constants: BTreeMap::new(),
            unseen: Vec::new(),
        };
        for path in override_files(host)? {
            if let Some(tree) = load(host, &path)? {
                config.merged.overlay(tree);
                config.files.push(path);
            }
        }
        if let Err(reason) = config.read_constants(host) {
            config.unseen.push(format!("{reason:#}"));
        }
        Ok(config)
    }

    /// The value that is used, wherever it comes from. A number in `path` picks an item of a list.
    pub fn value(&self, path: &[&str]) -> Option<Value> {
        let Merged::Scalar(value) = self.merged.at(path)? else { return None };
        Some(Value { shadowed_by: self.constants.get(&path.join(".")).cloned(), ..value.clone() })
    }

    /// The text of [`Config::value`].
    pub fn text(&self, path: &[&str]) -> Option<String> {
        self.value(path).map(|value| value.text)
    }

    /// The value in config.yml itself, the file that an edit changes, and what shadows it.
    pub fn main(&self, path: &[&str]) -> Option<Value> {
        let Merged::Scalar(value) = self.main.at(path)? else { return None };
        Some(Value { shadowed_by: self.shadow(path), ..value.clone() })
    }

    /// The file that decides about `path` although config.yml may say something else: an edit of config.yml would
    /// change nothing.
    pub fn shadow(&self, path: &[&str]) -> Option<Place> {
        if let Some(place) = self.constants.get(&path.join(".")) {
            return Some(place.clone());
        }
        let place = self.merged.at(path)?.place();
        (place.file != main_file()).then(|| place.clone())
    }

    /// The line of what stands at `path`, be it a value, a list or a map.
    pub fn place(&self, path: &[&str]) -> Option<&Place> {
        self.merged.at(path).map(Merged::place)
    }

    /// Whether anything stands at `path`.
    pub fn has(&self, path: &[&str]) -> bool {
        self.merged.at(path).is_some()
    }

    /// The keys of the map at `path`, sorted; none when it is not a map.
    pub fn keys(&self, path: &[&str]) -> Vec<&str> {
        match self.merged.at(path) {
            Some(Merged::Map(_, entries)) => entries.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// All scalars that are used, each under its keys with dots between; what a list holds has its number as key.
    pub fn scalars(&self) -> Vec<(String, &str)> {
        let mut all = Vec::new();
        self.merged.scalars("", &mut all);
        all
    }

    /// How many items the list at `path` has; `None` when it is not a list. Those of config.yml come first.
    pub fn list_len(&self, path: &[&str]) -> Option<usize> {
        match self.merged.at(path) {
            Some(Merged::List(_, items)) => Some(items.len()),
            _ => None,
        }
    }

    /// The scalars of the list at `path`.
    pub fn list(&self, path: &[&str]) -> Vec<Value> {
        match self.merged.at(path) {
            Some(Merged::List(_, items)) => items
                .iter()
                .filter_map(|item| match item {
                    Merged::Scalar(value) => Some(value.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The items of the list at `path` whose `key` is `text`, e.g. `user: ngcpsoap`, in all files that add to it.
    pub fn items_where(&self, path: &[&str], key: &str, text: &str) -> Vec<Item> {
        let Some(Merged::List(_, items)) = self.merged.at(path) else { return Vec::new() };
        let is = |item: &Merged| matches!(item.at(&[key]), Some(Merged::Scalar(value)) if value.text == text);
        let found = items.iter().enumerate().filter(|(_, item)| is(item));
        found
            .map(|(index, item)| {
                let file = &item.place().file;
                let before = items[..index].iter().filter(|other| other.place().file == *file).count();
                Item { index, file: file.clone(), number: before }
            })
            .collect()
    }

    /// The line of constants.yml that sets `path`, or adds to the list there. What it sets is never kept.
    pub fn constant(&self, path: &[&str]) -> Option<&Place> {
        self.constants.get(&path.join("."))
    }

    /// The files that were read, lowest precedence first, without constants.yml.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What could not be looked at and might shadow a value, with the reason.
    pub fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Keeps keys and lines of constants.yml, no values.
    fn read_constants(&mut self, host: &dyn Executor) -> Result<()> {
        let path = Path::new(DIRECTORY).join("constants.yml");
        let Some(tree) = load(host, &path)? else { return Ok(()) };
        tree.outline("", &mut self.constants);
        Ok(())
    }
}

impl Merged {
    fn from(node: Node, file: &Path) -> Merged {
        let place = Place { file: file.to_owned(), line: node.line };
        match node.kind {
            Kind::Scalar { text, style } => Merged::Scalar(Value { text, style, place, shadowed_by: None }),
            Kind::Map { entries, .. } => {
                let key = |key: &Node| key.text().unwrap_or_default().to_owned();
                let entries = entries.into_iter().map(|(k, value)| (key(&k), Merged::from(value, file)));
                Merged::Map(place, entries.collect())
            }
            Kind::List { items, .. } => {
                Merged::List(place, items.into_iter().map(|item| Merged::from(item, file)).collect())
            }
        }
    }

    fn place(&self) -> &Place {
        match self {
            Merged::Scalar(value) => &value.place,
            Merged::Map(place, _) | Merged::List(place, _) => place,
        }
    }

    fn at(&self, path: &[&str]) -> Option<&Merged> {
        path.iter().try_fold(self, |node, segment| match node {
            Merged::Map(_, entries) => entries.get(*segment),
            Merged::List(_, items) => items.get(segment.parse::<usize>().ok()?),
            Merged::Scalar(_) => None,
        })
    }

    fn overlay(&mut self, later: Merged) {
        match (self, later) {
            (Merged::Map(_, entries), Merged::Map(_, later)) => {
                for (key, value) in later {
                    match entries.entry(key) {
                        std::collections::btree_map::Entry::Occupied(mut old) => old.get_mut().overlay(value),
                        std::collections::btree_map::Entry::Vacant(free) => {
                            free.insert(value);
                        }
                    }
                }
            }
            (Merged::List(_, items), Merged::List(_, later)) => items.extend(later),
            (old, later) => *old = later,
        }
    }

    fn scalars<'a>(&'a self, prefix: &str, into: &mut Vec<(String, &'a str)>) {
        let under = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        match self {
            Merged::Map(_, entries) => entries.iter().for_each(|(key, one)| one.scalars(&under(key), into)),
            Merged::List(_, items) => {
                items.iter().enumerate().for_each(|(at, one)| one.scalars(&under(&at.to_string()), into));
            }
            Merged::Scalar(value) => into.push((prefix.to_owned(), &value.text)),
        }
    }

    /// Dotted paths of all scalars and lists.
    fn outline(&self, prefix: &str, into: &mut BTreeMap<String, Place>) {
        match self {
            Merged::Map(_, entries) => {
                for (key, value) in entries {
                    let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    value.outline(&path, into);
                }
            }
            Merged::Scalar(Value { place, .. }) | Merged::List(place, _) => {
                into.insert(prefix.to_owned(), place.clone());
            }
        }
    }
}

fn main_file() -> PathBuf {
    Path::new(DIRECTORY).join("config.yml")
}

/// `general.ngcp_type` of constants.yml, whatever state config.yml is in.
pub fn ngcp_type(host: &dyn Executor) -> Option<String> {
    let tree = load(host, &Path::new(DIRECTORY).join("constants.yml")).ok()??;
    match tree.at(&["general", "ngcp_type"])? {
        Merged::Scalar(value) => Some(value.text.clone()),
        _ => None,
    }
}

/// The files that may override config.yml, lowest precedence first, each once.
fn override_files(host: &dyn Executor) -> Result<Vec<PathBuf>> {
    let directory = Path::new(DIRECTORY);
    let node = first_word(host, "/etc/ngcp_nodename").or_else(|| first_word(host, "/etc/ngcp_ha_node"));
    // Nodes of a carrier pair are called web01a and web01b, their pair web01.
    let pair = node
        .as_deref()
        .and_then(|node| node.strip_suffix(['a', 'b']))
        .filter(|pair| pair.ends_with(|c: char| c.is_ascii_digit()));
    let hostname = first_word(host, "/etc/hostname");
    let names = [node.as_deref(), pair, hostname.as_deref(), Some("local")];
    let mut files: Vec<PathBuf> = Vec::new();
    for name in names.into_iter().flatten().filter(|name| !name.is_empty()) {
        let path = directory.join(format!("config.{name}.yml"));
        files.retain(|earlier| *earlier != path);
        files.push(path);
    }
    let extra = directory.join("config.d");
    let names = match host.list(&extra) {
        Ok(names) => names,
        Err(error) if absent(&error) => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", extra.display())),
    };
    let names: Vec<_> =
        names.into_iter().filter(|name| name.ends_with(".yml") && !name.starts_with('.')).collect();
    if names.len() > EXTRA_LIMIT {
        bail!("{} holds {} files, more than {EXTRA_LIMIT}", extra.display(), names.len());
    }
    files.extend(names.into_iter().map(|name| extra.join(name)));
    Ok(files)
}

/// A host or node name from a file; `None` when it holds anything else.
fn first_word(host: &dyn Executor, path: &str) -> Option<String> {
    let bytes = host.read(Path::new(path)).ok()?;
    let word = std::str::from_utf8(&bytes).ok()?.split_whitespace().next()?.to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (word.len() <= 255 && word.chars().all(plain)).then_some(word)
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The tree of one file, an empty map when it holds nothing; `None` when it is not there.
fn load(host: &dyn Executor, path: &Path) -> Result<Option<Merged>> {
    let bytes = match host.read(path) {
        Ok(bytes) => bytes,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("{} line {line}: not UTF-8 text; fix it by hand", path.display())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let node = yaml::parse(text).with_context(|| path.display().to_string())?;
    if let Err(error) = serde_yaml::from_str::<serde::de::IgnoredAny>(text)
        && node.is_some()
    {
        let line = error.location().map_or_else(String::new, |at| format!(" line {}", at.line()));
        bail!("{}{line}: the host's own tools cannot read it: {error}; fix it by hand", path.display());
    }
    let empty = Merged::Map(Place { file: path.to_owned(), line: 1 }, BTreeMap::new());
    match node.map(|node| Merged::from(node, path)) {
        None => Ok(Some(empty)),
        Some(Merged::Scalar(value)) if value.is_null() => Ok(Some(empty)),
        Some(map @ Merged::Map(..)) => Ok(Some(map)),
        Some(_) => bail!("{}: there are no keys in it; fix it by hand", path.display()),
    }
}

#[cfg(test)]
mod tests;
