//! What the step saw, as its form and plan need it. No password and no hash that is not public.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::names::asks;
use crate::ngcp::database::{AdminColumns, Client, Login, RootRow};

/// Everything.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::steps) struct Facts {
    pub(super) root: AccountState,
    /// Other accounts with root's rights that everybody gets into.
    pub(super) superusers: Vec<String>,
    pub(super) cdrexport: AccountState,
    /// None when the database could not be asked.
    pub(super) database: Option<DatabaseFacts>,
    /// None when the configuration has no such user, or not all of its entries can be seen.
    pub(super) soap: Option<Soap>,
    /// Words that make a guess easier.
    pub(super) hints: Vec<String>,
}

/// How a system account can log in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AccountState {
    /// There is none of that name.
    #[default]
    Missing,
    /// Without a password.
    Empty,
    /// With a password everybody knows.
    Default,
    /// Not with a password.
    Locked,
    /// With one of its own.
    Own,
    /// Its hash cannot be judged.
    Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DatabaseFacts {
    pub(super) client: Client,
    /// Another login with all rights, which root's new password does not affect.
    pub(super) independent: Option<Client>,
    pub(super) roots: Vec<RootRow>,
    /// The server keeps its accounts in `mysql.global_priv`.
    pub(super) modern: bool,
    pub(super) root_file: RootFile,
    pub(super) columns: AdminColumns,
    /// Active ones with a password in the database, those that a known one opens first.
    pub(super) admins: Vec<WebAdmin>,
    /// So many more that a known one opens.
    pub(super) unasked: usize,
}

impl AccountState {
    /// Its password, in a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            AccountState::Missing | AccountState::Unknown => "not known",
            AccountState::Empty => "empty",
            AccountState::Default => "default",
            AccountState::Locked => "locked",
            AccountState::Own => "own",
        }
    }
}

impl DatabaseFacts {
    /// From where root's rows take a password, and whether one of them is open to everybody.
    pub(super) fn root_hosts(&self) -> (Vec<&str>, bool) {
        let rows = || self.roots.iter().filter(|row| row.login.is_password());
        (rows().map(|row| row.host.as_str()).collect(), rows().any(|row| row.login != Login::Password))
    }
}

/// What `/root/.my.cnf` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RootFile {
    Absent,
    /// A login and nothing else.
    Login,
    /// More than a login, or not to be read.
    Other,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct WebAdmin {
    pub(super) id: u64,
    pub(super) login: String,
    /// Whether a default password opens it; `None` when it was not tried.
    pub(super) open: Option<bool>,
}

impl AccountState {
    /// Whether everybody gets in.
    pub(super) fn is_open(self) -> bool {
        matches!(self, AccountState::Empty | AccountState::Default)
    }
}

impl WebAdmin {
    /// The name of its question: its login where that is a plain word.
    pub(super) fn key(&self) -> String {
        let plain = self.login.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if plain && !self.login.is_empty() && !self.login.starts_with("id-") {
            format!("{}{}", asks::WEB, self.login)
        } else {
            format!("{}id-{}", asks::WEB, self.id)
        }
    }

    /// Its login, fit for a screen.
    pub(super) fn shown(&self) -> String {
        self.login.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
    }
}

/// Every entry of ngcpsoap: files that override config.yml may add their own, and each opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Soap {
    pub(super) entries: Vec<SoapEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SoapEntry {
    /// The file of `/etc/ngcp-config` that it stands in.
    pub(super) file: PathBuf,
    /// Where its hash stands in that file.
    pub(super) key: Vec<String>,
    /// That hash, when it is one that everybody knows.
    pub(super) known_hash: Option<String>,
}

impl Soap {
    /// Whether everybody gets in.
    pub(super) fn is_open(&self) -> bool {
        self.entries.iter().any(|entry| entry.known_hash.is_some())
    }
}
