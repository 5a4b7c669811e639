use proptest::prelude::*;

use super::*;
use crate::executor::simulated::Simulated;

const OLD: &str = include_str!("../../../tests/corpus/ngcp-mr3.8.yml");
const NEW: &str = include_str!("../../../tests/corpus/ngcp-mr13.5.yml");

fn config(text: &str) -> Config {
    Config::read(&Simulated::new().file("/etc/ngcp-config/config.yml", text)).unwrap()
}

fn on(text: &str, version: &str) -> Vec<String> {
    let all = services(&config(text), Version::parse(version), Ok(&[22]));
    all.iter()
        .map(|one| {
            let ports: Vec<String> = one.ports.iter().map(Ports::to_string).collect();
            let on = one.on.map_or("", |on| if on { " on" } else { " off" });
            assert_eq!(one.fault, None, "{}", one.name);
            format!("{} {}{on} {}", one.name, ports.join(","), one.key.as_deref().unwrap_or("-"))
        })
        .collect()
}

#[test]
fn the_table_of_the_handbook_has_the_ports_of_each_release() {
    assert_eq!(
        on(OLD, "mr3.8.3"),
        [
            "csc 443/tcp www_admin.http_csc.port",
            "sip 5060/udp,5060/tcp on kamailio.lb.port",
            "sip-tls 5061/tcp off kamailio.lb.tls.port",
            "rtp 30000-40000/udp rtpproxy.minport",
            "xcap 1080/tcp on nginx.xcap_port",
            "xmpp 5222/tcp,5269/tcp -",
            "ssh 22/tcp sshd.port",
            "admin 1443/tcp www_admin.http_admin.port",
            "provisioning 2443/tcp on ossbss.apache.port",
        ]
    );
    let new = on(NEW, "mr13.5.1");
    assert!(new.contains(&"rtp 30000-44999/udp rtpengine.minport".to_owned()), "{new:?}");
    assert!(new.contains(&"provisioning 2443/tcp off ossbss.apache.port".to_owned()), "{new:?}");
    assert!(!new.iter().any(|one| one.starts_with("xcap") || one.starts_with("pbx")), "{new:?}");
    let more = "pbx: {enable: yes}\nwww_admin: {http_system: {port: '1442'}}\nnginx: {xcap_port: 1081}\n";
    let all = on(more, "mr13.5.1");
    for one in [
        "pbx 1444/tcp,1445/tcp on autoprov.server.port",
        "system 1442/tcp www_admin.http_system.port",
        "xcap 1081/tcp off nginx.xcap_port",
    ] {
        assert!(all.contains(&one.to_owned()), "{one}: {all:?}");
    }
}

/// What is switched on by another key than its own, and what overrides config.yml, counts.
#[test]
fn options_that_switch_a_service_on_are_read_where_they_are_merged() {
    let host = Simulated::new()
        .file("/etc/ngcp-config/config.yml", "kamailio: {lb: {port: 5060, tls: {enable: no, port: 5061}}}\n")
        .file("/etc/ngcp-config/config.local.yml", "kamailio: {lb: {port: 5080, tls: {enable: yes}}}\n");
    let all = services(&Config::read(&host).unwrap(), None, Err("nobody asked"));
    let find = |name: &str| all.iter().find(|one| one.name == name).unwrap();
    assert_eq!(find("sip").ports[0].to_string(), "5080/udp");
    assert_eq!(find("sip-tls").on, Some(true));
    assert_eq!((find("ssh").ports.len(), find("ssh").fault.as_deref()), (0, Some("nobody asked")));
}

#[test]
fn what_is_no_port_is_a_fault_that_names_key_value_and_what_to_write_f17() {
    for (value, is) in [
        ("0", "'0'"),
        ("65536", "'65536'"),
        ("'5060,5061'", "'5060,5061'"),
        ("[5060, 5061]", "a list"),
        ("{a: 1}", "a section"),
        ("yes", "'yes'"),
        ("''", "empty"),
        ("", "empty"),
        ("~", "empty"),
        ("1-70000", "'1-70000'"),
        ("-1", "'-1'"),
        ("05060", "'05060'"),
        ("0x13C4", "'0x13C4'"),
        ("5_060", "'5_060'"),
        ("5060.0", "'5060.0'"),
        ("' 5060'", "' 5060'"),
        ("'٥٠٦٠'", "'٥٠٦٠'"),
        ("99999999999999999999", "'99999999999999999999'"),
    ] {
        let all = services(&config(&format!("kamailio: {{lb: {{port: {value}}}}}\n")), None, Ok(&[22]));
        let sip = all.iter().find(|one| one.name == "sip").unwrap();
        assert_eq!(sip.ports, [], "{value}");
        let said = "a port is a number from 1 to 65535; write one, such as 5060";
        assert_eq!(sip.fault.as_deref(), Some(&*format!("kamailio.lb.port is {is}: {said}")), "{value}");
    }
    let range = "rtpengine: {minport: 40000, maxport: 30000}\n";
    let all = services(&config(range), None, Ok(&[22]));
    let rtp = all.iter().find(|one| one.name == RTP).unwrap();
    assert_eq!(rtp.ports, []);
    let fault = rtp.fault.as_deref().unwrap();
    assert!(
        fault.starts_with("rtpengine.maxport is '30000': that is less than rtpengine.minport"),
        "{fault}"
    );
}

#[test]
fn what_must_never_be_reached_is_known_by_its_port() {
    for (port, name) in [(3306, "MariaDB"), (6379, "Redis"), (5038, "Asterisk manager")] {
        let one = usual(Protocol::Tcp, port).unwrap();
        assert!(one.never && one.name == name, "{port}");
    }
    assert!(usual(Protocol::Udp, 3306).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A value is a port exactly when it is written as one.
    #[test]
    fn no_value_is_bent_into_a_port_f17(text in "[0-9,yesno ~+.x'-]{0,7}") {
        let quoted = format!("kamailio: {{lb: {{port: '{}'}}}}\n", text.replace('\'', "''"));
        let all = services(&config(&quoted), None, Ok(&[22]));
        let sip = all.iter().find(|one| one.name == "sip").unwrap();
        let is = text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text);
        prop_assert_eq!(sip.fault.is_none(), is);
        prop_assert_eq!(sip.ports.is_empty(), !is);
    }
}
