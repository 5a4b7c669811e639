mod unseen;

use super::{names::asks, *};
use crate::{
    demo,
    executor::{
        Command, World,
        simulated::{Answer, Simulated},
    },
    finding::Status,
    plan::{Action, Claim, Edit, Proof, Undo},
    steps::{Answer as Given, Findings, Step, form::Kind},
};

/// As everybody sees it.
const STEP: &dyn Step = &Passwords;
const SIPWISE: &str = "$5$saltsalt$j/KenNkr.QmOqW/.RI11rY1XW3fNIDBI2MSUwitW0C/";
const OWN: &str = "$5$saltsalt$3hGFMknrJ4ZpFPe7XZe397oIMEp7sbvqrcsX/ONJ3i.";
const UNKNOWN: &str = "$gy$j9T$abcdefghijklmnop$fFjoPxIBH4D4MtF5wb7uIx1x5t/Hj9BNahMdkgvWc05";
const PASSWD: &str =
    "root:x:0:0:root:/root:/bin/bash\ncdrexport:x:1001:1001::/home/jail/home/cdrexport:/bin/sh\n";

fn host(root: &str, cdrexport: &str) -> Simulated {
    Simulated::new()
        .file("/etc/passwd", PASSWD)
        .file("/etc/shadow", format!("root:{root}:1::::::\ncdrexport:{cdrexport}:1::::::\n"))
        .file("/etc/hostname", "spce\n")
        .file(
            "/etc/ngcp-config/config.yml",
            "ossbss:\n  htpasswd:\n  - pass: '{SHA}w4zj3mxbmynIQ1jsUEjSkN2z2pk='\n    user: ngcpsoap\n",
        )
}

fn with_database(host: Simulated, roots: &'static str, admins: &'static str) -> Simulated {
    host.on("mysql", move |_, command: &Command| {
        let script = command.stdin.as_ref().unwrap().expose_str().unwrap();
        let answer = match script {
            s if s.contains("SELECT 1;") => "1\n",
            s if s.contains("'global_priv'") => "",
            s if s.contains("table_name = 'user'") => "user\nhost\npassword\nplugin\nauthentication_string\n",
            s if s.contains("FROM mysql.user WHERE User IN") => roots,
            s if s.contains("'admins'") => "id\nlogin\nmd5pass\nsaltedpass\nis_superuser\nis_active\n",
            s if s.contains("FROM billing.admins") => admins,
            _ => return Answer::code(1).error("ERROR 1045 (28000): Access denied"),
        };
        Answer::from(answer)
    })
}

fn inspect(host: &Simulated) -> Findings {
    STEP.inspect(host).unwrap()
}

fn status(host: &Simulated, id: &str) -> Status {
    inspect(host).items.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("no {id}")).status
}

fn field(findings: &Findings, key: &str) -> Option<crate::steps::form::Field> {
    STEP.form(findings).unwrap().fields.into_iter().find(|field| field.key == key)
}

fn default(findings: &Findings, key: &str) -> String {
    match field(findings, key).unwrap_or_else(|| panic!("{key} is not asked")).kind {
        Kind::Choice { default, .. } => default,
        other => panic!("{other:?}"),
    }
}

fn answers(values: &[(&str, &str)], secrets: &[&str]) -> Answers {
    Answers {
        values: values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Given::Choice((*value).to_owned())))
            .collect(),
        secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn plan(findings: &Findings, values: &[(&str, &str)]) -> Plan {
    STEP.plan(findings, &answers(values, &["passwords.root.password", "passwords.mysql.password"])).unwrap()
}

/// The text of every command of a plan, secrets as names.
fn scripts(plan: &Plan) -> Vec<String> {
    let shown = |line: &crate::plan::CommandLine| {
        line.stdin.as_ref().map(crate::plan::Template::shown).unwrap_or_default()
    };
    let mut scripts = Vec::new();
    for change in &plan.changes {
        if let Action::Run(line) = &change.action {
            scripts.push(shown(line));
        }
        if let Undo::Captured { capture, restore } = &change.undo {
            scripts.extend([shown(capture), shown(restore)]);
        }
        for proof in &change.proofs {
            if let Proof::Answers { command, .. } | Proof::Claim(Claim::WebPassword { command, .. }) = proof {
                scripts.push(shown(command));
            }
        }
    }
    scripts
}

