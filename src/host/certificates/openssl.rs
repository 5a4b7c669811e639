//! What the host's own `openssl` is asked about keys. Private keys and passphrases travel to it by standard input and by
//! a private file, and it is never left to ask on a terminal.

use std::{io, time::Duration};

use super::{
    fault::{Fault, FaultKind},
    key::Key,
    pem,
};
use crate::{
    executor::{CREDENTIALS, Command, Executor, Exit, Quiet, Status},
    secret::Secret,
};

/// Made to be slow, a PKCS#12 file may keep it busy for hours.
const LIMIT: Duration = Duration::from_secs(10);

/// A private key as it was found.
pub(super) struct PrivateKey {
    pub(super) bytes: Secret,
    /// DER and not PEM.
    pub(super) der: bool,
    pub(super) encrypted: bool,
}

/// Runs `openssl`; an error says why nothing is known.
pub(super) fn ask(host: &dyn Executor, command: Command) -> Result<Exit, Fault> {
    let unknown = |why: String| Fault::new(FaultKind::Unknown, why);
    if !host.world().is_running() {
        return Err(unknown("openssl is only asked on a running host".to_owned()));
    }
    let exit = host.run(&command.reads_only().limit(LIMIT), &mut Quiet).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => unknown("openssl is not on this host".to_owned()),
        _ => unknown(format!("openssl could not be asked: {e}")),
    })?;
    match exit.status {
        Status::Code(_) => Ok(exit),
        _ => Err(unknown(format!("openssl gave no answer: {}", exit.how()))),
    }
}

/// `openssl` with what it needs to open something locked; without a passphrase it tries none.
fn opening(subcommand: &str, args: &[&str], passphrase: Option<&Secret>) -> Command {
    let mut args: Vec<&str> = [&[subcommand], args].concat();
    let from_file = format!("file:{CREDENTIALS}");
    match passphrase {
        None => {
            args.extend(["-passin", "pass:"]);
            Command::new("openssl", args)
        }
        Some(passphrase) => {
            args.extend(["-passin", &from_file]);
            let line = [passphrase.expose(), b"\n"].concat();
            Command::new("openssl", args).credentials(Secret::new(line))
        }
    }
}

fn pkey(
    host: &dyn Executor,
    key: &PrivateKey,
    passphrase: Option<&Secret>,
    more: &[&str],
) -> Result<Exit, Fault> {
    let passphrase = passphrase.filter(|_| key.encrypted);
    if key.encrypted && passphrase.is_none() {
        return Err(Fault::new(
            FaultKind::KeyEncrypted,
            "the private key is encrypted and needs its passphrase",
        ));
    }
    let args = [&["-inform", if key.der { "DER" } else { "PEM" }], more].concat();
    let exit = ask(host, opening("pkey", &args, passphrase).stdin(key.bytes.clone()))?;
    match exit.ok() {
        true => Ok(exit),
        false if key.encrypted => Err(Fault::new(
            FaultKind::KeyEncrypted,
            format!("the passphrase does not open the private key (openssl: {})", exit.reason()),
        )),
        false => Err(Fault::new(
            FaultKind::Malformed,
            format!("openssl does not read the private key: {}", exit.reason()),
        )),
    }
}

/// Whether it reads a certificate (`x509`) or an open key (`pkey`) in PEM.
pub(super) fn reads(host: &dyn Executor, subcommand: &str, pem: Secret) -> Result<bool, Fault> {
    let command = opening(subcommand, &["-inform", "PEM", "-noout"], None).stdin(pem);
    ask(host, command).map(|exit| exit.ok())
}

/// The public half of a private key: its kind, and the digest of it.
pub(super) fn public_half(
    host: &dyn Executor,
    key: &PrivateKey,
    passphrase: Option<&Secret>,
) -> Result<(Key, String), Fault> {
    let exit = pkey(host, key, passphrase, &["-pubout"])?;
    let blocks = pem::blocks(&exit.stdout).unwrap_or_default();
    let block = blocks.iter().find(|block| block.label == "PUBLIC KEY");
    let half = block.and_then(|block| pem::decode(block).ok()).and_then(|der| Key::read(&der));
    half.ok_or_else(|| Fault::new(FaultKind::Unknown, "openssl printed no public key for the private key"))
}

/// The key as PEM without a passphrase.
pub(super) fn unlocked(
    host: &dyn Executor,
    key: &PrivateKey,
    passphrase: Option<&Secret>,
) -> Result<Secret, Fault> {
    let printed = Secret::new(pkey(host, key, passphrase, &[])?.stdout);
    let whole = pem::blocks(printed.expose())
        .is_ok_and(|blocks| blocks.len() == 1 && blocks[0].label.ends_with("PRIVATE KEY"));
    match whole {
        true => Ok(printed),
        false => Err(Fault::new(FaultKind::Unknown, "openssl printed no private key")),
    }
}

/// What a PKCS#12 file holds, as PEM.
pub(super) fn pkcs12(
    host: &dyn Executor,
    file: &Secret,
    passphrase: Option<&Secret>,
) -> Result<Secret, Fault> {
    let nothing = Secret::default();
    let open = |more: &[&str]| {
        let args = [&["-nodes"], more].concat();
        ask(host, opening("pkcs12", &args, Some(passphrase.unwrap_or(&nothing))).stdin(file.clone()))
    };
    let mut exit = open(&[])?;
    // Made before OpenSSL 3, most are locked with ciphers that it knows only when told so.
    if !exit.ok() && exit.error_text().contains("unsupported") {
        exit = open(&["-legacy"])?;
    }
    if exit.ok() {
        return Ok(Secret::new(exit.stdout));
    }
    let said = exit.error_text().to_ascii_lowercase();
    let (kind, why) = match (said.contains("mac verify"), passphrase) {
        (true, None) => {
            (FaultKind::KeyEncrypted, "the PKCS#12 file is locked and needs its passphrase".to_owned())
        }
        (true, Some(_)) => {
            (FaultKind::KeyEncrypted, "the passphrase does not open the PKCS#12 file".to_owned())
        }
        _ => (FaultKind::Malformed, format!("openssl does not read the PKCS#12 file: {}", exit.reason())),
    };
    Err(Fault::new(kind, why))
}
