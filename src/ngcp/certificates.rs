//! The places where config.yml names a certificate, by release, as this host has them: files, ports, who serves and who
//! reads them. The table is `assets/certificates.yml`; what is in the files is not known here.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    config::{Config, DIRECTORY, Place as Line},
    release::Version,
};
use crate::{
    executor::{Executor, Kind},
    host::certificates::Certificate,
    known::Table,
};

/// Services that serve certificates and can be tried beforehand, as [`super::services`] calls them.
pub const NGINX: &str = "nginx";
/// The same: it serves SIP over TLS.
pub const KAMAILIO: &str = "kamailio-lb";
/// Whose places nobody is asked about: shown, never changed.
const OWN: &str = "own";

/// All entries, in the order in which they are shown.
pub static CERTIFICATES: Table<Vec<Entry>> =
    Table::new("assets/certificates.yml", include_str!("../../assets/certificates.yml"), |all| {
        let release =
            |text: &Option<String>| text.as_deref().is_none_or(|text| Version::parse(text).is_some());
        let pair = |pair: &Pair| {
            [&pair.certificate, &pair.key].iter().all(|key| key.contains('.'))
                && release(&pair.since)
                && release(&pair.until)
        };
        let whole = |one: &Entry| {
            !one.name.is_empty()
                && !one.files.is_empty()
                && one.files.iter().all(pair)
                && !one.served_by.is_empty()
        };
        !all.is_empty() && all.iter().all(whole)
    });

/// A place where releases of the platform keep a certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    name: String,
    label: String,
    group: String,
    /// It is the CA that issues client certificates, which no port shows.
    #[serde(default)]
    issues: bool,
    /// There only where its certificate is named, on releases that may or may not have it.
    #[serde(default)]
    rare: bool,
    files: Vec<Pair>,
    #[serde(default)]
    beside: Vec<String>,
    #[serde(default)]
    on: Vec<Switch>,
    #[serde(default)]
    ports: Vec<Port>,
    #[serde(default)]
    names: Option<String>,
    served_by: Vec<String>,
    #[serde(default)]
    read_by: Option<String>,
    #[serde(default)]
    protocols: Vec<String>,
    #[serde(default)]
    ciphers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    certificate: String,
    key: String,
    #[serde(default)]
    since: Option<String>,
    /// The first release that does not have it there any more.
    #[serde(default)]
    until: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    path: String,
    /// What it is where nothing is said.
    #[serde(default = "yes")]
    default: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Port {
    path: String,
    default: u16,
}

fn yes() -> bool {
    true
}

/// One place, as this host has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `admin`, the end of ids and keys.
    pub name: String,
    /// "Admin web"
    pub label: String,
    /// What is chosen together: `web`, `sip`, `rest`; `None` where nobody is asked.
    pub group: Option<String>,
    /// It is the CA that issues client certificates: no port shows it.
    pub issues: bool,
    /// Where the certificate is named.
    pub certificate: Named,
    /// Where its key is named.
    pub key: Named,
    /// Other files that its service is given, CA files mostly.
    pub beside: Vec<Named>,
    /// Whether it is switched on.
    pub on: bool,
    /// The switch, where it is one that can be set.
    pub switch: Option<Named>,
    /// Where it is served, the merged values.
    pub ports: Vec<u16>,
    /// What its service is called in the configuration, if that is a name at all.
    pub server_name: Option<String>,
    /// Services that may serve it, likeliest first.
    pub served_by: Vec<String>,
    /// The user that must be able to read the key, where that is known.
    pub read_by: Option<String>,
    /// Protocols and ciphers as configured; empty where nothing is said.
    pub protocols: String,
    /// The same.
    pub ciphers: String,
}

/// One value of the configuration that names a file or is a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its keys.
    pub path: Vec<String>,
    /// The value that is used; `None` where none is there.
    pub value: Option<String>,
    /// The value in config.yml itself.
    pub written: Option<String>,
    /// The line that decides although config.yml may say something else: an edit of config.yml would change nothing.
    pub shadow: Option<Line>,
}

impl Named {
    fn read(config: &Config, path: &str) -> Named {
        let keys: Vec<&str> = path.split('.').collect();
        let said = |value: super::config::Value| (!value.is_null()).then_some(value.text);
        Named {
            path: keys.iter().map(|key| (*key).to_owned()).collect(),
            value: config.value(&keys).and_then(said),
            written: config.main(&keys).map(|value| value.text),
            shadow: config.shadow(&keys),
        }
    }

    /// `www_admin.http_csc.sslcertfile`
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// The file it names, when it is a full name without `..`.
    pub fn file(&self) -> Option<PathBuf> {
        self.value.as_deref().and_then(file)
    }

    fn is_on(&self, default: bool) -> bool {
        let off =
            |text: &String| matches!(text.to_ascii_lowercase().as_str(), "no" | "0" | "false" | "off" | "");
        self.value.as_ref().map_or(default, |text| !off(text))
    }
}

fn file(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    (path.is_absolute() && plain && !text.chars().any(char::is_control)).then(|| path.to_owned())
}

/// The places that this host's configuration has, in a fixed order.
pub fn places(config: &Config, version: Option<Version>) -> Vec<Place> {
    CERTIFICATES.get().iter().filter_map(|entry| entry.on_host(config, version)).collect()
}

