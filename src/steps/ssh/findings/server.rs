//! Findings about the server: what it takes, what it offers, who it is; and how the operator came in.

use super::{
    found::{found, places},
    keys::place,
};
use crate::{
    finding::{Finding, Severity, Status},
    host::sshd::{Session, algorithms},
    steps::ssh::{
        facts::{Facts, HostKey},
        names::id,
        places::Opening,
    },
};

/// Whether the server takes passwords from anybody; `None` when that is not known.
fn takes_passwords(facts: &Facts) -> Option<bool> {
    let pam = facts.value("usepam").is_none_or(|value| value == "yes");
    let keyboard = facts.value("kbdinteractiveauthentication").is_some_and(|value| value == "yes") && pam;
    match facts.value("passwordauthentication") {
        Some(value) => Some(value.eq_ignore_ascii_case("yes") || keyboard),
        None if keyboard => Some(true),
        None => None,
    }
}

fn said(facts: &Facts, keywords: &[&str]) -> String {
    let told: Vec<String> = keywords
        .iter()
        .map(|keyword| {
            format!("{keyword} {}", facts.value(&keyword.to_ascii_lowercase()).unwrap_or("not known"))
        })
        .collect();
    match (&facts.doubt, &facts.read_because) {
        (_, None) => format!("sshd -T: {}", told.join(", ")),
        (Some(doubt), _) => doubt.clone(),
        (None, Some(why)) => format!("read from the files, because {why}: {}", told.join(", ")),
    }
}

/// Whether sshd would start again with what its files say.
pub(super) fn broken(facts: &Facts) -> Finding {
    let (status, title) = match (facts.doubt.is_none(), facts.refused) {
        (true, _) => (Status::Pass, "The server's settings can be read"),
        (false, true) => (Status::Fail, "The server does not take its settings: it would not start again"),
        (false, false) => (Status::Unknown, "Whether the server takes its settings is not known"),
    };
    let evidence = match &facts.doubt {
        Some(doubt) => doubt,
        None if facts.read_because.is_none() => "sshd -T read them all",
        None => "every line is one that sshd is known to take",
    };
    let remedy = "Fix the line before the server is restarted; where it is generated, fix its template.";
    found(id::BROKEN, Severity::High, status, title, evidence, remedy)
}

/// What Match blocks that go by places allow there, from outside or from own networks only.
fn allowed<'f>(facts: &'f Facts, keywords: &'f [&str], strangers: bool) -> impl Iterator<Item = &'f Opening> {
    let fits = move |one: &&Opening| {
        one.by_place() && one.for_strangers() == strangers && keywords.contains(&one.keyword.as_str())
    };
    facts.openings.iter().filter(fits).filter(|one| one.value == "yes")
}

fn told<'f>(openings: impl Iterator<Item = &'f Opening>) -> String {
    places(openings.map(|one| format!("{} {} for {} ({})", one.keyword, one.value, one.within, one.place)))
}

const PASSWORDS: [&str; 2] = ["passwordauthentication", "kbdinteractiveauthentication"];

/// A Match block that goes by places and lets root in with a password: one value of it that does.
fn root_from<'f>(facts: &'f Facts, usual: (&str, bool), strangers: bool) -> Option<&'f Opening> {
    let block = |one: &&Opening| {
        let said = |keywords: &[&str]| {
            let values = facts.openings.iter().filter(|other| other.within == one.within);
            values
                .filter(|other| keywords.contains(&other.keyword.as_str()))
                .map(|other| other.value.as_str())
                .collect()
        };
        let (login, passwords): (Vec<&str>, Vec<&str>) = (said(&["permitrootlogin"]), said(&PASSWORDS));
        let login = login.first().map_or(usual.0 == "yes", |login| *login == "yes");
        let passwords = passwords.contains(&"yes") || passwords.is_empty() && usual.1;
        one.by_place() && one.for_strangers() == strangers && one.concerns("root") && login && passwords
    };
    let about =
        |one: &&Opening| one.keyword == "permitrootlogin" || PASSWORDS.contains(&one.keyword.as_str());
    facts.openings.iter().filter(about).find(block)
}

