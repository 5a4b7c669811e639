//! The SSH step on the sample hosts and on hostile ones.

use std::path::Path;

use ngcp_warden::{
    executor::{
        Command, Executor, World,
        simulated::{Answer, Simulated},
    },
    finding::Status,
    plan::{Action, Guard, Plan},
    runner::RunOutcome,
    steps,
};

use super::super::{finding, hosts, inspect, plan, plan_with, run, status};

const OPERATOR: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMobyt9tkZPmdaUGnnvvFUKjUR6/7n9qRZOl6XXPg9yR noc@example.net";
const IMAGE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y anything";
/// 1024 bits.
const WEAK: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC2xu9OjbeYbEz9gjhmaoLO4aeWXmIKeUCj0aBLtM5LTv+80ChCjJiXdlOMYzOPpAigbGwuXw\
    E/6Uu59biUBGMobBAujc91C6ptcCAArgnam0sMw0gvxcGpaNzRQODm1GgKBbWe4Dv+L9EOJ6f3n2ooTrdlhdXW7pR9lbv3fzhoUw== weak";
const SSHD: &str = "PermitRootLogin yes\nPasswordAuthentication yes\nUsePAM yes\n\
    AuthorizedKeysFile %h/.ssh/authorized_keys %h/.ssh/sipwise_vagrant_key\n";
const KEYS: &str = "/root/.ssh/authorized_keys";

/// A host in memory whose sshd tells what its file says.
fn host(keys: impl Into<Vec<u8>>) -> Simulated {
    let host = Simulated::new()
        .file("/etc/ssh/sshd_config", SSHD)
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1001:1001::/home/ann:/bin/bash\n")
        .file("/etc/group", "root:x:0:\nsudo:x:27:\n")
        .file("/etc/shadow", "root:$6$x$y:20000:0:99999:7:::\nann:!:20000:0:99999:7:::\n")
        .on("sshd", |files, command: &Command| match command.args[0].as_str() {
            "-T" => Answer::from(
                files
                    .text("/etc/ssh/sshd_config")
                    .lines()
                    .filter_map(|line| line.split_once(' '))
                    .map(|(key, value)| format!("{} {value}\n", key.to_lowercase()))
                    .collect::<String>(),
            ),
            _ => Answer::code(0),
        })
        .on("ssh", |_, _: &Command| Answer::code(0))
        .on("service", |_, _: &Command| Answer::code(0))
        .on("setpriv", |files, command: &Command| {
            let path = command.args.last().unwrap().clone();
            files.set_owner(path, 0o600, 0, 0);
            Answer::code(0)
        });
    host.edit(|files| {
        files.put(KEYS, 0o600, 0, 0, keys);
        files.put("/bin/bash", 0o755, 0, 0, "");
        files.directory("/var/lib");
        files.set_owner("/root", 0o700, 0, 0);
        files.set_owner("/root/.ssh", 0o700, 0, 0);
    });
    host
}

/// The operator sits at the machine.
fn at_the_console(host: &Simulated) {
    host.edit(|files| {
        for (process, name, parent) in [("self", "ngcp-warden", 9), ("9", "login", 1)] {
            let text = format!("Name:\t{name}\nPPid:\t{parent}\nUid:\t0\t0\t0\t0\n");
            files.write(format!("/proc/{process}/status"), text);
        }
    });
}

fn unguarded(mut plan: Plan) -> Plan {
    plan.changes.iter_mut().for_each(|change| change.guard = None);
    plan
}

#[test]
fn both_files_of_the_images_keys_are_found_on_the_sample_host() {
    let found = inspect("ssh", &hosts::load("mr3.8").with_world(World::Tree));
    let image = finding(&found, "SSH-IMAGE-KEY");
    assert_eq!(image.status, Status::Fail);
    for file in [
        "/root/.ssh/authorized_keys",
        "/root/.ssh/sipwise_vagrant_key",
        "/var/sipwise/.ssh/sipwise_vagrant_key",
    ] {
        assert!(image.evidence.contains(file), "{file}: {}", image.evidence);
    }
    assert_eq!(status(&found, "SSH-ROOT-PASSWORD-LOGIN"), Some(Status::Fail));
    assert_eq!(status(&found, "SSH-PASSWORD-LOGIN"), Some(Status::Fail));
    assert_eq!(status(&found, "SSH-WEAK-ALGORITHMS"), Some(Status::Unknown), "a tree does not tell");
    let bare = inspect("ssh", &Simulated::new());
    assert!(bare.items.iter().all(|finding| finding.status == Status::NotApplicable));
}

