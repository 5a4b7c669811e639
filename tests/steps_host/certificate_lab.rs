//! A sample host with certificates that this machine's `openssl` made, and judges.

use std::{
    io::Write,
    process::{Command as Process, Stdio},
};

use ngcp_warden::{
    effects::runs,
    executor::{
        Command, Stream,
        simulated::{Answer, Files, Simulated},
    },
    plan::{Outcome, Plan},
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, RunOutcome},
    secret::{Secret, Secrets},
    steps::{self, Answers, Findings},
    unattended::AnswersFile,
};

use super::super::{hosts, inspect};

pub(super) const CONFIG: &str = "/etc/ngcp-config/config.yml";
pub(super) const SSL: &str = "/etc/ngcp-config/shared-files/ssl";
pub(super) const PORTS: [(u16, &str); 4] =
    [(1443, "http_admin:"), (443, "http_csc:"), (2443, "apache:"), (5061, "tls:")];

/// Runs this machine's own `openssl`, with the private file of a command in a file of its own.
pub(super) fn openssl(args: &[String], stdin: Option<&Secret>, credentials: Option<&Secret>) -> Answer {
    let file = tempfile::NamedTempFile::new().unwrap();
    if let Some(secret) = credentials {
        file.as_file().write_all(secret.expose()).unwrap();
    }
    let path = file.path().display().to_string();
    let args = args.iter().map(|arg| arg.replace("{credentials}", &path));
    let mut child = Process::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(stdin.map_or(&[][..], Secret::expose)).ok();
    drop(input);
    let out = child.wait_with_output().unwrap();
    Answer::code(out.status.code().unwrap()).print(Stream::Out, out.stdout).print(Stream::Err, out.stderr)
}

/// A little authority of our own, in a folder that goes away.
pub(super) struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let all = Authority { dir: tempfile::tempdir().unwrap() };
        all.certificate(
            "root",
            None,
            "/CN=Test Root",
            "basicConstraints=critical,CA:true\nkeyUsage=keyCertSign",
            3650,
        );
        all.certificate(
            "middle",
            Some("root"),
            "/CN=Test Middle",
            "basicConstraints=critical,CA:true\nkeyUsage=keyCertSign",
            3000,
        );
        all
    }

    pub(super) fn run(&self, args: &[&str]) {
        let out = Process::new("openssl").args(args).current_dir(self.dir.path()).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    pub(super) fn certificate(
        &self,
        name: &str,
        issuer: Option<&str>,
        subject: &str,
        extensions: &str,
        days: u32,
    ) {
        self.run(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &format!("{name}.key")]);
        std::fs::write(self.dir.path().join("ext"), format!("{extensions}\nsubjectKeyIdentifier=hash\n"))
            .unwrap();
        let (key, csr, crt) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.crt"));
        self.run(&["req", "-new", "-key", &key, "-subj", subject, "-out", &csr]);
        let days = days.to_string();
        let mut args = vec!["x509", "-req", "-in", &csr, "-out", &crt, "-days", &days, "-extfile", "ext"];
        let (issuer_crt, issuer_key) = issuer.map_or_else(
            || (String::new(), key.clone()),
            |name| (format!("{name}.crt"), format!("{name}.key")),
        );
        match issuer {
            Some(_) => args.extend(["-CA", &issuer_crt, "-CAkey", &issuer_key, "-CAcreateserial"]),
            None => args.extend(["-signkey", &issuer_key]),
        }
        self.run(&args);
    }

    pub(super) fn server(&self, name: &str, names: &[&str], days: u32) {
        let names: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let extensions = format!(
            "basicConstraints=CA:false\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName={}",
            names.join(",")
        );
        self.certificate(name, Some("middle"), "/CN=server", &extensions, days);
    }

    pub(super) fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(file)).unwrap()
    }

    /// Everything that belongs to it, in an odd order.
    pub(super) fn all(&self, name: &str) -> Vec<u8> {
        let parts = ["root.crt", &format!("{name}.key"), "middle.crt", &format!("{name}.crt")];
        parts.map(|part| self.read(part)).concat()
    }

    /// The answer to a request, for the names that it asks for.
    pub(super) fn sign(&self, request: &str, name: &str) {
        std::fs::write(self.dir.path().join("asked.csr"), request).unwrap();
        let extensions =
            "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:spce.example.net\n";
        std::fs::write(self.dir.path().join("ext"), extensions).unwrap();
        let out = format!("{name}.crt");
        self.run(&[
            "x509",
            "-req",
            "-in",
            "asked.csr",
            "-out",
            &out,
            "-days",
            "90",
            "-extfile",
            "ext",
            "-CA",
            "middle.crt",
            "-CAkey",
            "middle.key",
            "-CAcreateserial",
        ]);
    }

    /// What every installation has.
    pub(super) fn default(&self) {
        self.certificate(
            "myserver",
            None,
            "/C=AT/ST=Some-State/O=Sipwise GmbH/CN=Sipwise GmbH/emailAddress=service@sipwise.com",
            "basicConstraints=CA:true",
            100,
        );
    }
}

