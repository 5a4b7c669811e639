//! The kernel's own target of rtpengine beside our rules: what another firewall takes away comes back, and what was
//! closed stays closed.

use super::{host::fresh_with, machine::Machine};

const FROM_NETWORK: &str = include_str!("from-network.sh");
const CONFIG: &str = include_str!("../hosts/mr3.8/etc/ngcp-config/config.yml");
const RTPENGINE: &str = include_str!("../hosts/mr3.8/etc/default/ngcp-rtpengine-daemon");
const ANSWERS: &str = "schema: 1\nfirewall:\n  rules: set\n  trusted: [192.0.2.0/24, 198.51.7.0/24]\n";
const TARGETS: &str =
    "iptables -I INPUT -p udp -j RTPENGINE --id 0 && ip6tables -I INPUT -p udp -j RTPENGINE --id 0";

/// F04, F08, F09, F10: without a word the power brings the old state back; confirmed rules outlive a restart, a flush
/// takes the real target away, and INPUT is opened by somebody.
#[test]
fn rules_outlive_a_restart_and_the_target_of_rtpengine_comes_back() {
    let mut machine = fresh_with(&[
        ("/etc/ngcp-config/config.yml", 0o640, CONFIG),
        ("/etc/ngcp_version", 0o644, "mr3.8.3\n"),
        ("/etc/default/ngcp-rtpengine-daemon", 0o644, RTPENGINE),
        ("/usr/local/bin/from-network", 0o755, FROM_NETWORK),
        ("/root/firewall.yml", 0o644, ANSWERS),
    ]);
    machine.starts_media_and_a_database();
    assert!(machine.reaches("stranger", 3306) && machine.reaches("stranger", 22), "to begin with");

    let run = machine.apply_until_it_waits("/root/firewall.yml --confirm-within 3600");
    assert!(!machine.reaches("stranger", 3306) && !machine.reaches("stranger", 22));
    assert!(machine.reaches("office", 22), "a trusted network");
    assert!(machine.first_rule("iptables").contains("RTPENGINE"));
    let mut machine = machine.cut_power().boot();
    machine.shell.until(&format!("ngcp-warden history | grep '^{run} .* failed '"));
    machine.starts_media_and_a_database();
    assert!(machine.reaches("stranger", 3306), "nobody confirmed it");
    assert_eq!(machine.shell.ok("ls -A /etc/ngcp-warden 2>/dev/null || true"), "", "nothing is stored");

    machine.apply_until_it_waits("/root/firewall.yml --confirm-within 3600");
    machine.shell.ok("from-elsewhere ngcp-warden confirm");
    let (code, said) = machine.end();
    assert_eq!(code, 0, "{said}");
    let (code, said) = machine.shell.run("ngcp-warden firewall status");
    assert_eq!(code, 0, "{said}");

    machine.shell.ok("iptables -F && ip6tables -F");
    let (code, said) = machine.shell.run("ngcp-warden firewall status");
    assert!(code == 1 && said.contains("RTPENGINE"), "{code}: {said}");
    let (code, said) = machine.shell.run("ngcp-warden firewall repair");
    assert_eq!(code, 0, "{said}");
    for program in ["iptables", "ip6tables"] {
        let first = machine.first_rule(program);
        assert!(first.contains("rtpengine") || first.contains("RTPENGINE"), "{program}: {first}");
        let all = machine.shell.ok(&format!("{program}-save"));
        assert_eq!(all.matches("-j RTPENGINE --id 0").count(), 1, "{all}");
    }
    machine.shell.ok("iptables -P INPUT DROP && iptables -P INPUT ACCEPT");
    assert!(!machine.reaches("stranger", 3306) && machine.reaches("office", 22));

    let mut machine = machine.cut_power().boot();
    machine.starts_media_and_a_database();
    assert!(!machine.reaches("stranger", 3306) && machine.reaches("office", 22), "after a restart");
    assert_eq!(machine.shell.ok("systemctl list-units --failed --no-legend"), "", "a unit failed");
    machine.undo("");
    assert!(machine.reaches("stranger", 3306));
    assert!(machine.first_rule("iptables").contains("RTPENGINE"));
}

impl Machine {
    /// What rtpengine does when it starts, and something that listens where MariaDB would.
    fn starts_media_and_a_database(&mut self) {
        self.shell
            .ok(&format!("modprobe xt_RTPENGINE && echo 'add 0' >/proc/rtpengine/control && {TARGETS}"));
        self.shell.ok("(setsid systemd-socket-activate -l 3306 /bin/cat >/dev/null 2>&1 &)");
        self.shell.until("ss -ltn | grep -q ':3306 '");
    }

    /// Whether a connection from that network to that port of the host is made.
    fn reaches(&mut self, network: &str, port: u16) -> bool {
        let number = if network == "office" { 7 } else { 8 };
        self.opens(&format!("from-network {network} {number} {port}"))
    }

    /// The first rule of INPUT.
    fn first_rule(&mut self, program: &str) -> String {
        self.shell.ok(&format!("{program} -S INPUT | sed -n 2p"))
    }
}
