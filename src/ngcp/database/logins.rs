//! How MySQL's root and users without a name can log in: `mysql.user` up to MariaDB 10.3, `mysql.global_priv` since.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Database, unhex};
use crate::secret::credentials::mysql_native;

/// How a row of the server's accounts lets somebody in, at its weakest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// Without a password.
    Empty,
    /// With a password every robot tries.
    Known,
    /// In a way that we do not know.
    Unknown(String),
    /// With a password of its own.
    Password,
    /// Only as the same system user over the socket.
    Socket,
    /// Not at all: locked, or a hash that no password has.
    Nobody,
}

impl Login {
    /// Whether setting a password changes it. Others are protected already or not ours to judge.
    pub fn is_password(&self) -> bool {
        matches!(self, Login::Empty | Login::Known | Login::Password)
    }
}

/// One of root's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootRow {
    /// From where: `localhost`, `127.0.0.1`, `::1`, `%`.
    pub host: String,
    /// How.
    pub login: Login,
    /// It takes MySQL's own hash and nothing else: a new password can be set as such.
    pub native: bool,
}

/// Who may log in.
#[derive(Debug, Default)]
pub struct Logins {
    /// Root's rows.
    pub roots: Vec<RootRow>,
    /// From where anonymous users may.
    pub anonymous: Vec<String>,
    /// Accounts are kept in `mysql.global_priv`, and `mysql.user` is a view of it.
    pub modern: bool,
}

impl Database<'_> {
    /// How root and anonymous users may log in.
    ///
    /// # Errors
    /// When the server's own tables cannot be read.
    pub fn logins(&self) -> Result<Logins> {
        let modern = !self.columns("mysql", "global_priv")?.is_empty();
        let rows = if modern {
            self.query(
                "SELECT HEX(User), HEX(Host), HEX(Priv), @@skip_name_resolve FROM mysql.global_priv WHERE User IN ('root', '');",
            )?
        } else {
            let columns = self.columns("mysql", "user")?;
            let column = |name: &str| {
                if columns.iter().any(|c| c == name) { format!("HEX({name})") } else { "''".to_owned() }
            };
            self.query(&format!(
                "SELECT HEX(User), HEX(Host), {}, {}, {}, @@skip_name_resolve FROM mysql.user WHERE User IN ('root', '');",
                column("plugin"),
                column("authentication_string"),
                column("password")
            ))?
        };
        let (mut roots, mut anonymous) = (Vec::new(), Vec::new());
        for row in &rows {
            let text = |at: usize| row.get(at).and_then(|column| unhex(column)).unwrap_or_default();
            let (user, host) = (text(0), text(1));
            let no_names = row.get(if modern { 3 } else { 5 }).is_some_and(|value| value == "1");
            if user.is_empty() {
                anonymous.push(host);
                continue;
            }
            let (login, native) = if no_names && is_name(&host) {
                (Login::Nobody, false)
            } else if modern {
                of_privileges(&text(2))
            } else {
                let stored = if text(3).is_empty() { text(4) } else { text(3) };
                (of_method(&text(2), &stored), is_native(&text(2)))
            };
            roots.push(RootRow { host, login, native });
        }
        roots.sort_by(|a, b| a.host.cmp(&b.host));
        anonymous.sort();
        Ok(Logins { roots, anonymous, modern })
    }
}

/// Whether a row is for a host by its name: a server with `skip_name_resolve` ignores it, and will not change it.
fn is_name(host: &str) -> bool {
    host != "localhost"
        && !host.contains(':')
        && host.chars().any(|c| !c.is_ascii_digit() && !"./%_".contains(c))
}

/// From the JSON of `mysql.global_priv`: one method at the top, or several in `auth_or` of which the empty one
/// stands for that at the top. Also whether the one method is MySQL's own.
fn of_privileges(json: &str) -> (Login, bool) {
    #[derive(Deserialize)]
    struct Method {
        plugin: Option<String>,
        authentication_string: Option<String>,
    }
    #[derive(Deserialize)]
    struct Privileges {
        plugin: Option<String>,
        authentication_string: Option<String>,
        #[serde(default)]
        auth_or: Vec<Method>,
        #[serde(default)]
        account_locked: bool,
    }
    let Ok(privileges) = serde_json::from_str::<Privileges>(json) else {
        return (Login::Unknown("unreadable account row".to_owned()), false);
    };
    if privileges.account_locked {
        return (Login::Nobody, false);
    }
    let alone = privileges.auth_or.is_empty();
    let native = alone && is_native(privileges.plugin.as_deref().unwrap_or_default());
    let top = Method { plugin: privileges.plugin, authentication_string: privileges.authentication_string };
    let others = privileges.auth_or.into_iter().filter(|method| method.plugin.is_some());
    let login = std::iter::once(top)
        .chain(others)
        .map(|m| of_method(&m.plugin.unwrap_or_default(), &m.authentication_string.unwrap_or_default()))
        .min();
    (login.unwrap_or(Login::Nobody), native)
}

fn is_native(plugin: &str) -> bool {
    matches!(plugin, "" | "mysql_native_password")
}

fn of_method(plugin: &str, stored: &str) -> Login {
    match plugin {
        "unix_socket" | "auth_socket" => Login::Socket,
        "" | "mysql_native_password" | "mysql_old_password" => of_native(stored),
        "ed25519" | "sha256_password" | "caching_sha2_password" | "parsec" if !stored.is_empty() => {
            Login::Password
        }
        other => Login::Unknown(other.to_owned()),
    }
}

fn of_native(stored: &str) -> Login {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    match stored.strip_prefix('*') {
        _ if stored.is_empty() => Login::Empty,
        Some(hash) if hash.len() == 40 && hex(hash) => {
            let known = crate::secret::known_defaults()
                .iter()
                .any(|word| mysql_native(word.as_bytes()).eq_ignore_ascii_case(stored));
            if known { Login::Known } else { Login::Password }
        }
        None if stored.len() == 16 && hex(stored) => Login::Password,
        _ => Login::Nobody,
    }
}
