//! SQL of this step, as commands of a plan. Every script goes to standard input and begins with
//! [`database::HEAD`]; the rows it may touch are named one by one.

use anyhow::Result;

use super::facts::{RootFile, WebAdmin};
use crate::{
    executor::CREDENTIALS,
    ngcp::database::{self, Access, AdminColumns, Client, ROOT_FILE, RootRow, literal},
    plan::{Claim, CommandLine, Proof, Template, Undo},
    secret::SecretForm,
};

/// Changes may wait for a table lock.
const LIMIT: u64 = 60;

/// What this session sends stands in neither the general nor the slow log. Refused to a login without all rights.
const UNLOGGED: &str = "SET SESSION sql_log_off=1;\nSET SESSION long_query_time=31536000;\n";

/// An option file with the login of MySQL's root.
pub(super) fn root_login(secret: &str) -> Template {
    Template::text("[client]\nuser=root\npassword=").secret(secret, SecretForm::OptionFile).and("\n")
}

fn command(client: &Client, script: Template) -> CommandLine {
    let mut line = restore(client);
    let mut input = Template::text(database::HEAD);
    input.0.extend(script.0);
    line.stdin = Some(input);
    line
}

/// Feeds what was captured: [`database::HEAD`] comes with it.
fn restore(client: &Client) -> CommandLine {
    let mut line = CommandLine::new(&client.program, client.args());
    line.env = client.env();
    line.limit = LIMIT;
    line
}

/// The client, logging in as root with the secret of that name.
fn as_root(client: &Client, secret: &str, script: Option<Template>) -> CommandLine {
    let client = Client { access: Access::OptionFile(CREDENTIALS.to_owned()), ..client.clone() };
    let mut line = match script {
        Some(script) => command(&client, script),
        None => restore(&client),
    };
    line.credentials = Some(root_login(secret));
    line
}

/// A `SELECT` that prints [`database::HEAD`], so that what follows means the same when it is fed back.
fn print_head() -> String {
    format!("SELECT '{}';\n", database::HEAD.trim_end().replace('\'', "''"))
}

/// A script of SQL, its proof and its way back.
pub(super) struct Script {
    pub run: CommandLine,
    pub proof: Proof,
    pub undo: Undo,
}

/// Sets the password of one web administrator in the columns that there are.
pub(super) fn web_admin(
    client: &Client,
    columns: AdminColumns,
    admin: &WebAdmin,
    secret: &str,
) -> Result<Script> {
    let row = format!("WHERE id = {} AND login = {}", admin.id, literal(&admin.login)?);
    let mut script = Template::text("UPDATE billing.admins SET ");
    let proof;
    if columns.saltedpass {
        script = script.and("saltedpass = '").secret(secret, SecretForm::PanelBcrypt).and("'");
        if columns.md5pass {
            script = script.and(", md5pass = NULL");
        }
        if columns.saltedpass_modify_timestamp {
            script = script.and(", saltedpass_modify_timestamp = NOW()");
        }
        let stored = Template::text(format!("SELECT saltedpass FROM billing.admins {row};\n"));
        let claim = Claim::WebPassword { command: command(client, stored), password: secret.to_owned() };
        proof = Proof::Claim(claim);
    } else {
        let md5 = || Template::text("md5pass = '").secret(secret, SecretForm::Md5).and("'");
        script.0.extend(md5().0);
        let mut stored = Template::text(format!("SELECT COUNT(*) FROM billing.admins {row} AND "));
        stored.0.extend(md5().and(";\n").0);
        proof = Proof::Answers { command: command(client, stored), prints: "1".to_owned() };
    }
    let there = [
        ("md5pass", columns.md5pass),
        ("saltedpass", columns.saltedpass),
        ("saltedpass_modify_timestamp", columns.saltedpass_modify_timestamp),
    ];
    let there =
        there.iter().filter(|(_, there)| *there).map(|(name, _)| format!("'{name} = ', QUOTE({name})"));
    let capture = format!(
        "{}SELECT CONCAT('UPDATE billing.admins SET ', {}, ' WHERE id = {};') FROM billing.admins {row};\n",
        print_head(),
        there.collect::<Vec<_>>().join(", ', ', "),
        admin.id
    );
    Ok(Script {
        run: command(client, script.and(format!(" {row};\n"))),
        proof,
        undo: Undo::Captured { capture: command(client, Template::text(capture)), restore: restore(client) },
    })
}

