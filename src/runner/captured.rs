//! State that only a program can show, such as rows of a database: looked at before it is restored and afterwards,
//! as files are.

use anyhow::{Context, Result, bail, ensure};

use super::action;
use crate::{
    executor::{Executor, OUTPUT_LIMIT, Quiet},
    plan::{CommandLine, Left, Undo},
    secret::{Secret, Secrets, sha256},
};

/// What a capture prints now. A change may alter the login that the capture uses: then that of the restore is tried.
///
/// # Errors
/// When neither login can look.
pub(super) fn look(undo: &Undo, secrets: &Secrets, host: &dyn Executor) -> Result<Secret> {
    let Undo::Captured { capture, restore } = undo else { bail!("nothing of it is captured") };
    let seen = print(capture, secrets, host);
    match seen.is_err() && capture.program == restore.program {
        true => print(&with_login_of(capture, restore), secrets, host).or(seen),
        false => seen,
    }
}

/// The capture with the login of the restore.
pub(super) fn with_login_of(capture: &CommandLine, restore: &CommandLine) -> CommandLine {
    CommandLine { stdin: capture.stdin.clone(), ..restore.clone() }
}

fn print(capture: &CommandLine, secrets: &Secrets, host: &dyn Executor) -> Result<Secret> {
    let command = capture.resolve(secrets)?.reads_only();
    let exit = action::run(host, &command, &mut Quiet)?;
    ensure!(exit.ok(), "{}: {}", capture.program, exit.reason());
    ensure!(exit.stdout.len() < OUTPUT_LIMIT, "{} printed more than can be kept", capture.program);
    Ok(Secret::new(exit.stdout))
}

/// The same, in few bytes.
pub(super) fn sum(captured: &Secret) -> String {
    sha256(captured.expose())
}

/// Refuses to restore what somebody else changed since.
///
/// # Errors
/// When it is none of these, or cannot be seen.
pub(super) fn is_found(ours: &[Left], undo: &Undo, secrets: &Secrets, host: &dyn Executor) -> Result<()> {
    let now = look(undo, secrets, host).context("what is there now cannot be seen")?;
    ensure!(ours.contains(&Left::File(sum(&now))), "somebody else changed it since; it was left as it is");
    Ok(())
}

/// Restores what was captured, unless somebody else was there since, and looks whether it is there again. `ours`: what
/// the run may have left there, where that is known. `false` when it is so already.
///
/// # Errors
/// When it was left alone, or is not seen restored.
pub(super) fn put_back(
    undo: &Undo,
    was: &Secret,
    ours: Option<&[Left]>,
    secrets: &Secrets,
    host: &dyn Executor,
) -> Result<bool> {
    let Undo::Captured { restore, .. } = undo else { bail!("nothing of it was captured") };
    if look(undo, secrets, host).is_ok_and(|now| now == *was) {
        return Ok(false);
    }
    if let Some(ours) = ours {
        is_found(ours, undo, secrets, host)?;
    }
    let mut command = restore.resolve(secrets)?;
    command.stdin = Some(was.clone());
    // What it prints may be what was kept.
    let exit = action::run(host, &command, &mut Quiet)?;
    ensure!(exit.ok(), "{} could not put it back ({:?})", command.program, exit.status);
    is_restored(undo, was, secrets, host)?;
    Ok(true)
}

/// Looks whether what was captured is there again.
///
/// # Errors
/// When it is not, or cannot be seen.
pub(super) fn is_restored(undo: &Undo, was: &Secret, secrets: &Secrets, host: &dyn Executor) -> Result<()> {
    let now = look(undo, secrets, host).context("whether it is as before cannot be seen")?;
    ensure!(now == *was, "it is not as it was before, although the command succeeded");
    Ok(())
}
