use ngcp_warden::plan::{Action, Change, CommandLine, Undo};

use super::*;
use crate::debian;

const NEW_ROOT: &str = "Bregenz-7 fährt um neun!";
const NEW_ADMIN: &str = "k3J9fX2q'Lm\\8Zt%";
const NEW_OTHER: &str = "Vorarlberg_Rhein#4711";

const SOCKET: &[&str] = &["--protocol=socket"];
const TCP: &[&str] = &["--protocol=tcp", "--host=127.0.0.1"];

/// Users as an installation makes them, and the columns of `billing.admins` that matter here.
fn platform(password: Option<&str>, columns: &str, rows: &str) {
    let mut script = String::from("CREATE DATABASE billing; USE billing;\n");
    for user in ["sipwise", "kamailio", "kamailioro", "mediator", "rateomat", "exporter", "soap", "prosody"] {
        script += &format!("CREATE USER '{user}'@'localhost' IDENTIFIED BY 'sample-{user}-Pw01';\n");
        script += &format!("GRANT ALL ON billing.* TO '{user}'@'localhost';\n");
    }
    script += "CREATE USER 'debian-sys-maint'@'localhost' IDENTIFIED BY 'sampleDebianPw0000006';\n\
        GRANT ALL ON *.* TO 'debian-sys-maint'@'localhost' WITH GRANT OPTION;\n";
    script += &format!("CREATE TABLE admins ({columns}) CHARSET=utf8;\nINSERT INTO admins {rows};\n");
    sql(password, &script);
}

const MODERN: &str = "id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, login varchar(31) NOT NULL UNIQUE, \
    md5pass char(32), saltedpass char(54), \
    saltedpass_modify_timestamp timestamp NOT NULL DEFAULT '2026-01-01 00:00:00', \
    is_master tinyint NOT NULL DEFAULT 0, is_superuser tinyint NOT NULL DEFAULT 0, \
    is_active tinyint NOT NULL DEFAULT 1, auth_mode enum('local','ldap') NOT NULL DEFAULT 'local'";
const SHIPPED: &str = "AtAFGhepIuEaQ.dSfdJ6b.$TNfqchYY76HTh2FAgD3l4r9JFYmFr9i";

fn modern_rows() -> String {
    let salted = |word: &str| {
        let full = bcrypt::hash(word, 13).unwrap();
        let body = &full[7..];
        format!("{}${}", &body[..22], &body[22..])
    };
    format!(
        "(login, md5pass, saltedpass, is_superuser, is_active, auth_mode) VALUES \
         ('administrator', NULL, '{SHIPPED}', 1, 1, 'local'), ('ldapadmin', NULL, '{SHIPPED}', 1, 1, 'ldap'), \
         ('gone', NULL, '{SHIPPED}', 1, 0, 'local'), ('lazy', NULL, '{}', 0, 1, 'local'), \
         ('o''brien', NULL, '{}', 0, 1, 'local'), ('careful', NULL, '{}', 1, 1, 'local')",
        salted("lazy"),
        salted("defaultresellerpassword"),
        salted("k3J9fX2qLm8Zt-own")
    )
}

/// Every row of the server's accounts but root's, as the server keeps them.
fn others(password: Option<&str>) -> String {
    sql(password, "SELECT Host, User, Priv FROM mysql.global_priv WHERE User <> 'root' ORDER BY Host, User;")
}

fn roots(password: Option<&str>) -> String {
    sql(password, "SELECT Host, User, Priv FROM mysql.global_priv WHERE User = 'root' ORDER BY Host;")
}

fn admins(password: Option<&str>, only: &str) -> String {
    sql(password, &format!("SELECT * FROM billing.admins WHERE {only} ORDER BY id;"))
}

fn independent_bcrypt(saltedpass: &str, word: &str) -> bool {
    let saltedpass = saltedpass.trim();
    assert_eq!(saltedpass.len(), 54);
    bcrypt::verify(word, &format!("$2b$13${}{}", &saltedpass[..22], &saltedpass[23..])).unwrap()
}

