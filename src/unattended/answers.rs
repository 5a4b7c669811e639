//! The answers file: what one person answers once, reviewed, kept in git and applied to many hosts. Never a secret.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::{
    finding::{deceives, one_line},
    secret::Secrets,
    steps::{
        self, Answer, Answers,
        form::{self, Field, Form, Kind},
    },
    yaml::{self, Node},
};

/// Larger files are refused, in bytes.
const SIZE_LIMIT: usize = 256 * 1024;

/// A parsed answers file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswersFile {
    /// Steps that are to be done. A step that is not named is left alone.
    pub steps: BTreeMap<String, Section>,
    /// What to do with configuration changes that somebody else left uncommitted.
    pub uncommitted: UncommittedChanges,
}

/// The answers of one step, each with its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Where it begins.
    pub line: usize,
    /// Key to answer and line.
    pub values: BTreeMap<String, (Written, usize)>,
}

/// An answer as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// One value.
    One(String),
    /// A list, each item with its line.
    List(Vec<(String, usize)>),
}

impl Written {
    /// The answer that it is to a question; else the line that is to blame, if it is another one, and why.
    fn read(&self, form: &Form, field: &Field) -> Result<Answer, (Option<usize>, String)> {
        match self {
            Written::One(text) => form.read(field, text).map_err(|why| (None, why)),
            Written::List(items) => {
                let words: Vec<&str> = items.iter().map(|(word, _)| word.as_str()).collect();
                let line = |at: usize| items.get(at).map(|(_, line)| *line);
                field.kind.read_items(&words).map_err(|(at, why)| (at.and_then(line), why))
            }
        }
    }
}

/// What to do when the configuration tree holds somebody else's uncommitted changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UncommittedChanges {
    /// Change nothing.
    #[default]
    Refuse,
    /// Apply and commit them along.
    Include,
}

impl AnswersFile {
    /// Reads an answers file.
    ///
    /// # Errors
    /// Names the line that does not fit.
    pub fn parse(text: &str) -> Result<Self> {
        ensure!(text.len() <= SIZE_LIMIT, "answers: more than {SIZE_LIMIT} bytes");
        let mut file = AnswersFile::default();
        let mut schema = None;
        for (section, line, entries) in sections(text)? {
            match (section.as_str(), entries) {
                ("schema", Entry::Value(value)) => schema = Some(value),
                ("apply", Entry::Values(values)) => file.uncommitted = uncommitted(values)?,
                (name, Entry::Values(values)) if steps::find(name).is_some() => {
                    file.steps.insert(section, Section { line, values });
                }
                (name, _) if steps::find(name).is_some() => {
                    bail!("answers, line {line}: under '{name}:' come its answers, one a line, indented")
                }
                (name, _) => bail!("answers, line {line}: there is no step '{name}'"),
            }
        }
        match schema.as_deref() {
            Some("1") => Ok(file),
            Some(other) => bail!("answers: schema {other} is not known to this version, only 1"),
            None => bail!("answers: 'schema: 1' is missing"),
        }
    }

    /// The answers of one step, checked against the questions it asks on this host.
    ///
    /// # Errors
    /// Names the key, and the line, of an answer that is missing, unknown or does not fit.
    pub fn fit(&self, step: &str, form: &Form, secrets: &Secrets) -> Result<Answers> {
        let section =
            self.steps.get(step).with_context(|| format!("answers: step '{step}' is not in the file"))?;
        let mut answers = Answers::default();
        for (key, (written, line)) in &section.values {
            let field = form.field(key);
            if field.is_none() && form.settled.iter().any(|one| form::names(one, key)) {
                continue;
            }
            let field = field.with_context(|| {
                let known = form.fields.iter().filter(|field| !field.kind.is_secret());
                let mut known: Vec<&str> = known.map(|field| field.key.as_str()).collect();
                known.sort_unstable();
                format!(
                    "answers, line {line}: {step}.{key} is not asked on this host; asked are: {}. {}",
                    known.join(", "),
                    form.note.as_deref().unwrap_or_default()
                )
            })?;
            let answer = written.read(form, field).map_err(|(other, why)| {
                anyhow!("answers, line {}: {step}.{key}: {why}", other.unwrap_or(*line))
            })?;
            answers.values.insert(key.clone(), answer);
        }
        answer_above(step, form, &mut answers)?;
        let defaults = form.defaults().values;
        for field in form.fields.iter().filter(|field| field.optional) {
            let Some(default) = defaults.get(&field.key) else { continue };
            answers.values.entry(field.key.clone()).or_insert_with(|| default.clone());
        }
        let given = answers.clone();
        for field in form.asked(&given) {
            let name = format!("{step}.{}", field.key);
            match &field.kind {
                kind if kind.is_secret() && field.optional && secrets.get(&name).is_none() => {}
                kind if kind.is_secret() => {
                    let secret = secrets.get(&name).with_context(|| format!("secrets: {name} is missing"))?;
                    kind.judge(secret).map_err(|why| anyhow!("secrets: {name} {why}"))?;
                    answers.secrets.insert(name);
                }
                _ if answers.values.contains_key(&field.key) => {}
                _ => {
                    // What stands below it in the file, and counts only with one answer of it.
                    let below = form.fields.iter().find_map(|below| {
                        let (_, wanted) = below.only_if.as_ref().filter(|(key, _)| *key == field.key)?;
                        let (_, line) = section.values.get(&below.key)?;
                        Some((line, &below.key, wanted.join("' or '")))
                    });
                    if let Some((line, key, wanted)) = below {
                        let above = &field.key;
                        bail!(
                            "answers, line {line}: {step}.{key} is answered, and {above} is missing: answer it with '{wanted}'"
                        );
                    }
                    bail!("answers: {name} is missing (step '{step}' begins in line {})", section.line)
                }
            }
        }
        Ok(answers)
    }
}

