//! The firewall's questions: what an answers file may say, on which hosts, and what is refused.

use std::fmt::Write;

use ngcp_warden::{
    executor::simulated::Simulated,
    secret::Secrets,
    steps::{Answers, Form, find},
    unattended::AnswersFile,
};

use super::super::{hosts, inspect, plan_with};

fn form(host: &Simulated) -> Form {
    find("firewall").unwrap().form(&inspect("firewall", host)).unwrap()
}

/// What a file says, as the answers to the questions of this host.
fn fit(host: &Simulated, text: &str) -> Result<Answers, String> {
    let file =
        AnswersFile::parse(&format!("schema: 1\nfirewall:\n{text}")).map_err(|why| format!("{why:#}"))?;
    file.fit("firewall", &form(host), &Secrets::default()).map_err(|why| format!("{why:#}"))
}

/// One file for a fleet: old and new releases, with and without a switch, whatever listens.
#[test]
fn one_file_fits_every_release_and_the_sample_host() {
    let text = "  rules: leave\n  sip-bans: leave\n";
    let more = "  rules: set\n  trusted:\n    - 192.0.2.0/24\n    - \"2001:db8::/32\"\n  csc: everyone\n  xcap: nobody\n  \
                sip-tls: everyone\n  pbx: nobody\n  listener.9100-tcp: trusted\n  extra-everyone:\n    - 8443/tcp\n  \
                extra-trusted: []\n  logging: on\n  rtp-tracking: off\n  safe-start: off\n  rtpengine: repair\n  watch: off\n  \
                sip-bans: leave\n  confirm-within: 90\n";
    for host in [hosts::load("mr3.8"), hosts::load("mr13.5"), ngcp_warden::demo::host()] {
        fit(&host, text).unwrap();
    }
    let demo = ngcp_warden::demo::host();
    let answers = fit(&demo, more).unwrap();
    assert_eq!(answers.networks("trusted").unwrap().map(<[_]>::len), Some(2));
    find("firewall").unwrap().plan(&inspect("firewall", &demo), &answers).unwrap();
}

/// A service is left out of a file where the proposal is meant.
#[test]
fn what_is_left_out_is_as_it_is_proposed() {
    let demo = ngcp_warden::demo::host();
    let answers = fit(&demo, "  rules: set\n  trusted: [192.0.2.0/24]\n").unwrap();
    assert_eq!(answers.choice("ssh").unwrap(), Some("trusted"));
    assert_eq!(answers.choice("sip").unwrap(), Some("everyone"));
    assert_eq!(answers.choice("listener.3306-tcp").unwrap(), Some("nobody"));
}

#[test]
fn a_thousand_networks_are_taken() {
    let mut text = "  rules: set\n  trusted:\n".to_owned();
    for number in 0..1000 {
        let _ = writeln!(text, "    - \"2001:db8:{number:x}::/48\"");
    }
    let answers = fit(&ngcp_warden::demo::host(), &text).unwrap();
    assert_eq!(answers.networks("trusted").unwrap().map(<[_]>::len), Some(1000));
}

#[test]
fn what_is_no_network_and_no_port_is_named_with_its_line() {
    let demo = ngcp_warden::demo::host();
    for (text, said) in [
        (
            "  rules: set\n  trusted:\n    - 192.0.2.0/24\n    - 10.0.0.5/8\n",
            ["line 6", "write 10.0.0.5 or 10.0.0.0/8"],
        ),
        ("  rules: set\n  trusted: [office]\n", ["line 4", "no address or network"]),
        ("  rules: set\n  trusted: []\n  extra-everyone: [0/tcp]\n", ["line 5", "from 1 to 65535"]),
        ("  rules: set\n  trusted: []\n  extra-trusted: [\"8443\"]\n", ["line 5", "write 8443/tcp"]),
        ("  rules: set\n  trusted: []\n  extra-trusted: [9-8/udp]\n", ["line 5", "ends before it begins"]),
        ("  rules: set\n  trusted: []\n  ssh: no\n", ["line 5", "everyone, trusted, nobody"]),
        ("  rules: native\n", ["line 3", "is not one of set, leave, remove"]),
        ("  rules: set\n", ["firewall.trusted", "is missing"]),
    ] {
        let why = fit(&demo, text).unwrap_err();
        assert!(said.iter().all(|part| why.contains(part)), "{text}: {why}");
    }
}

/// The commonest accident of all: nobody gets in any more.
#[test]
fn rules_that_close_ssh_for_everybody_are_refused_with_the_key() {
    let demo = ngcp_warden::demo::host();
    let seen = inspect("firewall", &demo);
    let why = |answers: &[(&str, &str)]| format!("{:#}", plan_with("firewall", &seen, answers).unwrap_err());
    let said = why(&[("trusted", "")]);
    assert!(said.contains("firewall.trusted") && said.contains("nobody could log in over SSH"), "{said}");
    let said = why(&[("ssh", "nobody")]);
    assert!(said.contains("firewall.ssh") && said.contains("last-way: console"), "{said}");
    // Who sits at the console may say so.
    assert!(!plan_with("firewall", &seen, &[("ssh", "nobody"), ("last-way", "console")]).unwrap().is_empty());
}

/// A port that is none: no rule is loaded for anything, and the key is named.
#[test]
fn a_port_of_config_yml_that_is_none_stops_the_plan() {
    for port in ["0", "65536", "70000", "5060,5061", "[5060, 5061]", "yes", "~", "1-70000", "-1", "0x13c4"] {
        let demo = ngcp_warden::demo::host();
        demo.edit(|files| {
            let text = files.text("/etc/ngcp-config/config.yml");
            assert!(text.contains("    port: '5060'\n"));
            files.write(
                "/etc/ngcp-config/config.yml",
                text.replace("    port: '5060'\n", &format!("    port: {port}\n")),
            );
        });
        let seen = inspect("firewall", &demo);
        let why = format!("{:#}", plan_with("firewall", &seen, &[]).unwrap_err());
        assert!(why.contains("firewall.sip") && why.contains("kamailio.lb.port"), "{port}: {why}");
        assert!(!plan_with("firewall", &seen, &[("sip", "nobody")]).unwrap().is_empty(), "{port}");
    }
}
