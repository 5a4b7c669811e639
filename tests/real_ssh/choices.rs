//! The hardening choices one by one: what works before must not work afterwards, and works again when taken back.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    host::{Server, client, status},
    real_host::{inside, run},
};

/// Applies the answers and takes them back; looks before, in between and afterwards.
fn changes<T: PartialEq + std::fmt::Debug>(
    server: &Server,
    answers: &[(&str, &str)],
    look: impl Fn() -> T,
    (before, after): (T, T),
) {
    assert_eq!(look(), before, "before {answers:?}");
    let (code, said) = server.apply(&server.nothing_but(answers), &["--confirm", "none"]);
    assert_eq!(code, 0, "{answers:?}: {said}");
    assert_eq!(look(), after, "after {answers:?}: {said}");
    assert!(server.host.warden(&["undo"], b"").status.success());
    server.reload();
    assert_eq!(look(), before, "{answers:?} taken back");
}

fn configure(server: &Server, more: &str) {
    let config = server.host.path("/etc/ssh/sshd_config");
    fs::write(&config, fs::read_to_string(&config).unwrap() + more).unwrap();
    server.reload();
}

/// A login that shows nothing at all.
fn walks_in(account: &str) -> bool {
    let mut ssh = client();
    ssh.args([
        "-o",
        "BatchMode=yes",
        "-o",
        "PubkeyAuthentication=no",
        &format!("{account}@127.0.0.1"),
        "true",
    ]);
    ssh.output().unwrap().status.success()
}

#[test]
fn an_account_without_a_password_is_kept_out() {
    let Some(work) = inside("choices::an_account_without_a_password_is_kept_out") else { return };
    let server = Server::start(&work);
    server.host.run(&["useradd", "-m", "-s", "/bin/bash", "guest"]);
    server.host.run(&["passwd", "-d", "guest"]);
    assert!(!walks_in("guest"));
    assert_eq!(status(&server.audit(), "SSH-EMPTY-PASSWORDS"), "pass");
    configure(&server, "PermitEmptyPasswords yes\n");
    assert_eq!(status(&server.audit(), "SSH-EMPTY-PASSWORDS"), "fail");
    changes(&server, &[("empty-passwords", "off")], || walks_in("guest"), (true, false));
}

#[test]
fn weak_keys_go_and_chosen_ones_go() {
    let Some(work) = inside("choices::weak_keys_go_and_chosen_ones_go") else { return };
    let server = Server::start(&work);
    let weak = work.join("weak");
    run(Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "1024", "-N", "", "-C", "old", "-f"])
        .arg(&weak));
    for key in ["weak", "new"] {
        server.append("/root/.ssh/authorized_keys", key);
    }
    let look = || {
        let mut ssh = client();
        ssh.args(["-o", "BatchMode=yes", "-o", "RequiredRSASize=1024", "-i"]).arg(&weak);
        let weak = ssh.args(["root@127.0.0.1", "true"]).output().unwrap().status.success();
        (weak, server.key_opens("new"), server.key_opens("operator"))
    };
    assert_eq!(status(&server.audit(), "SSH-WEAK-KEY"), "fail");
    changes(&server, &[("keys", "no-weak")], look, ((true, true, true), (false, true, true)));
    let (weak, new) = (server.question("weak"), server.question("new"));
    for (question, after) in [(&weak, (false, true, true)), (&new, (true, false, true))] {
        changes(&server, &[("keys", "choose"), (question, "remove")], look, ((true, true, true), after));
    }
}

