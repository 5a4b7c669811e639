//! What a private key signs when a run starts: a request for a certificate, or a certificate for itself. The host's own
//! `openssl` makes it.

use anyhow::{Context, Result, ensure};

use super::private_key::public_half;
use crate::{
    executor::{CREDENTIALS, Command, Executor, Quiet},
    host::certificates::{Material, Request, Source, gather},
    secret::Secret,
};

/// A request for a certificate, as PEM.
///
/// # Errors
/// When none is made, or it is not for this key.
pub(super) fn request(host: &dyn Executor, key: &Secret, config: &str) -> Result<Secret> {
    let made = req(host, key, config, &[]).context("no certificate request was made")?;
    let request =
        Request::read(&made).map_err(|why| anyhow::anyhow!("the request that openssl made {why}"))?;
    ensure!(request.public_key == public_half(host, key)?, "openssl made a request for another key");
    Ok(Secret::new(request.pem))
}

/// A certificate that the key signs itself, as PEM.
///
/// # Errors
/// When none is made, or it is not for this key.
pub(super) fn certificate(host: &dyn Executor, key: &Secret, config: &str, days: u32) -> Result<Secret> {
    let days = days.to_string();
    let made = req(host, key, config, &["-x509", "-days", &days]).context("no certificate was made")?;
    let Material { certificates, .. } = gather(host, Source::Given(&Secret::new(made)), None)?;
    let wanted = public_half(host, key)?;
    let own = certificates.into_iter().find(|one| one.public_key == wanted);
    Ok(Secret::new(own.context("openssl made a certificate for another key")?.pem))
}

/// What it is told stands in no file: standard input has a name that it can open, where `/proc` is.
fn req(host: &dyn Executor, key: &Secret, config: &str, more: &[&str]) -> Result<Vec<u8>> {
    let args = ["req", "-batch", "-new", "-sha256", "-key", CREDENTIALS, "-config", "/proc/self/fd/0"];
    let command = Command::new("openssl", args.iter().chain(more).copied())
        .credentials(key.clone())
        .stdin(Secret::new(config));
    let exit = host.run(&command.reads_only(), &mut Quiet)?;
    ensure!(exit.ok(), "openssl req: {}", exit.reason());
    Ok(exit.stdout)
}
