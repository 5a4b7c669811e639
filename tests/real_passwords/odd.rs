use ngcp_warden::{
    ngcp::database::HEAD,
    plan::Template,
    secret::SecretForm::{OptionFile, SqlString},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::*;
use crate::debian;

/// F29: what people type, under every way a server may be told to read it.
#[test]
fn odd_passwords_get_in_whatever_the_server_thinks_of_backslashes() {
    if !debian::inside("real_passwords::odd::odd_passwords_get_in_whatever_the_server_thinks_of_backslashes")
    {
        return;
    }
    let _server = Server::open(&["--sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_ALL_TABLES"]);
    let host = System::live().unwrap();
    let long = "x7Ü'\"\\".repeat(33) + "ab";
    assert_eq!(long.chars().count(), 200);
    let odd = [
        r#"quote ' and " and ` in one"#,
        r"back\slash at the end\",
        r"\'); DROP USER 'root'@'localhost'; -- ",
        "-leading-dash-and--more",
        "%s%n%d percent %% 100%",
        "# hash ; semicolon $HOME $(id)",
        "🚂 nach Bregenz 🚂 um 9",
        r"\n\t\0\s literal escapes",
        r#""quoted from end to end""#,
        "'quoted from end to end'",
        "=equals= [client] password=x",
        &long,
    ];
    let mut old: Option<&str> = None;
    for new in odd {
        let findings = inspect(&host);
        let said = [("mysql", "set"), ("mysql.file", "write")];
        let plan = step().plan(&findings, &answers(&findings, &said)).unwrap();
        let ran = run(&host, plan, &secrets(&[("mysql", new)]));
        assert_eq!(ran.outcome, RunOutcome::Done, "{new}: {}", ran.told);
        assert!(logs_in(&["--protocol=socket"], Some(new)), "{new} does not get in");
        assert!(!logs_in(&["--protocol=socket"], old), "the password before {new} still gets in");
        assert_eq!(must("mysql", &["--defaults-file=/root/.my.cnf", "-BNe", "SELECT 7"]).trim(), "7");
        old = Some(new);
    }
}

#[test]
fn odd_passwords_get_into_the_system_as_well() {
    if !debian::inside("real_passwords::odd::odd_passwords_get_into_the_system_as_well") {
        return;
    }
    let host = System::live().unwrap();
    for new in [
        r#"colon: and ::: quote ' and " "#.trim_end(),
        r"back\slash at the end\",
        "-leading-dash-and--more",
        "🚂 nach Bregenz 🚂 um 9",
        "%s%n%d percent %% 100%",
        &"Güterzug7".repeat(22),
    ] {
        let findings = inspect(&host);
        let plan = step().plan(&findings, &answers(&findings, &[("root", "set")])).unwrap();
        let ran = run(&host, plan, &secrets(&[("root", new)]));
        assert_eq!(ran.outcome, RunOutcome::Done, "{new}: {}", ran.told);
        assert!(accounts::opens("root", new), "{new} does not get in");
    }
    let findings = inspect(&host);
    let plan = step().plan(&findings, &answers(&findings, &[("root", "set")])).unwrap();
    let was = std::fs::read("/etc/shadow").unwrap();
    for bad in ["two\nlines:x\nroot:y", "nul\0inside-it"] {
        let ran = run(&host, plan.clone(), &secrets(&[("root", bad)]));
        assert_eq!(ran.outcome, RunOutcome::Failed);
        assert!(ran.told.contains("control character"), "{}", ran.told);
        assert_eq!(std::fs::read("/etc/shadow").unwrap(), was);
    }
}

/// F29, at random: what is written as SQL is what is written as an option file, as the real server and client read it.
#[test]
fn random_passwords_log_in_as_they_were_set() {
    if !debian::inside("real_passwords::odd::random_passwords_log_in_as_they_were_set") {
        return;
    }
    let _server = Server::open(&["--sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES"]);
    let mut runner = TestRunner::deterministic();
    let spiteful = proptest::string::string_regex("[-'\"\\\\`%#;=!$\\[\\]\\( ab0ntsbr🚂ü]{1,40}").unwrap();
    let any = proptest::string::string_regex("\\PC{1,60}").unwrap();
    let strategy = proptest::prop_oneof![spiteful, any];
    let passwords: Vec<String> =
        (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let mut secrets = Secrets::default();
    let mut script = Template::text(HEAD);
    for (number, password) in passwords.iter().enumerate() {
        let name = number.to_string();
        secrets.insert(&name, Secret::new(password.as_str()));
        script = script
            .and(format!(
                "CREATE USER 'u{name}'@'localhost'; SET PASSWORD FOR 'u{name}'@'localhost' = PASSWORD("
            ))
            .secret(&name, SqlString)
            .and(");\n");
    }
    let script = script.fill(&secrets).unwrap();
    let set = feed("mysql", &["--no-defaults", "-uroot", "--default-character-set=utf8mb4"], script.expose());
    assert!(set.status.success(), "{set:?}");
    for (number, password) in passwords.iter().enumerate() {
        let file = Template::text(format!("[client]\nuser=u{number}\npassword="))
            .secret(number.to_string(), OptionFile);
        let file = file.and("\n").fill(&secrets).unwrap();
        write("/tmp/random.cnf", 0o600, file.expose_str().unwrap());
        let login = feed("mysql", &["--defaults-file=/tmp/random.cnf", "-BNe", "SELECT CURRENT_USER()"], b"");
        assert_eq!(
            String::from_utf8_lossy(&login.stdout).trim(),
            format!("u{number}@localhost"),
            "{password:?}: {login:?}"
        );
    }
}
