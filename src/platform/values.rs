//! Values that a program of the host was to set in a YAML file. Whatever it said and returned, they are looked at, and
//! so is what became of the file: a program may empty it, lose half of it or put something else in its place.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_yaml::Value;

use crate::{
    executor::{Executor, FileChange, FileTo, Kind},
    host::accounts,
    runner::{Saved, Seen, Was},
};

/// More of them are not named in a message.
const NAMED: usize = 8;
/// Who may edit the configuration besides root: the platform's own tools hand it to them.
const ADMIN_GROUP: &str = "_ngcp-admin";

/// What became of the values.
struct Set {
    /// How many are as wanted.
    count: usize,
    /// Those that are as they were: `kamailio.lb.udp_children 8, not 1`.
    missing: Vec<String>,
    /// Other keys whose values are not as before.
    others: Vec<String>,
}

/// What became of them.
pub(super) fn seen(
    path: &Path,
    values: &[(String, String)],
    before: &Saved,
    host: &dyn Executor,
) -> Result<Seen> {
    let set = look(host, path, values, before).with_context(|| path.display().to_string())?;
    Ok(match set.missing.is_empty() {
        true if set.others.is_empty() && set.count > 0 => {
            Seen::yes(format!("all {} values are set", set.count))
        }
        true => Seen::but(told(&set)),
        false => Seen::in_part(told(&set)),
    })
}

fn told(set: &Set) -> String {
    let list = |all: &[String]| {
        let more = all.len().saturating_sub(NAMED);
        let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if more == 0 { named } else { format!("{named} and {more} more") }
    };
    let mut told = vec![match (set.count, set.missing.len()) {
        (0, 0) => "none of the values that tell the profiles apart is here".to_owned(),
        (count, 0) => format!("all {count} values are set"),
        (count, missing) => format!(
            "{count} of {} values are set, these are as they were: {}",
            count + missing,
            list(&set.missing)
        ),
    }];
    if !set.others.is_empty() {
        told.push(format!("also changed, look at the difference: {}", list(&set.others)));
    }
    told.join("; ")
}

/// An error when the file is not whole, a value is neither the old nor the new one, or nothing was set at all.
fn look(host: &dyn Executor, path: &Path, values: &[(String, String)], saved: &Saved) -> Result<Set> {
    let was = saved.files.iter().find(|file| file.path == path).map(|file| &file.was);
    let Some(Was::File { content: old, mode, uid, gid, .. }) = was else { bail!("it was not there before") };
    let now = host.metadata(path).context("it is gone")?;
    match now.kind {
        Kind::File => {}
        Kind::Link => {
            // Nothing is put back through a link.
            host.change(&FileChange { path: path.to_owned(), to: FileTo::Absent })?;
            bail!("a symbolic link was put in its place; the link was removed");
        }
        Kind::Directory | Kind::Other => bail!("it is no plain file any more"),
    }
    let own = (*mode, *uid, *gid);
    let theirs = (now.mode, now.uid, now.gid);
    ensure!(
        own == theirs || (now.mode == 0o660 && now.uid == 0 && is_admin(host, now.gid)),
        "its owner or mode was changed: {:04o} {}:{}, was {mode:04o} {uid}:{gid}",
        now.mode,
        now.uid,
        now.gid
    );
    let new = host.read(path).context("it cannot be read any more")?;
    let parse = |bytes: &[u8]| serde_yaml::from_slice::<Value>(bytes);
    let before = parse(old.expose()).context("it was not valid YAML before")?;
    let after = parse(&new).context("it is not valid YAML any more")?;
    let mut changed = Vec::new();
    compare(&before, &after, "", &mut changed)?;
    let mut set = Set { count: 0, missing: Vec::new(), others: Vec::new() };
    let mut newly = 0;
    for (key, to) in values {
        let (from, is) = (at(&before, key), at(&after, key));
        let Some(is) = is else { bail!("{key} is gone") };
        if is.eq_ignore_ascii_case(to) {
            set.count += 1;
            newly += usize::from(from.is_none_or(|from| !from.eq_ignore_ascii_case(to)));
        } else if from.as_ref() == Some(&is) {
            set.missing.push(format!("{key} {is}, not {to}"));
        } else {
            bail!("{key} is now {is}: neither {to} nor as before ({})", from.unwrap_or_default());
        }
    }
    ensure!(newly > 0 || set.missing.is_empty(), "none of the {} values was changed", set.missing.len());
    ensure!(!values.is_empty() || new != old.expose(), "nothing was changed");
    set.others = changed.into_iter().filter(|key| values.iter().all(|(wanted, _)| wanted != key)).collect();
    Ok(set)
}

fn is_admin(host: &dyn Executor, gid: u32) -> bool {
    let groups = accounts::groups(host).unwrap_or_default();
    groups.iter().any(|group| group.gid == gid && group.name == ADMIN_GROUP)
}

/// Collects the keys of changed and new values; an error names what is lost.
fn compare(before: &Value, after: &Value, at: &str, changed: &mut Vec<String>) -> Result<()> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match (before, after) {
        (Value::Mapping(old), Value::Mapping(new)) => {
            for (key, value) in old {
                let name = below(&text(key).unwrap_or_default());
                let Some(after) = new.get(key) else { bail!("{name} is gone") };
                compare(value, after, &name, changed)?;
            }
            let added = new.keys().filter(|key| !old.contains_key(key));
            changed.extend(added.map(|key| below(&text(key).unwrap_or_default())));
        }
        (Value::Sequence(old), Value::Sequence(new)) => {
            ensure!(old.len() <= new.len(), "entries of {at} are gone");
            if old != new {
                changed.push(at.to_owned());
            }
        }
        (Value::Mapping(_) | Value::Sequence(_), _) if at.is_empty() => bail!("what stood in it is gone"),
        (Value::Mapping(_) | Value::Sequence(_), _) => bail!("what stood below {at} is gone"),
        (_, Value::Mapping(_) | Value::Sequence(_)) => bail!("{at} was one value and is several"),
        (old, new) if text(old) != text(new) => changed.push(at.to_owned()),
        _ => {}
    }
    Ok(())
}

/// The scalar at a dotted path, as text.
fn at(root: &Value, path: &str) -> Option<String> {
    text(path.split('.').try_fold(root, |node, key| node.get(key))?)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null => Some(String::new()),
        Value::Tagged(tagged) => text(&tagged.value),
        Value::Mapping(_) | Value::Sequence(_) => None,
    }
}
