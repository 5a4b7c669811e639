//! What is asked: the image's keys in one answer, the others one by one if wanted, and a few named settings.

use super::{
    facts::{Facts, KeyFact, KeyFile, Person},
    names::{asks, id},
    new_keys,
};
use crate::{
    finding::{Finding, Status},
    host::sshd::Session,
    steps::{
        Form,
        form::{Check, Field, Kind},
    },
};

/// So many keys are asked about one by one.
pub(super) const MOST_ASKED: usize = 40;
/// A pasted key is shorter than this, in characters.
const KEY_LIMIT: usize = 4000;
/// Seconds in which a change that could cut the operator off must be confirmed.
pub(super) const SECONDS: i64 = 60;

pub(super) fn form(found: &[Finding], facts: &Facts) -> Form {
    if !facts.server {
        let settled = asks::ALL.iter().map(|key| (*key).to_owned()).collect();
        let note = Some("There is no SSH server on this host.".to_owned());
        return Form { note, settled, ..Form::default() };
    }
    let seen = |wanted: &str| found.iter().find(|finding| finding.id == wanted);
    let fails = |wanted: &str| seen(wanted).is_some_and(|finding| finding.status == Status::Fail);
    let mut fields = vec![image_keys(facts, seen(id::IMAGE_KEY))];
    other_keys(facts, seen(id::WEAK_KEY), &mut fields);
    fields.push(
        Field::choice(
            asks::MODES,
            "Key files",
            [
                ("fix", "fix", "Others lose the right to write to them."),
                ("leave", "leave", "Nothing is changed."),
            ],
            "fix",
        )
        .about(seen(id::FILE_MODE))
        .in_short("not private", "private")
        .help("sshd does not read key files that others can write."),
    );
    add(facts, &mut fields);
    settings(facts, &seen, &mut fields);
    let default = if fails(id::HOST_KEY) { "renew" } else { "leave" };
    fields.push(
        Field::choice(
            asks::HOST_KEYS,
            "Host keys",
            [
                ("leave", "leave", "Nothing is changed."),
                (
                    "renew",
                    "renew copied",
                    "New ones are made if others may have them; everybody is asked to accept them once.",
                ),
            ],
            default,
        )
        .about(seen(id::HOST_KEY))
        .in_short("maybe copied", "made here")
        .help("With a copy of these keys somebody else can pose as this host."),
    );
    last_way(facts, &mut fields);
    // Where all is well here there is one way only to leave it so.
    for field in fields.iter_mut().filter(|field| [asks::MODES, asks::EMPTY_PASSWORDS].contains(&&*field.key))
    {
        field.quiet = field.now_status == Some(Status::Pass);
    }
    Form { fields, note: note(facts), settled: vec![asks::KEY.to_owned()], ..Form::default() }
}

fn image_keys(facts: &Facts, now: Option<&Finding>) -> Field {
    let count = facts.keys().filter(|one| one.2.image.is_some()).count();
    let lines = if count == 1 { "line goes" } else { "lines go" };
    let effect = format!("{count} {lines}, in every file where they stand; all other lines stay.");
    Field::choice(
        asks::IMAGE_KEYS,
        "Image's keys",
        [("remove", "remove", effect.as_str()), ("leave", "leave", "Whoever has the image gets in.")],
        if facts.vagrant.is_none() { "remove" } else { "leave" },
    )
    .about(now)
    .in_short("let anybody in", "none left")
    .help("Handbook 15.3. Leave them on a Vagrant box: it is reached with them.")
}

/// Keys that can be chosen one by one.
fn askable(facts: &Facts) -> impl Iterator<Item = (&Person, &KeyFile, &KeyFact)> {
    let keys = facts.keys();
    keys.filter(|one| one.1.fixed.is_none() && one.2.image.is_none() && one.2.fingerprint.is_some())
}

fn other_keys(facts: &Facts, now: Option<&Finding>, fields: &mut Vec<Field>) {
    let others = askable(facts).take(MOST_ASKED);
    fields.push(
        Field::choice(
            asks::KEYS,
            "Other keys",
            [
                ("keep", "keep all", "Nothing is changed."),
                ("no-weak", "remove weak", "DSA keys and RSA keys below 2048 bits go."),
                ("choose", "choose", "Each key is asked for below."),
            ],
            "keep",
        )
        .about(now)
        .in_short("some are weak", "none weak")
        .help("A key that is removed opens nothing from that moment on."),
    );
    for (person, file, key) in others {
        let own = if key.own { "yours now; " } else { "" };
        let weak = if key.weak.is_none() { "" } else { "; weak" };
        let mut field = Field::choice(
            asks::key(&person.name, &key.short()),
            format!("{}: {}", person.name, if key.comment.is_empty() { &key.kind } else { &key.comment }),
            [("keep", "keep", "It stays."), ("remove", "remove", "Its line goes.")],
            "keep",
        )
        .help(format!(
            "{} {} in {} line {}",
            key.kind,
            key.fingerprint.as_deref().unwrap_or_default(),
            file.path.display(),
            key.line
        ));
        field.now = Some(format!("{own}{}{weak}", key.kind));
        field.now_status = Some(if key.weak.is_none() { Status::Pass } else { Status::Fail });
        fields.push(field.only_if(asks::KEYS, "choose"));
    }
}

