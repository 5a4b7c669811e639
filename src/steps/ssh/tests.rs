use std::collections::BTreeMap;

use super::{
    Ssh,
    facts::{Facts, Rules, Writing, Yaml},
    names::asks,
    settings::{Setting, write},
    trial::trial,
    usable::{judged, place_fits},
};
use crate::{
    executor::simulated::Simulated,
    host::keys::Key,
    plan::{Action, Change, Edit, Plan, Template},
    steps::{Answer, Answers, Findings, Step, assemble},
};

/// As everybody sees it.
const STEP: &dyn Step = &Ssh;

fn settings() -> Vec<Setting> {
    vec![("PermitRootLogin", "no".to_owned()), ("MACs", "hmac-sha2-512-etm@openssh.com".to_owned())]
}

fn facts(writing: Writing) -> Facts {
    Facts { server: true, running: true, writing, ..Facts::default() }
}

fn written(facts: &Facts) -> Vec<Change> {
    write(facts, &settings()).unwrap().changes
}

/// What a change makes of a file.
fn becomes(path: &str, text: &str, changes: Vec<Change>) -> String {
    let host = Simulated::new().file(path, text);
    assemble(&host, [Plan { changes, ..Plan::default() }]).unwrap().changes.remove(0).diff
}

/// What is no key, or no time, is told at its field, in the words of the plan.
#[test]
fn the_field_and_the_plan_say_the_same_of_an_answer() {
    let found = Findings::new(Vec::new(), &facts(Writing::default())).unwrap();
    let form = STEP.form(&found).unwrap();
    for (key, answer) in [
        (asks::ADD, "foo"),
        (asks::ADD, "ssh-ed25519 AAAA"),
        (asks::ADD, "-----BEGIN OPENSSH PRIVATE KEY-----"),
        (asks::CONFIRM_WITHIN, "5x"),
        (asks::CONFIRM_WITHIN, "5"),
        (asks::CONFIRM_WITHIN, "9999"),
    ] {
        let field = form.field(key).unwrap();
        let why = form.read(field, answer).unwrap_err();
        let unread = Answer::Text(answer.to_owned());
        let answers = Answers { values: [(key.to_owned(), unread)].into(), ..Answers::default() };
        let planned = STEP.plan(&found, &answers).unwrap_err().to_string();
        assert_eq!(planned, format!("ssh.{key}: {why}"));
    }
}

#[test]
fn the_platforms_own_values_are_changed_in_config_yml_and_the_rest_where_it_decides() {
    let yaml = Yaml { key: vec!["sshd".into(), "permit_root_login".into()], now: "yes".into(), shadow: None };
    let writing = Writing {
        yaml: BTreeMap::from([("PermitRootLogin".to_owned(), yaml)]),
        drop_in: vec!["MACs".to_owned()],
        drop_in_now: Some("# mine\nmacs old\nCiphers x\n".to_owned()),
        ..Writing::default()
    };
    let changes = written(&facts(writing));
    let Action::Edit { edits, .. } = &changes[0].action else { panic!("{changes:?}") };
    assert!(matches!(&edits[0], Edit::Yaml { to, .. } if *to == Template::text("no")));
    let Action::Write { path, content, .. } = &changes[1].action else { panic!("{changes:?}") };
    assert_eq!(path.to_str(), Some("/etc/ssh/sshd_config.d/00-ngcp-warden.conf"));
    assert_eq!(content.shown(), "# mine\nCiphers x\nMACs hmac-sha2-512-etm@openssh.com\n");
}

#[test]
fn a_value_that_another_file_overrides_is_not_changed_in_vain() {
    let yaml = Yaml {
        shadow: Some("config.local.yml line 3".to_owned()),
        key: vec!["sshd".into()],
        ..Yaml::default()
    };
    let writing =
        Writing { yaml: BTreeMap::from([("PermitRootLogin".to_owned(), yaml)]), ..Writing::default() };
    let why = write(&facts(writing), &settings()).err().unwrap().to_string();
    assert!(why.contains("config.local.yml line 3"), "{why}");
}