/// F27, F30, F31: all rows of root, the web logins that are open, and nothing else.
#[test]
fn a_fresh_database_is_closed_on_every_row_and_nobody_else_is_touched() {
    if !debian::inside(
        "real_passwords::database::a_fresh_database_is_closed_on_every_row_and_nobody_else_is_touched",
    ) {
        return;
    }
    let _server = Server::open(&[]);
    platform(None, MODERN, &modern_rows());
    let rows = sql(None, "SELECT COUNT(*) FROM mysql.global_priv WHERE User = 'root';");
    let rows = rows.trim();
    let host = System::live().unwrap();

    let before = inspect(&host);
    assert_eq!(status(&before, "PASSWORD-MYSQL-ROOT-EMPTY"), Status::Fail);
    let seen = &finding(&before, "PASSWORD-MYSQL-ROOT-EMPTY").evidence;
    assert!(seen.contains(&format!("{rows} of {rows} rows")), "{seen}");
    assert_eq!(status(&before, "PASSWORD-MYSQL-ANONYMOUS"), Status::Fail);
    assert_eq!(status(&before, "PASSWORD-WEB-ADMIN-DEFAULT"), Status::Fail);
    let seen = &finding(&before, "PASSWORD-WEB-ADMIN-DEFAULT").evidence;
    assert_eq!(seen, "a default password opens 3 of 4: administrator, lazy, o'brien");
    let form = step().form(&before).unwrap();
    assert!(asks(&form, "web.administrator") && asks(&form, "web.id-5") && !asks(&form, "web.ldapadmin"));

    let (users, untouched) = (others(None), admins(None, "login IN ('ldapadmin', 'gone', 'careful')"));
    watch(&["mysql"]);
    let said = [
        ("mysql", "set"),
        ("mysql.file", "write"),
        ("web.administrator", "set"),
        ("web.lazy", "set"),
        ("web.id-5", "set"),
    ];
    let given = secrets(&[
        ("mysql", NEW_ROOT),
        ("web.administrator", NEW_ADMIN),
        ("web.lazy", NEW_OTHER),
        ("web.id-5", NEW_OTHER),
    ]);
    let plan = step().plan(&before, &answers(&before, &said)).unwrap();
    let ran = run(&host, plan, &given);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.told);

    let calls = watched();
    assert!(calls.contains("--batch --raw"), "{calls}");
    for secret in [NEW_ROOT, NEW_ADMIN, NEW_OTHER, "sample"] {
        assert!(!calls.contains(secret), "a password is in an argument or the environment");
    }
    for way in [SOCKET, TCP] {
        assert!(!logs_in(way, None), "root still gets in without a password by {way:?}");
        assert!(!logs_in(way, Some("wrong")));
        assert!(logs_in(way, Some(NEW_ROOT)), "the new password does not work by {way:?}");
    }
    let open = "SELECT COUNT(*) FROM mysql.user WHERE User = 'root' AND Password = '';";
    assert_eq!(sql(Some(NEW_ROOT), open).trim(), "0");
    let mode = must("stat", &["-c", "%a %u %g", "/root/.my.cnf"]);
    assert_eq!(mode.trim(), "600 0 0");
    assert_eq!(must("mysql", &["--defaults-file=/root/.my.cnf", "-BNe", "SELECT 7"]).trim(), "7");
    assert_eq!(others(Some(NEW_ROOT)), users, "another user's row changed");
    assert_eq!(admins(Some(NEW_ROOT), "login IN ('ldapadmin', 'gone', 'careful')"), untouched);
    for (login, new, old) in [
        ("administrator", NEW_ADMIN, "administrator"),
        ("lazy", NEW_OTHER, "lazy"),
        ("o''brien", NEW_OTHER, "defaultresellerpassword"),
    ] {
        let query = format!("SELECT saltedpass FROM billing.admins WHERE login = '{login}';");
        let row = sql(Some(NEW_ROOT), &query);
        assert!(independent_bcrypt(&row, new), "{login}");
        assert!(!independent_bcrypt(&row, old), "{login}");
        let query = format!(
            "SELECT IFNULL(md5pass, 'none'), saltedpass_modify_timestamp > '2026-06-01' FROM billing.admins WHERE login = '{login}';"
        );
        assert_eq!(sql(Some(NEW_ROOT), &query).trim(), "none\t1");
    }

    let after = inspect(&host);
    assert_eq!(status(&after, "PASSWORD-MYSQL-ROOT-EMPTY"), Status::Pass);
    assert_eq!(status(&after, "PASSWORD-WEB-ADMIN-DEFAULT"), Status::Pass);
    assert_eq!(status(&after, "PASSWORD-MYSQL-ANONYMOUS"), Status::Fail, "reported, not removed");
    let (rows, people) = (roots(Some(NEW_ROOT)), admins(Some(NEW_ROOT), "1"));
    let again = run(&host, step().plan(&after, &answers(&after, &said)).unwrap(), &given);
    assert_eq!(again.outcome, RunOutcome::Unchanged, "{}", again.told);
    assert_eq!((rows, people), (roots(Some(NEW_ROOT)), admins(Some(NEW_ROOT), "1")));
}

