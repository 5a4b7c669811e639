//! `certificates`: brings a renewed certificate to the services that use it, and prints requests that wait for an answer.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::{
    exit, follow,
    options::Format,
    output::{complain, print},
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    effects::runs::{self, Site},
    executor::{self, Executor, Quiet},
    finding::one_line,
    runner::{self, Control, LockHeld, Runs, State},
    secret::Secrets,
    steps::{self, OpenRequest, REGISTRY, open_requests, renewed_answers},
    terminal,
};

#[derive(Debug, Args)]
pub(super) struct Certificates {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Bring a renewed certificate of certbot or acme.sh to the services that use it, as `apply` does
    Deploy {
        /// Its folder, such as /etc/letsencrypt/live/sip.example.net, or its name there
        lineage: PathBuf,
    },
    /// Print a certificate request that waits for its answer
    Request {
        /// What it is for: web, sip, or a single web place
        group: Option<String>,
    },
}

/// Another run is waited for: so often, and so many seconds each time.
const TRIES: usize = 3;
const PATIENCE: u32 = 15 * 60;

impl Command for Certificates {
    fn needs(&self) -> Needs {
        let access = match self.what {
            What::Deploy { .. } => Access::Changes { settles: true },
            What::Request { .. } => Access::Looks,
        };
        Needs { access, demo: Demo::Works }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        match &self.what {
            What::Request { group } => request(&*target.host, group.as_deref()),
            What::Deploy { lineage } => {
                terminal::end_on_signals(exit::INTERRUPTED)?;
                let name = lineage.display();
                match deploy(target, lineage) {
                    Ok(exit::OK) => Ok(exit::OK),
                    Ok(code) => {
                        let words = format!(
                            "the renewal of {name} was not brought to the services; 'ngcp-warden show' tells why"
                        );
                        tell(&*target.host, &words);
                        Ok(code)
                    }
                    Err(error) => {
                        tell(&*target.host, &format!("the renewal of {name} changes nothing: {error:#}"));
                        Ok(exit::FAILED)
                    }
                }
            }
        }
    }
}

/// Whoever renews has no terminal: what went wrong is told to syslog as well.
fn tell(host: &dyn Executor, words: &str) {
    let words = one_line(words);
    complain(&format!("ngcp-warden: {words}"));
    let logger = executor::Command::new("logger", ["-t", "ngcp-warden", "-p", "daemon.err", "--", &words]);
    match host.run(&logger, &mut Quiet) {
        Ok(exit) if exit.ok() => {}
        Ok(exit) => complain(&format!("That could not be told to syslog: {}", exit.reason())),
        Err(error) => complain(&format!("That could not be told to syslog: {error}")),
    }
}

/// The renewal may come in the middle of another run, and another run may begin before this one.
fn deploy(target: &Target, lineage: &Path) -> Result<u8> {
    for left in (0..TRIES).rev() {
        if let Site::Root(root) = &target.site {
            runner::Lock::wait(root, PATIENCE, &|held| complain(&format!("Waiting: {held}")))?;
        }
        match attempt(target, lineage) {
            Err(error) if left > 0 && error.is::<LockHeld>() => {}
            result => return result,
        }
    }
    bail!("other runs go on all the time")
}

fn attempt(Target { host, site }: &Target, lineage: &Path) -> Result<u8> {
    let host = &**host;
    if let Site::Root(root) = site
        && let Some(run) = Runs::look(root)?.newest(State::CutOff)
    {
        bail!(
            "run {run} was cut off before its end and must be settled first: 'ngcp-warden apply --continue', 'undo' or 'leave'"
        );
    }
    let step = steps::find("certificates").context("there is no such step")?;
    let found = step.inspect(host)?;
    let answers = renewed_answers(host, &found, lineage)?;
    if answers.values.is_empty() {
        complain(&format!("No service uses a certificate from {}: nothing to do.", lineage.display()));
        return Ok(exit::OK);
    }
    let mut secrets = Secrets::default();
    let planned = steps::plan(host, step, &found, &answers, &secrets)?;
    if planned.is_empty() {
        complain(&format!("Every service has what is in {} already: nothing to do.", lineage.display()));
        return Ok(exit::OK);
    }
    let plan = steps::assemble(host, [planned])?;
    if let Some(foreign) = &plan.foreign {
        bail!(
            "somebody left changes in /etc/ngcp-config uncommitted ({}); commit them, then run this again",
            foreign.files.join(", ")
        );
    }
    runs::make_up(host, &plan, &mut secrets)?;
    let order = runs::order(host, plan, steps::look_all(host, REGISTRY));
    follow::to_the_end(site.start(order, secrets, false, &Control::default())?, Format::Text)
}

fn request(host: &dyn Executor, group: Option<&str>) -> Result<u8> {
    let all = open_requests(host);
    let mine: Vec<&OpenRequest> =
        all.iter().filter(|open| group.is_none_or(|group| open.target == group)).collect();
    match mine.as_slice() {
        [] => bail!("no certificate request waits for an answer"),
        [open] => {
            complain(&format!("{}: {}", open.target, open.words));
            print(&open.pem)?;
            Ok(exit::OK)
        }
        several => {
            let list: String =
                several.iter().map(|open| format!("\n  {:<8} {}", open.target, open.words)).collect();
            bail!("say which one is meant:{list}")
        }
    }
}
