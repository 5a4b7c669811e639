//! The private key of a certificate, when its run starts: made by the host's own `openssl`, or read from where it is.
//! Nobody is shown it, and no file holds it but the one that the plan writes.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::{
    executor::{Command, Executor, Quiet, Status},
    host::certificates::{Source, gather, private_key},
    plan::{KeyAlgorithm, KeySource},
    secret::{Secret, Secrets},
};

/// The key as unencrypted PEM. `secrets` are those that may be needed to get at it.
///
/// # Errors
/// When it cannot be made or read, or is not the one whose public half the plan names.
pub(super) fn make(
    host: &dyn Executor,
    from: &KeySource,
    passphrase: Option<&str>,
    public_key: Option<&str>,
    secrets: &Secrets,
) -> Result<Secret> {
    let given = |name: &str| {
        secrets.get(name).with_context(|| {
            format!("secrets: {name} is missing; it is stored nowhere, so it is needed again")
        })
    };
    let source = match from {
        KeySource::New(algorithm) => return new(host, *algorithm),
        KeySource::Files(files) => Source::Files(files),
        KeySource::Given(name) => Source::Given(given(name)?),
    };
    let public_key = public_key.context("the plan does not say which key it was made for")?;
    private_key(host, source, passphrase.map(given).transpose()?, public_key)
}

/// `genpkey` of OpenSSL before 1.0.2 writes a curve out in numbers, which no server takes: hence one program for each.
fn new(host: &dyn Executor, algorithm: KeyAlgorithm) -> Result<Secret> {
    let args: &[&str] = match algorithm {
        KeyAlgorithm::EcdsaP256 => &["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
        KeyAlgorithm::Rsa3072 => &["genrsa", "3072"],
        KeyAlgorithm::Rsa4096 => &["genrsa", "4096"],
    };
    // Large numbers take their time on a small host.
    let command = Command::new("openssl", args.iter().copied()).limit(Duration::from_secs(120));
    let made = host.run(&command, &mut Quiet).context("no private key was made")?;
    // Half of one may have been printed: nothing of that is repeated.
    let (how, key) = (made.how(), Secret::new(made.stdout));
    ensure!(made.status == Status::Code(0), "no private key was made: openssl {} ended with {how}", args[0]);
    let half = public_half(host, &key);
    half.map(|_| key).context("no private key was made: openssl does not read what it printed")
}

/// SHA-256 of its public half, which only a whole key has.
pub(super) fn public_half(host: &dyn Executor, key: &Secret) -> Result<String> {
    let inside = gather(host, Source::Given(key), None)?;
    match inside.keys.as_slice() {
        [one] => Ok(one.public_key.clone()),
        _ => bail!("it is not one private key"),
    }
}
