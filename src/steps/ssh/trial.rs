//! A real login on a second server with the new settings, before they are put in place (F18, F19).
//!
//! The second server listens nowhere: ssh starts it on a pipe (`sshd -i` as its `ProxyCommand`) with the new settings
//! in front of those of the host, where the first value decides. It takes one more key, the one below, from
//! `AuthorizedKeysCommand`. That key is no secret and opens nothing else: only who holds the pipe can show it.

use super::{facts::Facts, names::ABOUT, settings::Setting};
use crate::plan::{Action, Change, CommandLine, Template, Undo};

const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpJ+N4zO74KAOB2JQJ1cNYjhBVTPzbINSrBzmZqm36l";
const PRIVATE: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
QyNTUxOQAAACBqSfjeMzu+CgDgdiUCdXDWI4QVUz82yDUqwc5mapt+pQAAAKA0/YwaNP2M\n\
GgAAAAtzc2gtZWQyNTUxOQAAACBqSfjeMzu+CgDgdiUCdXDWI4QVUz82yDUqwc5mapt+pQ\n\
AAAEC9lYwbBnMaQodZHiHACrNZFubNbATRat5ESIc9cll9UGpJ+N4zO74KAOB2JQJ1cNYj\n\
hBVTPzbINSrBzmZqm36lAAAAG3RyaWFsIGxvZ2lucyBvZiBuZ2NwLXdhcmRlbgEC\n\
-----END OPENSSH PRIVATE KEY-----\n";

/// A login as `account` on a server with these settings; without an account its settings are only checked.
pub(super) fn trial(facts: &Facts, settings: &[Setting], account: Option<&str>) -> Option<Change> {
    let sshd = facts.writing.sshd.as_ref().filter(|_| !settings.is_empty())?;
    let options = settings.iter().map(|(keyword, value)| format!("{keyword}={value}"));
    let account = account.filter(|_| facts.writing.no_trial.is_none());
    let (title, command) = match account {
        Some(account) => {
            let title = format!("try a login as {account} on a second server with the new settings");
            (title, login(sshd, options, account))
        }
        None => {
            let args =
                ["-t".to_owned()].into_iter().chain(options.flat_map(|option| ["-o".to_owned(), option]));
            ("let sshd check the new settings".to_owned(), CommandLine::new("sshd", args))
        }
    };
    Some(Change::new(&ABOUT.id, "trial", title, Action::Run(command), Undo::Nothing))
}

fn login(sshd: &str, options: impl Iterator<Item = String>, account: &str) -> CommandLine {
    let server: String = options.map(|option| format!(" -o {option}")).collect();
    let key = format!("-o AuthorizedKeysCommandUser=root -o 'AuthorizedKeysCommand=/bin/echo {PUBLIC}'");
    let proxy = format!("ProxyCommand={sshd} -i -e{server} {key}");
    let mut args: Vec<String> = ["-F", "none", "-i", "{credentials}", "-o"].map(str::to_owned).to_vec();
    args.push(proxy);
    for option in [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "PreferredAuthentications=publickey",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "LogLevel=FATAL",
    ] {
        args.extend(["-o".to_owned(), option.to_owned()]);
    }
    args.extend(["-l".to_owned(), account.to_owned(), "trial".to_owned(), "true".to_owned()]);
    let mut command = CommandLine::new("ssh", args);
    command.credentials = Some(Template::text(PRIVATE));
    command
}
