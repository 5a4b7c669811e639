//! What lies where nobody looked first: more rows than are read, a second root, an entry in another file.

use super::*;

/// More administrators than are read: those beyond are counted, and one whose login is no text is not dropped.
#[test]
fn administrators_that_were_not_read_are_unknown_with_the_count() {
    let rows = |count: usize| (1..=count).map(|id| format!("{id}\t61\t1\t0\tNULL\n")).collect::<String>();
    let evidence = |rows: String, all: &'static str| {
        let host = host(OWN, "!").on("mysql", move |_, command: &Command| {
            let script = command.stdin.as_ref().unwrap().expose_str().unwrap();
            Answer::from(match script {
                s if s.contains("SELECT 1;") => "1\n".to_owned(),
                s if s.contains("'admins'") => "id\nlogin\nmd5pass\nsaltedpass\n".to_owned(),
                s if s.contains("SELECT COUNT(*) FROM billing.admins") => all.to_owned(),
                s if s.contains("FROM billing.admins") => rows.clone(),
                _ => String::new(),
            })
        });
        let findings = inspect(&host);
        let web = findings.items.into_iter().find(|finding| finding.id == "PASSWORD-WEB-ADMIN-DEFAULT");
        let web = web.unwrap();
        (web.status, web.evidence)
    };
    assert_eq!(evidence(rows(501), ""), (Status::Pass, "501 active logins checked".to_owned()));
    let (status, seen) = evidence(rows(5000), "5003\n");
    assert_eq!(status, Status::Unknown);
    assert!(seen.starts_with("3 of 5003 were not checked"), "{seen}");
    let (status, seen) = evidence(format!("{}9\tFFFE\t1\t1\tNULL\n", rows(1)), "");
    assert_eq!(status, Status::Unknown);
    assert!(seen.starts_with("1 of 2 were not checked"), "{seen}");
}

/// Whoever has user number 0 is root, whatever the name; and local accounts are not all there are.
#[test]
fn a_second_account_with_roots_rights_counts() {
    let with = |line: &str, hash: &str| {
        host(OWN, "!")
            .file("/etc/passwd", format!("{PASSWD}{line}\n"))
            .file("/etc/shadow", format!("root:{OWN}:1::::::\ncdrexport:!:1::::::\ntoor:{hash}:1::::::\n"))
    };
    let toor = "toor:x:0:0:::";
    let root = |host: &Simulated| status(host, "PASSWORD-ROOT-DEFAULT");
    assert_eq!(root(&with("", "")), Status::Pass);
    assert_eq!(root(&with(toor, OWN)), Status::Pass);
    assert_eq!(root(&with(toor, "!")), Status::Pass);
    assert_eq!(root(&with(toor, UNKNOWN)), Status::Unknown);
    for open in [SIPWISE, ""] {
        let host = with(toor, open);
        let findings = inspect(&host);
        let found = findings.items.iter().find(|finding| finding.id == "PASSWORD-ROOT-DEFAULT").unwrap();
        assert_eq!(found.status, Status::Fail);
        assert_eq!(found.title, "Another account with root's rights has a default password");
        assert!(found.evidence.contains("toor has root's rights, too"), "{}", found.evidence);
        let plan = plan(&findings, &[("root", "renew")]);
        assert!(plan.partial && plan.reminders[0].contains("passwd toor"), "{:?}", plan.reminders);
    }
    assert_eq!(root(&with("toor2:x:0:0:::", "!")), Status::Unknown, "it has no line in shadow");
    let ldap = with("", "").file("/etc/nsswitch.conf", "passwd: files ldap\n");
    assert_eq!(root(&ldap), Status::Unknown);
    let ldap = ldap.file("/etc/shadow", format!("root:{OWN}:1::::::\n"));
    assert_eq!(status(&ldap, "PASSWORD-CDREXPORT"), Status::Unknown);
}

/// Lists of several files are appended, and the web server takes every entry: each counts, each is set.
#[test]
fn every_file_that_adds_an_entry_of_ngcpsoap_counts() {
    const OWN: &str = "'{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA='";
    const FACTORY: &str = "'{SHA}w4zj3mxbmynIQ1jsUEjSkN2z2pk='";
    let list = |hashes: &[&str]| {
        let entry = |hash: &&str| format!("  - {{user: ngcpsoap, pass: {hash}}}\n");
        format!(
            "ossbss:\n  htpasswd:\n  - {{user: other, pass: x}}\n{}",
            hashes.iter().map(entry).collect::<String>()
        )
    };
    let with = |main: &[&str], local: &[&str]| {
        host(SIPWISE, "!")
            .file("/etc/ngcp-config/config.yml", list(main))
            .file("/etc/ngcp-config/config.local.yml", list(local))
    };
    let at = |plan: &Plan| -> Vec<String> {
        let edits = plan.changes.iter().map(|change| match &change.action {
            Action::Edit { path, edits, .. } => {
                let keys = edits.iter().map(|edit| match edit {
                    Edit::Yaml { key, .. } => key.join("."),
                    Edit::Line { .. } | Edit::List { .. } => panic!(),
                });
                format!("{} {}", path.file_name().unwrap().display(), keys.collect::<Vec<_>>().join(" "))
            }
            other => panic!("{other:?}"),
        });
        edits.collect()
    };
    // The reviewer's case: config.yml has its own password, config.local.yml adds the factory's.
    let behind = with(&[OWN], &[FACTORY]);
    let findings = inspect(&behind);
    let found = findings.items.iter().find(|finding| finding.id == "PASSWORD-NGCPSOAP-DEFAULT").unwrap();
    assert_eq!(found.status, Status::Fail);
    assert!(found.evidence.contains("config.local.yml line 4"), "{}", found.evidence);
    let plan_of = |host: &Simulated| plan(&inspect(host), &[("soap", "generate")]);
    assert_eq!(at(&plan_of(&behind)), ["config.local.yml ossbss.htpasswd.1.pass"]);
    let both = plan_of(&with(&[FACTORY, OWN, FACTORY], &[FACTORY]));
    let ids: Vec<&str> = both.changes.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids, ["passwords.soap.config.local.yml", "passwords.soap"]);
    assert_eq!(
        at(&both),
        [
            "config.local.yml ossbss.htpasswd.1.pass",
            "config.yml ossbss.htpasswd.1.pass ossbss.htpasswd.3.pass"
        ]
    );
    assert_eq!(both.effective.len(), 1, "seen where it is in force");
    assert_eq!(status(&with(&[OWN], &[OWN]), "PASSWORD-NGCPSOAP-DEFAULT"), Status::Pass);
    // constants.yml is not read for values: what it adds is unknown, never well.
    let hidden = with(&[OWN], &[]).file("/etc/ngcp-config/constants.yml", list(&[FACTORY]));
    assert_eq!(status(&hidden, "PASSWORD-NGCPSOAP-DEFAULT"), Status::Unknown);
}
