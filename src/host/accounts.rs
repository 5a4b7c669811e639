//! `/etc/passwd` and `/etc/group`. Passwords are in `shadow`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::executor::Executor;

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User number.
    pub uid: u32,
    /// Number of the main group.
    pub gid: u32,
    /// Home directory.
    pub home: PathBuf,
    /// Login shell; empty means `/bin/sh`.
    pub shell: String,
}

/// A line of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Number.
    pub gid: u32,
    /// Names of the accounts listed as members.
    pub members: Vec<String>,
}

/// All local accounts, in the order of the file. Lines that login(1) could not use are passed over.
///
/// # Errors
/// When `/etc/passwd` cannot be read.
pub fn accounts(host: &dyn Executor) -> Result<Vec<Account>> {
    Ok(text(host, "/etc/passwd")?.lines().filter_map(account).collect())
}

/// All local groups, in the order of the file.
///
/// # Errors
/// When `/etc/group` cannot be read.
pub fn groups(host: &dyn Executor) -> Result<Vec<Group>> {
    Ok(text(host, "/etc/group")?.lines().filter_map(group).collect())
}

/// The account of that name: the first one, as getpwnam(3) does.
///
/// # Errors
/// When `/etc/passwd` cannot be read.
pub fn find(host: &dyn Executor, name: &str) -> Result<Option<Account>> {
    Ok(accounts(host)?.into_iter().find(|account| account.name == name))
}

fn text(host: &dyn Executor, path: &str) -> Result<String> {
    let bytes = host.read(Path::new(path)).with_context(|| format!("cannot read {path}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn account(line: &str) -> Option<Account> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
    (is_name(name) && home.starts_with('/')).then_some(())?;
    Some(Account {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: PathBuf::from(home),
        shell: shell.to_owned(),
    })
}

fn group(line: &str) -> Option<Group> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields[..] else { return None };
    is_name(name).then_some(())?;
    let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
    Some(Group { name: name.to_owned(), gid: gid.parse().ok()?, members })
}

/// Not a comment, not a NIS line (`+user`), nothing a terminal or a command line could trip over.
fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| !"#+-".contains(c)) && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_nobody_can_log_in_with_are_passed_over() {
        for line in [
            "",
            "# comment:x:0:0::/:/bin/sh",
            "+nis::::::",
            "-nis:x:1:1::/:/bin/sh",
            "short:x:0:0",
            "long:x:0:0:::::",
            "number:x:-1:0::/:/bin/sh",
            "number:x:4294967296:0::/:/bin/sh",
            "home:x:0:0::relative:/bin/sh",
            "a\u{1b}[2J:x:0:0::/:/bin/sh",
            "a b:x:0:0::/:/bin/sh",
        ] {
            assert_eq!(account(line), None, "{line:?}");
        }
        let root = account("root:x:0:0:root:/root:").unwrap();
        assert_eq!((root.uid, root.shell.as_str()), (0, ""));
    }

    #[test]
    fn group_members_are_listed_without_blanks() {
        assert_eq!(group("ssl-cert:x:107:kamailio,,www-data").unwrap().members, ["kamailio", "www-data"]);
        assert!(group("root:x:0:").unwrap().members.is_empty());
        assert_eq!(group("+:::"), None);
    }
}
