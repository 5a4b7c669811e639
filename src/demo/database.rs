//! MariaDB on the sample host: the few tables that the steps look at, kept in a file in memory.

use std::time::Duration;

use super::programs::{rewrite, usage};
use crate::{
    executor::{
        Command,
        simulated::{Answer, Files, Simulated},
    },
    secret::credentials::defaults,
};

/// One row a line: table and columns, separated by tabs.
const TABLES: &str = "/ngcp-data/mysql/tables";

/// Nobody gets in with a password: what Debian installs.
const BY_SOCKET: &str = r#"{"access":18446744073709551615,"plugin":"mysql_native_password","authentication_string":"invalid","auth_or":[{},{"plugin":"unix_socket"}]}"#;

const ADMIN_COLUMNS: &str = "id\nreseller_id\nlogin\nmd5pass\nsaltedpass\nis_master\nis_superuser\nis_active\n\
    read_only\nauth_mode\nsaltedpass_modify_timestamp\n";

pub(super) fn install(files: &mut Files) {
    let shipped = &defaults().web_admin.saltedpass;
    let rows = [
        format!("admins\t1\tadministrator\t1\tlocal\t{shipped}"),
        "admins\t2\tnoc\t0\tldap\t".to_owned(),
        format!("logins\troot\tlocalhost\t{BY_SOCKET}"),
    ];
    files.write(TABLES, rows.join("\n"));
    files.set_owner(TABLES, 0o600, 105, 110);
}

pub(super) fn programs(host: Simulated) -> Simulated {
    host.on("mysql", mysql)
}

/// Answers the questions of [`crate::ngcp::database`] and carries out the updates of the steps.
fn mysql(files: &mut Files, command: &Command) -> Answer {
    let script = command.stdin.as_ref().and_then(|input| input.expose_str()).unwrap_or_default();
    let mut answer = String::new();
    for statement in script.lines().filter(|line| !line.starts_with("SET ")) {
        let slept = answer.lines().any(|line| line == super::tuning::SLEPT);
        let told = super::tuning::told(files, statement, slept);
        let Some(said) = told.or_else(|| carried_out(files, statement)) else { return usage(command) };
        answer += &said;
    }
    Answer::from(answer).after(Duration::from_millis(20))
}

/// What one statement prints; `None` when the sample host does not know it.
fn carried_out(files: &mut Files, statement: &str) -> Option<String> {
    let has = |text: &str| statement.contains(text);
    let id = || between(statement, "WHERE id = ", [' ', ';']);
    Some(if let Some(values) = statement.strip_prefix("UPDATE billing.admins SET ") {
        let (id, salted) = (id()?, between(values, "saltedpass = '", ['\'', '\''])?);
        rewrite(files, TABLES, |row| {
            let mut columns: Vec<&str> = row.split('\t').collect();
            if columns[..2] == ["admins", id] {
                columns[5] = salted;
            }
            Some(columns.join("\t"))
        });
        String::new()
    } else if has("SELECT CONCAT('UPDATE billing.admins") {
        let row = rows(files, "admins").into_iter().find(|row| Some(row[0].as_str()) == id())?;
        format!(
            "UPDATE billing.admins SET md5pass = NULL, saltedpass = '{}' WHERE id = {};\n",
            row[4], row[0]
        )
    } else if has("SELECT saltedpass FROM billing.admins") {
        let row = rows(files, "admins").into_iter().find(|row| Some(row[0].as_str()) == id())?;
        format!("{}\n", row[4])
    } else if let Some(text) = between(statement, "SELECT '", [';', ';']) {
        format!("{}\n", text.trim_end_matches('\'').replace("''", "'"))
    } else if has("SELECT 1;") || has("COUNT(*) > 0 FROM mysql.user") {
        "1\n".to_owned()
    } else if has("information_schema.columns") {
        let known = [("'admins'", ADMIN_COLUMNS), ("'global_priv'", "host\nuser\npriv\n")];
        known.iter().find(|(table, _)| has(table)).map_or("", |(_, columns)| columns).to_owned()
    } else if has("FROM mysql.global_priv") {
        let row =
            |row: Vec<String>| row.iter().map(|column| hex(column)).collect::<Vec<_>>().join("\t") + "\n";
        rows(files, "logins").into_iter().map(row).collect()
    } else if has("FROM billing.admins") {
        let local = rows(files, "admins").into_iter().filter(|row| row[3] == "local");
        local.map(|row| format!("{}\t{}\t{}\t0\t{}\n", row[0], hex(&row[1]), row[2], hex(&row[4]))).collect()
    } else {
        return None;
    })
}

fn rows(files: &Files, table: &str) -> Vec<Vec<String>> {
    let tables = files.text(TABLES);
    let rows = tables.lines().filter_map(|row| row.strip_prefix(table)?.strip_prefix('\t'));
    rows.map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

/// The text behind `start`, up to one of `ends`.
fn between<'a>(text: &'a str, start: &str, ends: [char; 2]) -> Option<&'a str> {
    text.split_once(start)?.1.split(ends).next()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}