/// sshd refuses keys that others could have written; a group of one is not others.
#[test]
fn a_key_file_that_others_can_write_is_read_again_once_mended() {
    let test = "choices::a_key_file_that_others_can_write_is_read_again_once_mended";
    let Some(work) = inside(test) else { return };
    let server = Server::start(&work);
    server.host.run(&["useradd", "-m", "-s", "/bin/bash", "ann"]);
    server.allow("ann", "new");
    let loosen = |modes: [(&str, u32); 3]| {
        for (path, mode) in modes {
            fs::set_permissions(server.host.path(path), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    let (ann, folder, root) =
        ("/home/ann/.ssh/authorized_keys", "/home/ann/.ssh", "/root/.ssh/authorized_keys");
    let look = || (server.key_opens("operator"), server.ssh("new", "ann", "true").status.success());
    loosen([(ann, 0o660), (folder, 0o770), (root, 0o620)]);
    assert_eq!(look(), (true, true));
    assert_eq!(status(&server.audit(), "SSH-KEY-FILE-MODE"), "pass");
    loosen([(ann, 0o666), (folder, 0o777), (root, 0o622)]);
    assert_eq!(status(&server.audit(), "SSH-KEY-FILE-MODE"), "fail");
    changes(&server, &[("modes", "fix")], look, ((false, false), (true, true)));
    // Somebody else is in the group.
    server.host.run(&["usermod", "-aG", "root,ann", "cdrexport"]);
    loosen([(ann, 0o660), (folder, 0o770), (root, 0o620)]);
    changes(&server, &[("modes", "fix")], look, ((false, false), (true, true)));
}

#[test]
fn the_hosts_own_keys_are_new_and_come_back() {
    let Some(work) = inside("choices::the_hosts_own_keys_are_new_and_come_back") else { return };
    let server = Server::start(&work);
    let scan = || {
        let told = Command::new("ssh-keyscan").arg("127.0.0.1").output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let mut keys: Vec<String> = told.lines().map(str::to_owned).collect();
        keys.sort();
        assert_eq!(keys.len(), 3, "{told}");
        keys
    };
    // One of them at a place of its own.
    server.host.run(&["mv", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/our_key"]);
    server.host.run(&["mv", "/etc/ssh/ssh_host_ed25519_key.pub", "/etc/ssh/our_key.pub"]);
    let paths = ["ssh_host_rsa_key", "ssh_host_ecdsa_key", "our_key"];
    configure(&server, &paths.map(|name| format!("HostKey /etc/ssh/{name}\n")).concat());
    let modes = || server.host.run(&["stat", "-c", "%n %a %U", "/etc/ssh/our_key", "/etc/ssh/our_key.pub"]);
    let modes_before = modes();
    let before = scan();
    let (code, said) = server.apply(&server.nothing_but(&[("host-keys", "renew")]), &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert!(scan().iter().all(|key| !before.contains(key)), "{said}");
    assert_eq!(modes(), modes_before);
    assert_eq!(status(&server.audit(), "SSH-SHARED-HOST-KEY"), "pass");
    assert!(server.host.warden(&["undo"], b"").status.success());
    assert_eq!(scan(), before);
}

/// Ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a database that listens on the host alone answers through a tunnel: by its port, and by its socket.
fn tunnels(server: &Server, to: &str) -> bool {
    let mut ssh = client();
    ssh.arg("-i").arg(server.work.join("operator"));
    ssh.args(["-o", "BatchMode=yes", "-N", "-L", &format!("127.0.0.1:7777:{to}"), "root@127.0.0.1"]);
    let _tunnel = Ends(ssh.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let begun = Instant::now();
    let mut end = loop {
        match TcpStream::connect("127.0.0.1:7777") {
            Ok(end) => break end,
            Err(_) if begun.elapsed() < Duration::from_secs(20) => std::thread::yield_now(),
            Err(error) => panic!("the client does not listen: {error}"),
        }
    };
    // A refused tunnel is closed at once; the database of this test says its name first.
    let mut said = String::new();
    let _ = std::io::Read::read_to_string(&mut end, &mut said);
    said == "database"
}

#[test]
fn no_tunnel_leads_through_the_host_any_more_and_work_goes_on() {
    let Some(work) = inside("choices::no_tunnel_leads_through_the_host_any_more_and_work_goes_on") else {
        return;
    };
    let server = Server::start(&work);
    let port = TcpListener::bind("127.0.0.1:3306").unwrap();
    fs::create_dir_all(server.host.path("/run/mysqld")).unwrap();
    let socket = server.host.path("/run/mysqld/mysqld.sock");
    let socket = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let answer = |mut end: Box<dyn std::io::Write>| drop(end.write_all(b"database"));
    std::thread::spawn(move || port.incoming().flatten().for_each(|end| answer(Box::new(end))));
    std::thread::spawn(move || socket.incoming().flatten().for_each(|end| answer(Box::new(end))));
    let look = || {
        let sftp = Command::new("sftp")
            .args(client().get_args())
            .args(["-q", "-i"])
            .arg(work.join("operator"))
            .args(["root@127.0.0.1:/etc/hostname"])
            .arg(work.join("fetched"))
            .output()
            .unwrap();
        let works = server.key_opens("operator") && sftp.status.success();
        (tunnels(&server, "127.0.0.1:3306"), tunnels(&server, "/run/mysqld/mysqld.sock"), works)
    };
    assert_eq!(status(&server.audit(), "SSH-FORWARDING"), "fail");
    changes(&server, &[("forwarding", "off")], look, ((true, true, true), (false, false, true)));
    let (code, said) = server.apply(&server.nothing_but(&[("forwarding", "off")]), &["--confirm", "none"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(status(&server.audit(), "SSH-FORWARDING"), "pass");
}
