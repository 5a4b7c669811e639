//! A sip:provider CE whose nginx and kamailio-lb are real and get their settings from config.yml by an apply, with the
//! certificate of the image on every port; a test CA that the host trusts, and clients that look at the wire.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::real_host::{RealHost, run};

pub(crate) const CONFIG: &str = "/etc/ngcp-config/config.yml";
pub(crate) const FOLDER: &str = "/etc/ngcp-config/shared-files/ssl";
/// Admin web, customer web, SOAP, SIP over TLS.
pub(crate) const PORTS: [u16; 4] = [1443, 443, 2443, 5061];

const TEMPLATES: &str = "/etc/ngcp-config/templates/etc";
const NGINX: &str = "user www-data;\nworker_processes 1;\npid /run/nginx.pid;\nevents {}\nhttp {\n  access_log off;\n  error_log \
    /var/log/nginx/error.log;\n  include /etc/nginx/sites-enabled/*.conf;\n}\n";
const LB: &str = "#!KAMAILIO\n#!define TLS_[% kamailio.lb.tls.enable %]\ndebug=0\nlog_stderror=no\nfork=yes\nchildren=1\ntcp_children=1\n\
    auto_aliases=no\ndns=no\nrev_dns=no\nlisten=udp:127.0.0.1:5060\n#!ifdef TLS_yes\nenable_tls=yes\n\
    listen=tls:127.0.0.1:[% kamailio.lb.tls.port %]\nloadmodule \"tls.so\"\nmodparam(\"tls\", \"config\", \"/etc/kamailio/lb/tls.cfg\")\n\
    #!endif\nrequest_route { exit; }\n";
const LB_TLS: &str = "[server:default]\nmethod = [% kamailio.lb.tls.tls_method %]\nverify_certificate = no\nrequire_certificate = no\n\
    private_key = [% kamailio.lb.tls.sslcertkeyfile %]\ncertificate = [% kamailio.lb.tls.sslcertfile %]\n";
/// Started as the platform does it: plain SIP is down, too, where it does not take its files. A file below /run lets it
/// refuse every certificate but the image's. One that does not end when asked is killed; nobody buries it here.
const LB_SERVICE: &str = r#"#!/bin/sh
### BEGIN INIT INFO
# Provides: kamailio-lb
# Required-Start:
# Required-Stop:
# Default-Start: 2
# Default-Stop: 0
### END INIT INFO
pid=/run/kamailio/lb.pid
runs() { [ -s $pid ] && grep -q '^State:[[:space:]]*[^Z]' "/proc/$(cat $pid)/status" 2>/dev/null; }
start() {
  runs && return 0
  install -d -o kamailio -g kamailio /run/kamailio
  [ ! -e /run/lb-refuses ] || grep -q myserver.crt /etc/kamailio/lb/tls.cfg || return 1
  kamailio -f /etc/kamailio/lb/kamailio.cfg -P $pid -u kamailio -g kamailio -m 32 -M 4 >/var/log/lb.log 2>&1
}
stop() {
  runs || return 0
  kill "$(cat $pid)"
  left=100
  while runs; do
    left=$((left - 1))
    [ $left -gt 0 ] || kill -9 "-$(cat $pid)"
    sleep 0.05
  done
  rm -f $pid
}
echo "lb: $1" >>/var/log/lb
case "$1" in
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  status) runs && echo runs ;;
esac
"#;

pub(crate) struct Machine {
    pub(crate) host: RealHost,
    /// Where the test CA and what it signs lie, outside of the host.
    pub(crate) work: PathBuf,
}

impl Machine {
    pub(crate) fn start(work: &Path) -> Self {
        let machine = Machine::before_its_first_start(work);
        machine.platform(true);
        machine
    }

    /// The same, as images ship it: without SIP over TLS.
    pub(crate) fn start_without_tls_for_sip(work: &Path) -> Self {
        let machine = Machine::before_its_first_start(work);
        machine.platform(false);
        machine
    }

