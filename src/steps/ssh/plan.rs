//! From answers to changes: first what lets in, then the trial, then what keeps out, last the reload. Refused when
//! nobody could log in afterwards.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Result, bail};

use super::{
    doors::{self, Intended, Way},
    facts::{Facts, KeyFact, KeyFile, Person},
    names::{ABOUT, asks, id},
    new_keys::new_keys,
    questions,
    settings::{self, Setting},
    trial::trial,
};
use crate::{
    host::sshd::Session,
    plan::{Action, Change, Claim, CommandLine, Edit, Guard, Phase, Plan, Proof, Template, Touched, Undo},
    steps::Answers,
};

pub(super) fn plan(facts: &Facts, answers: &Answers) -> Result<Plan> {
    let mut plan = Plan::default();
    if !facts.server {
        return Ok(plan);
    }
    let wishes = Wishes::read(facts, answers)?;
    let settings = wishes.settings(facts);
    settings::decided_elsewhere(facts, &settings)?;
    let removed = |person: &Person, file: &KeyFile, key: &KeyFact| wishes.removes(person, file, key);
    let new = new_keys(facts, answers)?;
    let modes = if wishes.fix { fix(facts) } else { Vec::new() };
    let (lines, mut left) = remove(facts, &wishes);
    let written = settings::write(facts, &settings)?;
    let (renew, unmade) = if wishes.renew { renew(facts) } else { Default::default() };
    let renews = !renew.is_empty();
    let nothing = new.changes.is_empty()
        && modes.is_empty()
        && lines.is_empty()
        && settings.is_empty()
        && renew.is_empty();
    let wanted = wishes.everybody(&settings);
    for (keyword, value, place) in wanted.iter().flat_map(|setting| settings::exceptions(facts, setting)) {
        left.push(format!("SSH: {keyword} stays {value} for {place}."));
    }
    plan.partial = !left.is_empty();
    plan.reminders.extend(left);
    if nothing {
        return Ok(plan);
    }
    let then = Intended {
        removed: &removed,
        fixed: wishes.fix,
        added: new.person.map(|person| (person.name.as_str(), &new.keys[..])),
        root_login: settings
            .iter()
            .find(|(keyword, _)| *keyword == "PermitRootLogin")
            .map(|(_, value)| value.as_str()),
        passwords_off: wishes.passwords_off,
        empty_off: wishes.empty_off,
    };
    let (open, shut) = doors::doors(facts, &then);
    let narrows = !lines.is_empty() || !settings.is_empty();
    if open.is_empty() && narrows && !wishes.console {
        let hint = match facts.session {
            Session::Console => "answer last-way: console if that is what you want, or ",
            _ => "do it from the console, or ",
        };
        bail!(
            "ssh: refused, because nobody could log in as an administrator afterwards ({}); {hint}add a key first",
            shut.join("; ")
        );
    }
    if let Some(doubt) = facts.doubt.as_ref().filter(|_| narrows) {
        bail!("ssh: refused, because what the server's files say is not known: {doubt}; fix that first");
    }
    let door = open.iter().find(|(_, way)| *way == Way::Key).map(|(person, _)| person.name.as_str());
    plan.changes.extend(new.changes);
    plan.generated.extend(new.generated);
    plan.changes.extend(modes);
    plan.changes.extend(trial(facts, &settings, door));
    plan.changes.extend(lines);
    plan.changes.extend(written.changes);
    plan.changes.extend(renew);
    plan.apply.extend(written.apply);
    plan.reminders.extend(written.reminders);
    plan.reminders.extend(unmade);
    if facts.running && (!settings.is_empty() || renews) {
        let configures = plan.changes.iter().any(|change| change.phase == Phase::Configure);
        let phase = if configures { Phase::After } else { Phase::Before };
        plan.changes.push(reload(facts, &settings)?.in_phase(phase));
        if facts.listens == Some(false) {
            plan.partial = true;
            plan.reminders.push(
                "SSH: no running server was seen, so nobody knows whether it takes the new settings: restart it.".to_owned(),
            );
        }
    }
    if facts.running && (narrows || renews) {
        let what = "SSH logins".to_owned();
        let guard = Guard { seconds: wishes.seconds, what, steps: Vec::new() };
        if let Some(last) = plan.changes.last_mut() {
            last.guard = Some(guard);
        }
    }
    if let Some(why) = facts.writing.no_trial.as_ref().filter(|_| !settings.is_empty()) {
        plan.reminders.push(format!("SSH: no trial login was planned, because {why}."));
    }
    Ok(plan)
}

