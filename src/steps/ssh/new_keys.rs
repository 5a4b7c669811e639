//! Keys that come: pasted, read from a file, or a pair that is made for the operator.

use anyhow::{Context, Result, anyhow};

use super::{
    facts::{Facts, KeyFact, Person},
    names::{ABOUT, asks},
    usable,
};
use crate::{
    executor::Attributes,
    host::keys::Key,
    plan::{Action, Change, CommandLine, Edit, Generated, Making, Proof, Template, Undo},
    secret::SecretForm,
    steps::Answers,
};

/// What is to be done for them.
#[derive(Default)]
pub(super) struct NewKeys<'f> {
    /// Whose account they open, when there are any.
    pub(super) person: Option<&'f Person>,
    pub(super) keys: Vec<KeyFact>,
    pub(super) changes: Vec<Change>,
    pub(super) generated: Vec<Generated>,
}

pub(super) fn new_keys<'f>(facts: &'f Facts, answers: &Answers) -> Result<NewKeys<'f>> {
    let mut new = NewKeys::default();
    let given = given(answers.text(asks::ADD)?.unwrap_or_default())
        .map_err(|why| anyhow!("ssh.{}: {why}", asks::ADD))?;
    let make = answers.choice(asks::NEW_KEY)? == Some("make");
    if given.is_none() && !make {
        return Ok(new);
    }
    let account = answers.choice(asks::ADD_ACCOUNT)?.unwrap_or("root");
    let person = facts.people.iter().find(|person| person.name == account);
    let person = person.with_context(|| format!("ssh.{}: there is no {account}", asks::ADD_ACCOUNT))?;
    let there: Vec<_> = person.files.iter().filter(|file| file.read).flat_map(|file| &file.keys).collect();
    let mut lines = Vec::new();
    let is_there = |line: &str, key: &Key| {
        let same =
            |one: &&KeyFact| one.fingerprint.as_ref() == Some(&key.fingerprint) && one.useless.is_none();
        there.iter().any(|one| one.text.trim() == line || same(one))
    };
    if let Some((line, key)) = given.filter(|(line, key)| !is_there(line, key)) {
        new.changes.push(check(line, &key));
        let fact = usable::judged(&key, &person.rules);
        let mut title = format!("add a key for {account}: {} {}", key.kind(), key.fingerprint);
        if let Some(why) = &fact.useless {
            title += &format!("; as a way in it does not count: {why}");
        }
        new.keys.push(fact);
        lines.push(("add", title, Template::text(line)));
    }
    let comment = format!("{account}, made by ngcp-warden");
    if make && there.iter().all(|one| one.comment != comment) {
        let secret = format!("{}.new-key.{account}", ABOUT.id);
        let label = format!("SSH key that opens {account}");
        let line = Template::default().secret(&secret, SecretForm::Verbatim);
        new.generated.push(Generated { secret, label, kind: Making::KeyPair { comment } });
        new.keys.push(usable::judged(&Key::made(), &person.rules));
        lines.push(("new-key", format!("add a new key for {account}; its private half is shown once"), line));
    }
    if !lines.is_empty() {
        new.person = Some(person);
        put(person, lines, &mut new.changes)?;
    }
    Ok(new)
}

/// The line that was answered, understood: by the form and by the plan.
///
/// # Errors
/// Why it opens nothing.
pub(super) fn given(line: &str) -> Result<Option<(&str, Key)>, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(None);
    }
    if line.contains("PRIVATE KEY") {
        return Err("this is a private key; paste the one from the .pub file".to_owned());
    }
    if line.chars().any(char::is_control) {
        return Err("more than one line, or a control character".to_owned());
    }
    let key = Key::parse(line)?;
    let why = match () {
        () if let Some(why) = key.weakness() => why.to_owned(),
        () if key.is_certificate() => "this is a certificate; paste the key it was made from".to_owned(),
        () if key.comment.contains("AAAA") => "a second key stands behind the first one".to_owned(),
        () if let Some(option) = usable::unknown_option(&key) => {
            format!("sshd knows no option {option}; paste the line as it stands in the .pub file")
        }
        () => return Ok(Some((line, key))),
    };
    Err(why)
}

/// Another judge than our own, before anything is changed.
fn check(line: &str, key: &Key) -> Change {
    let mut command = CommandLine::new("ssh-keygen", ["-l", "-f", "{credentials}"]);
    command.credentials = Some(Template::text(format!("{line}\n")));
    let title = format!("let ssh-keygen check the key {}", key.fingerprint);
    Change::new(&ABOUT.id, "add.check", title, Action::Run(command), Undo::Nothing)
        .proven([Proof::Printed(format!("({})", key.kind()))])
}

fn put(person: &Person, lines: Vec<(&str, String, Template)>, changes: &mut Vec<Change>) -> Result<()> {
    let path = person.add_to.as_ref();
    let path = path
        .with_context(|| format!("ssh.{}: sshd reads no key file of {}", asks::ADD_ACCOUNT, person.name))?;
    let mut there = person.files.iter().any(|file| file.path == *path && !file.absent);
    if !person.has_folder
        && let Some(folder) = path.parent()
    {
        let folder = folder.display().to_string();
        let make = CommandLine::as_owner(person.uid, person.gid, ["mkdir", "-m", "700", &folder]);
        let back = Undo::Run(CommandLine::new("rmdir", [folder.clone()]));
        let make = Action::Run(make);
        changes.push(Change::new(&ABOUT.id, "folder", format!("make {folder}"), make, back));
    }
    for (name, title, line) in lines {
        let action = if there {
            let edits = vec![Edit::Line { from: None, to: Some(line) }];
            Action::Edit { path: path.clone(), edits, check: None }
        } else {
            let attributes =
                Attributes::Exactly { mode: 0o600, uid: person.uid, gid: person.gid, modified: None };
            Action::Write { path: path.clone(), content: line.and("\n"), attributes }
        };
        there = true;
        let who = format!("whoever has the new key can log in as {}", person.name);
        changes.push(Change::new(&ABOUT.id, name, title, action, Undo::Files).opening(who));
    }
    Ok(())
}
