//! Keys that come: a pair made on request, and one read from a file.

use std::{fs, process::Command};

use super::{
    host::Server,
    real_host::{inside, run},
};

/// Takes the private key out of what was told, as an operator would; the file that a client uses.
fn keep(server: &Server, told: &str, name: &str) -> String {
    let from = told.find("-----BEGIN").unwrap_or_else(|| panic!("no key in {told}"));
    let end = "PRIVATE KEY-----\n";
    let to = from + told[from..].rfind(end).unwrap() + end.len();
    let path = server.work.join(name);
    fs::write(&path, &told[from..to]).unwrap();
    run(Command::new("chmod").arg("600").arg(&path));
    told[from..to].to_owned()
}

/// F62: the private half is told once and is on no disk of the host; the public one opens the account.
#[test]
fn a_new_pair_opens_the_account_and_its_private_half_is_nowhere() {
    let Some(work) = inside("new_keys::a_new_pair_opens_the_account_and_its_private_half_is_nowhere") else {
        return;
    };
    let server = Server::start(&work);
    let answers = server.nothing_but(&[("new-key", "make")]);
    let (code, said) = server.apply(&answers, &["--check"]);
    assert!(code == 0 && !said.contains("BEGIN"), "{said}");
    let keys = server.host.path("/root/.ssh/authorized_keys");
    let before = fs::read(&keys).unwrap();
    let passwd = fs::read(server.host.path("/etc/passwd")).unwrap();
    // A log is no place for it, and a file of somebody else is none either.
    for more in [&[][..], &["--save-generated", "/etc/passwd"], &["--save-generated", "/dev/null"]] {
        let (code, said) = server.apply(&answers, &[&["--confirm", "none"], more].concat());
        assert!(code == 2 && said.contains("--save-generated") && !said.contains("BEGIN"), "{code} {said}");
    }
    assert_eq!(
        (fs::read(&keys).unwrap(), fs::read(server.host.path("/etc/passwd")).unwrap()),
        (before, passwd)
    );
    let (code, said) = server.apply(&answers, &["--confirm", "none", "--save-generated", "/root/made-1"]);
    assert!(code == 0 && !said.contains("BEGIN"), "{said}");
    let saved = server.host.path("/root/made-1");
    let private = keep(&server, &fs::read_to_string(&saved).unwrap(), "made");
    fs::remove_file(saved).unwrap();
    assert!(server.key_opens("made") && server.key_opens("operator"));
    let line = private.lines().nth(3).unwrap();
    let found = Command::new("grep")
        .args(["-rlaF", "--exclude-dir=proc", "--exclude-dir=dev", line])
        .arg(&server.host.root)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "the private half is on the host");

    let (code, said) = server.apply(&answers, &["--confirm", "none", "--format", "json"]);
    assert!(code == 0 && said.contains("\"changed\": false"), "a second pair was made: {said}");
    assert!(server.host.warden(&["undo"], b"").status.success());
    assert!(!server.key_opens("made") && server.key_opens("operator"));

    // For an account that has no folder yet.
    let answers = server.nothing_but(&[("new-key", "make"), ("add.account", "cdrexport")]);
    let (code, said) = server.apply(&answers, &["--confirm", "none", "--save-generated", "/root/made"]);
    assert!(code == 0 && !said.contains("BEGIN"), "{said}");
    let saved = server.host.path("/root/made");
    keep(&server, &fs::read_to_string(&saved).unwrap(), "made-2");
    assert!(server.ssh("made-2", "cdrexport", "true").status.success());
    let stat = server.host.run(&["stat", "-c", "%U %a", "/home/cdrexport/.ssh", "/root/made"]);
    assert_eq!(stat, "cdrexport 700\nroot 600\n");
}

/// A key on a disk that was mounted by hand; and what else may lie there.
#[test]
fn a_key_is_read_from_a_file_and_nothing_else_is() {
    let Some(work) = inside("new_keys::a_key_is_read_from_a_file_and_nothing_else_is") else { return };
    let server = Server::start(&work);
    let public = fs::read_to_string(work.join("new.pub")).unwrap();
    server.host.write("/mnt/stick/my key", 0o644, &format!("# of the operator\r\n\n{}\r\n", public.trim()));
    assert!(!server.key_opens("new"));
    let (code, said) =
        server.apply(&server.nothing_but(&[("add", "/mnt/stick/my key")]), &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert!(server.key_opens("new"));
    assert!(server.host.warden(&["undo"], b"").status.success());

    let before = fs::read(server.host.path("/root/.ssh/authorized_keys")).unwrap();
    let private = fs::read_to_string(work.join("new")).unwrap();
    server.host.write("/mnt/stick/id", 0o600, &private);
    server.host.write("/mnt/stick/two", 0o644, &format!("{public}{public}"));
    server.host.write("/mnt/stick/none", 0o644, "# canary\n");
    server.host.write("/mnt/stick/large", 0o644, &"canary ".repeat(20_000));
    server.host.write("/mnt/stick/words", 0o644, "canary words\n");
    server.host.run(&["ln", "-s", "/etc/shadow", "/mnt/stick/link"]);
    for (file, reason) in [
        ("id", "id is a private key; name the .pub file beside it"),
        ("two", "one line is wanted, /mnt/stick/two has 2"),
        ("none", "there is nothing in /mnt/stick/none"),
        ("large", "far too large"),
        ("words", "no type of key that sshd knows"),
        ("link", "not a plain file"),
        ("", "not a plain file"),
        ("gone", "add: /mnt/stick/gone does not exist"),
    ] {
        let answers = server.nothing_but(&[("add", &format!("/mnt/stick/{file}"))]);
        let (code, said) = server.apply(&answers, &["--confirm", "none"]);
        assert!(code == 2 && said.contains("ssh.add") && said.contains(reason), "{file}: {code} {said}");
        let told = ["canary", private.lines().nth(2).unwrap()].iter().any(|text| said.contains(text));
        assert!(!told, "{file}: what is in it was told: {said}");
    }
    assert_eq!(fs::read(server.host.path("/root/.ssh/authorized_keys")).unwrap(), before);
}