/// The plan with a last change that fails.
fn broken(mut plan: Plan) -> Plan {
    let action = Action::Run(CommandLine::new("false", [""; 0]));
    let change = Change::new(&step().about().id, "broken", "fail", action, Undo::Nothing);
    plan.changes.push(change);
    plan
}

/// What failed takes its step back: rows are byte for byte as before, the file is gone, root gets in as before.
#[test]
fn a_failure_takes_every_row_back() {
    if !debian::inside("real_passwords::database::a_failure_takes_every_row_back") {
        return;
    }
    let _server = Server::open(&[]);
    platform(None, MODERN, &modern_rows());
    let host = System::live().unwrap();
    let before = inspect(&host);
    let state = || (roots(None), others(None), admins(None, "1"));
    let was = state();
    let said = [
        ("mysql", "generate"),
        ("mysql.file", "write"),
        ("web.administrator", "generate"),
        ("web.lazy", "generate"),
    ];
    let plan = step().plan(&before, &answers(&before, &said)).unwrap();
    let names: Vec<&str> = plan.generated.iter().map(|made| made.secret.as_str()).collect();
    assert_eq!(
        names,
        ["passwords.web.administrator.password", "passwords.web.lazy.password", "passwords.mysql.password"]
    );
    for with_file in [true, false] {
        let mut plan = plan.clone();
        if !with_file {
            let said = [("mysql", "generate"), ("mysql.file", "leave"), ("web.administrator", "generate")];
            plan = step().plan(&before, &answers(&before, &said)).unwrap();
        }
        let mut secrets = Secrets::default();
        for made in &plan.generated {
            secrets.insert(&made.secret, ngcp_warden::secret::generate().unwrap());
        }
        let ran = run(&host, broken(plan), &secrets);
        assert_eq!(ran.outcome, RunOutcome::Failed, "{}", ran.told);
        assert!(logs_in(SOCKET, None), "root does not get in as before: {}", ran.told);
        assert_eq!(state(), was, "{}", ran.told);
        assert!(!std::path::Path::new("/root/.my.cnf").exists());
    }
}

/// Nothing to set where the socket decides; the database of Debian's package.
#[test]
fn the_unix_socket_is_left_alone() {
    if !debian::inside("real_passwords::database::the_unix_socket_is_left_alone") {
        return;
    }
    let _server = Server::packaged();
    platform(None, MODERN, "(login, saltedpass) VALUES ('someone', 'x')");
    let host = System::live().unwrap();
    let was = (roots(None), others(None));
    let findings = inspect(&host);
    assert_eq!(status(&findings, "PASSWORD-MYSQL-ROOT-EMPTY"), Status::Pass);
    assert_eq!(status(&findings, "PASSWORD-MYSQL-ANONYMOUS"), Status::Pass);
    assert_eq!(
        status(&findings, "PASSWORD-WEB-ADMIN-DEFAULT"),
        Status::Unknown,
        "a row in no known form is no pass"
    );
    assert!(!asks(&step().form(&findings).unwrap(), "mysql"));
    let given = Answers {
        values: [("mysql".to_owned(), Answer::Choice("set".to_owned()))].into(),
        ..Answers::default()
    };
    assert!(step().plan(&findings, &given).unwrap().is_empty());
    assert_eq!((roots(None), others(None)), was);
}

