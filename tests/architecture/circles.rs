//! No circle of files inside a room: of two files, one stands on the other, never both.
//! A name that a `mod.rs` only passes on (`pub use`) counts for the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use syn::{
    Attribute, Item, ItemImpl, ItemMod, ItemUse, UseTree, Visibility,
    visit::{self, Visit},
};

use super::{files_below, is_test_file, none};

/// A module by its names from the root of the crate.
type Module = Vec<String>;

#[derive(Default)]
struct Code {
    /// Paths that the file names, as written.
    paths: BTreeSet<Vec<String>>,
    /// Paths that it imports for itself. One that leads to a module alone says nothing yet; what is named through it does.
    imported: BTreeSet<Vec<String>>,
    /// Names that it passes on, with where they come from.
    passed_on: BTreeMap<String, Vec<String>>,
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let written = attribute.meta.require_list().map(|list| list.tokens.to_string());
        attribute.path().is_ident("cfg") && written.is_ok_and(|written| written == "test")
    })
}

impl<'a> Visit<'a> for Code {
    fn visit_item(&mut self, item: &'a Item) {
        let attributes = match item {
            Item::Mod(ItemMod { attrs, .. })
            | Item::Use(ItemUse { attrs, .. })
            | Item::Impl(ItemImpl { attrs, .. }) => attrs,
            Item::Fn(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        let mut leaves = Vec::new();
        leaves_of(&item.tree, &mut Vec::new(), &mut leaves);
        for (path, name) in leaves {
            // What a module imports for itself its children can name through it as well.
            if matches!(item.vis, Visibility::Inherited) {
                self.imported.insert(path.clone());
            }
            self.passed_on.insert(name, path);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {}
}

fn leaves_of(tree: &UseTree, before: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            leaves_of(&path.tree, before, leaves);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|item| leaves_of(item, before, leaves)),
        UseTree::Glob(_) => leaves.push((before.clone(), "*".to_owned())),
        UseTree::Name(name) => leaf(before, &name.ident, &name.ident, leaves),
        UseTree::Rename(name) => leaf(before, &name.ident, &name.rename, leaves),
    }
}

fn leaf(
    before: &[String],
    name: &syn::Ident,
    known_as: &syn::Ident,
    leaves: &mut Vec<(Vec<String>, String)>,
) {
    let mut path = before.to_vec();
    let last = before.last().cloned().unwrap_or_default();
    let known_as = if known_as == "self" { last } else { known_as.to_string() };
    if name != "self" {
        path.push(name.to_string());
    }
    leaves.push((path, known_as));
}

/// Every file of `src/` but tests.
fn modules() -> BTreeMap<Module, Code> {
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    for file in files_below("src") {
        let below = file.strip_prefix(&src).unwrap().with_extension("");
        let path = file.to_str().unwrap();
        if is_test_file(path) {
            continue;
        }
        let mut module: Module = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        module.pop_if(|last| *last == "mod");
        let mut code = Code::default();
        code.visit_file(&syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap());
        modules.insert(module, code);
    }
    modules
}

/// The file that a path leads to, seen from a module; `None` when it leaves the crate.
fn target(modules: &BTreeMap<Module, Code>, from: &Module, path: &[String], depth: usize) -> Option<Module> {
    let mut at = from.clone();
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => (at, rest) = (Vec::new(), &rest[1..]),
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|first| first == "super") {
                at.pop();
                rest = &rest[1..];
            }
        }
        first => {
            let below = [from.as_slice(), &[first.to_owned()]].concat();
            if !modules.contains_key(&below) {
                // A module that was imported by its name, or nothing of ours.
                let source = modules.get(from)?.passed_on.get(first).filter(|_| depth < 8)?;
                return target(modules, from, &[source, &path[1..]].concat(), depth + 1);
            }
        }
    }
    while let Some((name, after)) = rest.split_first() {
        let below = [at.as_slice(), std::slice::from_ref(name)].concat();
        if modules.contains_key(&below) {
            (at, rest) = (below, after);
            continue;
        }
        let passed_on = modules.get(&at).and_then(|code| code.passed_on.get(name)).filter(|_| depth < 8);
        return match passed_on {
            Some(source) => target(modules, &at, &[source, after].concat(), depth + 1).or(Some(at)),
            None => Some(at),
        };
    }
    Some(at)
}

/// What is reached from `start` along `uses`, itself only through a circle.
fn reached<'a>(uses: &'a BTreeMap<Module, BTreeSet<Module>>, start: &'a Module) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Module> = uses[start].iter().collect();
    while let Some(module) = open.pop() {
        if seen.insert(module) {
            open.extend(&uses[module]);
        }
    }
    seen
}

/// The circles of a room, each as the files in it.
fn circles(room: &str, modules: &BTreeMap<Module, Code>) -> BTreeSet<Vec<String>> {
    let inside = |module: &&Module| module.first().is_some_and(|first| first == room);
    let uses: BTreeMap<Module, BTreeSet<Module>> = modules
        .iter()
        .filter(|(module, _)| inside(module))
        .map(|(module, code)| {
            let names_a_module = |path: &&Vec<String>| {
                target(modules, module, path, 0).is_some_and(|found| found.last() == path.last())
            };
            let imported = code.imported.iter().filter(|path| !names_a_module(path));
            let used = code.paths.iter().chain(imported).filter_map(|path| target(modules, module, path, 0));
            (module.clone(), used.filter(|used| used != module && inside(&used)).collect())
        })
        .collect();
    let mut found = BTreeSet::new();
    for module in uses.keys() {
        let ahead = reached(&uses, module);
        if ahead.contains(module) {
            let circle = ahead.into_iter().filter(|other| reached(&uses, other).contains(module));
            found.insert(circle.map(|module| module.join("/")).collect());
        }
    }
    found
}

#[test]
fn no_circle_of_files_in_a_room() {
    let modules = modules();
    let rooms: BTreeSet<&str> = modules.keys().filter_map(|module| Some(module.first()?.as_str())).collect();
    let mut offences = Vec::new();
    for room in rooms {
        let circles = circles(room, &modules).into_iter();
        offences.extend(circles.map(|circle| format!("{room}: {}", circle.join(", "))));
    }
    none(offences);
}
