//! Certificates as the runner asks about them: whether a daemon would take one, and whether the places of the
//! configuration, as it is at that moment, show on their ports what it names.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    executor::{Command, Executor},
    host::tls::{self, Question, Served, Trial, Tried},
    ngcp::{
        certificates::{self, Place},
        config::Config,
        release::Release,
        services,
    },
    runner::{Saved, Seen},
};

/// Begins what is noted of a place.
const NOTED: &str = "certificate of ";

pub(super) fn loads(certificate: &Path, key: &Path, by: &[Trial], host: &dyn Executor) -> Result<Seen> {
    let mut seen = Vec::new();
    for trial in by {
        let program = trial.daemon.program();
        seen.push(match trial.run(host, certificate, key) {
            Tried::Serves(protocol) => Seen::yes(format!("a second {program} served it ({protocol})")),
            Tried::Refused(why) => bail!("a second {program} does not take it: {why}"),
            Tried::NotTried(why) => Seen::in_part(format!("no second {program} could be tried: {why}")),
        });
    }
    let all = seen.into_iter().reduce(Seen::and);
    Ok(all.unwrap_or_else(|| {
        Seen::in_part("it was not tried: no daemon of this kind can be started a second time")
    }))
}

/// Whether each of these places shows what the configuration names now.
///
/// Where the change was taken back, a place that shows what it showed before is told and no failure, whatever the old
/// configuration names: it is as it was.
pub(super) fn served(names: &[String], before: &Saved, host: &dyn Executor) -> Result<Seen> {
    let looks = looks(names, host)?;
    ensure!(!looks.is_empty(), "the configuration has none of these places: {}", names.join(", "));
    let (mut ports, mut old, mut wrong) = (BTreeSet::new(), Vec::new(), Vec::new());
    for look in looks {
        let label = &look.place.label;
        match &look.verdict {
            Ok(()) if look.place.on => ports.extend(&look.place.ports),
            Ok(()) => {}
            Err(why) if look.is_as_before(&before.noted) => old.push(format!("{label}: {why}, as before")),
            Err(why) => wrong.push(format!("{label}: {why}")),
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let seen = match ports.as_slice() {
        [] if !old.is_empty() => None,
        [] => Some(Seen::yes("nothing is to be served")),
        [one] => Some(Seen::yes(format!("seen served on port {one}"))),
        all => Some(Seen::yes(format!("seen served on ports {}", all.join(", ")))),
    };
    let all = seen.into_iter().chain(old.into_iter().map(Seen::but)).reduce(Seen::and);
    all.context("nothing was looked at")
}

/// What is on the wire at this moment, and what the configuration says: it is edited already when this is asked.
pub(super) fn noted(names: &[String], host: &dyn Executor) -> BTreeSet<String> {
    let looks = looks(names, host).unwrap_or_default();
    looks.iter().map(|look| format!("{}{}: {}", look.begins(), look.configured(), look.wire)).collect()
}

/// What makes the services of those places that do not show their certificate read their files again.
pub(super) fn told_again(names: &[String], noted: &BTreeSet<String>, host: &dyn Executor) -> Vec<Command> {
    let looks = looks(names, host).unwrap_or_default();
    let failing = looks.iter().filter(|look| look.verdict.is_err() && !look.is_as_before(noted));
    let services: BTreeSet<&String> = failing.flat_map(|look| &look.place.served_by).collect();
    services.iter().flat_map(|service| services::reread_commands(host, service)).collect()
}

/// A place, and what was seen of it.
struct Look {
    place: Place,
    /// Digests of the certificates that its ports show, in a form to be compared.
    wire: String,
    /// An error says what is there in place of its certificate.
    verdict: Result<(), String>,
}

impl Look {
    fn begins(&self) -> String {
        format!("{NOTED}{}: ", self.place.name)
    }

    fn configured(&self) -> String {
        let file = self.place.certificate.value.as_deref().unwrap_or_default();
        format!("{} {file}", if self.place.on { "on" } else { "off" })
    }

    /// Whether the configuration is another one than was noted, and the wire the same.
    fn is_as_before(&self, noted: &BTreeSet<String>) -> bool {
        let before = noted.iter().find_map(|line| line.strip_prefix(&self.begins())?.rsplit_once(": "));
        before.is_some_and(|(configured, wire)| configured != self.configured() && wire == self.wire)
    }
}

/// All of these places as they are at this moment. One that is off must show nothing in particular.
fn looks(names: &[String], host: &dyn Executor) -> Result<Vec<Look>> {
    let places = places(names, host)?;
    let asked = |place: &Place| {
        let name = place.server_name.clone().filter(|name| tls::is_name(name));
        let ports = place.ports.iter();
        ports.map(|port| Question { port: *port, name: name.clone() }).collect::<Vec<_>>()
    };
    let questions: Vec<Vec<Question>> = places.iter().map(asked).collect();
    let mut answers = tls::served(host, &questions.concat()).into_iter();
    let look = |(place, questions): (Place, Vec<Question>)| {
        let answers: Vec<Served> = answers.by_ref().take(questions.len()).collect();
        let wire: Vec<String> = answers.iter().map(digests).collect();
        let verdict = if place.on { verdict(&place, &answers, host) } else { Ok(()) };
        Look { wire: wire.join(" "), verdict: verdict.map_err(|error| format!("{error:#}")), place }
    };
    Ok(places.into_iter().zip(questions).map(look).collect())
}

fn digests(answer: &Served) -> String {
    match answer {
        Served::Chain { chain, .. } => tls::fingerprints(&chain.concat()).join("+"),
        Served::Nothing | Served::Refused(_) | Served::Unknown(_) => "nothing".to_owned(),
    }
}

fn verdict(place: &Place, answers: &[Served], host: &dyn Executor) -> Result<()> {
    let file = place.certificate.file().context("the configuration names no certificate")?;
    let wanted = tls::fingerprints(&String::from_utf8_lossy(&host.read(&file)?));
    ensure!(!wanted.is_empty(), "{} holds no certificate", file.display());
    ensure!(!answers.is_empty(), "no port is known");
    place.ports.iter().zip(answers).try_for_each(|(port, answer)| same(&wanted, *port, answer))
}

/// The places of these names as the configuration has them at this moment.
fn places(names: &[String], host: &dyn Executor) -> Result<Vec<Place>> {
    let config = Config::read(host)?;
    let all = certificates::places(&config, Release::read(host).version);
    Ok(all.into_iter().filter(|place| names.contains(&place.name)).collect())
}

/// A daemon that knows the issuers sends them behind what is in the file.
fn same(wanted: &[String], port: u16, answer: &Served) -> Result<()> {
    match answer {
        Served::Chain { chain, .. } => {
            let chain = tls::fingerprints(&chain.concat());
            ensure!(chain.first() == wanted.first(), "port {port} serves another certificate");
            ensure!(
                chain.starts_with(wanted),
                "port {port} serves the certificate without the chain of its file"
            );
        }
        Served::Nothing => bail!("nothing listens on port {port}"),
        Served::Refused(why) => bail!("port {port} serves no certificate: {why}"),
        Served::Unknown(why) => bail!("port {port} could not be asked: {why}"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::simulated::{Answer, Files, Simulated},
        plan::Claim,
        platform::{Ngcp, claims},
        runner::Platform,
        secret::Secrets,
    };

    const CONFIG: &str = "/etc/ngcp-config/config.yml";
    const TABLE: &str = "/proc/net/tcp";

    fn pem(body: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    fn config(certificate: &str) -> String {
        format!(
            "www_admin:\n  http_admin:\n    ssl_enable: yes\n    port: 1443\n    servername: '\"a.example.net\"'\n    \
             sslcertfile: {certificate}\n    sslcertkeyfile: /ssl/a.key\nkamailio:\n  lb:\n    tls:\n      enable: yes\n      \
             port: 5061\n      sslcertfile: {certificate}\n      sslcertkeyfile: /ssl/a.key\n"
        )
    }

    /// Every daemon shows what lies in `/wire`, and reads the named file when it is told.
    fn host() -> Simulated {
        let listens = |port: u16| {
            format!(
                "  0: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0\n"
            )
        };
        let told = |files: &mut Files, command: &Command| {
            if command.args[0] == "--status-all" {
                return Answer::from(" [ + ]  nginx\n [ + ]  kamailio-lb\n");
            }
            let config = files.text(CONFIG);
            let named = config.lines().find_map(|line| line.trim().strip_prefix("sslcertfile: ")).unwrap();
            let content = files.text(named);
            files.write("/wire", content);
            Answer::code(0)
        };
        Simulated::new()
            .file("/etc/ngcp_version", "mr13.5.1\n")
            .file(CONFIG, config("/ssl/old.crt"))
            .file("/ssl/old.crt", pem("T0xE"))
            .file("/ssl/new.crt", format!("# new\n{}{}", pem("TkVX"), pem("SVNT")))
            .file("/wire", pem("T0xE"))
            .file(TABLE, format!("head\n{}{}", listens(1443), listens(5061)))
            .on("openssl", |files: &mut Files, command: &Command| {
                let named = command.args.ends_with(&["-servername".to_owned(), "a.example.net".to_owned()]);
                assert_eq!(named, command.args.iter().any(|arg| arg.ends_with(":1443")), "{command:?}");
                Answer::from(format!("CONNECTED(3)\n{}New, TLSv1.2, Cipher is X\n", files.text("/wire")))
            })
            .on("service", told)
    }

    fn claim() -> Claim {
        Claim::Served { places: ["admin", "sip"].map(str::to_owned).to_vec() }
    }

    fn judged(host: &Simulated, noted: &BTreeSet<String>) -> Result<Seen> {
        let before = Saved { noted: noted.clone(), ..Saved::default() };
        Ngcp.judge(&claim(), &before, &Secrets::default(), host)
    }

    fn mend(host: &Simulated, noted: &BTreeSet<String>) -> Vec<String> {
        let mut said = Vec::new();
        for command in Ngcp.mend(&claim(), noted, host) {
            said.push(format!("{} {}", command.program, command.args.join(" ")));
            host.run(&command, &mut crate::executor::Quiet).unwrap();
        }
        said
    }

    #[test]
    fn the_wire_must_show_what_the_configuration_names_now_in_both_directions_f72() {
        let host = host();
        assert_eq!(judged(&host, &BTreeSet::new()).unwrap(), Seen::yes("seen served on ports 1443, 5061"));

        // The new one is named, and nobody was told; then all are.
        host.edit(|files| files.write(CONFIG, config("/ssl/new.crt")));
        let noted = Ngcp.note(&claim(), &host);
        let why = format!("{:#}", judged(&host, &noted).unwrap_err());
        assert!(
            why.contains("Admin web: port 1443 serves another certificate") && why.contains("SIP over TLS"),
            "{why}"
        );
        assert_eq!(
            mend(&host, &noted),
            ["service kamailio-lb restart", "service nginx reload", "service nginx start"]
        );
        assert!(judged(&host, &noted).is_ok() && mend(&host, &noted).is_empty());

        // Without its chain.
        host.edit(|files| files.write("/wire", pem("TkVX")));
        let why = format!("{:#}", judged(&host, &noted).unwrap_err());
        assert!(why.contains("without the chain"), "{why}");

        // Taken back, and the wire still shows the new one.
        host.edit(|files| files.write(CONFIG, config("/ssl/old.crt")));
        assert!(judged(&host, &noted).is_err());
        assert_eq!(mend(&host, &noted).len(), 3);
        assert!(judged(&host, &noted).is_ok());
    }

    #[test]
    fn what_did_not_show_its_certificate_before_need_not_when_the_change_is_taken_back() {
        let host = host();
        host.edit(|files| {
            files.write(TABLE, "head\n");
            files.write(CONFIG, config("/ssl/new.crt"));
        });
        let noted = Ngcp.note(&claim(), &host);
        assert_eq!(noted.len(), 2);
        assert!(claims::lost(&noted, &host).is_empty(), "a note is no service");
        // The change itself must bring it about.
        assert!(judged(&host, &noted).is_err());
        host.edit(|files| files.write(CONFIG, config("/ssl/old.crt")));
        let before = Seen::but("Admin web: nothing listens on port 1443, as before");
        let before = before.and(Seen::but("SIP over TLS: nothing listens on port 5061, as before"));
        assert_eq!(judged(&host, &noted).unwrap(), before);
        let off = config("/ssl/old.crt").replace("enable: yes", "enable: no");
        host.edit(|files| files.write(CONFIG, off));
        assert_eq!(judged(&host, &BTreeSet::new()).unwrap(), Seen::yes("nothing is to be served"));
    }
}
