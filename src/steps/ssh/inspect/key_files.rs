//! The files with keys of one account: what stands in them, whether sshd reads them, why one must be left alone.

use std::path::{Path, PathBuf};

use crate::{
    executor::{Executor, Kind},
    host::{
        accounts::Account,
        keys::{self, Entry},
        sshd::{Effective, Session},
    },
    steps::ssh::{
        facts::{KeyFact, KeyFile, Rules, Strict},
        usable::{is_limited, judged},
    },
};

/// So many good keys of a file are kept for the form; others of them were looked at all the same.
const MOST_KEYS: usize = 200;
/// So many weak ones and such of the image are kept, to be named and removed.
const MOST_BAD_KEYS: usize = 2000;
/// So many lines that sshd passes over are named.
const MOST_UNREADABLE: usize = 20;
/// Files that may hold keys whatever the server's settings say.
const USUAL: [&str; 3] = [".ssh/authorized_keys", ".ssh/authorized_keys2", ".ssh/sipwise_vagrant_key"];

/// Whether it has one of the usual files.
pub(super) fn has_keys(host: &dyn Executor, account: &Account) -> bool {
    account.home != Path::new("/") && USUAL.iter().any(|name| host.metadata(&account.home.join(name)).is_ok())
}

/// All that sshd reads for it, and the usual ones.
pub(super) fn files(
    host: &dyn Executor,
    account: &Account,
    effective: &Effective,
    session: &Session,
    rules: &Rules,
    admin: bool,
) -> Vec<KeyFile> {
    let read = effective.key_files(account);
    let mut paths: Vec<PathBuf> = read.clone();
    for path in USUAL.iter().map(|name| account.home.join(name)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let lenient = effective.get("strictmodes").is_some_and(|value| value.eq_ignore_ascii_case("no"));
    let one = |path: PathBuf| {
        let mut found = KeyFile { read: read.contains(&path), lenient, ..KeyFile::default() };
        // Whether a key that comes would be taken from it.
        found.absent = host.metadata(&path).is_err() && admin && read.first() == Some(&path);
        found.path = path;
        file(host, account, session, rules, found)
    };
    paths.into_iter().filter_map(one).collect()
}

fn file(
    host: &dyn Executor,
    account: &Account,
    session: &Session,
    rules: &Rules,
    mut found: KeyFile,
) -> Option<KeyFile> {
    found.loose = strict(host, &found.path, account);
    if found.absent {
        return Some(found);
    }
    let path = found.path.clone();
    let metadata = host.metadata(&path).ok()?;
    // A link, a pipe, a device: not opened, not edited, told (F22).
    let content = match metadata.kind {
        Kind::File => host.read(&path).map_err(|error| format!("{error}")),
        Kind::Link => Err("it is a symbolic link; look at what it points to by hand".to_owned()),
        Kind::Directory | Kind::Other => Err("it is not a plain file".to_owned()),
    };
    match content {
        Ok(content) => {
            let entries = keys::read(&content);
            sort(&mut found, &path, entries, account, rules, session);
            if metadata.links > 1 {
                found.fixed = Some("it has a second name (hard link)".to_owned());
            }
        }
        Err(why) => found.fixed = Some(why),
    }
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
    rules: &Rules,
    session: &Session,
) {
    // Of the image, weak, with limits that count for later lines as well (see `doors`), good.
    let mut kinds = [0; 4];
    for entry in entries {
        let image = keys::image_key(path, &entry).map(image_words);
        if let Err(why) = &entry.key {
            found.unreadable_count += 1;
            if found.unreadable.len() < MOST_UNREADABLE {
                found.unreadable.push((entry.line, why.clone()));
            }
            if image.is_none() {
                continue;
            }
        }
        let key = entry.key.as_ref().ok();
        let kind = match () {
            () if image.is_some() => 0,
            () if key.is_some_and(|key| key.weakness().is_some()) => 1,
            () if key.is_some_and(is_limited) => 2,
            () => 3,
        };
        kinds[kind] += 1;
        let most = if kind < 3 { MOST_BAD_KEYS } else { MOST_KEYS };
        let Some(text) = entry.text.filter(|_| kinds[kind] <= most) else {
            let more = [&mut found.more_images, &mut found.more_weak, &mut found.more];
            if let Some(more) = more.into_iter().nth(kind.min(2)) {
                *more += 1;
            }
            continue;
        };
        let fact = match &entry.key {
            Ok(key) => judged(key, rules),
            Err(why) => KeyFact { useless: Some(why.clone()), ..KeyFact::default() },
        };
        let own = session.login().is_some_and(|login| {
            login.account == account.name
                && login.fingerprint.is_some()
                && login.fingerprint == fact.fingerprint
        });
        found.keys.push(KeyFact { line: entry.line, text, image, own, ..fact });
    }
}

fn image_words(image: keys::ImageKey) -> String {
    match image {
        keys::ImageKey::Published(whose) => whose.to_owned(),
        keys::ImageKey::Comment => "named like an image's key".to_owned(),
        keys::ImageKey::File => "in a file that images make".to_owned(),
    }
}
