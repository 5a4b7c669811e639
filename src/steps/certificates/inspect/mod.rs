//! Looks at every place: files, keys, names, and what the ports serve. Each file is judged once, and all at the same
//! time: the whole look takes as long as its slowest part.

mod names;
mod wire;

pub(super) use names::wanted;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    thread,
};

use super::{
    facts::{Facts, HostNames, Origin, Pair, Reads, Seen},
    files,
    offer::leads_nowhere,
    renewal, requests,
};
use crate::{
    executor::{Executor, Kind},
    host::{
        accounts,
        certificates::{self, Fault, FaultKind},
        tls::{self, Question, Readable, Served},
    },
    ngcp::{
        certificates::{Place, directory, is_default, places, unlisted},
        config::Config,
        release::Release,
    },
};

/// The group that may read keys on Debian.
const KEY_GROUP: &str = "ssl-cert";
/// More files in the directory of certificates are not remembered.
const TAKEN_LIMIT: usize = 1000;

pub(super) fn look(host: &dyn Executor) -> Facts {
    let mut facts = Facts { running: host.world().is_running(), now: host.now(), ..Facts::default() };
    let config = match Config::read(host) {
        Ok(config) => config,
        Err(error) => return Facts { unread: Some(format!("{error:#}")), ..facts },
    };
    let version = Release::read(host).version;
    let all = places(&config, version);
    facts.unlisted = unlisted(&config);
    facts.directory = directory(host, version);
    facts.has_directory = host.metadata(&facts.directory).is_ok();
    facts.taken = host.list(&facts.directory).unwrap_or_default().into_iter().take(TAKEN_LIMIT).collect();
    let groups = accounts::groups(host).unwrap_or_default();
    let accounts = accounts::accounts(host).unwrap_or_default();
    let is_reader = |name: &String| all.iter().any(|place| place.read_by.as_ref() == Some(name));
    let readers = accounts.into_iter().filter(|account| is_reader(&account.name) && account.uid != 0);
    facts.readers = readers.map(|account| (account.name, account.gid)).collect();
    facts.key_group = groups.into_iter().find(|group| group.name == KEY_GROUP).map(|group| group.gid);
    facts.requests = requests::open(host);
    facts.renewed = renewal::look(host);
    facts.has_program = renewal::has_program(host);
    facts.names = names::of_host(host);
    let looked = side_by_side(host, &all, &facts.names);
    if let Some(asked) = looked.asked {
        asked.into_facts(&mut facts);
    }
    let seen = |(place, reads): (Place, Option<Reads>)| {
        let files = named(&place);
        let pair = looked.pairs.get(&files).cloned().unwrap_or_else(|| broken_pair(&files));
        let strange = pair.leaf().and_then(|leaf| names::strange(&place, leaf, &facts.names));
        let wires = wire::compare(host, &place, &pair, &looked.served);
        Seen { place, pair, strange, reads, wires }
    };
    facts.seen = all.into_iter().zip(looked.reads).map(seen).collect();
    facts
}

/// What takes its time to be looked at.
struct Looked {
    pairs: BTreeMap<Files, Pair>,
    served: BTreeMap<Question, Served>,
    /// For each place.
    reads: Vec<Option<Reads>>,
    asked: Option<names::Asked>,
}

fn side_by_side(host: &dyn Executor, all: &[Place], names: &HostNames) -> Looked {
    let distinct: BTreeSet<Files> = all.iter().map(named).collect();
    thread::scope(|scope| {
        let database = scope.spawn(|| names::ask(host));
        let judging: Vec<_> =
            distinct.iter().map(|files| (files, scope.spawn(move || pair(host, files)))).collect();
        let reading: Vec<_> = all.iter().map(|place| scope.spawn(move || reads(host, place))).collect();
        let served = wire::ask(host, all, names);
        let pair = |looking: thread::ScopedJoinHandle<'_, Pair>, files| {
            looking.join().unwrap_or_else(|_| broken_pair(files))
        };
        Looked {
            served,
            pairs: judging
                .into_iter()
                .map(|(files, looking)| (files.clone(), pair(looking, files)))
                .collect(),
            reads: reading.into_iter().map(|looking| looking.join().ok().flatten()).collect(),
            asked: database.join().ok(),
        }
    })
}

/// The certificate file and the key file of a place.
type Files = (Option<PathBuf>, Option<PathBuf>);

fn named(place: &Place) -> Files {
    (place.certificate.file(), place.key.file())
}

fn unnamed(what: &str) -> Fault {
    Fault { kind: FaultKind::Missing, why: format!("no {what} is named") }
}

fn broken_pair((certificate, key): &Files) -> Pair {
    let broken = || Fault { kind: FaultKind::Unknown, why: "this program is broken: it panicked".to_owned() };
    Pair {
        certificate: certificate.clone(),
        key: key.clone(),
        chain: Err(broken()),
        half: Err(broken()),
        origin: Origin::default(),
        faults: Vec::new(),
        default: None,
        mode: None,
    }
}

fn pair(host: &dyn Executor, (certificate, key): &Files) -> Pair {
    let chain = certificate
        .as_deref()
        .map_or_else(|| Err(unnamed("certificate file")), |path| certificates::read_certificates(host, path));
    let half =
        key.as_deref().map_or_else(|| Err(unnamed("key file")), |path| certificates::read_key(host, path));
    let mut faults =
        chain.as_ref().map_or_else(|_| Vec::new(), |chain| certificates::judge(host, chain, &[], None));
    let read = certificate.as_deref().filter(|_| chain.is_ok()).and_then(|path| host.read(path).ok());
    let origin = read.map(|content| files::origin(&content)).unwrap_or_default();
    if origin.own_ca.is_some() {
        faults.retain(|fault| !leads_nowhere(fault));
    }
    let default = chain.as_ref().ok().and_then(|chain| is_default(chain.first()?));
    let mode = key.as_deref().and_then(|path| host.metadata(path).ok()).filter(|at| at.kind == Kind::File);
    Pair {
        certificate: certificate.clone(),
        key: key.clone(),
        chain,
        half,
        origin,
        faults,
        default,
        mode: mode.map(|at| (at.mode, at.uid, at.gid)),
    }
}

fn reads(host: &dyn Executor, place: &Place) -> Option<Reads> {
    let (user, key) = (place.read_by.as_deref()?, place.key.file()?);
    Some(match tls::readable(host, user, &key) {
        Readable::Yes => Reads::Yes,
        Readable::No(why) => Reads::No(why),
        Readable::Unknown(why) => Reads::Unknown(why),
    })
}
