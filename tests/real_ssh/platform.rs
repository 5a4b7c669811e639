//! A host whose sshd_config the platform makes from config.yml and a template: all of a plan hangs on one `ngcpcfg
//! apply` and one confirmation.

use std::{fs, path::Path, process::Command};

use super::{
    host::{Server, json, ssh_audit},
    real_host::inside,
};

const CONFIG: &str = "/etc/ngcp-config/config.yml";
const TEMPLATES: &str = "/etc/ngcp-config/templates/etc/ssh";
const TEMPLATE: &str = "# Made from a template: what is changed here is lost with the next apply.\nPort [% sshd.port %]\n\
    PermitRootLogin [% sshd.permit_root_login %]\nPasswordAuthentication [% sshd.password_authentication %]\n\
    KbdInteractiveAuthentication no\nUsePAM yes\nPermitEmptyPasswords yes\nAuthorizedKeysFile [% sshd.authorized_keys_file %]\n\
    Subsystem sftp internal-sftp\n";

/// The server of [`Server::start`], its settings made by the platform.
fn start(work: &Path) -> Server {
    let server = Server::start(work);
    let host = &server.host;
    let config = include_str!("../hosts/mr13.5/etc/ngcp-config/config.yml");
    let files = "'%h/.ssh/authorized_keys %h/.ssh/sipwise_vagrant_key'";
    assert!(config.contains("'%h/.ssh/authorized_keys'"));
    host.write(CONFIG, 0o660, &config.replace("'%h/.ssh/authorized_keys'", files));
    host.write(&format!("{TEMPLATES}/sshd_config.tt2"), 0o644, TEMPLATE);
    host.write(&format!("{TEMPLATES}/sshd_config.services"), 0o644, "ngcp-service ssh reload\n");
    host.configuration("mr13.5.1");
    server.reload();
    server
}

/// Everything of which a byte must come back, and whether the configuration is committed.
fn state(server: &Server) -> Vec<(String, Option<Vec<u8>>)> {
    let mut files: Vec<String> = [CONFIG, "/etc/ssh/sshd_config"].map(str::to_owned).to_vec();
    files.extend(["sshd_config.tt2", "sshd_config.customtt.tt2"].map(|name| format!("{TEMPLATES}/{name}")));
    files.extend(["authorized_keys", "sipwise_vagrant_key"].map(|name| format!("/root/.ssh/{name}")));
    for name in fs::read_dir(server.host.path("/etc/ssh")).unwrap() {
        let name = name.unwrap().file_name().into_string().unwrap();
        if name.starts_with("ssh_host_") {
            files.push(format!("/etc/ssh/{name}"));
        }
    }
    files.sort();
    let git = server.host.run(&["git", "-C", "/etc/ngcp-config", "status", "--porcelain"]);
    // The tool's own list of file modes, which every call of it writes anew, is nobody's work.
    let theirs: Vec<&str> = git.lines().filter(|line| !line.ends_with(" .ngcpcfg_perms")).collect();
    assert!(theirs.is_empty(), "not committed: {git}");
    files.into_iter().map(|path| (path.clone(), fs::read(server.host.path(&path)).ok())).collect()
}

/// Who gets in: the operator's key, the image's two, and passwords of root and of another account.
fn logins(server: &Server) -> [bool; 5] {
    [
        server.key_opens("operator"),
        server.key_opens("image-1"),
        server.key_opens("image-2"),
        server.password_opens("root"),
        server.password_opens("cdrexport"),
    ]
}

fn applies(server: &Server) -> usize {
    let calls = fs::read_to_string(server.host.path("/var/log/calls")).unwrap();
    calls.lines().filter(|line| line.starts_with("ngcpcfg apply")).count()
}

/// Silence puts every byte and every login back, a new login keeps what is wanted, one question and one apply are all
/// it takes, a second run changes nothing, an undo puts everything back.
fn is_one_question(server: &Server, answers: &str, with_them: [bool; 5], seen: &dyn Fn() -> bool) {
    let before = state(server);
    assert!(logins(server) == [true; 5] && !seen());

    let (code, said) = server.apply(answers, &["--confirm-within", "10"]);
    assert_eq!(code, 1, "{said}");
    assert_eq!(said.matches("nobody confirmed").count(), 1, "{said}");
    assert_eq!(state(server), before, "{said}");
    assert!(logins(server) == [true; 5] && !seen(), "sshd did not read its old settings: {said}");

    let so_far = applies(server);
    let check = json(
        &server.host.warden(&["apply", "--check", "--answers", "/root/answers.yml", "--format", "json"], b""),
    );
    let steps: Vec<&str> =
        check["steps"].as_array().unwrap().iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(steps.iter().filter(|step| **step == "ssh").count(), 1, "{steps:?}");
    let (code, said) = server.confirming(|| server.apply(answers, &["--confirm-within", "60"]));
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("; confirmed").count(), 1, "{said}");
    assert_eq!(applies(server), so_far + 1, "{said}");
    assert!(logins(server) == with_them && seen(), "{said}");
    let after = state(server);

    let logins_only = answers.split("performance:").next().unwrap();
    server.host.write("/root/answers.yml", 0o644, logins_only);
    let again = server.host.warden(&["apply", "--answers", "/root/answers.yml", "--format", "json"], b"");
    assert_eq!(json(&again)["changed"], false, "{again:?}");
    assert_eq!(state(server), after);

    let undone = server.confirming(|| server.host.warden(&["undo"], b""));
    assert!(undone.status.success(), "{undone:?}");
    assert_eq!(state(server), before);
    assert!(logins(server) == [true; 5] && !seen());
}

