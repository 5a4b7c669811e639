//! The whole product on a real Debian 12, no mock: real chpasswd, real MariaDB, real apt, a real ext4 mount.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/real_host.rs"]
mod real_host;

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use real_host::{RealHost, inside};
use serde_json::Value;

const ROOT: &str = "canary Root-pw 7 \"quoted\" $HOME";
const WEB: &str = "canary-Web-pw-8-longer!";
const MYSQL: &str = "canary'MySQL\\pw-9-{x}";

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn status(audit: &Value, id: &str) -> String {
    let finding = audit["findings"].as_array().unwrap().iter().find(|f| f["id"] == id);
    finding
        .map_or_else(|| format!("no finding {id} in {audit:#}"), |f| f["status"].as_str().unwrap().to_owned())
}

/// The answers file as printed, with some answers given.
fn answered(template: &str, answers: &[(&str, &str)]) -> String {
    let mut section = String::new();
    let mut out = String::new();
    let mut given = answers.to_vec();
    for line in template.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|name| !name.starts_with([' ', '#'])) {
            section = name.to_owned();
        }
        let body = line.trim_start_matches([' ', '#']);
        let key = body.split(": ").next().unwrap_or_default().trim_matches('"');
        let hit = given.iter().position(|(k, _)| *k == format!("{section}.{key}"));
        match hit.filter(|_| body.contains(": ")) {
            Some(at) => {
                out += &format!("  {}: {}\n", serde_json::to_string(key).unwrap(), given[at].1);
                given.remove(at);
            }
            None => out += &format!("{line}\n"),
        }
    }
    assert!(given.is_empty(), "not asked: {given:?}\n{template}");
    out
}

