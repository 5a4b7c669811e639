//! One operator's session: carries out the effects of the wizard on a host and answers with messages.
//! Called from threads of the front end, several at a time; it may block.

mod files;
mod history;
mod host_card;
mod key_pair;
pub mod past;
mod private_key;
pub mod runs;
mod signed;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

pub use self::files::write_bundle;
use self::runs::{Following, Site};

use crate::{
    executor::Executor,
    plan::Plan,
    runner::{Control, Order, Runs, process},
    secret::{Secret, Secrets},
    steps::{self, REGISTRY},
    unattended,
    wizard::{Effect, Failure, Message, effect::Answered},
};

/// Carries effects out on one host.
pub struct HostEffects {
    host: Arc<dyn Executor>,
    site: Site,
    /// Of the run that goes on in this process.
    control: Mutex<Control>,
}

impl HostEffects {
    /// A session on this host.
    pub fn new(host: Arc<dyn Executor>, site: Site) -> Self {
        HostEffects { host, site, control: Mutex::default() }
    }

    /// Does what `effect` asks for and tells the messages that answer it. `Redraw`, `Suspend` and `Quit` are the
    /// screen's own. Returns when a run has ended.
    pub fn carry_out(&self, effect: Effect, tell: &mut dyn FnMut(Message)) {
        let host = &*self.host;
        match effect {
            Effect::LookAtHost => {
                host_card::look(host, &self.site, &mut |card| tell(Message::HostSeen(Box::new(card))));
            }
            Effect::Inspect(step) => {
                let Some(found) = steps::find(step.as_str()) else { return };
                let result = found.inspect(host).map(Arc::new).map_err(|error| Failure::from(&error));
                tell(Message::Inspected { step, result });
            }
            Effect::LoadAnswers => {
                if let Some(draft) = files::load_draft(host) {
                    tell(Message::Loaded(draft));
                }
            }
            Effect::SaveAnswers(draft) => {
                tell(Message::Saved(files::save_draft(host, &draft).map_err(|error| Failure::from(&error))));
            }
            Effect::MakePlan { ticket, steps, secrets } => {
                let result = make_plan(host, &steps, &secrets).map(Arc::new);
                tell(Message::Planned { ticket, result });
            }
            Effect::MakeUp(start) => tell(match self.make_up(*start) {
                Ok((start, shown)) => Message::MadeUp { start: Box::new(start), shown },
                Err(error) => Message::RunRefused(Failure::from(&error)),
            }),
            Effect::StartRun { plan, secrets } => {
                let findings = steps::look_all(host, REGISTRY);
                let order = runs::order(host, Arc::unwrap_or_clone(plan), findings);
                self.launch(Ok((order, secrets)), false, tell);
            }
            Effect::StopRun(run) => {
                self.control().stop();
                told(self.site.stop(&run), tell);
            }
            Effect::LookAtRuns => {
                let runs = self.site.runs();
                let untrusted = runs.as_ref().map_or_else(|_| Vec::new(), Runs::untrusted);
                let seen = runs.map(|runs| history::runs(&runs));
                tell(Message::RunsSeen(seen.map_err(|error| Failure::from(&error))));
                if let Some((_, why)) = untrusted.first() {
                    let more = untrusted.len() - 1;
                    let rest = format!("; and {more} more, see ngcp-warden history");
                    tell(Message::Notice(format!("{why}{}", if more > 0 { &rest } else { "" })));
                }
            }
            Effect::WriteReport => tell(written(files::write_report(host))),
            Effect::WriteBundle(run) => tell(written(self.bundle(run.as_deref()))),
            Effect::WriteView { name, text } => tell(written(files::write(host, &name, &text))),
            Effect::WritePasswords(passwords) => {
                let stored = files::write_passwords(host, &passwords);
                tell(Message::PasswordsStored(stored.map_err(|error| Failure::from(&error))));
            }
            Effect::Attach(run) => match self.site.follow(&run) {
                Ok(following) => follow(following, tell),
                Err(error) => tell(Message::RunRefused(Failure::from(&error))),
            },
            Effect::PlanUndo { ticket, run } => {
                let runs = self.site.runs();
                let before = runs.as_ref().map_or_else(|_| Vec::new(), |runs| history::before(runs, &run));
                let plan = runs.and_then(|runs| past::undo_plan(&runs, &run, host));
                let result = plan.map(Arc::new).map_err(|error| Failure::from(&error));
                tell(Message::UndoPlanned { ticket, result, before });
            }
            Effect::StartUndo { run, plan, overwrite } => {
                let order =
                    self.site.runs().and_then(|runs| past::undo_order(&runs, &run, &plan, overwrite, host));
                self.launch(order, false, tell);
            }
            Effect::ContinueRun { run, secrets } => {
                let order = self.continuation(&run, secrets).map(|(order, secrets, _)| (order, secrets));
                self.launch(order, true, tell);
            }
            Effect::LeaveRun(run) => {
                let left = self.site.root().and_then(|root| process::leave(root, &run, host));
                let words = match left {
                    Ok(()) => format!("Run {run} is left as it is."),
                    Err(error) => format!("Run {run} could not be left: {error:#}"),
                };
                tell(Message::Notice(words));
                host_card::look(host, &self.site, &mut |card| tell(Message::HostSeen(Box::new(card))));
            }
            Effect::Keep(run) => told(self.site.keep(&run, &self.control()), tell),
            Effect::Revert(run) => told(self.site.revert(&run, &self.control()), tell),
            Effect::Redraw | Effect::Suspend | Effect::Quit { .. } => {}
        }
    }