/// A file of the platform that another step changes in the same plan.
fn profile(server: &Server) {
    let tool = "#!/bin/sh\nsed -i \"s/udp_children: .*/udp_children: '1'/\" /etc/ngcp-config/config.yml\n";
    server.host.write("/usr/sbin/ngcp-toggle-performance-config", 0o755, tool);
}

fn with_profile(answers: &str) -> String {
    format!("{answers}performance:\n  profile: low\n")
}

#[test]
fn settings_of_config_yml_come_with_the_apply_and_go_with_silence() {
    let test = "platform::settings_of_config_yml_come_with_the_apply_and_go_with_silence";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    let answers = server.nothing_but(&[("root-login", "keys"), ("password-login", "off")]);
    let seen = || {
        let rendered = fs::read_to_string(server.host.path("/etc/ssh/sshd_config")).unwrap();
        rendered.contains("\nPermitRootLogin without-password\nPasswordAuthentication no\n")
    };
    is_one_question(&server, &answers, [true, true, true, false, false], &seen);
}

/// The platform's template is copied, one of the operator's own is edited.
#[test]
fn settings_that_config_yml_does_not_have_go_into_the_template() {
    let audit = ssh_audit();
    let test = "platform::settings_that_config_yml_does_not_have_go_into_the_template";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    let answers = server.nothing_but(&[("algorithms", "strong"), ("empty-passwords", "off")]);
    let seen = || {
        let told = server.host.run(&["/usr/sbin/sshd", "-T"]).contains("\npermitemptypasswords no\n");
        assert_eq!(told, server.judged(&audit).0 == 0);
        told
    };
    is_one_question(&server, &answers, [true; 5], &seen);
    let own = format!("{TEMPLATES}/sshd_config.customtt.tt2");
    assert!(!server.host.path(&own).exists());
    server.host.write(&own, 0o600, &format!("# ours\n{TEMPLATE}ClientAliveInterval 60\n"));
    server.host.run(&["ngcpcfg", "apply", "a template of our own"]);
    server.reload();
    is_one_question(&server, &answers, [true; 5], &seen);
}

/// Keys, settings in config.yml and in the template, keys of the host and another step's configuration.
#[test]
fn everything_together_is_one_question_and_one_apply() {
    let test = "platform::everything_together_is_one_question_and_one_apply";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    profile(&server);
    let answers = with_profile(&server.answers(&[]));
    for wanted in [
        "image-keys: remove",
        "root-login: keys",
        "password-login: off",
        "algorithms: strong",
        "host-keys: renew",
    ] {
        assert!(answers.contains(wanted), "{wanted} is no default: {answers}");
    }
    let config = || fs::read_to_string(server.host.path(CONFIG)).unwrap();
    let seen = || config().contains("udp_children: '1'") && config().contains("password_authentication: no");
    is_one_question(&server, &answers, [true, false, false, false, false], &seen);
}

/// F03: between the first change of logins and the apply.
#[test]
fn a_runner_killed_before_the_apply_leaves_nothing_behind() {
    let test = "platform::a_runner_killed_before_the_apply_leaves_nothing_behind";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    let tool = "#!/bin/sh\ncp /root/.ssh/authorized_keys /run/keys-then\n\
        kill -9 \"$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' /run/ngcp-warden.lock)\"\n";
    server.host.write("/usr/sbin/ngcp-toggle-performance-config", 0o755, tool);
    let before = state(&server);
    let (code, said) = server.apply(&with_profile(&server.answers(&[])), &["--confirm-within", "600"]);
    assert!(code != 0 && said.contains("taken back by itself"), "{code}: {said}");
    let then = fs::read_to_string(server.host.path("/run/keys-then")).unwrap();
    assert!(!then.contains("vagrant"), "it was not killed in the middle: {then}");

    let runs = server.host.path("/var/lib/ngcp-warden/runs");
    let armed = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path().join("guard.json");
    for _ in 0..600 {
        if !armed.exists() {
            break;
        }
        Command::new("sleep").arg("0.1").status().unwrap();
    }
    assert_eq!(state(&server), before);
    assert_eq!(logins(&server), [true; 5]);
}

