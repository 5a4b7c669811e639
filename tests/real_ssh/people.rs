//! Two people the step must know: the operator who runs it, and cdrexport in its jail.

use std::{fs, process::Command};

use serde_json::Value;

use super::{
    host::{Server, client, status},
    real_host::inside,
};

fn evidence(audit: &Value, id: &str) -> String {
    let found = audit["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id).unwrap();
    found["evidence"].as_str().unwrap().to_owned()
}

/// F21: from a login by key it is told which key that was; taking away just that one is refused when nothing else
/// lets an administrator in.
#[test]
fn the_key_the_operator_came_in_with_is_known_and_not_taken_away_in_vain() {
    let test = "people::the_key_the_operator_came_in_with_is_known_and_not_taken_away_in_vain";
    let Some(work) = inside(test) else { return };
    let server = Server::start(&work);
    server.append("/root/.ssh/authorized_keys", "new");
    assert_eq!(status(&server.audit(), "SSH-SESSION"), "unknown", "nobody logged in for this");
    // The journal has what sshd itself wrote, and elsewhere what anybody may have.
    let journal = "#!/bin/sh\ncase \"$*\" in *_UID=0*_PID=[0-9]*) cat /var/log/auth.log;; *) cat /var/log/anybody;; esac\n";
    server.host.write("/usr/bin/journalctl", 0o755, journal);
    server.host.write("/var/log/anybody", 0o644, "");
    // What robots try is logged before and after a login, too.
    let log = server.host.path("/var/log/auth.log");
    let robot = |key: &str| {
        let from = "from 127.0.0.1 port 1 ssh2: ED25519";
        let tried = format!(
            "Invalid user Accepted publickey for root {from} {} from 6.6.6.6\n",
            server.fingerprint(key)
        );
        fs::write(&log, fs::read_to_string(&log).unwrap() + &tried).unwrap();
        let forged = format!("Accepted publickey for root {from} {}\n", server.fingerprint(key));
        server.host.write("/var/log/anybody", 0o644, &forged);
    };
    robot("new");
    for key in ["operator", "new"] {
        let told = server.ssh(key, "root", "ngcp-warden audit ssh --format json --fail-on never");
        let audit: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(status(&audit, "SSH-SESSION"), "pass");
        let wanted = format!("root from 127.0.0.1 by publickey {}", server.fingerprint(key));
        assert_eq!(evidence(&audit, "SSH-SESSION"), wanted);
        let answers = server.ssh(key, "root", "ngcp-warden answers");
        let answers = String::from_utf8(answers.stdout).unwrap();
        let mut own = answers.split("yours now").skip(1);
        let question = format!("# {}: keep\n", server.question(key));
        let asked = own.next().unwrap_or_default().lines().find(|line| line.trim().starts_with("# key."));
        assert_eq!(asked.map(str::trim), Some(question.trim()), "{answers}");
        assert!(own.next().is_none(), "{answers}");
    }

    // As the operator, over SSH: this very key goes, passwords and the image's keys with it.
    let apply = "ngcp-warden apply --confirm none --answers /root/answers.yml";
    let narrow = [("image-keys", "remove"), ("password-login", "off"), ("keys", "choose")];
    let (own, other) = (server.question("operator"), server.question("new"));
    let answers = server.nothing_but(&[&narrow[..], &[(&own, "remove"), (&other, "remove")]].concat());
    server.host.write("/root/answers.yml", 0o644, &answers);
    let refused = server.ssh("operator", "root", apply);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(said.contains("no key of it is left") && said.contains("do it from the console"), "{said}");
    assert!(server.key_opens("operator"));

    let answers = server.nothing_but(&[&narrow[..], &[(&own, "remove")]].concat());
    server.host.write("/root/answers.yml", 0o644, &answers);
    let done = server.ssh("operator", "root", apply);
    assert!(done.status.success(), "{done:?}");
    assert!(!server.key_opens("operator") && server.key_opens("new"));
    assert!(server.host.warden(&["undo"], b"").status.success());
    assert!(server.key_opens("operator"));
}

/// Who may come from where is judged by the operator's own address; a trial from elsewhere is not made.
#[test]
fn an_operator_who_may_come_from_here_only_stays_in() {
    let test = "people::an_operator_who_may_come_from_here_only_stays_in";
    let Some(work) = inside(test) else { return };
    let server = Server::start(&work);
    let config = server.host.path("/etc/ssh/sshd_config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        format!("{text}AllowUsers root@127.0.0.0/8\nMatch LocalPort 2222\n  PubkeyAuthentication no\n"),
    )
    .unwrap();
    server.reload();
    let answers = server.nothing_but(&[("password-login", "off"), ("image-keys", "remove")]);
    let (code, said) = server.apply(&answers, &["--confirm", "none"]);
    assert!(code == 2 && said.contains("AllowUsers does not name it"), "from nowhere: {said}");
    let warden = |verb: &str| {
        let output =
            server.ssh("operator", "root", &format!("ngcp-warden {verb} --answers /root/answers.yml"));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let plan = warden("plan");
    assert!(plan.contains("no trial login was planned") && plan.contains("goes by addresses"), "{plan}");
    warden("apply --confirm none");
    assert!(server.key_opens("operator") && !server.key_opens("image-1") && !server.password_opens("root"));
}

const HOME: &str = "/home/jail/home/cdrexport";
const JAIL: &str = "Match User cdrexport\n  ChrootDirectory /home/jail\n  ForceCommand internal-sftp\n";

/// A jail as the platform has it, and CDRs in it.
fn jail(server: &Server, more: &str) {
    let host = &server.host;
    fs::create_dir_all(host.path(HOME)).unwrap();
    host.run(&["usermod", "-d", HOME, "cdrexport"]);
    host.write(&format!("{HOME}/20261122/sipwise_007.cdr"), 0o644, "cdr\n");
    host.run(&["chown", "-R", "cdrexport:", HOME]);
    server.reset();
    let config = host.path("/etc/ssh/sshd_config");
    fs::write(&config, fs::read_to_string(&config).unwrap() + JAIL + more).unwrap();
    server.reload();
}

/// Whether sftp fetches a CDR, with a key or with the password.
fn fetches(server: &Server, key: Option<&str>) -> bool {
    let to = server.work.join("fetched");
    let _ = fs::remove_file(&to);
    let ssh = client();
    let options = ssh.get_args().skip(2).map(|word| word.to_str().unwrap().to_owned());
    let mut words: Vec<String> = match key {
        None => ["sshpass", "-p", super::host::PASSWORD, "sftp"].map(str::to_owned).to_vec(),
        Some(_) => vec!["sftp".to_owned()],
    };
    words.extend(["-F", "none", "-q"].map(str::to_owned));
    words.extend(options);
    match key {
        Some(key) => words.extend(["-o".into(), format!("IdentityFile={}", server.work.join(key).display())]),
        None => words.extend(["-o".to_owned(), "PubkeyAuthentication=no".to_owned()]),
    }
    words.push("cdrexport@127.0.0.1:/home/cdrexport/20261122/sipwise_007.cdr".to_owned());
    words.push(to.display().to_string());
    let _ = Command::new(&words[0]).args(&words[1..]).output().unwrap();
    to.exists()
}

/// With any of its shells: one that is there, one that is not, one that lets nobody in.
#[test]
fn cdrexport_gets_a_key_for_sftp_in_its_jail_and_is_no_administrators_way_in() {
    let test = "people::cdrexport_gets_a_key_for_sftp_in_its_jail_and_is_no_administrators_way_in";
    let Some(work) = inside(test) else { return };
    let server = Server::start(&work);
    let new = fs::read_to_string(server.work.join("new.pub")).unwrap();
    let pasted = serde_json::to_string(new.trim()).unwrap();
    let add = server.nothing_but(&[("add", &pasted), ("add.account", "cdrexport")]);
    for shell in ["/bin/bash", "/usr/bin/rssh", "/usr/sbin/nologin"] {
        server.host.run(&["usermod", "-s", shell, "cdrexport"]);
        jail(&server, "");
        assert!(!fetches(&server, Some("new")) && fetches(&server, None), "{shell}");
        let (code, said) = server.apply(&add, &["--confirm", "none"]);
        assert_eq!(code, 0, "{shell}: {said}");
        assert!(fetches(&server, Some("new")) && fetches(&server, None), "{shell}: {said}");
        assert!(!server.ssh("new", "cdrexport", "cat /etc/shadow").status.success());
        assert!(server.host.warden(&["undo"], b"").status.success());
        assert!(!fetches(&server, Some("new")), "{shell}");
    }

    // Even in the group of administrators, with a key: it does not count.
    let (code, said) = server.apply(&add, &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    server.host.run(&["usermod", "-aG", "sudo", "cdrexport"]);
    server.sudo("");
    let (code, said) = server.apply(&server.nothing_but(&[("root-login", "no")]), &["--confirm", "none"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("cdrexport: ForceCommand lets it do one thing only"), "{said}");

    // Its password goes with everybody's …
    let off = server.nothing_but(&[("password-login", "off")]);
    let (code, said) = server.apply(&off, &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert!(fetches(&server, Some("new")) && !fetches(&server, None) && !server.password_opens("root"));
    assert!(server.host.warden(&["undo"], b"").status.success());
    // … unless its own block says otherwise: that is told, not changed.
    jail(&server, "  PasswordAuthentication yes\n");
    let plan = server.host.warden(&["plan", "--answers", "/root/answers.yml"], b"");
    let plan = String::from_utf8(plan.stdout).unwrap();
    assert!(plan.contains("PasswordAuthentication stays yes for User cdrexport"), "{plan}");
    let (code, said) = server.apply(&off, &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert!(fetches(&server, Some("new")) && fetches(&server, None) && !server.password_opens("root"));
    let audit = server.audit();
    assert_eq!(status(&audit, "SSH-PASSWORD-LOGIN"), "fail");
    assert!(evidence(&audit, "SSH-PASSWORD-LOGIN").contains("exception for cdrexport"), "{audit}");
}
