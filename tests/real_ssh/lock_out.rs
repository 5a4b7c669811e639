//! F19, F21: ways to lock oneself out. Each is refused with its reason, and each is really tried from the console to
//! prove that the refusal was right: afterwards neither the key nor the password lets root in.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
};

use super::{
    host::{PASSWORD, Server},
    real_host::{inside, run},
};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What is odd about the host before.
    pub(crate) before: fn(&Server),
    pub(crate) answers: &'static [(&'static str, &'static str)],
    pub(crate) reason: &'static str,
}

pub(crate) fn config(server: &Server, more: &str) {
    let path = server.host.path("/etc/ssh/sshd_config");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{more}\n{text}")).unwrap();
}

pub(crate) fn append(server: &Server, more: &str) {
    let path = server.host.path("/etc/ssh/sshd_config");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{more}\n")).unwrap();
}

pub(crate) fn mode(server: &Server, path: &str, mode: u32) {
    fs::set_permissions(server.host.path(path), fs::Permissions::from_mode(mode)).unwrap();
}

fn key_with(server: &Server, options: &str) {
    let path = server.host.path("/root/.ssh/authorized_keys");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("ssh-ed25519 ", &format!("{options} ssh-ed25519 "))).unwrap();
    fs::remove_file(server.host.path("/root/.ssh/sipwise_vagrant_key")).unwrap();
}

pub(crate) const OFF: &[(&str, &str)] = &[("password-login", "off")];