    fn before_its_first_start(work: &Path) -> Self {
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        let machine = Machine { host: RealHost::bare(work), work: work.to_owned() };
        let host = &machine.host;
        fs::write("/proc/sys/kernel/hostname", "spce").unwrap();
        host.write("/etc/hostname", 0o644, "spce\n");
        host.write("/etc/hosts", 0o644, "127.0.0.1 localhost\n127.0.1.1 sip.example.net spce\n");
        for argv in [
            &["groupadd", "-f", "ssl-cert"][..],
            &["usermod", "-aG", "ssl-cert", "www-data"],
            &["usermod", "-aG", "ssl-cert", "kamailio"],
            &["install", "-d", "-m", "0750", "-g", "ssl-cert", FOLDER],
        ] {
            host.run(argv);
        }
        machine.authority();
        machine.image();
        machine
    }

    /// A root and an intermediate below it, and the root among those that the host trusts.
    fn authority(&self) {
        let ca = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n";
        self.sign("root", "root", &["rsa:2048"], &format!("{ca}subjectKeyIdentifier=hash\n"));
        self.sign("intermediate", "root", &["rsa:2048"], &format!("{ca}authorityKeyIdentifier=keyid\n"));
        let root = fs::read_to_string(self.work.join("root.crt")).unwrap();
        self.host.write("/etc/ssl/certs/test-root.pem", 0o644, &root);
        self.host.run(&["openssl", "rehash", "/etc/ssl/certs"]);
    }

    /// The certificate that every installation has, in all places.
    fn image(&self) {
        let host = &self.host;
        for (name, subject) in
            [("myserver", "/C=AT/O=Sipwise GmbH/CN=Sipwise GmbH"), ("api_ca", "/O=api/CN=api")]
        {
            let (certificate, key) = (format!("{FOLDER}/{name}.crt"), format!("{FOLDER}/{name}.key"));
            let new = [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "900", "-subj", subject,
            ];
            host.run(&[&new[..], &["-keyout", &key, "-out", &certificate]].concat());
            host.run(&["chgrp", "ssl-cert", &key]);
            host.run(&["chmod", "0640", &key]);
        }
    }

    fn platform(&self, sip_tls: bool) {
        let host = &self.host;
        let config = include_str!("../hosts/mr13.5/etc/ngcp-config/config.yml");
        let tls = "    tls:\n      enable: no\n";
        assert!(config.contains(tls));
        let on = if sip_tls { tls.replace("no", "yes") } else { tls.to_owned() };
        host.write(CONFIG, 0o660, &config.replace(tls, &on));
        let site = |section: &str| {
            format!(
                "server {{\n  listen [% {section}.port %] ssl;\n  server_name [% {section}.servername %];\n  \
                 ssl_certificate [% {section}.sslcertfile %];\n  ssl_certificate_key [% {section}.sslcertkeyfile %];\n  \
                 ssl_protocols [% nginx.ssl_protocols %];\n  return 204;\n}}\n"
            )
        };
        let sites = ["www_admin.http_admin", "www_admin.http_csc", "ossbss.apache"].map(site).concat();
        host.write("/etc/nginx/nginx.conf", 0o644, NGINX);
        host.write("/etc/init.d/kamailio-lb", 0o755, LB_SERVICE);
        // Debian's own, which nobody starts here, is none of the platform's services.
        fs::remove_file(host.path("/etc/init.d/kamailio")).unwrap();
        for (name, text, told) in [
            ("nginx/sites-enabled/ngcp.conf", sites.as_str(), "ngcp-service nginx reload\n"),
            ("kamailio/lb/kamailio.cfg", LB, "ngcp-service kamailio-lb restart\n"),
            ("kamailio/lb/tls.cfg", LB_TLS, "ngcp-service kamailio-lb restart\n"),
        ] {
            host.write(&format!("{TEMPLATES}/{name}.tt2"), 0o644, text);
            host.write(&format!("{TEMPLATES}/{name}.services"), 0o644, told);
        }
        host.configuration("mr13.5.1");
        self.service("nginx", "start");
        self.service("kamailio-lb", "start");
        for port in PORTS {
            let wanted = sip_tls || port != PORTS[3];
            assert_eq!(self.served(port, None).is_some(), wanted, "port {port} at the beginning");
        }
    }

