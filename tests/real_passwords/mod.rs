//! What the tests share: a MariaDB of their own, and the way from answers to a finished run.

mod accounts;
mod database;
mod odd;

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use ngcp_warden::{
    executor::System,
    finding::{Finding, Status},
    plan::Plan,
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, RunOutcome},
    secret::{Secret, Secrets},
    steps::{self, Answer, Answers, Findings, Form, Step, form::Kind},
};

use crate::debian::{feed, must, write};

fn step() -> &'static dyn Step {
    steps::find("passwords").unwrap()
}

fn inspect(host: &System) -> Findings {
    step().inspect(host).unwrap()
}

fn status(findings: &Findings, id: &str) -> Status {
    finding(findings, id).status
}

fn finding<'a>(findings: &'a Findings, id: &str) -> &'a Finding {
    findings.items.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("no {id}"))
}

/// Whether the form asks about `key`.
fn asks(form: &Form, key: &str) -> bool {
    form.fields.iter().any(|field| field.key == key)
}

/// Everything is left alone but what is said here: `("root", "set")`.
fn answers(findings: &Findings, said: &[(&str, &str)]) -> Answers {
    let mut answers = Answers::default();
    for field in step().form(findings).unwrap().fields {
        if let Kind::Choice { options, .. } = field.kind {
            let said = said.iter().find(|(key, _)| *key == field.key).map_or("leave", |(_, value)| value);
            assert!(options.iter().any(|option| option.value == said), "{} cannot be {said}", field.key);
            answers.values.insert(field.key, Answer::Choice(said.to_owned()));
        }
    }
    for (key, value) in said {
        assert_eq!(answers.choice(key).unwrap(), Some(*value), "{key} is not asked");
        if *value == "set" {
            answers.secrets.insert(format!("passwords.{key}.password"));
        }
    }
    answers
}

fn secrets(given: &[(&str, &str)]) -> Secrets {
    let mut secrets = Secrets::default();
    for (key, password) in given {
        secrets.insert(&format!("passwords.{key}.password"), Secret::new(*password));
    }
    secrets
}

/// What a run did.
struct Ran {
    outcome: RunOutcome,
    /// Every message and line of its journal.
    told: String,
}

fn run(host: &System, plan: Plan, secrets: &Secrets) -> Ran {
    let order = Order { run: "20261122-1".to_owned(), plan, operator: "root".to_owned(), ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome = runner::run(&order, secrets, host, &Ngcp, &mut journal, &Control::default()).unwrap();
    let told = serde_json::to_string_pretty(&journal.records).unwrap();
    for (name, secret) in secrets.iter() {
        let word = secret.expose_str().unwrap();
        let escaped = serde_json::to_string(word).unwrap();
        assert!(!told.contains(escaped.trim_matches('"')), "{name} stands in the journal");
    }
    for record in &journal.records {
        match &record.event {
            Event::After { change, outcome, message, .. } => println!("{outcome:?} {change}: {message}"),
            Event::Undone { change, outcome, message } => println!("back: {outcome:?} {change}: {message}"),
            _ => {}
        }
    }
    Ran { outcome, told }
}

/// A server with a directory of its own, on the usual socket and on loopback.
struct Server(Child);

impl Server {
    /// Freshly installed as mr3.8 had it: root without a password on every row, and anonymous users.
    fn open(options: &[&str]) -> Server {
        let install = ["--auth-root-authentication-method=normal", "--user=mysql", "--datadir=/srv/mysql"];
        must("mariadb-install-db", &install);
        Server::start("/srv/mysql", options)
    }

    /// As Debian's package installs it.
    fn packaged() -> Server {
        Server::start("/var/lib/mysql", &[])
    }

    fn start(datadir: &str, options: &[&str]) -> Server {
        must("mkdir", &["-p", "/run/mysqld"]);
        must("chown", &["mysql", "/run/mysqld"]);
        let child = Command::new("mariadbd")
            .arg("--no-defaults")
            .arg(format!("--datadir={datadir}"))
            .args(["--user=mysql", "--socket=/run/mysqld/mysqld.sock", "--pid-file=/run/mysqld/mysqld.pid"])
            .args(["--bind-address=127.0.0.1", "--innodb-flush-method=fsync", "--skip-log-bin"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(std::fs::File::create("/tmp/mariadbd.log").unwrap()))
            .spawn()
            .unwrap();
        let server = Server(child);
        for _ in 0..600 {
            if std::os::unix::net::UnixStream::connect("/run/mysqld/mysqld.sock").is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{}", std::fs::read_to_string("/tmp/mariadbd.log").unwrap_or_default());
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Server {
    /// Nothing of it is needed any more.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Notes the arguments and the environment of these programs from now on (F62).
fn watch(programs: &[&str]) {
    for program in programs {
        let script =
            format!("#!/bin/sh\n(echo \"$0 $*\"; env) >> /tmp/calls\nexec /usr/bin/{program} \"$@\"\n");
        write(&format!("/usr/local/sbin/{program}"), 0o755, &script);
    }
}

/// What was noted; nothing is noted any more.
fn watched() -> String {
    must("sh", &["-c", "rm /usr/local/sbin/*"]);
    std::fs::read_to_string("/tmp/calls").unwrap()
}

/// SQL as the system's root, over the socket, with the password of that file if any.
fn sql(password: Option<&str>, script: &str) -> String {
    let mut args = vec!["--no-defaults", "-uroot", "-BNr"];
    if let Some(password) = password {
        write("/tmp/login.cnf", 0o600, &option_file(password));
        args = vec!["--defaults-file=/tmp/login.cnf", "-BNr"];
    }
    let output = feed("mysql", &args, script.as_bytes());
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Written apart from the code under test: each byte that could matter as itself behind a backslash.
fn option_file(password: &str) -> String {
    let escaped: String =
        password.chars().map(|c| if "\\\"'".contains(c) { format!("\\{c}") } else { c.into() }).collect();
    format!("[client]\nuser=root\npassword=\"{escaped}\"\n")
}

/// Whether root gets in with `password` (none: without one) this way.
fn logs_in(way: &[&str], password: Option<&str>) -> bool {
    let file = match password {
        Some(password) => option_file(password),
        None => "[client]\nuser=root\n".to_owned(),
    };
    write("/tmp/login.cnf", 0o600, &file);
    let mut args = vec!["--defaults-file=/tmp/login.cnf", "--skip-ssl", "-BNe", "SELECT 1"];
    args.extend(way);
    let output = feed("mysql", &args, b"");
    assert!(
        output.status.success() || String::from_utf8_lossy(&output.stderr).contains("ERROR 1045"),
        "{output:?}"
    );
    output.status.success()
}