/// Whether own networks alone let root in with a password, and everybody with one: in a word for each.
pub(in crate::steps::ssh) fn held(facts: &Facts) -> [&'static str; 2] {
    let word = |own: bool| if own { "own networks" } else { "refused" };
    [
        word(root_from(facts, everywhere(facts), false).is_some()),
        word(allowed(facts, &PASSWORDS, false).next().is_some()),
    ]
}

/// What root finds from anywhere.
fn everywhere(facts: &Facts) -> (&str, bool) {
    (facts.value("permitrootlogin").unwrap_or("yes"), takes_passwords(facts) != Some(false))
}

pub(super) fn root_password(facts: &Facts) -> Finding {
    let root = facts.people.iter().find(|person| person.uid == 0);
    let for_root = root.map(|root| (root.root_login.as_deref().unwrap_or_default(), root.passwords));
    let known = facts.value("permitrootlogin").is_some();
    let from = |strangers| root_from(facts, everywhere(facts), strangers);
    let status = match for_root {
        _ if facts.doubt.is_some() => Status::Unknown,
        _ if from(true).is_some() => Status::Fail,
        Some((_, false)) if takes_passwords(facts).is_some() => Status::Pass,
        Some((login, _)) if known && login != "yes" => Status::Pass,
        Some(("yes", _)) if takes_passwords(facts).is_some() => Status::Fail,
        _ => Status::Unknown,
    };
    let own = from(false).filter(|_| status == Status::Pass);
    let title = match status {
        Status::Fail => "Root can log in over the network with a password",
        Status::Pass if own.is_some() => "Root can log in with a password from your own networks only",
        Status::Pass => "Root cannot log in over the network with a password",
        _ => "Whether root can log in over the network with a password is not known",
    };
    let mut evidence = said(facts, &["PermitRootLogin", "PasswordAuthentication"]);
    if let Some((login, _)) =
        for_root.filter(|(login, _)| facts.value("permitrootlogin").is_some_and(|all| all != *login))
    {
        evidence += &format!("; for root itself {login}");
    }
    if let Some(one) = from(true).or(own) {
        evidence += &format!("; a Match block says {}", told([one].into_iter()));
    }
    found(id::ROOT_PASSWORD, Severity::High, status, title, &evidence, "Let root in with a key only.")
}

pub(super) fn password(facts: &Facts) -> Finding {
    let for_some: Vec<&str> =
        facts.people.iter().filter(|p| p.passwords && p.barred.is_none()).map(|p| p.name.as_str()).collect();
    let from = |strangers| told(allowed(facts, &PASSWORDS, strangers));
    let allows =
        |one: &Opening| PASSWORDS.contains(&one.keyword.as_str()) && one.value == "yes" && !one.by_place();
    let (strangers, own) = (from(true), from(false));
    // Where the operator comes from may be one of the own networks: then these are no exceptions for an account.
    let exception = takes_passwords(facts) == Some(false) && !for_some.is_empty() && own.is_empty();
    let status = match takes_passwords(facts) {
        _ if facts.doubt.is_some() => Status::Unknown,
        _ if !strangers.is_empty() || exception => Status::Fail,
        // A Match block may be about somebody who was not looked at.
        Some(false) if !facts.unseen.is_empty() && facts.openings.iter().any(allows) => Status::Unknown,
        Some(false) => Status::Pass,
        Some(true) => Status::Fail,
        None => Status::Unknown,
    };
    let title = match status {
        Status::Fail => "Passwords can be tried over the network",
        Status::Pass if !own.is_empty() => "Passwords are taken from your own networks only",
        Status::Pass => "No password is taken over the network",
        _ => "Whether passwords are taken over the network is not known",
    };
    let mut evidence = said(facts, &["PasswordAuthentication", "KbdInteractiveAuthentication"]);
    if exception {
        evidence += &format!("; a Match block makes an exception for {}", for_some.join(", "));
    }
    if let Some(one) = [strangers, own].iter().find(|one| !one.is_empty()) {
        evidence += &format!("; a Match block says {one}");
    }
    found(id::PASSWORD, Severity::Medium, status, title, &evidence, "Let everybody in with keys only.")
}