/// F22, F78: a hundred thousand lines, some of a megabyte, CRLF, NUL, options with quotes and commas, signing keys,
/// bytes that are no text: the image's keys go, every other byte stays.
#[test]
fn a_hostile_file_loses_the_images_keys_and_nothing_else() {
    let mut whole: Vec<u8> = b"\xff\xfe a comment that is no text\r\n".to_vec();
    let mut wanted = whole.clone();
    for n in 0..100_000 {
        let line = match n % 10 {
            0 => format!("# {n}\n"),
            1 => format!("from=\"10.0.0.0/8,!10.1.1.1\",command=\"say \\\"{n}, hi\\\"\" {OPERATOR} {n}\r\n"),
            2 => format!("cert-authority {OPERATOR} {n}\n"),
            3 => format!("{OPERATOR} {n}\0 and more\n"),
            4 if n % 20_000 == 4 => format!("{}\n", "x".repeat(1 << 20)),
            _ => format!("{OPERATOR} {n}\n"),
        };
        whole.extend(line.as_bytes());
        wanted.extend(line.as_bytes());
        if n % 1000 == 999 {
            whole.extend(format!("{IMAGE}{}", if n % 2000 == 999 { "\r\n" } else { "\n" }).as_bytes());
        }
    }
    whole.extend(IMAGE.as_bytes());
    let host = host(whole);
    let found = inspect("ssh", &host);
    assert_eq!(status(&found, "SSH-IMAGE-KEY"), Some(Status::Fail));
    let plan = unguarded(plan("ssh", &found, &[("root-login", "leave"), ("password-login", "leave")]));
    assert_eq!(plan.changes.len(), 1, "{:?}", plan.changes.iter().map(|c| &c.title).collect::<Vec<_>>());
    let ran = run(&host, plan);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert!(host.read(Path::new(KEYS)).unwrap() == wanted, "another byte was changed");
}

/// Keys far behind the first, accounts far behind the first, lines that are no account: looked at, or told with the
/// count.
#[test]
fn what_is_beyond_a_limit_is_looked_at_or_unknown_with_the_count() {
    let many = |last: &str| {
        let good = (0..300).map(|n| format!("{OPERATOR} {n}\n")).collect::<String>();
        host(format!("{good}{last}\n"))
    };
    let found = inspect("ssh", &many(WEAK));
    assert_eq!(status(&found, "SSH-WEAK-KEY"), Some(Status::Fail), "the 301st key");
    let found = inspect("ssh", &many(IMAGE));
    assert_eq!(status(&found, "SSH-IMAGE-KEY"), Some(Status::Fail));
    let found = inspect("ssh", &many(""));
    assert_eq!(status(&found, "SSH-WEAK-KEY"), Some(Status::Pass));
    let reused = finding(&found, "SSH-KEY-REUSED");
    assert!(reused.status == Status::Unknown && reused.evidence.contains("100 keys"), "{}", reused.evidence);
    // Weak ones beyond what is listed are counted.
    let found = inspect("ssh", &host(format!("{WEAK}\n").repeat(2003)));
    assert!(finding(&found, "SSH-WEAK-KEY").evidence.ends_with("more"));

    let people = |count: usize, last: &str| {
        let host = host(format!("{OPERATOR}\n"));
        let mut passwd = "root:x:0:0:root:/root:/bin/bash\n".to_owned();
        passwd.extend((1..count).map(|n| format!("u{n}:x:{n}:{n}::/home/u{n}:/bin/bash\n")));
        host.edit(|files| {
            files.write("/etc/passwd", passwd + last);
            files.put(format!("/home/u{}/.ssh/authorized_keys", count - 1), 0o600, 0, 0, IMAGE);
        });
        host
    };
    let hundred = people(100, "");
    let found = inspect("ssh", &hundred);
    assert!(finding(&found, "SSH-IMAGE-KEY").evidence.contains("/home/u99/.ssh/authorized_keys"));
    let asked = hundred.commands().iter().filter(|command| command.contains("sshd -T")).count();
    assert!(asked <= 3, "sshd is asked {asked} times for accounts of one kind");
    for (host, said) in [
        (people(2003, ""), "3 accounts beyond the 2000th"),
        (people(2, "b\u{1b}:x:0:0::/home/u1/x:/bin/bash\nshort:x:0:0\n"), "2 lines of /etc/passwd"),
    ] {
        host.edit(|files| files.put("/home/u1/.ssh/authorized_keys", 0o600, 0, 0, ""));
        let found = inspect("ssh", &host);
        for id in ["SSH-IMAGE-KEY", "SSH-WEAK-KEY", "SSH-KEY-REUSED"] {
            let one = finding(&found, id);
            assert!(one.status == Status::Unknown && one.evidence.contains(said), "{id}: {}", one.evidence);
        }
        // What cannot be read of one account keeps nothing from the others.
        assert!(plan_with("ssh", &found, &[("add", OPERATOR), ("add.account", "root")]).is_ok());
        let plan = plan_with("ssh", &found, &[("new-key", "make")]).unwrap();
        let opens: Vec<&String> = plan.changes.iter().filter_map(|change| change.opens.as_ref()).collect();
        assert_eq!(opens, ["whoever has the new key can log in as root"]);
    }
}

