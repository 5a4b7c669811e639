//! The private key of a certificate, when its run starts: made by the host's own `openssl`, or read from where it is.
//! Nobody is shown it, and no file holds it but the one that the plan writes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::{
    executor::{CREDENTIALS, Command, Executor, Quiet, Status},
    host::certificates::{self, Source},
    plan::{KeyAlgorithm, KeySource},
    secret::{Secret, Secrets, sha256},
};

/// The key as unencrypted PEM.
///
/// # Errors
/// When it cannot be made or read, or is not the one whose public half the plan names.
pub(super) fn make(
    host: &dyn Executor,
    from: &KeySource,
    passphrase: Option<&Secret>,
    public_key: Option<&str>,
    secrets: &Secrets,
) -> Result<Secret> {
    let read = |source| {
        let wanted = public_key.context("the plan does not say which key it is made for")?;
        certificates::private_key(host, source, passphrase, wanted)
    };
    let key = match from {
        KeySource::New(algorithm) => new(host, *algorithm)?,
        KeySource::Files(files) => read(Source::Files(files))?,
        KeySource::Given(name) => {
            read(Source::Given(secrets.get(name).context("what was pasted is not at hand")?))?
        }
    };
    let found = public_half(host, &key)?;
    ensure!(public_key.is_none_or(|wanted| wanted == found), "it is another key than the plan was made for");
    Ok(key)
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
    Ok(key)
}

/// SHA-256 of the public half, which only a whole key has.
fn public_half(host: &dyn Executor, key: &Secret) -> Result<String> {
    let ask = Command::new("openssl", ["pkey", "-in", CREDENTIALS, "-pubout", "-outform", "DER"]);
    let said = host.run(&ask.credentials(key.clone()).reads_only(), &mut Quiet)?;
    ensure!(said.ok() && !said.stdout.is_empty(), "openssl takes it for no private key: {}", said.reason());
    Ok(sha256(&said.stdout))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        effects::runs,
        executor::simulated::{Answer, Files, Simulated},
        plan::{Generated, Making, Plan},
        secret::{Secrets, sha256},
    };

    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----\n";

    fn host() -> Simulated {
        Simulated::new().on("openssl", |_: &mut Files, command: &Command| {
            match command.args.first().map(String::as_str) {
                Some("ecparam") => Answer::from(KEY),
                Some("genrsa") => Answer::code(1),
                Some("pkey") if command.credentials == Some(Secret::new(KEY)) => Answer::from("public half"),
                _ => Answer::code(1).error("unable to load key"),
            }
        })
    }

    fn plan(algorithm: KeyAlgorithm, public_key: Option<String>) -> Plan {
        let kind = Making::PrivateKey { from: KeySource::New(algorithm), passphrase: None, public_key };
        let made = Generated { secret: "key".to_owned(), label: "key for web".to_owned(), kind };
        Plan { generated: vec![made], ..Plan::default() }
    }

    #[test]
    fn a_new_key_goes_to_the_run_and_is_shown_to_nobody() {
        for public_key in [None, Some(sha256(b"public half"))] {
            let mut secrets = Secrets::default();
            let shown =
                runs::make_up(&host(), &plan(KeyAlgorithm::EcdsaP256, public_key), &mut secrets).unwrap();
            assert!(shown.is_empty());
            assert_eq!(secrets.get("key"), Some(&Secret::new(KEY)));
        }
    }

    #[test]
    fn another_key_than_the_plan_was_made_for_starts_nothing() {
        for (algorithm, public_key, says) in [
            (KeyAlgorithm::EcdsaP256, Some(sha256(b"other")), "another key than the plan was made for"),
            (KeyAlgorithm::Rsa3072, None, "no private key was made: openssl genrsa ended with exit code 1"),
        ] {
            let mut secrets = Secrets::default();
            let refused = runs::make_up(&host(), &plan(algorithm, public_key), &mut secrets).unwrap_err();
            let refused = format!("{refused:#}");
            assert!(refused.contains("key for web") && refused.contains(says), "{refused}");
            assert!(secrets.is_empty() && !refused.contains("canary"));
        }
    }
}
