//! Administrators of the panel, table `billing.admins`, in the columns that this release has.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Database, literal, unhex};
use crate::secret::{Secret, credentials::defaults};

/// More rows than this are counted, not judged.
const LIMIT: usize = 5000;

/// Which columns there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminColumns {
    /// MD5, before mr5.2.
    pub md5pass: bool,
    /// bcrypt, since mr5.2.
    pub saltedpass: bool,
    /// When it was set, since mr12.5.
    pub saltedpass_modify_timestamp: bool,
}

/// An active administrator with a password in the database.
#[derive(Debug)]
pub struct Admin {
    /// Primary key.
    pub id: u64,
    /// Login name.
    pub login: String,
    /// May do everything.
    pub is_superuser: bool,
    /// Whether its MD5 is that of its own login or of a known default.
    pub md5_is_known: bool,
    /// Its bcrypt row, where there is one.
    pub saltedpass: Saltedpass,
}

/// A bcrypt row.
#[derive(Debug)]
pub enum Saltedpass {
    /// None: the login is still by MD5, or not possible.
    None,
    /// The one that every installation starts with.
    Shipped,
    /// Another one, to be tried.
    Own(Secret),
}

/// The administrators that could be read, and how many could not.
#[derive(Debug)]
pub struct Admins {
    /// Those.
    pub read: Vec<Admin>,
    /// Rows beyond the limit, and rows whose login is no text.
    pub unread: usize,
}

impl Database<'_> {
    /// The columns of `billing.admins`; `None` when there is no such table.
    ///
    /// # Errors
    /// When it cannot be asked, or has neither kind of password.
    pub fn admin_columns(&self) -> Result<Option<AdminColumns>> {
        let names = self.columns("billing", "admins")?;
        if names.is_empty() {
            return Ok(None);
        }
        let has = |name: &str| names.iter().any(|n| n == name);
        let columns = AdminColumns {
            md5pass: has("md5pass"),
            saltedpass: has("saltedpass"),
            saltedpass_modify_timestamp: has("saltedpass_modify_timestamp"),
        };
        ensure!(has("id") && has("login"), "billing.admins has an unknown shape");
        ensure!(columns.md5pass || columns.saltedpass, "billing.admins has no password column that we know");
        Ok(Some(columns))
    }

    /// Active administrators whose password is in the database (never those of LDAP), superusers first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn admins(&self, columns: AdminColumns) -> Result<Admins> {
        let names = self.columns("billing", "admins")?;
        let has = |name: &str| names.iter().any(|n| n == name);
        let defaults = &defaults().web_admin;
        let md5 = format!(
            // As bytes: the table, the connection and the literals may have three collations.
            "IFNULL(BINARY md5pass IN (BINARY MD5(login), BINARY {}, BINARY MD5({})), 0)",
            literal(&defaults.md5pass)?,
            literal(&defaults.reseller_password)?
        );
        let superuser = if has("is_superuser") { "is_superuser" } else { "0" };
        let mut only = Vec::new();
        if has("is_active") {
            only.push("is_active = 1");
        }
        if has("auth_mode") {
            only.push("auth_mode = 'local'");
        }
        let wanted = format!("{}{}", if only.is_empty() { "" } else { " WHERE " }, only.join(" AND "));
        let sql = format!(
            "SELECT id, HEX(login), {superuser}, {}, {} FROM billing.admins{wanted} ORDER BY 3 DESC, id LIMIT {LIMIT};",
            if columns.md5pass { &md5 } else { "0" },
            if columns.saltedpass { "HEX(saltedpass)" } else { "NULL" },
        );
        let rows = self.query(&sql)?;
        let all = match rows.len() {
            LIMIT => self.query(&format!("SELECT COUNT(*) FROM billing.admins{wanted};"))?,
            _ => Vec::new(),
        };
        let all = all.concat().first().and_then(|count| count.parse().ok()).unwrap_or(rows.len());
        let read: Vec<Admin> = rows
            .iter()
            .filter_map(|row| {
                let [id, login, superuser, md5, salted] = &row[..] else { return None };
                let saltedpass = match unhex(salted).filter(|text| !text.is_empty()) {
                    None => Saltedpass::None,
                    Some(text) if text == defaults.saltedpass => Saltedpass::Shipped,
                    Some(text) => Saltedpass::Own(Secret::new(text)),
                };
                Some(Admin {
                    id: id.parse().ok()?,
                    login: unhex(login)?,
                    is_superuser: superuser == "1",
                    md5_is_known: md5 == "1",
                    saltedpass,
                })
            })
            .collect();
        let unread = all.saturating_sub(read.len());
        Ok(Admins { read, unread })
    }
}
