//! Open requests: made on one day, answered by an authority on another. Key and request lie in a folder of their own
//! until then, outside of the configuration, so that they hold up nobody's apply.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::{
    facts::{Facts, Open},
    files,
    names::{ABOUT, asks, full_key},
    words,
};
use crate::{
    executor::{Attributes, Executor, Kind},
    host::certificates::{self, Name, PublicHalf, Request},
    plan::{
        Action, Change, CommandLine, Generated, KeyAlgorithm, KeySource, Making, Phase, Plan, Template, Undo,
    },
    secret::SecretForm,
    steps::Answers,
};

/// Where they lie, each in a folder with the name of its group or place.
const FOLDER: &str = "/var/lib/ngcp-warden/requests";
const KEY: &str = "private.key";
const REQUEST: &str = "request.csr";
/// So long a certificate is good that nobody signed.
const DAYS: u32 = 365;
/// More of them are not looked at.
const MOST: usize = 50;

impl Open {
    fn key(&self) -> PathBuf {
        folder(&self.target).join(KEY)
    }

    /// "request of 2026-11-30 for sip.example.net"
    pub(super) fn described(&self) -> String {
        format!("request of {} for {}", words::day(self.made), self.names.join(", "))
    }
}

fn folder(target: &str) -> PathBuf {
    Path::new(FOLDER).join(target)
}

/// Those that can be read; what lies there and is none is passed over.
pub(super) fn open(host: &dyn Executor) -> Vec<Open> {
    let targets = host.list(Path::new(FOLDER)).unwrap_or_default();
    let plain = |target: &String| target.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let read = |target: String| {
        let path = folder(&target).join(REQUEST);
        let found = host.metadata(&path).ok().filter(|at| at.kind == Kind::File)?;
        let request = Request::read(&host.read(&path).ok()?).ok()?;
        let whose = folder(&target).join(KEY).display().to_string();
        Some(Open {
            target,
            made: found.modified,
            names: request.names.iter().map(ToString::to_string).collect(),
            half: PublicHalf { whose, public_key: request.public_key, key: request.key },
        })
    };
    targets.into_iter().filter(plain).take(MOST).filter_map(read).collect()
}

/// The request as it is sent to an authority.
pub(super) fn pem(host: &dyn Executor, open: &Open) -> Option<String> {
    Request::read(&host.read(&folder(&open.target).join(REQUEST)).ok()?).ok().map(|request| request.pem)
}

impl Facts {
    /// The request that waits for this group or place.
    pub(super) fn request(&self, target: &str) -> Option<&Open> {
        self.requests.iter().find(|open| open.target == target)
    }
}

/// Where the key of an open request is, for its answer.
pub(super) fn key_of(open: &Open) -> KeySource {
    KeySource::Files(vec![open.key()])
}

/// What is to be made: for which names, with which kind of key.
struct Wanted {
    names: Vec<Name>,
    algorithm: KeyAlgorithm,
    config: String,
}

fn wanted(answers: &Answers, target: &str) -> Result<Wanted> {
    let key = full_key(target, asks::NAMES);
    let given = answers.list(&asks::below(target, asks::NAMES))?.unwrap_or_default();
    ensure!(!given.is_empty(), "{key}: no name is given");
    let names =
        given.iter().map(|name| certificates::name(name).map_err(|why| anyhow!("{key}: '{name}' {why}")));
    let names: Vec<Name> = names.collect::<Result<_>>()?;
    let kind = answers.choice(&asks::below(target, asks::KEY))?;
    let algorithm = KeyAlgorithm::ALL.into_iter().find(|one| Some(one.name()) == kind);
    let algorithm = algorithm.with_context(|| format!("{}: no kind of key", full_key(target, asks::KEY)))?;
    let is_rsa = algorithm != KeyAlgorithm::EcdsaP256;
    let config = certificates::config(&names, is_rsa).map_err(|why| anyhow!("{key}: {why}"))?;
    Ok(Wanted { names, algorithm, config })
}

/// The name under which the key travels.
pub(super) fn key_secret(target: &str) -> String {
    full_key(target, "private-key")
}

fn new_key(target: &str, algorithm: KeyAlgorithm) -> Generated {
    Generated {
        secret: key_secret(target),
        label: format!("key for {target}"),
        kind: Making::PrivateKey { from: KeySource::New(algorithm), passphrase: None, public_key: None },
    }
}

