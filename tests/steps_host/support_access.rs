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
const KEYS: &str = "/var/sipwise/.ssh/authorized_keys";
const IMAGE_KEY: &str = "/var/sipwise/.ssh/sipwise_vagrant_key";

fn look(host: &Simulated) -> Findings {
    inspect("support-access", host)
}

fn planned(host: &Simulated, answers: &[(&str, &str)]) -> Plan {
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
fn apt(files: &mut Files, command: &Command) -> Answer {
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

fn switch(_: &mut Files, command: &Command) -> Answer {
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
fn host() -> Simulated {
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
        let note = steps::find("support-access").unwrap().form(&look(&host)).unwrap().note;
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

const SSHD: &str = "/etc/ssh/sshd_config";
/// A key of the vendor's and one of an operator's.
const VENDORS: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaLsEQahPxj8blGLBCxLd1AgCYz7lrsXY7l5aiDQMty support@jump.sipwise.com\n";
const OPERATORS: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMobyt9tkZPmdaUGnnvvFUKjUR6/7n9qRZOl6XXPg9yR noc@example.net\n";

/// What sshd lets in and this step cannot close: told before, no plain done, and the finding goes on failing.
#[test]
fn what_still_lets_the_vendor_in_is_never_told_done() {
    let sshd = |line: &str| format!("{}{line}\n", host().files().text(SSHD));
    // The reviewer's case: sipwise's .ssh is a link that sipwise owns.
    let folder = host();
    folder.edit(|files| {
        files.remove("/var/sipwise/.ssh");
        files.put("/var/sipwise/keys/authorized_keys", 0o600, 1000, 1000, VENDORS);
        files.link("/var/sipwise/.ssh", "/var/sipwise/keys");
    });
    let file = host();
    file.edit(|files| {
        files.remove(KEYS);
        files.put("/var/sipwise/mine", 0o600, 1000, 1000, VENDORS);
        files.link(KEYS, "../mine");
    });
    let everybody = host().file("/etc/ssh/everybody", VENDORS);
    everybody
        .edit(|files| files.write(SSHD, "AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/everybody\n"));
    let program = host();
    program.edit(|files| files.write(SSHD, sshd("AuthorizedKeysCommand /usr/bin/ask-ldap")));
    let signed = host();
    signed.edit(|files| files.write(SSHD, sshd("TrustedUserCAKeys /etc/ssh/ca.pub")));
    let some = host();
    some.edit(|files| {
        files.write(SSHD, sshd("Match Address 192.0.2.7\n  TrustedUserCAKeys /etc/ssh/ca.pub"));
    });
    let root = host();
    root.edit(|files| files.put("/root/.ssh/authorized_keys", 0o600, 0, 0, format!("{OPERATORS}{VENDORS}")));
    for (name, host, still, word) in [
        (
            "folder",
            folder,
            Status::Fail,
            "/var/sipwise/.ssh/authorized_keys stays where it is: it is reached",
        ),
        ("file", file, Status::Fail, "/var/sipwise/.ssh/authorized_keys stays where it is: it is reached"),
        ("everybody", everybody, Status::Fail, "/etc/ssh/everybody stays where it is: root uses it too"),
        ("program", program, Status::Unknown, "AuthorizedKeysCommand /usr/bin/ask-ldap may let sipwise in"),
        ("signed", signed, Status::Unknown, "TrustedUserCAKeys /etc/ssh/ca.pub"),
        ("some", some, Status::Unknown, "TrustedUserCAKeys /etc/ssh/ca.pub (/etc/ssh/sshd_config line 6)"),
        (
            "root",
            root,
            Status::Fail,
            "a key of Sipwise's also opens root (/root/.ssh/authorized_keys line 2)",
        ),
    ] {
        let plan = planned(&host, &[]);
        assert!(plan.partial, "{name}");
        assert!(plan.reminders.iter().any(|text| text.contains(word)), "{name}: {:?}", plan.reminders);
        let ran = run(&host, plan);
        assert_eq!(ran.outcome, RunOutcome::Warning, "{name}: {}", ran.said);
        assert_eq!(status(&look(&host), "SUPPORT-ACCESS-KEYS"), Some(still), "{name}");
        assert!(planned(&host, &[]).partial, "{name}: a second run says it, too");
    }
}

/// The files that sshd is told to read are looked at, wherever they are: one of sipwise's own is set aside there.
#[test]
fn keys_are_looked_for_where_sshd_reads_them() {
    let own = "/etc/ssh/keys/sipwise";
    let moved = host().file(own, VENDORS);
    moved.edit(|files| {
        files.remove("/var/sipwise/.ssh");
        files.write(
            SSHD,
            "AuthorizedKeysFile /etc/ssh/keys/%u\nMatch User cdrexport\nAuthorizedKeysFile /etc/x\n",
        );
    });
    let seen = look(&moved);
    assert_eq!(finding(&seen, "SUPPORT-ACCESS-KEYS").title, "User sipwise can log in with 1 SSH key");
    assert!(finding(&seen, "SUPPORT-ACCESS-KEYS").evidence.contains("/etc/ssh/keys/sipwise: 1"));
    let ran = run(&moved, planned(&moved, &[]));
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert!(!moved.files().exists(own));
    assert_eq!(moved.files().text(format!("{own}.set-aside")), VENDORS);
    // The key that was set aside is still known as the vendor's, whatever its comment.
    let renamed = host();
    renamed.edit(|files| files.put(KEYS, 0o600, 1000, 1000, VENDORS));
    run(&renamed, planned(&renamed, &[]));
    assert_eq!(status(&look(&renamed), "SUPPORT-ACCESS-KEYS"), Some(Status::Pass));
    let bare = VENDORS.replace("support@jump.sipwise.com", "backup");
    renamed.edit(|files| files.put("/root/.ssh/authorized_keys", 0o600, 0, 0, bare));
    assert_eq!(
        finding(&look(&renamed), "SUPPORT-ACCESS-KEYS").title,
        "A key of Sipwise's opens another account"
    );
    // A file that ngcpcfg makes would only come back.
    let made = host().file("/etc/ngcp-config/templates/etc/ssh/keys/sipwise.customtt.tt2", "");
    made.edit(|files| {
        files.write(SSHD, "AuthorizedKeysFile /etc/ssh/keys/%u\n");
        files.put(own, 0o644, 0, 0, VENDORS);
    });
    assert!(
        planned(&made, &[]).reminders.iter().any(|text| text.contains("ngcpcfg makes it from a template"))
    );
}

#[test]
fn a_password_that_cannot_be_locked_is_told() {
    let host = hosts::load("mr3.8").on("ngcp-support-access", switch).on("apt-get", apt);
    host.edit(|files| {
        let open = files.text("/etc/shadow").replace("sipwise:!:", "sipwise:$6$salt$hash:");
        files.put("/etc/shadow", 0o640, 0, 42, open);
    });
    let plan = planned(&host, &[]);
    assert!(plan.partial && plan.reminders.iter().any(|text| text.contains("the password of sipwise stays")));
    let ran = run(&host, plan);
    assert_eq!(ran.outcome, RunOutcome::Warning, "{}", ran.said);
}

/// Local accounts are not all there are: what was not looked at is not told well.
#[test]
fn a_user_that_another_source_may_have_is_unknown() {
    let host = hosts::load("mr3.8")
        .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        .file("/etc/nsswitch.conf", "passwd: files ldap\n");
    for id in ["SUPPORT-ACCESS-KEYS", "SUPPORT-ACCESS-PASSWORD"] {
        assert_eq!(status(&look(&host), id), Some(Status::Unknown), "{id}");
        assert!(finding(&look(&host), id).evidence.contains("accounts from ldap are not looked at"), "{id}");
    }
}

proptest::proptest! {
    /// Whatever somebody does to a key file between plan and run is kept and told.
    #[test]
    fn what_somebody_does_meanwhile_is_kept_and_told(text in "[a-z# \n]{0,40}", gone: bool) {
        let host = host();
        let plan = planned(&host, &[]);
        let before = host.files().text(KEYS);
        let theirs = format!("{before}{text}");
        host.edit(|files| match gone {
            true => files.remove(KEYS),
            false => files.put(KEYS, 0o600, 1000, 1000, theirs.clone()),
        });
        let ran = run(&host, plan);
        let files = host.files();
        if gone || theirs == before {
            proptest::prop_assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
            proptest::prop_assert!(!files.exists(KEYS));
        } else {
            proptest::prop_assert_eq!(ran.outcome, RunOutcome::Failed, "{}", ran.said);
            proptest::prop_assert!(ran.said.contains("was changed by somebody else"), "{}", ran.said);
            proptest::prop_assert_eq!(files.text(KEYS), theirs);
        }
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

/// The demo's host is put right like a real one.
#[test]
fn the_demo_host_is_switched_off() {
    let host = ngcp_warden::demo::host();
    assert_eq!(status(&look(&host), "SUPPORT-ACCESS-ENABLED"), Some(Status::Fail));
    let ran = run(&host, planned(&host, &[]));
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert_eq!(status(&look(&host), "SUPPORT-ACCESS-ENABLED"), Some(Status::Pass));
}