/// F31: before mr5.2 there is only an MD5.
#[test]
fn the_old_schema_gets_an_md5() {
    if !debian::inside("real_passwords::database::the_old_schema_gets_an_md5") {
        return;
    }
    let _server = Server::open(&[]);
    let columns = "id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, login varchar(31) NOT NULL UNIQUE, \
        md5pass char(32) NOT NULL, is_master tinyint NOT NULL DEFAULT 0, is_superuser tinyint NOT NULL DEFAULT 0, \
        is_active tinyint NOT NULL DEFAULT 1";
    let rows = "(login, md5pass, is_superuser, is_active) VALUES ('administrator', MD5('administrator'), 1, 1), \
        ('reseller', MD5('defaultresellerpassword'), 0, 1), ('off', MD5('off'), 0, 0), ('own', MD5('k3J9fX2qLm8Zt'), 0, 1)";
    platform(None, columns, rows);
    let host = System::live().unwrap();
    let before = inspect(&host);
    let seen = &finding(&before, "PASSWORD-WEB-ADMIN-DEFAULT").evidence;
    assert_eq!(seen, "a default password opens 2 of 3: administrator, reseller");
    let untouched = admins(None, "login IN ('off', 'own')");
    let said = [("web.administrator", "set"), ("web.reseller", "set")];
    let given = secrets(&[("web.administrator", NEW_ADMIN), ("web.reseller", NEW_OTHER)]);
    let ran = run(&host, step().plan(&before, &answers(&before, &said)).unwrap(), &given);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.told);
    // printf '%s' … | md5sum
    let md5 = |word: &str| {
        let out = feed("md5sum", &[], word.as_bytes());
        String::from_utf8(out.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
    };
    let stored = sql(
        None,
        "SELECT md5pass FROM billing.admins WHERE login IN ('administrator', 'reseller') ORDER BY id;",
    );
    assert_eq!(stored.lines().collect::<Vec<_>>(), [md5(NEW_ADMIN), md5(NEW_OTHER)]);
    assert_eq!(admins(None, "login IN ('off', 'own')"), untouched);
    let after = inspect(&host);
    assert_eq!(status(&after, "PASSWORD-WEB-ADMIN-DEFAULT"), Status::Pass);
    let again = run(&host, step().plan(&after, &answers(&after, &said)).unwrap(), &given);
    assert_eq!(again.outcome, RunOutcome::Unchanged);
}

/// F28: the server is down, or hangs.
#[test]
fn a_database_that_is_down_or_stalls_is_unknown_and_never_a_pass() {
    if !debian::inside(
        "real_passwords::database::a_database_that_is_down_or_stalls_is_unknown_and_never_a_pass",
    ) {
        return;
    }
    let host = System::live().unwrap();
    let unknown = |why: &str| {
        let findings = inspect(&host);
        for id in ["PASSWORD-MYSQL-ROOT-EMPTY", "PASSWORD-MYSQL-ANONYMOUS", "PASSWORD-WEB-ADMIN-DEFAULT"] {
            let finding = finding(&findings, id);
            assert_eq!(finding.status, Status::Unknown);
            assert!(finding.evidence.contains(why), "{}", finding.evidence);
        }
        assert!(step().form(&findings).unwrap().note.unwrap().contains("could not be asked"));
    };
    unknown("Can't connect to local server");
    // It accepts the connection and then says nothing.
    let server = Server::packaged();
    let pid = server.pid();
    must("kill", &["-STOP", &pid]);
    unknown("the database does not answer");
    must("kill", &["-CONT", &pid]);
}