/// Makes a key and a request for it; the same one again where it is open already.
pub(super) fn make(facts: &Facts, answers: &Answers, target: &str, plan: &mut Plan) -> Result<()> {
    let wanted = wanted(answers, target)?;
    let names: Vec<String> = wanted.names.iter().map(ToString::to_string).collect();
    let shown = folder(target).join(REQUEST);
    plan.reminders.push(format!(
        "The request for {target} is in {}: 'ngcp-warden certificates request {target}' prints it. Let it be signed, then answer {target} with its certificate.",
        shown.display()
    ));
    if let Some(open) = facts.request(target) {
        let same = open.names == names && is_kind(&open.half.key, wanted.algorithm);
        if !same {
            bail!(
                "{}.{target}: the {} is still open; answer it, or take {} away first",
                ABOUT.id,
                open.described(),
                folder(target).display()
            );
        }
        return Ok(());
    }
    let request = full_key(target, "request");
    plan.generated.push(new_key(target, wanted.algorithm));
    plan.generated.push(Generated {
        secret: request.clone(),
        label: format!("request for {target}: {}", names.join(", ")),
        kind: Making::Request { key: key_secret(target), config: wanted.config },
    });
    let path = folder(target).display().to_string();
    let change = |name: &str, title: String, action, undo| {
        Change::new(&ABOUT.id, &format!("{target}.{name}"), title, action, undo)
    };
    plan.changes.push(change(
        "request-folder",
        format!("make {path}"),
        Action::Run(CommandLine::new("install", ["-d", "-m", "0700", FOLDER, &path])),
        Undo::Run(CommandLine::new("rmdir", [path.as_str()])),
    ));
    let write = |name: &str, file: &str, title: String, secret: String| {
        let content = Template::default().secret(secret, SecretForm::File);
        let attributes = Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None };
        change(
            name,
            title,
            Action::Write { path: folder(target).join(file), content, attributes },
            Undo::Files,
        )
    };
    plan.changes.push(write(
        "request-key",
        KEY,
        format!("keep the private key of the request for {target}"),
        key_secret(target),
    ));
    plan.changes.push(write(
        "request",
        REQUEST,
        format!("write the request for {target}: {}", names.join(", ")),
        request,
    ));
    Ok(())
}

fn is_kind(key: &certificates::Key, algorithm: KeyAlgorithm) -> bool {
    key.to_string() == algorithm.label()
}

/// Puts an answered request away, key and all, once its certificate is in force.
pub(super) fn put_away(facts: &Facts, target: &str, plan: &mut Plan) {
    let from = folder(target).display().to_string();
    let to = format!("{from}.answered-{}", facts.now.strftime("%Y%m%d-%H%M%S"));
    let rename = |from: &str, to: &str| CommandLine::new("mv", ["-T", "-n", from, to]);
    let change = Change::new(
        &ABOUT.id,
        &format!("{target}.answered"),
        format!("put the answered request for {target} away"),
        Action::Run(rename(&from, &to)),
        Undo::Run(rename(&to, &from)),
    );
    plan.changes.push(change.in_phase(Phase::After));
}

/// A certificate that nobody but its own key vouches for.
pub(super) struct SelfSigned {
    pub(super) key: Generated,
    pub(super) certificate: Generated,
    /// The name of its files, without their ending.
    pub(super) stem: String,
    pub(super) names: Vec<String>,
}

pub(super) fn self_signed(facts: &Facts, answers: &Answers, target: &str) -> Result<SelfSigned> {
    let wanted = wanted(answers, target)?;
    let names: Vec<String> = wanted.names.iter().map(ToString::to_string).collect();
    let until = facts.now + jiff::SignedDuration::from_hours(24 * i64::from(DAYS));
    let first = names.first().map_or("", String::as_str);
    let stem = format!("{target}-self-signed-{}-until-{}", files::plain(first), words::day(until));
    Ok(SelfSigned {
        key: new_key(target, wanted.algorithm),
        certificate: Generated {
            secret: full_key(target, "certificate"),
            label: format!("self-signed certificate for {target}: {}", names.join(", ")),
            kind: Making::SelfSigned {
                key: key_secret(target),
                head: files::head(target, files::SELF_SIGNED, None),
                config: wanted.config,
                days: DAYS,
            },
        },
        stem: files::free(facts, &stem),
        names,
    })
}
