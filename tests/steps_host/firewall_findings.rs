//! Findings of the firewall, failing and passing: who gets through, what lasts, rtpengine's rule. F10, F12, F15 to F17.

use ngcp_warden::{
    executor::{World, simulated::Simulated},
    finding::{Severity, Status},
};

use super::{
    super::{empty_host, finding, hosts, inspect, status},
    firewall_host::{SOCKETS, host, legacy, nft},
};

/// Rules that somebody made by hand: rtpengine's rule first, services for all, administration for one network.
const CLOSED: &str = "-P INPUT DROP
-P FORWARD DROP
-P OUTPUT ACCEPT
-N rtpengine
-A INPUT -p udp -j rtpengine
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 5060 -j ACCEPT
-A INPUT -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -p udp -m udp --dport 30000:40000 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 1443 -j ACCEPT
-A rtpengine -p udp -j RTPENGINE --id 0
";

fn closed(v4: &str) -> Simulated {
    legacy(host("mr3.8", SOCKETS), v4, v4)
}

#[test]
fn a_fresh_installation_is_open_and_every_finding_says_where() {
    let seen = inspect("firewall", &host("mr3.8", SOCKETS));
    for id in ["FIREWALL-OFF", "FIREWALL-IPV6-OPEN", "FIREWALL-ADMIN-OPEN", "FIREWALL-RTPENGINE-MISSING"] {
        assert_eq!(status(&seen, id), Some(Status::Fail), "{id}: {:?}", finding(&seen, id));
    }
    let admin = finding(&seen, "FIREWALL-ADMIN-OPEN");
    assert!(admin.evidence.contains("admin 1443 tcp (www_admin.http_admin.port)"), "{}", admin.evidence);
    let database = finding(&seen, "FIREWALL-EXPOSED-LISTENER-3306");
    assert_eq!((database.status, database.severity), (Status::Fail, Severity::Critical));
    assert!(database.evidence.contains("0.0.0.0:3306/tcp mysqld"), "{}", database.evidence);
    assert_eq!(status(&seen, "FIREWALL-EXPOSED-LISTENER-6379"), None, "it listens on loopback only");
    for id in ["FIREWALL-SERVICE-BLOCKED", "FIREWALL-PORTS", "FIREWALL-CONFLICT", "FIREWALL-SIP-BANS-OFF"] {
        assert_eq!(status(&seen, id), Some(Status::Pass), "{:?}", finding(&seen, id));
    }
    for id in ["FIREWALL-NOT-PERSISTENT", "FIREWALL-DRIFT", "FIREWALL-RTPENGINE-ORDER"] {
        assert_eq!(status(&seen, id), Some(Status::NotApplicable), "{id}");
    }
}

