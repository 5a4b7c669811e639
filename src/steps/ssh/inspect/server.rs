//! The server: what is in force, how it could be changed, its own keys.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::super::{
    facts::{Facts, HostKey, Writing, Yaml},
    places::Opening,
    settings::{DROP_IN, WANTED},
};
use crate::{
    executor::{Executor, Kind, World},
    host::{
        keys,
        sshd::{self, Effective, Lines, algorithms},
    },
    ngcp::config::{Config, DIRECTORY},
};

/// Seconds between a key and the start of the host that are nobody's concern.
const TOLERANCE: i64 = 3600;

pub(super) fn look(host: &dyn Executor, facts: &mut Facts) -> Result<()> {
    let mut listeners = sshd::listeners(host).into_iter();
    let server = listeners.next().unwrap_or_default();
    facts.listens = (host.world() == World::Live).then(|| !server.sockets(host).is_empty());
    facts.started = server.options;
    facts.others =
        listeners.map(|other| format!("another SSH server: sshd {}", other.options.join(" "))).collect();
    let effective = sshd::effective(host, &facts.started, None)?;
    facts.read_because = effective.read_because.clone();
    (facts.doubt, facts.refused) = (effective.doubt.clone(), effective.refused);
    for keyword in WANTED.iter().map(|name| name.to_ascii_lowercase()).chain(TOLD.map(str::to_owned)) {
        let values = effective.all(&keyword);
        if !values.is_empty() {
            facts.values.insert(keyword, values.join(" "));
        }
    }
    for (keyword, name, _) in algorithms::LISTS {
        let list = effective.get(keyword).unwrap_or_default();
        if let (false, Some(strong)) = (algorithms::weak(list).is_empty(), algorithms::strong(list)) {
            facts.stronger.push((name.to_owned(), strong));
        }
    }
    if let Ok(lines) = Lines::read(host) {
        facts.openings = lines.exceptions().filter(|line| line.keyword != "match").map(opening).collect();
    }
    facts.writing = writing(host);
    facts.host_keys = host_keys(host, &effective);
    Ok(())
}

/// Keywords that are told but not changed.
const TOLD: [&str; 9] = [
    "port",
    "listenaddress",
    "maxauthtries",
    "disableforwarding",
    "usepam",
    "authorizedkeyscommand",
    "trustedusercakeys",
    "authorizedprincipalscommand",
    "hostbasedauthentication",
];

fn opening(line: &sshd::Line) -> Opening {
    Opening {
        keyword: line.keyword.clone(),
        value: line.value.clone(),
        within: line.within.clone().unwrap_or_default(),
        place: format!("{} line {}", line.file.display(), line.number),
    }
}

fn writing(host: &dyn Executor) -> Writing {
    let mut writing = Writing::default();
    if let Ok(config) = Config::read(host) {
        for (keyword, key) in
            [("PermitRootLogin", "permit_root_login"), ("PasswordAuthentication", "password_authentication")]
        {
            let path = ["sshd", key];
            if let Some(value) = config.main(&path) {
                let yaml = Yaml {
                    key: path.map(str::to_owned).to_vec(),
                    now: value.text,
                    shadow: value.shadowed_by.map(|place| place.to_string()),
                };
                writing.yaml.insert(keyword.to_owned(), yaml);
            }
        }
    }
    writing.template = template(host);
    (writing.patch, writing.patch_fixed) = match patch(host) {
        Ok(patch) => (patch, None),
        Err(why) => (None, Some(why)),
    };
    if let Ok(lines) = Lines::read(host) {
        let decides = |keyword: &&&str| lines.drop_in_decides(DROP_IN, &[&keyword.to_ascii_lowercase()]);
        let folder =
            host.metadata(Path::new(sshd::DROP_INS)).is_ok_and(|found| found.kind == Kind::Directory);
        writing.drop_in =
            WANTED.iter().filter(|_| folder).filter(decides).map(|keyword| (*keyword).to_owned()).collect();
        let main = Path::new(sshd::CONFIG);
        let text = String::from_utf8(host.read(main).unwrap_or_default()).unwrap_or_default();
        let once = |wanted: &str| text.lines().filter(|line| *line == wanted).count() == 1;
        for keyword in WANTED {
            let line = lines.deciding(&keyword.to_ascii_lowercase());
            if let Some(line) = line.filter(|line| line.file == main && once(&line.text)) {
                writing.deciding.insert((*keyword).to_owned(), line.text.clone());
            }
        }
        for line in lines.exceptions() {
            let keyword = WANTED.iter().find(|one| one.eq_ignore_ascii_case(&line.keyword));
            let within = line.within.as_deref().unwrap_or_default();
            let place = format!("{within} ({} line {})", line.file.display(), line.number);
            writing.exceptions.extend(keyword.map(|one| ((*one).to_owned(), line.value.clone(), place)));
        }
        let decides = |line: &str| writing.deciding.values().any(|deciding| deciding == line);
        writing.anchor = text.lines().find(|line| once(line) && !decides(line)).map(str::to_owned);
    }
    let own = Path::new(sshd::DROP_INS).join(DROP_IN);
    writing.drop_in_now = host.read(&own).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if host.world().is_running() {
        let systemd =
            host.metadata(Path::new("/run/systemd/system")).is_ok() || host.find_program("service").is_none();
        let words: &[&str] =
            match (systemd && host.find_program("systemctl").is_some(), host.find_program("service")) {
                (true, _) => &["systemctl", "reload", "ssh"],
                (false, Some(_)) => &["service", "ssh", "reload"],
                (false, None) => &[],
            };
        writing.reload = words.iter().map(|word| (*word).to_owned()).collect();
        let sshd = host.find_program("sshd").filter(|_| host.find_program("ssh").is_some());
        writing.sshd = sshd.map(|path| path.display().to_string());
        writing.no_trial = no_trial(host);
    }
    writing
}

