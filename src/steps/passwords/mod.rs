//! Passwords (handbook 15.3): root, cdrexport, MySQL's root, web administrators, ngcpsoap.
//! The MySQL users of the platform's own services are never touched.

mod inspect;
mod plan;
mod questions;
mod sql;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{About, Answers, Form, TypedStep};
use crate::{
    executor::Executor,
    finding::{Finding, StepId},
    ngcp::database::{AdminColumns, Client, Login, RootRow},
    plan::Plan,
};

/// The step.
pub(super) struct Passwords;

static ABOUT: About = About {
    id: StepId::new("passwords"),
    title: "Passwords",
    why: "Default passwords are tried by robots within minutes of a host going online. One of them here means somebody else's phone bill.",
    handbook: "15.3",
};

impl TypedStep for Passwords {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        Ok(inspect::inspect(host))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}

/// Keys of the questions.
mod asks {
    pub(super) const ROOT: &str = "root";
    pub(super) const CDREXPORT: &str = "cdrexport";
    /// One per web login: `web.LOGIN`.
    pub(super) const WEB: &str = "web.";
    pub(super) const MYSQL: &str = "mysql";
    pub(super) const MYSQL_FILE: &str = "mysql.file";
    pub(super) const SOAP: &str = "soap";
}

/// What the form and the plan need to know. No password and no hash that is not public.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    root: Account,
    /// Other accounts with root's rights that everybody gets into.
    superusers: Vec<String>,
    cdrexport: Account,
    /// None when the database could not be asked.
    database: Option<DatabaseFacts>,
    /// None when the configuration has no such user, or not all of its entries can be seen.
    soap: Option<Soap>,
    /// Words that make a guess easier.
    hints: Vec<String>,
}

/// How a system account can log in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Account {
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
struct DatabaseFacts {
    client: Client,
    /// Another login with all rights, which root's new password does not affect.
    independent: Option<Client>,
    roots: Vec<RootRow>,
    /// The server keeps its accounts in `mysql.global_priv`.
    modern: bool,
    root_file: RootFile,
    columns: AdminColumns,
    /// Active ones with a password in the database, those that a known one opens first.
    admins: Vec<WebAdmin>,
    /// So many more that a known one opens.
    unasked: usize,
}

impl DatabaseFacts {
    /// From where root's rows take a password, and whether one of them is open to everybody.
    fn root_hosts(&self) -> (Vec<&str>, bool) {
        let rows = || self.roots.iter().filter(|row| row.login.is_password());
        (rows().map(|row| row.host.as_str()).collect(), rows().any(|row| row.login != Login::Password))
    }
}

/// What `/root/.my.cnf` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RootFile {
    Absent,
    /// A login and nothing else.
    Login,
    /// More than a login, or not to be read.
    Other,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct WebAdmin {
    id: u64,
    login: String,
    /// Whether a default password opens it; `None` when it was not tried.
    open: Option<bool>,
}

impl Account {
    /// Whether everybody gets in.
    fn is_open(self) -> bool {
        matches!(self, Account::Empty | Account::Default)
    }
}

impl WebAdmin {
    /// The name of its question: its login where that is a plain word.
    fn key(&self) -> String {
        let plain = self.login.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if plain && !self.login.is_empty() && !self.login.starts_with("id-") {
            format!("{}{}", asks::WEB, self.login)
        } else {
            format!("{}id-{}", asks::WEB, self.id)
        }
    }

    /// Its login, fit for a screen.
    fn shown(&self) -> String {
        self.login.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
    }
}

/// Every entry of ngcpsoap: files that override config.yml may add their own, and each opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Soap {
    entries: Vec<SoapEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SoapEntry {
    /// The file of `/etc/ngcp-config` that it stands in.
    file: PathBuf,
    /// Where its hash stands in that file.
    key: Vec<String>,
    /// That hash, when it is one that everybody knows.
    known_hash: Option<String>,
}

impl Soap {
    /// Whether everybody gets in.
    fn is_open(&self) -> bool {
        self.entries.iter().any(|entry| entry.known_hash.is_some())
    }
}

const MYSQL: &str = "mysql";
const SOAP_USER: &str = "ngcpsoap";
