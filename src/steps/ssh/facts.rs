//! What the SSH step saw, as its form and plan need it. Public halves of keys only.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::places::Opening;
use crate::host::sshd::Session;

/// Everything.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::steps) struct Facts {
    /// There is an SSH server.
    pub(super) server: bool,
    /// The host runs: settings can be tried and reloaded.
    pub(super) running: bool,
    /// Why the settings could not be asked from sshd.
    pub(super) read_because: Option<String>,
    /// Why nothing that the files say is known.
    pub(super) doubt: Option<String>,
    /// sshd does not take the files: it would not start again.
    pub(super) refused: bool,
    /// What Match blocks say.
    pub(super) openings: Vec<Opening>,
    /// What the running server was started with: `-f`, `-o` and their values. It stands above the files.
    pub(super) started: Vec<String>,
    /// It was seen to listen; `None` where that cannot be seen (the demo, a directory tree).
    pub(super) listens: Option<bool>,
    /// More servers than the one looked at.
    pub(super) others: Vec<String>,
    pub(super) session: Session,
    /// Why the image's keys are needed here.
    pub(super) vagrant: Option<String>,
    pub(super) people: Vec<Person>,
    /// What was not looked at, with the count: "3 accounts beyond the 2000th".
    pub(super) unseen: Vec<String>,
    /// Values in force for everybody, by keyword written small.
    pub(super) values: BTreeMap<String, String>,
    /// Keyword, and the list without what ssh-audit calls weak.
    pub(super) stronger: Vec<(String, String)>,
    pub(super) writing: Writing,
    pub(super) host_keys: Vec<HostKey>,
    /// Files with a public key on other disks and in root's home.
    pub(super) imports: Vec<PathBuf>,
}

/// An account that can log in, or has keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: PathBuf,
    /// It is root, or may become root.
    pub(super) admin: bool,
    /// Why it cannot log in over SSH whatever it shows.
    pub(super) barred: Option<String>,
    /// Why no key of it is taken.
    pub(super) no_keys: Option<String>,
    /// Why no password of it is taken.
    pub(super) no_password: Option<String>,
    /// Its password is empty, and is taken as long as the server takes such ones.
    pub(super) empty: bool,
    /// The server takes passwords for it.
    pub(super) passwords: bool,
    /// `PermitRootLogin` for it, when it is root.
    pub(super) root_login: Option<String>,
    pub(super) files: Vec<KeyFile>,
    /// Where a new key goes: the first file sshd reads.
    pub(super) add_to: Option<PathBuf>,
    /// The folder of `add_to` is there.
    pub(super) has_folder: bool,
    pub(super) rules: Rules,
}

/// What keys must be like for an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rules {
    /// Where the operator comes from, when that is known.
    pub(super) from: Option<String>,
    /// Types that the server takes; `None` when it did not tell.
    pub(super) types: Option<String>,
    /// Bits that an RSA key must have.
    pub(super) shortest: u32,
}

/// A file with keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// sshd reads it for this account.
    pub(super) read: bool,
    /// It is not there: a new key would make it.
    pub(super) absent: bool,
    /// Why it is not edited.
    pub(super) fixed: Option<String>,
    /// StrictModes is off: loose modes do not stop sshd.
    pub(super) lenient: bool,
    pub(super) loose: Vec<Strict>,
    pub(super) keys: Vec<KeyFact>,
    /// Good keys that were looked at and are not in `keys`, because there are too many.
    pub(super) more: usize,
    /// Keys of the image that are not in `keys`: too many, or in a line that cannot be edited.
    pub(super) more_images: usize,
    /// Weak ones.
    pub(super) more_weak: usize,
    /// Lines that sshd passes over: number and reason, the first few.
    pub(super) unreadable: Vec<(usize, String)>,
    pub(super) unreadable_count: usize,
}

/// What StrictModes refuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Strict {
    pub(super) path: PathBuf,
    pub(super) reason: String,
    pub(super) mode: u32,
    /// Its owner may fix it: who that is.
    pub(super) owner: Option<(u32, u32)>,
}