/// What a Match block may say without a word on logins by key. The first three are about passwords.
pub(super) const HARMLESS: [&str; 9] = [
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "permitemptypasswords",
    "match",
    "x11forwarding",
    "allowtcpforwarding",
    "allowstreamlocalforwarding",
    "allowagentforwarding",
    "banner",
];

/// A line that decides for logins of this account from some places only; for `None`, of any but the platform's own.
pub(super) fn by_place<'l>(
    lines: &'l Lines,
    harmless: &[&str],
    account: Option<&str>,
) -> Option<&'l sshd::Line> {
    lines.exceptions().find(|line| {
        let words: Vec<&str> = line.within.iter().flat_map(|within| within.split_whitespace()).collect();
        let has = |wanted: &str| words.iter().position(|word| word.eq_ignore_ascii_case(wanted));
        let users = has("user").and_then(|at| words.get(at + 1)).unwrap_or(&"*");
        let concerned = match account {
            Some(name) => {
                users.split(',').any(|user| sshd::matches_pattern(user.trim_start_matches('!'), name))
            }
            None => *users != "sipwise",
        };
        let places = ["address", "localaddress", "localport", "host", "rdomain"];
        concerned
            && !harmless.contains(&line.keyword.as_str())
            && places.iter().any(|place| has(place).is_some())
    })
}

/// Why a login through a pipe would be judged by other rules than the operator's.
fn no_trial(host: &dyn Executor) -> Option<String> {
    let Ok(lines) = Lines::read(host) else { return Some("sshd_config cannot be read".to_owned()) };
    let lists = |line: &&sshd::Line| {
        ["allowusers", "denyusers"].contains(&line.keyword.as_str()) && line.value.contains('@')
    };
    let found = lines.0.iter().find(lists).or_else(|| by_place(&lines, &HARMLESS, None));
    found.map(|line| format!("{} line {} goes by addresses", line.file.display(), line.number))
}

/// The platform's template for sshd_config; one of the operator's own comes first.
fn template(host: &dyn Executor) -> Option<(PathBuf, String, bool)> {
    let folder = Path::new(DIRECTORY).join("templates/etc/ssh");
    [("sshd_config.customtt.tt2", true), ("sshd_config.tt2", false)].into_iter().find_map(|(name, own)| {
        let path = folder.join(name);
        let plain = host.metadata(&path).is_ok_and(|found| found.kind == Kind::File);
        let text = plain.then(|| host.read(&path).ok()).flatten().and_then(|b| String::from_utf8(b).ok());
        text.map(|text| (path, text, own))
    })
}

/// The patch that the platform's local template is made with, and the template it is for.
fn patch(host: &dyn Executor) -> Result<Option<[(PathBuf, String); 2]>, String> {
    let folder = Path::new(DIRECTORY).join("templates/etc/ssh");
    let path = folder.join("sshd_config.patchtt.tt2");
    if host.metadata(&path).is_err() {
        return Ok(None);
    }
    let text = |path: &Path| {
        let plain = host.metadata(path).is_ok_and(|found| found.kind == Kind::File);
        let bytes = plain.then(|| host.read(path).ok()).flatten();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| format!("{} is no plain text file", path.display()))
    };
    let template = folder.join("sshd_config.tt2");
    Ok(Some([(path.clone(), text(&path)?), (template.clone(), text(&template)?)]))
}

fn host_keys(host: &dyn Executor, effective: &Effective) -> Vec<HostKey> {
    let started = ["/lost+found", "/etc/machine-id"]
        .iter()
        .filter_map(|path| Some((*path, host.metadata(Path::new(path)).ok()?.modified.as_second())))
        .max_by_key(|(_, at)| *at);
    let default = ["rsa", "ecdsa", "ed25519"].map(|kind| format!("/etc/ssh/ssh_host_{kind}_key"));
    let paths: &[String] = match effective.all("hostkey") {
        [] => &default,
        paths => paths,
    };
    let one = |path: &String| {
        let made = host.metadata(Path::new(path)).ok()?.modified.as_second();
        let public = host.read(Path::new(&format!("{path}.pub"))).unwrap_or_default();
        let entry = keys::read(&public).into_iter().next();
        let known = entry.as_ref().and_then(|entry| keys::image_key(Path::new(path), entry));
        let (fingerprint, kind) = entry
            .and_then(|entry| entry.key.ok())
            .map(|key| (Some(key.fingerprint.clone()), Some(key.kind().to_ascii_lowercase())))
            .unwrap_or_default();
        let shared = match started {
            _ if known.is_some() => Some("it is published with the image".to_owned()),
            Some((what, at)) if made < at - TOLERANCE => Some(format!("it is older than {what}")),
            _ => None,
        };
        Some(HostKey { path: path.into(), fingerprint, kind, shared })
    };
    paths.iter().filter_map(one).collect()
}
