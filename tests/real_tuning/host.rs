//! A sip:provider CE whose MariaDB and kamailio are real: templates, services, and what the kernel tells of them.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::debian::{feed, must, write};

pub(crate) const CONFIG: &str = "/etc/ngcp-config/config.yml";
pub(crate) const TEMPLATES: &str = "/etc/ngcp-config/templates/etc";
const DATABASE: &str = "[mysqld]\nuser=mysql\ndatadir=/var/lib/mysql\nsocket=/run/mysqld/mysqld.sock\npid-file=/run/mysqld/mysqld.pid\n\
    skip-networking\nlog-bin=/var/lib/mysql/bin\nlog-error=/var/log/mariadb.log\ninnodb-flush-method=fsync\n\
    innodb-flush-log-at-trx-commit=0\nsync-binlog=0\ninnodb_buffer_pool_size=[% database.bufferpoolsize %]\n";
/// What both have: routes that use workers, shared memory and transactions.
const KAMAILIO: &str = r##"#!KAMAILIO
debug=0
log_stderror=no
auto_aliases=no
dns=no
rev_dns=no
children=CHILDREN
tcp_children=TCP
listen=udp:127.0.0.1:PORT
listen=tcp:127.0.0.1:PORT
MORE_SOCKETS
loadmodule "ctl.so"
loadmodule "kex.so"
loadmodule "cfg_rpc.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "htable.so"
modparam("ctl", "binrpc", "unix:/run/kamailio/kamailio.NAME_ctl")
modparam("htable", "htable", "kept=>size=14;")
MODPARAMS
request_route {
    if (is_method("MESSAGE")) { $sht(kept=>$ci) = $rb; sl_send_reply("200", "OK"); exit; }
    route(NUMBERS);
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("INVITE")) { t_newtran(); t_reply("486", "Busy"); exit; }
    sl_send_reply("200", "OK");
}
"##;
const PROXY_PARAMETERS: &str = r#"modparam("registrar", "default_expires", [% kamailio.proxy.default_expires %])
modparam("registrar", "min_expires", [% kamailio.proxy.min_expires %])
modparam("registrar", "max_expires", [% kamailio.proxy.max_expires %])
modparam("usrloc", "nat_bflag", 6)
modparam("nathelper", "sipping_bflag", 7)
modparam("nathelper", "sipping_from", "sip:pinger@127.0.0.1")
modparam("nathelper", "natping_interval", [% kamailio.proxy.natping_interval %])
modparam("nathelper", "natping_processes", [% kamailio.proxy.natping_processes %])"#;
/// As the platform starts them; nobody buries here what has ended.
const SERVICE: &str = r#"#!/bin/sh
### BEGIN INIT INFO
# Provides: NAME
# Required-Start:
# Required-Stop:
# Default-Start: 2
# Default-Stop: 0
### END INIT INFO
pid=PIDFILE
runs() { [ -s $pid ] && grep -q '^State:[[:space:]]*[^Z]' "/proc/$(cat $pid)/status" 2>/dev/null; }
start() {
  runs && return 0
  START
}
stop() {
  runs || return 0
  kill "$(cat $pid)"
  while runs; do sleep 0.05; done
  rm -f $pid
}
case "$1" in
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  status) runs && echo runs ;;
esac
"#;
const START_KAMAILIO: &str = ". /etc/default/kamailio.NAME
  install -d -o kamailio -g kamailio /run/kamailio
  mkdir -p /var/log/ngcp
  setsid /usr/sbin/kamailio -P $pid -f /etc/kamailio/NAME/kamailio.cfg -m $SHM_MEMORY -M $PKG_MEMORY -u kamailio -g kamailio -DD -E \\
    >>/var/log/ngcp/kamailio-NAME.log 2>&1 </dev/null &
  started=$!
  while kill -0 $started 2>/dev/null; do kamcmd -s unix:/run/kamailio/kamailio.NAME_ctl core.version >/dev/null 2>&1 && return 0; sleep 0.05; done
  return 1";
