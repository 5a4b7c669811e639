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
        form::{Check, Choice, Field, Kind},
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
        let note = "There is no SSH server on this host.".to_owned();
        return Form { fields: Vec::new(), note, settled };
    }
    let seen = |wanted: &str| found.iter().find(|finding| finding.id == wanted);
    let fails = |wanted: &str| seen(wanted).is_some_and(|finding| finding.status == Status::Fail);
    let mut fields = vec![image_keys(facts, seen(id::IMAGE_KEY))];
    other_keys(facts, seen(id::WEAK_KEY), &mut fields);
    fields.push(choice(
        asks::MODES,
        "Files with keys",
        seen(id::FILE_MODE),
        &[
            ("fix", "fix", "Others lose the right to write to them."),
            ("leave", "leave", "Nothing is changed."),
        ],
        "fix",
        "sshd does not read key files that others can write.",
    ));
    add(facts, &mut fields);
    settings(facts, &seen, &mut fields);
    let default = if fails(id::HOST_KEY) { "renew" } else { "leave" };
    fields.push(choice(
        asks::HOST_KEYS,
        "The host's own keys",
        seen(id::HOST_KEY),
        &[
            ("leave", "leave", "Nothing is changed."),
            (
                "renew",
                "renew if shared",
                "New ones are made if others may have them; everybody is asked to accept them once.",
            ),
        ],
        default,
        "With a copy of these keys somebody else can pose as this host.",
    ));
    last_way(facts, &mut fields);
    Form { fields, note: note(facts), settled: vec![asks::KEY.to_owned()] }
}

fn choice(
    key: &str,
    label: &str,
    now: Option<&Finding>,
    options: &[(&str, &str, &str)],
    default: &str,
    help: &str,
) -> Field {
    let options = options.iter().map(|(value, label, effect)| Choice::new(*value, *label, *effect)).collect();
    Field::choice(key, label, now, options, default, help)
}

fn image_keys(facts: &Facts, now: Option<&Finding>) -> Field {
    let count = facts.keys().filter(|one| !one.2.image.is_empty()).count();
    let lines = if count == 1 { "line goes" } else { "lines go" };
    let effect = format!("{count} {lines}, in every file where they stand; all other lines stay.");
    choice(
        asks::IMAGE_KEYS,
        "The image's keys",
        now,
        &[("remove", "remove", &effect), ("leave", "leave", "Whoever has the image gets in.")],
        if facts.vagrant.is_empty() { "remove" } else { "leave" },
        "Handbook 15.3. Leave them on a Vagrant box: it is reached with them.",
    )
}

/// Keys that can be chosen one by one.
fn askable(facts: &Facts) -> impl Iterator<Item = (&Person, &KeyFile, &KeyFact)> {
    let keys = facts.keys();
    keys.filter(|one| one.1.fixed.is_empty() && one.2.image.is_empty() && !one.2.fingerprint.is_empty())
}

fn other_keys(facts: &Facts, now: Option<&Finding>, fields: &mut Vec<Field>) {
    let others = askable(facts).take(MOST_ASKED);
    fields.push(choice(
        asks::KEYS,
        "All other keys",
        now,
        &[
            ("keep", "keep all", "Nothing is changed."),
            ("no-weak", "remove weak ones", "DSA keys and RSA keys below 2048 bits go."),
            ("choose", "choose", "Each key is asked for below."),
        ],
        "keep",
        "A key that is removed opens nothing from that moment on.",
    ));
    for (person, file, key) in others {
        let own = if key.own { "yours now; " } else { "" };
        let weak = if key.weak.is_empty() { "" } else { "; weak" };
        let mut field = choice(
            &asks::key(&person.name, &key.short()),
            &format!("{}: {}", person.name, if key.comment.is_empty() { &key.kind } else { &key.comment }),
            None,
            &[("keep", "keep", "It stays."), ("remove", "remove", "Its line goes.")],
            "keep",
            &format!("{} {} in {} line {}", key.kind, key.fingerprint, file.path.display(), key.line),
        );
        field.now = format!("{own}{}{weak}", key.kind);
        field.now_status = Some(if key.weak.is_empty() { Status::Pass } else { Status::Fail });
        field.only_if = Some((asks::KEYS.to_owned(), "choose".to_owned()));
        fields.push(field);
    }
}

