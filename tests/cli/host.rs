//! Which host is meant, and what of it gets out: the running host under every name, the demo, hostile text.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use serde_json::Value;

use crate::{evidence, text, tree, warden};

/// A host may hold anything: what a terminal would obey, or a reader would not see, is written out in every output.
#[test]
fn nothing_that_a_terminal_obeys_gets_out() {
    const HIDDEN: &str = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{2066}\u{200b}\u{200d}\u{feff}\u{ad}";
    let deceives = |c: char| c != '\n' && c != '\t' && ngcp_warden::finding::deceives(c);
    let (dir, root) = tree("mr3.8");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIAmJJjqY1kFBZEIFMmwpmTCXMFCC3rYOUCjJUSJuhEf";
    let below = |path: &str| root.join(path);
    fs::write(below("etc/hostname"), format!("spce{HIDDEN}\n")).unwrap();
    fs::write(below("root/.ssh/authorized_keys"), format!("{key} anna{HIDDEN}\n")).unwrap();
    let fstab = fs::read_to_string(below("etc/fstab")).unwrap();
    fs::write(below("etc/fstab"), format!("# {HIDDEN}\n{fstab}# {HIDDEN}\n")).unwrap();
    let config = fs::read_to_string(below("etc/ngcp-config/config.yml")).unwrap();
    fs::write(below("etc/ngcp-config/config.yml"), format!("# \u{202e}\u{200b}\n{config}")).unwrap();
    let answers = dir.path().join("answers.yml");
    fs::write(&answers, "schema: 1\nnoatime:\n  noatime: set\n").unwrap();
    let wrong = dir.path().join("wrong.yml");
    fs::write(&wrong, "schema: 1\nnoatime:\n  \"\\e\\u202e\": set\n").unwrap();
    let (root, answers, wrong) = (root.to_str().unwrap(), answers.to_str().unwrap(), wrong.to_str().unwrap());
    let (mut hidden, mut shown) = (0, 0);
    for args in [
        &["audit", "--root", root] as &[_],
        &["audit", "--root", root, "--format", "json"],
        &["answers", "--root", root],
        &["plan", "--root", root, "--answers", answers],
        &["plan", "--root", root, "--answers", answers, "--format", "json"],
        &["plan", "--root", root, "--answers", wrong],
        &["apply", "--root", root, "--answers", answers],
        &["history", "--root", root],
        &["history", "--root", root, "--format", "json"],
        &["show", "--root", root],
        &["show", "--root", root, "--format", "json"],
        &["undo", "--root", root, "--check"],
        &["undo", "--root", root, "--format", "json"],
        &["audit", "--root", root, HIDDEN.trim_start_matches('\u{1b}')],
        &["--root", root, HIDDEN],
        &["--plain", "--root", root],
    ] {
        let output = warden(args, b"1\n1\n1\n1\n");
        for stream in [&output.stdout, &output.stderr] {
            let said = text(stream);
            let bad: Vec<_> = said.lines().filter(|line| line.chars().any(deceives)).collect();
            assert!(bad.is_empty(), "{args:?}: {bad:?}");
            hidden += said.matches("\\u{202e}").count();
            if args.contains(&"json") {
                let exact: Value = serde_json::from_slice(&output.stdout).unwrap();
                shown += exact.to_string().matches('\u{202e}').count();
            }
        }
    }
    assert!(hidden > 3, "the host's text was not even told: {hidden}");
    assert!(shown > 2, "JSON does not say what is there: {shown}");
    let runs = fs::read_dir(Path::new(root).join("var/lib/ngcp-warden/runs")).unwrap();
    let reports = runs.map(|run| run.unwrap().path().join("report.txt"));
    let reports: Vec<String> = reports.map(|report| fs::read_to_string(report).unwrap()).collect();
    assert!(reports.len() == 2 && !reports.concat().contains(deceives), "{reports:?}");
}

/// The runs that are recorded on a machine are not the demo's: nothing of it is shown, ended or taken back there.
#[test]
fn the_demo_leaves_the_runs_of_this_machine_alone() {
    for command in ["history", "show", "undo", "attach", "leave", "confirm", "revert"] {
        let (before, behind) = (warden(&["--demo", command], b""), warden(&[command, "--demo"], b""));
        for output in [before, behind] {
            assert_eq!(output.status.code(), Some(2), "{command}: {output:?}");
            assert!(text(&output.stderr).contains("the demo keeps no runs"), "{command}: {output:?}");
            assert!(output.stdout.is_empty(), "{command}: {output:?}");
        }
    }
    for args in [
        &["--demo", "apply", "--continue"] as &[_],
        &["--demo", "undo", "20260101-000000", "--overwrite", "--confirm", "none"],
        &["--demo", "run-plan"],
        &["--demo", "restore-overdue"],
        &["--demo", "restore-on-silence", "20260101-000000"],
    ] {
        assert_eq!(warden(args, b"").status.code(), Some(2), "{args:?}");
    }
}

/// The running host is the running host under every name: there are logins to be cut off, and services.
#[test]
fn a_root_that_is_this_machine_is_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    symlink("/", &link).unwrap();
    let plain = warden(&["audit", "noatime", "support-access", "--format", "json"], b"");
    let live: Value = serde_json::from_slice(&plain.stdout).unwrap();
    let tree = evidence(&live, "SUPPORT-ACCESS-ENABLED");
    assert!(!tree.contains("tree"), "{tree}");
    for root in
        ["/", "//", "/.", "/../", "/etc/..", "/proc/self/root", "/proc/self/root/.", link.to_str().unwrap()]
    {
        let output = warden(&["audit", "noatime", "support-access", "--root", root, "--format", "json"], b"");
        let audit: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{root}: {e}"));
        assert_eq!(statuses(&audit), statuses(&live), "{root}");
    }
}

/// Mounts of the running host, and a tree that shares what is live with it.
#[test]
fn a_mount_of_this_machine_is_no_tree() {
    let dir = tempfile::tempdir().unwrap();
    let warden = env!("CARGO_BIN_EXE_ngcp-warden");
    let look = |source: &str, target: &str| {
        let target = dir.path().join(target);
        fs::create_dir_all(&target).unwrap();
        let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"";
        let audit = [warden, "audit", "noatime", "support-access", "--format", "json", "--root"];
        Command::new("unshare")
            .args(["--mount", "sh", "-c", script, "sh", source])
            .arg(&target)
            .args(audit)
            .arg(
                dir.path().join(target.file_name().filter(|name| *name == "bind").map_or("tree", |_| "bind")),
            )
            .output()
            .unwrap()
    };
    let live: Value = serde_json::from_slice(
        &crate::warden(&["audit", "noatime", "support-access", "--format", "json"], b"").stdout,
    )
    .unwrap();
    let bound = look("/", "bind");
    let audit: Value = serde_json::from_slice(&bound.stdout).unwrap_or_else(|e| panic!("{e}: {bound:?}"));
    assert_eq!(statuses(&audit), statuses(&live));
    let shared = look("/etc", "tree/etc");
    assert_eq!(shared.status.code(), Some(2), "{shared:?}");
    assert!(text(&shared.stderr).contains("/etc of the running host"), "{shared:?}");
}

fn statuses(audit: &Value) -> Vec<(String, String)> {
    let findings = audit["findings"].as_array().unwrap().iter();
    findings.map(|f| (f["id"].to_string(), format!("{} {}", f["status"], f["evidence"]))).collect()
}
