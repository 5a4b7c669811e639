//! Who gets into the database and the panel: MySQL's root, anonymous users, web administrators.

use std::path::Path;

use anyhow::Result;

use super::found::{finding, unknown};
use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status},
    ngcp::database::{Admin, AdminColumns, Admins, Database, Login, Logins, ROOT_FILE, RootRow, Saltedpass},
    secret::{
        Secret,
        credentials::{self, defaults},
    },
    steps::passwords::{
        facts::{DatabaseFacts, RootFile, WebAdmin},
        names::id,
    },
};

const FINDINGS: &[(&str, Severity, &str)] = &[
    (id::MYSQL_ROOT, Severity::Critical, "Whether MySQL's root needs a password"),
    (id::ANONYMOUS, Severity::Medium, "Whether MySQL lets anonymous users in"),
    (id::WEB, Severity::Critical, "Whether a web administrator has a default password"),
];

/// A bcrypt check takes about half a second: so many are made, the rest is said to be unknown.
const BCRYPT_CHECKS: usize = 24;
/// More web administrators are not asked about at once, unless a default password opens them; and never more than these.
const ASKED: usize = 40;
const ASKED_OPEN: usize = 400;

/// `None` when it could not be asked; the findings say why.
pub(super) fn inspect(host: &dyn Executor, items: &mut Vec<Finding>) -> Option<DatabaseFacts> {
    let database = match Database::open(host) {
        Ok(database) => database,
        Err(why) => {
            for (id, severity, what) in FINDINGS {
                items.push(unknown(id, *severity, what, &format!("{why:#}")));
            }
            return None;
        }
    };
    let logins = match database.logins() {
        Ok(logins) => {
            items.push(mysql_root(&logins.roots));
            items.push(mysql_anonymous(&logins.anonymous));
            logins
        }
        Err(why) => {
            for (id, severity, what) in &FINDINGS[..2] {
                items.push(unknown(id, *severity, what, &format!("{why:#}")));
            }
            Logins::default()
        }
    };
    let (columns, admins, unasked) = match web_admins(&database) {
        Ok((columns, admins, unasked, finding)) => {
            items.push(finding);
            (columns, admins, unasked)
        }
        Err(why) => {
            let (id, severity, what) = FINDINGS[2];
            items.push(unknown(id, severity, what, &format!("{why:#}")));
            (AdminColumns::default(), Vec::new(), 0)
        }
    };
    Some(DatabaseFacts {
        client: database.client().clone(),
        independent: database.independent(),
        roots: logins.roots,
        modern: logins.modern,
        root_file: root_file(host),
        columns,
        admins,
        unasked,
    })
}

/// Whether the file holds nothing but a login, so that it can be written anew.
fn root_file(host: &dyn Executor) -> RootFile {
    if host.metadata(Path::new(ROOT_FILE)).is_err() {
        return RootFile::Absent;
    }
    let Ok(bytes) = host.read(Path::new(ROOT_FILE)) else { return RootFile::Other };
    let text = zeroize::Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    let login = |line: &str| {
        let line = line.trim();
        let key = line.split('=').next().unwrap_or_default().trim();
        line.is_empty()
            || line.starts_with(['#', ';'])
            || line == "[client]"
            || ["user", "password"].contains(&key)
    };
    if text.lines().all(login) { RootFile::Login } else { RootFile::Other }
}

fn mysql_root(roots: &[RootRow]) -> Finding {
    let of = |wanted: fn(&Login) -> bool| {
        roots.iter().filter(|row| wanted(&row.login)).map(|row| row.host.as_str()).collect::<Vec<_>>()
    };
    let empty = of(|login| *login == Login::Empty);
    let known = of(|login| *login == Login::Known);
    let strange = of(|login| matches!(login, Login::Unknown(_)));
    let password = of(|login| *login == Login::Password);
    let all = roots.len();
    let remedy = "Set a password on every row of root, not only on the one that mysqladmin changes.";
    let at = |rows: &[&str]| format!("{} of {all} rows: root@{}", rows.len(), rows.join(", root@"));
    let (status, title, seen) = if roots.is_empty() {
        (Status::Pass, "MySQL has no root", "there is no row for root".to_owned())
    } else if !empty.is_empty() {
        (Status::Fail, "MySQL's root needs no password", format!("no password on {}", at(&empty)))
    } else if !known.is_empty() {
        (Status::Fail, "MySQL's root has a default password", format!("a default password on {}", at(&known)))
    } else if !strange.is_empty() {
        (
            Status::Unknown,
            "How MySQL's root logs in is not known",
            format!("an unknown method on {}", at(&strange)),
        )
    } else if password.is_empty() {
        (
            Status::Pass,
            "MySQL's root is the system's root only",
            format!("the socket decides on all {all} rows"),
        )
    } else {
        (Status::Pass, "MySQL's root has its own password", format!("a password on {}", at(&password)))
    };
    finding(id::MYSQL_ROOT, Severity::Critical, status, title, &seen, remedy)
}

