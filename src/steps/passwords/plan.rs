//! From answers to changes. Whatever logs in with an old password comes before the change of that password.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};

use super::{
    facts::{AccountState, DatabaseFacts, Facts, Soap, SoapEntry},
    names::{ABOUT, SOAP_USER, asks, id},
    sql::{self, Back},
};
use crate::{
    executor::Attributes,
    host::shadow::SHADOW,
    ngcp::database::{Access, ROOT_FILE, RootRow},
    plan::{
        Action, Change, Claim, CommandLine, Edit, Generated, Making, Phase, Plan, Proof, Template, Touched,
        Undo,
    },
    secret::SecretForm,
    steps::Answers,
};

/// In seconds. The C library waits 15 for somebody else's lock of the account files, and PAM then tries again.
const CHPASSWD_LIMIT: u64 = 20;

pub(super) fn plan(facts: &Facts, answers: &Answers) -> Result<Plan> {
    let mut plan = Plan::default();
    if facts.root != AccountState::Missing
        && let Some(secret) = new_password(&mut plan, answers, asks::ROOT, "root", facts.root.is_open())?
    {
        plan.changes.push(account("root", &secret));
    }
    if answers.choice(asks::ROOT)?.is_some_and(|answer| answer != "leave") {
        for name in &facts.superusers {
            plan.partial = true;
            plan.reminders.push(format!(
                "{name} has root's rights and a default password: set another with \"passwd {name}\", or remove it."
            ));
        }
    }
    match (facts.cdrexport, answers.choice(asks::CDREXPORT)?) {
        (AccountState::Missing, _) | (AccountState::Locked, Some("lock")) => {}
        (_, Some("lock")) => plan.changes.push(lock_cdrexport()),
        (state, _) => {
            let secret = new_password(&mut plan, answers, asks::CDREXPORT, "cdrexport", state.is_open())?;
            plan.changes.extend(secret.map(|secret| account("cdrexport", &secret)));
        }
    }
    if let Some(database) = &facts.database {
        web_admins(&mut plan, database, answers)?;
        mysql_root(&mut plan, database, answers)?;
        if database.unasked > 0 && !plan.is_empty() {
            plan.partial = true;
            plan.reminders.push(format!(
                "{} more web administrators have a default password: run this step again after these.",
                database.unasked
            ));
        }
    }
    if let Some(found) = facts.soap.as_ref().filter(|soap| soap.is_open())
        && let Some(secret) = new_password(&mut plan, answers, asks::SOAP, SOAP_USER, true)?
    {
        soap(&mut plan, found, &secret);
    }
    Ok(plan)
}

/// Name of the secret that becomes the new password; `None` when the account is left as it is. `open`: everybody knows
/// the password of today.
fn new_password(
    plan: &mut Plan,
    answers: &Answers,
    key: &str,
    whose: &str,
    open: bool,
) -> Result<Option<String>> {
    let name = format!("{}.{}", ABOUT.id, asks::password(key));
    match answers.choice(key)? {
        Some("set") => {
            ensure!(answers.secrets.contains(&name), "{name}: no password was given");
            Ok(Some(name))
        }
        Some("generate") if !open => Ok(None),
        Some("generate" | "renew") => {
            let label = whose.to_owned();
            plan.generated.push(Generated { secret: name.clone(), label, kind: Making::Password });
            Ok(Some(name))
        }
        _ => Ok(None),
    }
}

fn touch_shadow(mut change: Change) -> Change {
    change.touches.push(Touched::accounts(SHADOW));
    change
}

fn account(name: &str, secret: &str) -> Change {
    let mut command = CommandLine::new("chpasswd", [""; 0]);
    let input = Template::text(format!("{name}:")).secret(secret, SecretForm::Verbatim).and("\n");
    command.stdin = Some(input);
    command.limit = CHPASSWD_LIMIT;
    let title = format!("set the password of {name}");
    let change = Change::new(&ABOUT.id, name, title, Action::Run(command), Undo::Files);
    let claim = Claim::Password { account: name.to_owned(), password: secret.to_owned() };
    touch_shadow(change).proven([Proof::Claim(claim)])
}

fn lock_cdrexport() -> Change {
    let command = CommandLine::new("passwd", ["--lock", "cdrexport"]);
    let title = "lock the password of cdrexport";
    let change = Change::new(&ABOUT.id, "cdrexport", title, Action::Run(command), Undo::Files);
    touch_shadow(change).proven([Proof::Finding(id::CDREXPORT.to_owned())])
}

