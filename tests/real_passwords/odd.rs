use super::*;
use crate::debian;

/// F29: what people type, under every way a server may be told to read it.
#[test]
fn odd_passwords_get_in_whatever_the_server_thinks_of_backslashes() {
    if !debian::inside("real_passwords::odd::odd_passwords_get_in_whatever_the_server_thinks_of_backslashes")
    {
        return;
    }
    let server = Server::open(&["--sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_ALL_TABLES"]);
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
    server.stop();
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