#[test]
fn rules_that_let_in_what_should_pass_and_a_restart_that_loses_them_fails() {
    let seen = inspect("firewall", &closed(CLOSED));
    for id in [
        "FIREWALL-OFF",
        "FIREWALL-IPV6-OPEN",
        "FIREWALL-ADMIN-OPEN",
        "FIREWALL-SERVICE-BLOCKED",
        "FIREWALL-EXPOSED-LISTENER",
        "FIREWALL-EXPOSED-LISTENER-3306",
        "FIREWALL-RTPENGINE-ORDER",
    ] {
        assert_eq!(status(&seen, id), Some(Status::Pass), "{:?}", finding(&seen, id));
    }
    let lost = finding(&seen, "FIREWALL-NOT-PERSISTENT");
    assert_eq!(lost.status, Status::Fail);
    let kept = closed(CLOSED).file("/etc/iptables/rules.v4", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
    kept.edit(|files| {
        files.link(
            "/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service",
            "/lib/systemd/system/netfilter-persistent.service",
        );
    });
    let seen = inspect("firewall", &kept);
    assert_eq!(status(&seen, "FIREWALL-NOT-PERSISTENT"), Some(Status::Pass));
    let conflict = finding(&seen, "FIREWALL-CONFLICT");
    assert_eq!(conflict.status, Status::Fail, "it flushes rtpengine's rule when it is reloaded");
    assert!(conflict.evidence.contains("netfilter-persistent loads /etc/iptables/rules.v4"), "{conflict:?}");
}

#[test]
fn a_service_of_which_a_part_is_closed_is_blocked() {
    let half = CLOSED.replace("30000:40000", "30000:35000").replace("--dport 443 ", "--dport 8443 ");
    let seen = inspect("firewall", &closed(&half));
    let rtp = finding(&seen, "FIREWALL-SERVICE-BLOCKED-RTP");
    assert_eq!(rtp.status, Status::Fail);
    assert!(rtp.evidence.contains("35001/udp: nobody"), "{}", rtp.evidence);
    assert_eq!(status(&seen, "FIREWALL-SERVICE-BLOCKED-CSC"), Some(Status::Fail));
    assert_eq!(status(&seen, "FIREWALL-SERVICE-BLOCKED-SIP"), Some(Status::Pass));
}

/// What hangs on what nobody told is unknown, and never a pass.
#[test]
fn what_the_rules_leave_to_chance_is_no_pass() {
    let rate = CLOSED.replace(
        "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22",
        "-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --name DEFAULT --mask 255.255.255.255 --rsource",
    );
    let seen = inspect("firewall", &closed(&rate));
    assert_eq!(status(&seen, "FIREWALL-ADMIN-OPEN-SSH"), Some(Status::Unknown), "{:?}", seen.items);
    assert_eq!(status(&seen, "FIREWALL-ADMIN-OPEN-ADMIN"), Some(Status::Pass));
}

#[test]
fn rtpengines_rule_is_named_missing_doubled_late_or_of_another_table_f10() {
    let rule = "-A rtpengine -p udp -j RTPENGINE --id 0\n";
    let jump = "-A INPUT -p udp -j rtpengine\n";
    let late = CLOSED.replace(jump, "") + jump;
    let direct = CLOSED.replace(jump, "-A INPUT -p udp -j RTPENGINE --id 0\n");
    for (name, rules, missing, order, word) in [
        ("chain", CLOSED.to_owned(), Status::Pass, Status::Pass, ""),
        ("direct", direct.clone(), Status::Pass, Status::Pass, ""),
        ("chain without the rule", CLOSED.replace(rule, ""), Status::Fail, Status::NotApplicable, ""),
        ("no jump", CLOSED.replace(jump, ""), Status::Fail, Status::NotApplicable, ""),
        ("late", late, Status::Pass, Status::Fail, "RELATED,ESTABLISHED"),
        ("doubled", CLOSED.replace(jump, &jump.repeat(2)), Status::Pass, Status::Fail, "2 times"),
        ("other table", CLOSED.replace("--id 0", "--id 3"), Status::Pass, Status::Fail, "of table 3"),
    ] {
        let seen = inspect("firewall", &closed(&rules));
        let found = finding(&seen, "FIREWALL-RTPENGINE-MISSING");
        // The kernel of this host knows no table: what is there may not be used.
        let expected = if missing == Status::Pass { Status::Unknown } else { missing };
        assert_eq!(found.status, expected, "{name}: {found:?}");
        let found = finding(&seen, "FIREWALL-RTPENGINE-ORDER");
        assert_eq!(found.status, order, "{name}: {found:?}");
        assert!(found.evidence.contains(word), "{name}: {found:?}");
    }
    let used = closed(CLOSED).file("/proc/rtpengine/list", "0\n").file("/proc/rtpengine/0/list", "");
    assert_eq!(status(&inspect("firewall", &used), "FIREWALL-RTPENGINE-MISSING"), Some(Status::Pass));
    let only_v6 = legacy(host("mr3.8", SOCKETS), &CLOSED.replace(jump, ""), CLOSED);
    let seen = inspect("firewall", &only_v6);
    assert_eq!(status(&seen, "FIREWALL-RTPENGINE-MISSING-IPV4"), Some(Status::Fail));
    assert_eq!(status(&seen, "FIREWALL-RTPENGINE-ORDER-IPV6"), Some(Status::Pass));
}

/// The daemon's own rules in nft, as nft prints what it does not know.
#[test]
fn rtpengines_rule_in_nft_is_found_by_what_nft_can_print_f10() {
    let rules = |family: &str, mark: &str| {
        format!(
            r#"{{"table": {{"family": "{family}", "name": "filter", "handle": 1}}}},
            {{"chain": {{"family": "{family}", "table": "filter", "name": "rtpengine_0", "handle": 2}}}},
            {{"chain": {{"family": "{family}", "table": "filter", "name": "INPUT", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}}}},
            {{"rule": {{"family": "{family}", "table": "filter", "chain": "rtpengine_0", "handle": 4, "comment": "{mark}", "expr": [{{"continue": null}}]}}}},
            {{"rule": {{"family": "{family}", "table": "filter", "chain": "INPUT", "handle": 3, "expr": [
                {{"match": {{"op": "==", "left": {{"payload": {{"protocol": "{family}", "field": "{field}"}}}}, "right": "udp"}}}},
                {{"jump": {{"target": "rtpengine_0"}}}}]}}}}"#,
            field = if family == "ip" { "protocol" } else { "nexthdr" },
        )
    };
    for (mark, order) in [
        ("rtpengine UDP handler table 0", Status::Pass),
        ("rtpengine UDP handler", Status::Pass),
        ("rtpengine UDP handler table 7", Status::Fail),
    ] {
        let json = format!(r#"{{"nftables": [{}, {}]}}"#, rules("ip", mark), rules("ip6", mark));
        let words = |family: &str, field: &str| {
            format!(
                "table {family} filter {{ # handle 1\n\tchain rtpengine_0 {{ # handle 2\n\t\tcontinue comment \"{mark}\" # handle 4\n\t}}\n\n\
                 \tchain INPUT {{ # handle 1\n\t\ttype filter hook input priority filter; policy accept;\n\
                 \t\t{family} {field} udp jump rtpengine_0 # handle 3\n\t}}\n}}\n"
            )
        };
        let text = words("ip", "protocol") + &words("ip6", "nexthdr");
        let host = host("mr13.5", SOCKETS).on("nft", nft(&json, &text));
        let seen = inspect("firewall", &host);
        let found = finding(&seen, "FIREWALL-RTPENGINE-ORDER");
        assert_eq!(found.status, order, "{mark}: {found:?}");
    }
}

/// Two filters: each lists half of it, and what one lets in the other may drop.
#[test]
fn nft_and_legacy_rules_side_by_side_are_told_and_both_count_f12() {
    let accept = r#"{"nftables": [
        {"table": {"family": "inet", "name": "t", "handle": 1}},
        {"chain": {"family": "inet", "table": "t", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "t", "chain": "input", "handle": 2, "expr": [
            {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 1443}}, {"accept": null}]}}]}"#;
    let both = closed(CLOSED).on("nft", nft(accept, ""));
    let seen = inspect("firewall", &both);
    let conflict = finding(&seen, "FIREWALL-CONFLICT");
    assert_eq!(conflict.status, Status::Fail);
    assert!(
        conflict.evidence.contains("inet t input (priority 0)")
            && conflict.evidence.contains("iptables-legacy filter INPUT (priority 0)"),
        "{conflict:?}"
    );
    assert_eq!(status(&seen, "FIREWALL-ADMIN-OPEN"), Some(Status::Pass), "the drop of the other one counts");
    // Nothing is closed because nft alone would close it.
    let open = legacy(
        host("mr3.8", SOCKETS),
        "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n",
        "",
    )
    .on("nft", nft(accept, ""));
    assert_eq!(status(&inspect("firewall", &open), "FIREWALL-ADMIN-OPEN"), Some(Status::Fail));
}