fn add(facts: &Facts, fields: &mut Vec<Field>) {
    let offered: Vec<String> = facts.imports.iter().map(|path| path.display().to_string()).collect();
    let found = match offered.is_empty() {
        true => String::new(),
        false => format!(" Found: {}.", offered.join(", ")),
    };
    let check = Check(|line| new_keys::given(line).map(drop));
    let kind = Kind::Text { default: String::new(), limit: KEY_LIMIT, file: true, check };
    fields.push(Field::new(asks::ADD, "Add a key", kind).help(format!(
        "Paste one public key (ssh-ed25519 AAAA…), or type the name of a file that holds it.{found} Empty adds none."
    )));
    fields.push(
        Field::choice(
            asks::NEW_KEY,
            "New key pair",
            [
                ("none", "no", "Better: make it where you work, and paste its public half above."),
                (
                    "make",
                    "make one",
                    "Its private half is shown once, to be copied before the start; none stays here.",
                ),
            ],
            "none",
        )
        .help("For whoever has no key at all."),
    );
    let accounts: Vec<(&str, &str, &str)> = facts
        .people
        .iter()
        .filter(|person| person.add_to.is_some())
        .map(|person| (person.name.as_str(), person.name.as_str(), "The new key opens this account."))
        .collect();
    if let Some((first, ..)) = accounts.iter().find(|one| one.0 == "root").or(accounts.first()).copied() {
        let account = Field::choice(asks::ADD_ACCOUNT, "New key opens", accounts, first);
        fields.push(account.help("Only used when a key is added."));
    }
}

fn settings<'a>(facts: &Facts, seen: &dyn Fn(&str) -> Option<&'a Finding>, fields: &mut Vec<Field>) {
    let fails = |wanted: &str| seen(wanted).is_some_and(|finding| finding.status == Status::Fail);
    // Somebody who may become root keeps a key that works, and the operator is not known to need a password.
    let by_key = match &facts.session {
        Session::Console => true,
        Session::Ssh { login, .. } => login.as_ref().is_some_and(|login| login.method == "publickey"),
        Session::Unknown => !facts.running,
    };
    let off = by_key && super::doors::keyed(facts);
    let [root_held, all_held] = super::findings::held(facts);
    fields.extend([
        Field::choice(
            asks::ROOT_LOGIN,
            "Root login",
            [
                ("leave", "leave", "Nothing is changed."),
                ("keys", "key only", "Root's password works on the console only."),
                ("no", "never", "Somebody else must be able to become root."),
            ],
            if fails(id::ROOT_PASSWORD) && off { "keys" } else { "leave" },
        )
        .about(seen(id::ROOT_PASSWORD))
        .in_short("by password", root_held)
        .help("Robots try root's password all day long."),
        Field::choice(
            asks::PASSWORD_LOGIN,
            "Passwords",
            [
                ("leave", "leave", "Nothing is changed."),
                ("off", "off", "Everybody needs a key, cdrexport and sftp users, too."),
            ],
            if fails(id::PASSWORD) && off { "off" } else { "leave" },
        )
        .about(seen(id::PASSWORD))
        .in_short("accepted", all_held)
        .help("Only with a key for everybody who logs in."),
        Field::choice(
            asks::EMPTY_PASSWORDS,
            "Empty passwords",
            [
                ("leave", "leave", "Nothing is changed."),
                ("off", "refuse", "Accounts without a password cannot log in over the network."),
            ],
            if fails(id::EMPTY) { "off" } else { "leave" },
        )
        .about(seen(id::EMPTY))
        .in_short("accepted", "refused")
        .help("No sane reason to let them in is known."),
        Field::choice(
            asks::ALGORITHMS,
            "Algorithms",
            [
                ("leave", "leave", "Nothing is changed."),
                ("strong", "strong only", "Programs from before 2016 can no longer connect."),
            ],
            if fails(id::ALGORITHMS) && !facts.stronger.is_empty() { "strong" } else { "leave" },
        )
        .about(seen(id::ALGORITHMS))
        .in_short("some are weak", "none weak")
        .help("Judged as ssh-audit judges."),
        Field::choice(
            asks::FORWARDING,
            "Tunnels",
            [
                ("leave", "leave", "Nothing is changed."),
                (
                    "off",
                    "off",
                    "None through this host to its database and neighbours; sftp and shells go on.",
                ),
            ],
            "leave",
        )
        .about(seen(id::FORWARDING))
        .in_short("open", "closed")
        .help("Leave them if somebody works on the database or a web page of this host through one."),
    ]);
}

fn last_way(facts: &Facts, fields: &mut Vec<Field>) {
    let mut options =
        vec![("refuse", "must stay", "The plan is refused unless an administrator still gets in over SSH.")];
    if facts.session == Session::Console || !facts.running {
        options.push(("console", "console only", "You said so: from then on only the console lets you in."));
    }
    fields.push(
        Field::choice(asks::LAST_WAY, "Last way in", options, "refuse")
            .help("Judged before anything is changed."),
    );
    fields.push(seconds());
}

/// How long a change that could cut the operator off waits for a word.
pub(super) fn seconds() -> Field {
    Field::new(asks::CONFIRM_WITHIN, "Confirm within", Kind::Number { default: SECONDS, min: 20, max: 3600 })
        .help("Seconds. Log in again within them and say so, or everything is put back.")
}

fn note(facts: &Facts) -> Option<String> {
    let mut said = Vec::new();
    if let Some(why) = &facts.vagrant {
        said.push(format!("This is a Vagrant box ({why}): its image's keys are left alone."));
    }
    if let Some(why) = &facts.read_because {
        said.push(format!("What is in force was read from files: {why}."));
    }
    let asked = askable(facts).count();
    if asked > MOST_ASKED {
        said.push(format!("Of {asked} keys the first {MOST_ASKED} can be chosen one by one."));
    }
    (!said.is_empty()).then(|| said.join(" "))
}