const CASES: &[Case] = &[
    Case {
        name: "root may not log in and nobody else may become root",
        before: |_| {},
        answers: &[("root-login", "no")],
        reason: "root may not log in over the network",
    },
    Case {
        name: "no passwords and no key file",
        before: |server| fs::remove_dir_all(server.host.path("/root/.ssh")).unwrap(),
        answers: OFF,
        reason: "it has no key",
    },
    Case {
        name: "keys only, and none is there",
        before: |server| fs::remove_dir_all(server.host.path("/root/.ssh")).unwrap(),
        answers: &[("root-login", "keys")],
        reason: "it has no key",
    },
    Case {
        name: "the image's keys are the only ones",
        before: |server| {
            let image = fs::read_to_string(server.work.join("image-1.pub")).unwrap();
            server.host.write("/root/.ssh/authorized_keys", 0o600, &image);
        },
        answers: &[("password-login", "off"), ("image-keys", "remove")],
        reason: "no key of it is left",
    },
    Case {
        name: "AllowUsers names somebody else",
        before: |server| config(server, "AllowUsers cdrexport"),
        answers: OFF,
        reason: "AllowUsers does not name it",
    },
    Case {
        name: "DenyUsers names root",
        before: |server| config(server, "DenyUsers r*t"),
        answers: OFF,
        reason: "DenyUsers names it",
    },
    Case {
        name: "AllowGroups names none of root's",
        before: |server| config(server, "AllowGroups nogroup"),
        answers: OFF,
        reason: "AllowGroups names no group of it",
    },
    Case {
        name: "the account has expired",
        before: |server| drop(server.host.run(&["chage", "-E", "1", "root"])),
        answers: OFF,
        reason: "the account has expired",
    },
    Case {
        name: "locked without PAM",
        before: |server| {
            config(server, "UsePAM no");
            server.host.run(&["passwd", "-l", "root"]);
        },
        answers: OFF,
        reason: "its password is locked, which without UsePAM keeps keys out",
    },
    Case {
        name: "others can write the key file",
        before: |server| {
            mode(server, "/root/.ssh/authorized_keys", 0o666);
            mode(server, "/root/.ssh/sipwise_vagrant_key", 0o666);
        },
        answers: OFF,
        reason: "can be written by others",
    },
    Case {
        name: "others can write the home",
        before: |server| mode(server, "/root", 0o777),
        answers: OFF,
        reason: "can be written by others",
    },
    Case {
        name: "the folder is somebody else's",
        before: |server| chown(server.host.path("/root/.ssh"), Some(33), Some(33)).unwrap(),
        answers: OFF,
        reason: "belongs to user 33",
    },
    Case {
        name: "keys are not taken at all",
        before: |server| config(server, "PubkeyAuthentication no"),
        answers: OFF,
        reason: "PubkeyAuthentication is off",
    },
    Case {
        name: "keys are looked for elsewhere",
        before: |server| config(server, "AuthorizedKeysFile /etc/ssh/keys/%u"),
        answers: OFF,
        reason: "it has no key",
    },
    Case {
        name: "a key and a password are wanted together",
        before: |server| config(server, "AuthenticationMethods publickey,password"),
        answers: &[("root-login", "keys")],
        reason: "AuthenticationMethods wants more than a key",
    },
    Case {
        name: "the keys may run one command only",
        before: |server| key_with(server, "command=\"/bin/false\""),
        answers: OFF,
        reason: "it may run one command only",
    },
    Case {
        name: "the keys are taken from elsewhere only",
        before: |server| key_with(server, "from=\"203.0.113.7\""),
        answers: OFF,
        reason: "not known to be taken from where you are",
    },
    Case {
        name: "the server does not take keys of that type",
        before: |server| config(server, "PubkeyAcceptedAlgorithms rsa-sha2-512"),
        answers: OFF,
        reason: "does not take keys of its type",
    },
    Case {
        name: "the shell lets nobody in",
        before: |server| drop(server.host.run(&["usermod", "-s", "/usr/sbin/nologin", "root"])),
        answers: OFF,
        reason: "its shell is /usr/sbin/nologin",
    },
    Case {
        name: "the shell is not there",
        before: |server| drop(server.host.run(&["usermod", "-s", "/bin/zsh", "root"])),
        answers: OFF,
        reason: "its shell /bin/zsh cannot be run",
    },
    Case {
        name: "DenyGroups names root's",
        before: |server| config(server, "DenyGroups ro?t"),
        answers: OFF,
        reason: "DenyGroups names a group of it",
    },
    Case {
        name: "AllowUsers lets root in from elsewhere only",
        before: |server| config(server, "AllowUsers root@203.0.113.7"),
        answers: OFF,
        reason: "AllowUsers does not name it",
    },
    Case {
        name: "a Match block keeps root out whatever is said above it",
        before: |server| append(server, "Match User root\n  PermitRootLogin no"),
        answers: &[("root-login", "keys")],
        reason: "root may not log in over the network",
    },
    Case {
        name: "a Match block takes no keys from root",
        before: |server| append(server, "Match Group root\n  PubkeyAuthentication no"),
        answers: OFF,
        reason: "PubkeyAuthentication is off",
    },
    Case {
        name: "a Match block gives root one command",
        before: |server| append(server, "Match LocalPort 22\n  ForceCommand /bin/false"),
        answers: OFF,
        reason: "ForceCommand lets it do one thing only",
    },
    Case {
        name: "root is kept in a jail",
        before: |server| config(server, "ChrootDirectory /var/empty"),
        answers: OFF,
        reason: "ChrootDirectory keeps it in a jail",
    },
    Case {
        name: "no file is looked for keys",
        before: |server| config(server, "AuthorizedKeysFile none"),
        answers: OFF,
        reason: "it has no key",
    },
    Case {
        name: "root's keys may run fixed commands only",
        before: |server| config(server, "PermitRootLogin forced-commands-only"),
        answers: OFF,
        reason: "root's keys may run fixed commands only",
    },
    Case {
        name: "the keys are no longer valid",
        before: |server| key_with(server, "expiry-time=\"20200101\""),
        answers: OFF,
        reason: "it ends at some time",
    },
    Case {
        name: "the keys only sign others",
        before: |server| key_with(server, "cert-authority"),
        answers: OFF,
        reason: "it signs keys and is none to log in with",
    },
    Case {
        name: "the keys are revoked",
        before: |server| {
            config(server, "RevokedKeys /etc/ssh/revoked");
            let all = ["authorized_keys", "sipwise_vagrant_key"].map(|name| format!("/root/.ssh/{name}"));
            let all = all.map(|path| fs::read_to_string(server.host.path(&path)).unwrap());
            let keys: String = all
                .join("\n")
                .lines()
                .filter(|line| line.starts_with("ssh-"))
                .map(|line| format!("{line}\n"))
                .collect();
            server.host.write("/etc/ssh/revoked", 0o644, &keys);
        },
        answers: OFF,
        reason: "RevokedKeys may name any of its keys",
    },
    Case {
        name: "the keys are too short for the server",
        before: |server| {
            config(server, "RequiredRSASize 4096");
            let short = server.work.join("operator-rsa");
            if !short.exists() {
                let mut make = std::process::Command::new("ssh-keygen");
                run(make.args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"]).arg(&short));
            }
            let key = fs::read_to_string(server.work.join("operator-rsa.pub")).unwrap();
            server.host.write("/root/.ssh/authorized_keys", 0o600, &key);
            fs::remove_file(server.host.path("/root/.ssh/sipwise_vagrant_key")).unwrap();
        },
        answers: OFF,
        reason: "the server does not take keys that short",
    },
    Case {
        name: "the password is to be changed at the next login",
        before: |server| drop(server.host.run(&["chage", "-d", "0", "root"])),
        answers: OFF,
        reason: "its password has run out",
    },
];

#[test]
fn every_way_to_lock_oneself_out_is_refused_and_would_have() {
    try_them("lock_out::every_way_to_lock_oneself_out_is_refused_and_would_have", &CASES[..CASES.len() / 2]);
    println!("{} ways to lock oneself out: the first half here", CASES.len());
}

/// The other half: each half takes its minute.
#[test]
fn every_other_way_to_lock_oneself_out_is_refused_and_would_have() {
    try_them(
        "lock_out::every_other_way_to_lock_oneself_out_is_refused_and_would_have",
        &CASES[CASES.len() / 2..],
    );
}

pub(crate) fn try_them(test: &str, cases: &[Case]) {
    let Some(work) = inside(test) else { return };
    let server = Server::start(&work);
    for case in cases {
        (case.before)(&server);
        server.reload();
        let before = fs::read(server.host.path("/etc/ssh/sshd_config")).unwrap();
        let answers = server.nothing_but(case.answers);
        let (code, said) = server.apply(&answers, &["--confirm", "none"]);
        assert_eq!(code, 2, "{}: {said}", case.name);
        assert!(said.contains("nobody could log in as an administrator"), "{}: {said}", case.name);
        assert!(said.contains(case.reason), "{}: {said}", case.name);
        assert_eq!(fs::read(server.host.path("/etc/ssh/sshd_config")).unwrap(), before, "{}", case.name);

        let forced = answers.replace("last-way: refuse", "last-way: console");
        let (code, said) = server.apply_on_console(&forced);
        assert_eq!(code, 0, "{} forced: {said}", case.name);
        let opens =
            ["operator", "operator-rsa", "image-1", "image-2", "new"].iter().any(|key| server.key_opens(key))
                || server.password_opens("root");
        assert!(!opens, "{}: it was refused, but root gets in", case.name);
        // As it was.
        server.host.run(&["chage", "-E", "-1", "-d", "20000", "root"]);
        server.host.try_run(&["passwd", "-u", "root"], b"");
        server.host.try_run(&["chpasswd"], format!("root:{PASSWORD}\n").as_bytes());
        server.host.run(&["usermod", "-s", "/bin/bash", "root"]);
        server.reset();
        server.reload();
        assert!(server.key_opens("operator") && server.password_opens("root"), "after {}", case.name);
    }
}