#[test]
fn roots_password_is_tried_and_never_guessed_well() {
    for (hash, expected) in [
        (SIPWISE, Status::Fail),
        ("", Status::Fail),
        (OWN, Status::Pass),
        ("*", Status::Pass),
        ("!", Status::Pass),
        (UNKNOWN, Status::Unknown),
        ("$6$sample$invented.hash.not.a.real.one", Status::Unknown),
    ] {
        assert_eq!(status(&host(hash, "!"), "PASSWORD-ROOT-DEFAULT"), expected, "{hash}");
    }
    let missing = Simulated::new().file("/etc/passwd", PASSWD).file("/etc/shadow", "");
    assert_eq!(status(&missing, "PASSWORD-ROOT-DEFAULT"), Status::Unknown);
    assert_eq!(status(&Simulated::new(), "PASSWORD-ROOT-DEFAULT"), Status::Unknown, "no file at all");
}

#[test]
fn cdrexport_is_well_only_when_locked() {
    for (hash, expected) in [
        ("!", Status::Pass),
        ("*", Status::Pass),
        ("", Status::Fail),
        (SIPWISE, Status::Fail),
        (OWN, Status::Unknown),
        (UNKNOWN, Status::Unknown),
    ] {
        assert_eq!(status(&host(OWN, hash), "PASSWORD-CDREXPORT"), expected, "{hash}");
    }
    let none = host(OWN, "!").file("/etc/shadow", format!("root:{OWN}:1::::::\n")).file("/etc/passwd", "");
    assert_eq!(status(&none, "PASSWORD-CDREXPORT"), Status::NotApplicable);
}

#[test]
fn without_a_running_database_its_findings_are_unknown_and_say_why() {
    let tree = with_database(host(OWN, "!"), "", "").with_world(World::Tree);
    for id in ["PASSWORD-MYSQL-ROOT-EMPTY", "PASSWORD-MYSQL-ANONYMOUS", "PASSWORD-WEB-ADMIN-DEFAULT"] {
        let findings = inspect(&tree);
        let finding = findings.items.iter().find(|finding| finding.id == id).unwrap();
        assert_eq!(finding.status, Status::Unknown);
        assert!(finding.evidence.contains("running host"));
    }
    assert!(tree.commands().is_empty());
    assert_eq!(status(&tree, "PASSWORD-NGCPSOAP-DEFAULT"), Status::Fail, "files can be read");
}

#[test]
fn the_factory_hash_of_ngcpsoap_is_found_wherever_the_release_keeps_it() {
    let soap = |text: &str| {
        status(&host(OWN, "!").file("/etc/ngcp-config/config.yml", text), "PASSWORD-NGCPSOAP-DEFAULT")
    };
    let factory = "'{SHA}w4zj3mxbmynIQ1jsUEjSkN2z2pk='";
    assert_eq!(
        soap(&format!(
            "ossbss:\n  htpasswd:\n  - {{user: a, pass: x}}\n  - {{user: ngcpsoap, pass: {factory}}}\n"
        )),
        Status::Fail
    );
    assert_eq!(
        soap(&format!("ossbss:\n  apache:\n    htpasswd:\n    - user: ngcpsoap\n      pass: {factory}\n")),
        Status::Fail
    );
    // The hash of "ngcpsoap", by htpasswd -nbs.
    assert_eq!(
        soap("ossbss:\n  htpasswd:\n  - user: ngcpsoap\n    pass: '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='\n"),
        Status::Fail,
        "\"password\""
    );
    assert_eq!(
        soap("ossbss:\n  htpasswd:\n  - user: ngcpsoap\n    pass: '{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA='\n"),
        Status::Pass
    );
    assert_eq!(soap("ossbss:\n  htpasswd:\n  - user: ngcpsoap\n    pass: '$apr1$x$y'\n"), Status::Unknown);
    assert_eq!(soap("ossbss:\n  htpasswd:\n  - user: ngcpsoap\n"), Status::Unknown);
    assert_eq!(soap("ossbss: {}\n"), Status::NotApplicable);
    assert_eq!(soap("ossbss: [\n"), Status::Unknown);
}

/// F42: the hash stands in the file, and clients still get in with the old one.
#[test]
fn a_new_password_of_ngcpsoap_that_was_never_applied_is_not_called_set_f42() {
    let own = "ossbss:\n  htpasswd:\n  - user: ngcpsoap\n    pass: '{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA='\n";
    for (uncommitted, told) in [(" M config.yml\0", Status::Unknown), ("", Status::Pass)] {
        let host = host(OWN, "!").file("/etc/ngcp-config/config.yml", own);
        let host = host.file("/etc/ngcp-config/.git/HEAD", "").on("git", move |_, _| uncommitted);
        assert_eq!(status(&host, "PASSWORD-NGCPSOAP-DEFAULT"), told);
    }
}