    /// Tells a service; a daemon that stays keeps none of our pipes.
    pub(crate) fn service(&self, name: &str, verb: &str) {
        let told = format!("service {name} {verb} >/dev/null 2>&1 </dev/null");
        self.host.try_run(&["sh", "-c", &told], b"");
    }

    /// A key and a certificate for it with these extensions, in the folder of the test, signed by `issuer` of it.
    pub(crate) fn sign(&self, name: &str, issuer: &str, new: &[&str], extensions: &str) {
        let at = |name: &str, end: &str| self.work.join(format!("{name}.{end}"));
        fs::write(at(name, "ext"), extensions).unwrap();
        let openssl = || Command::new("openssl");
        run(openssl()
            .args(["req", "-new", "-nodes", "-subj", &format!("/CN={name}"), "-newkey"])
            .args(new)
            .arg("-keyout")
            .arg(at(name, "key"))
            .arg("-out")
            .arg(at(name, "csr")));
        let mut sign = openssl();
        sign.args(["x509", "-req", "-days", "90", "-in"]).arg(at(name, "csr"));
        sign.arg("-extfile").arg(at(name, "ext")).arg("-out").arg(at(name, "crt"));
        if name == issuer {
            sign.arg("-signkey").arg(at(name, "key"));
        } else {
            sign.arg("-CA")
                .arg(at(issuer, "crt"))
                .arg("-CAkey")
                .arg(at(issuer, "key"))
                .arg("-CAcreateserial");
        }
        run(&mut sign);
    }

    /// A certificate of a server for these names, as an authority sends it: everything in one file in /root, the key last.
    pub(crate) fn bundle(&self, name: &str, names: &[&str], new: &[&str]) -> String {
        let path = format!("/root/{name}.pem");
        self.host.write(&path, 0o600, &self.signed(name, names, new));
        path
    }

    /// The same, locked with a passphrase.
    pub(crate) fn locked(&self, name: &str, names: &[&str], new: &[&str], passphrase: &str) -> String {
        self.signed(name, names, new);
        let at = |name: &str, end: &str| self.work.join(format!("{name}.{end}"));
        let (to, word) = (self.host.path(&format!("/root/{name}.p12")), format!("pass:{passphrase}"));
        let mut export = Command::new("openssl");
        export.args(["pkcs12", "-export", "-passout", &word, "-in"]).arg(at(name, "crt"));
        run(export
            .arg("-inkey")
            .arg(at(name, "key"))
            .arg("-certfile")
            .arg(at("intermediate", "crt"))
            .arg("-out")
            .arg(to));
        format!("/root/{name}.p12")
    }

    /// The same as text.
    pub(crate) fn signed(&self, name: &str, names: &[&str], new: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let extensions = format!(
            "subjectAltName={}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:false\n",
            names.join(",")
        );
        self.sign(name, "intermediate", new, &extensions);
        let read =
            |name: &str, end: &str| fs::read_to_string(self.work.join(format!("{name}.{end}"))).unwrap();
        [read("root", "crt"), read("intermediate", "crt"), read(name, "crt"), read(name, "key")].concat()
    }

    /// What the authority sends back for a request that lies on the host: the certificate and the intermediate, in /root.
    pub(crate) fn answer(&self, request: &str, name: &str) -> String {
        let at = |name: &str, end: &str| self.work.join(format!("{name}.{end}"));
        fs::copy(self.host.path(request), at(name, "csr")).unwrap();
        // The authority takes names and uses from the request.
        let mut sign = Command::new("openssl");
        sign.args(["x509", "-req", "-days", "90", "-copy_extensions", "copyall", "-in"]).arg(at(name, "csr"));
        sign.arg("-CA").arg(at("intermediate", "crt")).arg("-CAkey").arg(at("intermediate", "key"));
        run(sign.arg("-CAcreateserial").arg("-out").arg(at(name, "crt")));
        let both = ["intermediate", name].map(|name| fs::read_to_string(at(name, "crt")).unwrap()).concat();
        self.host.write(&format!("/root/{name}.crt"), 0o644, &both);
        format!("/root/{name}.crt")
    }

