//! Findings about the server: what it takes, what it offers, who it is; and how the operator came in.

use super::{
    ALGORITHMS, EMPTY, FORWARDING, HOST_KEY, OTHER_DOORS, PASSWORD, ROOT_PASSWORD, SESSION, SETTINGS, found,
    keys::place, places,
};
use crate::{
    finding::{Finding, Severity, Status},
    host::sshd::{Session, algorithms},
    steps::ssh::facts::Facts,
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
    match facts.read_because.as_str() {
        "" => format!("sshd -T: {}", told.join(", ")),
        why => format!("read from the files, because {why}: {}", told.join(", ")),
    }
}

pub(super) fn root_password(facts: &Facts) -> Finding {
    let root = facts.people.iter().find(|person| person.uid == 0);
    let for_root = root.map(|root| (root.root_login.as_str(), root.passwords));
    let known = facts.value("permitrootlogin").is_some();
    let status = match for_root {
        Some((_, false)) if takes_passwords(facts).is_some() => Status::Pass,
        Some((login, _)) if known && login != "yes" => Status::Pass,
        Some(("yes", _)) if takes_passwords(facts).is_some() => Status::Fail,
        _ => Status::Unknown,
    };
    let title = match status {
        Status::Fail => "Root can log in over the network with a password",
        Status::Pass => "Root cannot log in over the network with a password",
        _ => "Whether root can log in over the network with a password is not known",
    };
    let mut evidence = said(facts, &["PermitRootLogin", "PasswordAuthentication"]);
    if let Some((login, _)) =
        for_root.filter(|(login, _)| facts.value("permitrootlogin").is_some_and(|all| all != *login))
    {
        evidence += &format!("; for root itself {login}");
    }
    found(ROOT_PASSWORD, Severity::High, status, title, &evidence, "Let root in with a key only.")
}

pub(super) fn password(facts: &Facts) -> Finding {
    let for_some: Vec<&str> =
        facts.people.iter().filter(|p| p.passwords && p.barred.is_empty()).map(|p| p.name.as_str()).collect();
    let status = match takes_passwords(facts) {
        Some(false) if for_some.is_empty() => Status::Pass,
        Some(_) => Status::Fail,
        None => Status::Unknown,
    };
    let title = match status {
        Status::Fail => "Passwords can be tried over the network",
        Status::Pass => "No password is taken over the network",
        _ => "Whether passwords are taken over the network is not known",
    };
    let mut evidence = said(facts, &["PasswordAuthentication", "KbdInteractiveAuthentication"]);
    if takes_passwords(facts) == Some(false) && !for_some.is_empty() {
        evidence += &format!("; a Match block makes an exception for {}", for_some.join(", "));
    }
    found(PASSWORD, Severity::Medium, status, title, &evidence, "Let everybody in with keys only.")
}

pub(super) fn empty_passwords(facts: &Facts) -> Finding {
    let (status, title) = match facts.value("permitemptypasswords") {
        Some(value) if value.eq_ignore_ascii_case("yes") => {
            (Status::Fail, "Accounts without a password can log in")
        }
        None if facts.read_because.is_empty() => {
            (Status::Unknown, "Whether empty passwords are taken is not known")
        }
        // Every version of the server comes with it off.
        _ => (Status::Pass, "Empty passwords are not taken"),
    };
    found(EMPTY, Severity::Critical, status, title, &said(facts, &["PermitEmptyPasswords"]), "Switch it off.")
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
    let (status, title) = match (lists.is_empty(), weak.is_empty()) {
        (true, _) => (Status::Unknown, "Which algorithms the server offers is not known"),
        (false, true) => (Status::Pass, "The server offers no algorithm that today's judges fail"),
        (false, false) => (Status::Fail, "The server offers algorithms that today's judges fail"),
    };
    let evidence = match status {
        Status::Fail => weak.join("; "),
        Status::Pass => format!("{} lists of sshd -T looked at", lists.len()),
        _ if facts.read_because.is_empty() => "sshd -T tells none".to_owned(),
        _ => facts.read_because.clone(),
    };
    found(
        ALGORITHMS,
        Severity::Medium,
        status,
        title,
        &evidence,
        "Offer the strong ones only; every client since 2016 has them.",
    )
}

pub(super) fn host_keys(facts: &Facts) -> Finding {
    let shared = facts.host_keys.iter().filter(|key| !key.shared.is_empty());
    let bad = places(shared.map(|key| format!("{} {}: {}", key.path.display(), key.fingerprint, key.shared)));
    let all =
        || places(facts.host_keys.iter().map(|key| format!("{} {}", key.path.display(), key.fingerprint)));
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
        HOST_KEY,
        Severity::High,
        status,
        title,
        &evidence,
        "Make new ones; everybody who logs in is asked to accept them once.",
    )
}

pub(super) fn forwarding(facts: &Facts) -> Finding {
    let on = facts.tunnels();
    let (status, title) = match on.is_empty() {
        true => (Status::Pass, "No tunnels lead through this host"),
        false => (Status::Fail, "Whoever logs in can reach the host's database and neighbours through it"),
    };
    let far = ["AllowTcpForwarding", "AllowStreamLocalForwarding"].iter().any(|keyword| on.contains(keyword));
    let severity = if far { Severity::Low } else { Severity::Info };
    let told = ["AllowTcpForwarding", "AllowStreamLocalForwarding", "AllowAgentForwarding", "X11Forwarding"];
    found(FORWARDING, severity, status, title, &said(facts, &told), "Switch it off if nobody needs it.")
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
    let signers = facts.keys().filter(|one| one.2.useless.starts_with("it signs keys") && one.1.read);
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
        OTHER_DOORS,
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
        SETTINGS,
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
    found(SESSION, Severity::Info, status, title, &evidence, "Nothing to do.")
}
