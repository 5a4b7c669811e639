//! What somebody hands over to be installed: certificates and keys in any number of files, in any order, as PEM, DER or
//! PKCS#12, or pasted. Private keys stay in here; what leaves is their public halves, and one key when it is installed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{
    COUNT_LIMIT,
    certificate::Certificate,
    fault::{Fault, FaultKind},
    file::{self, Content, Found},
    key::PublicHalf,
    openssl::{self, PrivateKey},
};
use crate::{
    executor::{Executor, Kind},
    secret::Secret,
};

/// Where it comes from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Files, or folders with the files.
    Files(&'a [PathBuf]),
    /// Pasted text.
    Given(&'a Secret),
}

/// What was found in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// Every certificate, as it came, each once.
    pub certificates: Vec<Certificate>,
    /// The public half of every private key.
    pub keys: Vec<PublicHalf>,
    /// What was passed over, for people.
    pub remarks: Vec<String>,
}

/// Reads all of it and tells what is there.
///
/// # Errors
/// What cannot be read, in which file, and why.
pub fn gather(host: &dyn Executor, source: Source<'_>, passphrase: Option<&Secret>) -> Result<Material> {
    let mut parts = Parts::default();
    parts.take(host, source, passphrase)?;
    let mut material = Material { remarks: parts.remarks, ..Material::default() };
    for certificate in parts.certificates {
        if !material.certificates.contains(&certificate) {
            material.certificates.push(certificate);
        }
    }
    for (whose, private) in &parts.keys {
        let (key, public_key) =
            openssl::public_half(host, private, passphrase).with_context(|| whose.clone())?;
        if material.keys.iter().all(|half| half.public_key != public_key) {
            material.keys.push(PublicHalf { whose: whose.clone(), public_key, key });
        }
    }
    Ok(material)
}

/// The private key with this public half, as PEM without a passphrase.
///
/// # Errors
/// When it is not there (any more), or cannot be opened.
pub fn private_key(
    host: &dyn Executor,
    source: Source<'_>,
    passphrase: Option<&Secret>,
    public_key: &str,
) -> Result<Secret> {
    let mut parts = Parts::default();
    parts.take(host, source, passphrase)?;
    for (whose, private) in &parts.keys {
        let bytes = openssl::unlocked(host, private, passphrase).with_context(|| whose.clone())?;
        let key = PrivateKey { bytes, der: false, encrypted: false };
        let (_, half) = openssl::public_half(host, &key, None).with_context(|| whose.clone())?;
        if half == public_key {
            return Ok(key.bytes);
        }
    }
    bail!(
        "the private key that belongs to the certificate is not there any more: {} other keys were found",
        parts.keys.len()
    )
}

#[derive(Default)]
struct Parts {
    certificates: Vec<Certificate>,
    keys: Vec<(String, PrivateKey)>,
    remarks: Vec<String>,
}

impl Parts {
    fn take(&mut self, host: &dyn Executor, source: Source<'_>, passphrase: Option<&Secret>) -> Result<()> {
        match source {
            Source::Given(text) => {
                let whose = "what was pasted";
                self.add(host, whose, &unindented(text), passphrase).context(whose)?;
            }
            Source::Files(paths) => {
                for path in paths {
                    let is_folder = host.metadata(path).is_ok_and(|at| at.kind == Kind::Directory);
                    match is_folder {
                        true => self.take_folder(host, path, passphrase)?,
                        false => self.take_file(host, path, passphrase)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn take_file(&mut self, host: &dyn Executor, path: &Path, passphrase: Option<&Secret>) -> Result<()> {
        let whose = path.display().to_string();
        let bytes = file::bytes(host, path)?;
        self.add(host, &whose, &bytes, passphrase).with_context(|| whose.clone())
    }

    fn take_folder(&mut self, host: &dyn Executor, folder: &Path, passphrase: Option<&Secret>) -> Result<()> {
        let names = host.list(folder)?;
        let files: Vec<PathBuf> = names
            .iter()
            .filter(|name| !name.starts_with('.'))
            .map(|name| folder.join(name))
            .filter(|path| host.metadata(path).is_ok_and(|at| matches!(at.kind, Kind::File | Kind::Link)))
            .collect();
        let shown = folder.display();
        ensure!(
            files.len() <= COUNT_LIMIT,
            "{shown} holds more than {COUNT_LIMIT} files: name those that are meant"
        );
        let before = self.certificates.len() + self.keys.len();
        for path in &files {
            // Beside what is meant there may lie anything; only what looks like it and is broken must not be passed over.
            if let Err(error) = self.take_file(host, path, passphrase) {
                match error.downcast_ref::<Fault>().map(|fault| fault.kind) {
                    Some(
                        FaultKind::NotPem
                        | FaultKind::NoCertificate
                        | FaultKind::Unreadable
                        | FaultKind::Missing,
                    ) => self.remarks.push(format!("{error:#}")),
                    _ => return Err(error),
                }
            }
        }
        ensure!(
            self.certificates.len() + self.keys.len() > before,
            "no file in {shown} holds a certificate or a key"
        );
        Ok(())
    }

    fn add(
        &mut self,
        host: &dyn Executor,
        whose: &str,
        bytes: &Secret,
        passphrase: Option<&Secret>,
    ) -> Result<(), Fault> {
        match file::content(bytes)? {
            Content::Pem(found) => self.add_all(whose, found)?,
            Content::Certificate(certificate) => self.certificates.push(*certificate),
            Content::Key { encrypted } => {
                self.keys.push((whose.to_owned(), PrivateKey { bytes: bytes.clone(), der: true, encrypted }));
            }
            Content::Pkcs12 => {
                let inside = openssl::pkcs12(host, bytes, passphrase)?;
                match file::content(&inside)? {
                    Content::Pem(found) => self.add_all(whose, found)?,
                    _ => return Err(Fault::new(FaultKind::NoCertificate, "the PKCS#12 file is empty")),
                }
            }
        }
        let limit = |what| Err(Fault::new(FaultKind::Malformed, format!("more than {COUNT_LIMIT} {what}")));
        match (self.certificates.len(), self.keys.len()) {
            (certificates, _) if certificates > COUNT_LIMIT => limit("certificates"),
            (_, keys) if keys > COUNT_LIMIT => limit("private keys"),
            _ => Ok(()),
        }
    }

    fn add_all(&mut self, whose: &str, found: Found) -> Result<(), Fault> {
        if found.certificates.is_empty() && found.keys.is_empty() {
            return Err(found.nothing("a certificate or a private key", FaultKind::NoCertificate));
        }
        self.certificates.extend(found.certificates);
        self.keys.extend(found.keys.into_iter().map(|key| (whose.to_owned(), key)));
        self.remarks
            .extend(found.others.into_iter().map(|other| format!("{whose}: {other} was passed over")));
        Ok(())
    }
}

/// What is copied out of a mail or a configuration file is often indented; no line of PEM may be.
fn unindented(text: &Secret) -> Secret {
    let mut kept = Vec::with_capacity(text.expose().len());
    for line in text.expose().split_inclusive(|b| *b == b'\n') {
        let blanks = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        kept.extend_from_slice(&line[blanks..]);
    }
    Secret::new(kept)
}
