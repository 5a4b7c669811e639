//! The second nginx and the second kamailio, and reading as a service: what they say of every sort of pair is what the
//! daemons themselves make of it.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use ngcp_warden::{
    executor::System,
    host::tls::{Daemon, Question, Readable, Served, Trial, Tried, fingerprints, readable, served},
};

use crate::debian::{inside, must, write};

/// A key and a certificate of its own, in a place of the test.
fn pair(name: &str, algorithm: &str, option: Option<&str>) {
    let key = format!("/ssl/{name}.key");
    let mut args = vec!["genpkey", "-algorithm", algorithm, "-out", &key];
    args.extend(option.iter().flat_map(|option| ["-pkeyopt", option]));
    must("openssl", &args);
    let certificate = format!("/ssl/{name}.crt");
    let subject = format!("/CN={name}");
    must(
        "openssl",
        &["req", "-x509", "-new", "-key", &key, "-out", &certificate, "-subj", &subject, "-days", "9"],
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    must("chgrp", &["ssl-cert", &key]);
}

fn chain(name: &str, of: &[&str]) {
    let text: String = of.iter().map(|one| fs::read_to_string(format!("/ssl/{one}.crt")).unwrap()).collect();
    write(&format!("/ssl/{name}.crt"), 0o644, &text);
}

fn tried(system: &System, daemon: Daemon, certificate: &str, key: &str) -> Tried {
    let protocols = match daemon {
        Daemon::Nginx => "TLSv1.2 TLSv1.1 TLSv1",
        Daemon::Kamailio => "TLSv1+",
    };
    let trial = Trial { daemon, protocols: Some(protocols.to_owned()), ciphers: None };
    trial.run(system, Path::new(&format!("/ssl/{certificate}.crt")), Path::new(&format!("/ssl/{key}.key")))
}

/// Programs, files below /run and listening sockets.
fn state() -> (Vec<String>, BTreeSet<String>, String) {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = fs::read_to_string(entry.unwrap().path().join("cmdline")).ok()?;
        Some(line.replace('\0', " ").trim().to_owned())
            .filter(|line| line.contains("nginx") || line.contains("kamailio"))
    });
    let run = must("find", &["/run", "/var/log", "/var/lib/nginx", "-printf", "%p %u %m %s\n"]);
    let tcp = fs::read_to_string("/proc/net/tcp").unwrap();
    let listening =
        tcp.lines().filter(|line| line.contains(" 0A ")).map(|line| line.split(' ').take(6).collect());
    let mut processes: Vec<String> = processes.collect();
    processes.sort();
    (processes, run.lines().map(str::to_owned).collect(), listening.collect::<Vec<String>>().concat())
}

