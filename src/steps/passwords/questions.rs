//! One question per account that can be changed, the safe answer chosen beforehand.

use super::{
    facts::{AccountState, DatabaseFacts, Facts, RootFile},
    names::{SOAP_USER, asks, id},
};
use crate::{
    finding::{Finding, Status},
    ngcp::database::{Login, ROOT_FILE},
    steps::{
        Form,
        form::{Field, Kind},
    },
};

pub(super) fn form(found: &[Finding], facts: &Facts) -> Form {
    let now = |wanted: &str| found.iter().find(|finding| finding.id == wanted);
    let mut fields = Vec::new();
    if facts.root != AccountState::Missing {
        let open = facts.root.is_open();
        let word = facts.root.word();
        let field = choice(asks::ROOT, "root", now(id::ROOT), &answers(open, &[]), usual(open));
        fields.push(field.in_short(if open { word } else { "another's" }, word));
        fields.push(secret(asks::ROOT, "root", &facts.hints, &["root"], false));
    }
    if facts.cdrexport != AccountState::Missing {
        cdrexport(&mut fields, facts.cdrexport, now(id::CDREXPORT), &facts.hints);
    }
    if let Some(database) = &facts.database {
        web_admins(&mut fields, database, &facts.hints);
        mysql(&mut fields, database, now(id::MYSQL_ROOT), &facts.hints);
    }
    if let Some(soap) = &facts.soap {
        let open = soap.is_open();
        let mut options = answers(open, &[]);
        options.retain(|(value, _, _)| *value != "renew");
        if !open {
            let only = "Only while it has a default password, which it does not today.";
            options
                .iter_mut()
                .filter(|(value, _, _)| *value == "set")
                .for_each(|set| *set = ("set", "set if default", only));
        }
        let field = choice(asks::SOAP, SOAP_USER, now(id::SOAP), &options, usual(open));
        fields.push(field.in_short("default", "own"));
        fields.push(secret(asks::SOAP, SOAP_USER, &facts.hints, &[SOAP_USER], true));
    }
    let unseen = "The database could not be asked; its accounts are left as they are.";
    let note = facts.database.is_none().then(|| unseen.to_owned());
    // Where the unix socket protects MySQL's root, or an account does not exist, there is nothing to ask.
    let no_rows = facts.database.as_ref().is_some_and(|database| database.root_hosts().0.is_empty());
    let gone = |wanted: &str| now(wanted).is_some_and(|finding| finding.status == Status::NotApplicable);
    let settled = [
        (asks::MYSQL, no_rows),
        (asks::MYSQL_FILE, no_rows),
        (asks::CDREXPORT, gone(id::CDREXPORT)),
        (asks::SOAP, gone(id::SOAP)),
    ];
    let settled = settled.iter().filter(|(_, is)| *is).map(|(key, _)| (*key).to_owned()).collect();
    Form { fields, note, settled, ..Form::default() }
}

/// Value, label and effect.
type Words<'a> = (&'a str, &'a str, &'a str);

/// What can be answered about an account. `generate` replaces a known password only, so that the same answers
/// change nothing the second time; where the password is not known there is `renew` as well.
fn answers<'a>(open: bool, more: &[Words<'a>]) -> Vec<Words<'a>> {
    let mut options = vec![("leave", "leave", "Nothing is changed.")];
    options.extend(more);
    options.push(("set", "set", "You choose the new password."));
    let random = "A random one is made and shown once, before it is set.";
    if open {
        options.push(("generate", "generate", random));
    } else {
        options.push((
            "generate",
            "generate if default",
            "Only while it has a default password, which it does not today.",
        ));
        options.push(("renew", "generate now", random));
    }
    options
}

/// What is chosen before anybody answers.
fn usual(open: bool) -> &'static str {
    if open { "generate" } else { "leave" }
}

fn cdrexport(fields: &mut Vec<Field>, state: AccountState, now: Option<&Finding>, hints: &[String]) {
    let locked = state == AccountState::Locked;
    let lock = if locked {
        ("lock", "keep locked", "No password is accepted, as today; logins with SSH keys go on.")
    } else {
        ("lock", "lock", "No password is accepted any more; logins with SSH keys go on.")
    };
    let default = if locked || state.is_open() { "lock" } else { "leave" };
    let field = choice(asks::CDREXPORT, "cdrexport", now, &answers(state.is_open(), &[lock]), default);
    fields.push(Field { now: Some(state.word().to_owned()), ..field });
    fields.push(secret(asks::CDREXPORT, "cdrexport", hints, &["cdrexport"], false));
}

fn choice(key: &str, label: &str, now: Option<&Finding>, options: &[Words<'_>], default: &str) -> Field {
    let field = Field::choice(key, label, options.iter().copied(), default).about(now);
    Field { help: now.map(|finding| finding.evidence.clone()), ..field }
}

/// The new password of the account that the question `of` is about.
fn secret(of: &str, whose: &str, host: &[String], words: &[&str], web: bool) -> Field {
    let rule = if web { "12 to 40 characters, no blanks" } else { "12 characters or more; blanks are fine" };
    let hints = host.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect();
    Field::new(asks::password(of), "New password", Kind::Secret { hints, ascii_only: web })
        .help(format!("The new password of {whose}: {rule}."))
        .only_if(of, "set")
}

fn web_admins(fields: &mut Vec<Field>, database: &DatabaseFacts, hints: &[String]) {
    for admin in &database.admins {
        let key = admin.key();
        let label = format!("web login {}", admin.shown());
        let open = admin.open == Some(true);
        let mut field = choice(&key, &label, None, &answers(open, &[]), usual(open));
        let (now, status) = match admin.open {
            Some(true) => ("default", Status::Fail),
            Some(false) => ("own", Status::Pass),
            None => ("not checked", Status::Unknown),
        };
        (field.now, field.now_status) = (Some(now.to_owned()), Some(status));
        fields.push(field.help("Their sessions stay open until they end by themselves."));
        fields.push(secret(&key, &label, hints, &[&admin.login], true));
    }
}

fn mysql(fields: &mut Vec<Field>, database: &DatabaseFacts, now: Option<&Finding>, hints: &[String]) {
    let (hosts, open) = database.root_hosts();
    if hosts.is_empty() {
        return;
    }
    let empty = database.roots.iter().any(|row| row.login == Login::Empty);
    let field = choice(asks::MYSQL, "MySQL root", now, &answers(open, &[]), usual(open))
        .in_short(if empty { "empty" } else { "default" }, "own");
    let rows = hosts.len();
    let help = "Jobs that log in as MySQL's root without it stop working.";
    fields.push(field.help(format!("Set on all {rows} rows of root. {help}")));
    fields.push(secret(asks::MYSQL, "MySQL root", hints, &["root", "mysql"], false));
    let (now, default) = match database.root_file {
        RootFile::Absent => ("is not there", "leave"),
        RootFile::Login => ("holds a login", "write"),
        RootFile::Other => ("holds more than a login", "leave"),
    };
    let write = format!("{ROOT_FILE}, readable by root only, gets the new login; root's own jobs go on.");
    let options = [("write", "write", write.as_str()), ("leave", "leave", "The file is not changed.")];
    let mut file = choice(asks::MYSQL_FILE, "MySQL login of root's jobs", None, &options, default);
    file.now = Some(format!("{ROOT_FILE} {now}"));
    fields.push(file.help("Only used when the password of MySQL's root is changed."));
}