#[test]
fn the_platforms_template_is_copied_before_it_is_changed() {
    let folder = "/etc/ngcp-config/templates/etc/ssh";
    let writing = |name: &str, own| Writing {
        template: Some((format!("{folder}/{name}").into(), "Port [% sshd.port %]\n".to_owned(), own)),
        ..Writing::default()
    };
    let found = write(&facts(writing("sshd_config.tt2", false)), &settings()).unwrap();
    let Action::Write { path, content, .. } = &found.changes[0].action else { panic!() };
    assert_eq!(path.to_str().unwrap(), format!("{folder}/sshd_config.customtt.tt2"));
    assert!(
        content.shown().ends_with("\nPort [% sshd.port %]\n")
            && content.shown().starts_with("PermitRootLogin no\n")
    );
    assert!(found.apply.is_some() && !found.reminders.is_empty());
    let own = written(&facts(writing("sshd_config.customtt.tt2", true)));
    assert!(matches!(&own[0].action, Action::Edit { .. }));
}

/// F20: the deciding line is replaced, what is new goes to the top; every other line stays.
#[test]
fn sshd_config_itself_is_edited_line_by_line() {
    let text = "# first\nPort 22\nPermitRootLogin yes\nMatch User x\n  MACs old\n";
    let writing = Writing {
        deciding: BTreeMap::from([("PermitRootLogin".to_owned(), "PermitRootLogin yes".to_owned())]),
        anchor: Some("# first".to_owned()),
        ..Writing::default()
    };
    let diff = becomes("/etc/ssh/sshd_config", text, written(&facts(writing)));
    assert!(diff.contains("+MACs hmac-sha2-512-etm@openssh.com\n # ‹hidden›\n"), "{diff}");
    assert!(diff.contains("-PermitRootLogin yes\n+PermitRootLogin no\n"), "{diff}");
    let changed = diff
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"));
    assert_eq!(changed.count(), 3, "{diff}");
    assert!(write(&facts(Writing::default()), &settings()).is_err(), "nowhere to put it");
}

#[test]
fn the_trial_is_a_login_where_one_can_stand_in_and_a_check_where_none_can() {
    let server = || Writing { sshd: Some("/usr/sbin/sshd".to_owned()), ..Writing::default() };
    let line = |facts: &Facts, account| match trial(facts, &settings(), account).map(|change| change.action) {
        Some(Action::Run(line)) => line.to_string(),
        other => format!("{other:?}"),
    };
    let login = line(&facts(server()), Some("root"));
    assert!(
        login.starts_with("ssh -F none -i {credentials}") && login.contains("-o PermitRootLogin=no"),
        "{login}"
    );
    assert!(!login.contains("PRIVATE"), "{login}");
    let check = line(&facts(server()), None);
    assert!(check.starts_with("sshd -t -o PermitRootLogin=no"), "{check}");
    let by_address = Writing { no_trial: Some("line 3 goes by addresses".to_owned()), ..server() };
    assert!(line(&facts(by_address), Some("root")).starts_with("sshd -t"));
    assert!(trial(&facts(Writing::default()), &settings(), Some("root")).is_none());
}

#[test]
fn only_options_known_to_let_an_administrator_work_make_a_key_a_way_in() {
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOR7lKgg5s19eGU84B7pye+RfRlnclfsK8d4x5Q1Vjmp me";
    let rules = Rules { from: Some("10.1.2.3".to_owned()), ..Rules::default() };
    let fact = |options: &str| judged(&Key::parse(&format!("{options} {KEY}")).unwrap(), &rules);
    for (options, works, hides) in [
        ("", true, false),
        ("restrict,PTY,no-touch-required", true, false),
        ("from=\"10.0.0.0/8,!10.9.0.0/16\",no-pty", true, false),
        ("from=\"10.0.0.0/8,!10.1.0.0/16\"", false, false),
        ("from=\"10.1.2.3,10.0.0.5/8\"", false, false),
        ("from=\"192.0.2.1\"", false, false),
        ("from=10.1.2.3", false, true),
        ("command=\"x\",restrict", false, true),
        ("environment=\"A=b\"", false, true),
        ("permitopen=\"a:1\"", false, true),
        ("nosuchoption", false, true),
    ] {
        let fact = fact(options);
        assert_eq!((fact.useless.is_none(), fact.hides), (works, hides), "{options}: {:?}", fact.useless);
    }
    assert_eq!(place_fits("::/0", "fe80::1"), Some(true));
    assert_eq!(place_fits("0.0.0.0/0", "fe80::1"), Some(false));
}