fn add(facts: &Facts, fields: &mut Vec<Field>) {
    let offered: Vec<String> = facts.imports.iter().map(|path| path.display().to_string()).collect();
    let found = match offered.is_empty() {
        true => String::new(),
        false => format!(" Found: {}.", offered.join(", ")),
    };
    fields.push(Field {
        key: asks::ADD.to_owned(),
        label: "Add a public key".to_owned(),
        now: String::new(),
        now_status: None,
        kind: Kind::Text {
            default: String::new(),
            limit: KEY_LIMIT,
            file: true,
            check: Check(|line| new_keys::given(line).map(drop)),
        },
        help: format!(
            "Paste one line (ssh-ed25519 AAAA…), or type the name of a file that holds it.{found} Empty adds none."
        ),
        only_if: None,
    });
    fields.push(choice(
        asks::NEW_KEY,
        "Make a new key pair",
        None,
        &[
            ("none", "no", "Better: make it where you work, and paste its public half above."),
            (
                "make",
                "make one",
                "Its private half is shown once, to be copied before the start; none stays here.",
            ),
        ],
        "none",
        "For whoever has no key at all.",
    ));
    let accounts: Vec<(&str, &str, &str)> = facts
        .people
        .iter()
        .filter(|person| person.add_to.is_some())
        .map(|person| (person.name.as_str(), person.name.as_str(), "The new key opens this account."))
        .collect();
    if let Some(first) = accounts.iter().find(|one| one.0 == "root").or(accounts.first()) {
        fields.push(choice(
            asks::ADD_ACCOUNT,
            "Account for the new key",
            None,
            &accounts,
            first.0,
            "Only used when a key is added.",
        ));
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
    fields.push(choice(
        asks::ROOT_LOGIN,
        "Root over the network",
        seen(id::ROOT_PASSWORD),
        &[
            ("leave", "leave", "Nothing is changed."),
            ("keys", "with a key only", "Root's password works on the console only."),
            ("no", "never", "Somebody else must be able to become root."),
        ],
        if fails(id::ROOT_PASSWORD) && off { "keys" } else { "leave" },
        "Robots try root's password all day long.",
    ));
    fields.push(choice(
        asks::PASSWORD_LOGIN,
        "Passwords over the network",
        seen(id::PASSWORD),
        &[
            ("leave", "leave", "Nothing is changed."),
            ("off", "off", "Everybody needs a key, cdrexport and sftp users, too."),
        ],
        if fails(id::PASSWORD) && off { "off" } else { "leave" },
        "Only with a key for everybody who logs in.",
    ));
    fields.push(choice(
        asks::EMPTY_PASSWORDS,
        "Accounts without a password",
        seen(id::EMPTY),
        &[
            ("leave", "leave", "Nothing is changed."),
            ("off", "keep out", "They cannot log in over the network."),
        ],
        if fails(id::EMPTY) { "off" } else { "leave" },
        "No sane reason to let them in is known.",
    ));
    fields.push(choice(
        asks::ALGORITHMS,
        "Algorithms",
        seen(id::ALGORITHMS),
        &[
            ("leave", "leave", "Nothing is changed."),
            ("strong", "strong only", "Programs from before 2016 can no longer connect."),
        ],
        if fails(id::ALGORITHMS) && !facts.stronger.is_empty() { "strong" } else { "leave" },
        "Judged as ssh-audit judges.",
    ));
    fields.push(choice(
        asks::FORWARDING,
        "Tunnels",
        seen(id::FORWARDING),
        &[
            ("leave", "leave", "Nothing is changed."),
            ("off", "off", "None through this host to its database and neighbours; sftp and shells go on."),
        ],
        "leave",
        "Leave them if somebody works on the database or a web page of this host through one.",
    ));
}

fn last_way(facts: &Facts, fields: &mut Vec<Field>) {
    let mut options =
        vec![("refuse", "refuse the plan", "At least one administrator must still get in over SSH.")];
    if facts.session == Session::Console || !facts.running {
        options.push(("console", "console only", "You said so: from then on only the console lets you in."));
    }
    fields.push(choice(
        asks::LAST_WAY,
        "If nobody could log in any more",
        None,
        &options,
        "refuse",
        "Judged before anything is changed.",
    ));
    fields.push(seconds());
}

/// How long a change that could cut the operator off waits for a word.
pub(super) fn seconds() -> Field {
    Field {
        key: asks::CONFIRM_WITHIN.to_owned(),
        label: "Seconds to confirm".to_owned(),
        now: String::new(),
        now_status: None,
        kind: Kind::Number { default: SECONDS, min: 20, max: 3600 },
        help: "Log in again within this time and say so, or everything is put back.".to_owned(),
        only_if: None,
    }
}

fn note(facts: &Facts) -> String {
    let mut said = Vec::new();
    if !facts.vagrant.is_empty() {
        said.push(format!("This is a Vagrant box ({}): its image's keys are left alone.", facts.vagrant));
    }
    if !facts.read_because.is_empty() {
        said.push(format!("What is in force was read from files: {}.", facts.read_because));
    }
    let asked = askable(facts).count();
    if asked > MOST_ASKED {
        said.push(format!("Of {asked} keys the first {MOST_ASKED} can be chosen one by one."));
    }
    said.join(" ")
}