fn web_admins(plan: &mut Plan, database: &DatabaseFacts, answers: &Answers) -> Result<()> {
    for admin in &database.admins {
        let whose = format!("web login {}", admin.shown());
        let Some(secret) = new_password(plan, answers, &admin.key(), &whose, admin.open == Some(true))?
        else {
            continue;
        };
        let script = sql::web_admin(&database.client, database.columns, admin, &secret)?;
        let title = format!("set the password of the {whose}");
        let mut change = Change::new(&ABOUT.id, &admin.key(), title, Action::Run(script.run), script.undo);
        change.reminder = Some(format!(
            "Whoever is logged in to the panel as {} stays so until that session ends.",
            admin.shown()
        ));
        plan.changes.push(change.proven([script.proof]));
    }
    Ok(())
}

fn mysql_root(plan: &mut Plan, database: &DatabaseFacts, answers: &Answers) -> Result<()> {
    let (hosts, open) = database.root_hosts();
    if hosts.is_empty() {
        return Ok(());
    }
    let Some(secret) = new_password(plan, answers, asks::MYSQL, "MySQL root", open)? else { return Ok(()) };
    let write = answers.choice(asks::MYSQL_FILE)? == Some("write");
    // Written first, so that it is there to take the password back with; unless it is what lets us in now.
    let file_first = write && database.client.access != Access::OptionFile(ROOT_FILE.to_owned());
    let back = Back::choose(database.independent.as_ref(), file_first);
    if matches!(back, Back::Secret) {
        plan.reminders.push("Taking the password of MySQL's root back later needs the new one.".to_owned());
    }
    let roots: Vec<&RootRow> = database.roots.iter().filter(|row| row.login.is_password()).collect();
    let script = sql::mysql_root(&database.client, database.modern, &roots, back, &secret)?;
    let title =
        format!("set the password of MySQL's root on {} of {} rows", hosts.len(), database.roots.len());
    let mut set = Change::new(&ABOUT.id, asks::MYSQL, title, Action::Run(script.run), script.undo)
        .proven([script.proof]);
    set.interrupts = Some("jobs that log in as MySQL's root without a password are refused".to_owned());
    let mut changes = vec![set];
    if write {
        let title = format!("write the login of MySQL's root to {ROOT_FILE}");
        let action = Action::Write {
            path: PathBuf::from(ROOT_FILE),
            content: sql::root_login(&secret),
            attributes: Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None },
        };
        let file = Change::new(&ABOUT.id, asks::MYSQL_FILE, title, action, Undo::Files);
        changes.insert(if file_first { 0 } else { 1 }, file);
    } else {
        plan.reminders.push(sql::file_reminder(database.root_file));
    }
    plan.changes.extend(changes);
    if database.independent.is_none() {
        plan.reminders.push(
            "If /etc/mysql/debian.cnf logs in as root, it needs the new password of MySQL's root, too."
                .to_owned(),
        );
    }
    plan.reminders.push(
        "Until mr4.5, ngcp-sync-constants -r expects MySQL's root without a password: it fails from now on unless it is told the new one."
            .to_owned(),
    );
    Ok(())
}

/// One change per file that has an entry with a known hash. That each hash is gone from what is made of the files is
/// seen after the apply.
fn soap(plan: &mut Plan, soap: &Soap, secret: &str) {
    let mut files: BTreeMap<&Path, Vec<Edit>> = BTreeMap::new();
    for SoapEntry { file, key, known_hash } in &soap.entries {
        let to = Template::default().secret(secret, SecretForm::HtpasswdSha);
        let edit = known_hash.clone().map(|hash| Edit::Yaml { key: key.clone(), from: Some(hash), to });
        files.entry(file).or_default().extend(edit);
    }
    files.retain(|_, edits| !edits.is_empty());
    let last = files.keys().next_back().copied();
    for (path, edits) in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name =
            if file == "config.yml" { asks::SOAP.to_owned() } else { format!("{}.{file}", asks::SOAP) };
        let action = Action::Edit { path: path.to_owned(), edits, check: None };
        let title = format!("put a new hash for {SOAP_USER} into {file}");
        let mut change = Change::new(&ABOUT.id, &name, title, action, Undo::Files).in_phase(Phase::Configure);
        if last == Some(path) {
            change.reminder = Some(format!(
                "Give the new password of {SOAP_USER} to every client of the provisioning interfaces."
            ));
        }
        change.interrupts =
            Some("clients of the provisioning interfaces are refused until they use it".to_owned());
        plan.changes.push(change);
    }
    plan.apply.push(format!("password of {SOAP_USER}"));
    let known: BTreeSet<&String> =
        soap.entries.iter().filter_map(|entry| entry.known_hash.as_ref()).collect();
    plan.effective.extend(known.into_iter().map(|gone| {
        let holds = Template::default().secret(secret, SecretForm::HtpasswdSha);
        let what = format!("password of {SOAP_USER}");
        Proof::Claim(Claim::InForce { what, holds, gone: gone.clone() })
    }));
}