/// What the host's own `patch` makes of a template, called as the platform calls it.
fn made(patch: &str, template: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let [input, original, output] = ["p", "t", "o"].map(|name| folder.path().join(name));
    std::fs::write(&input, patch).unwrap();
    std::fs::write(&original, template).unwrap();
    let done = std::process::Command::new("patch")
        .args(["--prefix=/dev/null", "--reject-file=-", "-F0", "-N"])
        .arg(format!("--input={}", input.display()))
        .arg(format!("--output={}", output.display()))
        .arg(&original)
        .output()
        .unwrap();
    match done.status.success() {
        true => Ok(std::fs::read_to_string(&output).unwrap()),
        false => Err(format!("{done:?}")),
    }
}

/// Where there is a patch the platform overwrites its copy of the template with every build: the patch is edited, and
/// what it makes has the new lines first and every other line as before.
#[test]
fn a_patch_beside_the_template_is_the_file_that_is_edited() {
    let template: String = (1..=12).map(|n| format!("line {n}\n")).collect();
    let lines = settings().iter().map(|(keyword, value)| format!("{keyword} {value}\n")).collect::<String>();
    let folder = "/etc/ngcp-config/templates/etc/ssh";
    for (patch, wanted) in [
        ("@@ -1,3 +1,4 @@\n+mine\n line 1\n line 2\n line 3\n", true),
        (
            "@@ -1,4 +1,4 @@\n-line 1\n+mine\n line 2\n line 3\n line 4\n@@ -10,3 +10,2 @@ x\n line 10\n-line 11\n line 12\n",
            true,
        ),
        ("--- a\n+++ b\n@@ -2 +2 @@\n-line 2\n+two\n", true),
        ("@@ -3,3 +3,4 @@\n line 3\n+mine\n line 4\n line 5\n", true),
        (
            "@@ -5,3 +5,4 @@\n line 5\n+mine\n line 6\n line 7\n@@ -10,3 +11,4 @@\n line 10\n line 11\n line 12\n+end\n",
            true,
        ),
        ("@@ -0,0 +1,2 @@\n+mine\n+yours\n", true),
        ("2c2\n< line 2\n---\n> two\n", false),
        ("", false),
    ] {
        let writing = Writing {
            patch: Some([
                (format!("{folder}/sshd_config.patchtt.tt2").into(), patch.to_owned()),
                (format!("{folder}/sshd_config.tt2").into(), template.clone()),
            ]),
            template: Some((format!("{folder}/sshd_config.customtt.tt2").into(), template.clone(), true)),
            ..Writing::default()
        };
        let found = write(&facts(writing), &settings());
        if !wanted {
            let why = found.err().unwrap().to_string();
            assert!(
                why.contains("sshd_config.patchtt.tt2 is not edited") && why.contains("MACs hmac"),
                "{why}"
            );
            continue;
        }
        let found = found.unwrap();
        assert!(found.apply.is_some() && found.changes.len() == 1);
        let Action::Edit { path, edits, check: Some(check) } = &found.changes[0].action else {
            panic!("{patch}")
        };
        assert!(path.ends_with("sshd_config.patchtt.tt2"), "{path:?}");
        assert!(check.to_string().starts_with("patch --dry-run -F0"), "{check}");
        let mut edited = patch.to_owned();
        for edit in edits {
            let Edit::Line { from: Some(from), to: Some(to) } = edit else { panic!("{edit:?}") };
            edited = edited.replacen(&format!("{from}\n"), &format!("{}\n", to.shown()), 1);
        }
        let before = made(patch, &template).unwrap();
        assert_eq!(
            made(&edited, &template).as_deref(),
            Ok(&*format!("{lines}{before}")),
            "{patch}\n{edited}"
        );
    }
    let fixed = Writing { patch_fixed: Some("it is no plain text file".to_owned()), ..Writing::default() };
    assert!(write(&facts(fixed), &settings()).err().unwrap().to_string().contains("by hand"));
}