/// Who answers a question that is asked only with one answer of another one has given that, too, where the other
/// one is not in the file. An answer that may be left out says nothing of a question that may not: all others below
/// that one would be answered as proposed, and nobody wrote that.
fn answer_above(step: &str, form: &Form, answers: &mut Answers) -> Result<()> {
    let mut said_by: BTreeMap<String, &str> = BTreeMap::new();
    // As often as questions stand one upon the other.
    for _ in 0..form.fields.len() {
        let before = answers.values.len();
        for field in &form.fields {
            let Some((above, wanted)) = &field.only_if else { continue };
            let ([wanted], true) = (&wanted[..], answers.values.contains_key(&field.key)) else {
                continue;
            };
            if field.optional && form.field(above).is_some_and(|above| !above.optional) {
                continue;
            }
            let wanted = Answer::Choice(wanted.clone());
            match answers.values.get(above) {
                None => {
                    answers.values.insert(above.clone(), wanted);
                    said_by.insert(above.clone(), &field.key);
                }
                Some(other) => match said_by.get(above) {
                    Some(by) if *other != wanted => bail!(
                        "answers: {step}.{by} and {step}.{} cannot both be; say what {step}.{above} is",
                        field.key
                    ),
                    _ => {}
                },
            }
        }
        if answers.values.len() == before {
            break;
        }
    }
    Ok(())
}

fn uncommitted(values: BTreeMap<String, (Written, usize)>) -> Result<UncommittedChanges> {
    let mut answer = UncommittedChanges::default();
    for (key, (value, line)) in values {
        let value = if let Written::One(value) = &value { value.as_str() } else { "" };
        answer = match (key.as_str(), value) {
            ("uncommitted", "refuse") => UncommittedChanges::Refuse,
            ("uncommitted", "include") => UncommittedChanges::Include,
            ("uncommitted", _) => bail!("answers, line {line}: apply.uncommitted is 'refuse' or 'include'"),
            _ => bail!("answers, line {line}: apply.{key} is not known"),
        };
    }
    Ok(answer)
}

enum Entry {
    Value(String),
    Values(BTreeMap<String, (Written, usize)>),
}

/// Two levels of mappings with scalars and lists of them, nothing else: no aliases, no tags.
fn sections(text: &str) -> Result<Vec<(String, usize, Entry)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = yaml::parse(text).context("answers")?.context("answers: the file is empty")?;
    let yaml::Kind::Map { entries, .. } = &root.kind else {
        bail!("answers, line {}: expected 'schema: 1' and steps", root.line)
    };
    entries.iter().map(|(name, under)| section(name, under)).collect()
}

