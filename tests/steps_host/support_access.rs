//! Vendor support access: F22, F63, F74, F75.

use ngcp_warden::{
    executor::{
        Command, World,
        simulated::{Answer, Files, Simulated},
    },
    finding::Status,
    plan::{Action, Plan},
    runner::RunOutcome,
    steps::form::{Field, Kind},
};

use super::super::{Findings, finding, hosts, inspect, plan, plan_with, run, status, steps};

const STATUS: &str = "/var/lib/dpkg/status";
pub(super) const KEYS: &str = "/var/sipwise/.ssh/authorized_keys";
const IMAGE_KEY: &str = "/var/sipwise/.ssh/sipwise_vagrant_key";

pub(super) fn look(host: &Simulated) -> Findings {
    inspect("support-access", host)
}

pub(super) fn planned(host: &Simulated, answers: &[(&str, &str)]) -> Plan {
    plan("support-access", &look(host), answers)
}

fn fields(host: &Simulated) -> Vec<Field> {
    steps::find("support-access").unwrap().form(&look(host)).unwrap().fields
}

/// The values that can be answered to `access`, and the default.
fn access(host: &Simulated) -> (Vec<String>, String) {
    match fields(host).remove(0).kind {
        Kind::Choice { options, default } => (options.into_iter().map(|o| o.value).collect(), default),
        other => panic!("{other:?}"),
    }
}

/// Replaces one support package by the other, as apt does.
pub(super) fn apt(files: &mut Files, command: &Command) -> Answer {
    let package = command.args.last().unwrap().clone();
    let other = if package.ends_with("noaccess") { "ngcp-support-access" } else { "ngcp-support-noaccess" };
    if command.args.iter().any(|arg| arg == "--simulate") {
        return Answer::code(0)
            .line(&format!("Remv {other} [1]"))
            .line(&format!("Inst {package} (1 x [all])"));
    }
    let installed = files.text(STATUS).replace(&format!("{other}\n"), &format!("{package}\n"));
    files.write(STATUS, installed);
    if package.ends_with("noaccess") {
        files.remove("/usr/bin/ngcp-support-access");
    } else {
        files.put("/usr/bin/ngcp-support-access", 0o755, 0, 0, "");
    }
    Answer::code(0).line(&format!("Setting up {package} (1) ..."))
}

pub(super) fn switch(_: &mut Files, command: &Command) -> Answer {
    match command.args[0].as_str() {
        "--disable" => "Support access successfully disabled.\n".into(),
        _ => "Support access successfully enabled.\n".into(),
    }
}

fn usermod(files: &mut Files, command: &Command) -> Answer {
    assert_eq!(command.args, ["--lock", "sipwise"]);
    let locked = files.text("/etc/shadow").replace("\nsipwise:", "\nsipwise:!");
    files.put("/etc/shadow", 0o640, 0, 42, locked);
    Answer::code(0)
}

fn dpkg_query(files: &mut Files, command: &Command) -> Answer {
    let package = format!("Package: {}\n", command.args.last().unwrap());
    if files.text(STATUS).contains(&package) { "install ok installed".into() } else { Answer::code(1) }
}

/// The old sample host, running, with the programs of the handbook.
pub(super) fn host() -> Simulated {
    hosts::load("mr3.8")
        .on("ngcp-support-access", switch)
        .on("apt-get", apt)
        .on("usermod", usermod)
        .on("dpkg-query", dpkg_query)
}

fn without_package() -> Simulated {
    host().on("apt-get", |_: &mut Files, _: &Command| {
        Answer::code(100).error("E: Unable to locate package ngcp-support-noaccess")
    })
}

#[test]
fn the_sample_hosts_are_told_apart_by_their_packages() {
    let old = look(&hosts::load("mr3.8").with_world(World::Tree));
    assert_eq!(status(&old, "SUPPORT-ACCESS-ENABLED"), Some(Status::Fail));
    assert_eq!(status(&old, "SUPPORT-ACCESS-KEYS"), Some(Status::Fail));
    assert!(finding(&old, "SUPPORT-ACCESS-KEYS").evidence.contains(&format!("{IMAGE_KEY}: 1")));
    assert_eq!(status(&old, "SUPPORT-ACCESS-PASSWORD"), Some(Status::Pass));
    assert_eq!(status(&old, "SUPPORT-ACCESS-PERMIT-FROM"), Some(Status::NotApplicable));
    let new = look(&hosts::load("mr13.5").with_world(World::Tree));
    assert_eq!(status(&new, "SUPPORT-ACCESS-ENABLED"), Some(Status::Pass));
    assert!(finding(&new, "SUPPORT-ACCESS-PERMIT-FROM").title.contains("jump.sipwise.com"));
    let neither = hosts::load("mr3.8").file(STATUS, "");
    assert_eq!(status(&look(&neither), "SUPPORT-ACCESS-ENABLED"), Some(Status::Unknown));
    let half = hosts::load("mr3.8")
        .file(STATUS, "Package: ngcp-support-access\nStatus: deinstall ok config-files\n");
    assert_eq!(status(&look(&half), "SUPPORT-ACCESS-ENABLED"), Some(Status::Unknown));
}

