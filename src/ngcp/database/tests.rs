use super::*;
use crate::executor::{
    World,
    simulated::{Answer, Simulated},
};

fn native(word: &str) -> String {
    credentials::mysql_native(word.as_bytes())
}

fn host(answer: impl Fn(&str, &Command) -> Answer + Send + Sync + 'static) -> Simulated {
    Simulated::new().on("mysql", move |_, command: &Command| {
        let sql =
            command.stdin.as_ref().unwrap().expose_str().unwrap().strip_prefix(HEAD).unwrap().to_owned();
        answer(sql.trim(), command)
    })
}

fn denied() -> Answer {
    Answer::code(1)
        .error("ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)")
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02X}")).collect()
}

fn fails(host: &Simulated) -> String {
    Database::open(host).err().map(|e| format!("{e:#}")).unwrap()
}

#[test]
fn every_way_in_is_tried_and_named() {
    let by_file = |wanted: &'static str| {
        move |sql: &str, command: &Command| {
            assert_eq!(command.env, [("HOME".to_owned(), "/nonexistent".to_owned())], "~/.my.cnf would win");
            let ours = command.args[0] == format!("--defaults-extra-file={wanted}");
            if ours { Answer::from(if sql == "SELECT 1;" { "1\n" } else { "" }) } else { denied() }
        }
    };
    for file in OPTION_FILES {
        let host = host(by_file(file))
            .file(ROOT_FILE, "")
            .file("/etc/mysql/debian.cnf", "")
            .file("/etc/mysql/sipwise_extra.cnf", "");
        let database = Database::open(&host).unwrap();
        assert_eq!(database.client().access, Access::OptionFile((*file).to_owned()));
    }
    let nobody = host(|_, _| denied()).file("/etc/mysql/debian.cnf", "");
    let said = fails(&nobody);
    assert!(
        said.contains("as root over the local socket, with the login in /etc/mysql/debian.cnf"),
        "{said}"
    );
    assert!(
        !nobody.commands().iter().any(|c| c.contains("sipwise_extra")),
        "a file that is not there is not tried"
    );
}

/// F28.
#[test]
fn a_database_that_is_down_or_stalls_or_is_not_there_is_said_at_once() {
    let down = host(|_, _| {
        Answer::code(1).error(
            "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
        )
    });
    assert!(fails(&down).contains("Can't connect to local server"));
    assert_eq!(down.commands().len(), 1, "other logins would not help");
    let stalled = host(|_, _| Answer::from("1\n").after(Duration::from_secs(600)));
    assert!(fails(&stalled).contains("no answer within 10 s"));
    assert!(fails(&Simulated::new()).contains("no MySQL or MariaDB client"));
    let tree = host(|_, _| Answer::from("1\n")).with_world(World::Tree);
    assert!(fails(&tree).contains("running host"));
    assert!(tree.commands().is_empty());
    assert!(fails(&host(|_, _| Answer::from("welcome\n"))).contains("unexpected"));
}

#[test]
fn no_password_or_hash_is_ever_an_argument() {
    let host = host(|_, _| Answer::from("1\n"));
    let database = Database::open(&host).unwrap();
    database.query("SELECT PASSWORD('x');").unwrap();
    for command in host.commands() {
        assert!(
            !command.contains("PASSWORD(") && !command.contains(" -p") && !command.contains("--password")
        );
    }
}

fn logins(modern: bool, rows: &[Vec<String>]) -> (Vec<RootRow>, Vec<String>) {
    let rows: String = rows.iter().map(|row| row.join("\t") + "\n").collect();
    let host = host(move |sql, _| match sql {
        "SELECT 1;" => "1\n".into(),
        s if s.contains("table_name = 'global_priv'") => {
            if modern { "host\nuser\npriv\n" } else { "" }.into()
        }
        s if s.contains("table_name = 'user'") => {
            "host\nuser\npassword\nplugin\nauthentication_string\n".into()
        }
        s if s.contains("FROM mysql.") => rows.clone().into(),
        other => panic!("{other}"),
    });
    let logins = Database::open(&host).unwrap().logins().unwrap();
    assert_eq!(logins.modern, modern);
    (logins.roots, logins.anonymous)
}