fn section(name: &Node, under: &Node) -> Result<(String, usize, Entry)> {
    let line = name.line;
    let name = simple(name).with_context(|| format!("answers, line {line}: expected the name of a step"))?;
    let empty =
        matches!(&under.kind, yaml::Kind::Scalar { text, style: yaml::Style::Plain } if text.is_empty());
    let entry = match (&under.kind, simple(under)) {
        (_, Some(_)) if empty => Entry::Values(BTreeMap::new()),
        (_, Some(value)) => Entry::Value(value),
        (yaml::Kind::Map { entries, .. }, _) if !under.adorned && !under.alias => {
            let mut values = BTreeMap::new();
            for (key, value) in entries {
                let line = key.line;
                let key =
                    simple(key).with_context(|| format!("answers, line {line}: expected KEY: VALUE"))?;
                let value = written(value).with_context(|| {
                    format!("answers, line {line}: {name}.{key} takes one value, or a list of them")
                })?;
                values.insert(key, (value, line));
            }
            Entry::Values(values)
        }
        _ => bail!("answers, line {}: expected answers under '{name}:'", under.line),
    };
    Ok((name, line, entry))
}

fn simple(node: &Node) -> Option<String> {
    node.text().filter(|_| !node.adorned && !node.alias).map(str::to_owned)
}

fn written(node: &Node) -> Option<Written> {
    match &node.kind {
        yaml::Kind::List { items, .. } if !node.adorned && !node.alias => {
            let items = items.iter().map(|item| Some((simple(item)?, item.line)));
            items.collect::<Option<_>>().map(Written::List)
        }
        _ => simple(node).map(Written::One),
    }
}

/// A commented answers file with the defaults of `forms`.
pub fn template(host: &str, forms: &[(&'static steps::About, Form)]) -> String {
    let mut out = format!(
        "# Answers for ngcp-warden, made on {}.\n# A step you delete is left alone. Passwords go into the secrets file, \
         one NAME=PASSWORD a line.\nschema: 1\n",
        one_line(host)
    );
    for (about, form) in forms {
        let _ = write!(out, "\n# {}, handbook {}\n", about.title, about.handbook);
        let _ = writeln!(out, "{}:", about.id);
        let defaults = form.defaults();
        let asked: Vec<&Field> = form.asked(&defaults).collect();
        let mut told = None;
        for field in &form.fields {
            let indent = if asked.contains(&field) { "  " } else { "  # " };
            let only = field
                .only_if
                .as_ref()
                .map_or(String::new(), |(key, any)| format!(" (only with {key}: {})", any.join(" or ")));
            let now = field.now.as_ref().map_or(String::new(), |now| format!(", now: {}", one_line(now)));
            let _ = writeln!(out, "  # {}{now}{only}", one_line(&field.label));
            if let Some(help) = &field.help {
                let _ = writeln!(out, "  # {}", one_line(help));
            }
            let options = match &field.kind {
                Kind::Choice { options, .. } | Kind::Either { words: options, .. } => Some(options),
                _ => None,
            };
            // In a table the answers may be the same in every row.
            let again = told.is_some() && told == options && !field.columns.is_empty();
            told = options;
            if let Some(options) = options {
                for option in options.iter().filter(|_| !again) {
                    // The words of the screen, where they are others.
                    let label = if option.label == option.value {
                        String::new()
                    } else {
                        format!("{}: ", one_line(&option.label))
                    };
                    let _ = writeln!(out, "  #   {:<9} {label}{}", option.value, one_line(&option.effect));
                }
            }
            if let Some(hint) = field.kind.hint() {
                let each =
                    if field.kind.is_list() { ", each on a line of its own behind \"- \"" } else { "" };
                let _ = writeln!(out, "  #   {hint}{each}");
            }
            let key = quoted(&field.key);
            let _ = match field.kind.default() {
                _ if field.kind.takes_lines() => {
                    writeln!(
                        out,
                        "  #   in the secrets file: {}.{}=| and below it its lines, indented",
                        about.id, field.key
                    )
                }
                _ if field.kind.is_secret() => {
                    writeln!(out, "  #   in the secrets file: {}.{}=…", about.id, field.key)
                }
                Some(all) if field.kind.is_list() => {
                    let items: Vec<String> =
                        all.items().iter().map(|item| format!("\n{indent}  - {}", quoted(item))).collect();
                    let none = if items.is_empty() { " []" } else { "" };
                    writeln!(out, "{indent}{key}:{none}{}", items.concat())
                }
                default => {
                    let default = default.map(|answer| answer.to_string()).unwrap_or_default();
                    writeln!(out, "{indent}{key}: {}", quoted(&default))
                }
            };
        }
    }
    out.push_str(
        "\n# What to do when somebody else left changes in /etc/ngcp-config uncommitted: refuse, or include them.\n\
         apply:\n  uncommitted: refuse\n",
    );
    out
}

/// A value as YAML takes it, in double quotes where a plain one would not do.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Writing into a string cannot fail.
            c if deceives(c) => drop(write!(out, "\\U{:08x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests;