    /// Runs of the demo are gone with it, and so would the file be.
    fn bundle(&self, run: Option<&str>) -> Result<String> {
        self.site.root()?;
        let bundle = unattended::bundle(&self.host, &self.site.runs()?, run, &mut |_, _| {})?;
        write_bundle(&*self.host, bundle)
    }

    fn control(&self) -> Control {
        self.control.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same start with all its secrets, and those that were made up, with their labels.
    fn make_up(&self, start: Effect) -> Result<(Effect, Vec<(String, Secret)>)> {
        let labelled = |plan: &Plan, made: &Secrets| {
            let wanted = plan.generated.iter();
            wanted.filter_map(|one| Some((one.label.clone(), made.get(&one.secret)?.clone()))).collect()
        };
        Ok(match start {
            Effect::StartRun { plan, mut secrets } => {
                let shown = labelled(&plan, &runs::make_up(&*self.host, &plan, &mut secrets)?);
                (Effect::StartRun { plan, secrets }, shown)
            }
            Effect::ContinueRun { run, secrets } => {
                let (order, secrets, made) = self.continuation(&run, secrets)?;
                (Effect::ContinueRun { run, secrets }, labelled(&order.plan, &made))
            }
            other => (other, Vec::new()),
        })
    }

    fn continuation(&self, run: &str, secrets: Secrets) -> Result<(Order, Secrets, Secrets)> {
        past::continuation(&self.site.runs()?, run, &*self.host, secrets)
    }

    /// Starts a run, or goes on with it, and follows it; says why it was not started.
    fn launch(&self, order: Result<(Order, Secrets)>, resume: bool, tell: &mut dyn FnMut(Message)) {
        let control = Control::default();
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = control.clone();
        let started = order.and_then(|(order, secrets)| self.site.start(order, secrets, resume, &control));
        match started {
            Ok(following) => follow(following, tell),
            Err(error) => tell(Message::RunRefused(Failure::from(&error))),
        }
    }
}

fn follow(following: Following, tell: &mut dyn FnMut(Message)) {
    tell(Message::RunStarted(following.run.clone()));
    if let Err(error) = following.tell(&mut |record| tell(Message::Run(Box::new(record)))) {
        tell(Message::Notice(format!("The run cannot be followed: {error:#}")));
    }
    tell(Message::RunEnded);
}

fn told(result: Result<()>, tell: &mut dyn FnMut(Message)) {
    if let Err(error) = result {
        tell(Message::Notice(format!("{error:#}")));
    }
}

fn written(result: Result<String>) -> Message {
    Message::Written(result.map_err(|error| Failure::from(&error)))
}

/// The one plan of these steps; else why not, and which step's answers are to blame.
fn make_plan(host: &dyn Executor, answered: &[Answered], secrets: &Secrets) -> Result<Plan, Failure> {
    let plan = |one: &Answered| {
        let step = steps::find(one.step.as_str()).context("there is no such step")?;
        steps::plan(host, step, &one.findings, &one.answers, secrets)
    };
    let plans = answered.iter().map(|one| {
        plan(one).map_err(|error| Failure { step: Some(one.step.clone()), ..Failure::from(&error) })
    });
    let plans = plans.collect::<Result<Vec<Plan>, Failure>>()?;
    steps::assemble(host, plans).map_err(|error| Failure::from(&error))
}
