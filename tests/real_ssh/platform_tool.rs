//! What the stand-in for the platform's tool does (`tests/support/ngcpcfg`), as the real one was seen to do it: mr3.8.13,
//! mr4.5.13, mr7.5.13, mr13.5.1 and mr26.0.1 were run on Debian 12. What is proven with it is worth as much as this page.

use std::{fs, path::Path};

use super::real_host::{RealHost, inside};

const FOLDER: &str = "/etc/ngcp-config";
const HTPASSWD: &str = "/etc/ngcp-config/templates/etc/nginx/htpasswd";

fn host(work: &Path, release: &str) -> RealHost {
    let host = RealHost::bare(work);
    host.write("/etc/init.d/nginx", 0o755, "#!/bin/sh\necho \"nginx: $1\" >>/run/nginx\n");
    host.configuration(release);
    host
}

/// As another release from now on.
fn becomes(host: &RealHost, release: &str) {
    host.write("/etc/ngcp_version", 0o644, &format!("{release}\n"));
}

/// Exit code and everything said by a call of the tool.
fn call(host: &RealHost, args: &[&str]) -> (i32, String) {
    told(&host.try_run(&[&["ngcpcfg"], args].concat(), b""))
}

fn told(output: &std::process::Output) -> (i32, String) {
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said.into_owned())
}

/// Somebody edits the template of the web server's password file.
fn edit(host: &RealHost, text: &str) {
    let template = fs::read_to_string(host.path(&format!("{HTPASSWD}.tt2"))).unwrap();
    host.write(&format!("{HTPASSWD}.tt2"), 0o644, &format!("# {text}\n{template}"));
}

/// What is not committed: in the configuration, and in /etc.
fn dirty(host: &RealHost) -> (String, String) {
    let status = |folder| host.run(&["git", "-C", folder, "status", "--porcelain"]);
    (status(FOLDER), status("/etc"))
}

fn last(host: &RealHost, folder: &str) -> String {
    host.run(&["git", "-C", folder, "log", "-1", "--format=%an: %s"]).trim().to_owned()
}

/// How often the web server was told something since this was asked last.
fn reloads(host: &RealHost) -> usize {
    let path = host.path("/run/nginx");
    let told = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(path);
    told.lines().count()
}

fn generated(host: &RealHost) -> String {
    fs::read_to_string(host.path("/etc/nginx/htpasswd")).unwrap()
}

#[test]
fn without_home_an_apply_dies_after_build_and_services_on_every_release() {
    let test = "platform_tool::without_home_an_apply_dies_after_build_and_services_on_every_release";
    let Some(work) = inside(test) else { return };
    let host = host(&work, "mr3.8.13");
    for release in ["mr3.8.13", "mr4.5.13", "mr7.5.13", "mr13.5.1", "mr26.0.1"] {
        becomes(&host, release);
        call(&host, &["apply", "release"]);
        reloads(&host);
        edit(&host, release);
        let (code, said) = told(&host.run_with(&[], &["ngcpcfg", "apply", "x"], b""));
        assert!(code == 128 && said.contains("$HOME not set"), "{release}: {code} {said}");
        assert_eq!(reloads(&host), 1, "{release}");
        let (ours, etc) = dirty(&host);
        assert!(ours.contains("htpasswd.tt2") && etc.contains("nginx/htpasswd"), "{release}: {ours}{etc}");
        assert!(generated(&host).contains(release));
    }
}

#[test]
fn an_apply_commits_everything_and_reloads_what_differs_from_the_last_commit() {
    let test = "platform_tool::an_apply_commits_everything_and_reloads_what_differs_from_the_last_commit";
    let Some(work) = inside(test) else { return };
    let host = host(&work, "mr13.5.1");
    reloads(&host);
    assert_eq!(call(&host, &["apply", "nothing"]).0, 0);
    assert_eq!(reloads(&host), 0, "nothing differs");

    // Somebody else's work goes along, and the messages tell the release.
    host.write(&format!("{FOLDER}/somebody.txt"), 0o644, "x");
    edit(&host, "one");
    let (code, said) = call(&host, &["apply", "ours"]);
    assert!(code == 0 && said.contains(" spce: OK\n"), "{said}");
    assert_eq!(dirty(&host), (String::new(), String::new()));
    assert_eq!(host.run(&["git", "-C", FOLDER, "ls-files", "somebody.txt"]), "somebody.txt\n");
    assert_eq!(last(&host, "/etc"), "ngcp-config: ours via \"ngcpcfg apply\"");
    assert_eq!(last(&host, FOLDER), "ngcp-config: ours");
    assert_eq!(reloads(&host), 1);
    let modes = fs::read_to_string(host.path(&format!("{FOLDER}/.ngcpcfg_perms"))).unwrap();
    assert!(
        modes.contains("maybe chmod 0660 'config.yml'") && modes.contains("0600 'constants.yml'"),
        "{modes}"
    );
    assert_eq!(
        host.run(&["stat", "-c", "%a %U:%G", "/etc/ngcp-config/config.yml"]),
        "660 root:_ngcp-admin\n"
    );
    assert_eq!(host.run(&["stat", "-c", "%a", "/etc/nginx/htpasswd"]), "444\n");

    // It fails before its commit; the old configuration is put back and applied: nothing is told to the daemon.
    let (template, before) = (format!("{HTPASSWD}.tt2"), generated(&host));
    let old = fs::read_to_string(host.path(&template)).unwrap();
    edit(&host, "two");
    host.tool("commit-fails", true);
    assert_eq!(call(&host, &["apply", "two"]).0, 1);
    assert_eq!(reloads(&host), 1, "the new one is running");
    host.tool("commit-fails", false);
    host.write(&template, 0o644, &old);
    assert_eq!(call(&host, &["apply", "back"]).0, 0);
    assert_eq!(
        (generated(&host), reloads(&host)),
        (before, 0),
        "the file is back, the daemon runs on with the new"
    );

    // Lists of several files are appended.
    host.write(
        &format!("{FOLDER}/config.local.yml"),
        0o660,
        "ossbss:\n  htpasswd:\n  - user: more\n    pass: '{SHA}x'\n",
    );
    assert_eq!(call(&host, &["apply", "lists"]).0, 0);
    assert!(generated(&host).contains("ngcpsoap:{SHA}") && generated(&host).ends_with("\nmore:{SHA}x\n"));
}