/// The SSH server on another port: the service has the port of the server and not that of the handbook.
#[test]
fn the_ports_of_ssh_are_those_of_the_server_f15() {
    let mut sockets = SOCKETS.to_vec();
    sockets[0] = ("tcp", "198.51.100.7", 2222, "sshd");
    let moved = legacy(host("mr3.8", &sockets), CLOSED, CLOSED)
        .on("sshd", |_, _| "port 2222\nlistenaddress 198.51.100.7:2222\n");
    let seen = inspect("firewall", &moved);
    let found: Vec<&str> = seen
        .items
        .iter()
        .filter(|one| one.evidence.contains("ssh 2222 tcp"))
        .map(|one| one.id.as_str())
        .collect();
    assert!(found.iter().any(|id| id.starts_with("FIREWALL-ADMIN-OPEN")), "{:?}", seen.items);
    let opened = legacy(
        host("mr3.8", &sockets),
        &CLOSED.replace("-s 10.0.0.0/8 -p tcp -m tcp --dport 22 ", "-p tcp -m tcp --dport 2222 "),
        CLOSED,
    );
    let seen = inspect("firewall", &opened.on("sshd", |_, _| "port 2222\n"));
    assert_eq!(status(&seen, "FIREWALL-ADMIN-OPEN-SSH"), Some(Status::Fail));
}

