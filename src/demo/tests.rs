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

#[test]
fn the_table_that_nft_was_given_is_listed_until_it_is_removed() {
    const RULES: &str = "add table inet ngcp_warden\ndelete table inet ngcp_warden\ntable inet ngcp_warden {\n  \
        set armed {\n    type nf_proto\n    flags timeout\n    elements = { ipv4 timeout 60s, ipv6 timeout 60s }\n  }\n  \
        set trusted4 {\n    type ipv4_addr\n    flags interval\n    elements = { 192.0.2.7, 198.51.100.0/24 }\n  }\n  \
        chain input {\n    type filter hook input priority 10; policy accept;\n    # who\n    \
        tcp flags & (fin | syn | rst | ack) != syn accept\n    icmp type { 3, 8 } accept\n    \
        ip saddr @trusted4 tcp dport { 22, 8000-8010 } accept comment \"ssh\"\n    meta nfproto @armed drop\n  }\n}\n";
    let host = host();
    let list = ["-nnn", "-s", "list", "table", "inet", "ngcp_warden"];
    assert!(!run(&host, "nft", &list).ok());
    let load = |rules: &str| {
        let command = Command::new("nft", ["-f", "-"]).stdin(Secret::new(rules));
        assert!(host.run(&command, &mut Quiet).unwrap().ok());
    };
    load(RULES);
    assert_eq!(
        crate::host::packet_filter::listing::difference(&run(&host, "nft", &list).text(), RULES),
        None
    );
    let ruleset: serde_json::Value =
        serde_json::from_str(&run(&host, "nft", &["-j", "list", "ruleset"]).text()).unwrap();
    let things = ruleset["nftables"].as_array().unwrap();
    let rules: Vec<_> = things.iter().filter(|one| one["rule"]["table"] == "ngcp_warden").collect();
    assert_eq!(rules.len(), 4);
    let ssh = serde_json::json!([
        {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@trusted4"}},
        {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
            "right": {"set": [22, {"range": [8000, 8010]}]}}},
        {"accept": null},
    ]);
    assert_eq!(rules[2]["rule"]["expr"], ssh);
    assert!(run(&host, "nft", &["-s", "-a", "list", "ruleset"]).text().contains("xt target \"RTPENGINE\""));
    load("add table inet ngcp_warden\ndelete table inet ngcp_warden\n");
    assert!(!run(&host, "nft", &list).ok());
}
