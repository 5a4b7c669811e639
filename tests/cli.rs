//! The real binary on host trees: the JSON contract, the exit codes, and what must be refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/bundle.rs"]
mod bundle;
#[path = "cli/host.rs"]
mod host;
mod support;
#[path = "cli/tuning.rs"]
mod tuning;

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// A copy of a sample host with the modes that git does not keep.
fn tree(name: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join(name);
    support::hosts::copy(name, &root);
    (dir, root)
}

fn warden(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ngcp-warden"))
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn audit(root: &Path) -> Value {
    let output = warden(&["audit", "--root", root.to_str().unwrap(), "--format", "json"], b"");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn status<'a>(audit: &'a Value, id: &str) -> &'a str {
    audit["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["id"] == id)
        .map_or("absent", |f| f["status"].as_str().unwrap())
}

fn evidence<'a>(audit: &'a Value, id: &str) -> &'a str {
    audit["findings"].as_array().unwrap().iter().find(|f| f["id"] == id).unwrap()["evidence"]
        .as_str()
        .unwrap()
}

#[test]
fn the_old_sample_host_is_audited() {
    let (_dir, root) = tree("mr3.8");
    let audit = audit(&root);
    assert_eq!(audit["schema"], 1);
    assert_eq!(
        (audit["host"].as_str(), audit["release"].as_str(), audit["edition"].as_str()),
        (Some("spce"), Some("mr3.8.3"), Some("CE"))
    );
    for id in ["SUPPORT-ACCESS-ENABLED", "PASSWORD-NGCPSOAP-DEFAULT", "MOUNT-ATIME"] {
        assert_eq!(status(&audit, id), "fail", "{id}: {audit:#}");
    }
    for id in ["PASSWORD-WEB-ADMIN-DEFAULT", "PASSWORD-MYSQL-ROOT-EMPTY"] {
        assert_eq!(status(&audit, id), "unknown", "{id}: {audit:#}");
        assert!(!evidence(&audit, id).is_empty());
    }
    for finding in audit["findings"].as_array().unwrap() {
        for key in ["id", "step", "severity", "status", "title", "evidence", "remedy", "handbook"] {
            assert!(finding[key].is_string(), "{key} in {finding:#}");
        }
    }
}

#[test]
fn the_images_root_password_is_recognized_whatever_its_hash() {
    let (_dir, root) = tree("mr3.8");
    let salted = pwhash::sha512_crypt::hash("sipwise").unwrap();
    fs::write(root.join("etc/shadow"), format!("root:{salted}:16700:0:99999:7:::\n")).unwrap();
    assert_eq!(status(&audit(&root), "PASSWORD-ROOT-DEFAULT"), "fail");
    let own = pwhash::sha512_crypt::hash("something else entirely").unwrap();
    fs::write(root.join("etc/shadow"), format!("root:{own}:16700:0:99999:7:::\n")).unwrap();
    assert_eq!(status(&audit(&root), "PASSWORD-ROOT-DEFAULT"), "pass");
    fs::write(root.join("etc/shadow"), "root:$99$who$knows:16700:0:99999:7:::\n").unwrap();
    assert_eq!(status(&audit(&root), "PASSWORD-ROOT-DEFAULT"), "unknown");
}

#[test]
fn the_modern_sample_host_is_audited() {
    let (_dir, root) = tree("mr13.5");
    let audit = audit(&root);
    assert_eq!(audit["release"], "mr13.5.1");
    assert_eq!(status(&audit, "SUPPORT-ACCESS-ENABLED"), "pass", "{audit:#}");
    assert_eq!(status(&audit, "PASSWORD-NGCPSOAP-DEFAULT"), "fail");
    assert_eq!(status(&audit, "MOUNT-ATIME"), "pass");
}

#[test]
fn exit_codes_follow_the_contract() {
    let (_dir, root) = tree("mr3.8");
    let root = root.to_str().unwrap();
    let code = |args: &[&str]| warden(args, b"").status.code();
    assert_eq!(code(&["audit", "--root", root]), Some(1));
    assert_eq!(code(&["audit", "--root", root, "--fail-on", "never"]), Some(0));
    assert_eq!(code(&["audit", "--root", root, "no-such-step"]), Some(2));
    assert_eq!(code(&["audit", "--root", "/no/such/directory"]), Some(2));
    assert_eq!(code(&["--nonsense"]), Some(2));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["apply", "--root", root, "--answers", "/no/such/file"]), Some(2));
}