#[test]
fn each_way_it_can_fail_is_that_of_its_release() {
    let test = "platform_tool::each_way_it_can_fail_is_that_of_its_release";
    let Some(work) = inside(test) else { return };
    let host = host(&work, "mr13.5.1");
    let before = generated(&host);

    // A template that cannot be read.
    host.tool("template-broken", true);
    let (code, said) = call(&host, &["apply", "--dry-run"]);
    assert!(code == 1 && said.contains("Error: Build errors detected"), "{said}");
    assert!(!host.path("/etc/nginx/htpasswd.ngcpcfg-new").exists(), "a dry run builds elsewhere");
    let (code, said) = call(&host, &["apply", "x"]);
    assert!(
        code == 1 && said.contains("Error: Cannot process template") && said.contains("FAILED"),
        "{said}"
    );
    assert!(host.path("/etc/nginx/htpasswd.ngcpcfg-new").exists() && generated(&host) == before);
    fs::remove_file(host.path("/etc/nginx/htpasswd.ngcpcfg-new")).unwrap();
    becomes(&host, "mr7.5.13");
    assert_eq!(call(&host, &["apply", "x"]).0, 1);
    assert!(!host.path("/etc/nginx/htpasswd.ngcpcfg-new").exists() && generated(&host) == before);
    becomes(&host, "mr4.5.13");
    edit(&host, "old");
    let (code, said) = call(&host, &["apply", "x"]);
    assert!(code == 0 && said.contains(": Generating /etc/nginx/htpasswd: OK"), "{said}");
    assert!(generated(&host).starts_with("file error - "), "the error is the content");
    assert!(last(&host, FOLDER).starts_with("ngcp-config: x ["), "{}", last(&host, FOLDER));
    host.tool("template-broken", false);
    becomes(&host, "mr13.5.1");
    assert_eq!(call(&host, &["apply", "good again"]).0, 0);

    // A script that fails is a warning; the queue that fails ends all before the commit.
    edit(&host, "script");
    host.tool("script-fails", true);
    let (code, said) = call(&host, &["apply", "script"]);
    let words =
        format!("Warning: INSTANCE_NAME= {HTPASSWD}.services returned with error code, continuing anyway.");
    assert!(code == 0 && said.contains(&words), "{said}");
    host.tool("script-fails", false);
    edit(&host, "queue");
    host.tool("queue-run-fails", true);
    assert_eq!(call(&host, &["apply", "queue"]).0, 1);
    assert!(dirty(&host).0.contains("htpasswd.tt2"), "committed");
    host.tool("queue-run-fails", false);

    // The database's complaint ends nothing; its grants end it after both commits, since mr26.0 before the services.
    host.tool("noise", true);
    let (code, said) = call(&host, &["apply", "noise"]);
    assert!(code == 0 && said.contains("\n                     Error: Could not determine"), "{said}");
    host.tool("noise", false);
    host.tool("grants-fail", true);
    edit(&host, "grants");
    assert_eq!(call(&host, &["apply", "grants"]).0, 1);
    assert_eq!(dirty(&host), (String::new(), String::new()));
    becomes(&host, "mr26.0.1");
    edit(&host, "grants first");
    reloads(&host);
    assert_eq!((call(&host, &["apply", "grants"]).0, reloads(&host)), (1, 0));
    assert!(dirty(&host).0.contains("htpasswd.tt2"));
    host.tool("grants-fail", false);

    // No message and something to commit; a word it does not know.
    let (code, said) = call(&host, &["apply"]);
    assert!(code == 1 && said.contains("Error: Uncommitted configuration files found."), "{said}");
    assert_eq!(call(&host, &["frobnicate"]).0, 1);
    assert_eq!(call(&host, &["help"]).0, 0);
}

#[test]
fn one_s_own_template_is_made_anew_where_there_is_a_patch() {
    let test = "platform_tool::one_s_own_template_is_made_anew_where_there_is_a_patch";
    let Some(work) = inside(test) else { return };
    let host = host(&work, "mr13.5.1");
    let patch = "--- a\n+++ b\n@@ -1,1 +1,2 @@\n+# from the patch\n [% FOREACH user IN ossbss.htpasswd -%]\n";
    host.write(&format!("{HTPASSWD}.patchtt.tt2"), 0o644, patch);
    host.write(&format!("{HTPASSWD}.customtt.tt2"), 0o644, "edited here\n");
    assert_eq!(call(&host, &["apply", "patch"]).0, 0);
    assert!(generated(&host).starts_with("# from the patch\nngcpsoap:"), "{}", generated(&host));
    let own = fs::read_to_string(host.path(&format!("{HTPASSWD}.customtt.tt2"))).unwrap();
    assert!(!own.contains("edited here"));
}
