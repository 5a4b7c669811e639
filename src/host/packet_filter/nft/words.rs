//! What nft prints for people: the words of each rule, and what its JSON leaves out (version 1.0.6 tells neither the
//! device of a chain nor, rightly, whether a table is dormant).

use std::collections::BTreeMap;

/// The name of something in a table: family, table, chain or set.
pub(super) type Key = (String, String, String);

/// What is in the text of `nft -s -a list ruleset`.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Tables by family and name, in order.
    pub(super) tables: Vec<(String, String)>,
    /// The words of rules, by chain and handle.
    pub(super) rules: BTreeMap<(Key, u64), String>,
    /// The devices of base chains.
    pub(super) devices: BTreeMap<Key, Vec<String>>,
    /// The flags of tables (the third name is empty) and sets.
    pub(super) flags: BTreeMap<Key, Vec<String>>,
}

impl Words {
    /// Whether a table sleeps.
    pub(super) fn dormant(&self, family: &str, name: &str) -> bool {
        let flags = self.flags.get(&(family.to_owned(), name.to_owned(), String::new()));
        flags.is_some_and(|flags| flags.iter().any(|flag| flag == "dormant"))
    }
}

/// Reads the text. What it does not know it leaves out.
pub(super) fn read(text: &str) -> Words {
    let mut words = Words::default();
    let mut table = (String::new(), String::new());
    let mut block = String::new();
    let mut rule = String::new();
    for line in text.lines() {
        let (said, handle) = without_handle(line);
        let at = || (table.0.clone(), table.1.clone(), block.clone());
        // Depth by tabs: tables stand at 0, chains and sets at 1, what is in them at 2.
        let depth = line.len() - line.trim_start_matches('\t').len();
        let said = said.trim();
        let name = || said.trim_end_matches('{').split_whitespace().collect::<Vec<_>>();
        match depth {
            0 if said.starts_with("table ") => {
                if let [_, family, name] = name().as_slice() {
                    table = ((*family).to_owned(), unquoted(name));
                    words.tables.push(table.clone());
                }
                block.clear();
            }
            1 if said.ends_with('{') && !said.starts_with("flags") => {
                if let [_, name] = name().as_slice() {
                    block = unquoted(name);
                }
                rule.clear();
            }
            1 | 2 if said.starts_with("flags ") => {
                let flags = said.trim_start_matches("flags ").split([',', ' ']);
                let flags = flags.filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
                let key = if depth == 1 { (table.0.clone(), table.1.clone(), String::new()) } else { at() };
                words.flags.insert(key, flags);
            }
            2 if said.starts_with("type ") && said.contains(" hook ") => {
                if let Some(devices) = devices(said) {
                    words.devices.insert(at(), devices);
                }
            }
            0 | 1 if said != "}" => rule.clear(),
            _ => {
                rule = format!("{rule} {said}").trim().to_owned();
                if let Some(handle) = handle.filter(|_| depth == 2) {
                    words.rules.insert((at(), handle), std::mem::take(&mut rule));
                }
            }
        }
    }
    words
}

fn devices(said: &str) -> Option<Vec<String>> {
    let after = said.split_once(" device ").or_else(|| said.split_once(" devices = "))?.1;
    let names = after.split(" priority ").next()?;
    let names = names.trim_matches(|c: char| "{} ".contains(c)).split(',');
    Some(names.map(|name| unquoted(name.trim())).filter(|name| !name.is_empty()).collect())
}

fn unquoted(name: &str) -> String {
    name.trim_matches('"').to_owned()
}

/// A line without its `# handle 7`, which is always at its end.
fn without_handle(line: &str) -> (&str, Option<u64>) {
    match line.rsplit_once(" # handle ") {
        Some((said, handle)) => match handle.trim().parse() {
            Ok(handle) => (said, Some(handle)),
            Err(_) => (line, None),
        },
        None => (line, None),
    }
}