/// F22: what is no plain file is not touched, and told.
#[test]
fn links_pipes_and_second_names_are_left_alone() {
    let host = host("");
    host.edit(|files| {
        files.put("/etc/keys", 0o600, 0, 0, IMAGE);
        files.link(KEYS, "/etc/keys");
    });
    let found = inspect("ssh", &host);
    assert_eq!(status(&found, "SSH-IMAGE-KEY"), Some(Status::Unknown));
    let plan = plan("ssh", &found, &[("root-login", "leave"), ("password-login", "leave")]);
    let touched = |action: &Action| matches!(action, Action::Edit { .. } | Action::Remove { .. });
    assert!(!plan.changes.iter().any(|change| touched(&change.action)));
    assert_eq!(host.files().text("/etc/keys"), IMAGE);
}

/// F21: the last way in stays unless somebody on the console says otherwise.
#[test]
fn the_last_way_in_is_not_taken() {
    let host = host(format!("{IMAGE}\n"));
    let found = inspect("ssh", &host);
    let answers = [("image-keys", "remove"), ("password-login", "off"), ("root-login", "leave")];
    let why = plan_with("ssh", &found, &answers).unwrap_err().to_string();
    assert!(
        why.contains("nobody could log in as an administrator") && why.contains("no key of it is left"),
        "{why}"
    );
    let why = plan_with("ssh", &found, &[("last-way", "console")]).unwrap_err().to_string();
    assert!(why.contains("ssh.last-way: 'console' is not one of refuse"), "{why}");
    // With a key of one's own, or the password, it is fine.
    assert!(plan_with("ssh", &found, &[("password-login", "leave"), ("root-login", "leave")]).is_ok());
    let more = [("image-keys", "remove"), ("password-login", "off"), ("add", OPERATOR)];
    assert!(plan_with("ssh", &found, &more).is_ok());
}

/// A Match block that goes by addresses makes a trial from elsewhere worthless only when it is about logins by key.
#[test]
fn a_trial_is_made_where_it_tells_the_truth() {
    for (block, login) in [
        ("Match Address 10.0.0.0/8\n  PasswordAuthentication yes\n", true),
        ("Match User sipwise Address *,!10.1.1.1\n  PubkeyAuthentication no\n", true),
        ("Match Address *,!10.0.0.0/8\n  PubkeyAuthentication no\n", false),
        ("AllowUsers root@10.0.0.0/8\n", false),
    ] {
        let host = host(format!("{OPERATOR}\n"));
        host.edit(|files| {
            files.write("/proc/self/environ", "SSH_CONNECTION=192.0.2.7 5000 192.0.2.1 22\0");
            files.write("/proc/self/status", "Name:\tngcp-warden\nPPid:\t1\nUid:\t0\t0\t0\t0\n");
            // What it says for the operator, who is not among those addresses, comes from elsewhere.
            let all = format!("{SSHD}Include /etc/ssh/more\n");
            files.write("/etc/ssh/sshd_config", all);
            files.write("/etc/ssh/more", block);
        });
        let plan = plan("ssh", &inspect("ssh", &host), &[("password-login", "off")]);
        let trial = plan.changes.iter().find(|change| change.id == "ssh.trial").unwrap();
        assert_eq!(trial.title.starts_with("try a login as root"), login, "{block}");
        assert_eq!(plan.reminders.iter().any(|said| said.contains("no trial login")), !login, "{block}");
    }
}

