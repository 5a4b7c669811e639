//! The host's database, asked through the host's own client: who may log in, and the panel's administrators.
//! Questions only; changes are commands of a plan, built with the same client and scripts that begin with [`HEAD`].

mod admins;
mod domains;
mod engine;
mod logins;
mod option_files;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

pub use admins::{Admin, AdminColumns, Admins, Saltedpass};
pub use engine::{BinaryLogs, BufferPool, Reads, Subscribers};
pub use logins::{Login, Logins, RootRow};
pub use option_files::{Setting, settings};

use crate::{
    executor::{Command, Executor, OUTPUT_LIMIT, Quiet, Status},
    secret::{Secret, SecretForm, credentials},
};

/// Begins every script: string literals mean the same under any configuration of the server.
pub const HEAD: &str = "SET SESSION sql_mode='';\n";
/// How long a question may take before the server counts as not answering.
const QUESTION_LIMIT: Duration = Duration::from_secs(10);
/// Option files that hold a login with all rights, tried in this order after root over the socket.
const OPTION_FILES: &[&str] = &[ROOT_FILE, "/etc/mysql/debian.cnf", "/etc/mysql/sipwise_extra.cnf"];
/// Where root keeps the login of root's own jobs.
pub const ROOT_FILE: &str = "/root/.my.cnf";

/// How the client logs in. Holds no password: the client reads it from the host's own file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// As MySQL's root over the local socket, without a password.
    Socket,
    /// With the login in this option file.
    OptionFile(String),
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Access::Socket => f.write_str("as root over the local socket"),
            Access::OptionFile(path) => write!(f, "with the login in {path}"),
        }
    }
}

/// The client program and how it logs in: enough to build commands from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `mysql`, or `mariadb` where the old name is gone.
    pub program: String,
    /// How it logs in.
    pub access: Access,
}

impl Client {
    /// The client's arguments for a script on standard input. Its output is then rows of columns with tabs between.
    pub fn args(&self) -> Vec<String> {
        let login = match &self.access {
            Access::Socket => vec!["--user=root".to_owned(), "--skip-password".to_owned()],
            // Must be the first argument.
            Access::OptionFile(path) => vec![format!("--defaults-extra-file={path}")],
        };
        let fixed = [
            "--batch",
            "--raw",
            "--skip-column-names",
            "--connect-timeout=5",
            "--default-character-set=utf8mb4",
        ];
        login.into_iter().chain(fixed.map(str::to_owned)).collect()
    }

    /// Nowhere at home: the login in root's own `~/.my.cnf` would win over the one that is named.
    pub fn env(&self) -> Vec<(String, String)> {
        vec![("HOME".to_owned(), "/nonexistent".to_owned())]
    }
}

/// `text` as a SQL literal in a script that begins with [`HEAD`].
///
/// # Errors
/// When it holds control characters.
pub fn literal(text: &str) -> Result<String> {
    let written = credentials::written(&Secret::new(text), SecretForm::SqlString)?;
    Ok(written.expose_str().context("not UTF-8")?.to_owned())
}

/// A database that answered.
pub struct Database<'a> {
    host: &'a dyn Executor,
    client: Client,
}

impl<'a> Database<'a> {
    /// Logs in: as root over the socket, else with the option files of the host.
    ///
    /// # Errors
    /// Why nobody could log in, with what to do.
    pub fn open(host: &'a dyn Executor) -> Result<Self> {
        if !host.world().is_running() {
            bail!("a database can only be asked on the running host");
        }
        let program = ["mysql", "mariadb"].into_iter().find(|name| host.find_program(name).is_some());
        let program = program.context("this host has no MySQL or MariaDB client")?;
        let files = OPTION_FILES.iter().filter(|path| host.metadata(Path::new(path)).is_ok());
        let ways =
            [Access::Socket].into_iter().chain(files.map(|path| Access::OptionFile((*path).to_owned())));
        let mut refused = Vec::new();
        for access in ways {
            let database = Database { host, client: Client { program: program.to_owned(), access } };
            match database.ask("SELECT 1;") {
                Ok(rows) if rows == [["1"]] => return Ok(database),
                Ok(_) => bail!("{program} gave an unexpected answer"),
                Err(Trouble::Denied) => refused.push(database.client.access.to_string()),
                Err(Trouble::Other(why)) => bail!("the database does not answer: {why}"),
            }
        }
        bail!(
            "the database refused to let us in {}; put root's login into {ROOT_FILE} (mode 0600) and run this again",
            refused.join(", ")
        )
    }

    /// Another login than root's that may read and change the server's accounts: a new password of root does not
    /// affect it.
    pub fn independent(&self) -> Option<Client> {
        OPTION_FILES.iter().filter(|path| **path != ROOT_FILE).find_map(|path| {
            let access = Access::OptionFile((*path).to_owned());
            self.host.metadata(Path::new(path)).ok()?;
            let other = Database { host: self.host, client: Client { access, ..self.client.clone() } };
            let sql = "SELECT CURRENT_USER() NOT LIKE 'root@%' AND COUNT(*) > 0 FROM mysql.user WHERE User = 'root';";
            (other.query(sql).ok()? == [["1"]]).then_some(other.client)
        })
    }

    /// How it is logged in.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The answer to one read-only script: rows of columns. Columns of text are asked for as `HEX(…)`, so that a tab
    /// or a line break in them does no harm.
    ///
    /// # Errors
    /// What the client said.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.ask(sql).map_err(|trouble| match trouble {
            Trouble::Denied => anyhow::anyhow!("access denied {}", self.client.access),
            Trouble::Other(why) => anyhow::anyhow!(why),
        })
    }

    fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>, Trouble> {
        let mut command = Command::new(&self.client.program, self.client.args())
            .stdin(Secret::new(format!("{HEAD}{sql}\n")))
            .limit(QUESTION_LIMIT);
        command.reads_only = true;
        command.env = self.client.env();
        let exit = self.host.run(&command, &mut Quiet).map_err(|error| Trouble::Other(error.to_string()))?;
        if exit.status == Status::TimedOut {
            return Err(Trouble::Other(format!("no answer within {} s", QUESTION_LIMIT.as_secs())));
        }
        if !exit.ok() {
            let said = exit.error_text();
            let denied = ["ERROR 1045", "ERROR 1698", "ERROR 1044"].iter().any(|code| said.contains(code));
            return Err(if denied { Trouble::Denied } else { Trouble::Other(exit.reason()) });
        }
        if exit.stdout.len() >= OUTPUT_LIMIT {
            return Err(Trouble::Other("the answer is too long".to_owned()));
        }
        Ok(exit.text().lines().map(|row| row.split('\t').map(str::to_owned).collect()).collect())
    }

    /// Names of the columns of a table, in lower case; empty when there is no such table.
    fn columns(&self, schema: &str, table: &str) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT LOWER(column_name) FROM information_schema.columns \
             WHERE table_schema = {} AND table_name = {};",
            literal(schema)?,
            literal(table)?
        );
        Ok(self.query(&sql)?.into_iter().flatten().collect())
    }
}

/// Why a question was not answered.
enum Trouble {
    /// The login was refused: another one may work.
    Denied,
    /// Anything else, for people.
    Other(String),
}

/// The text behind `HEX(…)`; `None` for SQL's `NULL` and for what is not hexadecimal UTF-8.
fn unhex(column: &str) -> Option<String> {
    let digits = column.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let bytes: Option<Vec<u8>> =
        digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
    String::from_utf8(bytes?).ok()
}