/// The answers, understood.
struct Wishes {
    images: bool,
    weak: bool,
    /// Questions about one key that are answered with removing it.
    chosen: BTreeSet<String>,
    fix: bool,
    root_login: Option<&'static str>,
    passwords_off: bool,
    empty_off: bool,
    strong: bool,
    tunnels_off: bool,
    renew: bool,
    console: bool,
    seconds: u64,
}

impl Wishes {
    fn read(facts: &Facts, answers: &Answers) -> Result<Self> {
        let is = |key: &str, word: &str| anyhow::Ok(answers.choice(key)? == Some(word));
        let mut chosen = BTreeSet::new();
        for (person, _, key) in facts.keys() {
            let question = asks::key(&person.name, &key.short());
            if is(asks::KEYS, "choose")? && key.fingerprint.is_some() && is(&question, "remove")? {
                chosen.insert(question);
            }
        }
        Ok(Wishes {
            images: is(asks::IMAGE_KEYS, "remove")?,
            weak: is(asks::KEYS, "no-weak")?,
            chosen,
            fix: is(asks::MODES, "fix")?,
            root_login: match answers.choice(asks::ROOT_LOGIN)? {
                Some("keys") => Some("without-password"),
                Some("no") => Some("no"),
                _ => None,
            },
            passwords_off: is(asks::PASSWORD_LOGIN, "off")?,
            empty_off: is(asks::EMPTY_PASSWORDS, "off")?,
            strong: is(asks::ALGORITHMS, "strong")?,
            tunnels_off: is(asks::FORWARDING, "off")?,
            renew: is(asks::HOST_KEYS, "renew")?,
            console: is(asks::LAST_WAY, "console")?,
            seconds: answers.number(asks::CONFIRM_WITHIN)?.unwrap_or(questions::SECONDS).unsigned_abs(),
        })
    }

    fn removes(&self, person: &Person, file: &KeyFile, key: &KeyFact) -> bool {
        file.fixed.is_none() && self.wants(person, key)
    }

    fn wants(&self, person: &Person, key: &KeyFact) -> bool {
        match &key.image {
            Some(_) => self.images,
            None => {
                (self.weak && key.weak.is_some())
                    || self.chosen.contains(&asks::key(&person.name, &key.short()))
            }
        }
    }

    /// What is to be so for everybody, whether or not it is so already for most.
    fn everybody(&self, settings: &[Setting]) -> Vec<Setting> {
        let passwords =
            ["PasswordAuthentication", "KbdInteractiveAuthentication"].map(|one| (one, "no".to_owned()));
        let more = passwords.into_iter().filter(|one| self.passwords_off && !settings.contains(one));
        settings.iter().cloned().chain(more).collect()
    }

    /// Settings that are not as wanted today.
    fn settings(&self, facts: &Facts) -> Vec<Setting> {
        let is = |keyword: &str, values: &[&str]| {
            let value = facts.value(&keyword.to_ascii_lowercase());
            value.is_some_and(|value| values.iter().any(|one| value.eq_ignore_ascii_case(one)))
        };
        let mut settings: Vec<Setting> = Vec::new();
        match self.root_login {
            Some("no") if !is("PermitRootLogin", &["no"]) => {
                settings.push(("PermitRootLogin", "no".to_owned()));
            }
            Some("without-password")
                if !is(
                    "PermitRootLogin",
                    &["no", "without-password", "prohibit-password", "forced-commands-only"],
                ) =>
            {
                settings.push(("PermitRootLogin", "without-password".to_owned()));
            }
            _ => {}
        }
        if self.passwords_off {
            if !is("PasswordAuthentication", &["no"]) {
                settings.push(("PasswordAuthentication", "no".to_owned()));
            }
            if is("KbdInteractiveAuthentication", &["yes"]) {
                settings.push(("KbdInteractiveAuthentication", "no".to_owned()));
            }
        }
        if self.empty_off && is("PermitEmptyPasswords", &["yes"]) {
            settings.push(("PermitEmptyPasswords", "no".to_owned()));
        }
        if self.strong {
            for keyword in ["KexAlgorithms", "HostKeyAlgorithms", "Ciphers", "MACs"] {
                let list = facts.stronger.iter().find(|(name, _)| name == keyword);
                settings.extend(list.map(|(_, list)| (keyword, list.clone())));
            }
        }
        if self.tunnels_off {
            settings.extend(facts.tunnels().into_iter().map(|keyword| (keyword, "no".to_owned())));
        }
        settings
    }
}

