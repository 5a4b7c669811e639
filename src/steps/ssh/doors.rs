//! Who could still log in as an administrator afterwards. Pure: from what was seen and what is wanted.

use super::facts::{Facts, KeyFact, KeyFile, Person};

/// What the logins will be like.
pub(super) struct Intended<'a> {
    /// Whether a key is taken away.
    pub(super) removed: &'a dyn Fn(&Person, &KeyFile, &KeyFact) -> bool,
    /// Modes of key files are fixed where that can be done.
    pub(super) fixed: bool,
    /// Whose account gets new keys, at the end of the first file.
    pub(super) added: Option<(&'a str, &'a [KeyFact])>,
    /// The new `PermitRootLogin`.
    pub(super) root_login: Option<&'a str>,
    /// Passwords are no longer taken.
    pub(super) passwords_off: bool,
    /// Empty ones are not.
    pub(super) empty_off: bool,
}

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// With a key.
    Key,
    /// With its password.
    Password,
}

/// Administrators that get in, and why the others do not.
pub(super) fn doors<'a>(facts: &'a Facts, then: &Intended<'_>) -> (Vec<(&'a Person, Way)>, Vec<String>) {
    let (mut open, mut shut) = (Vec::new(), Vec::new());
    for person in facts.people.iter().filter(|person| person.admin) {
        match way(facts, person, then) {
            Ok(way) => open.push((person, way)),
            Err(why) => shut.push(format!("{}: {why}", person.name)),
        }
    }
    (open, shut)
}

fn way(facts: &Facts, person: &Person, then: &Intended<'_>) -> Result<Way, String> {
    if let Some(why) = &person.barred {
        return Err(why.clone());
    }
    // What a Match block says for root goes on.
    let root_login = match &person.root_login {
        Some(now) => {
            let usual = facts.value("permitrootlogin").is_none_or(|value| value.eq_ignore_ascii_case(now));
            then.root_login.filter(|_| usual).unwrap_or(now)
        }
        None => "yes",
    };
    if root_login == "no" {
        return Err("root may not log in over the network".to_owned());
    }
    let keys = match (&person.no_keys, root_login) {
        (Some(why), _) => Err(why.clone()),
        (None, "forced-commands-only") => Err("root's keys may run fixed commands only".to_owned()),
        (None, _) => key(person, then),
    };
    let Err(no_key) = keys else { return Ok(Way::Key) };
    let no_password = match () {
        () if !person.passwords || then.passwords_off => "passwords are not taken",
        () if root_login != "yes" => "root's password is not taken",
        () if let Some(why) = &person.no_password => why,
        () if person.empty && then.empty_off => "its password is empty",
        () => return Ok(Way::Password),
    };
    Err(format!("{no_key}, and {no_password}"))
}

/// Why no key of it works. Lines are judged in sshd's order, where the first one with a key decides.
fn key(person: &Person, then: &Intended<'_>) -> Result<(), String> {
    let mut why = "it has no key".to_owned();
    let mut hidden: Vec<&String> = Vec::new();
    let mut coming = then.added.filter(|(name, _)| *name == person.name).map_or(&[][..], |(_, keys)| keys);
    for file in person.files.iter().filter(|file| file.read) {
        let coming = std::mem::take(&mut coming);
        let loose = file.loose.iter().find(|one| !(file.lenient || then.fixed && one.owner.is_some()));
        if let Some(why) = file.fixed.as_ref().filter(|_| file.keys.is_empty()) {
            // What may stand in it would come first.
            return Err(format!("{}: {why}", file.path.display()));
        }
        if let Some(one) = loose {
            why = format!("sshd may refuse {}: {} {}", file.path.display(), one.path.display(), one.reason);
            continue;
        }
        for key in file.keys.iter().chain(coming) {
            let place = || match key.line {
                0 => "the new key".to_owned(),
                line => format!("{} line {line}", file.path.display()),
            };
            match () {
                () if (then.removed)(person, file, key) => {
                    why = "no key of it is left".to_owned();
                    continue;
                }
                () if let Some(useless) = &key.useless => why = format!("{}: {useless}", place()),
                () if key.fingerprint.as_ref().is_some_and(|one| hidden.contains(&one)) => {
                    why = format!("{}: an earlier line has the same key, which that one limits", place());
                }
                () => return Ok(()),
            }
            hidden.extend(key.fingerprint.as_ref().filter(|_| key.hides));
        }
    }
    Err(why)
}

/// Whether an administrator keeps a key that works, the image's keys gone.
pub(super) fn keyed(facts: &Facts) -> bool {
    let removed = |_: &Person, _: &KeyFile, key: &KeyFact| key.image.is_some();
    let then = Intended {
        removed: &removed,
        fixed: true,
        added: None,
        root_login: None,
        passwords_off: true,
        empty_off: true,
    };
    doors(facts, &then).0.iter().any(|(_, way)| *way == Way::Key)
}
