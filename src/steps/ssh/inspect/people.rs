//! Who can log in, with which keys, and what would stop them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{
    executor::{Executor, Kind, Metadata},
    host::{
        accounts::{self, Account, Group},
        keys::{self, Entry, Key},
        shadow::{self, PasswordState},
        sshd::{self, Effective, Session, matches_pattern},
    },
    steps::ssh::facts::{KeyFact, KeyFile, Person, Strict},
};

/// More accounts than this are not looked at one by one.
const MOST_PEOPLE: usize = 60;
/// So many keys of a file are kept for the form; keys of the image beyond it are kept as well.
const MOST_KEYS: usize = 200;
const MOST_IMAGE_KEYS: usize = 2000;
/// So many lines that sshd passes over are named.
const MOST_UNREADABLE: usize = 20;
/// Groups whose members may become root.
const ADMIN_GROUPS: [&str; 4] = ["sudo", "wheel", "admin", "root"];
/// Files that may hold keys whatever the server's settings say.
const USUAL: [&str; 3] = [".ssh/authorized_keys", ".ssh/authorized_keys2", ".ssh/sipwise_vagrant_key"];

pub(super) fn look(host: &dyn Executor, session: &Session, options: &[String]) -> Result<Vec<Person>> {
    let groups = accounts::groups(host).unwrap_or_default();
    let shadow = host.read(Path::new(shadow::SHADOW)).unwrap_or_default();
    let mut people = Vec::new();
    for account in accounts::accounts(host)?
        .into_iter()
        .filter(|one| has_keys(host, one) || shell(one) || is_person(one))
    {
        if people.len() == MOST_PEOPLE {
            break;
        }
        let effective = sshd::effective(host, options, Some((&account.name, session))).unwrap_or_default();
        people.push(person(host, &account, &groups, &shadow, (session, &effective)));
    }
    Ok(people)
}

/// Not the system's own: sshd may let it in for sftp without a shell.
fn is_person(account: &Account) -> bool {
    (1000..60_000).contains(&account.uid)
}

/// Whether its shell is one to work with.
fn shell(account: &Account) -> bool {
    let name = account.shell.rsplit('/').next().unwrap_or_default();
    !matches!(name, "nologin" | "false" | "sync" | "halt" | "shutdown" | "true")
}

/// sshd lets nobody in whose shell is not there, unless into a jail.
fn runs(host: &dyn Executor, shell: &str) -> bool {
    let good = |found: Metadata| found.kind == Kind::Link || found.mode & 0o111 != 0;
    shell.is_empty() || host.metadata(Path::new(shell)).is_ok_and(good)
}

fn has_keys(host: &dyn Executor, account: &Account) -> bool {
    account.home != Path::new("/") && USUAL.iter().any(|name| host.metadata(&account.home.join(name)).is_ok())
}

fn person(
    host: &dyn Executor,
    account: &Account,
    groups: &[Group],
    shadow: &[u8],
    (session, effective): (&Session, &Effective),
) -> Person {
    let own: Vec<&str> = groups
        .iter()
        .filter(|group| group.gid == account.gid || group.members.contains(&account.name))
        .map(|group| group.name.as_str())
        .collect();
    let ended = ended(shadow, &account.name, host.now().as_second() / 86_400);
    let jailed = effective.path("chrootdirectory").is_some();
    let sftp = effective.path("forcecommand").is_some_and(|command| command.starts_with("internal-sftp"));
    let barred = match () {
        () if !shell(account) && !sftp => format!("its shell is {}", account.shell),
        () if host.world().is_running() && !jailed && !runs(host, &account.shell) => {
            format!("its shell {} cannot be run", account.shell)
        }
        () if let Some(why) = ended => why.to_owned(),
        () if host.metadata(Path::new("/etc/nologin")).is_ok() && account.uid != 0 => {
            "/etc/nologin is there".to_owned()
        }
        () => not_admitted(effective, account, &own, session.address()).unwrap_or_default(),
    };
    let state = shadow::in_shadow(shadow, &account.name);
    let add_to = effective.key_files(account).into_iter().next();
    let folder = add_to.as_deref().and_then(Path::parent);
    Person {
        name: account.name.clone(),
        uid: account.uid,
        gid: account.gid,
        home: account.home.clone(),
        admin: account.uid == 0 || own.iter().any(|group| ADMIN_GROUPS.contains(group)),
        barred,
        no_keys: no_keys(effective, &state),
        no_password: no_password(effective, &state),
        passwords: takes_passwords(effective),
        root_login: match account.uid {
            0 => effective.get("permitrootlogin").unwrap_or("without-password").to_ascii_lowercase(),
            _ => String::new(),
        },
        files: files(host, account, effective, session),
        has_folder: folder.is_some_and(|folder| host.metadata(folder).is_ok()),
        add_to,
    }
}

