//! Sipwise's keys, in every file that sshd reads for user `sipwise` and in the usual ones; and where else they open.
//! What is sipwise's alone is set aside, never deleted; what others use too, or a link leads to, stays and is told.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::names::{ABOUT, id};
use crate::{
    executor::{Attributes, Executor, Kind},
    finding::{Finding, Severity, Status, one_line},
    host::{
        accounts::Account,
        keys::{self, ImageKey},
        sshd::{self, Ways},
    },
    ngcp::config::DIRECTORY,
    plan::{Action, Change, Left, Proof, Template, Undo, unified},
    secret::sha256,
};

/// Files in its home that may hold keys whatever the server's settings say.
const USUAL: [&str; 3] = [".ssh/authorized_keys", ".ssh/authorized_keys2", ".ssh/sipwise_vagrant_key"];
/// A larger file is not copied into a plan, in bytes.
const COPY_LIMIT: usize = 256 * 1024;
/// What is behind the name of a file that was set aside.
const ASIDE: &str = ".set-aside";
/// How the vendor's own keys end.
const VENDOR: &str = "sipwise.com";
/// More places of one key are counted, not named.
const NAMED: usize = 5;

/// All that is known of the keys.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct VendorKeys {
    files: Vec<KeyFile>,
    /// What else may let Sipwise in and cannot be looked through.
    others: Vec<String>,
    /// Other accounts that a key of the vendor's opens: `root (/root/.ssh/authorized_keys line 2)`.
    elsewhere: Vec<String>,
}

/// A file with keys.
#[derive(Debug, Serialize, Deserialize)]
struct KeyFile {
    path: PathBuf,
    /// sshd reads it for sipwise.
    read: bool,
    /// How many; `None` when it could not be read.
    count: Option<usize>,
    /// What is in it and where it goes.
    aside: Option<(String, PathBuf)>,
    /// Why it stays where it is.
    left_behind: Option<String>,
}

/// Looks at the keys of `account`, user sipwise; of no user when there is none.
pub(super) fn look(host: &dyn Executor, account: Option<&Account>, accounts: &[Account]) -> VendorKeys {
    let mut found = VendorKeys::default();
    let (ways, unread) = match sshd::ways(host, account) {
        Ok(ways) => (ways, None),
        Err(_) if !sshd::installed(host) => (Ways::default(), None),
        Err(why) => (
            account.map(Ways::usual).unwrap_or_default(),
            Some(one_line(&format!("the settings of sshd cannot be read: {why:#}"))),
        ),
    };
    let mut vendors = Vec::new();
    if let Some(account) = account {
        found.others = ways.others.iter().map(|way| one_line(&format!("{way} may let sipwise in"))).collect();
        found.others.extend(unread);
        let usual = USUAL.iter().map(|name| account.home.join(name));
        let mut paths = ways.files.clone();
        paths.extend(usual.filter(|path| !ways.files.contains(path)));
        for path in paths {
            let shared = accounts.iter().find(|other| {
                other.name != account.name
                    && (other.home == account.home || ways.files_of(other).contains(&path))
            });
            let read = ways.files.contains(&path);
            let Some(content) = content(host, &path) else { continue };
            let foreign = foreign(host, account, &path, shared);
            if let Ok(content) = &content {
                vendors.extend(fingerprints(&path, content));
            }
            found.files.push(key_file(host, path, read, content, foreign));
        }
        vendors.extend(set_aside(host, account));
    }
    found.elsewhere = elsewhere(host, account, accounts, &ways, &vendors, &mut found.others);
    found
}

/// What is in a file, through whatever link, as sshd reads it; `None` when there is none.
fn content(host: &dyn Executor, path: &Path) -> Option<Result<Vec<u8>, String>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match host.read(path) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => None,
        read => Some(read.map_err(|error| one_line(&format!("{} cannot be read: {error}", path.display())))),
    }
}

/// Why a file is not sipwise's to lose.
fn foreign(host: &dyn Executor, account: &Account, path: &Path, shared: Option<&Account>) -> Option<String> {
    if let Some(other) = shared {
        return Some(format!("{} uses it too", other.name));
    }
    let kind = |path: &Path| host.metadata(path).map(|found| found.kind);
    let links = host.metadata(path).map_or(1, |found| found.links);
    let above = path.ancestors().skip(1);
    let above = above.take_while(|above| above.starts_with(&account.home) || Some(*above) == path.parent());
    let plain = kind(path).is_ok_and(|kind| kind == Kind::File)
        && above.into_iter().all(|above| kind(above).is_ok_and(|kind| kind == Kind::Directory));
    let made = ["tt2", "customtt.tt2"].iter().any(|end| {
        let template = format!("{DIRECTORY}/templates{}.{end}", path.display());
        host.metadata(Path::new(&template)).is_ok()
    });
    match () {
        () if !plain => Some("it is reached through a symbolic link".to_owned()),
        () if links > 1 => Some("it has a second name (hard link)".to_owned()),
        () if made => Some("ngcpcfg makes it from a template".to_owned()),
        () => None,
    }
}

