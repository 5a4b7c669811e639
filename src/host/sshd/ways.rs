//! Every way by which sshd may let an account in with a key: files that can be looked through, and what cannot.

use std::path::PathBuf;

use anyhow::Result;

use super::{Effective, Lines, Session, effective, expanded, listeners, matches_pattern};
use crate::{executor::Executor, host::accounts::Account};

/// Keywords that let in by something else than a key file, and when they do not.
const OTHERS: [(&str, &str, &str); 3] = [
    ("authorizedkeyscommand", "AuthorizedKeysCommand", "none"),
    ("trustedusercakeys", "TrustedUserCAKeys", "none"),
    ("hostbasedauthentication", "HostbasedAuthentication", "no"),
];

/// How an account may be let in.
#[derive(Debug, Default)]
pub struct Ways {
    /// Files that sshd reads for its keys, for every login or for some (`Match`).
    pub files: Vec<PathBuf>,
    /// What else may let it in: `AuthorizedKeysCommand /usr/bin/x`.
    pub others: Vec<String>,
    settings: Effective,
}

impl Ways {
    /// As servers come, for one whose settings cannot be read.
    pub fn usual(account: &Account) -> Ways {
        Ways { files: Effective::default().key_files(account), ..Ways::default() }
    }

    /// The files that sshd reads for the keys of another account, but for its exceptions.
    pub fn files_of(&self, account: &Account) -> Vec<PathBuf> {
        self.settings.key_files(account)
    }
}

/// The ways of `account`, wherever the login comes from. `None`: what holds where no Match block applies.
///
/// # Errors
/// When this host has an SSH server whose settings cannot be read.
pub fn ways(host: &dyn Executor, account: Option<&Account>) -> Result<Ways> {
    let options = listeners(host).into_iter().next().map(|server| server.options).unwrap_or_default();
    let own = effective(host, &options, account.map(|account| (&*account.name, &Session::Unknown)))?;
    let mut ways = Ways { settings: own, ..Ways::default() };
    let Some(account) = account else { return Ok(ways) };
    ways.files = ways.settings.key_files(account);
    for (keyword, name, off) in OTHERS {
        let on = ways.settings.get(keyword).filter(|value| !value.eq_ignore_ascii_case(off));
        ways.others.extend(on.map(|value| format!("{name} {value}")));
    }
    // What cannot be read may let in whomever it likes.
    ways.others.extend(ways.settings.doubt.clone());
    let lines = Lines::read(host).unwrap_or_default();
    for line in lines.exceptions().filter(|line| may_be(line.within.as_deref(), &account.name)) {
        if line.keyword == "authorizedkeysfile" {
            let words = line.value.split_whitespace().filter(|word| !word.eq_ignore_ascii_case("none"));
            let files = words.map(|word| account.home.join(expanded(word.trim_matches('"'), account)));
            let new: Vec<PathBuf> = files.filter(|file| !ways.files.contains(file)).collect();
            ways.files.extend(new);
        }
        for (keyword, name, off) in OTHERS {
            if line.keyword == keyword && !line.value.eq_ignore_ascii_case(off) {
                ways.others.push(format!(
                    "{name} {} ({} line {})",
                    line.value,
                    line.file.display(),
                    line.number
                ));
            }
        }
    }
    Ok(ways)
}

/// Whether a Match block may be for this account: it is not when it names users, and not this one.
fn may_be(within: Option<&str>, account: &str) -> bool {
    let words: Vec<&str> = within.unwrap_or_default().split_whitespace().collect();
    let at = words.iter().position(|word| word.eq_ignore_ascii_case("user"));
    let Some(patterns) = at.and_then(|at| words.get(at + 1)) else { return true };
    let fits = |pattern: &str| matches_pattern(pattern.trim_matches('"'), account);
    patterns.split(',').any(|pattern| !pattern.starts_with('!') && fits(pattern))
        && !patterns.split(',').any(|pattern| pattern.strip_prefix('!').is_some_and(fits))
}