#[test]
fn roots_rows_of_the_old_server() {
    let row = |user: &str, host: &str, plugin: &str, auth: &str, password: &str| {
        [user, host, plugin, auth, password].map(hex).to_vec()
    };
    let own = native("k3J9fX2qLm8Zt");
    let (roots, anonymous) = logins(
        false,
        &[
            row("root", "localhost", "", "", ""),
            row("root", "127.0.0.1", "", "", &own),
            row("root", "::1", "mysql_native_password", &own, ""),
            row("root", "a\tb", "", "", &native("sipwise")),
            row("root", "c", "unix_socket", "", ""),
            row("root", "d", "pam", "mysql", ""),
            row("root", "e", "", "", "565491d704013245"),
            row("", "localhost", "", "", ""),
        ],
    );
    let of = |host: &str| roots.iter().find(|r| r.host == host).unwrap().login.clone();
    assert_eq!(of("localhost"), Login::Empty);
    assert_eq!(of("127.0.0.1"), Login::Password);
    assert_eq!(of("::1"), Login::Password);
    assert_eq!(of("a\tb"), Login::Known);
    assert_eq!(of("c"), Login::Socket);
    assert_eq!(of("d"), Login::Unknown("pam".to_owned()));
    assert_eq!(of("e"), Login::Password);
    assert_eq!(anonymous, ["localhost"]);
}

#[test]
fn roots_rows_of_the_new_server() {
    let row = |host: &str, json: &str| vec![hex("root"), hex(host), hex(json)];
    let (roots, anonymous) = logins(
        true,
        &[
            row(
                "a",
                r#"{"access":1,"plugin":"mysql_native_password","authentication_string":"invalid","auth_or":[{},{"plugin":"unix_socket"}]}"#,
            ),
            row(
                "b",
                r#"{"access":1,"plugin":"mysql_native_password","authentication_string":"","auth_or":[{},{"plugin":"unix_socket"}]}"#,
            ),
            row("c", r#"{"access":1,"plugin":"mysql_native_password","authentication_string":""}"#),
            row("d", r#"{"access":1,"plugin":"mysql_native_password","authentication_string":"invalid"}"#),
            row(
                "e",
                r#"{"access":1,"plugin":"mysql_native_password","authentication_string":"","account_locked":true}"#,
            ),
            row(
                "f",
                r#"{"access":1,"plugin":"ed25519","authentication_string":"ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY"}"#,
            ),
            row("g", "{broken"),
            row("h", r#"{"access":1}"#),
        ],
    );
    let of: Vec<Login> = roots.into_iter().map(|row| row.login).collect();
    let unknown = Login::Unknown("unreadable account row".to_owned());
    use Login::{Empty, Nobody, Password, Socket};
    assert_eq!(of, [Socket, Empty, Empty, Nobody, Nobody, Password, unknown, Empty]);
    assert!(anonymous.is_empty());
}

#[test]
fn a_row_for_a_name_lets_nobody_in_where_names_are_not_resolved() {
    let row = |host: &str, skip: &str| vec![hex("root"), hex(host), hex(r#"{"access":1}"#), skip.to_owned()];
    let names = ["localhost", "127.0.0.1", "::1", "%", "10.0.0.0/255.0.0.0", "spce", "%.example.net"];
    for (skip, open) in [("1", 5), ("0", 7)] {
        let (roots, _) = logins(true, &names.map(|name| row(name, skip)));
        assert_eq!(roots.iter().filter(|row| row.login == Login::Empty).count(), open, "{roots:?}");
    }
}

#[test]
fn the_native_hash_is_that_of_the_server() {
    assert_eq!(native("password"), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
}

#[test]
fn literals_escape_and_refuse() {
    assert_eq!(literal(r"a'b\c%").unwrap(), r"'a\'b\\c%'");
    assert!(literal("a\nb").is_err());
    assert_eq!(unhex("61C3BC"), Some("aü".to_owned()));
    assert!(unhex("NULL").is_none() && unhex("6").is_none() && unhex("FF").is_none());
}