fn key_file(
    host: &dyn Executor,
    path: PathBuf,
    read: bool,
    content: Result<Vec<u8>, String>,
    foreign: Option<String>,
) -> KeyFile {
    let content = match content {
        Ok(content) => content,
        Err(why) => return KeyFile { path, read, count: None, aside: None, left_behind: Some(why) },
    };
    let lines = content.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let count = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).count();
    let aside = match (foreign, String::from_utf8(content)) {
        (Some(why), _) => Err(why),
        (None, Ok(text)) if text.len() <= COPY_LIMIT => free_name(host, &path).map(|to| (text, to)),
        (None, _) => Err("it is too large or not text".to_owned()),
    };
    let (aside, left_behind) = match aside {
        _ if count == 0 => (None, None),
        Ok(aside) => (Some(aside), None),
        Err(why) => (None, Some(one_line(&format!("{} stays where it is: {why}", path.display())))),
    };
    KeyFile { path, read, count: Some(count), aside, left_behind }
}

/// A name beside the file that sshd does not read and nobody uses yet.
fn free_name(host: &dyn Executor, path: &Path) -> Result<PathBuf, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = (1..100).map(|n| match n {
        1 => path.with_file_name(format!("{name}{ASIDE}")),
        n => path.with_file_name(format!("{name}{ASIDE}-{n}")),
    });
    let is_free =
        |path: &PathBuf| host.metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    names.into_iter().find(is_free).ok_or_else(|| "there is no free name beside it".to_owned())
}

/// Fingerprints of the keys in a file that are not an image's: those are the business of the SSH step.
fn fingerprints(path: &Path, content: &[u8]) -> Vec<String> {
    let entries = keys::read(content);
    let own = entries.iter().filter(|entry| {
        !matches!(keys::image_key(path, entry), Some(ImageKey::Published(_) | ImageKey::Comment))
    });
    own.filter_map(|entry| Some(entry.key.as_ref().ok()?.fingerprint.clone())).collect()
}

/// Fingerprints of the keys that were set aside before.
fn set_aside(host: &dyn Executor, account: &Account) -> Vec<String> {
    let folder = account.home.join(".ssh");
    let mut names = host.list(&folder).unwrap_or_default();
    names.retain(|name| name.contains(ASIDE));
    let paths = names.iter().map(|name| folder.join(name));
    paths.flat_map(|path| fingerprints(&path, &host.read(&path).unwrap_or_default())).collect()
}

