//! Whether a service can read a file: tried as that user, not derived from modes, so that groups, access lists and
//! folders on the way count.

use std::{path::Path, time::Duration};

use crate::{
    executor::{Command, Executor, Quiet},
    host::accounts,
};

/// What became of the try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable {
    /// It was read.
    Yes,
    /// It was not; why.
    No(String),
    /// It could not be tried; why.
    Unknown(String),
}

/// Whether a service that runs as `user` can read the file.
pub fn readable(host: &dyn Executor, user: &str, path: &Path) -> Readable {
    if !host.world().is_running() {
        return Readable::Unknown("this host does not run".to_owned());
    }
    let Some(path) = path.to_str().filter(|path| path.starts_with('/')) else {
        return Readable::Unknown(format!("{} is no path from the root", path.display()));
    };
    // By number: older programs know no names.
    let (uid, gid) = match accounts::find(host, user) {
        Ok(Some(account)) => (account.uid.to_string(), account.gid.to_string()),
        Ok(None) => return Readable::Unknown(format!("there is no account {user} on this host")),
        Err(error) => return Readable::Unknown(format!("{error:#}")),
    };
    let read = ["head", "-c", "1", path];
    let (program, args) = match uid.as_str() {
        "0" => ("head", read[1..].to_vec()),
        _ => ("setpriv", [&["--reuid", &uid, "--regid", &gid, "--init-groups", "--"], &read[..]].concat()),
    };
    let command = Command::new(program, args).reads_only().limit(Duration::from_secs(5));
    match host.run(&command, &mut Quiet) {
        Ok(exit) if exit.ok() && !exit.stdout.is_empty() => Readable::Yes,
        Ok(exit) if exit.ok() => Readable::No("it is empty".to_owned()),
        Ok(exit) => {
            let said = exit.error_text();
            let said = said.lines().next().unwrap_or_default();
            match said.strip_prefix("head: ") {
                // "cannot open '/a/b' for reading: Permission denied"
                Some(words) => Readable::No(words.rsplit(": ").next().unwrap_or(words).trim().to_lowercase()),
                None => Readable::Unknown(format!("{program}: {}", exit.reason())),
            }
        }
        Err(error) => Readable::Unknown(error.to_string()),
    }
}