const START_DATABASE: &str = "install -d -o mysql /run/mysqld
  setsid mariadbd --defaults-file=/etc/mysql/my.cnf >/dev/null 2>&1 </dev/null &
  for i in $(seq 300); do mariadb-admin --no-defaults -uroot ping >/dev/null 2>&1 && return 0; sleep 0.1; done
  return 1";

/// A kamailio of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// The load balancer, on two UDP sockets.
    Lb,
    /// The proxy, on one.
    Proxy,
}

impl Proxy {
    pub(crate) const BOTH: [Proxy; 2] = [Proxy::Lb, Proxy::Proxy];

    pub(crate) fn name(self) -> &'static str {
        ["lb", "proxy"][self as usize]
    }

    /// Its UDP sockets on loopback; the first is one of TCP as well.
    pub(crate) fn ports(self) -> &'static [u16] {
        [&[5060, 5070][..], &[5062]][self as usize]
    }

    /// Its answer to a question.
    pub(crate) fn ask(self, question: &[&str]) -> String {
        let socket = format!("unix:/run/kamailio/kamailio.{}_ctl", self.name());
        must("kamcmd", &[&["-s", &socket], question].concat())
    }

    /// How many of its processes say that they are such: `udp receiver`.
    pub(crate) fn count(self, what: &str) -> usize {
        self.ask(&["core.ps"]).lines().filter(|line| line.trim().starts_with(what)).count()
    }

    /// What it wrote into its log.
    pub(crate) fn log(self) -> String {
        fs::read_to_string(format!("/var/log/ngcp/kamailio-{}.log", self.name())).unwrap_or_default()
    }

    /// Its processes.
    pub(crate) fn pids(self) -> Vec<u32> {
        let mark = format!("kamailio.{}.pid", self.name());
        processes(|line| line.starts_with("/usr/sbin/kamailio") && line.contains(&mark))
    }

    fn template(self) -> String {
        let (children, parameters, more) = match self {
            Proxy::Lb => ("[% kamailio.lb.udp_children %]", "", "listen=udp:127.0.0.1:5070"),
            Proxy::Proxy => ("[% kamailio.proxy.children %]", PROXY_PARAMETERS, ""),
        };
        KAMAILIO
            .replace("CHILDREN", children)
            .replace("TCP", &format!("[% kamailio.{}.tcp_children %]", self.name()))
            .replace("PORT", &self.ports()[0].to_string())
            .replace("MORE_SOCKETS", more)
            .replace("MODPARAMS", parameters)
            .replace("NAME", self.name())
            + &numbers()
    }
}

/// 160 conditions: of the platform's own configuration, which is not public, this much at least.
fn numbers() -> String {
    let one = |n: usize| {
        format!(
            "    if ($ru =~ \"^sip:{n}.*@\" && $fU != \"{n}\") {{ $avp(a{n}) = $fU + \"{n}\"; xlog(\"L_DBG\", \"{n} $ru $fU $ci\"); }}\n"
        )
    };
    format!("route[NUMBERS] {{\n{}}}\n", (0..160).map(one).collect::<String>())
}

/// The machine; the test stands in it.
pub(crate) struct Machine;