/// A line in a log that anybody can write makes nothing be chosen beforehand.
#[test]
fn a_forged_login_does_not_choose_what_keeps_the_operator_out() {
    let host = host(format!("{OPERATOR}\n"));
    host.edit(|files| {
        files.write("/proc/self/environ", "SSH_CONNECTION=192.0.2.7 5000 192.0.2.1 22\0");
        let forged = "Accepted publickey for root from 192.0.2.7 port 5000 ssh2: ED25519 SHA256:x\n";
        files.write("/var/log/auth.log", format!("sshd[9]: {forged}"));
    });
    let found = inspect("ssh", &host);
    assert_eq!(status(&found, "SSH-SESSION"), Some(Status::Unknown));
    assert!(plan("ssh", &found, &[]).is_empty());
}

/// What a Match block allows from where strangers are is a finding; from own networks it is said.
#[test]
fn a_match_of_a_network_with_strangers_in_it_is_a_finding() {
    let off = "PermitRootLogin no\nPasswordAuthentication no\nUsePAM no\nPermitEmptyPasswords no\n\
               AllowTcpForwarding no\nAllowAgentForwarding no\n";
    let strict = |block: &str| {
        let host = host(format!("{OPERATOR}\n"));
        host.edit(|files| {
            // sshd -T tells what is in force for others than these.
            files.write("/etc/ssh/sshd_config", format!("{off}Include /etc/ssh/more\n"));
            files.write("/etc/ssh/more", block);
        });
        inspect("ssh", &host)
    };
    let all = ["SSH-ROOT-PASSWORD-LOGIN", "SSH-PASSWORD-LOGIN", "SSH-EMPTY-PASSWORDS", "SSH-FORWARDING"];
    use Status::{Fail, Pass};
    for (block, wanted) in [
        (
            "Match Address 0.0.0.0/0\n  PasswordAuthentication yes\n  PermitRootLogin yes\n",
            [Fail, Fail, Pass, Pass],
        ),
        ("Match Address 203.0.113.0/24\n\tPasswordAuthentication\tyes # all\n", [Pass, Fail, Pass, Pass]),
        ("Match Address *,!10.0.0.0/8\nKbdInteractiveAuthentication yes\n", [Pass, Fail, Pass, Pass]),
        (
            "Match Address 10.0.0.0/8\nPasswordAuthentication yes\nPermitRootLogin yes\n",
            [Pass, Pass, Pass, Pass],
        ),
        ("Match LocalPort 22\nPermitEmptyPasswords yes\n", [Pass, Pass, Fail, Pass]),
        (
            "Match User bob Address 0.0.0.0/0\nPasswordAuthentication yes\nPermitRootLogin yes\n",
            [Pass, Fail, Pass, Pass],
        ),
        ("Match Address 10.0.0.0/8\nAllowTcpForwarding local\n", [Pass, Pass, Pass, Fail]),
    ] {
        let found = strict(block);
        assert_eq!(all.map(|id| status(&found, id).unwrap()), wanted, "{block}");
        let own = finding(&found, "SSH-PASSWORD-LOGIN").title.contains("own networks");
        assert_eq!(own, block.contains("10.0.0.0/8\nPass"), "{block}");
    }
}

/// Up to mr7.5 a template's error becomes what the file holds, and `ngcpcfg` says OK.
#[test]
fn a_generated_file_with_an_error_in_it_is_found_and_nothing_of_it_passes() {
    let error = "file error - etc/ssh/sshd_config.inc: not found\n";
    for (text, running, wanted) in [
        (format!("{SSHD}{error}"), true, Status::Fail),
        (format!("{SSHD}{error}"), false, Status::Fail),
        (error.to_owned(), true, Status::Fail),
        (format!("{SSHD}NoSuchKeyword yes\n"), true, Status::Fail),
        (format!("{SSHD}NoSuchKeyword yes\n"), false, Status::Unknown),
        ("PermitRootLogin no\nPasswordAuthentication maybe\n".to_owned(), false, Status::Unknown),
    ] {
        let host = host(format!("{OPERATOR}\n")).on("sshd", |_, _: &Command| {
            Answer::code(255).error("/etc/ssh/sshd_config: terminating, 1 bad configuration options")
        });
        host.edit(|files| files.write("/etc/ssh/sshd_config", text.as_str()));
        let host = if running { host } else { host.with_world(World::Tree) };
        let found = inspect("ssh", &host);
        assert_eq!(status(&found, "SSH-CONFIG-BROKEN"), Some(wanted), "{text}");
        assert!(finding(&found, "SSH-CONFIG-BROKEN").evidence.contains("sshd_config line "), "{text}");
        for id in [
            "SSH-ROOT-PASSWORD-LOGIN",
            "SSH-PASSWORD-LOGIN",
            "SSH-EMPTY-PASSWORDS",
            "SSH-WEAK-ALGORITHMS",
            "SSH-FORWARDING",
            "SSH-IMAGE-KEY",
        ] {
            assert_eq!(status(&found, id), Some(Status::Unknown), "{id}: {text}");
        }
        let why = plan_with("ssh", &found, &[("password-login", "off")]).unwrap_err().to_string();
        assert!(why.contains("fix that first"), "{why}");
    }
    let host = host("");
    assert_eq!(status(&inspect("ssh", &host), "SSH-CONFIG-BROKEN"), Some(Status::Pass));
}