/// What its line in `/etc/shadow` says, in days since 1970: when the account ends, when the password must be changed,
/// which a login without a terminal cannot do.
fn ended(shadow: &[u8], name: &str, today: i64) -> Option<&'static str> {
    let text = String::from_utf8_lossy(shadow);
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))?;
    let fields: Vec<&str> = line.split(':').collect();
    let day = |index: usize| fields.get(index).and_then(|field| field.parse::<i64>().ok());
    let run_out =
        |changed: i64| changed == 0 || day(4).is_some_and(|most| most >= 0 && changed + most < today);
    match () {
        () if day(7).is_some_and(|until| until >= 0 && until < today) => Some("the account has expired"),
        () if day(2).is_some_and(run_out) => Some("its password has run out"),
        () => None,
    }
}

/// Why AllowUsers and the like keep it out.
fn not_admitted(
    effective: &Effective,
    account: &Account,
    groups: &[&str],
    from: Option<&str>,
) -> Option<String> {
    let words = |keyword: &str| -> Vec<String> {
        effective.all(keyword).iter().flat_map(|value| value.split_whitespace()).map(str::to_owned).collect()
    };
    let user = |pattern: &String| match pattern.split_once('@') {
        None => matches_pattern(pattern, &account.name),
        Some((user, place)) => {
            matches_pattern(user, &account.name) && from.is_some_and(|from| place_fits(place, from))
        }
    };
    let group = |pattern: &String| groups.iter().any(|group| matches_pattern(pattern, group));
    let (deny_users, allow_users) = (words("denyusers"), words("allowusers"));
    let (deny_groups, allow_groups) = (words("denygroups"), words("allowgroups"));
    let why = match () {
        () if deny_users.iter().any(|pattern| user(&pattern.split('@').next().unwrap_or("").to_owned())) => {
            "DenyUsers names it"
        }
        () if !allow_users.is_empty() && !allow_users.iter().any(user) => "AllowUsers does not name it",
        () if deny_groups.iter().any(group) => "DenyGroups names a group of it",
        () if !allow_groups.is_empty() && !allow_groups.iter().any(group) => {
            "AllowGroups names no group of it"
        }
        () => return None,
    };
    Some(why.to_owned())
}

/// Whether an address fits `*`, an address or `10.0.0.0/8`. A name never does: it is not looked up.
fn place_fits(pattern: &str, address: &str) -> bool {
    let Some((network, length)) = pattern.split_once('/') else { return matches_pattern(pattern, address) };
    let bits = |text: &str| -> Option<(u128, u32)> {
        match text.parse().ok()? {
            std::net::IpAddr::V4(v4) => Some((u128::from(u32::from(v4)) << 96, 32)),
            std::net::IpAddr::V6(v6) => Some((u128::from(v6), 128)),
        }
    };
    match (bits(network), bits(address), length.parse::<u32>()) {
        (Some((network, of)), Some((address, same)), Ok(length)) if of == same && length <= of => {
            length == 0 || (network ^ address) >> (128 - length) == 0
        }
        _ => false,
    }
}

