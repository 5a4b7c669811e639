//! MariaDB on the sample host: the few tables that the steps look at, kept in a file in memory.

use std::time::Duration;

use super::usage;
use crate::{
    executor::{
        Command,
        simulated::{Answer, Files, Simulated},
    },
    ngcp::credentials::defaults,
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
    let tables = files.text(TABLES);
    let rows = |table: &str| {
        let prefix = format!("{table}\t");
        let rows = tables.lines().filter_map(|row| row.strip_prefix(&prefix));
        rows.map(|row| row.split('\t').map(str::to_owned).collect()).collect::<Vec<Vec<String>>>()
    };
    let asks = |text: &str| script.contains(text);
    let answer = if asks("SELECT 1;") || asks("SELECT COUNT(*) > 0 FROM mysql.user") {
        "1\n".to_owned()
    } else if asks("information_schema.columns") && asks("'billing'") && asks("'admins'") {
        ADMIN_COLUMNS.to_owned()
    } else if asks("information_schema.columns") && asks("'global_priv'") {
        "host\nuser\npriv\n".to_owned()
    } else if asks("information_schema.columns") {
        String::new()
    } else if asks("FROM mysql.global_priv") {
        let row =
            |row: Vec<String>| row.iter().map(|column| hex(column)).collect::<Vec<_>>().join("\t") + "\n";
        rows("logins").into_iter().map(row).collect()
    } else if asks("FROM billing.admins") {
        let local = rows("admins").into_iter().filter(|row| row[3] == "local");
        local.map(|row| format!("{}\t{}\t{}\t0\t{}\n", row[0], hex(&row[1]), row[2], hex(&row[4]))).collect()
    } else {
        return usage(command);
    };
    Answer::from(answer).after(Duration::from_millis(20))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}