pub(super) fn empty_passwords(facts: &Facts) -> Finding {
    let some =
        facts.openings.iter().filter(|one| one.keyword == "permitemptypasswords" && one.value == "yes");
    let some = told(some);
    let (status, title) = match facts.value("permitemptypasswords") {
        _ if facts.doubt.is_some() => (Status::Unknown, "Whether empty passwords are taken is not known"),
        _ if !some.is_empty() => (Status::Fail, "Accounts without a password can log in"),
        Some(value) if value.eq_ignore_ascii_case("yes") => {
            (Status::Fail, "Accounts without a password can log in")
        }
        None if facts.read_because.is_none() => {
            (Status::Unknown, "Whether empty passwords are taken is not known")
        }
        // Every version of the server comes with it off.
        _ => (Status::Pass, "Empty passwords are not taken"),
    };
    let mut evidence = said(facts, &["PermitEmptyPasswords"]);
    if !some.is_empty() {
        evidence += &format!("; a Match block says {some}");
    }
    found(id::EMPTY, Severity::Critical, status, title, &evidence, "Switch it off.")
}

pub(super) fn weak_algorithms(facts: &Facts) -> Finding {
    let lists: Vec<(&str, &str)> = algorithms::LISTS
        .iter()
        .filter_map(|(keyword, _, what)| Some((*what, facts.value(keyword)?)))
        .collect();
    let weak: Vec<String> = lists
        .iter()
        .map(|(what, list)| (what, algorithms::weak(list)))
        .filter(|(_, weak)| !weak.is_empty())
        .map(|(what, weak)| format!("{what}: {}", weak.join(", ")))
        .collect();
    // sshd -T tells all that it has; a file only those that somebody wrote.
    let enough = if facts.read_because.is_none() { 1 } else { algorithms::LISTS.len() };
    let (status, title) = match (lists.len() >= enough, weak.is_empty()) {
        (_, false) => (Status::Fail, "The server offers algorithms that ssh-audit calls weak"),
        (true, true) => (Status::Pass, "The server offers no algorithm that ssh-audit calls weak"),
        (false, true) => (Status::Unknown, "Which algorithms the server offers is not known"),
    };
    let evidence = match status {
        Status::Fail => weak.join("; "),
        Status::Pass => format!("{} lists looked at", lists.len()),
        _ => {
            let why = facts.doubt.as_ref().or(facts.read_because.as_ref());
            why.map_or("sshd -T tells none", String::as_str).to_owned()
        }
    };
    found(
        id::ALGORITHMS,
        Severity::Medium,
        status,
        title,
        &evidence,
        "Offer the strong ones only; every client since 2016 has them.",
    )
}

pub(super) fn host_keys(facts: &Facts) -> Finding {
    let named = |key: &HostKey| {
        let fingerprint = key.fingerprint.as_deref().unwrap_or("(not readable)");
        format!("{} {fingerprint}", key.path.display())
    };
    let shared = facts.host_keys.iter().filter_map(|key| Some((key, key.shared.as_ref()?)));
    let bad = places(shared.map(|(key, why)| format!("{}: {why}", named(key))));
    let all = || places(facts.host_keys.iter().map(named));
    let (status, title, evidence) = match (facts.host_keys.is_empty(), bad.is_empty()) {
        (true, _) => (
            Status::Unknown,
            "Whether the host's own keys are its own is not known",
            "no key of the server was found".to_owned(),
        ),
        (_, false) => {
            (Status::Fail, "The host's own keys are older than the host: others may have them", bad)
        }
        (_, true) => (Status::Pass, "The host's own keys were made on it", all()),
    };
    found(
        id::HOST_KEY,
        Severity::High,
        status,
        title,
        &evidence,
        "Make new ones; everybody who logs in is asked to accept them once.",
    )
}

