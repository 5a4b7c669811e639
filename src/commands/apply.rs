//! `apply`: answers in, one run, one result out. Also goes on with a run that was cut off.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{
    exit, follow, input,
    options::{Confirming, Format},
    output::{complain, show_once},
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    effects::{
        past,
        runs::{self, Site},
    },
    executor::{Attributes, Executor, FileChange, FileTo, System},
    runner::{self, Control, Runs, State},
    secret::{Secrets, listed},
    terminal,
    unattended::{self, Applied, UncommittedChanges, Verdict},
};

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The answers file
    #[arg(long, value_name = "FILE", required_unless_present = "continue_run")]
    answers: Option<PathBuf>,
    /// Go on with the run that was cut off
    #[arg(long = "continue", conflicts_with_all = ["answers", "check"])]
    continue_run: bool,
    /// Only say what would be changed
    #[arg(long)]
    check: bool,
    /// Changes that could cut the operator off
    #[command(flatten)]
    confirming: Confirming,
    /// Where passwords come from: a file of mode 0600, or - for standard input
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Where to store generated passwords and keys: a new file of mode 0600. Without it they are shown once, on a terminal
    #[arg(long, value_name = "FILE")]
    save_generated: Option<PathBuf>,
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Command for Apply {
    fn needs(&self) -> Needs {
        let access = if self.check { Access::Looks } else { Access::Changes { settles: true } };
        let demo = if self.continue_run { Demo::Refused } else { Demo::Works };
        Needs { access, demo }
    }

    fn run(&self, Target { host, site }: &Target) -> Result<u8> {
        terminal::end_on_signals(exit::INTERRUPTED)?;
        if let Site::Root(root) = site {
            let runs = Runs::look(root)?;
            if let Some(held) = runner::Lock::held(root)? {
                return Err(held.into());
            }
            match runs.newest(State::CutOff) {
                Some(run) if self.continue_run => return self.go_on(&**host, site, &runs, &run),
                Some(run) if !self.check => {
                    complain(&format!(
                        "Run {run} was cut off before its end. Where each of its changes stands:"
                    ));
                    complain(&follow::standing(&runner::assess(&runs, &run, &**host)?));
                    complain("Go on with it: apply --continue. Take it back: undo. Leave it so: leave.");
                    return Ok(exit::FAILED);
                }
                _ => ensure!(!self.continue_run, "no run was cut off; there is nothing to continue"),
            }
        }
        let path = self.answers.as_deref().context("--answers FILE is missing")?;
        let file = input::answers_file(path)?;
        let mut secrets = input::secrets_file(self.secrets.as_deref())?;
        let prepared = unattended::prepare(&**host, &file, &secrets)?;
        if prepared.plan.is_empty() || self.check {
            follow::remind(prepared.plan.to_remember());
        }
        if prepared.plan.is_empty() {
            let outcome = if prepared.plan.partial { Verdict::Warning } else { Verdict::Unchanged };
            return follow::say(&Applied { outcome, ..Applied::unchanged() }, self.format);
        }
        if self.check {
            return follow::say(&Applied::check(&prepared.plan), self.format);
        }
        if let Some(foreign) = &prepared.plan.foreign {
            ensure!(
                file.uncommitted == UncommittedChanges::Include,
                "somebody left changes in /etc/ngcp-config uncommitted ({}); commit them, or answer 'apply.uncommitted: include'",
                foreign.files.join(", ")
            );
        }
        let mut plan = prepared.plan;
        self.confirming.tell(&mut plan);
        let generated = runs::make_up(&**host, &plan, &mut secrets)?;
        let order = runs::order(&**host, plan, prepared.findings);
        // Before the first change: whatever becomes of this process, nobody is left without a password that was set.
        hand_over(&generated, self.save_generated.as_deref())?;
        let started = site.start(order, secrets, false, &Control::default());
        if started.is_err() && !generated.is_empty() {
            complain("The run did not start: what was made up was not set, nothing was changed.");
        }
        follow::to_the_end(started?, self.format)
    }
}

impl Apply {
    /// Goes on with a run that was cut off.
    fn go_on(&self, host: &dyn Executor, site: &Site, runs: &Runs, run: &str) -> Result<u8> {
        let known = input::secrets_file(self.secrets.as_deref())?;
        follow::wait(runs, run)?;
        let (mut order, secrets, generated) = past::continuation(runs, run, host, known)?;
        self.confirming.tell(&mut order.plan);
        hand_over(&generated, self.save_generated.as_deref())?;
        follow::to_the_end(site.start(order, secrets, true, &Control::default())?, self.format)
    }
}

/// What was made up goes into the new file that was asked for, else to the terminal, once. Nothing starts before it
/// is there: what nobody has must not be set.
fn hand_over(generated: &Secrets, file: Option<&Path>) -> Result<()> {
    let content = listed(generated.iter());
    match file {
        _ if content.is_empty() => Ok(()),
        Some(path) => {
            let (live, path) = (System::live()?, std::path::absolute(path)?);
            let free = live.metadata(&path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
            ensure!(
                free,
                "{} is there already; --save-generated takes the name of a new file",
                path.display()
            );
            let attributes = Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None };
            let to = FileTo::File { content, attributes };
            live.change(&FileChange { path, to }).context("what was made up could not be stored")
        }
        None => show_once(&content),
    }
}
