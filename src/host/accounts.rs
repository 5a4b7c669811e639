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

/// Where accounts come from besides `/etc/passwd`: `ldap`, as `/etc/nsswitch.conf` names it. These are not looked at:
/// what is said of all accounts is said of the local ones.
pub fn elsewhere(host: &dyn Executor) -> Vec<String> {
    // What invents no login of its own: files, the compatible reading of them, and systemd's passing users.
    const LOCAL: [&str; 3] = ["files", "compat", "systemd"];
    let switch = text(host, "/etc/nsswitch.conf").unwrap_or_default();
    let mut line = switch.lines().filter_map(|line| line.trim_start().strip_prefix("passwd:"));
    let line = line.next_back().unwrap_or_default();
    let line = line.split('#').next().unwrap_or_default();
    // What stands in brackets says when to go on, not where.
    let mut bracket = false;
    let mut sources = Vec::new();
    for word in line.replace('[', " [ ").replace(']', " ] ").split_whitespace() {
        match word {
            "[" => bracket = true,
            "]" => bracket = false,
            word if bracket || LOCAL.contains(&word) => {}
            word => sources.push(word.chars().filter(|c| !c.is_control()).take(40).collect()),
        }
    }
    let local = text(host, "/etc/passwd").unwrap_or_default();
    if line.contains("compat") && local.lines().any(|line| line.starts_with('+')) {
        sources.push("NIS".to_owned());
    }
    sources
}

/// "accounts from ldap are not looked at"
pub fn not_looked_at(sources: &[String]) -> String {
    format!("accounts from {} are not looked at", sources.join(", "))
}

/// Names of all lines of `/etc/passwd` with user number 0, as the C library reads them: it takes lines, too, that
/// [`accounts`] passes over.
///
/// # Errors
/// When `/etc/passwd` cannot be read.
pub fn superusers(host: &dyn Executor) -> Result<Vec<String>> {
    let text = text(host, "/etc/passwd")?;
    let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', '+', '-']));
    let names = lines.filter_map(|line| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next()?, fields.nth(1)?);
        (!name.is_empty() && uid.trim().trim_start_matches('+').parse() == Ok(0u32)).then(|| name.to_owned())
    });
    Ok(names.collect())
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
    fn other_sources_of_accounts_are_named() {
        let host = |switch: &str| {
            crate::executor::simulated::Simulated::new()
                .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n+::::::\n")
                .file("/etc/nsswitch.conf", switch)
        };
        for (switch, sources) in [
            ("", vec![]),
            ("passwd: files systemd\nshadow: files ldap\n", vec![]),
            ("passwd:\tfiles ldap # all\n", vec!["ldap"]),
            (
                "  passwd: files [NOTFOUND=continue UNAVAIL=return] sss[!SUCCESS=return]nis\n",
                vec!["sss", "nis"],
            ),
            ("passwd: compat\n", vec!["NIS"]),
            ("#passwd: ldap\n", vec![]),
        ] {
            assert_eq!(elsewhere(&host(switch)), sources, "{switch:?}");
        }
    }

    #[test]
    fn every_line_with_user_number_0_is_found() {
        let passwd = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0:::\nshort:x:0:0\nzeros:x:000:1::/:\n\
            rel:x: 0:0::home:/bin/sh\n#off:x:0:0::/:\n+nis:x:0:0\nuser:x:10:0::/:\n";
        let host = crate::executor::simulated::Simulated::new().file("/etc/passwd", passwd);
        assert_eq!(superusers(&host).unwrap(), ["root", "toor", "short", "zeros", "rel"]);
    }

    #[test]
    fn group_members_are_listed_without_blanks() {
        assert_eq!(group("ssl-cert:x:107:kamailio,,www-data").unwrap().members, ["kamailio", "www-data"]);
        assert!(group("root:x:0:").unwrap().members.is_empty());
        assert_eq!(group("+:::"), None);
    }
}
