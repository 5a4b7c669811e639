//! The command line: one file per subcommand with its arguments, what it needs, what it does and its exit code.
//! Here is what they share: which host is meant, and the one place that dispatches.

mod answers;
mod apply;
mod attach;
mod audit;
mod bundle;
mod certificates;
mod confirm;
mod exit;
mod firewall;
mod follow;
mod history;
mod input;
mod leave;
mod options;
mod output;
mod plan;
mod restore_on_silence;
mod restore_overdue;
mod revert;
mod run_plan;
mod show;
mod subcommand;
mod undo;
mod wizard;

use std::{ffi::OsString, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use self::{
    options::Global,
    output::complain,
    subcommand::{Access, Command, Demo, Target},
};
use crate::{
    effects::runs::Site,
    executor::{self, DryRun, Executor, System, World},
    steps,
};

/// Hardens a sip:provider CE host. Without a subcommand it starts the wizard.
#[derive(Debug, Parser)]
#[command(name = "ngcp-warden", version)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    wizard: wizard::Wizard,
    #[command(subcommand)]
    command: Option<Subcommands>,
}

/// Names and help; the arguments of each are in its file.
#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Look at the host, read only, and list findings
    Audit(audit::Audit),
    /// Print a commented answers file for this host, with today's findings as defaults
    Answers,
    /// Show what apply would do, with diffs
    Plan(plan::Plan),
    /// Do it, unattended
    Apply(apply::Apply),
    /// List the runs of this host
    History(history::History),
    /// Show what a run did and where each of its changes stands now
    Show(show::Show),
    /// Take a run back
    Undo(undo::Undo),
    /// Follow a run that goes on; the newest when not named
    Attach(attach::Attach),
    /// Leave a run that was cut off as it is
    Leave(leave::Leave),
    /// Keep a change that waits: from a login that was opened after it
    Confirm(confirm::Confirm),
    /// Take a change that waits back at once
    Revert(revert::Revert),
    /// Pack what somebody who helps needs to see, without secrets, into one file
    Bundle(bundle::Bundle),
    /// Bring a renewed certificate to the services, or print a request for one
    Certificates(certificates::Certificates),
    /// What the packet filter of this host does, asked and repaired
    Firewall(firewall::Firewall),
    /// The runner process
    #[command(hide = true, name = "run-plan")]
    RunPlan,
    /// The process that takes a change back on silence
    #[command(hide = true, name = "restore-on-silence")]
    RestoreOnSilence(restore_on_silence::RestoreOnSilence),
    /// At boot: takes back what nobody kept before the restart
    #[command(hide = true, name = "restore-overdue")]
    RestoreOverdue,
}

/// The whole program: arguments in, exit code out.
pub fn main(arguments: impl Iterator<Item = OsString>) -> u8 {
    if let Err(error) = executor::harden_process() {
        complain(&format!("ngcp-warden: this process could not be shielded: {error}"));
        return exit::FAILED;
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => return explain(&told),
    };
    dispatch(&cli).unwrap_or_else(|error| {
        complain(&format!("ngcp-warden: {error:#}"));
        exit::of(&error)
    })
}

/// Says what is wrong with the command line, or what was asked about it.
fn explain(told: &clap::Error) -> u8 {
    let text = told.render().to_string();
    if told.use_stderr() {
        complain(text.trim_end());
        return exit::USAGE;
    }
    output::print(&text).map_or(exit::FAILED, |()| exit::OK)
}

fn dispatch(cli: &Cli) -> Result<u8> {
    steps::read_known()?;
    let global = &cli.global;
    match &cli.command {
        None => on_host(&cli.wizard, global),
        Some(Subcommands::Audit(command)) => on_host(command, global),
        Some(Subcommands::Answers) => on_host(&answers::Answers, global),
        Some(Subcommands::Plan(command)) => on_host(command, global),
        Some(Subcommands::Apply(command)) => on_host(command, global),
        Some(Subcommands::History(command)) => on_host(command, global),
        Some(Subcommands::Show(command)) => on_host(command, global),
        Some(Subcommands::Undo(command)) => on_host(command, global),
        Some(Subcommands::Attach(command)) => on_host(command, global),
        Some(Subcommands::Leave(command)) => on_host(command, global),
        Some(Subcommands::Confirm(command)) => on_host(command, global),
        Some(Subcommands::Revert(command)) => on_host(command, global),
        Some(Subcommands::Bundle(command)) => on_host(command, global),
        Some(Subcommands::Certificates(command)) => on_host(command, global),
        Some(Subcommands::Firewall(command)) => on_host(command, global),
        // Processes of the runner open the host they are told of themselves.
        Some(Subcommands::RunPlan) => allowed(global, Demo::Refused).and_then(|()| run_plan::run()),
        Some(Subcommands::RestoreOnSilence(command)) => {
            allowed(global, Demo::Refused).and_then(|()| command.run())
        }
        Some(Subcommands::RestoreOverdue) => {
            allowed(global, Demo::Refused).and_then(|()| restore_overdue::run())
        }
    }
}

fn allowed(global: &Global, demo: Demo) -> Result<()> {
    ensure!(
        !global.demo || demo != Demo::Refused,
        "the demo keeps no runs between two commands, and those of this machine are not its own; look at runs in the wizard: ngcp-warden --demo"
    );
    ensure!(global.demo || executor::is_root(), exit::NeedsRoot);
    Ok(())
}

fn on_host(command: &impl Command, global: &Global) -> Result<u8> {
    let needs = command.needs();
    allowed(global, needs.demo)?;
    let looks = matches!(needs.access, Access::Looks);
    let (host, root): (Arc<dyn Executor>, _) = if global.demo {
        (Arc::new(crate::demo::host().realtime(needs.demo == Demo::Watched)), None)
    } else {
        let root = global.root.as_deref().unwrap_or(Path::new("/"));
        let system = System::below(root).with_context(|| format!("--root {}", root.display()))?;
        if !looks && let Err(error) = system.remove_left() {
            complain(&format!("What a killed run may have left in /run could not be removed: {error}"));
        }
        // A run is a process of its own, which works from another directory.
        let root = system.root().to_owned();
        (Arc::new(system), Some(root))
    };
    let host = if looks { Arc::new(DryRun::new(host)) } else { host };
    let site = root.map_or_else(|| Site::demo(Arc::clone(&host)), Site::Root);
    if matches!(needs.access, Access::Changes { settles: true }) && host.world() == World::Live {
        let _ = restore_overdue::restore();
    }
    command.run(&Target { host, site })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
