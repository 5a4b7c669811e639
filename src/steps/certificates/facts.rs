//! What the step saw, as its form and plan need it: certificates and public halves of keys only.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    host::certificates::{Certificate, Fault, Lineage, PublicHalf},
    ngcp::certificates::{Place, Unlisted},
    plan::KeySource,
};

/// Everything.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::steps) struct Facts {
    /// The host runs: services can be asked and told.
    pub(super) running: bool,
    pub(super) now: Timestamp,
    /// Why the configuration could not be read.
    pub(super) unread: Option<String>,
    pub(super) seen: Vec<Seen>,
    pub(super) unlisted: Vec<Unlisted>,
    pub(super) names: HostNames,
    /// Where certificates belong on this host, and what lies there.
    pub(super) directory: PathBuf,
    pub(super) has_directory: bool,
    pub(super) taken: Vec<String>,
    /// Group `ssl-cert`, where there is one.
    pub(super) key_group: Option<u32>,
    /// The first group of each user that reads keys.
    pub(super) readers: BTreeMap<String, u32>,
    /// How many clients of the API log in with a certificate; `None` when that is not known.
    pub(super) clients: Option<u64>,
    pub(super) requests: Vec<Open>,
    /// Certificates that another program of the host renews.
    pub(super) renewed: Vec<Renewed>,
    /// This program lies where renewals call it.
    pub(super) has_program: bool,
    /// What the answers name, by group or place: looked into before the plan is made.
    pub(super) offers: BTreeMap<String, Offer>,
}

/// Names that certificates may have to stand for.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct HostNames {
    /// This host's full name.
    pub(super) host: Option<String>,
    /// SIP domains; `None` when the database could not be asked.
    pub(super) domains: Option<Vec<String>>,
    /// Why it could not be asked.
    pub(super) unasked: Option<String>,
}

/// One place, as it was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) place: Place,
    pub(super) pair: Pair,
    /// The names it is called by that its certificate does not stand for; `None` where no name is known.
    pub(super) strange: Option<Vec<String>>,
    /// Whether its service can read the key; `None` where that user is not known.
    pub(super) reads: Option<Reads>,
    /// What each port serves.
    pub(super) wires: Vec<(u16, Wire)>,
}

/// A certificate file and a key file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// In the order of the file.
    pub(super) chain: Result<Vec<Certificate>, Fault>,
    pub(super) half: Result<PublicHalf, Fault>,
    /// Where it came from, as its file says.
    pub(super) origin: Origin,
    /// What is wrong with it whatever it is called for.
    pub(super) faults: Vec<Fault>,
    /// Why it is the one that every installation has.
    pub(super) default: Option<String>,
    /// Permission bits, owner and group of the key file.
    pub(super) mode: Option<(u32, u32, u32)>,
}

/// What this program noted in a file that it wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// "/etc/letsencrypt/live/sip.example.net"; `None` where the file is somebody else's.
    pub(super) from: Option<String>,
    /// The authority of one's own that was accepted for it.
    pub(super) own_ca: Option<String>,
}

/// Whether a service's user can read a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reads {
    Yes,
    No(String),
    Unknown(String),
}

/// What a port serves, beside the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Wire {
    /// What is in the file.
    File,
    /// Another certificate, or others behind it; in words.
    Other(String),
    /// Nothing listens there.
    Nothing,
    /// Somebody listens and shows none; why.
    Refused(String),
    /// It could not be asked; why.
    Unknown(String),
}

/// A certificate that can be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offer {
    /// As it is to be written: the server's own first, no root.
    pub(super) chain: Vec<Certificate>,
    /// Where it comes from, for people and for the head of the file.
    pub(super) origin: String,
    /// Where its key is read when the run starts.
    pub(super) key: KeySource,
    /// Name of the secret that opens it.
    pub(super) passphrase: Option<String>,
    /// The authority of one's own at which its chain ends.
    pub(super) own_ca: Option<String>,
    /// What is to be known of it, and does not stand in its way.
    pub(super) remarks: Vec<String>,
}

/// A request that waits for its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    /// Its group or place.
    pub(super) target: String,
    pub(super) made: Timestamp,
    /// What it asks for.
    pub(super) names: Vec<String>,
    /// The public half of its key.
    pub(super) half: PublicHalf,
}

/// A certificate that another program of the host renews, and how its renewals come here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Renewed {
    pub(super) lineage: Lineage,
    pub(super) call: Call,
}

/// How another program is told to call this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Call {
    /// It does so already.
    There,
    /// By a program in a folder, which may have to be made.
    Hook { folder: bool },
    /// By a line of its configuration.
    Line { from: Option<String>, to: String },
    /// It cannot be told; why.
    Unknown(String),
}

/// Places that are chosen together.
pub(super) struct Group<'a> {
    /// `web`; the place's own name where nobody is asked.
    pub(super) name: &'a str,
    /// Key of its question.
    pub(super) ask: Option<&'a str>,
    pub(super) places: Vec<&'a Seen>,
}

impl Facts {
    /// The places in groups, in the order of the places.
    pub(super) fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for seen in &self.seen {
            let ask = seen.place.group.as_deref();
            let name = ask.unwrap_or(&seen.place.name);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.places.push(seen),
                None => groups.push(Group { name, ask, places: vec![seen] }),
            }
        }
        groups
    }

    /// The places of a group, or the place of that name.
    pub(super) fn of(&self, name: &str) -> Vec<&Seen> {
        let is = |seen: &&Seen| seen.place.group.as_deref() == Some(name) || seen.place.name == name;
        self.seen.iter().filter(is).collect()
    }
}

impl Group<'_> {
    /// Id of a finding about all of it.
    pub(super) fn id(&self, id: &str) -> String {
        format!("{id}-{}", self.name.to_uppercase())
    }
}

impl Seen {
    /// Ids under which a finding about this place may stand.
    pub(super) fn id(&self, id: &str) -> String {
        let group = self.place.group.as_deref().unwrap_or(&self.place.name);
        match group == self.place.name {
            true => format!("{id}-{}", group.to_uppercase()),
            false => format!("{id}-{}-{}", group.to_uppercase(), self.place.name.to_uppercase()),
        }
    }
}

impl Pair {
    /// The server's own certificate.
    pub(super) fn leaf(&self) -> Option<&Certificate> {
        self.chain.as_ref().ok()?.first()
    }

    /// Its certificates and key are those.
    pub(super) fn is(&self, offer: &Offer) -> bool {
        let prints =
            |chain: &[Certificate]| chain.iter().map(|one| one.fingerprint.clone()).collect::<Vec<_>>();
        let own = self
            .half
            .as_ref()
            .is_ok_and(|half| Some(&half.public_key) == offer.chain.first().map(|one| &one.public_key));
        own && self.chain.as_ref().is_ok_and(|chain| prints(chain) == prints(&offer.chain))
    }
}
