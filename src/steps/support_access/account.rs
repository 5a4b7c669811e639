//! User `sipwise`: its SSH keys and its password. It is locked and its keys are set aside, never deleted.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::{ABOUT, KEYS, PASSWORD, visible};
use crate::{
    executor::{Attributes, Executor, Kind},
    finding::{Finding, Severity, Status},
    host::{
        accounts::{self, Account},
        shadow::{self, PasswordState, SHADOW},
    },
    plan::{Action, Change, CommandLine, Proof, Template, Touched, Undo},
};

const USER: &str = "sipwise";
/// Files that sshd reads for keys: its own defaults, and the one that images add (facts of the platform).
const KEY_FILES: [&str; 3] = ["authorized_keys", "authorized_keys2", "sipwise_vagrant_key"];
/// A larger file is not copied into a plan, in bytes.
const COPY_LIMIT: usize = 256 * 1024;

/// What is known of user `sipwise`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) exists: bool,
    /// A password is accepted, or may be.
    pub(super) password_open: bool,
    /// The program that locks it is there.
    pub(super) can_lock: bool,
    pub(super) keys: Vec<Keys>,
}

/// A file with SSH keys.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Keys {
    path: PathBuf,
    /// How many; `None` when it could not be read.
    pub(super) count: Option<usize>,
    /// What is in it and where it goes.
    aside: Option<(String, PathBuf)>,
    /// Why it stays where it is.
    pub(super) left_behind: Option<String>,
}

impl Keys {
    pub(super) fn can_be_set_aside(&self) -> bool {
        self.aside.is_some()
    }
}

pub(super) fn look(host: &dyn Executor) -> (User, Vec<Finding>) {
    let accounts = match accounts::accounts(host) {
        Ok(accounts) => accounts,
        Err(e) => {
            let unknown = |id, what: &str| {
                ABOUT.finding(
                    id,
                    Severity::High,
                    Status::Unknown,
                    what,
                    format!("{e:#}"),
                    "Look at user sipwise by hand.",
                )
            };
            let items = vec![
                unknown(KEYS, "Whether user sipwise has SSH keys is not known"),
                unknown(PASSWORD, "Whether user sipwise has a password is not known"),
            ];
            return (User { password_open: true, ..User::default() }, items);
        }
    };
    let Some(account) = accounts.iter().find(|account| account.name == USER) else {
        let gone = |id| {
            let evidence = "it is not in /etc/passwd";
            ABOUT.finding(
                id,
                Severity::Info,
                Status::NotApplicable,
                "There is no user sipwise",
                evidence,
                "Nothing to do.",
            )
        };
        return (User::default(), vec![gone(KEYS), gone(PASSWORD)]);
    };
    let keys = key_files(host, account, &accounts);
    let (password_open, password) = password(host);
    let items = vec![keys_finding(&keys), password];
    let can_lock = host.find_program("usermod").is_some();
    (User { exists: true, password_open, can_lock, keys }, items)
}

fn key_files(host: &dyn Executor, account: &Account, accounts: &[Account]) -> Vec<Keys> {
    let folder = account.home.join(".ssh");
    // Somebody else's home, a link into it: what lies there is not sipwise's to lose.
    let shared = accounts.iter().find(|other| other.name != account.name && other.home == account.home);
    let is_directory = |path: &Path| host.metadata(path).is_ok_and(|found| found.kind == Kind::Directory);
    let foreign = match shared {
        Some(other) => Some(format!("its home is that of {} too", other.name)),
        None if is_directory(&account.home) && is_directory(&folder) => None,
        None => Some(format!("{} is not a plain folder", folder.display())),
    };
    if host.metadata(&folder).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
        return Vec::new();
    }
    KEY_FILES.iter().filter_map(|name| key_file(host, &folder, name, foreign.as_deref())).collect()
}

fn key_file(host: &dyn Executor, folder: &Path, name: &str, foreign: Option<&str>) -> Option<Keys> {
    let path = folder.join(name);
    let content = match content(host, &path) {
        Ok(content) => content?,
        Err(e) => {
            let why = visible(&format!("{e:#}"));
            return Some(Keys { path, count: None, aside: None, left_behind: Some(why) });
        }
    };
    let lines = content.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let count = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).count();
    let aside = match (foreign, String::from_utf8(content)) {
        (Some(why), _) => Err(why.to_owned()),
        (None, Ok(text)) if text.len() <= COPY_LIMIT => free_name(host, folder, name).map(|to| (text, to)),
        (None, _) => Err("it is too large or not text".to_owned()),
    };
    let (aside, left_behind) = match aside {
        _ if count == 0 => (None, None),
        Ok(aside) => (Some(aside), None),
        Err(why) => (None, Some(visible(&format!("{} stays where it is: {why}", path.display())))),
    };
    Some(Keys { path, count: Some(count), aside, left_behind })
}