fn change(name: &str, title: String, action: Action, undo: Undo) -> Change {
    Change::new(&ABOUT.id, name, title, action, undo)
}

/// Others lose the right to write: done by each file's owner, who cannot be led astray by its own links.
fn fix(facts: &Facts) -> Vec<Change> {
    let mut seen = Vec::new();
    let mut changes = Vec::new();
    for one in
        facts.people.iter().flat_map(|person| &person.files).filter(|file| file.read).flat_map(|f| &f.loose)
    {
        let (Some((uid, gid)), false) = (one.owner, seen.contains(&&one.path)) else { continue };
        seen.push(&one.path);
        let path = one.path.display().to_string();
        let run = |mode: &str| CommandLine::as_owner(uid, gid, ["chmod", mode, "--", &path]);
        let title = format!("take the right to write to {path} from others");
        let back = Undo::Run(run(&format!("{:04o}", one.mode)));
        changes.push(change(&format!("mode.{}", seen.len()), title, Action::Run(run("go-w")), back));
    }
    let all =
        facts.people.iter().flat_map(|person| &person.files).filter(|file| file.read).flat_map(|f| &f.loose);
    if all.into_iter().all(|one| one.owner.is_some())
        && facts.unseen.is_empty()
        && let Some(last) = changes.last_mut()
    {
        last.proofs.push(Proof::Finding(id::FILE_MODE.to_owned()));
    }
    changes
}

/// One change per file, and what is left to do by hand: keys that were to go, or that nobody can see.
fn remove(facts: &Facts, wishes: &Wishes) -> (Vec<Change>, Vec<String>) {
    let (mut changes, mut left, mut images) = (Vec::new(), Vec::new(), false);
    let files = facts.people.iter().flat_map(|person| person.files.iter().map(move |file| (person, file)));
    let mut done: Vec<&Path> = Vec::new();
    for (person, file) in files {
        if done.contains(&file.path.as_path()) {
            continue;
        }
        done.push(&file.path);
        if let Some(why) = &file.fixed {
            let hidden = wishes.images && file.read && file.keys.is_empty();
            if hidden || file.keys.iter().any(|key| wishes.wants(person, key)) {
                left.push(format!("SSH keys: {} was left alone: {why}.", file.path.display()));
            }
            continue;
        }
        let gone: Vec<&KeyFact> = file.keys.iter().filter(|key| wishes.removes(person, file, key)).collect();
        if gone.is_empty() {
            continue;
        }
        images |= gone.iter().any(|key| key.image.is_some());
        let mut lines: Vec<&str> = gone.iter().map(|key| key.text.as_str()).collect();
        lines.sort_unstable();
        lines.dedup();
        let edits =
            lines.into_iter().map(|line| Edit::Line { from: Some(line.to_owned()), to: None }).collect();
        let title = match gone.len() {
            1 => format!("remove a key of {} from {}", person.name, file.path.display()),
            n => format!("remove {n} keys of {} from {}", person.name, file.path.display()),
        };
        let action = Action::Edit { path: file.path.clone(), edits, check: None };
        changes.push(change(&format!("keys.{}", done.len()), title, action, Undo::Files));
    }
    for file in facts.people.iter().flat_map(|person| &person.files).filter(|_| wishes.images) {
        if file.more_images > 0 {
            let (count, path) = (file.more_images, file.path.display());
            left.push(format!(
                "SSH keys: {count} more keys of the image stay in {path}: remove them by hand."
            ));
        }
    }
    let whole =
        facts.keys().filter(|one| one.2.image.is_some()).all(|one| wishes.removes(one.0, one.1, one.2));
    let more = facts
        .people
        .iter()
        .flat_map(|person| &person.files)
        .any(|file| file.more_images > 0 || file.fixed.is_some());
    if images && !facts.unseen.is_empty() {
        left.push(format!(
            "SSH keys: one of the image may be left where nobody looked: {}.",
            facts.unseen.join(", ")
        ));
    }
    if images
        && whole
        && !more
        && facts.vagrant.is_none()
        && facts.unseen.is_empty()
        && let Some(last) = changes.last_mut()
    {
        last.proofs.push(Proof::Finding(id::IMAGE_KEY.to_owned()));
    }
    (changes, left)
}