#[test]
fn a_vagrant_box_keeps_its_key() {
    let host = host(format!("{IMAGE}\n"));
    host.edit(|files| files.directory("/vagrant"));
    let found = inspect("ssh", &host);
    assert_eq!(status(&found, "SSH-IMAGE-KEY"), Some(Status::NotApplicable));
    let form = steps::find("ssh").unwrap().form(&found).unwrap();
    let note = form.note.unwrap();
    assert!(note.contains("Vagrant box"), "{note}");
    let plan = plan("ssh", &found, &[("root-login", "leave"), ("password-login", "leave")]);
    assert!(plan.is_empty());
}

/// All of the step, guarded at its end; a second plan is empty, and the same answers still fit.
#[test]
fn hardening_is_one_guarded_plan_and_holds() {
    let host = host(format!("{OPERATOR}\n{IMAGE}\n"));
    host.edit(|files| files.set_owner(KEYS, 0o666, 0, 0));
    // How the operator came in is not known: nothing that may keep him out is chosen beforehand.
    let ids = |plan: Plan| plan.changes.into_iter().map(|change| change.id).collect::<Vec<_>>();
    assert_eq!(ids(plan("ssh", &inspect("ssh", &host), &[])), ["ssh.mode.1", "ssh.keys.1"]);
    at_the_console(&host);
    let found = inspect("ssh", &host);
    assert_eq!(status(&found, "SSH-KEY-FILE-MODE"), Some(Status::Fail));
    let planned = plan("ssh", &found, &[]);
    let ids: Vec<&str> = planned.changes.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids, ["ssh.mode.1", "ssh.trial", "ssh.keys.1", "ssh.settings", "ssh.reload"]);
    let guarded: Vec<&Option<Guard>> = planned.changes.iter().map(|change| &change.guard).collect();
    assert!(guarded[4].is_some() && guarded[..4].iter().all(|guard| guard.is_none()));
    let ran = run(&host, unguarded(planned));
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert_eq!(host.files().text(KEYS), format!("{OPERATOR}\n"));
    let config = host.files().text("/etc/ssh/sshd_config");
    assert!(
        config.starts_with("PermitRootLogin without-password\nPasswordAuthentication no\nUsePAM yes\n"),
        "{config}"
    );
    let after = inspect("ssh", &host);
    assert_eq!(status(&after, "SSH-PASSWORD-LOGIN"), Some(Status::Pass));
    assert!(plan("ssh", &after, &[]).is_empty());
    let same =
        [("image-keys", "remove"), ("root-login", "keys"), ("password-login", "off"), ("modes", "fix")];
    assert!(plan("ssh", &after, &same).is_empty());
}

/// A pair is made once: what the operator keeps is not in the plan, and an account that has one gets no second.
#[test]
fn a_new_pair_is_planned_without_its_halves_and_once() {
    let host = host(format!("{OPERATOR}\n"));
    let found = inspect("ssh", &host);
    let leave = [("root-login", "leave"), ("password-login", "leave"), ("new-key", "make")];
    let planned = plan("ssh", &found, &leave);
    assert_eq!(planned.generated.len(), 1);
    let whole = serde_json::to_string(&planned).unwrap();
    assert!(!whole.contains("PRIVATE") && !whole.contains("AAAA"), "{whole}");
    let comment = "root, made by ngcp-warden";
    host.edit(|files| {
        files.put(KEYS, 0o600, 0, 0, OPERATOR.replace("noc@example.net", comment));
    });
    assert!(plan("ssh", &inspect("ssh", &host), &leave).is_empty());
    let why = plan_with("ssh", &found, &[("new-key", "yes")]).unwrap_err().to_string();
    assert!(why.contains("ssh.new-key"), "{why}");
}