#[test]
fn an_answer_that_is_missing_or_unknown_is_named_with_its_line_and_nothing_changes() {
    let (dir, root) = tree("mr3.8");
    let fstab = fs::read(root.join("etc/fstab")).unwrap();
    let answers = dir.path().join("answers.yml");
    for (file, says) in [
        ("schema: 1\nnoatime: {}\n", "noatime."),
        ("schema: 1\nnoatime:\n  noatime: sideways\n", "line 3"),
        ("schema: 1\nnoatime:\n  noatime: set\n  noatim: set\n", "line 4"),
        ("schema: 1\nnoatimes:\n  root: set\n", "line 2"),
        ("noatime:\n  root: set\n", "schema"),
        ("schema: 2\n", "schema 2"),
        ("schema: 1\nnoatime:\n  root: [set]\n", "line 3"),
        ("schema: 1\nnoatime: &a\n  noatime: set\nx: *a\n", "line 2"),
        ("schema: 1\npasswords:\n  root.password: hunter2hunter2\n", "secrets file"),
        ("", "empty"),
        ("\t\u{0}", "answers"),
    ] {
        fs::write(&answers, file).unwrap();
        let output =
            warden(&["apply", "--root", root.to_str().unwrap(), "--answers", answers.to_str().unwrap()], b"");
        assert_eq!(output.status.code(), Some(2), "{file}: {output:?}");
        assert!(text(&output.stderr).contains(says), "{file}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("hunter2"), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    assert_eq!(fs::read(root.join("etc/fstab")).unwrap(), fstab);
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let (dir, root) = tree("mr3.8");
    let (answers, secrets) = (dir.path().join("answers.yml"), dir.path().join("secrets"));
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    fs::write(&secrets, "passwords.root.password=x\n").unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644)).unwrap();
    let args = [
        "plan",
        "--root",
        root.to_str().unwrap(),
        "--answers",
        answers.to_str().unwrap(),
        "--secrets",
        secrets.to_str().unwrap(),
    ];
    let output = warden(&args, b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("chmod 600"), "{}", text(&output.stderr));
}

/// What another user put there, he knows.
#[test]
fn secrets_of_another_user_are_refused() {
    let (dir, root) = tree("mr3.8");
    let (answers, secrets) = (dir.path().join("answers.yml"), dir.path().join("secrets"));
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    fs::write(&secrets, "passwords.root.password=x\n").unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    let plan = |sudo: Option<&str>| {
        Command::new(env!("CARGO_BIN_EXE_ngcp-warden"))
            .args(["plan", "--root"])
            .args([&root, Path::new("--answers"), &answers, Path::new("--secrets"), &secrets])
            .env_clear()
            .envs(sudo.map(|uid| ("SUDO_UID", uid)))
            .output()
            .unwrap()
    };
    assert_eq!(plan(None).status.code(), Some(0));
    std::os::unix::fs::chown(&secrets, Some(4711), None).unwrap();
    let refused = plan(None);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(text(&refused.stderr).contains("belongs to user 4711"), "{refused:?}");
    assert_eq!(plan(Some("4712")).status.code(), Some(2));
    // Who called through sudo may hand over a file of his own.
    assert_eq!(plan(Some("4711")).status.code(), Some(0));
}