fn mysql_anonymous(hosts: &[String]) -> Finding {
    let (status, title, seen) = if hosts.is_empty() {
        (Status::Pass, "MySQL lets no anonymous user in", "there is no user without a name".to_owned())
    } else {
        (Status::Fail, "MySQL lets anonymous users in", format!("''@'{}'", hosts.join("', ''@'")))
    };
    let remedy = "Remove them by hand: DROP USER ''@'HOST'; nothing of the platform uses them.";
    finding(id::ANONYMOUS, Severity::Medium, status, title, &seen, remedy)
}

type Web = (AdminColumns, Vec<WebAdmin>, usize, Finding);

fn web_admins(database: &Database<'_>) -> Result<Web> {
    let Some(columns) = database.admin_columns()? else {
        let title = "There are no web administrators";
        let none =
            finding(id::WEB, Severity::Critical, Status::NotApplicable, title, "no table billing.admins", "");
        return Ok((AdminColumns::default(), Vec::new(), 0, none));
    };
    let Admins { read: admins, unread } = database.admins(columns)?;
    let (open, unjudged) = judge(&admins);
    let names =
        |some: &[&Admin]| some.iter().map(|admin| admin.login.as_str()).collect::<Vec<_>>().join(", ");
    let total = admins.len() + unread;
    let (status, title, seen) = if !open.is_empty() {
        let title = match open.iter().any(|admin| admin.login == defaults().web_admin.login) {
            true => "The web login administrator/administrator works",
            false => "A web administrator has a default password",
        };
        (Status::Fail, title, format!("a default password opens {} of {total}: {}", open.len(), names(&open)))
    } else if !unjudged.is_empty() || unread > 0 {
        let title = "Not all web administrators could be checked";
        (
            Status::Unknown,
            title,
            format!("{} of {total} were not checked: {}", unjudged.len() + unread, names(&unjudged)),
        )
    } else {
        (
            Status::Pass,
            "No web administrator has a default password",
            format!("{total} active logins checked"),
        )
    };
    let remedy = "Set a password of its own for each of them.";
    let finding = finding(id::WEB, Severity::Critical, status, title, &seen, remedy);
    let among = |some: &[&Admin], admin: &Admin| some.iter().any(|one| one.id == admin.id);
    let state = |admin: &Admin| if among(&unjudged, admin) { None } else { Some(among(&open, admin)) };
    let mut all: Vec<WebAdmin> =
        admins.iter().map(|a| WebAdmin { id: a.id, login: a.login.clone(), open: state(a) }).collect();
    all.sort_by_key(|admin| admin.open != Some(true));
    let asked = open.len().min(ASKED_OPEN);
    all.truncate(ASKED.max(asked));
    Ok((columns, all, open.len() - asked, finding))
}

/// Those that a default password opens, and those that could not be judged.
fn judge(admins: &[Admin]) -> (Vec<&Admin>, Vec<&Admin>) {
    let checks: Vec<(usize, &Secret, &str)> = admins
        .iter()
        .enumerate()
        .filter(|(_, admin)| !admin.md5_is_known)
        .filter_map(|(at, admin)| match &admin.saltedpass {
            Saltedpass::Own(row) => Some((at, row, admin)),
            _ => None,
        })
        .flat_map(|(at, row, admin)| {
            let reseller = (!admin.is_superuser).then_some(defaults().web_admin.reseller_password.as_str());
            [Some(admin.login.as_str()), reseller].into_iter().flatten().map(move |word| (at, row, word))
        })
        .collect();
    let made = &checks[..checks.len().min(BCRYPT_CHECKS)];
    let each = made.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let results: Vec<(usize, Option<bool>)> = std::thread::scope(|scope| {
        let check = |(at, row, word): &(usize, &Secret, &str)| {
            (*at, row.expose_str().and_then(|row| credentials::panel_matches(row, word)))
        };
        let workers: Vec<_> = made
            .chunks(each)
            .map(|part| scope.spawn(move || part.iter().map(check).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let wanted = |at: usize| checks.iter().filter(|check| check.0 == at).count();
    let refused =
        |at: usize| results.iter().filter(|(of, result)| *of == at && *result == Some(false)).count();
    let matched = |at: usize| results.contains(&(at, Some(true)));
    let is_open = |at: usize, admin: &Admin| {
        admin.md5_is_known || matches!(admin.saltedpass, Saltedpass::Shipped) || matched(at)
    };
    let (mut open, mut unjudged) = (Vec::new(), Vec::new());
    for (at, admin) in admins.iter().enumerate() {
        if is_open(at, admin) {
            open.push(admin);
        } else if refused(at) < wanted(at) {
            unjudged.push(admin);
        }
    }
    (open, unjudged)
}