#[test]
fn a_real_host_is_hardened_and_stays_so() {
    let Some(work) = inside("a_real_host_is_hardened_and_stays_so") else { return };
    let host = RealHost::new(&work);
    let before = json(&host.warden(&["audit", "--format", "json", "--fail-on", "never"], b""));
    for id in [
        "SUPPORT-ACCESS-ENABLED",
        "PASSWORD-ROOT-DEFAULT",
        "PASSWORD-NGCPSOAP-DEFAULT",
        "PASSWORD-WEB-ADMIN-DEFAULT",
        "PASSWORD-MYSQL-ROOT-EMPTY",
        "MOUNT-ATIME",
    ] {
        assert_eq!(status(&before, id), "fail", "{id}: {before:#}");
    }
    assert_eq!(before["edition"], "CE");
    let others =
        "SELECT User, Host, plugin, authentication_string FROM mysql.user WHERE User <> 'root' ORDER BY 1, 2";
    let service_users = host.sql(others);

    let template = host.warden(&["answers"], b"");
    assert!(template.status.success(), "{template:?}");
    let answers = answered(
        &String::from_utf8(template.stdout).unwrap(),
        &[
            ("support-access.access", "disable"),
            ("passwords.root", "set"),
            ("passwords.mysql", "set"),
            ("passwords.web.administrator", "set"),
            ("passwords.soap", "generate"),
            ("noatime.noatime", "set"),
            // No SSH server runs on this host; its keys are files all the same.
            ("ssh.root-login", "leave"),
            ("ssh.password-login", "leave"),
            ("ssh.algorithms", "leave"),
            ("ssh.host-keys", "leave"),
        ],
    );
    host.write("/root/answers.yml", 0o644, &answers);
    let secrets = format!(
        "passwords.root.password={ROOT}\npasswords.mysql.password={MYSQL}\npasswords.web.administrator.password={WEB}\n"
    );

    let check = host.warden(
        &["apply", "--check", "--answers", "/root/answers.yml", "--secrets", "-", "--format", "json"],
        secrets.as_bytes(),
    );
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    assert_eq!(
        status(&json(&host.warden(&["audit", "--format", "json"], b"")), "PASSWORD-ROOT-DEFAULT"),
        "fail",
        "--check changed something"
    );

    let apply = [
        "apply",
        "--confirm",
        "none",
        "--answers",
        "/root/answers.yml",
        "--secrets",
        "-",
        "--save-generated",
        "/root/generated",
        "--format",
        "json",
    ];
    let output = host.warden(&apply, secrets.as_bytes());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    let result = json(&output);
    assert_eq!(result["changed"], true);

    // root: the new password verifies, the old does not, judged by the host's own crypt(3).
    let shadow = fs::read_to_string(host.path("/etc/shadow")).unwrap();
    let hash = shadow.lines().find_map(|l| l.strip_prefix("root:")).unwrap().split(':').next().unwrap();
    let crypt = |word: &str| {
        let input = format!("{word}\n{hash}\n");
        let script = "chomp($p=<STDIN>);chomp($h=<STDIN>);print crypt($p,$h) eq $h ? 'yes' : 'no'";
        String::from_utf8(host.try_run(&["perl", "-e", script], input.as_bytes()).stdout).unwrap()
    };
    assert_eq!((crypt(ROOT).as_str(), crypt("sipwise").as_str()), ("yes", "no"));

    // MySQL root: every row is closed, the new password opens it.
    let login = |password: &str| {
        let options = host.path("/root/.test.cnf");
        let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
        fs::write(&options, format!("[client]\nuser=root\npassword=\"{quoted}\"\n")).unwrap();
        let output = host.try_run(&["mysql", "--defaults-file=/root/.test.cnf", "-BNe", others], b"");
        fs::remove_file(options).unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert!(!login("").0, "MySQL root still has no password");
    let (in_again, rows) = login(MYSQL);
    assert!(in_again);
    assert_eq!(rows, service_users, "a service user was touched");

    // The web administrator's row, judged by another bcrypt.
    let options = host.path("/root/.test.cnf");
    fs::write(&options, "[client]\nuser=sipwise\npassword=sampleSipwisePw000001\n").unwrap();
    let row = host.run(&[
        "mysql",
        "--defaults-file=/root/.test.cnf",
        "-BNe",
        "SELECT login, md5pass, saltedpass FROM billing.admins ORDER BY id",
    ]);
    fs::remove_file(options).unwrap();
    let mut rows = row.lines().map(|l| l.split('\t').collect::<Vec<_>>());
    let administrator = rows.next().unwrap();
    assert_eq!(administrator[1], "NULL");
    let (salt, rest) = administrator[2].split_once('$').unwrap();
    assert!(bcrypt::verify(WEB, &format!("$2b$13${salt}{rest}")).unwrap());
    assert!(rows.next().unwrap()[2].starts_with("AtAFGhepIuEaQ"), "an LDAP row was touched");

    // The mount, as the kernel tells it, and the file for the next boot.
    let mounts = host.run(&["cat", "/proc/self/mountinfo"]);
    assert!(
        mounts
            .lines()
            .any(|l| l.split(' ').nth(4) == Some("/") && l.split(' ').nth(5).unwrap().contains("noatime")),
        "{mounts}"
    );
    assert!(fs::read_to_string(host.path("/etc/fstab")).unwrap().contains("\terrors=remount-ro,noatime\t"));

    let after = json(&host.warden(&["audit", "--format", "json", "--fail-on", "never"], b""));
    for id in ["SUPPORT-ACCESS-ENABLED", "PASSWORD-ROOT-DEFAULT", "PASSWORD-NGCPSOAP-DEFAULT", "MOUNT-ATIME"]
    {
        assert_eq!(status(&after, id), "pass", "{id}: {after:#}");
    }
    let calls = fs::read_to_string(host.path("/var/log/calls")).unwrap();
    assert_eq!(
        calls.lines().filter(|l| l.starts_with("ngcpcfg apply ngcp-warden")).count(),
        1,
        "one apply for all steps: {calls}"
    );
    assert_eq!(calls.lines().filter(|l| *l == "ngcp-support-access --disable").count(), 1, "{calls}");

    let again = host.warden(&apply, secrets.as_bytes());
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(json(&again)["changed"], false, "{:#}", json(&again));

    // No password in any byte the program wrote or printed, but for the file that was asked for.
    let generated = fs::read_to_string(host.path("/root/generated")).unwrap();
    assert_eq!(fs::metadata(host.path("/root/generated")).unwrap().mode() & 0o7777, 0o600);
    let generated = generated.lines().find_map(|l| l.split_once('=')).unwrap().1.to_owned();
    let words = [ROOT, WEB, MYSQL, &generated];
    for printed in [&output, &again, &check] {
        for word in words {
            assert!(!holds(&printed.stdout, word) && !holds(&printed.stderr, word), "a password was printed");
        }
    }
    for directory in ["/etc", "/root", "/var/lib/ngcp-warden", "/var/log", "/tmp", "/run", "/home"] {
        grep(&host.path(directory), &words);
    }
}

/// What the platform's tool needs is there whoever starts us: with no `HOME`, under `nohup`, from a login, by cron.
#[test]
fn an_apply_completes_whoever_starts_it() {
    let Some(work) = inside("an_apply_completes_whoever_starts_it") else { return };
    let host = RealHost::new(&work);
    host.install_warden();
    let template = String::from_utf8(host.warden(&["answers"], b"").stdout).unwrap();
    let answers = answered(
        &template,
        &[
            ("passwords.soap", "generate"),
            ("ssh.root-login", "leave"),
            ("ssh.password-login", "leave"),
            ("ssh.algorithms", "leave"),
            ("ssh.host-keys", "leave"),
        ],
    );
    let soap = answers.split("\npasswords:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    host.write("/root/answers.yml", 0o644, &format!("schema: 1\npasswords:\n{soap}\n"));
    let shipped = fs::read_to_string(host.path("/etc/ngcp-config/config.yml")).unwrap();
    let apply = "ngcp-warden apply --confirm none --answers /root/answers.yml --save-generated /root/made";
    let cron = [("SHELL", "/bin/sh"), ("HOME", "/root"), ("LOGNAME", "root")];
    type Environment<'a> = &'a [(&'a str, &'a str)];
    let ways: [(&str, Environment<'_>, &[&str]); 4] = [
        ("no HOME", &[], &["sh", "-c", apply]),
        ("nohup", &[], &["sh", "-c", &format!("nohup {apply} >/root/said 2>&1 & wait $!")]),
        ("a login", &[], &["su", "-", "root", "-c", apply]),
        ("cron", &cron, &["sh", "-c", &format!("cd /root; PATH=/usr/bin:/bin /usr/local/sbin/{apply}")]),
    ];
    for (way, env, argv) in ways {
        let output = host.run_with(env, argv, b"");
        let said = fs::read_to_string(host.path("/root/said")).unwrap_or_default();
        assert_eq!(output.status.code(), Some(0), "{way}: {output:?} {said}");
        let made = fs::read_to_string(host.path("/etc/nginx/htpasswd")).unwrap();
        let known = shipped.lines().find_map(|line| line.trim().strip_prefix("- pass: ")).unwrap();
        assert!(
            !made.contains(known.trim_matches('\'')) && made.starts_with("ngcpsoap:{SHA}"),
            "{way}: {made}"
        );
        assert_eq!(host.run(&["git", "-C", "/etc/ngcp-config", "status", "--porcelain"]), "", "{way}");
        // As shipped again.
        let _ = fs::remove_file(host.path("/root/made"));
        host.write("/etc/ngcp-config/config.yml", 0o660, &shipped);
        host.run(&["ngcpcfg", "apply", "as shipped"]);
        assert!(
            fs::read_to_string(host.path("/etc/nginx/htpasswd")).unwrap().contains(known.trim_matches('\''))
        );
    }
}

#[test]
fn a_real_run_is_taken_back() {
    let Some(work) = inside("a_real_run_is_taken_back") else { return };
    let host = RealHost::new(&work);
    let template = String::from_utf8(host.warden(&["answers"], b"").stdout).unwrap();
    let answers = answered(
        &template,
        &[
            ("passwords.root", "set"),
            ("passwords.mysql", "set"),
            ("passwords.web.administrator", "set"),
            ("passwords.soap", "generate"),
            ("ssh.root-login", "leave"),
            ("ssh.password-login", "leave"),
            ("ssh.algorithms", "leave"),
            ("ssh.host-keys", "leave"),
        ],
    );
    host.write("/root/answers.yml", 0o644, &answers);
    let secrets = format!(
        "passwords.root.password={ROOT}\npasswords.mysql.password={MYSQL}\npasswords.web.administrator.password={WEB}\n"
    );
    let files =
        ["/etc/shadow", "/etc/fstab", "/etc/ngcp-config/config.yml", "/var/sipwise/.ssh/authorized_keys"];
    let state = || {
        let read = |path: &&str| {
            (
                fs::read(host.path(path)).ok(),
                fs::metadata(host.path(path)).ok().map(|m| (m.mode(), m.uid(), m.gid())),
            )
        };
        files.iter().map(read).collect::<Vec<_>>()
    };
    let rows = || {
        let options = host.path("/root/.test.cnf");
        fs::write(&options, "[client]\nuser=sipwise\npassword=sampleSipwisePw000001\n").unwrap();
        let sql = "SELECT User, Host, IF(plugin = '', 'mysql_native_password', plugin), authentication_string FROM mysql.user ORDER BY 1, 2; SELECT login, md5pass, saltedpass FROM billing.admins ORDER BY id";
        let rows = host.run(&["mysql", "--defaults-file=/root/.test.cnf", "-BNe", sql]);
        fs::remove_file(options).unwrap();
        rows
    };
    let (before, rows_before) = (state(), rows());

    let apply = [
        "apply",
        "--confirm",
        "none",
        "--answers",
        "/root/answers.yml",
        "--secrets",
        "-",
        "--save-generated",
        "/root/generated",
        "--format",
        "json",
    ];
    let applied = json(&host.warden(&apply, secrets.as_bytes()));
    assert_eq!(applied["outcome"], "done", "{applied:#}");
    assert!(state() != before && rows() != rows_before);

    let undone = host.warden(&["undo", "--secrets", "-", "--format", "json"], secrets.as_bytes());
    assert_eq!(undone.status.code(), Some(0), "{undone:?}");
    // What the vendor's own program changed cannot be looked at; everything else was seen.
    let steps = json(&undone)["steps"].as_array().unwrap().clone();
    let changes = steps.iter().flat_map(|step| step["changes"].as_array().unwrap());
    let unseen: Vec<&Value> = changes.filter(|change| change["outcome"] != "done").collect();
    assert_eq!(unseen.len(), 1, "{unseen:#?}");
    assert_eq!(unseen[0]["id"], "undo.support-access.disable");
    assert_eq!(unseen[0]["outcome"], "warning");
    for ((file, was), is) in files.iter().zip(before).zip(state()) {
        assert_eq!(is, was, "{file} is not as before");
    }
    assert_eq!(rows(), rows_before);
    assert!(!fs::read_to_string(host.path("/proc/self/mountinfo")).unwrap_or_default().contains("noatime"));
    let audit = json(&host.warden(&["audit", "--format", "json"], b""));
    assert_eq!(status(&audit, "SUPPORT-ACCESS-ENABLED"), "fail", "{audit:#}");

    let again = host.warden(&["undo", applied["run"].as_str().unwrap()], b"");
    assert_ne!(again.status.code(), Some(0), "a run was taken back twice");
    assert!(String::from_utf8_lossy(&again.stderr).contains("taken back already"), "{again:?}");
    let history = String::from_utf8(host.warden(&["history"], b"").stdout).unwrap();
    let runs: Vec<&str> =
        history.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(runs.len(), 2, "{history}");
    assert!(history.contains("taken back by run"), "{history}");
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn grep(path: &Path, words: &[&str]) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            grep(&entry.unwrap().path(), words);
        }
    } else if metadata.is_file() && !path.ends_with("root/generated") {
        let bytes = fs::read(path).unwrap();
        for word in words {
            assert!(!holds(&bytes, word), "a password is in {}", path.display());
        }
    }
}
