//! Who can log in, with which keys, and what would stop them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{
    key_files::{files, has_keys},
    server::{HARMLESS, by_place},
};
use crate::{
    executor::{Executor, Kind, Metadata},
    host::{
        accounts::{self, Account, Group},
        shadow::{self, PasswordState},
        sshd::{self, Effective, Lines, Session, matches_pattern},
    },
    steps::ssh::{
        facts::{Person, Rules},
        usable::place_fits,
    },
};

/// More accounts than this are not looked at one by one.
const MOST_PEOPLE: usize = 2000;
/// The people, and what was not looked at.
pub(super) fn look(
    host: &dyn Executor,
    session: &Session,
    options: &[String],
) -> Result<(Vec<Person>, Vec<String>)> {
    let groups = accounts::groups(host).unwrap_or_default();
    let shadow = host.read(Path::new(shadow::SHADOW)).unwrap_or_default();
    let (lines, rules) = (Lines::read(host).unwrap_or_default(), sudo_rules(host));
    let all = accounts::accounts(host)?;
    let mut unseen = unreadable(host, all.len());
    let elsewhere = accounts::elsewhere(host);
    unseen.extend((!elsewhere.is_empty()).then(|| format!("accounts from {}", elsewhere.join(", "))));
    let concerned = all.into_iter().filter(|one| has_keys(host, one) || shell(one) || is_person(one));
    let concerned: Vec<Account> = concerned.collect();
    let beyond = concerned.len().saturating_sub(MOST_PEOPLE);
    unseen.extend((beyond > 0).then(|| format!("{beyond} accounts beyond the {MOST_PEOPLE}th")));
    // sshd is asked once for all that the same Match blocks are about.
    let mut told: BTreeMap<Vec<bool>, Effective> = BTreeMap::new();
    let mut people = Vec::new();
    for account in concerned.iter().take(MOST_PEOPLE) {
        let effective = told.entry(meant(&lines, account, &groups)).or_insert_with(|| {
            sshd::effective(host, options, Some((&account.name, session))).unwrap_or_default()
        });
        people.push(person(host, account, &groups, &shadow, (session, effective), &lines, &rules));
    }
    Ok((people, unseen))
}

/// Lines of `/etc/passwd` that are no account to us; to the C library they may be one.
fn unreadable(host: &dyn Executor, read: usize) -> Vec<String> {
    let text = host.read(Path::new("/etc/passwd")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(['#', '+', '-']));
    match lines.count().saturating_sub(read) {
        0 => Vec::new(),
        1 => vec!["1 line of /etc/passwd that cannot be read".to_owned()],
        more => vec![format!("{more} lines of /etc/passwd that cannot be read")],
    }
}

/// Which patterns of Match blocks an account fits: for two that fit the same ones sshd says the same.
fn meant(lines: &Lines, account: &Account, groups: &[Group]) -> Vec<bool> {
    let own = own_groups(account, groups);
    let mut fits = Vec::new();
    for within in
        lines.exceptions().filter(|line| line.keyword == "match").filter_map(|line| line.within.as_ref())
    {
        let words: Vec<&str> = within.split_whitespace().collect();
        for pair in words.chunks_exact(2) {
            for pattern in pair[1].split(',').map(|pattern| pattern.trim_start_matches('!')) {
                match pair[0].to_ascii_lowercase().as_str() {
                    "user" => fits.push(matches_pattern(pattern, &account.name)),
                    "group" => fits.push(own.iter().any(|group| matches_pattern(pattern, group))),
                    _ => {}
                }
            }
        }
    }
    fits
}

fn own_groups<'g>(account: &Account, groups: &'g [Group]) -> Vec<&'g str> {
    let own = groups.iter().filter(|group| group.gid == account.gid || group.members.contains(&account.name));
    own.map(|group| group.name.as_str()).collect()
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

fn person(
    host: &dyn Executor,
    account: &Account,
    groups: &[Group],
    shadow: &[u8],
    (session, effective): (&Session, &Effective),
    lines: &Lines,
    sudo: &[(String, bool)],
) -> Person {
    let own = own_groups(account, groups);
    let ended = ended(shadow, &account.name, host.now().as_second() / 86_400);
    let jailed = effective.path("chrootdirectory").is_some();
    let sftp = effective.path("forcecommand").is_some_and(|command| command.starts_with("internal-sftp"));
    let barred = match () {
        () if !shell(account) && !sftp => Some(format!("its shell is {}", account.shell)),
        () if host.world().is_running() && !jailed && !runs(host, &account.shell) => {
            Some(format!("its shell {} cannot be run", account.shell))
        }
        () if let Some(why) = ended => Some(why.to_owned()),
        () if host.metadata(Path::new("/etc/nologin")).is_ok() && account.uid != 0 => {
            Some("/etc/nologin is there".to_owned())
        }
        () => not_admitted(effective, account, &own, session.address()).map(str::to_owned),
    };
    let state = shadow::in_shadow(shadow, &account.name);
    let add_to = effective.key_files(account).into_iter().next();
    let folder = add_to.as_deref().and_then(Path::parent);
    let accepted =
        effective.get("pubkeyacceptedalgorithms").or_else(|| effective.get("pubkeyacceptedkeytypes"));
    let rules = Rules {
        from: session.address().map(str::to_owned),
        types: accepted.map(str::to_owned),
        shortest: effective.get("requiredrsasize").and_then(|bits| bits.parse().ok()).unwrap_or(0),
    };
    let named =
        |who: &str| who == account.name || who.strip_prefix('%').is_some_and(|who| own.contains(&who));
    // The last rule that names it decides.
    let sudo = sudo.iter().rfind(|(who, _)| named(who));
    let admin =
        account.uid == 0 || sudo.is_some_and(|(_, free)| *free || matches!(state, PasswordState::Hash(_)));
    let from_nowhere = |harmless: &[&str]| {
        let line = by_place(lines, harmless, Some(&account.name)).filter(|_| session.address().is_none())?;
        let place = format!("{} line {}", line.file.display(), line.number);
        Some(format!("{place} goes by addresses, and where you come from is not known"))
    };
    let why = |known: Option<&str>, harmless| known.map(str::to_owned).or_else(|| from_nowhere(harmless));
    Person {
        name: account.name.clone(),
        uid: account.uid,
        gid: account.gid,
        home: account.home.clone(),
        admin,
        barred,
        no_keys: why(no_keys(effective, &state), &HARMLESS),
        no_password: why(no_password(effective, &state), &HARMLESS[3..]),
        empty: state == PasswordState::Empty,
        passwords: takes_passwords(effective),
        root_login: (account.uid == 0)
            .then(|| effective.get("permitrootlogin").unwrap_or("without-password").to_ascii_lowercase()),
        files: files(host, account, effective, session, &rules, admin),
        rules,
        has_folder: folder.is_some_and(|folder| host.metadata(folder).is_ok()),
        add_to,
    }
}

