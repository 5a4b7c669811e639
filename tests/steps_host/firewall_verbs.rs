//! The verbs of `firewall`: what `status`, `repair` and `explain` say of a host. F08, F09.

use std::net::IpAddr;

use ngcp_warden::{
    executor::simulated::{Answer, Simulated},
    host::packet_filter::Protocol,
    plan::{CommandLine, Template},
    steps::{firewall_explain, firewall_repair, firewall_status},
};

use super::{
    firewall_findings::stored,
    firewall_host::{SOCKETS, STRANGER, host, legacy},
};

const RULES: &str = "-P INPUT DROP
-P FORWARD DROP
-P OUTPUT ACCEPT
-N rtpengine
-A INPUT -p udp -j rtpengine
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 1443 -j ACCEPT
-A rtpengine -p udp -j RTPENGINE --id 0
";

fn with_kernel(host: Simulated) -> Simulated {
    host.file("/proc/rtpengine/list", "0\n").file("/proc/rtpengine/0/list", "")
}

/// `iptables -F` of somebody else: the rule of rtpengine is gone, and our table with a flush of all.
#[test]
fn a_flush_by_somebody_else_is_noticed_and_what_repairs_it_is_known_f08() {
    let flushed = legacy(with_kernel(host("mr3.8", SOCKETS)), "-P INPUT ACCEPT\n", "-P INPUT ACCEPT\n")
        .on("iptables", |_, _| Answer::from("-P INPUT ACCEPT\n"))
        .on("ip6tables", |_, _| Answer::from("-P INPUT ACCEPT\n"))
        .on("iptables-restore", |_, _| "")
        .on("ip6tables-restore", |_, _| "")
        .file("/etc/ngcp-warden/firewall.json", stored(5060));
    let status = firewall_status(&flushed);
    let text = status.text();
    assert!(!status.well, "{text}");
    assert!(text.contains("NOT loaded, although they are stored"), "{text}");
    assert!(text.contains("RTPENGINE IPv4  MISSING") && text.contains("RTPENGINE IPv6  MISSING"), "{text}");
    let repair = firewall_repair(&flushed).unwrap();
    assert_eq!(repair.ours.as_deref(), Some("they are not loaded"));
    let whole = |command: &CommandLine| {
        format!("{command}\n{}", command.stdin.as_ref().map_or_else(String::new, Template::shown))
    };
    let commands: Vec<String> = repair.commands.iter().map(whole).collect();
    let [v4, v6] = &commands[..] else { panic!("{commands:?}") };
    assert!(v4.starts_with("iptables-restore --noflush") && v6.starts_with("ip6tables-restore --noflush"));
    assert!(
        v4.contains("-A rtpengine -p udp -j RTPENGINE --id 0")
            && v4.contains("-I INPUT 1 -p udp -j rtpengine"),
        "{v4}"
    );
    assert!(!v4.contains("-F"), "{v4}");

    let fine = legacy(with_kernel(host("mr3.8", SOCKETS)), RULES, RULES);
    assert!(firewall_repair(&fine).unwrap().is_empty());
}

/// The newer daemon does it itself, and is not restarted.
#[test]
fn a_newer_daemon_puts_its_rule_back_by_its_own_verb_f08() {
    let gone = with_kernel(host("mr13.5", SOCKETS)).on("rtpengine", |_, _| "");
    let repair = firewall_repair(&gone).unwrap();
    let commands: Vec<String> = repair.commands.iter().map(ToString::to_string).collect();
    assert_eq!(commands, ["rtpengine --config-file=/etc/rtpengine/rtpengine.conf --nftables-start"]);
    assert!(repair.rtpengine.unwrap().contains("IPv4: the rule is not there"));
}

/// rtpengine issue 1785: whoever relies on the policy is told that it is open.
#[test]
fn an_input_policy_that_was_opened_is_told_f09() {
    let opened = RULES.replace("-P INPUT DROP", "-P INPUT ACCEPT");
    let host = legacy(with_kernel(host("mr3.8", SOCKETS)), &opened, RULES)
        .file("/etc/iptables/rules.v4", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
    let status = firewall_status(&host);
    let text = status.text();
    assert!(!status.well && text.contains("IPv4: /etc/iptables/rules.v4 says DROP"), "{text}");
}

#[test]
fn a_packet_is_explained_with_the_rule_and_the_key_behind_the_port() {
    let host = legacy(host("mr3.8", SOCKETS), RULES, RULES);
    let ask = |from: &str, protocol, port, to: Option<&str>| {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        firewall_explain(&host, address(from), protocol, port, to.map(address)).map(|said| said.text())
    };
    let open = ask(STRANGER, Protocol::Udp, 5060, None).unwrap();
    assert!(open.starts_with("OPEN: 203.0.113.7 to 198.51.100.7 port 5060/udp\n"), "{open}");
    assert!(
        open.contains("--dport 5060") && open.contains("service sip, port from kamailio.lb.port"),
        "{open}"
    );
    let closed = ask(STRANGER, Protocol::Tcp, 1443, None).unwrap();
    assert!(closed.starts_with("CLOSED") && closed.contains("nginx listens there"), "{closed}");
    assert!(ask("10.1.2.3", Protocol::Tcp, 1443, None).unwrap().starts_with("OPEN"));
    assert!(ask("2001:db8:1::1", Protocol::Tcp, 1443, None).unwrap().contains("2001:db8::7"));
    let foreign = ask(STRANGER, Protocol::Tcp, 22, Some("192.0.2.1")).unwrap_err().to_string();
    assert!(foreign.contains("192.0.2.1 is no address of this host; it has 127.0.0.1"), "{foreign}");
    assert!(ask(STRANGER, Protocol::Tcp, 22, Some("2001:db8::7")).is_err());
}

#[test]
fn addresses_of_the_host_that_differ_are_told_apart() {
    let rules = RULES.to_owned() + "-A INPUT -d 192.0.2.9/32 -p tcp -m tcp --dport 443 -j ACCEPT\n";
    let host = legacy(host("mr3.8", SOCKETS), &rules, "").on("ip", |_, _| {
        "2: eth0    inet 198.51.100.7/24 scope global eth0\n3: eth1    inet 192.0.2.9/24 scope global eth1\n"
    });
    let said = firewall_explain(&host, STRANGER.parse().unwrap(), Protocol::Tcp, 443, None).unwrap().text();
    assert!(said.contains("CLOSED: 203.0.113.7 to 198.51.100.7 port 443/tcp"), "{said}");
    assert!(said.contains("OPEN: 203.0.113.7 to 192.0.2.9 port 443/tcp"), "{said}");
}

#[test]
fn what_cannot_be_read_is_no_good_state() {
    let blind = host("mr3.8", SOCKETS).on("nft", |_, _| Answer::code(1).error("Operation not permitted"));
    let status = firewall_status(&blind);
    assert!(!status.well && status.text().contains("cannot be seen: nft"), "{}", status.text());
    assert!(firewall_repair(&blind).is_err());
}
