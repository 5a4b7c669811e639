use std::path::Path;

use super::{programs::*, *};
use crate::{
    executor::{Command, Executor, Quiet},
    secret::Secret,
};

fn run(host: &Simulated, program: &str, args: &[&str]) -> crate::executor::Exit {
    host.run(&Command::new(program, args.iter().copied()), &mut Quiet).unwrap()
}

#[test]
fn it_starts_with_the_faults_of_a_host_just_installed() {
    let host = host();
    let hash = host.files().text("/etc/shadow");
    let hash = hash.lines().next().unwrap().split(':').nth(1).unwrap();
    assert!(hash.starts_with("$y$"));
    assert!(host.files().text("/etc/fstab").contains("errors=remount-ro "));
    assert!(run(&host, "git", &["-C", "/etc/ngcp-config", "status", "--porcelain"]).text().is_empty());
    let config = host.files().text(CONFIG);
    assert!(config.lines().count() > 250);
    serde_yaml::from_str::<serde_yaml::Value>(&config).unwrap();
}

#[test]
fn a_changed_password_is_in_shadow_as_a_hash_only() {
    let host = host();
    let command = Command::new("chpasswd", [""; 0]).stdin(Secret::new("root:correct horse battery"));
    assert!(host.run(&command, &mut Quiet).unwrap().ok());
    let shadow = host.files().text(SHADOW);
    let hash = shadow.lines().next().unwrap().split(':').nth(1).unwrap();
    assert!(pwhash::unix::verify("correct horse battery", hash));
    let command = Command::new("chpasswd", [""; 0]).stdin(Secret::new("nobody-here:x"));
    assert!(!host.run(&command, &mut Quiet).unwrap().ok());
}

#[test]
fn both_profiles_can_be_set_without_losing_a_comment() {
    let host = host();
    for (option, expected) in
        [("--high-performance", "bufferpoolsize: 2G"), ("--low-performance", "bufferpoolsize: 64M")]
    {
        run(&host, "ngcp-toggle-performance-config", &[option]);
        let config = host.files().text(CONFIG);
        assert!(config.contains(expected), "{config}");
        serde_yaml::from_str::<serde_yaml::Value>(&config).unwrap();
    }
    assert!(host.files().text(CONFIG).contains("64M          # M or G, never a bare number"));
    let diff = run(&host, "git", &["-C", "/etc/ngcp-config", "diff"]).text();
    assert!(diff.contains("-    tcp_children: '8'\n+    tcp_children: '1'\n"), "{diff}");
    assert_eq!(run(&host, "ngcpcfg", &["apply"]).status, crate::executor::Status::Code(1));
    assert!(run(&host, "ngcpcfg", &["apply", "low profile"]).ok());
    assert!(run(&host, "git", &["-C", "/etc/ngcp-config", "status", "--porcelain"]).text().is_empty());
}

#[test]
fn support_packages_exclude_each_other_and_unknown_ones_are_not_found() {
    let host = host();
    assert!(run(&host, "apt-get", &["install", "-y", "ngcp-support-noaccess"]).ok());
    let status = host.files().text(DPKG_STATUS);
    assert!(status.contains("ngcp-support-noaccess") && !status.contains("ngcp-support-access"));
    assert!(!run(&host, "apt-get", &["install", "-y", "emacs"]).ok());
}

#[test]
fn a_remount_shows_in_mountinfo_and_can_be_taken_back() {
    let host = host();
    let before = host.files().text(MOUNTINFO);
    assert!(run(&host, "mount", &["-o", "remount,noatime", "/"]).ok());
    assert!(host.files().text(MOUNTINFO).contains(" / / rw,noatime shared:1 "));
    run(&host, "mount", &["-o", "remount,relatime", "/"]);
    assert_eq!(host.files().text(MOUNTINFO), before);
    assert!(!run(&host, "mount", &["-o", "remount,noatime", "/nowhere"]).ok());
    assert!(host.metadata(Path::new(MOUNTINFO)).is_ok());
}

#[test]
fn the_database_answers_who_may_log_in() {
    use crate::ngcp::database::{Database, Login, Saltedpass};
    let host = host();
    let database = Database::open(&host).unwrap();
    let logins = database.logins().unwrap();
    assert_eq!(logins.roots.iter().map(|row| &row.login).collect::<Vec<_>>(), [&Login::Socket]);
    assert!(logins.anonymous.is_empty());
    let admins = database.admins(database.admin_columns().unwrap().unwrap()).unwrap().read;
    assert_eq!(admins.len(), 1);
    assert!(admins[0].login == "administrator" && matches!(admins[0].saltedpass, Saltedpass::Shipped));
}