/// What our rules were made from, as it is stored beside them.
pub(crate) fn stored(sip: u16) -> String {
    let one = |name: &str, who: &str, protocol: &str, port: u16| {
        format!(r#""{name}": ["{who}", [{{"protocol": "{protocol}", "from": {port}, "to": {port}}}]]"#)
    };
    let sip = format!(
        r#""sip": ["everyone", [{{"protocol": "tcp", "from": {sip}, "to": {sip}}}, {{"protocol": "udp", "from": {sip}, "to": {sip}}}]]"#
    );
    let services = [sip, one("ssh", "trusted", "tcp", 22)].join(", ");
    format!(
        r#"{{"schema": 1, "backend": "nft", "wanted": {{"services": {{{services}}}, "trusted": ["10.0.0.0/8"], "extra": [[], []],
            "ssh": [22], "untracked": [], "logging": false, "safe_start": false}}}}"#
    )
}

#[test]
fn a_port_that_changed_after_the_rules_were_made_is_told_with_both_f16() {
    let drifted = host("mr3.8", SOCKETS).file("/etc/ngcp-warden/firewall.json", stored(5080));
    let found = inspect("firewall", &drifted);
    let drift = finding(&found, "FIREWALL-DRIFT");
    assert_eq!(drift.status, Status::Fail);
    assert!(
        drift.evidence.contains("sip (kamailio.lb.port) is 5060 udp,tcp now, the rules have 5080 tcp,udp"),
        "{drift:?}"
    );
}

#[test]
fn a_port_that_is_none_is_told_and_what_is_behind_it_is_unknown_f17() {
    let broken = host("mr3.8", SOCKETS);
    broken.edit(|files| {
        let text =
            files.text("/etc/ngcp-config/config.yml").replace("    port: 5060\n", "    port: '5060,5061'\n");
        files.write("/etc/ngcp-config/config.yml", text);
    });
    let seen = inspect("firewall", &broken);
    let ports = finding(&seen, "FIREWALL-PORTS");
    assert_eq!(ports.status, Status::Fail);
    assert!(
        ports.evidence.contains("SIP: kamailio.lb.port is '5060,5061': a port is a number from 1 to 65535"),
        "{ports:?}"
    );
}

#[test]
fn where_nothing_can_be_seen_everything_is_unknown_with_the_reason() {
    let tree = hosts::load("mr3.8").with_world(World::Tree);
    let container = host("mr13.5", SOCKETS).file("/run/systemd/container", "lxc\n");
    let blind = host("mr3.8", SOCKETS).on("nft", |_, _| {
        ngcp_warden::executor::simulated::Answer::code(1).error("Operation not permitted (you must be root)")
    });
    for (host, why) in [
        (tree, "directory tree"),
        (container, "container"),
        (blind, "Operation not permitted"),
        (empty_host(), "nft is not on this host"),
    ] {
        let seen = inspect("firewall", &host);
        for id in [
            "FIREWALL-OFF",
            "FIREWALL-IPV6-OPEN",
            "FIREWALL-ADMIN-OPEN",
            "FIREWALL-SERVICE-BLOCKED",
            "FIREWALL-EXPOSED-LISTENER",
            "FIREWALL-NOT-PERSISTENT",
            "FIREWALL-CONFLICT",
            "FIREWALL-DRIFT",
            "FIREWALL-RTPENGINE-MISSING",
            "FIREWALL-RTPENGINE-ORDER",
        ] {
            let found = finding(&seen, id);
            assert_eq!(found.status, Status::Unknown, "{why}: {found:?}");
            assert!(found.evidence.contains(why), "{why}: {found:?}");
        }
    }
}

#[test]
fn sip_bans_that_are_off_are_told() {
    let off = host("mr3.8", SOCKETS);
    off.edit(|files| {
        let text =
            files.text("/etc/ngcp-config/config.yml").replace("dos_ban_enable: yes", "dos_ban_enable: no");
        files.write("/etc/ngcp-config/config.yml", text);
    });
    let found = inspect("firewall", &off);
    let bans = finding(&found, "FIREWALL-SIP-BANS-OFF");
    assert_eq!(bans.status, Status::Fail);
    assert!(bans.evidence.contains("no ban for floods"), "{bans:?}");
}

/// SIP over TLS is switched off there.
#[test]
fn what_listens_on_the_port_of_a_service_that_is_off_is_told() {
    let sockets = [SOCKETS, &[("tcp", "0.0.0.0", 5061, "python3")]].concat();
    let seen = inspect("firewall", &host("mr3.8", &sockets));
    let other = finding(&seen, "FIREWALL-EXPOSED-LISTENER-SIP-TLS");
    assert_eq!(other.status, Status::Fail);
    assert!(other.evidence.contains("5061") && other.evidence.contains("python3"), "{}", other.evidence);
}