/// New keys in place of shared ones, each in one go: without a key sshd lets nobody in. And what is left to do by hand.
fn renew(facts: &Facts) -> (Vec<Change>, Vec<String>) {
    let (mut changes, mut left) = (Vec::new(), Vec::new());
    for (n, key) in facts.host_keys.iter().filter(|key| key.shared.is_some()).enumerate() {
        let path = key.path.display().to_string();
        let Some(kind) = &key.kind else {
            left.push(format!("SSH: {path} was left alone: of which type it is could not be read."));
            continue;
        };
        let mut command = CommandLine::new("ssh-keygen", ["-q", "-t", kind, "-N", "", "-f", &path]);
        // It asks whether to overwrite the old one.
        command.stdin = Some(Template::text("y\n"));
        let title = format!("make a new key of the host in {path}");
        let mut made = change(&format!("host.{n}"), title, Action::Run(command), Undo::Files);
        let files = [path.clone(), format!("{path}.pub")];
        made.touches = files.map(Touched::secret).to_vec();
        changes.push(made);
    }
    if let Some(last) = changes.last_mut() {
        last.interrupts = Some("whoever logs in is asked to accept the host's new keys once".to_owned());
        let proof = Proof::Finding(id::HOST_KEY.to_owned());
        last.proofs.extend(Some(proof).filter(|_| left.is_empty()));
    }
    (changes, left)
}

fn reload(facts: &Facts, settings: &[Setting]) -> Result<Change> {
    let Some((program, args)) = facts.writing.reload.split_first() else {
        bail!(
            "ssh: the server cannot be told to read its settings again: neither systemctl nor service is there"
        )
    };
    let action = Action::Run(CommandLine::new(program, args.iter().cloned()));
    let title = "let the SSH server read its settings again; who is logged in stays so".to_owned();
    let about = |keyword: &str| match keyword {
        "PermitRootLogin" => Some(id::ROOT_PASSWORD),
        "PermitEmptyPasswords" => Some(id::EMPTY),
        "PasswordAuthentication" => Some(id::PASSWORD),
        "Ciphers" | "MACs" | "KexAlgorithms" | "HostKeyAlgorithms" => Some(id::ALGORITHMS),
        keyword if keyword.ends_with("Forwarding") => Some(id::FORWARDING),
        _ => None,
    };
    let keyboard = ("KbdInteractiveAuthentication", "no".to_owned());
    let open = |setting: &Setting| settings::exceptions(facts, setting).next().is_some();
    let everybody =
        |setting: &&Setting| !open(setting) && (setting.0 != "PasswordAuthentication" || !open(&keyboard));
    let mut ids: Vec<&str> = settings.iter().filter(everybody).filter_map(|(k, _)| about(k)).collect();
    ids.dedup();
    let proofs = ids.into_iter().map(|id| Proof::Finding(id.to_owned()));
    let proofs = [Proof::Finding(id::BROKEN.to_owned())].into_iter().chain(proofs);
    let reread = facts.listens.filter(|listens| *listens).map(|_| Proof::Claim(Claim::Reread));
    Ok(change("reload", title, action, Undo::Again).proven(reread).proven(proofs))
}