/// A sample host with the default certificate, whose services serve what was configured when they were last told.
pub(super) fn host(sample: &str, ca: &Authority) -> Simulated {
    let new = sample == "mr13.5";
    let ssl = if new { SSL } else { "/etc/ngcp-config/ssl" };
    let listens: Vec<String> = PORTS
        .iter()
        .map(|(port, _)| format!("  0: 00000000:{port:04X} 00000000:0000 0A 0 0 0 0 0 1\n"))
        .collect();
    let mut host = hosts::load(sample)
        .with_clock(jiff::Timestamp::now())
        .file("/etc/hostname", "spce\n")
        .file("/etc/hosts", "127.0.0.1 localhost\n192.0.2.5 spce.example.net spce\n")
        .file("/etc/group", "root:x:0:\nssl-cert:x:109:www-data,kamailio\n")
        .file(
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/bin/false\nkamailio:x:111:111::/:/bin/false\n",
        )
        .file("/proc/net/tcp", format!("head\n{}", listens.concat()))
        .file(format!("{ssl}/myserver.crt"), ca.read("myserver.crt"))
        .file(format!("{ssl}/api_ca.crt"), ca.read("root.crt"));
    host.edit(|files| {
        for (name, from) in [("myserver.key", "myserver.key"), ("api_ca.key", "root.key")] {
            files.put(format!("{ssl}/{name}"), 0o640, 0, 109, ca.read(from));
        }
        told(files);
    });
    host = host
        .on("openssl", |files: &mut Files, command: &Command| {
            match command.args.first().map(String::as_str) {
                Some("s_client") => {
                    let at = command.args.iter().find_map(|arg| arg.rsplit_once(':')).unwrap().1.to_owned();
                    Answer::from(format!(
                        "CONNECTED(3)\n{}New, TLSv1.2, Cipher is X\n",
                        files.text(format!("/wire/{at}"))
                    ))
                }
                _ => openssl(&command.args, command.stdin.as_ref(), command.credentials.as_ref()),
            }
        })
        .on("setpriv", |files: &mut Files, command: &Command| readable(files, command))
        .on("head", |files: &mut Files, command: &Command| readable(files, command))
        .on("install", |files: &mut Files, command: &Command| {
            command.args.iter().filter(|arg| arg.starts_with('/')).for_each(|path| files.directory(path));
            ""
        })
        .on("mv", |files: &mut Files, command: &Command| {
            let [.., from, to] = command.args.as_slice() else { panic!("{command:?}") };
            for name in files.list(from.as_ref()).unwrap() {
                let content = files.text(format!("{from}/{name}"));
                files.write(format!("{to}/{name}"), content);
                files.remove(format!("{from}/{name}"));
            }
            ""
        })
        .on("git", |_: &mut Files, _: &Command| "")
        .on("ngcpcfg", |files: &mut Files, command: &Command| {
            match command.args.first().map(String::as_str) {
                Some("help") => return Answer::from("Actions:\n  apply, check\n"),
                Some("apply") => told(files),
                _ => {}
            }
            Answer::code(0)
        });
    host
}

/// As a user that is in the group of the keys.
pub(super) fn readable(files: &Files, command: &Command) -> Answer {
    let path = command.args.last().unwrap();
    match files.metadata(path.as_ref()) {
        Ok(at) if at.mode & 0o040 != 0 || command.program == "head" => Answer::from("-"),
        _ => Answer::code(1).error(&format!("head: cannot open '{path}' for reading: Permission denied")),
    }
}

/// Every service reads what the configuration names.
pub(super) fn told(files: &mut Files) {
    let text = files.text(CONFIG);
    for (port, section) in PORTS {
        let behind = text.split_once(section).unwrap().1;
        let mut all = behind.lines().filter_map(|line| line.trim().strip_prefix("sslcertfile: "));
        let named = all.find(|name| !name.contains("api_ca")).unwrap();
        let content = files.text(named.trim());
        files.write(format!("/wire/{port}"), content);
    }
}

fn answers(found: &Findings, text: &str, secrets: &Secrets) -> anyhow::Result<Answers> {
    let form = steps::find("certificates").unwrap().form(found).unwrap();
    AnswersFile::parse(&format!("schema: 1\ncertificates:\n{text}"))?.fit("certificates", &form, secrets)
}

pub(super) fn planned(host: &Simulated, text: &str, secrets: &Secrets) -> anyhow::Result<Plan> {
    let step = steps::find("certificates").unwrap();
    let found = inspect("certificates", host);
    let answers = answers(&found, text, secrets)?;
    steps::assemble(host, [steps::plan(host, step, &found, &answers, secrets)?])
}

/// Runs it; what was said of each change that is not plainly done. There is no second daemon in memory.
pub(super) fn ran(host: &Simulated, plan: &Plan, mut secrets: Secrets) -> RunOutcome {
    runs::make_up(host, plan, &mut secrets).unwrap();
    let order = Order { run: "test".into(), plan: plan.clone(), ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome = runner::run(&order, &secrets, host, &Ngcp, &mut journal, &Control::default()).unwrap();
    for record in &journal.records {
        if let Event::After { change, outcome, message, .. } = &record.event {
            let untried = message.contains("no second ");
            assert!(*outcome == Outcome::Done || untried, "{change} {outcome:?}: {message}");
        }
    }
    outcome
}