#[test]
fn the_safe_answer_is_chosen_beforehand() {
    let open = inspect(&with_database(
        host(SIPWISE, ""),
        "726F6F74\t6C6F63616C686F7374\t\t\t\n",
        "1\t61646D696E6973747261746F72\t1\t1\tNULL\n2\t626F62\t0\t0\tNULL\n",
    ));
    for (key, expected) in [
        (asks::ROOT, "generate"),
        (asks::CDREXPORT, "lock"),
        (asks::MYSQL, "generate"),
        (asks::MYSQL_FILE, "leave"),
        ("web.administrator", "generate"),
        ("web.bob", "leave"),
        (asks::SOAP, "generate"),
    ] {
        assert_eq!(default(&open, key), expected, "{key}");
    }
    let well = inspect(&host(OWN, "!"));
    assert_eq!(
        (default(&well, asks::ROOT), default(&well, asks::CDREXPORT)),
        ("leave".to_owned(), "lock".to_owned())
    );
    assert!(field(&well, asks::MYSQL).is_none(), "the database did not answer");
    assert_eq!(
        field(&well, "root.password").unwrap().only_if,
        Some(("root".to_owned(), vec!["set".to_owned()]))
    );
}

/// The same answers a second time, when all is well, change nothing.
#[test]
fn generate_replaces_known_passwords_only() {
    let values = [
        (asks::ROOT, "generate"),
        (asks::CDREXPORT, "lock"),
        (asks::SOAP, "generate"),
        (asks::MYSQL, "generate"),
        (asks::MYSQL_FILE, "write"),
    ];
    let open = inspect(&with_database(host(SIPWISE, ""), "726F6F74\t6C6F63616C686F7374\t\t\t\n", ""));
    let first = plan(&open, &values);
    let ids: Vec<&str> = first.changes.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "passwords.root",
            "passwords.cdrexport",
            "passwords.mysql.file",
            "passwords.mysql",
            "passwords.soap"
        ]
    );
    assert_eq!(first.generated.len(), 3);
    assert_eq!(first.apply, ["password of ngcpsoap"]);
    let well = with_database(
        host(OWN, "!").file(
            "/etc/ngcp-config/config.yml",
            "ossbss:\n  htpasswd:\n  - user: ngcpsoap\n    pass: '{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA='\n",
        ),
        "726F6F74\t6C6F63616C686F7374\t\t\t2A32343730433043303644454534324644313631384242393930303541444341324543394431453138\n",
        "",
    );
    let well = inspect(&well);
    for (key, value) in values {
        let Kind::Choice { options, .. } = field(&well, key).unwrap().kind else { panic!("{key}") };
        assert!(
            options.iter().any(|option| option.value == value),
            "{key}: {value} is not an answer any more"
        );
    }
    assert!(plan(&well, &values).is_empty());
    assert_eq!(plan(&well, &[(asks::ROOT, "renew")]).changes.len(), 1, "asked for in so many words");
}

#[test]
fn an_answer_that_does_not_fit_names_its_key() {
    let findings = inspect(&host(SIPWISE, "!"));
    let error =
        |values: &[(&str, &str)]| STEP.plan(&findings, &answers(values, &[])).unwrap_err().to_string();
    assert!(error(&[(asks::ROOT, "maybe")]).contains("passwords.root: 'maybe' is not one of"));
    assert!(error(&[(asks::ROOT, "set")]).contains("passwords.root.password"));
}

/// F62: neither hashes nor passwords get into what is shown, kept or handed on.
#[test]
fn facts_and_plans_hold_no_hash_but_public_ones() {
    let host = with_database(
        host(OWN, OWN),
        "726F6F74\t6C6F63616C686F7374\t\t\t2A32343730433043303644454534324644313631384242393930303541444341324543394431453138\n",
        "7\t626F62\t0\t0\t4B63573567634B48564B535554675A4F65507272446B244B63573567634B48564B535554675A4F65507272446B61626364\n",
    );
    let findings = inspect(&host);
    let plan = plan(
        &findings,
        &[
            (asks::ROOT, "renew"),
            (asks::MYSQL, "renew"),
            (asks::MYSQL_FILE, "write"),
            ("web.bob", "renew"),
            (asks::SOAP, "generate"),
        ],
    );
    assert!(plan.changes.len() >= 5);
    let all =
        format!("{findings:?} {} {:?}", serde_json::to_string(&plan).unwrap(), STEP.form(&findings).unwrap());
    for hash in [OWN, "3hGFMknrJ4Zp", "2470C0C06DEE", "KcW5gcKHVKSUTgZOeP"] {
        assert!(!all.contains(hash), "{hash}");
    }
}

