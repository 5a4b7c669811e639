//! What the claims of a plan are judged by: each is looked for on the host, whatever the command behind it said.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    executor::{Executor, Quiet},
    finding::{Finding, Status},
    host::{
        mounts,
        shadow::{self, PasswordState},
        sshd,
    },
    ngcp::services,
    plan::{CommandLine, Template},
    runner::{Saved, SavedFile, Seen, Was},
    secret::{Secret, Secrets, credentials},
};

/// Services that ran and do not now. What other claims noted are no services.
pub(super) fn lost(noted: &BTreeSet<String>, host: &dyn Executor) -> Vec<String> {
    let ran = noted.iter().filter(|name| services::is_known(name));
    let before: Vec<(String, Option<bool>)> = ran.map(|name| (name.clone(), Some(true))).collect();
    services::lost(&before, &services::look(host))
}

/// How many services ran.
pub(super) fn ran(noted: &BTreeSet<String>) -> usize {
    noted.iter().filter(|name| services::is_known(name)).count()
}

/// Others once it read its settings, for which it starts itself again: it is told by a signal, which nobody sees arrive.
pub(super) fn sockets(host: &dyn Executor) -> BTreeSet<String> {
    sshd::listeners(host).first().map(|server| server.sockets(host)).unwrap_or_default()
}

pub(super) fn mounted(target: &Path, option: &str, host: &dyn Executor) -> Result<Seen> {
    let mounts = mounts::mounts(host)?;
    match mounts::at(&mounts, target) {
        None => bail!("{} is not mounted", target.display()),
        Some(mount) if mount.has_option(option) => Ok(Seen::yes(format!("seen mounted with {option}"))),
        Some(mount) => {
            bail!("{} is mounted with {}, not {option}", target.display(), mount.options.join(","))
        }
    }
}

pub(super) fn web_password(
    command: &CommandLine,
    name: &str,
    secrets: &Secrets,
    host: &dyn Executor,
) -> Result<Seen> {
    let exit = host.run(&command.resolve(secrets)?, &mut Quiet);
    let exit = exit.with_context(|| format!("{} could not be run", command.program))?;
    ensure!(exit.ok(), "{}: {}", command.program, exit.reason());
    let word = given(name, secrets)?.expose_str();
    let fits = word.and_then(|word| credentials::panel_matches(exit.text().trim(), word));
    compared(fits, "", "the database")
}

pub(super) fn shadow_password(
    account: &str,
    name: &str,
    secrets: &Secrets,
    host: &dyn Executor,
) -> Result<Seen> {
    let PasswordState::Hash(hash) = shadow::state(host, account)? else {
        bail!("{account} has no password in {}", shadow::SHADOW);
    };
    compared(shadow::verify(&hash, given(name, secrets)?), &format!(" of {account}"), shadow::SHADOW)
}

fn given<'a>(name: &str, secrets: &'a Secrets) -> Result<&'a Secret> {
    secrets.get(name).with_context(|| format!("no password was given for {name}"))
}

/// What is said of a hash that the new password fits, or not, or that nobody here can check.
fn compared(fits: Option<bool>, whose: &str, place: &str) -> Result<Seen> {
    match fits {
        Some(true) => Ok(Seen::yes(format!("seen in {place}"))),
        Some(false) => bail!("the password{whose} in {place} is not the new one"),
        None => bail!("the password{whose} in {place} is of a kind that cannot be checked"),
    }
}

/// Whether a step found all well under a name. What cannot be told is said, and is no failure.
pub(super) fn well(found: &[Finding], name: &str) -> Result<Seen> {
    let tail = |id: &str| id.strip_prefix(name).is_some_and(|tail| tail.is_empty() || tail.starts_with('-'));
    let all: Vec<&Finding> = found.iter().filter(|finding| tail(&finding.id)).collect();
    let of = |status| all.iter().find(|finding| finding.status == status);
    let words = |finding: &Finding| format!("{}: {}", finding.title, finding.evidence);
    match (of(Status::Fail), of(Status::Unknown), of(Status::Pass)) {
        (Some(wrong), ..) => bail!("{}", words(wrong)),
        (None, Some(unknown), _) => Ok(Seen::in_part(words(unknown))),
        (None, None, Some(well)) => Ok(Seen::yes(well.title.clone())),
        (None, None, None) => Ok(Seen::in_part(format!("nothing was found under {name}"))),
    }
}

/// Whether the files that were made hold the new value in place of the old one.
pub(super) fn in_force(
    what: &str,
    holds: &Template,
    gone: &str,
    before: &Saved,
    secrets: &Secrets,
    host: &dyn Executor,
) -> Result<Seen> {
    // A run that goes on no longer knows a password that was set before it was cut off.
    let holds = holds.fill(secrets).ok();
    let has =
        |bytes: &[u8], word: &[u8]| !word.is_empty() && bytes.windows(word.len()).any(|part| part == word);
    let held = |file: &&SavedFile| file.was.bytes().is_some_and(|bytes| has(bytes, gone.as_bytes()));
    let mut found = None;
    for file in before.generated.iter().filter(held) {
        let path = file.path.display().to_string();
        let now = Was::read(host, &file.path)?;
        let bytes = now.bytes().unwrap_or_default();
        ensure!(
            !has(bytes, gone.as_bytes()),
            "{path} still holds what was to go: the new value is not in force"
        );
        ensure!(
            holds.as_ref().is_none_or(|holds| has(bytes, holds.expose())),
            "{path} does not hold the new value: it is not in force"
        );
        found = found.or(Some(path));
    }
    Ok(match found {
        Some(path) => Seen::yes(format!("{what} seen in {path}")),
        None => Seen::in_part(format!(
            "nobody knows whether the {what} is in force: no file made from a template held the old one"
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Severity, StepId};

    /// What cannot be told fails no apply and is never called well.
    #[test]
    fn a_step_finds_all_well_only_where_it_looked() {
        let found = |statuses: &[(&str, Status)]| {
            let finding = |(id, status): &(&str, Status)| Finding {
                id: (*id).to_owned(),
                step: StepId::new("firewall"),
                severity: Severity::High,
                status: *status,
                title: "title".to_owned(),
                evidence: "evidence".to_owned(),
                remedy: String::new(),
                handbook: String::new(),
                field: None,
            };
            well(&statuses.iter().map(finding).collect::<Vec<_>>(), "BLOCKED")
        };
        assert_eq!(
            found(&[("BLOCKED-sip", Status::Pass), ("BLOCKEDOTHER", Status::Fail)]).unwrap(),
            Seen::yes("title")
        );
        for statuses in [vec![("BLOCKED", Status::Pass), ("BLOCKED-rtp", Status::Unknown)], vec![]] {
            assert_ne!(found(&statuses).unwrap(), Seen::yes("title"));
        }
        assert!(found(&[("BLOCKED-sip", Status::Pass), ("BLOCKED-rtp", Status::Fail)]).is_err());
    }
}