/// Whether one of these ways alone is enough.
fn alone(effective: &Effective, ways: &[&str]) -> bool {
    let methods = effective.all("authenticationmethods");
    let mut lists = methods.iter().flat_map(|value| value.split_whitespace()).peekable();
    lists.peek().is_none()
        || lists.any(|list| {
            list.eq_ignore_ascii_case("any")
                || ways.iter().any(|way| {
                    list.eq_ignore_ascii_case(way)
                        || list.starts_with(&format!("{way}:")) && !list.contains(',')
                })
        })
}

fn no_keys(effective: &Effective, state: &PasswordState) -> String {
    let why = match () {
        () if effective.get("pubkeyauthentication").is_some_and(|value| value.eq_ignore_ascii_case("no")) => {
            "PubkeyAuthentication is off"
        }
        () if !alone(effective, &["publickey"]) => "AuthenticationMethods wants more than a key",
        () if *state == PasswordState::Locked
            && effective.get("usepam").is_some_and(|v| v.eq_ignore_ascii_case("no")) =>
        {
            "its password is locked, which without UsePAM keeps keys out, too"
        }
        () if effective.path("forcecommand").is_some() => "ForceCommand lets it do one thing only",
        () if effective.path("chrootdirectory").is_some() => "ChrootDirectory keeps it in a jail",
        () if effective.path("revokedkeys").is_some() => "RevokedKeys may name any of its keys",
        () => "",
    };
    why.to_owned()
}

/// By itself or through PAM; what is not known is as servers come.
fn takes_passwords(effective: &Effective) -> bool {
    let on = |keyword, usual| effective.get(keyword).map_or(usual, |value| !value.eq_ignore_ascii_case("no"));
    on("passwordauthentication", true) || (on("kbdinteractiveauthentication", false) && on("usepam", true))
}

fn no_password(effective: &Effective, state: &PasswordState) -> String {
    let why = match state {
        PasswordState::Locked => "its password is locked",
        PasswordState::Missing => "it has no password",
        PasswordState::Empty if !effective.is_yes("permitemptypasswords") => "its password is empty",
        _ if !alone(effective, &["password", "keyboard-interactive"]) => {
            "AuthenticationMethods wants more than a password"
        }
        _ if effective.path("forcecommand").is_some() => "ForceCommand lets it do one thing only",
        _ if effective.path("chrootdirectory").is_some() => "ChrootDirectory keeps it in a jail",
        _ => "",
    };
    why.to_owned()
}

