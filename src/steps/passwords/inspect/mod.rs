//! Finds the passwords that everybody knows, by trying them.

mod database;
mod found;

use std::path::Path;

use self::found::{finding, unknown};
use super::{
    facts::{AccountState, Facts, Soap, SoapEntry},
    names::{SOAP_USER, id},
};
use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status, one_line},
    host::{
        accounts,
        shadow::{self, PasswordState},
    },
    ngcp::{config::Config, ngcpcfg},
    secret::{
        Secret,
        credentials::{self, defaults},
    },
};

/// Other accounts with root's rights whose passwords are tried: some hashes take a second each.
const SUPERUSERS: usize = 10;

pub(super) fn inspect(host: &dyn Executor) -> (Vec<Finding>, Facts) {
    let mut items = Vec::new();
    let mut facts = Facts { hints: hints(host), ..Facts::default() };
    (facts.root, facts.superusers) = root(host, &mut items);
    facts.cdrexport = cdrexport(host, &mut items);
    facts.database = database::inspect(host, &mut items);
    facts.soap = soap(host, &mut items);
    let items = items.into_iter().map(|finding| with_question(finding, &facts)).collect();
    (items, facts)
}

/// The same finding, without the question that settles it where that is not asked, and would have to be.
fn with_question(mut finding: Finding, facts: &Facts) -> Finding {
    let gone = finding.status == Status::NotApplicable;
    let asked = match finding.id.as_str() {
        id::CDREXPORT => gone || facts.cdrexport != AccountState::Missing,
        id::MYSQL_ROOT => facts.database.is_some(),
        id::WEB => facts.database.as_ref().is_some_and(|found| !found.admins.is_empty()),
        id::SOAP => gone || facts.soap.is_some(),
        _ => true,
    };
    finding.field.take_if(|_| !asked);
    finding
}

/// The host's own name.
fn hints(host: &dyn Executor) -> Vec<String> {
    let name = host.read(Path::new("/etc/hostname")).unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    name.split_whitespace().take(1).map(|word| word.chars().take(64).collect()).collect()
}

/// How `account` can log in, with the reason where that is unknown. `words` are tried.
fn account(host: &dyn Executor, name: &str, words: &[String]) -> (AccountState, String) {
    match shadow::state(host, name) {
        Err(why) => (AccountState::Unknown, format!("{why:#}")),
        Ok(PasswordState::Missing) => {
            (AccountState::Missing, format!("{} has no line for {name}", shadow::SHADOW))
        }
        Ok(PasswordState::Empty) => {
            (AccountState::Empty, format!("the password of {name} in {} is empty", shadow::SHADOW))
        }
        Ok(PasswordState::Locked) => {
            (AccountState::Locked, format!("{} has no password for {name}", shadow::SHADOW))
        }
        Ok(PasswordState::Hash(hash)) => {
            for word in words {
                match shadow::verify(&hash, &Secret::new(word.as_str())) {
                    Some(false) => {}
                    Some(true) => {
                        return (AccountState::Default, format!("\"{word}\" is the password of {name}"));
                    }
                    None => {
                        let why = format!(
                            "the hash of {name} in {} is of a kind that cannot be checked",
                            shadow::SHADOW
                        );
                        return (AccountState::Unknown, why);
                    }
                }
            }
            (AccountState::Own, format!("no default password fits the hash of {name} in {}", shadow::SHADOW))
        }
    }
}

/// Root, and whoever else has user number 0: each of them opens the host. Also names those others that are open.
fn root(host: &dyn Executor, items: &mut Vec<Finding>) -> (AccountState, Vec<String>) {
    let words = &defaults().accounts.root;
    let (state, mut seen) = account(host, "root", words);
    let (mut open, mut unseen) = (Vec::new(), Vec::new());
    let mut others = match accounts::superusers(host) {
        Ok(names) => names,
        Err(why) => {
            unseen.push(format!("{why:#}"));
            Vec::new()
        }
    };
    others.retain(|name| name != "root");
    others.dedup();
    for name in others.iter().take(SUPERUSERS) {
        let own = words.iter().cloned().chain([name.clone()]).collect::<Vec<_>>();
        let (state, why) = account(host, name, &own);
        seen += &format!("; {name} has root's rights, too: {why}");
        match state {
            state if state.is_open() => open.push(one_line(name)),
            AccountState::Missing | AccountState::Unknown => {
                unseen.push(format!("the password of {name} is not known"));
            }
            _ => {}
        }
    }
    if others.len() > SUPERUSERS {
        let more = others.len() - SUPERUSERS;
        unseen.push(format!("{more} more accounts with root's rights are not looked at"));
    }
    let elsewhere = accounts::elsewhere(host);
    if !elsewhere.is_empty() {
        unseen.push(accounts::not_looked_at(&elsewhere));
    }
    let remedy = "Set a password of its own now, as \"passwd root\" would.";
    let (status, title) = match state {
        AccountState::Default => (Status::Fail, "Root still has the image's password"),
        AccountState::Empty => (Status::Fail, "Root needs no password"),
        _ if !open.is_empty() => (Status::Fail, "Another account with root's rights has a default password"),
        AccountState::Own if unseen.is_empty() => (Status::Pass, "Root has its own password"),
        AccountState::Locked if unseen.is_empty() => (Status::Pass, "Root cannot log in with a password"),
        _ => {
            let seen = std::iter::once(seen).chain(unseen).collect::<Vec<_>>().join("; ");
            items.push(unknown(id::ROOT, Severity::Critical, "Whether root has a default password", &seen));
            return (if state == AccountState::Missing { AccountState::Unknown } else { state }, open);
        }
    };
    let seen = std::iter::once(seen).chain(unseen).collect::<Vec<_>>().join("; ");
    items.push(finding(id::ROOT, Severity::Critical, status, title, &seen, remedy));
    (if state == AccountState::Missing { AccountState::Unknown } else { state }, open)
}

