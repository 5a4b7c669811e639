//! The host's SSH server: what is in force, told by sshd itself where it runs, read from its files where it does not.
//! Keys are in `keys`; what is wrong with all this is for the step to say.

pub mod algorithms;
mod config;
mod glob;
mod listener;
mod peer;
mod session;
mod syntax;
#[cfg(test)]
mod tests;
mod ways;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
pub use config::{CONFIG, DROP_INS, Line, Lines, matches_pattern};
pub use listener::{Listener, listeners};
pub use session::{Login, Served, Session, served, session};
pub use ways::{Ways, ways};

use super::accounts::Account;
use crate::executor::{Command, Executor, Quiet};

/// The settings in force for one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effective {
    values: BTreeMap<String, Vec<String>>,
    /// Why they were read from files instead of being told by sshd; then what is not written there is not known.
    pub read_because: Option<String>,
    /// Why nothing of what the files say is known: sshd does not take them, or may read them otherwise.
    pub doubt: Option<String>,
    /// sshd does not take them: it would not start again.
    pub refused: bool,
}

impl Effective {
    /// The value of a keyword, written small: `permitrootlogin`. `None` when it is not known.
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).and_then(|values| values.first()).map(String::as_str)
    }

    /// All values of a keyword that may be there several times, such as `hostkey` or `allowusers`.
    pub fn all(&self, keyword: &str) -> &[String] {
        self.values.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// Whether it is known to be `yes`.
    pub fn is_yes(&self, keyword: &str) -> bool {
        self.get(keyword).is_some_and(|value| value.eq_ignore_ascii_case("yes"))
    }

    /// A path; `None` when it is `none` or not known.
    pub fn path(&self, keyword: &str) -> Option<&str> {
        self.get(keyword).filter(|value| !value.eq_ignore_ascii_case("none"))
    }

    /// The files sshd reads for this account's keys.
    pub fn key_files(&self, account: &Account) -> Vec<PathBuf> {
        let default = [".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()];
        let patterns = match self.all("authorizedkeysfile") {
            [] => &default,
            patterns => patterns,
        };
        let words = patterns.iter().flat_map(|value| value.split_whitespace());
        words
            .filter(|word| !word.eq_ignore_ascii_case("none"))
            .map(|word| account.home.join(expanded(word.trim_matches('"'), account)))
            .collect()
    }
}

/// `%h`, `%u`, `%U` and `%%`.
fn expanded(pattern: &str, account: &Account) -> PathBuf {
    let mut path = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        path += &rest[..at];
        let mut letters = rest[at + 1..].chars();
        match letters.next() {
            Some('h') => path += &account.home.to_string_lossy(),
            Some('u') => path += &account.name,
            Some('U') => path += &account.uid.to_string(),
            Some('%') => path.push('%'),
            _ => {}
        }
        rest = letters.as_str();
    }
    PathBuf::from(path + rest)
}

/// What is in force for `account`, logging in as the operator did; `None`: where no Match block applies. `options` are
/// those the server was started with.
///
/// # Errors
/// When this host has no SSH server whose settings could be read.
pub fn effective(
    host: &dyn Executor,
    options: &[String],
    account: Option<(&str, &Session)>,
) -> Result<Effective> {
    let why = match asked(host, options, account) {
        Ok(effective) => return Ok(effective),
        Err(why) => why,
    };
    let lines = Lines::read(host).with_context(|| format!("{why:#}"))?;
    let why = format!("{why:#}");
    // "sshd_config line 3: Bad configuration option", "terminating, 1 bad configuration options".
    let told = ["bad configuration", " line "].iter().any(|word| why.contains(word));
    let doubt = lines.doubt().or_else(|| told.then(|| why.clone()));
    let refused = told || doubt.as_ref().is_some_and(|doubt| doubt.contains(syntax::TEMPLATE_ERROR));
    let values = if doubt.is_none() { lines.in_force() } else { BTreeMap::new() };
    Ok(Effective { values, read_because: Some(why), doubt, refused })
}

fn asked(host: &dyn Executor, options: &[String], account: Option<(&str, &Session)>) -> Result<Effective> {
    if !host.world().is_running() {
        bail!("this is a directory tree, sshd does not run");
    }
    let mut args = vec!["-T".to_owned()];
    args.extend(options.iter().cloned());
    if let Some((account, session)) = account {
        let (from, at, port) = match session {
            Session::Ssh { address, server: (at, port), .. } => {
                (address.as_str(), at.as_str(), port.as_str())
            }
            _ => ("192.0.2.1", "127.0.0.1", "22"),
        };
        args.push("-C".to_owned());
        args.push(format!("user={account},host={from},addr={from},laddr={at},lport={port}"));
    }
    let command = Command::new("sshd", args).reads_only().limit(Duration::from_secs(10));
    let exit = host.run(&command, &mut Quiet).context("sshd could not be asked")?;
    if !exit.ok() {
        bail!("sshd -T: {}", exit.reason());
    }
    Ok(Effective { values: told(&exit.text()), ..Effective::default() })
}

/// `keyword value` lines; a keyword may be there several times.
fn told(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (keyword, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        values.entry(keyword.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    values
}

/// Whether the host has an SSH server at all.
pub fn installed(host: &dyn Executor) -> bool {
    host.find_program("sshd").is_some() || host.metadata(Path::new(CONFIG)).is_ok()
}