/// One key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KeyFact {
    pub(super) line: usize,
    /// The whole line.
    pub(super) text: String,
    /// When sshd can read it.
    pub(super) fingerprint: Option<String>,
    /// `ED25519 256`
    pub(super) kind: String,
    pub(super) comment: String,
    /// Why it is the image's.
    pub(super) image: Option<String>,
    /// Why it is weak.
    pub(super) weak: Option<String>,
    /// The operator came in with it.
    pub(super) own: bool,
    /// Why an administrator could not work with it.
    pub(super) useless: Option<String>,
    /// It opens nothing itself: the keys that it signed do.
    pub(super) signs: bool,
    /// A later line with the same key does not count: this one decides what may be done with it.
    pub(super) hides: bool,
}

/// How settings get into force.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Writing {
    /// Keyword to where config.yml has it.
    pub(super) yaml: BTreeMap<String, Yaml>,
    /// Keywords that a drop-in would decide.
    pub(super) drop_in: Vec<String>,
    /// What is in our drop-in today.
    pub(super) drop_in_now: Option<String>,
    /// The template of the platform that sshd_config is made from: path, content, whether it is a local one already.
    pub(super) template: Option<(PathBuf, String, bool)>,
    /// A patch that the platform makes its local template with, and the template that it is for: path and content.
    pub(super) patch: Option<[(PathBuf, String); 2]>,
    /// Why that patch cannot be edited.
    pub(super) patch_fixed: Option<String>,
    /// Keyword, value, and for whom and where a Match block sets it.
    pub(super) exceptions: Vec<(String, String, String)>,
    /// Keyword to the one line of the main file that decides it.
    pub(super) deciding: BTreeMap<String, String>,
    /// The first line of the main file that is there once and decides none of these: new ones go before it. `None` when the file has no such line.
    pub(super) anchor: Option<String>,
    /// Program and arguments that make the server read its files again; empty when there is no way.
    pub(super) reload: Vec<String>,
    /// Where sshd is, when a trial can be made.
    pub(super) sshd: Option<String>,
    /// Why a trial login cannot stand in for a real one.
    pub(super) no_trial: Option<String>,
}

/// A value of config.yml.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Yaml {
    pub(super) key: Vec<String>,
    pub(super) now: String,
    /// The file that decides instead.
    pub(super) shadow: Option<String>,
}

/// A key of the server.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct HostKey {
    pub(super) path: PathBuf,
    pub(super) fingerprint: Option<String>,
    /// As ssh-keygen calls its type, when it could be read.
    pub(super) kind: Option<String>,
    /// Why it is not this host's own.
    pub(super) shared: Option<String>,
}

impl Facts {
    /// Keys that match, with their account and file.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&Person, &KeyFile, &KeyFact)> {
        let files = self.people.iter().flat_map(|person| person.files.iter().map(move |file| (person, file)));
        files.flat_map(|(person, file)| file.keys.iter().map(move |key| (person, file, key)))
    }

    /// Keywords of tunnels that are on. What is not told is as servers come.
    pub(super) fn tunnels(&self) -> Vec<&'static str> {
        let usual = [
            ("AllowTcpForwarding", "yes"),
            ("AllowStreamLocalForwarding", "no"),
            ("AllowAgentForwarding", "yes"),
            ("X11Forwarding", "no"),
        ];
        let on = |(keyword, usual): &(&str, &str)| {
            let value = self.value(&keyword.to_ascii_lowercase()).unwrap_or(usual);
            !value.eq_ignore_ascii_case("no") && self.value("disableforwarding") != Some("yes")
        };
        usual.iter().filter(|one| on(one)).map(|(keyword, _)| *keyword).collect()
    }

    /// A value in force for everybody.
    pub(super) fn value(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).map(String::as_str)
    }
}

impl KeyFact {
    /// The end of its question's name: the beginning of the fingerprint, plain letters only.
    pub(super) fn short(&self) -> String {
        let fingerprint = self.fingerprint.as_deref().unwrap_or_default();
        let plain = fingerprint.trim_start_matches("SHA256:").chars();
        plain.filter(char::is_ascii_alphanumeric).take(12).collect()
    }
}