pub(super) fn forwarding(facts: &Facts) -> Finding {
    let on = facts.tunnels();
    let some = facts.openings.iter().filter(|one| {
        ["allowtcpforwarding", "allowstreamlocalforwarding"].contains(&one.keyword.as_str())
            && one.value != "no"
    });
    let some = told(some);
    let (status, title) = match on.is_empty() && some.is_empty() {
        _ if facts.doubt.is_some() => {
            (Status::Unknown, "Whether tunnels lead through this host is not known")
        }
        true => (Status::Pass, "No tunnels lead through this host"),
        false => (Status::Fail, "Whoever logs in can reach the host's database and neighbours through it"),
    };
    let far = ["AllowTcpForwarding", "AllowStreamLocalForwarding"].iter().any(|keyword| on.contains(keyword));
    let severity = if far { Severity::Low } else { Severity::Info };
    let keywords =
        ["AllowTcpForwarding", "AllowStreamLocalForwarding", "AllowAgentForwarding", "X11Forwarding"];
    let mut evidence = said(facts, &keywords);
    if !some.is_empty() {
        evidence += &format!("; a Match block says {some}");
    }
    found(id::FORWARDING, severity, status, title, &evidence, "Switch it off if nobody needs it.")
}

/// F23: what lets people in without a line in a key file.
pub(super) fn other_doors(facts: &Facts) -> Finding {
    let on = |keyword: &str| facts.value(keyword).filter(|value| !matches!(*value, "none" | "no"));
    let settings = [
        "AuthorizedKeysCommand",
        "TrustedUserCAKeys",
        "AuthorizedPrincipalsCommand",
        "HostbasedAuthentication",
    ];
    let mut doors: Vec<String> = settings
        .iter()
        .filter_map(|keyword| Some(format!("{keyword} {}", on(&keyword.to_ascii_lowercase())?)))
        .collect();
    let signers = facts.keys().filter(|one| one.2.signs && one.1.read);
    doors.extend(signers.map(|one| format!("{}: whoever has a key signed by this one", place(&one))));
    let unusual = facts.people.iter().flat_map(|person| person.files.iter().map(move |file| (person, file)));
    let unusual = unusual
        .filter(|(person, file)| file.read && !file.path.starts_with(&person.home) && !file.keys.is_empty());
    doors.extend(unusual.map(|(person, file)| format!("{} for {}", file.path.display(), person.name)));
    doors.extend(facts.others.iter().cloned());
    let (status, title) = match doors.is_empty() {
        true => (Status::Pass, "Keys are the only thing that opens an account without a password"),
        false => (Status::Fail, "There are other ways in than the usual key files"),
    };
    let evidence = if doors.is_empty() {
        "no command, no signing key, no trusted host".to_owned()
    } else {
        places(doors.into_iter())
    };
    found(
        id::OTHER_DOORS,
        Severity::Info,
        status,
        title,
        &evidence,
        "Nothing to do if you know them all; this step leaves them alone.",
    )
}

pub(super) fn settings(facts: &Facts) -> Finding {
    let told = ["Port", "ListenAddress", "MaxAuthTries", "UsePAM"];
    found(
        id::SETTINGS,
        Severity::Info,
        Status::Pass,
        "How the server is set up",
        &said(facts, &told),
        "Nothing to do.",
    )
}

pub(super) fn session(facts: &Facts) -> Finding {
    let (status, title, evidence) = match &facts.session {
        Session::Console => {
            (Status::Pass, "You are on the console", "a login without SSH runs this".to_owned())
        }
        Session::Ssh { address, login: Some(login), .. } => {
            let key = login.fingerprint.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
            let how = format!("{} from {address} by {}{key}", login.account, login.method);
            (Status::Pass, "You came in over SSH", how)
        }
        Session::Ssh { address, login: None, .. } => (
            Status::Unknown,
            "You came in over SSH; with what is not known",
            format!("from {address}; the server's log does not say"),
        ),
        Session::Unknown => (
            Status::Unknown,
            "How you came in is not known",
            "no login was found above this program".to_owned(),
        ),
    };
    found(id::SESSION, Severity::Info, status, title, &evidence, "Nothing to do.")
}
