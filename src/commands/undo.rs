//! `undo`: takes a run back, as a run of its own.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use super::{
    exit, follow, input,
    options::{Confirming, Format},
    output::{complain, result},
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    effects::runs,
    runner::{self, Control, Runs, State, undo},
    steps, terminal,
    unattended::{Applied, plan_text},
};

#[derive(Debug, Args)]
pub(super) struct Undo {
    /// The run; the newest when not named
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Only show what would be done
    #[arg(long)]
    check: bool,
    /// Overwrite what somebody else changed since
    #[arg(long)]
    overwrite: bool,
    /// Changes that could cut the operator off
    #[command(flatten)]
    confirming: Confirming,
    /// Where passwords come from: a file of mode 0600, or - for standard input
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Command for Undo {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: true }, demo: Demo::Refused }
    }

    fn run(&self, Target { host, site }: &Target) -> Result<u8> {
        let root = site.root()?;
        if let Some(held) = runner::Lock::held(root)? {
            return Err(held.into());
        }
        let runs = site.runs()?;
        let run = match &self.run {
            Some(run) => runs.find(Some(run))?,
            None => match in_force(&runs)? {
                Some(run) => run,
                None => {
                    complain("Nothing was changed.");
                    return Ok(exit::FAILED);
                }
            },
        };
        follow::wait(&runs, &run)?;
        let mut plan = undo::plan(&runs, &run, &**host)?;
        complain(&plan_text(&plan.plan));
        for (title, why) in &plan.impossible {
            complain(&format!("Cannot be taken back: {title}: {why}"));
        }
        if !plan.foreign.is_empty() {
            complain("Somebody changed these since; taking the run back would overwrite that:");
            for foreign in &plan.foreign {
                complain(&format!("{}\n{}", foreign.what, foreign.diff));
            }
            if !self.overwrite && !self.check {
                complain("Nothing was changed. To overwrite: undo --overwrite.");
                return Ok(exit::FAILED);
            }
        }
        if self.check || plan.plan.is_empty() {
            let applied =
                if plan.plan.is_empty() { Applied::unchanged() } else { Applied::check(&plan.plan) };
            // Of a run that was cut off before its first change nothing is left but its record.
            if !self.check && runs.state(&run)? == State::CutOff {
                runner::process::leave(root, &run, &**host)?;
            }
            result(self.format, || applied.text(), &applied)?;
            return Ok(exit::OK);
        }
        for (name, secret) in input::secrets_file(self.secrets.as_deref())?.iter() {
            plan.secrets.insert(name, secret.clone());
        }
        let missing: Vec<_> =
            plan.needs.iter().filter(|name| plan.secrets.get(name).is_none()).cloned().collect();
        ensure!(
            missing.is_empty(),
            "secrets: {} needed to take it back; passwords are never stored",
            missing.join(", ")
        );
        if self.overwrite {
            plan = plan.forced();
        }
        let findings = steps::look_all(&**host, steps::REGISTRY);
        self.confirming.tell(&mut plan.plan);
        let mut order = runs::order(&**host, plan.plan, findings);
        order.undoes = Some(run);
        follow::to_the_end(site.start(order, plan.secrets, false, &Control::default())?, self.format)
    }
}

/// The run that an undo without a name means. Where that would take an undo back, somebody is asked; `None` is their no.
fn in_force(runs: &Runs) -> Result<Option<String>> {
    let error = match undo::in_force(runs) {
        Ok(run) => return Ok(Some(run)),
        Err(error) => error,
    };
    let Some(undo::TakenBack { run, by }) = error.downcast_ref() else { return Err(error) };
    let question = format!(
        "Run {run} was taken back already, by run {by}. To undo run {by} makes the changes of run {run} again.\n\
         Undo run {by}?"
    );
    match terminal::ask(&question)? {
        None => Err(error),
        Some(yes) => Ok(yes.then(|| by.clone())),
    }
}