/// F41, F74: neither an apply that fails nor one that changes nothing is taken for done; keys come back, too.
#[test]
fn what_the_apply_does_not_bring_is_taken_back_with_everything_else() {
    let test = "platform::what_the_apply_does_not_bring_is_taken_back_with_everything_else";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    let answers = server.answers(&[]);
    let before = state(&server);
    server.host.tool("template-broken", true);
    let (code, said) = server.apply(&answers, &[]);
    assert!(code == 1 && said.contains("Build errors detected"), "{code}: {said}");
    server.host.tool("template-broken", false);
    assert_eq!(state(&server), before, "{said}");
    assert_eq!(logins(&server), [true; 5]);

    // A template that does not ask config.yml for this.
    let fixed = TEMPLATE.replace("[% sshd.password_authentication %]", "yes");
    server.host.write(&format!("{TEMPLATES}/sshd_config.tt2"), 0o644, &fixed);
    server.host.run(&["ngcpcfg", "apply", "another template"]);
    let before = state(&server);
    let answers = server.nothing_but(&[("password-login", "off"), ("image-keys", "remove")]);
    let (code, said) = server.apply(&answers, &[]);
    assert!(code == 1 && said.contains("Passwords can be tried over the network"), "{code}: {said}");
    assert_eq!(state(&server), before, "{said}");
    assert_eq!(logins(&server), [true; 5]);
}

/// The methods a connection is offered, not the file or `sshd -T`: before, after, and after each way back.
#[test]
fn the_running_server_is_as_before_however_a_run_ends() {
    let test = "platform::the_running_server_is_as_before_however_a_run_ends";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    let answers = server.nothing_but(&[("root-login", "keys"), ("password-login", "off")]);
    let (before, with_keys) = ("publickey,password", "publickey");
    assert_eq!(server.offered(), before);

    let (code, said) = server.confirming(|| server.apply(&answers, &["--confirm-within", "60"]));
    assert_eq!((code, server.offered().as_str()), (0, with_keys), "{said}");
    let undone = server.confirming(|| server.host.warden(&["undo"], b""));
    assert!(undone.status.success() && server.offered() == before, "{undone:?}");

    // The tool fails after its services have run, and goes on failing.
    for switch in ["commit-fails", "queue-run-fails", "grants-fail"] {
        server.host.tool(switch, true);
        let (code, said) = server.confirming(|| server.apply(&answers, &["--confirm-within", "10"]));
        assert_eq!((code, server.offered().as_str()), (1, before), "{switch}: {said}");
        server.host.tool(switch, false);
    }

    let (code, said) = server.apply(&answers, &["--confirm-within", "10"]);
    assert_eq!((code, server.offered().as_str()), (1, before), "silence: {said}");

    let (code, said) = server.telling("revert", || server.apply(&answers, &["--confirm-within", "60"]));
    assert!(code != 0 && server.offered() == before, "stop: {code} {said}");

    let lock = server.host.path("/run/ngcp-warden.lock");
    let (code, said) = std::thread::scope(|scope| {
        let run = scope.spawn(|| server.apply(&answers, &["--confirm-within", "10"]));
        while server.offered() == before && !run.is_finished() {}
        let holder = fs::read_to_string(lock).unwrap();
        let pid =
            holder.split("\"pid\":").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
        assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
        run.join().unwrap()
    });
    for _ in 0..300 {
        if server.offered() == before {
            break;
        }
        Command::new("sleep").arg("0.1").status().unwrap();
    }
    assert!(code != 0 && server.offered() == before, "kill -9: {code} {said}");
}

/// What somebody else leaves in the configuration while a run is going is never committed by it, in no direction.
#[test]
fn somebody_elses_work_is_never_committed() {
    let test = "platform::somebody_elses_work_is_never_committed";
    let Some(work) = inside(test) else { return };
    let server = start(&work);
    // Another step's program, during the run: in a file of its own, and in one that the plan changes.
    let tool = "#!/bin/sh\nsed -i \"s/udp_children: .*/udp_children: '1'/\" /etc/ngcp-config/config.yml\n\
        echo '# somebody else' >>/etc/ngcp-config/network.yml\n";
    server.host.write("/usr/sbin/ngcp-toggle-performance-config", 0o755, tool);
    let answers = with_profile(&server.nothing_but(&[("password-login", "off")]));
    let (code, said) = server.apply(&answers, &["--confirm-within", "10"]);
    assert!(code != 0, "{said}");
    let committed = server.host.run(&["git", "-C", "/etc/ngcp-config", "show", "HEAD:network.yml"]);
    assert!(!committed.contains("somebody else"), "{said}");
    let kept = fs::read_to_string(server.host.path("/etc/ngcp-config/network.yml")).unwrap();
    assert!(kept.contains("somebody else"), "{said}");
    assert_eq!(server.offered(), "publickey,password", "{said}");
}