#[test]
fn switching_off_follows_the_handbook_in_its_order_and_is_seen() {
    let host = host();
    assert_eq!(access(&host), (vec!["disable".into(), "leave".into(), "enable".into()], "disable".into()));
    let plan = planned(&host, &[]);
    let commands: Vec<String> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.action {
            Action::Run(line) => Some(line.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(commands[0], "ngcp-support-access --disable");
    assert!(
        commands[1].starts_with("apt-get install --yes") && commands[1].ends_with(" ngcp-support-noaccess")
    );
    assert!(plan.reminders.iter().any(|reminder| reminder.contains("every node")));
    let Action::Run(apt) = &plan.changes[1].action else { panic!() };
    assert_eq!(apt.env, [("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned())], "F75");

    let ran = run(&host, plan);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    let after = look(&host);
    for id in ["SUPPORT-ACCESS-ENABLED", "SUPPORT-ACCESS-KEYS", "SUPPORT-ACCESS-PASSWORD"] {
        assert_eq!(status(&after, id), Some(Status::Pass), "{id}");
    }
    assert!(planned(&host, &[]).is_empty(), "a second run has nothing to do");
    let files = host.files();
    assert!(!files.exists(KEYS) && !files.exists(IMAGE_KEY));
    assert!(files.text(format!("{KEYS}.set-aside")).contains("jump.sipwise.com"));
    assert!(files.text("/etc/passwd").contains("sipwise:"), "the user is never deleted");
}

#[test]
fn keys_stay_when_the_operator_says_so() {
    let host = host();
    assert_eq!(run(&host, planned(&host, &[("keys", "leave")])).outcome, RunOutcome::Done);
    assert!(host.files().exists(KEYS));
    assert_eq!(status(&look(&host), "SUPPORT-ACCESS-KEYS"), Some(Status::Fail));
}

#[test]
fn switching_on_again_follows_the_handbook_too() {
    let host = host();
    run(&host, planned(&host, &[("keys", "leave")]));
    let plan = planned(&host, &[("access", "enable")]);
    let opens: Vec<&String> = plan.changes.iter().filter_map(|change| change.opens.as_ref()).collect();
    assert_eq!(opens, ["Sipwise's staff can log in over SSH"]);
    let ran = run(&host, plan);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert_eq!(status(&look(&host), "SUPPORT-ACCESS-ENABLED"), Some(Status::Fail));
    assert!(planned(&host, &[("access", "leave")]).is_empty());
}

/// F74: what the command says and what it returns do not agree; the effect decides, and a failure is taken back.
#[test]
fn success_is_the_line_and_the_effect() {
    let fail = "Support access could not be disabled.";
    let good = "Support access successfully disabled.";
    for (answer, outcome) in [
        (Answer::code(0).line(fail), RunOutcome::Failed),
        (Answer::code(1).line(fail), RunOutcome::Failed),
        (Answer::code(1).line(good), RunOutcome::Warning),
        (Answer::code(0).line(good), RunOutcome::Done),
    ] {
        let host = host();
        host.fail_program("ngcp-support-access", 1, answer.clone());
        let ran = run(&host, planned(&host, &[]));
        assert_eq!(ran.outcome, outcome, "{answer:?}\n{}", ran.said);
        if outcome == RunOutcome::Failed {
            assert!(host.files().text(STATUS).contains("ngcp-support-access\n"));
            assert!(host.files().exists(KEYS));
        }
    }
    // apt says well, but the package is not there.
    let host = host();
    let plan = planned(&host, &[]);
    host.fail_program("apt-get", 1, Answer::code(0).line("0 upgraded, 0 newly installed"));
    let ran = run(&host, plan);
    assert_eq!(ran.outcome, RunOutcome::Failed, "{}", ran.said);
    assert!(host.commands().contains(&"ngcp-support-access --enable".to_owned()), "{}", ran.said);
}

/// F74, F75: no package, no network, apt locked or broken, dpkg interrupted: the fallback is offered, with the reason.
#[test]
fn when_the_package_cannot_be_had_the_account_can_be_locked() {
    let locked = host().on("apt-get", |_: &mut Files, _: &Command| {
        Answer::code(100)
            .error("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt)")
    });
    let greedy = host().on("apt-get", |_: &mut Files, _: &Command| {
        "Remv ngcp-ngcp-ce [1]\nRemv ngcp-support-access [1]\nInst ngcp-support-noaccess (1)\n"
    });
    let hanging = host().on("apt-get", |_: &mut Files, _: &Command| {
        Answer::code(0).after(std::time::Duration::from_secs(3600))
    });
    let interrupted = host().file("/var/lib/dpkg/updates/0001", "");
    let scriptless = host();
    scriptless.edit(|files| files.remove("/usr/bin/ngcp-support-access"));
    let tree = host().with_world(World::Tree);
    for (host, word) in [
        (without_package(), "Unable to locate"),
        (locked, "held by process 812"),
        (greedy, "remove ngcp-ngcp-ce"),
        (hanging, "too long"),
        (interrupted, "dpkg --configure -a"),
        (scriptless, "ngcp-support-access is not on this host"),
        (tree, "does not run"),
    ] {
        let (options, default) = access(&host);
        assert_eq!((&options[0][..], &default[..]), ("lock", "lock"), "{word}");
        assert!(!options.contains(&"disable".to_owned()));
        let note = steps::find("support-access").unwrap().form(&look(&host)).unwrap().note.unwrap();
        assert!(note.contains(word), "{note}");
        let error =
            plan_with("support-access", &look(&host), &[("access", "disable")]).unwrap_err().to_string();
        assert!(error.contains("support-access.access") && error.contains(word), "{error}");
        let ran = run(&host, planned(&host, &[]));
        assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
        assert_eq!(status(&look(&host), "SUPPORT-ACCESS-KEYS"), Some(Status::Pass));
        assert_eq!(access(&host).1, "leave", "nothing is left to do");
    }
}

#[test]
fn the_fallback_locks_an_open_password_and_keeps_the_account() {
    for (hash, severity) in [("$6$salt$hash", "High"), ("", "Critical")] {
        let host = without_package();
        host.edit(|files| {
            let open = files.text("/etc/shadow").replace("sipwise:!:", &format!("sipwise:{hash}:"));
            files.put("/etc/shadow", 0o640, 0, 42, open);
        });
        let seen = look(&host);
        let password = finding(&seen, "SUPPORT-ACCESS-PASSWORD");
        assert_eq!(
            (password.status, format!("{:?}", password.severity)),
            (Status::Fail, severity.to_owned())
        );
        let plan = planned(&host, &[]);
        assert!(!format!("{plan:?}").contains("$6$"), "no hash in a plan");
        assert_eq!(run(&host, plan).outcome, RunOutcome::Done);
        assert_eq!(status(&look(&host), "SUPPORT-ACCESS-PASSWORD"), Some(Status::Pass));
    }
}

/// A failure in the middle of the fallback leaves the host as it was.
#[test]
fn a_failed_fallback_is_taken_back() {
    let host = without_package();
    let before = host.files();
    host.fail_change(4, std::io::ErrorKind::StorageFull);
    let ran = run(&host, planned(&host, &[]));
    assert_eq!(ran.outcome, RunOutcome::Failed, "{}", ran.said);
    assert_eq!(host.files().changed_since(&before), Vec::<std::path::PathBuf>::new(), "{}", ran.said);
}

/// F22, F63: what sipwise could have put in our way is neither read nor removed.
#[test]
fn nothing_is_followed_out_of_the_home_of_sipwise() {
    let file_link = without_package();
    file_link.edit(|files| {
        files.remove(KEYS);
        files.link(KEYS, "/root/.ssh/authorized_keys");
    });
    let folder_link = without_package();
    folder_link.edit(|files| {
        for path in [KEYS, IMAGE_KEY, "/var/sipwise/.ssh"] {
            files.remove(path);
        }
        files.link("/var/sipwise/.ssh", "/root/.ssh");
    });
    let shared = without_package();
    shared.edit(|files| {
        let passwd = files.text("/etc/passwd").replace(":/var/sipwise:", ":/root:");
        files.write("/etc/passwd", passwd);
    });
    let device = without_package();
    device.edit(|files| {
        files.remove(KEYS);
        files.device(KEYS);
    });
    for host in [file_link, folder_link, shared, device] {
        let root = host.files().text("/root/.ssh/authorized_keys");
        let seen = look(&host);
        assert_ne!(status(&seen, "SUPPORT-ACCESS-KEYS"), Some(Status::Pass));
        let plan = planned(&host, &[("access", "lock")]);
        let touched = format!("{:?}", plan.changes);
        assert!(!touched.contains("/root"), "{touched}");
        run(&host, plan);
        assert_eq!(host.files().text("/root/.ssh/authorized_keys"), root);
    }
}

#[test]
fn odd_key_files_are_counted_and_never_lost() {
    let many = "# none\r\n\r\n".to_owned() + &"ssh-rsa AAAA x\r\n".repeat(20_000);
    for (content, keys, aside) in [
        (b"# only a comment\n\n".to_vec(), 1, true),
        (many.into_bytes(), 20_001, false),
        (b"ssh-rsa AAAA gr\xfc\xdfe\n".to_vec(), 2, false),
        (b"ssh-rsa AAAA last line without end".to_vec(), 2, true),
    ] {
        let host = without_package();
        host.edit(|files| files.put(KEYS, 0o600, 1000, 1000, content.clone()));
        let seen = look(&host);
        assert!(finding(&seen, "SUPPORT-ACCESS-KEYS").title.contains(&format!("{keys} SSH key")), "{keys}");
        let plan = planned(&host, &[]);
        assert_eq!(plan.reminders.iter().any(|reminder| reminder.contains(KEYS)), !aside, "{keys}");
        let ran = run(&host, plan);
        let wanted = if aside { RunOutcome::Done } else { RunOutcome::Warning };
        assert_eq!(ran.outcome, wanted, "{}", ran.said);
        let files = host.files();
        let names = [KEYS.to_owned(), format!("{KEYS}.set-aside")];
        assert!(
            names.iter().any(|name| files.read(name.as_ref()).is_ok_and(|found| found == content)),
            "{keys}"
        );
    }
}

/// An earlier copy is not overwritten.
#[test]
fn a_name_that_is_taken_is_left_alone() {
    let host = without_package().file(format!("{KEYS}.set-aside"), "older\n");
    assert_eq!(run(&host, planned(&host, &[])).outcome, RunOutcome::Done);
    assert_eq!(host.files().text(format!("{KEYS}.set-aside")), "older\n");
    assert!(host.files().exists(format!("{KEYS}.set-aside-2")));
}

#[test]
fn a_host_without_the_user_or_without_its_files_is_no_error() {
    let no_user = hosts::load("mr13.5").file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    assert_eq!(status(&look(&no_user), "SUPPORT-ACCESS-KEYS"), Some(Status::NotApplicable));
    let nothing = Simulated::new();
    let seen = look(&nothing);
    for id in ["SUPPORT-ACCESS-ENABLED", "SUPPORT-ACCESS-KEYS", "SUPPORT-ACCESS-PASSWORD"] {
        assert_eq!(status(&seen, id), Some(Status::Unknown), "{id}");
    }
    assert!(planned(&nothing, &[]).is_empty());
}

/// apt takes seconds: it is asked for what can be answered, not for what is so.
#[test]
fn an_audit_does_not_wait_for_apt() {
    let asked = |host: &Simulated| host.commands().iter().any(|command| command.starts_with("apt-get"));
    let (audited, questioned) = (host(), host());
    let findings = steps::look_all(&audited, &[steps::find("support-access").unwrap()]);
    assert_eq!(findings, look(&questioned).items);
    assert!(!asked(&audited) && asked(&questioned));
}

/// The demo's host is put right like a real one.
#[test]
fn the_demo_host_is_switched_off() {
    let host = ngcp_warden::demo::host();
    assert_eq!(status(&look(&host), "SUPPORT-ACCESS-ENABLED"), Some(Status::Fail));
    let ran = run(&host, planned(&host, &[]));
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert_eq!(status(&look(&host), "SUPPORT-ACCESS-ENABLED"), Some(Status::Pass));
}
