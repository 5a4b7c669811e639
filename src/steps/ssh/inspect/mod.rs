//! Looks at the server, the accounts and their keys. What they mean is for `findings`.

mod key_files;
mod people;
mod server;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::facts::Facts;
use crate::{
    executor::{Executor, Kind},
    host::{accounts, keys, sshd},
};

/// More public keys than this are not offered for import.
const MOST_IMPORTS: usize = 20;
/// A public key file is shorter than this, in bytes.
const IMPORT_LIMIT: u64 = 64 * 1024;

pub(super) fn look(host: &dyn Executor) -> Result<Facts> {
    let mut facts = Facts { running: host.world().is_running(), ..Facts::default() };
    if !sshd::installed(host) {
        return Ok(facts);
    }
    facts.server = true;
    facts.session = sshd::session(host);
    facts.vagrant = vagrant(host);
    server::look(host, &mut facts)?;
    (facts.people, facts.unseen) = people::look(host, &facts.session, &facts.started)?;
    facts.imports = imports(host);
    Ok(facts)
}

/// Why this is a Vagrant box: it needs the image's key, or nobody gets in from the machine it runs on.
fn vagrant(host: &dyn Executor) -> Option<String> {
    let account = accounts::find(host, "vagrant").is_ok_and(|account| account.is_some());
    let folder = host.metadata(Path::new("/vagrant")).is_ok_and(|found| found.kind == Kind::Directory);
    match (account, folder) {
        (true, _) => Some("there is a user vagrant".to_owned()),
        (false, true) => Some("there is a folder /vagrant".to_owned()),
        _ => None,
    }
}

/// Public keys that lie on a mounted disk or in root's home.
fn imports(host: &dyn Executor) -> Vec<PathBuf> {
    let mut folders = vec![Path::new("/root").to_owned(), Path::new("/mnt").to_owned()];
    for above in ["/mnt", "/media", "/media/root"] {
        let names = host.list(Path::new(above)).unwrap_or_default();
        folders.extend(names.into_iter().take(MOST_IMPORTS).map(|name| Path::new(above).join(name)));
    }
    let mut found = Vec::new();
    for folder in folders {
        for name in host.list(&folder).unwrap_or_default() {
            let path = folder.join(&name);
            let fits =
                |path: &Path| host.metadata(path).is_ok_and(|m| m.kind == Kind::File && m.len < IMPORT_LIMIT);
            if !name.ends_with(".pub") || found.len() >= MOST_IMPORTS || !fits(&path) {
                continue;
            }
            let entries = keys::read(&host.read(&path).unwrap_or_default());
            if let [keys::Entry { key: Ok(_), .. }] = &entries[..] {
                found.push(path);
            }
        }
    }
    found
}
