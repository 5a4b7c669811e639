//! The SSH step on a real Debian 12 with a real sshd in network, mount and PID namespaces of its own: who got in
//! before, who gets in afterwards, and what happens when the operator says nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod choices;
mod host;
mod lock_out;
mod lock_out_keys;
#[path = "../support/neighbour.rs"]
mod neighbour;
mod new_keys;
mod odd_files;
mod people;
mod platform;
mod platform_tool;
#[path = "../support/real_host.rs"]
mod real_host;

use std::fs;

use host::{Server, json, status};
use real_host::inside;

/// Handbook 15.3, in both files, and the settings with it: the image's keys and passwords no longer open anything, the
/// operator's key does, ssh-audit finds no fault, and a second run has nothing to do.
#[test]
fn the_images_keys_and_passwords_stop_working_and_the_operators_key_does_not() {
    let audit = host::ssh_audit();
    let Some(work) = inside("the_images_keys_and_passwords_stop_working_and_the_operators_key_does_not")
    else {
        return;
    };
    let server = Server::start(&work);
    for key in ["operator", "image-1", "image-2"] {
        assert!(server.key_opens(key), "{key} before");
    }
    assert!(server.password_opens("root") && server.password_opens("cdrexport"));
    let (failed_before, warned_before) = server.judged(&audit);
    assert!(failed_before > 0, "the judge finds nothing wrong with Debian's own settings");
    let before = server.audit();
    for id in [
        "SSH-IMAGE-KEY",
        "SSH-ROOT-PASSWORD-LOGIN",
        "SSH-PASSWORD-LOGIN",
        "SSH-WEAK-ALGORITHMS",
        "SSH-SHARED-HOST-KEY",
    ] {
        assert_eq!(status(&before, id), "fail", "{id}");
    }
    assert_eq!(status(&before, "SSH-EMPTY-PASSWORDS"), "pass");
    let old_host_key = fs::read(server.host.path("/etc/ssh/ssh_host_ed25519_key")).unwrap();

    let (code, said) = server.apply(&server.answers(&[]), &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");

    assert!(server.key_opens("operator"), "the operator is locked out");
    for key in ["image-1", "image-2"] {
        assert!(!server.key_opens(key), "{key} still opens root");
    }
    assert!(!server.password_opens("root") && !server.password_opens("cdrexport"));
    let after = server.audit();
    for id in [
        "SSH-IMAGE-KEY",
        "SSH-WEAK-KEY",
        "SSH-KEY-FILE-MODE",
        "SSH-ROOT-PASSWORD-LOGIN",
        "SSH-PASSWORD-LOGIN",
        "SSH-EMPTY-PASSWORDS",
        "SSH-WEAK-ALGORITHMS",
        "SSH-SHARED-HOST-KEY",
    ] {
        assert_eq!(status(&after, id), "pass", "{id}: {after:#}");
    }
    let (failed, warned) = server.judged(&audit);
    println!(
        "ssh-audit: {failed_before} fail, {warned_before} warn before; {failed} fail, {warned} warn afterwards"
    );
    assert_eq!(failed, 0, "ssh-audit fails the hardened server");
    assert_ne!(fs::read(server.host.path("/etc/ssh/ssh_host_ed25519_key")).unwrap(), old_host_key);
    let keys = fs::read_to_string(server.host.path("/root/.ssh/authorized_keys")).unwrap();
    assert!(keys.starts_with("# keys of the operators\r\n\n") && keys.ends_with("# the end"), "{keys:?}");

    let again = server
        .host
        .warden(&["apply", "--confirm", "none", "--answers", "/root/answers.yml", "--format", "json"], b"");
    assert_eq!(json(&again)["changed"], false, "{again:?}");

    let undone = server.host.warden(&["undo", "--format", "json"], b"");
    assert!(undone.status.success(), "{undone:?}");
    assert!(server.key_opens("image-1") && server.key_opens("operator"));
}

/// Each choice alone does what its line says and nothing else.
#[test]
fn each_choice_does_what_it_says() {
    let Some(work) = inside("each_choice_does_what_it_says") else { return };
    let server = Server::start(&work);
    let root = |server: &Server| {
        (server.key_opens("operator"), server.password_opens("root"), server.password_opens("cdrexport"))
    };
    for (choice, wanted) in [
        (("root-login", "keys"), (true, false, true)),
        (("root-login", "no"), (false, false, true)),
        (("password-login", "off"), (true, false, false)),
    ] {
        let mut answers = vec![choice];
        if choice == ("root-login", "no") {
            // Somebody else may become root, and has a key.
            server.host.run(&["useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "ann"]);
            server.allow("ann", "operator");
            server.sudo("NOPASSWD:");
            answers.push(("root-login", "no"));
        }
        let (code, said) = server.apply(&server.nothing_but(&answers), &["--confirm", "none"]);
        assert_eq!(code, 0, "{choice:?}: {said}");
        assert_eq!(root(&server), wanted, "{choice:?}");
        assert!(server.host.warden(&["undo"], b"").status.success());
        assert_eq!(root(&server), (true, true, true), "{choice:?} taken back");
    }
    // A key that was pasted opens the account.
    let new = fs::read_to_string(server.work.join("new.pub")).unwrap();
    assert!(!server.key_opens("new"));
    let pasted = serde_json::to_string(new.trim()).unwrap();
    let (code, said) = server.apply(&server.nothing_but(&[("add", &pasted)]), &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert!(server.key_opens("new"));
    let key = fs::read_to_string(server.work.join("image-1.pub")).unwrap();
    let (key, mut signed) = (key.trim(), std::process::Command::new("ssh-keygen"));
    real_host::run(
        signed.args(["-q", "-s"]).arg(work.join("new")).args(["-I", "x"]).arg(work.join("image-1.pub")),
    );
    let signed = fs::read_to_string(work.join("image-1-cert.pub")).unwrap();
    for wrong in [
        "ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "/etc/shadow",
        &format!("127.0.0.1 {key}"),
        &format!("nosuchoption {key}"),
        &format!("{key}{key}"),
        signed.trim(),
    ] {
        let wrong = serde_json::to_string(wrong).unwrap();
        let (code, said) = server.apply(&server.nothing_but(&[("add", &wrong)]), &[]);
        assert!(code == 2 && said.contains("ssh.add"), "{wrong}: {code} {said}");
    }
}

/// F02, F03, F19: nobody confirms, so everything is as it was, byte for byte; a confirmation from a new login keeps it.
#[test]
fn silence_puts_everything_back_and_a_new_login_keeps_it() {
    let Some(work) = inside("silence_puts_everything_back_and_a_new_login_keeps_it") else { return };
    let server = Server::start(&work);
    let files = ["/etc/ssh/sshd_config", "/root/.ssh/authorized_keys", "/root/.ssh/sipwise_vagrant_key"];
    let state = || files.map(|path| fs::read(server.host.path(path)).unwrap());
    let before = state();
    let answers = server.answers(&[("host-keys", "leave")]);

    let (code, said) = server.apply(&answers, &["--confirm-within", "10"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("nobody confirmed"), "{said}");
    assert_eq!(state(), before);
    assert!(
        server.key_opens("image-2") && server.password_opens("root"),
        "sshd did not read its old settings"
    );

    // A login from the host itself gets in even when nobody else does.
    let (code, said) = std::thread::scope(|scope| {
        let run = scope.spawn(|| server.apply(&answers, &["--confirm-within", "60"]));
        let mut said = String::new();
        while !run.is_finished() {
            let own = server.ssh("operator", "root", "ngcp-warden confirm");
            said += &String::from_utf8_lossy(&own.stderr);
            if said.contains("comes from the host itself") {
                server.ssh_from_elsewhere("ngcp-warden confirm");
            }
        }
        assert!(said.contains("comes from the host itself"), "{said}");
        run.join().unwrap()
    });
    assert_eq!(code, 0, "{said}");
    assert!(!server.key_opens("image-2") && !server.password_opens("root") && server.key_opens("operator"));

    // Taking it back asks the same question, and can be told not to.
    let undo = server.telling("revert", || server.host.warden(&["undo", "--confirm-within", "60"], b""));
    let said = String::from_utf8_lossy(&undo.stdout).into_owned();
    assert!(said.contains("taken back on request") && !said.contains("nobody confirmed"), "{undo:?}");
    assert!(undo.status.code() == Some(1) && !server.password_opens("root"), "{undo:?}");
    let run = server.host.warden(&["history", "--format", "json"], b"");
    let runs = json(&run)["runs"].as_array().unwrap().clone();
    assert!(runs.iter().all(|run| run["operator"] == "root, where from is not known"), "{runs:#?}");
    let forward = runs[1]["run"].as_str().unwrap();
    let undo = server.host.warden(&["undo", forward, "--confirm", "none"], b"");
    assert!(undo.status.success() && server.password_opens("root"), "{undo:?}");
    assert_eq!(state(), before);
}

/// F20: somebody's drop-in said yes; ours is read before it, and no other file changes.
#[test]
fn a_drop_in_of_somebody_else_does_not_win() {
    let Some(work) = inside("a_drop_in_of_somebody_else_does_not_win") else { return };
    let server = Server::start(&work);
    let main = server.host.path("/etc/ssh/sshd_config");
    let text = format!("Include /etc/ssh/sshd_config.d/*.conf\n{}", fs::read_to_string(&main).unwrap());
    fs::write(&main, &text).unwrap();
    server.host.write("/etc/ssh/sshd_config.d/50-cloud-init.conf", 0o644, "PasswordAuthentication yes\n");
    server.reload();
    assert!(server.password_opens("root"));
    let (code, said) =
        server.apply(&server.nothing_but(&[("password-login", "off")]), &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert!(!server.password_opens("root") && server.key_opens("operator"));
    assert_eq!(fs::read_to_string(&main).unwrap(), text);
    let own = fs::read_to_string(server.host.path("/etc/ssh/sshd_config.d/00-ngcp-warden.conf")).unwrap();
    assert!(own.ends_with("\nPasswordAuthentication no\n"), "{own}");
    assert!(server.host.warden(&["undo"], b"").status.success());
    assert!(server.password_opens("root"));
    assert!(!server.host.path("/etc/ssh/sshd_config.d/00-ngcp-warden.conf").exists());
}

/// F18, F19: what no reading of files tells is found by the trial login; nothing is put in place then.
#[test]
fn a_login_that_fails_on_trial_is_not_put_in_place() {
    let Some(work) = inside("a_login_that_fails_on_trial_is_not_put_in_place") else { return };
    let server = Server::start(&work);
    let config = server.host.path("/etc/ssh/sshd_config");
    let answers = server.nothing_but(&[("password-login", "off")]);
    let pam = fs::read_to_string(server.host.path("/etc/pam.d/sshd")).unwrap();
    let odd = fs::read_to_string(&config).unwrap() + "NoSuchKeyword yes\n";
    let denied = format!("account required pam_deny.so\n{pam}");
    for (path, text, refused, tried, reason) in [
        ("/etc/pam.d/sshd", denied, 1, "try a login as root on a second server", "exit code 255: "),
        // What the server cannot read is not tried at all.
        ("/etc/ssh/sshd_config", odd, 2, "refused", "nosuchkeyword is no keyword of sshd"),
    ] {
        let was = fs::read_to_string(server.host.path(path)).unwrap();
        server.host.write(path, 0o644, &text);
        let before = fs::read(&config).unwrap();
        let (code, said) = server.apply(&answers, &["--confirm", "none"]);
        assert_eq!(code, refused, "{path}: {said}");
        assert!(said.contains(tried) && said.contains(reason), "{path}: {said}");
        assert_eq!(fs::read(&config).unwrap(), before, "{path}");
        server.host.write(path, 0o644, &was);
    }
    let (code, said) = server.apply(&answers, &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
}

/// The server's files are not what is in force: nothing is called done that root's password shows to be otherwise.
#[test]
fn a_server_that_does_not_take_the_new_settings_is_not_called_done() {
    let Some(work) = inside("a_server_that_does_not_take_the_new_settings_is_not_called_done") else {
        return;
    };
    let server = Server::start(&work);
    let config = server.host.path("/etc/ssh/sshd_config");
    let was = fs::read_to_string(&config).unwrap();
    let answers = server.nothing_but(&[("password-login", "off"), ("root-login", "keys")]);
    server.host.write("/etc/ssh/other_config", 0o644, &was);
    let (forced, other) = (["-o", "PasswordAuthentication=yes"], ["-f", "/etc/ssh/other_config"]);
    for (more, options, said_so) in [
        ("PidFile none\n", &[][..], "did not read its settings again"),
        ("", &forced[..], "started with -o PasswordAuthentication=yes"),
        ("PasswordAuthentication no\n", &forced[..], "started with -o PasswordAuthentication=yes"),
        ("PasswordAuthentication no\n", &other[..], "started with -f /etc/ssh/other_config"),
    ] {
        fs::write(&config, more.to_owned() + &was).unwrap();
        server.restart(options);
        assert_eq!(status(&server.audit(), "SSH-ROOT-PASSWORD-LOGIN"), "fail", "{options:?}");
        assert!(server.password_opens("root"));
        let (code, said) = server.apply(&answers, &["--confirm", "none"]);
        assert!(code != 0 && said.contains(said_so), "{options:?}: {code} {said}");
        assert!(server.password_opens("root"));
        assert_eq!(fs::read_to_string(&config).unwrap(), more.to_owned() + &was);
    }
    // What it was started with is no matter as long as the files decide.
    fs::write(&config, &was).unwrap();
    server.restart(&["-o", "LogLevel=VERBOSE"]);
    let (code, said) = server.apply(&answers, &["--confirm", "none"]);
    assert!(
        code == 0 && said.contains("the server read its settings") && said.contains("Outcome: done"),
        "{said}"
    );
    assert!(!server.password_opens("root"));
    // Nobody to be seen.
    server.restart(&["-o", "LogLevel=VERBOSE"]);
    fs::write(&config, &was).unwrap();
    server.stop();
    let (code, said) = server.apply(&answers, &["--confirm", "none"]);
    assert!(code == 0 && said.contains("Outcome: warning") && said.contains("no running server"), "{said}");
}

/// A file of keys that is not edited is told, with and without other changes; the run is not called done.
#[test]
fn an_image_key_that_is_left_alone_is_told() {
    let Some(work) = inside("an_image_key_that_is_left_alone_is_told") else { return };
    let server = Server::start(&work);
    let keys = server.host.path("/root/.ssh/authorized_keys");
    fs::hard_link(&keys, server.host.path("/root/second-name")).unwrap();
    let answers = server.nothing_but(&[("image-keys", "remove")]);
    for changed in ["done      remove", "Outcome: warning"] {
        let (code, said) = server.apply(&answers, &["--confirm", "none"]);
        assert!(code == 0 && said.contains("Outcome: warning") && said.contains(changed), "{said}");
        assert!(said.contains("authorized_keys was left alone: it has a second name"), "{said}");
        assert!(server.key_opens("image-1") && !server.key_opens("image-2"));
    }
    fs::remove_file(server.host.path("/root/second-name")).unwrap();
    fs::rename(&keys, server.host.path("/root/elsewhere")).unwrap();
    std::os::unix::fs::symlink("/root/elsewhere", &keys).unwrap();
    let (_, said) = server.apply(&answers, &["--confirm", "none"]);
    assert!(said.contains("Outcome: warning") && said.contains("it is a symbolic link"), "{said}");
    let (_, said) = server.apply(&server.nothing_but(&[]), &["--confirm", "none"]);
    assert!(!said.contains("left alone") && said.contains("Nothing needed"), "{said}");
}

/// What cannot be changed is said before anything is; what a Match block says otherwise is told.
#[test]
fn what_cannot_be_changed_is_refused_before_the_run() {
    let Some(work) = inside("what_cannot_be_changed_is_refused_before_the_run") else { return };
    let server = Server::start(&work);
    let new = fs::read_to_string(server.work.join("new.pub")).unwrap();
    let pasted = serde_json::to_string(new.trim()).unwrap();
    let off = ("password-login", "off");
    for (path, answer) in [("/etc/ssh/sshd_config", off), ("/root/.ssh/authorized_keys", ("add", &pasted))] {
        let (path, other) = (server.host.path(path), server.host.path("/root/other"));
        fs::hard_link(&path, &other).unwrap();
        for kind in ["hard link", "symbolic link"] {
            let (code, said) = server.apply(&server.nothing_but(&[answer]), &["--confirm", "none"]);
            assert!(
                code == 2 && said.contains("is refused: the file is a symbolic link"),
                "{kind}: {code} {said}"
            );
            assert!(!said.contains("Outcome"), "{kind}: {said}");
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("/root/other", &path).unwrap();
        }
        fs::remove_file(&path).unwrap();
        fs::rename(&other, &path).unwrap();
    }
    let config = server.host.path("/etc/ssh/sshd_config");
    let was = fs::read_to_string(&config).unwrap();
    for keyword in ["PasswordAuthentication", "KbdInteractiveAuthentication"] {
        fs::write(&config, format!("{was}Match User cdrexport\n  {keyword} yes\n")).unwrap();
        server.reload();
        for again in [false, true] {
            let (code, said) = server.apply(&server.nothing_but(&[off]), &["--confirm", "none"]);
            assert!(code == 0 && said.contains("Outcome: warning"), "{keyword} {again}: {said}");
            assert!(said.contains(&format!("{keyword} stays yes for User cdrexport")), "{said}");
        }
        assert!(!server.password_opens("root"));
    }
}