/// Sets the password of MySQL's root on all these rows. `back` is the login that can take it back. The server writes
/// statements into its logs as they are sent: where it takes its own hash, it is sent nothing else.
pub(super) fn mysql_root(
    client: &Client,
    modern: bool,
    roots: &[&RootRow],
    back: Back,
    secret: &str,
) -> Result<Script> {
    let names: Vec<String> = roots.iter().map(|row| literal(&row.host)).collect::<Result<_>>()?;
    let mut script = Template::text("SET SESSION old_passwords=0;\n");
    if roots.iter().any(|row| !row.native) {
        script = script.and(UNLOGGED);
    }
    for (row, host) in roots.iter().zip(&names) {
        script = script.and(format!("SET PASSWORD FOR 'root'@{host} = "));
        script = match row.native {
            true => script.and("'").secret(secret, SecretForm::MysqlNative).and("';\n"),
            false => script.and("PASSWORD(").secret(secret, SecretForm::SqlString).and(");\n"),
        };
    }
    let rows = format!("WHERE User = 'root' AND Host IN ({})", names.join(", "));
    let native = roots.iter().zip(&names).filter(|(row, _)| row.native);
    let native: Vec<&str> = native.map(|(_, host)| host.as_str()).collect();
    // On each row the new hash where it can be told, and nowhere none.
    let proof = Template::text(format!(
        "SELECT COUNT(*) FROM mysql.user {rows} AND Password = '' AND IFNULL(authentication_string, '') = '';\n"
    ));
    let (proof, prints) = match native.len() {
        0 => (proof, "0".to_owned()),
        count => {
            let set = format!(
                "SELECT COUNT(*) FROM mysql.user WHERE User = 'root' AND Host IN ({}) AND '",
                native.join(", ")
            );
            let set = proof.and(set).secret(secret, SecretForm::MysqlNative);
            (set.and("' IN (Password, authentication_string);\n"), format!("0\n{count}"))
        }
    };
    // The rows themselves are put back: that is exact whatever method they use.
    let (table, columns) = if modern {
        ("mysql.global_priv", "'Priv = ', QUOTE(Priv)")
    } else {
        (
            "mysql.user",
            "'Password = ', QUOTE(Password), ', authentication_string = ', QUOTE(authentication_string)",
        )
    };
    let capture = format!(
        "{}SELECT CONCAT('UPDATE {table} SET ', {columns}, ' WHERE User = ''root'' AND Host = ', QUOTE(Host), ';') \
         FROM {table} {rows} ORDER BY Host;\nSELECT 'FLUSH PRIVILEGES;';\n",
        print_head()
    );
    Ok(Script {
        run: command(client, script.and("FLUSH PRIVILEGES;\n")),
        proof: Proof::Answers { command: as_root(client, secret, Some(proof)), prints },
        undo: Undo::Captured {
            capture: command(client, Template::text(capture)),
            restore: match back {
                Back::Independent(other) => restore(&other),
                Back::RootFile => {
                    let access = Access::OptionFile(ROOT_FILE.to_owned());
                    restore(&Client { access, ..client.clone() })
                }
                Back::Secret => as_root(client, secret, None),
            },
        },
    })
}

/// Who takes a new password of MySQL's root back.
pub(super) enum Back {
    /// Another login with all rights.
    Independent(Client),
    /// Root with the file that was written for it.
    RootFile,
    /// Root with the new password itself: only while the run lasts.
    Secret,
}

impl Back {
    pub(super) fn choose(independent: Option<&Client>, file_first: bool) -> Back {
        match independent {
            Some(other) => Back::Independent(other.clone()),
            None if file_first => Back::RootFile,
            None => Back::Secret,
        }
    }
}

/// What is said of a file that this step does not write.
pub(super) fn file_reminder(file: RootFile) -> String {
    match file {
        RootFile::Absent => {
            format!("Root's own jobs that use mysql need its new password, e.g. in {ROOT_FILE}.")
        }
        _ => format!("{ROOT_FILE} still holds the old password of MySQL's root: put the new one there."),
    }
}