fn cdrexport(host: &dyn Executor, items: &mut Vec<Finding>) -> AccountState {
    let (state, seen) = account(host, "cdrexport", &defaults().accounts.cdrexport);
    let elsewhere = accounts::elsewhere(host);
    if state == AccountState::Missing && !elsewhere.is_empty() {
        let seen = format!("{seen}; {}", accounts::not_looked_at(&elsewhere));
        items.push(unknown(id::CDREXPORT, Severity::High, "Whether there is an account cdrexport", &seen));
        return state;
    }
    let remedy = "Lock its password and let it log in with SSH keys, or set a really strong one.";
    let (status, title) = match state {
        AccountState::Missing => (Status::NotApplicable, "There is no account cdrexport"),
        AccountState::Default => (Status::Fail, "Call records are open: cdrexport has a default password"),
        AccountState::Empty => (Status::Fail, "Call records are open: cdrexport needs no password"),
        AccountState::Locked => (Status::Pass, "cdrexport cannot log in with a password"),
        AccountState::Own => {
            (Status::Unknown, "cdrexport can log in with a password; nobody can see how strong it is")
        }
        AccountState::Unknown => (Status::Unknown, "Whether cdrexport has a default password is not known"),
    };
    items.push(finding(id::CDREXPORT, Severity::High, status, title, &seen, remedy));
    state
}

fn soap(host: &dyn Executor, items: &mut Vec<Finding>) -> Option<Soap> {
    let what = "Whether ngcpsoap still has the factory password";
    let config = match Config::read(host) {
        Ok(config) => config,
        Err(why) => {
            items.push(unknown(id::SOAP, Severity::High, what, &format!("{why:#}")));
            return None;
        }
    };
    let lists: [&[&str]; 2] = [&["ossbss", "htpasswd"], &["ossbss", "apache", "htpasswd"]];
    let mut hidden = config.unseen().to_vec();
    let constants = lists.iter().filter_map(|list| config.constant(list));
    hidden.extend(constants.map(|place| format!("{place} adds entries, which are not looked at")));
    let found: Vec<(String, SoapEntry)> =
        lists.iter().flat_map(|list| soap_entries(&config, list, &mut hidden)).collect();
    let known = found.iter().filter(|(_, entry)| entry.known_hash.is_some());
    let known: Vec<&str> = known.map(|(seen, _)| seen.as_str()).collect();
    let remedy = "Generate a new one and give it to the programs that use the provisioning interfaces.";
    let all = || found.iter().map(|(seen, _)| seen.as_str()).collect::<Vec<_>>().join("; ");
    let (status, title, seen) = if !known.is_empty() {
        (Status::Fail, "ngcpsoap still has a default password", known.join("; "))
    } else if !hidden.is_empty() {
        items.push(unknown(id::SOAP, Severity::High, what, &hidden.join("; ")));
        return None;
    } else if found.is_empty() {
        let none = "no entry for it in ossbss.htpasswd of config.yml";
        (Status::NotApplicable, "There is no user ngcpsoap", none.to_owned())
    } else if let Some(waiting) = ngcpcfg::waiting(host) {
        (Status::Unknown, what, format!("{}; {waiting}", all()))
    } else {
        (Status::Pass, "ngcpsoap has its own password", all())
    };
    items.push(finding(id::SOAP, Severity::High, status, title, &seen, remedy));
    let entries: Vec<SoapEntry> = found.into_iter().map(|(_, entry)| entry).collect();
    // What is hidden may hold one more: a new password would not be seen to work.
    (!entries.is_empty() && hidden.is_empty()).then_some(Soap { entries })
}

/// The entries of ngcpsoap in one list, with what was seen of each; what cannot be judged is `hidden`.
fn soap_entries(config: &Config, list: &[&str], hidden: &mut Vec<String>) -> Vec<(String, SoapEntry)> {
    let words = crate::secret::known_defaults();
    let mut entries = Vec::new();
    for item in config.items_where(list, "user", SOAP_USER) {
        let key = |number: usize| {
            let end = [number.to_string(), "pass".to_owned()];
            list.iter().map(|part| (*part).to_owned()).chain(end).collect::<Vec<_>>()
        };
        let path = key(item.index);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some(value) = config.value(&path) else {
            hidden.push(format!("{}: {} has no value", item.file.display(), key(item.number).join(".")));
            continue;
        };
        let is_known =
            |word: &String| credentials::htpasswd_matches(&value.text, &Secret::new(word.as_str()));
        let factory = value.text == defaults().ngcpsoap;
        let known = factory || words.iter().any(|word| is_known(word) == Some(true));
        let seen = match (factory, known) {
            (true, _) => "the hash is that of the factory configuration",
            (_, true) => "a default password fits its hash",
            _ => "the hash is not that of the factory configuration",
        };
        let seen = format!("{seen} ({})", value.place);
        if !known && !value.text.starts_with("{SHA}") {
            hidden.push(format!("the hash is of another kind than {{SHA}} ({})", value.place));
        }
        let known_hash = known.then_some(value.text);
        entries.push((seen, SoapEntry { file: item.file, key: key(item.number), known_hash }));
    }
    entries
}