#[test]
fn a_second_daemon_takes_what_the_live_one_would_and_leaves_no_trace_f72() {
    if !inside("trials::a_second_daemon_takes_what_the_live_one_would_and_leaves_no_trace_f72") {
        return;
    }
    fs::create_dir("/ssl").unwrap();
    must("groupadd", &["-f", "ssl-cert"]);
    must("usermod", &["-aG", "ssl-cert", "kamailio"]);
    for (name, algorithm, option) in [
        ("ec", "EC", Some("ec_paramgen_curve:P-256")),
        ("rsa", "RSA", Some("rsa_keygen_bits:3072")),
        ("other", "EC", Some("ec_paramgen_curve:P-256")),
        ("small", "RSA", Some("rsa_keygen_bits:1024")),
        ("p224", "EC", Some("ec_paramgen_curve:P-224")),
        ("ed", "ED25519", None),
    ] {
        pair(name, algorithm, option);
    }
    chain("two", &["ec", "rsa"]);
    chain("weak-behind", &["ec", "small"]);
    write("/ssl/none.crt", 0o644, "no certificate\n");
    fs::copy("/ssl/ec.key", "/ssl/root.key").unwrap();
    fs::set_permissions("/ssl/root.key", fs::Permissions::from_mode(0o600)).unwrap();
    must("chown", &["root:root", "/ssl/root.key"]);

    // The live ones, on other ports.
    write(
        "/etc/nginx/nginx.conf",
        0o644,
        "user www-data;\npid /run/nginx.pid;\nevents {}\nhttp { server { listen 127.0.0.1:443 ssl; ssl_certificate /ssl/two.crt;\n\
         ssl_certificate_key /ssl/ec.key; } }\n",
    );
    // A daemon would keep our pipes open.
    let mut live = Command::new("nginx").args(["-g", "daemon off;"]).stderr(Stdio::null()).spawn().unwrap();
    while !Path::new("/run/nginx.pid").exists() || !state().2.contains(":01BB") {}
    let system = System::live().unwrap();
    let before = state();
    assert!(before.0.len() >= 2, "{before:?}");

    let taken = [("ec", "ec"), ("rsa", "rsa"), ("two", "ec")];
    // Certificate, key, and what nginx and kamailio say of them; nothing where they take it.
    let refused = [
        ("ec", "root", "", "Permission denied"),
        ("small", "small", "ee key too small", "ee key too small"),
        ("weak-behind", "ec", "ca key too small", "ca key too small"),
        ("ec", "other", "key values mismatch", "key values mismatch"),
        // Loaded by both without a word; nobody can use them.
        ("p224", "p224", "no handshake succeeds", "no handshake succeeds"),
        ("ec", "rsa", "no handshake succeeds", "does not match"),
        ("none", "ec", "holds no certificate", "holds no certificate"),
        ("ec", "gone", "No such file", "No such file"),
    ];
    let mut longest = std::time::Duration::ZERO;
    for (certificate, key) in taken {
        for daemon in [Daemon::Nginx, Daemon::Kamailio] {
            let begun = Instant::now();
            let result = tried(&system, daemon, certificate, key);
            longest = longest.max(begun.elapsed());
            assert!(matches!(&result, Tried::Serves(_)), "{daemon:?} {certificate} {key}: {result:?}");
        }
    }
    let mut other = Vec::new();
    for (certificate, key, nginx, kamailio) in refused {
        for (daemon, words) in [(Daemon::Nginx, nginx), (Daemon::Kamailio, kamailio)] {
            let result = tried(&system, daemon, certificate, key);
            let expected = match &result {
                Tried::Serves(_) => words.is_empty(),
                Tried::Refused(why) => !words.is_empty() && why.contains(words),
                Tried::NotTried(_) => false,
            };
            if !expected {
                other.push(format!("{daemon:?} {certificate} {key}: {result:?}"));
            }
        }
    }
    assert!(other.is_empty(), "{other:#?}");
    println!("the longest successful trial took {longest:?}");
    let after = state();
    assert_eq!(after.0, before.0, "processes");
    assert_eq!(after.2, before.2, "sockets");
    let new: Vec<&String> =
        after.1.difference(&before.1).filter(|line| !line.contains("/error.log")).collect();
    assert!(new.is_empty(), "left behind: {new:?}");

    // What the live one serves is told, with what stands behind it, in the order of its file.
    let ask = |port, name: Option<&str>| Question { port, name: name.map(str::to_owned) };
    let questions = [ask(443, None), ask(443, Some("ec")), ask(80, None)];
    let begun = Instant::now();
    let seen = served(&system, &questions);
    println!("{} questions took {:?}", questions.len(), begun.elapsed());
    let file = fingerprints(&fs::read_to_string("/ssl/two.crt").unwrap());
    for seen in &seen[..2] {
        let Served::Chain { chain, protocol } = seen else { panic!("{seen:?}") };
        assert_eq!((fingerprints(&chain.concat()), protocol.as_deref()), (file.clone(), Some("TLSv1.2")));
    }
    assert_eq!(seen[2], Served::Nothing);
    live.kill().unwrap();
    live.wait().unwrap();
}

#[test]
fn a_key_is_read_as_the_service_that_needs_it_f71() {
    if !inside("trials::a_key_is_read_as_the_service_that_needs_it_f71") {
        return;
    }
    fs::create_dir_all("/ssl/closed").unwrap();
    must("groupadd", &["-f", "ssl-cert"]);
    let system = System::live().unwrap();
    let at = |path: &str, mode: u32, group: &str| {
        write(path, mode, "key");
        must("chgrp", &[group, path]);
    };
    at("/ssl/group.key", 0o640, "ssl-cert");
    at("/ssl/root.key", 0o600, "root");
    at("/ssl/closed/all.key", 0o644, "root");
    fs::set_permissions("/ssl/closed", fs::Permissions::from_mode(0o700)).unwrap();
    let denied = || Readable::No("permission denied".to_owned());
    let seen = |user: &str, path: &str| readable(&system, user, Path::new(path));
    // Its group counts as soon as it is a member, whatever the processes that run have.
    assert_eq!(seen("kamailio", "/ssl/group.key"), denied());
    must("usermod", &["-aG", "ssl-cert", "kamailio"]);
    assert_eq!(seen("kamailio", "/ssl/group.key"), Readable::Yes);
    for path in ["/ssl/root.key", "/ssl/closed/all.key"] {
        assert_eq!(seen("kamailio", path), denied(), "{path}");
        assert_eq!(seen("www-data", path), denied(), "{path}");
        assert_eq!(seen("root", path), Readable::Yes, "{path}");
    }
    assert_eq!(seen("kamailio", "/ssl/none.key"), Readable::No("no such file or directory".to_owned()));
    assert_eq!(seen("kamailio", "/ssl"), Readable::No("is a directory".to_owned()));
    assert!(matches!(seen("nobody-here", "/ssl/group.key"), Readable::Unknown(_)));
}