/// What is in a file; `None` when there is no file. A link or a device is not opened.
fn content(host: &dyn Executor, path: &Path) -> Result<Option<Vec<u8>>> {
    let found = match host.metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found.with_context(|| format!("{} cannot be looked at", path.display()))?,
    };
    ensure!(found.kind == Kind::File, "{} is not a plain file", path.display());
    host.read(path).map(Some).with_context(|| format!("{} cannot be read", path.display()))
}

/// A name beside the file that sshd does not read and nobody uses yet.
fn free_name(host: &dyn Executor, folder: &Path, name: &str) -> Result<PathBuf, String> {
    let names = (1..100).map(|n| match n {
        1 => folder.join(format!("{name}.set-aside")),
        n => folder.join(format!("{name}.set-aside-{n}")),
    });
    let is_free =
        |path: &PathBuf| host.metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    names.into_iter().find(is_free).ok_or_else(|| "there is no free name beside it".to_owned())
}

fn keys_finding(files: &[Keys]) -> Finding {
    let count: usize = files.iter().filter_map(|keys| keys.count).sum();
    let told = files.iter().map(|keys| match (keys.count, &keys.left_behind) {
        (None, Some(why)) => why.clone(),
        (count, _) => visible(&format!("{}: {}", keys.path.display(), count.unwrap_or_default())),
    });
    let evidence = match files {
        [] => "no key file in its home".to_owned(),
        _ => told.collect::<Vec<_>>().join("; "),
    };
    let (status, title) = match count {
        0 if files.iter().any(|keys| keys.count.is_none()) => {
            (Status::Unknown, "Whether user sipwise has SSH keys is not known".to_owned())
        }
        0 => (Status::Pass, "User sipwise has no SSH keys".to_owned()),
        1 => (Status::Fail, "User sipwise can log in with 1 SSH key".to_owned()),
        n => (Status::Fail, format!("User sipwise can log in with {n} SSH keys")),
    };
    ABOUT.finding(
        KEYS,
        Severity::Medium,
        status,
        title,
        evidence,
        "Set the keys aside unless Sipwise is to log in.",
    )
}

/// Whether a password is accepted, and the finding.
fn password(host: &dyn Executor) -> (bool, Finding) {
    let (open, severity, status, title, evidence) = match shadow::state(host, USER) {
        Ok(PasswordState::Locked) => {
            (false, Severity::High, Status::Pass, "User sipwise has no password login", "it is locked")
        }
        Ok(PasswordState::Empty) => {
            (true, Severity::Critical, Status::Fail, "User sipwise logs in without a password", "it is empty")
        }
        Ok(PasswordState::Hash(_)) => {
            (true, Severity::High, Status::Fail, "User sipwise has a password", "one is set")
        }
        Ok(PasswordState::Missing) => (
            true,
            Severity::High,
            Status::Unknown,
            "Whether user sipwise has a password is not known",
            "no entry",
        ),
        Err(e) => {
            let title = "Whether user sipwise has a password is not known";
            let remedy = "Look at it by hand: passwd --status sipwise.";
            return (
                true,
                ABOUT.finding(PASSWORD, Severity::High, Status::Unknown, title, format!("{e:#}"), remedy),
            );
        }
    };
    let remedy = "Lock it: Sipwise logs in by key only.";
    (open, ABOUT.finding(PASSWORD, severity, status, title, format!("{SHADOW}: {evidence}"), remedy))
}

impl User {
    /// No password any more. The account does not expire: the platform's own programs run as `sipwise`.
    pub(super) fn lock(&self) -> Option<Change> {
        (self.exists && self.password_open).then(|| {
            let mut change = Change::new(
                &ABOUT.id,
                "lock",
                "lock the password of sipwise",
                Action::Run(CommandLine::new("usermod", ["--lock", USER])),
                Undo::Files,
            )
            .proven([Proof::Finding(PASSWORD.to_owned())]);
            change.touches.push(Touched { path: PathBuf::from(SHADOW), secret: true });
            change
        })
    }

    /// Each key file gets another name: a copy that only root reads, then the file goes.
    pub(super) fn set_keys_aside(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (keys, (content, to)) in self.keys.iter().filter_map(|keys| Some((keys, keys.aside.as_ref()?))) {
            let name = keys.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let copy = Action::Write {
                path: to.clone(),
                content: Template::text(content),
                attributes: Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None },
            };
            let title = format!("copy {} to {}", keys.path.display(), to.display());
            changes.push(Change::new(&ABOUT.id, &format!("copy.{name}"), title, copy, Undo::Files));
            let title = format!("remove {}", keys.path.display());
            let remove = Action::Remove { path: keys.path.clone() };
            changes.push(Change::new(&ABOUT.id, &format!("remove.{name}"), title, remove, Undo::Files));
        }
        // Proven by the last one, when all could be set aside.
        if self.keys.iter().all(|keys| keys.left_behind.is_none())
            && let Some(last) = changes.last_mut()
        {
            last.proofs.push(Proof::Finding(KEYS.to_owned()));
        }
        changes
    }
}