#[test]
fn noatime_is_planned_applied_and_then_left_alone() {
    let (dir, root) = tree("mr3.8");
    let answers = dir.path().join("answers.yml");
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    let run = |verb: &str| {
        let (root, answers) = (root.to_str().unwrap(), answers.to_str().unwrap());
        let output = warden(&[verb, "--root", root, "--answers", answers, "--format", "json"], b"");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let before = fs::read_to_string(root.join("etc/fstab")).unwrap();
    let plan = run("plan");
    assert_eq!(plan["schema"], 1);
    assert!(plan["changes"][0]["diff"].as_str().unwrap().contains("noatime"), "{plan:#}");
    assert_eq!(fs::read_to_string(root.join("etc/fstab")).unwrap(), before);
    assert_eq!(run("apply")["changed"], true);
    let after = fs::read_to_string(root.join("etc/fstab")).unwrap();
    assert_eq!(after, before.replace("errors=remount-ro", "errors=remount-ro,noatime"));
    assert_eq!(run("apply")["changed"], false);
    assert_eq!(fs::read_to_string(root.join("etc/fstab")).unwrap(), after);
}

#[test]
fn the_answers_file_fits_the_host_it_was_made_on() {
    let (dir, root) = tree("mr3.8");
    let template = warden(&["answers", "--root", root.to_str().unwrap()], b"");
    assert_eq!(template.status.code(), Some(0), "{}", text(&template.stderr));
    let answers = dir.path().join("answers.yml");
    fs::write(&answers, &template.stdout).unwrap();
    let output =
        warden(&["plan", "--root", root.to_str().unwrap(), "--answers", answers.to_str().unwrap()], b"");
    let errors = text(&output.stderr);
    assert!(output.status.success() || errors.contains("secrets: "), "{errors}\n{}", text(&template.stdout));
}

/// A run is a process of its own: it finds the tree from another directory too.
#[test]
fn a_root_is_named_from_the_working_directory() {
    let (dir, root) = tree("mr3.8");
    let answers = dir.path().join("answers.yml");
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ngcp-warden"))
        .args(["apply", "--root", "mr3.8", "--answers", "answers.yml"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read_to_string(root.join("etc/fstab")).unwrap().contains("noatime"));
}

#[test]
fn an_interrupted_apply_says_so_in_its_exit_code_s20() {
    let (dir, root) = tree("mr3.8");
    let answers = dir.path().join("answers.yml");
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    for signal in ["HUP", "TERM", "INT"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ngcp-warden"))
            .args(["apply", "--secrets", "-", "--answers"])
            .arg(&answers)
            .arg("--root")
            .arg(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It waits for its secrets; until it catches signals there is nothing to send.
        let catches = || {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let caught =
                status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
            u64::from_str_radix(&caught, 16).unwrap() & 1 << 14 != 0
                && u64::from_str_radix(&caught, 16).unwrap() & 2 != 0
        };
        while !catches() {
            std::thread::yield_now();
        }
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(3), "{signal}");
    }
    assert!(!fs::read_to_string(root.join("etc/fstab")).unwrap().contains("noatime"));
}

/// All well is never said of what was not seen.
#[test]
fn an_empty_directory_is_no_host() {
    let dir = tempfile::tempdir().unwrap();
    let output = warden(&["audit", "--root", dir.path().to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("is this the root of a host?"), "{output:?}");
}

/// What is made up is shown to somebody, or nothing is changed.
#[test]
fn a_made_up_password_is_shown_on_a_terminal_once_and_nowhere_else() {
    let (dir, root) = tree("mr13.5");
    let config = root.join("etc/ngcp-config/config.yml");
    let before = fs::read(&config).unwrap();
    let template = text(&warden(&["answers", "--root", root.to_str().unwrap()], b"").stdout);
    let section = template.split("\npasswords:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let leave = |line: &str| match line.trim().split_once(": ") {
        Some(("soap", _)) => "  soap: generate\n".to_owned(),
        Some((key, _)) if !key.starts_with('#') => format!("  {key}: leave\n"),
        _ => String::new(),
    };
    let answers = dir.path().join("answers.yml");
    let lines: String = section.lines().map(leave).collect();
    fs::write(&answers, format!("schema: 1\npasswords:\n{lines}")).unwrap();
    let args = ["apply", "--root", root.to_str().unwrap(), "--answers", answers.to_str().unwrap()];
    let piped = warden(&args, b"");
    assert_eq!(piped.status.code(), Some(2), "{piped:?}");
    assert!(text(&piped.stderr).contains("--save-generated"), "{piped:?}");
    assert_eq!(fs::read(&config).unwrap(), before);
    let mut terminal = support::pty::Start::warden(&args).start();
    assert_eq!(terminal.end(), 0, "{}", terminal.contents());
    assert!(terminal.contents().contains("passwords.soap.password="), "{}", terminal.contents());
    assert_ne!(fs::read(&config).unwrap(), before);
}
