//! More ways to lock oneself out, by keys: those that come, those of which another line decides, those sshd refuses.

use std::{fs, os::unix::fs::symlink};

use super::{
    host::Server,
    lock_out::{Case, OFF, append, config, mode, try_them},
};

/// The operator's key with each of these in front of it, and no other.
fn only_with(server: &Server, options: &[&str]) {
    let key = fs::read_to_string(server.work.join("operator.pub")).unwrap();
    let text: String = options.iter().map(|options| format!("{options} {key}")).collect();
    server.host.write("/root/.ssh/authorized_keys", 0o600, &text);
    fs::remove_file(server.host.path("/root/.ssh/sipwise_vagrant_key")).unwrap();
}

/// No key is there; one comes.
fn comes(server: &Server, options: &str) {
    fs::remove_dir_all(server.host.path("/root/.ssh")).unwrap();
    let key = fs::read_to_string(server.work.join("new.pub")).unwrap();
    server.host.write("/mnt/new.pub", 0o644, &format!("{options} {key}"));
}

/// What was at `path` lies in a folder of everybody's, and `path` leads there.
fn led_away(server: &Server, path: &str) {
    fs::create_dir_all(server.host.path("/tmp/open")).unwrap();
    mode(server, "/tmp/open", 0o777);
    fs::rename(server.host.path(path), server.host.path("/tmp/open/moved")).unwrap();
    symlink("/tmp/open/moved", server.host.path(path)).unwrap();
}

/// Somebody of the group sudo, whose account takes the operator's key.
fn member_of_sudo(server: &Server, how: Option<&str>) {
    server.host.try_run(&["useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "ann"], b"");
    server.allow("ann", "operator");
    if let Some(how) = how {
        server.sudo(how);
    }
}

const OFF_AND_ADD: &[(&str, &str)] = &[("password-login", "off"), ("add", "/mnt/new.pub")];

const CASES: &[Case] = &[
    Case {
        name: "the key that comes may run one command only",
        before: |server| comes(server, "command=\"/bin/false\""),
        answers: OFF_AND_ADD,
        reason: "the new key: it may run one command only",
    },
    Case {
        name: "the key that comes is taken from elsewhere only",
        before: |server| comes(server, "from=\"203.0.113.7\""),
        answers: OFF_AND_ADD,
        reason: "the new key: it is not known to be taken from where you are",
    },
    Case {
        name: "the key that comes is no longer valid",
        before: |server| comes(server, "expiry-time=\"20200101\""),
        answers: OFF_AND_ADD,
        reason: "the new key: it ends at some time",
    },
    Case {
        name: "the key that comes only signs others",
        before: |server| comes(server, "cert-authority"),
        answers: OFF_AND_ADD,
        reason: "the new key: it signs keys",
    },
    Case {
        name: "others can write where the key that comes is put",
        before: |server| {
            comes(server, "");
            mode(server, "/root", 0o777);
        },
        answers: OFF_AND_ADD,
        reason: "/root can be written by others",
    },
    Case {
        name: "the key that comes is there already, with one command",
        before: |server| {
            comes(server, "");
            let key = fs::read_to_string(server.work.join("new.pub")).unwrap();
            let text = format!("command=\"/bin/false\" {key}");
            server.host.write("/root/.ssh/authorized_keys", 0o600, &text);
            mode(server, "/root/.ssh", 0o700);
        },
        answers: OFF_AND_ADD,
        reason: "an earlier line has the same key",
    },
    Case {
        name: "an earlier line gives the key one command",
        before: |server| only_with(server, &["command=\"/bin/false\"", ""]),
        answers: OFF,
        reason: "an earlier line has the same key",
    },
    Case {
        name: "an earlier file gives the key one command",
        before: |server| {
            only_with(server, &["command=\"/bin/false\""]);
            let key = fs::read_to_string(server.work.join("operator.pub")).unwrap();
            server.host.write("/root/.ssh/sipwise_vagrant_key", 0o600, &key);
        },
        answers: OFF,
        reason: "an earlier line has the same key",
    },
    Case {
        name: "sshd takes none of these options",
        before: |server| {
            let options = [
                "nosuchoption",
                "restrict,pty,foo",
                "principals=\"root\"",
                "tunnel=\"x\"",
                "environment=\"1\"",
                "environment=\"A=b\"x",
                "permitopen=\"bad\"",
                "permitlisten=\"x:y:z\"",
                "pty=\"yes\"",
                "from=127.0.0.1",
                "from=\"*\",from=\"*\"",
            ];
            only_with(server, &options);
        },
        answers: OFF,
        reason: "its option",
    },
    Case {
        name: "the folder with the keys is a link into one of everybody's",
        before: |server| led_away(server, "/root/.ssh"),
        answers: OFF,
        reason: "/root/.ssh is a symbolic link",
    },
    Case {
        name: "the file with the keys is a link into a folder of everybody's",
        before: |server| {
            only_with(server, &[""]);
            led_away(server, "/root/.ssh/authorized_keys");
        },
        answers: OFF,
        reason: "it is a symbolic link",
    },
    Case {
        name: "no keys from here, while where the operator comes from is not known",
        before: |server| append(server, "Match Address 127.0.0.1\n  PubkeyAuthentication no"),
        answers: OFF,
        reason: "goes by addresses, and where you come from is not known",
    },
    Case {
        name: "no keys for root from here",
        before: |server| {
            append(server, "Match User root Address 127.0.0.0/8\n  AuthenticationMethods password");
        },
        answers: OFF,
        reason: "goes by addresses, and where you come from is not known",
    },
    Case {
        name: "no keys by the name of where one comes from",
        before: |server| append(server, "Match Host localhost,127.0.0.1\n  AuthorizedKeysFile none"),
        answers: OFF,
        reason: "goes by addresses, and where you come from is not known",
    },
    Case {
        name: "root may not log in, and the member of sudo has no sudo",
        before: |server| member_of_sudo(server, None),
        answers: &[("root-login", "no")],
        reason: "root may not log in over the network",
    },
    Case {
        name: "root may not log in, and the member of sudo has no password for it",
        before: |server| member_of_sudo(server, Some("")),
        answers: &[("root-login", "no")],
        reason: "root may not log in over the network",
    },
    Case {
        name: "root's password is empty, and empty ones are no longer taken",
        before: |server| {
            config(server, "PermitEmptyPasswords yes");
            fs::remove_dir_all(server.host.path("/root/.ssh")).unwrap();
            server.host.run(&["passwd", "-d", "root"]);
        },
        answers: &[("empty-passwords", "off")],
        reason: "it has no key, and its password is empty",
    },
];

#[test]
fn keys_that_open_nothing_are_no_way_in() {
    try_them("lock_out_keys::keys_that_open_nothing_are_no_way_in", CASES);
}