impl Machine {
    /// Everything runs with the values of the sample host's config.yml after these edits: `("shm_mem: '64'", "shm_mem: 32")`.
    pub(crate) fn start(edits: &[(&str, &str)]) -> Self {
        let mut config = include_str!("../hosts/mr13.5/etc/ngcp-config/config.yml").to_owned();
        for (from, to) in edits {
            assert_eq!(config.matches(from).count(), 1, "{from}");
            config = config.replace(from, to);
        }
        for (name, mode, text) in [
            ("config.yml", 0o660, config.as_str()),
            ("network.yml", 0o660, include_str!("../hosts/mr13.5/etc/ngcp-config/network.yml")),
            ("constants.yml", 0o600, include_str!("../hosts/mr13.5/etc/ngcp-config/constants.yml")),
            ("maintenance.yml", 0o660, "---\ngeneral:\n  maintenance: no\n"),
        ] {
            write(&format!("/etc/ngcp-config/{name}"), mode, text);
        }
        let tool = include_str!("../support/ngcpcfg");
        for program in ["ngcpcfg", "ngcp-service"] {
            write(&format!("/usr/sbin/{program}"), 0o755, tool);
        }
        write("/etc/ngcp_version", 0o644, "mr13.5.1\n");
        write("/etc/default/ngcp-roles", 0o644, "NGCP_TYPE=\"spce\"\n");
        write("/etc/.gitignore", 0o644, "ngcp-config\n*-\n");
        platform();
        for folder in ["/etc/ngcp-config", "/etc"] {
            must("git", &["-C", folder, "init", "-q", "-b", "master"]);
            must("git", &["-C", folder, "config", "user.name", "t"]);
            must("git", &["-C", folder, "config", "user.email", "t@t"]);
        }
        must("git", &["-C", "/etc/ngcp-config", "add", "-A"]);
        must("git", &["-C", "/etc/ngcp-config", "commit", "-q", "-m", "first"]);
        must(
            "mariadb-install-db",
            &["--no-defaults", "--user=mysql", "--auth-root-authentication-method=normal"],
        );
        let applied = Command::new("ngcpcfg").args(["apply", "first"]).env("HOME", "/root").output().unwrap();
        assert!(applied.status.success(), "{applied:?}");
        for name in ["mariadb", "kamailio-lb", "kamailio-proxy"] {
            service(name, "start");
        }
        for proxy in Proxy::BOTH {
            assert!(proxy.ask(&["core.version"]).contains("kamailio"), "{proxy:?}");
        }
        Machine
    }

    /// SQL as root over the socket.
    pub(crate) fn sql(&self, script: &str) -> String {
        let output = feed("mariadb", &["--no-defaults", "-uroot", "-BN"], script.as_bytes());
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Templates and services.
fn platform() {
    // Debian's own, which nobody starts here, are none of the platform's services.
    for name in ["kamailio", "mariadb"] {
        let _ = fs::remove_file(format!("/etc/init.d/{name}"));
    }
    let template = |path: &str, text: &str, service: &str| {
        write(&format!("{TEMPLATES}/{path}.tt2"), 0o644, text);
        write(&format!("{TEMPLATES}/{path}.services"), 0o644, &format!("ngcp-service {service} restart\n"));
    };
    let script = |service: &str, pid: &str, start: &str| {
        let text = SERVICE.replace("START", start).replace("PIDFILE", pid).replace("NAME", service);
        write(&format!("/etc/init.d/{service}"), 0o755, &text);
    };
    let _ = fs::remove_dir_all("/etc/mysql");
    template("mysql/my.cnf", DATABASE, "mariadb");
    script("mariadb", "/run/mysqld/mysqld.pid", START_DATABASE);
    for proxy in Proxy::BOTH {
        let (name, service) = (proxy.name(), format!("kamailio-{}", proxy.name()));
        template(&format!("kamailio/{name}/kamailio.cfg"), &proxy.template(), &service);
        let memory =
            format!("SHM_MEMORY=[% kamailio.{name}.shm_mem %]\nPKG_MEMORY=[% kamailio.{name}.pkg_mem %]\n");
        template(&format!("default/kamailio.{name}"), &memory, &service);
        let start = START_KAMAILIO.replace("NAME", name);
        script(&service, &format!("/run/kamailio/kamailio.{name}.pid"), &start);
    }
}

/// Tells a service; a daemon that stays keeps none of our pipes.
pub(crate) fn service(name: &str, verb: &str) {
    let mut told = Command::new("service");
    told.args([name, verb]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    told.status().unwrap();
}

/// Processes with such a command line, in order.
pub(crate) fn processes(is_one: impl Fn(&str) -> bool) -> Vec<u32> {
    let numbers =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let line = |pid: &u32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut found: Vec<u32> =
        numbers.filter(|pid| is_one(&String::from_utf8_lossy(&line(pid)).replace('\0', " "))).collect();
    found.sort_unstable();
    found
}

/// MB that these processes take together, what they share counted once, as the kernel counts it.
pub(crate) fn pss(pids: &[u32]) -> f64 {
    let one = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap().to_owned();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap()
    };
    pids.iter().map(one).sum::<f64>() / 1024.0
}
