//! Secrets of others, in every form in which people and programs write them: none reaches a screen, a plan, a journal.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use ngcp_warden::{
    plan::unified,
    secret::{Printed, hide_in_output, hide_values},
};

/// Never shown, wherever it stands.
const CANARY: &str = "hunter2canary";

/// One secret each, `§` stands for it.
const FORMS: &[&str] = &[
    "password: §",
    "pass = §",
    "db_pass: '§'",
    "  dbrwpw: \"§\"",
    "- password: §",
    "{user: root, password: §}",
    "login: {pw: §, port: 5}",
    "lang: {x: §}",
    "port: [5060, §]",
    "password: |\n  §\n  and more",
    "password: >-\n  §",
    "whatever: |\n  first\n  §",
    "password:\n  §",
    "other:\n  - §",
    "other:\n  'first part\n  §'",
    "passphrase: correct horse § staple",
    "api_key: §",
    "apikey=§",
    "API-KEY: §",
    "key: §",
    "token: §",
    "pin: §",
    "auth: §",
    "community: §",
    "unheard_of: §",
    "password: &anchor §",
    "password: !!str §",
    "? password\n: §",
    "\"password\": \"§\",",
    "{\"password\":\"§\"}",
    "password §",
    "machine db login root password §",
    "# old password: §",
    "#password=§",
    "lang: de # it was §",
    "<password>§</password>",
    "export MYSQL_PWD=§",
    "DB_PASSWORD=\"§\"",
    "--password=§",
    "mysqldump -p§ billing",
    "ALTER USER root IDENTIFIED BY '§';",
    "Authorization: Bearer §",
    "Authorization: Basic §",
    "mysql://root:§@localhost/billing",
    "url: https://x.example/?token=§",
    "url: https://root:§@x.example/",
    "dsn: dbi:mysql:billing;user=root;password=§",
    "admin:§",
    "//srv/share /mnt cifs username=x,password=§ 0 0",
    "UUID=1 /mnt ext4 defaults,password=§ 0 0",
    "command=\"backup --password §\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIAm anna",
    "SetEnv SECRET=§",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow§\n§Zz9\n-----END RSA PRIVATE KEY-----",
    "[% password = '§' %]",
    "secret: \"one\\\n  §\"",
];

fn secrets() -> impl Iterator<Item = String> {
    FORMS.iter().map(|form| form.replace('§', CANARY))
}

#[track_caller]
fn fine(what: &str, form: &str, shown: &str) {
    assert!(!shown.contains(CANARY), "{what} shows\n{form}\nas\n{shown}");
}

#[test]
fn there_are_enough_forms() {
    assert!(FORMS.len() > 26 && secrets().all(|form| form.contains(CANARY)));
}

#[test]
fn no_difference_shows_one() {
    for form in secrets() {
        let (old, new) = ("a: 1\nport: 1\nb: 1\n", format!("a: 1\n{form}\nport: 2\nb: 1\n"));
        fine("an added line", &form, &unified(old, &new));
        fine("a removed line", &form, &unified(&new, old));
        fine("a line beside", &form, &unified(&new, &new.replace("port: 2", "port: 3")));
        let indented: String = form.lines().map(|line| format!("+    {line}\n")).collect();
        fine("a line further in", &form, &hide_values(&format!("@@ -1 +1 @@\n{indented}")));
        let line = form.lines().find(|line| line.contains(CANARY)).unwrap();
        let git = format!(
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +3,4 @@ {line}\n-- {line}\n--- {line}\n+++ {line}\n"
        );
        let shown = hide_values(&git);
        fine("git's difference", &form, &shown);
        assert!(shown.contains("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +3,4 @@\n"), "{shown}");
    }
}

#[test]
fn no_program_tells_one() {
    for form in secrets() {
        for before in ["", "    ", "+", "-  "] {
            let mut printed = Printed::default();
            let text: String =
                form.lines().map(|line| printed.line(&format!("{before}{line}")) + "\n").collect();
            fine("a program", &form, &text);
        }
        fine("a reason", &form, &hide_in_output(&form));
    }
}

#[test]
fn where_something_changed_and_what_is_harmless_stays_readable() {
    let old = "kamailio:\n  lb:\n    port: '5060'\n    secret_thing: abc\n    children: 8 # many\n";
    let new = "kamailio:\n  lb:\n    port: '5062'\n    secret_thing: abd\n    children: 8 # many\n";
    assert_eq!(
        unified(old, new),
        "@@ -1,5 +1,5 @@\n kamailio:\n   lb:\n-    port: '5060'\n-    secret_thing: ‹hidden›\n\
         +    port: '5062'\n+    secret_thing: ‹hidden›\n     children: 8 # ‹hidden›\n"
    );
    for line in [
        "PermitRootLogin prohibit-password",
        "#PasswordAuthentication yes",
        "AllowUsers anna root@192.0.2.0/24",
        "UUID=5c0e /\text4\terrors=remount-ro,noatime 0 1",
        "tmpfs /tmp tmpfs defaults,noatime,size=10% 0 0",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIAmJJjqY1kFBZEIFMmwpmTCXMFCC3rYOUCjJUSJuhEf anna@example.org",
        "[mysqld]",
        "password='‹passwords.mysql.password›'",
        "password_min_length: '12'",
        "---",
    ] {
        assert_eq!(hide_values(&format!("+{line}\n")), format!("+{line}\n"));
    }
}

#[test]
fn what_a_program_says_of_its_work_stays_readable() {
    let changed: Vec<String> = [
        "2026-11-22 11:04:28 spce: OK:   branch master active",
        "2026-11-22 11:04:28 spce: Generating /etc/kamailio/lb/kamailio.cfg: OK",
        "2026-11-22 11:04:28 spce: Error: Uncommitted configuration files found.",
        "2026-11-22 11:04:29 spce: /etc/ngcp-config/templates/etc/nginx/a.services returned with error code, continuing anyway.",
        "fatal: $HOME not set",
        "file error - parse error - etc/ssh/sshd_config.tt2 line 5: unexpected token (=)",
        "[master 1a2b3c4] ngcp-warden: passwords, noatime via \"ngcpcfg apply\"",
        " 2 files changed, 3 insertions(+), 1 deletion(-)",
        "nginx: configuration file /etc/nginx/nginx.conf test failed",
        "Could not load host key: /etc/ssh/ssh_host_rsa_key",
        "Permission denied (publickey,password).",
        "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
        "sshd: no hostkeys available -- exiting.",
        "Job for nginx.service failed because the control process exited with error code.",
        "Main process exited, code=exited, status=1/FAILURE",
        "mount: /mnt: can't find UUID=5c0e-77.",
        "Support access successfully disabled.",
        "Setting up ngcp-support-noaccess (1.2.3) ...",
        "chpasswd: (user root) pam_chauthtok() failed, error: Authentication token manipulation error",
        "256 SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA root@spce (ED25519)",
        "listening on 0.0.0.0:1443 and [::]:1443",
        "password of root set",
    ]
    .iter()
    .filter(|line| hide_in_output(line) != **line)
    .map(|line| format!("{line}\n{}", hide_in_output(line)))
    .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n\n"));
}
