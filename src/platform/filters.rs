//! What the claims about packet filters are judged by: the listing of the program itself, after the change.

use anyhow::{Context, Result, bail, ensure};

use crate::{
    executor::{Executor, Exit, Quiet, Status},
    host::packet_filter::{Filters, listing},
    plan::CommandLine,
    runner::Seen,
    secret::Secrets,
};

/// Whether nobody changed a filter since this sum was made.
pub(super) fn unchanged(sum: &str, host: &dyn Executor) -> Result<Seen> {
    let filters = Filters::read(host);
    match filters.sum() {
        Some(now) if now == sum => Ok(Seen::yes("the packet filters are as they were looked at")),
        Some(_) => {
            bail!("the packet filters were changed since they were looked at; look again and plan anew")
        }
        None => bail!(
            "whether the packet filters were changed since they were looked at cannot be seen: {}",
            filters.unseen.join("; ")
        ),
    }
}

/// What programs say of a table or chain that is not there.
const NOT_THERE: [&str; 4] = ["No such file", "No chain", "does not exist", "is incompatible"];

/// Whether the program lists these rules and no others; where there are to be none, whether it knows of no such place.
pub(super) fn listed(command: &CommandLine, rules: &str, host: &dyn Executor) -> Result<Seen> {
    let exit = run(command, host).with_context(|| format!("{} could not be run", command.program))?;
    let gone = !exit.ok() && NOT_THERE.iter().any(|words| exit.error_text().contains(words));
    if rules.is_empty() && gone {
        return Ok(Seen::yes(format!("{} knows of it no more", command.program)));
    }
    ensure!(exit.ok(), "{}: {}", command.program, exit.reason());
    match listing::difference(&exit.text(), rules) {
        None => Ok(Seen::yes(format!("seen loaded by {}", command.program))),
        Some(first) => bail!("{} lists other rules than were given to it: {first}", command.program),
    }
}

/// The same, where it can be told: rules that are not there at all are none.
pub(super) fn lists(command: &CommandLine, rules: &str, host: &dyn Executor) -> Option<bool> {
    if rules.is_empty() {
        return Some(listed(command, rules, host).is_ok());
    }
    let exit = run(command, host).ok()?;
    match exit.status {
        Status::Code(0) => Some(listing::difference(&exit.text(), rules).is_none()),
        Status::Code(_) => Some(false),
        _ => None,
    }
}

/// Whether the program prints this line.
pub(super) fn printed(command: &CommandLine, line: &str, host: &dyn Executor) -> Result<Seen> {
    match prints(command, line, host) {
        Some(true) => Ok(Seen::yes(format!("seen by {}", command.program))),
        Some(false) => bail!("{command} does not name it: {line}"),
        None => bail!("{command} could not be asked"),
    }
}

/// The same, where it can be told.
pub(super) fn prints(command: &CommandLine, line: &str, host: &dyn Executor) -> Option<bool> {
    let exit = run(command, host).ok()?;
    match exit.status {
        Status::Code(code) => Some(code == 0 && exit.text().lines().any(|printed| printed.trim() == line)),
        _ => None,
    }
}

fn run(command: &CommandLine, host: &dyn Executor) -> Result<Exit> {
    Ok(host.run(&command.resolve(&Secrets::default())?.reads_only(), &mut Quiet)?)
}
