//! Starting and following a run, for the screen and for `apply` alike.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use anyhow::{Context, Result};

use crate::{
    executor::Executor,
    finding::{Finding, StepId},
    plan::Plan,
    runner::{self, Control, Look, Order, Record},
    secret::{Secrets, generate},
    steps,
};

/// Makes up the passwords that a plan asks for; they join the secrets and are returned to be shown once.
///
/// # Errors
/// When the kernel gives no random bytes.
pub fn make_up(plan: &Plan, secrets: &mut Secrets) -> Result<Secrets> {
    let mut generated = Secrets::default();
    for wanted in &plan.generated {
        let password = generate().context("no password could be made up")?;
        generated.insert(&wanted.secret, password.clone());
        secrets.insert(&wanted.secret, password);
    }
    Ok(generated)
}

/// The order for a run of this plan.
pub fn order(host: &dyn Executor, plan: Plan, findings: Vec<Finding>) -> Order {
    let run = host.now().strftime("%Y%m%d-%H%M%S").to_string();
    Order { run, plan, operator: operator(), findings, undoes: None }
}

/// Who sits there and where from: `root via sudo of anna, from 192.0.2.7`.
pub fn operator() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let clean = |text: String| text.chars().filter(char::is_ascii_graphic).take(64).collect::<String>();
    let who = match variable("SUDO_USER").map(clean) {
        Some(user) => format!("root via sudo of {user}"),
        None => "root".to_owned(),
    };
    match variable("SSH_CONNECTION").and_then(|c| c.split(' ').next().map(str::to_owned)).map(clean) {
        Some(address) => format!("{who}, from {address}"),
        None => format!("{who}, on the console"),
    }
}

/// The eyes of the steps, lent to the runner.
pub struct Eyes<'a>(pub &'a dyn Executor);

impl Look for Eyes<'_> {
    fn findings(&self, step: &StepId) -> Result<Vec<Finding>> {
        match steps::find(step.as_str()) {
            Some(step) => Ok(step.inspect(self.0)?.items),
            None => Ok(Vec::new()),
        }
    }
}

/// Runs a plan to its end; every record is told as it is written.
///
/// # Errors
/// When the journal cannot be written.
pub fn run(
    host: &Arc<dyn Executor>,
    order: &Order,
    secrets: &Secrets,
    control: &Control,
    tell: &mut dyn FnMut(Record),
) -> Result<()> {
    let (records, journal) = mpsc::channel();
    thread::scope(|scope| {
        let run = scope.spawn(|| {
            let mut journal = runner::ChannelJournal::new(records);
            runner::run(order, secrets, &**host, &Eyes(&**host), &mut journal, control)
        });
        for record in journal {
            tell(record);
        }
        run.join().unwrap_or_else(|_| anyhow::bail!("the runner panicked")).map(drop)
    })
}