/// The place that its `group` and name belong to in all releases: for questions that this host does not raise.
pub fn known() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    CERTIFICATES.get().iter().map(|entry| (entry.name.as_str(), entry.asked()))
}

impl Entry {
    fn asked(&self) -> Option<&str> {
        (self.group != OWN).then_some(self.group.as_str())
    }

    fn on_host(&self, config: &Config, version: Option<Version>) -> Option<Place> {
        let pair = self.pair(config, version)?;
        let switches: Vec<(Named, bool)> =
            self.on.iter().map(|switch| (Named::read(config, &switch.path), switch.default)).collect();
        let port = |port: &Port| {
            let keys: Vec<&str> = port.path.split('.').collect();
            config.text(&keys).map_or(Some(port.default), |text| text.trim().parse().ok())
        };
        let first = |paths: &[String]| {
            let texts = paths.iter().filter_map(|path| Named::read(config, path).value);
            texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
        };
        let server_name = self.names.as_ref().and_then(|path| Named::read(config, path).value);
        Some(Place {
            name: self.name.clone(),
            label: self.label.clone(),
            group: self.asked().map(str::to_owned),
            issues: self.issues,
            certificate: Named::read(config, &pair.certificate),
            key: Named::read(config, &pair.key),
            beside: self.beside.iter().map(|path| Named::read(config, path)).collect(),
            on: switches.iter().all(|(switch, default)| switch.is_on(*default)),
            switch: switches.into_iter().next().map(|(switch, _)| switch),
            ports: self.ports.iter().filter_map(port).collect(),
            server_name: server_name.map(|name| name.trim_matches('"').to_owned()),
            served_by: self.served_by.clone(),
            read_by: self.read_by.clone(),
            protocols: first(&self.protocols),
            ciphers: first(&self.ciphers),
        })
    }

    /// The keys that this host has, or would have: the section they stand in must be there.
    fn pair(&self, config: &Config, version: Option<Version>) -> Option<&Pair> {
        let has = |path: &str| config.has(&path.split('.').collect::<Vec<_>>());
        let there = self.files.iter().find(|pair| has(&pair.certificate) || has(&pair.key));
        let fits = |pair: &&Pair| {
            let at = |text: &Option<String>| text.as_deref().and_then(Version::parse);
            let section = pair.certificate.rsplit_once('.').is_some_and(|(section, _)| has(section));
            let Some(version) = version else { return section };
            section
                && at(&pair.since).is_none_or(|since| version >= since)
                && at(&pair.until).is_none_or(|until| version < until)
        };
        there.or_else(|| self.files.iter().find(fits).filter(|_| !self.rare))
    }
}

/// A value that looks like a certificate or key and is in no entry of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlisted {
    /// Its keys with dots between.
    pub path: String,
    /// The file it names.
    pub file: PathBuf,
}

/// Values that look like a certificate or a key and that no place has, in the order of their keys.
pub fn unlisted(config: &Config) -> Vec<Unlisted> {
    let entries = CERTIFICATES.get().iter();
    let pairs = entries
        .flat_map(|one| one.files.iter().flat_map(|pair| [&pair.certificate, &pair.key]).chain(&one.beside));
    let listed: Vec<&str> = pairs.map(String::as_str).collect();
    let all = config.scalars();
    let found = all.into_iter().filter(|(path, _)| !listed.contains(&path.as_str()));
    found
        .filter_map(|(path, text)| {
            let file = file(text)?;
            let key = path.rsplit('.').next().unwrap_or_default();
            let ends =
                file.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDINGS.contains(&end));
            let called =
                ["certfile", "cert_file", "certificate", "keyfile"].iter().any(|word| key.contains(word));
            (ends || called).then_some(Unlisted { path, file })
        })
        .take(UNLISTED_LIMIT)
        .collect()
}

/// How files with certificates and keys are called.
const ENDINGS: [&str; 8] = ["crt", "cer", "pem", "key", "p12", "pfx", "chain", "der"];
/// More than these are not shown.
const UNLISTED_LIMIT: usize = 50;

/// Why a certificate is one that the platform's own tool made: signed by nobody, in the vendor's name.
pub fn is_default(certificate: &Certificate) -> Option<String> {
    let named = certificate.self_issued && certificate.subject.contains(VENDOR);
    named.then(|| format!("signed by itself in the name of {VENDOR}, as an installation makes it"))
}

/// In the names of what an installation makes.
const VENDOR: &str = "Sipwise";

/// Where this host keeps certificates: what lies there is in every backup of the configuration.
pub fn directory(host: &dyn Executor, version: Option<Version>) -> PathBuf {
    let new = Path::new(DIRECTORY).join("shared-files/ssl");
    let old = Path::new(DIRECTORY).join("ssl");
    let there = |path: &Path| host.metadata(path).is_ok_and(|found| found.kind == Kind::Directory);
    let is_new = version.is_none_or(|version| version >= Version::Number(10, 5, 0));
    match (there(&new), there(&old)) {
        (true, false) => new,
        (false, true) => old,
        _ if is_new => new,
        _ => old,
    }
}

#[cfg(test)]
mod tests;