fn files(host: &dyn Executor, account: &Account, effective: &Effective, session: &Session) -> Vec<KeyFile> {
    let read = effective.key_files(account);
    let mut paths: Vec<PathBuf> = read.clone();
    for path in USUAL.iter().map(|name| account.home.join(name)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let one = |path: PathBuf| {
        let is_read = read.contains(&path);
        file(host, account, effective, session, path, is_read)
    };
    paths.into_iter().filter_map(one).collect()
}

fn file(
    host: &dyn Executor,
    account: &Account,
    effective: &Effective,
    session: &Session,
    path: PathBuf,
    read: bool,
) -> Option<KeyFile> {
    let metadata = host.metadata(&path).ok()?;
    let lenient = effective.get("strictmodes").is_some_and(|value| value.eq_ignore_ascii_case("no"));
    let mut found = KeyFile { read, lenient, ..KeyFile::default() };
    // A link, a pipe, a device: not opened, not edited, told (F22).
    let content = match metadata.kind {
        Kind::File => host.read(&path).map_err(|error| format!("{error}")),
        Kind::Link => Err("it is a symbolic link; look at what it points to by hand".to_owned()),
        Kind::Directory | Kind::Other => Err("it is not a plain file".to_owned()),
    };
    found.loose = strict(host, &path, account);
    match content {
        Ok(content) => {
            let entries = keys::read(&content);
            sort(&mut found, &path, entries, account, effective, session);
            if metadata.links > 1 {
                found.fixed = "it has a second name (hard link)".to_owned();
            }
        }
        Err(why) => found.fixed = why,
    }
    found.path = path;
    Some(found)
}

fn strict(host: &dyn Executor, path: &Path, account: &Account) -> Vec<Strict> {
    let loose = keys::loose(host, path, &account.home, account.uid);
    loose
        .into_iter()
        .map(|one| Strict {
            reason: one.reason(),
            mode: one.mode,
            // Root below somebody's home could be led elsewhere by its owner (F63).
            owner: (one.uid == account.uid && matches!(one.kind, Kind::File | Kind::Directory))
                .then_some((one.uid, one.gid)),
            path: one.path,
        })
        .collect()
}

fn sort(
    found: &mut KeyFile,
    path: &Path,
    entries: Vec<Entry>,
    account: &Account,
    effective: &Effective,
    session: &Session,
) {
    let (mut others, mut images) = (0, 0);
    for entry in entries {
        let image = keys::image_key(path, &entry).map(image_words).unwrap_or_default();
        if let Err(why) = &entry.key {
            found.unreadable_count += 1;
            if found.unreadable.len() < MOST_UNREADABLE {
                found.unreadable.push((entry.line, why.clone()));
            }
            if image.is_empty() {
                continue;
            }
        }
        let counter = if image.is_empty() { &mut others } else { &mut images };
        *counter += 1;
        let most = if image.is_empty() { MOST_KEYS } else { MOST_IMAGE_KEYS };
        let Some(text) = entry.text.filter(|_| *counter <= most) else {
            found.more += 1;
            continue;
        };
        let mut fact = KeyFact { line: entry.line, text, image, ..KeyFact::default() };
        match &entry.key {
            Ok(key) => {
                fact.fingerprint.clone_from(&key.fingerprint);
                fact.kind = format!("{} {}", key.kind(), key.bits);
                fact.comment = crate::finding::printable(&key.comment).chars().take(80).collect();
                fact.weak = key.weakness().unwrap_or_default().to_owned();
                fact.useless = useless(key, effective, session.address());
                let login = session.login();
                fact.own = login.is_some_and(|login| {
                    login.account == account.name && login.fingerprint.as_ref() == Some(&key.fingerprint)
                });
            }
            Err(why) => fact.useless.clone_from(why),
        }
        found.keys.push(fact);
    }
}

fn image_words(image: keys::ImageKey) -> String {
    match image {
        keys::ImageKey::Published(whose) => whose.to_owned(),
        keys::ImageKey::Comment => "named like an image's key".to_owned(),
        keys::ImageKey::File => "in a file that images make".to_owned(),
    }
}

/// Why an administrator could not work with this key from where the operator is.
fn useless(key: &Key, effective: &Effective, address: Option<&str>) -> String {
    let from = key.option("from");
    let fits = |patterns: &str| {
        let no = patterns.split(',').filter_map(|pattern| pattern.trim().strip_prefix('!'));
        let yes = patterns.split(',').map(str::trim).filter(|pattern| !pattern.starts_with('!'));
        address.is_some_and(|address| {
            yes.into_iter().any(|pattern| place_fits(pattern, address))
                && !no.into_iter().any(|pattern| place_fits(pattern, address))
        })
    };
    let accepted =
        effective.get("pubkeyacceptedalgorithms").or_else(|| effective.get("pubkeyacceptedkeytypes"));
    let taken = accepted.is_none_or(|list| {
        let rsa = key.algorithm == "ssh-rsa";
        list.split(',').any(|name| name == key.algorithm || (rsa && name.starts_with("rsa-sha2-")))
    });
    let shortest = effective.get("requiredrsasize").and_then(|bits| bits.parse::<u32>().ok()).unwrap_or(0);
    let why = match () {
        () if key.option("cert-authority").is_some() => "it signs keys and is none to log in with",
        () if key.algorithm.contains("-cert-v01") => {
            "it is a certificate, which sshd does not take from a file"
        }
        () if key.option("command").is_some() => "it may run one command only",
        () if key.option("expiry-time").is_some() => "it ends at some time",
        () if from.is_some_and(|patterns| !fits(&patterns)) => {
            "it is not known to be taken from where you are"
        }
        () if !taken => "the server does not take keys of its type",
        () if key.algorithm == "ssh-rsa" && key.bits < shortest => "the server does not take keys that short",
        () => "",
    };
    why.to_owned()
}