/// Whom sudo makes root, in its order, and whether without a password. Only the plainest rules are understood.
fn sudo_rules(host: &dyn Executor) -> Vec<(String, bool)> {
    let mut rules = Vec::new();
    if host.metadata(Path::new("/usr/bin/sudo")).is_err() {
        return rules;
    }
    let folder = Path::new("/etc/sudoers.d");
    let mut files: Vec<PathBuf> = vec!["/etc/sudoers".into()];
    let mut names = host.list(folder).unwrap_or_default();
    names.retain(|name| !name.contains(['.', '~']));
    files.extend(names.iter().map(|name| folder.join(name)));
    for content in files.iter().filter_map(|file| host.read(file).ok()) {
        for line in String::from_utf8_lossy(&content).lines() {
            let (left, right) = line.split_once('=').unwrap_or_default();
            let right: String = right.split_whitespace().collect();
            let what = right.replace("NOPASSWD:", "");
            if let [who, "ALL"] = left.split_whitespace().collect::<Vec<_>>()[..]
                && ["ALL", "(ALL)ALL", "(ALL:ALL)ALL", "(root)ALL"].contains(&what.as_str())
            {
                rules.push((who.to_owned(), what != right));
            }
        }
    }
    rules
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
) -> Option<&'static str> {
    let words = |keyword: &str| -> Vec<String> {
        effective.all(keyword).iter().flat_map(|value| value.split_whitespace()).map(str::to_owned).collect()
    };
    let user = |pattern: &String| match pattern.split_once('@') {
        None => matches_pattern(pattern, &account.name),
        Some((user, place)) => {
            matches_pattern(user, &account.name)
                && from.is_some_and(|from| place_fits(place, from) == Some(true))
        }
    };
    let group = |pattern: &String| groups.iter().any(|group| matches_pattern(pattern, group));
    let (deny_users, allow_users) = (words("denyusers"), words("allowusers"));
    let (deny_groups, allow_groups) = (words("denygroups"), words("allowgroups"));
    match () {
        () if deny_users.iter().any(|pattern| user(&pattern.split('@').next().unwrap_or("").to_owned())) => {
            Some("DenyUsers names it")
        }
        () if !allow_users.is_empty() && !allow_users.iter().any(user) => Some("AllowUsers does not name it"),
        () if deny_groups.iter().any(group) => Some("DenyGroups names a group of it"),
        () if !allow_groups.is_empty() && !allow_groups.iter().any(group) => {
            Some("AllowGroups names no group of it")
        }
        () => None,
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

fn no_keys(effective: &Effective, state: &PasswordState) -> Option<&'static str> {
    match () {
        () if effective.get("pubkeyauthentication").is_some_and(|value| value.eq_ignore_ascii_case("no")) => {
            Some("PubkeyAuthentication is off")
        }
        () if !alone(effective, &["publickey"]) => Some("AuthenticationMethods wants more than a key"),
        () if *state == PasswordState::Locked
            && effective.get("usepam").is_some_and(|v| v.eq_ignore_ascii_case("no")) =>
        {
            Some("its password is locked, which without UsePAM keeps keys out, too")
        }
        () if effective.path("forcecommand").is_some() => Some("ForceCommand lets it do one thing only"),
        () if effective.path("chrootdirectory").is_some() => Some("ChrootDirectory keeps it in a jail"),
        () if effective.path("revokedkeys").is_some() => Some("RevokedKeys may name any of its keys"),
        () => None,
    }
}

/// By itself or through PAM; what is not known is as servers come.
fn takes_passwords(effective: &Effective) -> bool {
    let on = |keyword, usual| effective.get(keyword).map_or(usual, |value| !value.eq_ignore_ascii_case("no"));
    on("passwordauthentication", true) || (on("kbdinteractiveauthentication", false) && on("usepam", true))
}

fn no_password(effective: &Effective, state: &PasswordState) -> Option<&'static str> {
    match state {
        PasswordState::Locked => Some("its password is locked"),
        PasswordState::Missing => Some("it has no password"),
        PasswordState::Empty if !effective.is_yes("permitemptypasswords") => Some("its password is empty"),
        _ if !alone(effective, &["password", "keyboard-interactive"]) => {
            Some("AuthenticationMethods wants more than a password")
        }
        _ if effective.path("forcecommand").is_some() => Some("ForceCommand lets it do one thing only"),
        _ if effective.path("chrootdirectory").is_some() => Some("ChrootDirectory keeps it in a jail"),
        _ => None,
    }
}