/// F27: each row logs in its own way or, by its host's name, not at all; the server is read-only for everybody but root, and root's jobs have a file.
#[test]
fn rows_of_every_kind_are_set_or_left_each_as_it_must() {
    if !debian::inside("real_passwords::database::rows_of_every_kind_are_set_or_left_each_as_it_must") {
        return;
    }
    let _server = Server::open(&["--plugin-load-add=auth_ed25519", "--read-only", "--skip-name-resolve"]);
    platform(None, MODERN, "(login, is_active) VALUES ('nobody', 0)");
    sql(
        None,
        "ALTER USER 'root'@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('sipwise');\n\
         ALTER USER 'root'@'::1' IDENTIFIED VIA unix_socket;\n\
         CREATE USER 'root'@'192.0.2.2' IDENTIFIED VIA mysql_native_password USING 'invalid' OR unix_socket;\n\
         CREATE USER 'root'@'192.0.2.%' IDENTIFIED BY 'k3J9fX2qLm8Zt' ACCOUNT LOCK;\n\
         CREATE USER 'root'@'%' IDENTIFIED BY 'sipwise';",
    );
    let debian = "[client]\nhost=localhost\nuser=debian-sys-maint\npassword=sampleDebianPw0000006\nsocket=/run/mysqld/mysqld.sock\n";
    write("/etc/mysql/debian.cnf", 0o600, debian);
    let left = "SELECT Host, Priv FROM mysql.global_priv WHERE User = 'root' AND Host IN ('::1', 'spce', '192.0.2.2', '192.0.2.%') ORDER BY Host;";
    let kept = (sql(None, left), others(None));
    assert!(logs_in(SOCKET, None) && logs_in(TCP, Some("sipwise")));
    let host = System::live().unwrap();
    let before = inspect(&host);
    let seen = &finding(&before, "PASSWORD-MYSQL-ROOT-EMPTY").evidence;
    assert_eq!(seen, "no password on 1 of 7 rows: root@localhost");
    let said = [("mysql", "set"), ("mysql.file", "leave")];
    let plan = step().plan(&before, &answers(&before, &said)).unwrap();
    assert!(plan.reminders.iter().any(|text| text.contains("need its new password")), "{:?}", plan.reminders);
    let given = secrets(&[("mysql", NEW_ROOT)]);
    let was = roots(None);
    let ran = run(&host, broken(plan.clone()), &given);
    assert_eq!(ran.outcome, RunOutcome::Failed, "{}", ran.told);
    assert_eq!((roots(None), others(None)), (was, kept.1.clone()), "{}", ran.told);
    assert!(logs_in(SOCKET, None) && logs_in(TCP, Some("sipwise")), "not taken back: {}", ran.told);
    assert!(!logs_in(SOCKET, Some(NEW_ROOT)) && !logs_in(TCP, Some(NEW_ROOT)));
    let ran = run(&host, plan.clone(), &given);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.told);
    assert!(logs_in(SOCKET, Some(NEW_ROOT)) && !logs_in(SOCKET, None));
    assert!(logs_in(TCP, Some(NEW_ROOT)) && !logs_in(TCP, Some("sipwise")), "the row of ed25519");
    assert_eq!((sql(Some(NEW_ROOT), left), others(Some(NEW_ROOT))), kept);
    // Root's own login is closed to us now; the maintenance login of Debian still looks.
    let after = inspect(&host);
    assert_eq!(status(&after, "PASSWORD-MYSQL-ROOT-EMPTY"), Status::Pass);
    // Taken back without the new password: the maintenance login does it.
    let undo = &plan.changes[0].undo;
    let Undo::Captured { restore, .. } = undo else { panic!("{undo:?}") };
    assert_eq!(restore.args[0], "--defaults-extra-file=/etc/mysql/debian.cnf");
    assert!(restore.credentials.is_none());
}

/// What a server logs of everything it is told, no password of ours is in it: neither where it takes its own hash nor
/// where only the password itself will do, and not in the panel's table either.
#[test]
fn no_log_of_the_server_holds_a_password() {
    if !debian::inside("real_passwords::database::no_log_of_the_server_holds_a_password") {
        return;
    }
    let _server = Server::open(&[
        "--plugin-load-add=auth_ed25519",
        "--general-log",
        "--general-log-file=/tmp/general.log",
        "--slow-query-log",
        "--slow-query-log-file=/tmp/slow.log",
        "--long-query-time=0",
    ]);
    let columns = "id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, login varchar(31) NOT NULL UNIQUE, \
        md5pass char(32) NOT NULL";
    platform(None, columns, "(login, md5pass) VALUES ('administrator', MD5('administrator'))");
    sql(None, "ALTER USER 'root'@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('sipwise');");
    let host = System::live().unwrap();
    let before = inspect(&host);
    let said = [("mysql", "set"), ("mysql.file", "leave"), ("web.administrator", "set")];
    let given = secrets(&[("mysql", NEW_ROOT), ("web.administrator", NEW_ADMIN)]);
    let ran = run(&host, step().plan(&before, &answers(&before, &said)).unwrap(), &given);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.told);
    assert!(logs_in(SOCKET, Some(NEW_ROOT)) && logs_in(TCP, Some(NEW_ROOT)), "both kinds of rows are set");
    for log in ["/tmp/general.log", "/tmp/slow.log"] {
        let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
        assert!(text.contains("billing.admins"), "{log} logs what is sent: {text}");
        for secret in [NEW_ROOT, "Bregenz", NEW_ADMIN, "k3J9fX2q"] {
            assert!(!text.contains(secret), "{secret} stands in {log}");
        }
    }
}