/// F30: whatever is answered, SQL names root's rows and one administrator, and nobody else.
#[test]
fn no_script_touches_the_users_of_services() {
    let findings = inspect(&with_database(
        host(SIPWISE, ""),
        "726F6F74\t6C6F63616C686F7374\t\t\t\n726F6F74\t2527273B2044524F50\t\t\t\n",
        "1\t61646D696E6973747261746F72\t1\t1\tNULL\n9\t6F27627269656E\t0\t1\tNULL\n",
    ));
    let values = [
        (asks::MYSQL, "set"),
        (asks::MYSQL_FILE, "leave"),
        ("web.administrator", "generate"),
        ("web.id-9", "generate"),
    ];
    let scripts = scripts(&plan(&findings, &values));
    assert!(scripts.len() >= 8);
    for script in &scripts {
        for line in
            script.lines().filter(|line| !line.starts_with("SELECT") && !line.starts_with("SET SESSION"))
        {
            let fine = line == "FLUSH PRIVILEGES;"
                || line == "SET PASSWORD FOR 'root'@'localhost' = '‹hash of passwords.mysql.password›';"
                || line == r"SET PASSWORD FOR 'root'@'%\'\'; DROP' = '‹hash of passwords.mysql.password›';"
                || line.ends_with("WHERE id = 1 AND login = 'administrator';")
                || line.ends_with(r"WHERE id = 9 AND login = 'o\'brien';");
            assert!(fine, "{line}");
        }
    }
}

#[test]
fn nothing_is_set_where_the_socket_decides_or_the_method_is_not_known() {
    // unix_socket and pam
    let rows = "726F6F74\t6C6F63616C686F7374\t756E69785F736F636B6574\t\t\n726F6F74\t3A3A31\t70616D\t\t\n";
    let findings = inspect(&with_database(host(OWN, "!"), rows, ""));
    assert!(field(&findings, asks::MYSQL).is_none());
    assert!(plan(&findings, &[(asks::MYSQL, "set")]).is_empty());
}

#[test]
fn a_hundred_administrators_are_not_all_checked_and_that_is_said() {
    let row =
        "4B63573567634B48564B535554675A4F65507272446B244B63573567634B48564B535554675A4F65507272446B61626364";
    let rows: String =
        (1..=100).map(|id| format!("{id}\t{:X}{:02X}\t1\t0\t{row}\n", b'u', b'a' + id % 26)).collect();
    let host = with_database(host(OWN, "!"), "", Box::leak(rows.into_boxed_str()));
    let findings = inspect(&host);
    let web = findings.items.iter().find(|finding| finding.id == "PASSWORD-WEB-ADMIN-DEFAULT").unwrap();
    assert_eq!(web.status, Status::Unknown);
    assert!(web.evidence.len() <= 420, "{}", web.evidence);
    assert!(STEP.form(&findings).unwrap().fields.len() < 100);
}

#[test]
fn ngcpsoap_is_edited_only_where_the_file_decides() {
    let findings = inspect(&host(OWN, "!"));
    let plan = plan(&findings, &[(asks::SOAP, "generate")]);
    let Action::Edit { path, edits, .. } = &plan.changes[0].action else { panic!() };
    assert_eq!(path.to_str(), Some("/etc/ngcp-config/config.yml"));
    let Edit::Yaml { key, .. } = &edits[0] else { panic!() };
    assert_eq!(key.join("."), "ossbss.htpasswd.0.pass");
}

#[test]
fn the_sample_host_of_the_demo_shows_every_kind() {
    let findings = inspect(&demo::host());
    let failing: Vec<_> =
        findings.items.iter().filter(|f| f.status == Status::Fail).map(|f| f.id.as_str()).collect();
    assert!(failing.contains(&"PASSWORD-WEB-ADMIN-DEFAULT"), "{failing:?}");
    assert!(findings.items.iter().all(|finding| !finding.title.is_empty() && finding.handbook == "15.3"));
}

/// A restore compares what was captured with what is there: the server may not choose the order.
#[test]
fn root_rows_are_captured_in_an_order_of_their_own() {
    let findings = inspect(&with_database(
        host(SIPWISE, ""),
        "726F6F74\t6C6F63616C686F7374\t\t\t\n726F6F74\t3132372E302E302E31\t\t\t\n",
        "",
    ));
    let plan = plan(&findings, &[(asks::MYSQL, "set"), (asks::MYSQL_FILE, "leave")]);
    let capture = plan.changes.iter().find_map(|change| match &change.undo {
        Undo::Captured { capture, .. } => capture.stdin.as_ref(),
        _ => None,
    });
    let rows = capture.unwrap().shown().lines().find(|line| line.contains(" FROM ")).map(str::to_owned);
    assert!(rows.as_ref().is_some_and(|rows| rows.ends_with(" ORDER BY Host;")), "{rows:?}");
}