/// Other accounts that a key of the vendor's opens, by the key itself or by its comment; and files that could not be
/// looked into.
fn elsewhere(
    host: &dyn Executor,
    account: Option<&Account>,
    accounts: &[Account],
    ways: &Ways,
    vendors: &[String],
    unread: &mut Vec<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for other in accounts.iter().filter(|other| account.is_none_or(|account| account.name != other.name)) {
        for path in ways.files_of(other) {
            if account.is_some_and(|account| ways.files_of(account).contains(&path)) {
                continue;
            }
            let content = match content(host, &path) {
                None => continue,
                Some(Ok(content)) => content,
                Some(Err(why)) => {
                    unread.push(why);
                    continue;
                }
            };
            for entry in keys::read(&content) {
                let Ok(key) = &entry.key else { continue };
                if key.comment.ends_with(VENDOR) || vendors.contains(&key.fingerprint) {
                    let place = format!("{} ({} line {})", other.name, path.display(), entry.line);
                    found.push((key.fingerprint.clone(), one_line(&place)));
                }
            }
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    // Not the key that the operator came in with, whoever had it too.
    let session = sshd::session(host);
    let own = session.login().and_then(|login| login.fingerprint.as_ref());
    found.into_iter().filter(|(key, _)| own != Some(key)).map(|(_, place)| place).collect()
}

/// The first few, and how many more.
fn listed(all: &[String]) -> String {
    let more = all.len().saturating_sub(NAMED);
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

impl VendorKeys {
    /// Some file can be set aside.
    pub(super) fn can_be_set_aside(&self) -> bool {
        self.files.iter().any(|file| file.aside.is_some())
    }

    /// No file holds a key.
    pub(super) fn none(&self) -> bool {
        self.files.iter().all(|file| file.count == Some(0))
    }

    /// What stays open when all is set aside that can be.
    pub(super) fn left(&self) -> Vec<String> {
        let files = self.files.iter().filter_map(|file| file.left_behind.clone());
        let elsewhere = self.elsewhere.iter().map(|place| format!("a key of Sipwise's also opens {place}"));
        files.chain(self.others.iter().cloned()).chain(elsewhere).collect()
    }

    /// The finding for user sipwise, or for a host without one.
    pub(super) fn finding(&self, exists: bool) -> Finding {
        let of = |read: bool| self.files.iter().filter(move |file| file.read == read);
        let count = |read: bool| of(read).filter_map(|file| file.count).sum::<usize>();
        let keys = |n: usize| if n == 1 { "1 SSH key".to_owned() } else { format!("{n} SSH keys") };
        let unseen = self.files.iter().any(|file| file.count.is_none()) || !self.others.is_empty();
        let (status, title) = match (count(true), count(false)) {
            (0, 0) if !self.elsewhere.is_empty() => {
                (Status::Fail, "A key of Sipwise's opens another account".to_owned())
            }
            (0, 0) if unseen => {
                (Status::Unknown, "Whether user sipwise can log in with a key is not known".to_owned())
            }
            (0, 0) if exists => (Status::Pass, "User sipwise has no SSH keys".to_owned()),
            (0, 0) => (Status::NotApplicable, "There is no user sipwise".to_owned()),
            (0, n) => (Status::Fail, format!("User sipwise has {} that sshd does not read now", keys(n))),
            (n, _) => (Status::Fail, format!("User sipwise can log in with {}", keys(n))),
        };
        let mut told: Vec<String> = Vec::new();
        for file in &self.files {
            let path = file.path.display();
            told.push(match (file.count, &file.left_behind) {
                (None, Some(why)) => why.clone(),
                (count, _) if file.read => one_line(&format!("{path}: {}", count.unwrap_or_default())),
                (count, _) => {
                    one_line(&format!("{path}, which sshd does not read: {}", count.unwrap_or_default()))
                }
            });
        }
        if told.is_empty() {
            told.push(
                if exists { "no key file that sshd reads" } else { "it is not in /etc/passwd" }.to_owned(),
            );
        }
        told.extend(self.others.iter().cloned());
        if !self.elsewhere.is_empty() {
            told.push(format!("a key of Sipwise's also opens {}", listed(&self.elsewhere)));
        }
        let remedy = match self.elsewhere.is_empty() {
            true => "Set the keys aside unless Sipwise is to log in.",
            false => {
                "Set the keys aside unless Sipwise is to log in; remove them from other accounts in the SSH step."
            }
        };
        ABOUT.finding(id::KEYS, Severity::Medium, status, title, told.join("; "), remedy)
    }

    /// Each key file gets another name: a copy that only root reads, then the file goes.
    pub(super) fn set_aside(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (file, (content, to)) in self.files.iter().filter_map(|file| Some((file, file.aside.as_ref()?))) {
            let path = file.path.display();
            let name = match file.path.parent().is_some_and(|folder| folder.ends_with(".ssh")) {
                true => file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                false => path.to_string().trim_start_matches('/').to_owned(),
            };
            let copy = Action::Write {
                path: to.clone(),
                content: Template::text(content),
                attributes: Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None },
            };
            let title = format!("copy {path} to {}", to.display());
            changes.push(Change::new(&ABOUT.id, &format!("copy.{name}"), title, copy, Undo::Files));
            // Only what was copied goes: a key that somebody adds meanwhile is not lost.
            let left = Left::File(sha256(content.as_bytes()));
            let remove = Action::Restore { path: file.path.clone(), left, to: None };
            let remove = Change {
                diff: unified(content, ""),
                ..Change::new(
                    &ABOUT.id,
                    &format!("remove.{name}"),
                    format!("remove {path}"),
                    remove,
                    Undo::Files,
                )
            };
            changes.push(remove);
        }
        // Proven by the last one, when nothing stays.
        if self.left().is_empty()
            && let Some(last) = changes.last_mut()
        {
            last.proofs.push(Proof::Finding(id::KEYS.to_owned()));
        }
        changes
    }
}