    /// Files of the host that hold a line of this key, as it stands in the folder of the test.
    pub(crate) fn holding_key(&self, name: &str) -> Vec<String> {
        let key = fs::read_to_string(self.work.join(format!("{name}.key"))).unwrap();
        let line = key.lines().nth(1).unwrap();
        let folders = ["/etc", "/var/lib/ngcp-warden", "/var/log", "/run", "/tmp", "/dev"];
        let argv = [&["grep", "-rlF", "-D", "skip", "--", line][..], &folders].concat();
        let said = self.host.try_run(&argv, b"");
        String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn client(&self, port: u16, name: Option<&str>, more: &[&str]) -> Output {
        let at = format!("127.0.0.1:{port}");
        let mut client = Command::new("timeout");
        client.args(["5", "openssl", "s_client", "-connect", &at, "-showcerts"]).args(more);
        client.args(name.iter().flat_map(|name| ["-servername", name]));
        client.stdin(std::process::Stdio::null()).output().unwrap()
    }

    /// Digest of the server's certificate on a port, and how many certificates come with it.
    pub(crate) fn served(&self, port: u16, name: Option<&str>) -> Option<(String, usize)> {
        let said = String::from_utf8_lossy(&self.client(port, name, &[]).stdout).into_owned();
        let chain: Vec<&str> = said.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
        let leaf = chain.first()?.split_once("-----END")?.0;
        Some((leaf.split_whitespace().collect(), chain.len()))
    }

    /// What is on every port.
    pub(crate) fn wire(&self) -> Vec<Option<(String, usize)>> {
        PORTS.iter().map(|port| self.served(*port, None)).collect()
    }

    /// Whether a client who trusts only the test's root goes on with this server.
    pub(crate) fn trusted(&self, port: u16, name: &str) -> bool {
        let root = self.work.join("root.crt");
        let more = ["-verify_return_error", "-verify_hostname", name, "-CAfile", root.to_str().unwrap()];
        let output = self.client(port, Some(name), &more);
        output.status.success()
            && String::from_utf8_lossy(&output.stdout).contains("Verify return code: 0 (ok)")
    }

    /// Process numbers of the live proxy: others after each start.
    pub(crate) fn proxy(&self) -> String {
        fs::read_to_string(self.host.path("/run/kamailio/lb.pid")).unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn apply(&self, answers: &str, secrets: &str) -> (i32, Value, String) {
        self.host.write("/root/answers.yml", 0o644, &format!("schema: 1\n{answers}"));
        let args = ["apply", "--answers", "/root/answers.yml", "--secrets", "-", "--format", "json"];
        self.said(&self.host.warden(&args, secrets.as_bytes()))
    }

    pub(crate) fn undo(&self) -> (i32, Value, String) {
        self.said(&self.host.warden(&["undo", "--format", "json"], b""))
    }

    fn said(&self, output: &Output) -> (i32, Value, String) {
        let said =
            [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
    }

    /// Everything of which a byte must come back: config.yml, what was generated, and the folder of the certificates.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut paths: Vec<String> =
            [CONFIG, "/etc/nginx/sites-enabled/ngcp.conf", "/etc/kamailio/lb/tls.cfg"]
                .map(str::to_owned)
                .to_vec();
        let names = fs::read_dir(self.host.path(FOLDER)).unwrap();
        paths.extend(names.map(|name| format!("{FOLDER}/{}", name.unwrap().file_name().to_str().unwrap())));
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), fs::read(self.host.path(&path)).unwrap())).collect()
    }

    /// What is not committed in the configuration tree, but for the tool's own list of modes.
    pub(crate) fn uncommitted(&self) -> Vec<String> {
        let said = self.host.run(&["git", "-C", "/etc/ngcp-config", "status", "--porcelain"]);
        said.lines().filter(|line| !line.ends_with(" .ngcpcfg_perms")).map(str::to_owned).collect()
    }
}
