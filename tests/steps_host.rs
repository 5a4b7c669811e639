//! The steps that look at the Debian host, on sample hosts and on hostile ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;
mod steps_host {
    mod certificate_lab;
    mod certificate_renewals;
    mod certificate_requests;
    mod certificates;
    mod firewall_answers;
    mod firewall_findings;
    mod firewall_host;
    mod firewall_plan;
    mod firewall_verbs;
    mod noatime;
    mod ssh;
    mod support_access;
    mod tuning;
    mod tuning_logs;
    mod unseen;
    mod vendor_keys;
}

use std::path::PathBuf;

use ngcp_warden::{
    executor::{Executor, simulated::Simulated},
    finding::{Finding, Status},
    plan::Plan,
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, RunOutcome},
    secret::Secrets,
    steps::{self, Answer, Findings, form::Kind},
};
use support::hosts;

fn inspect(step: &str, host: &dyn Executor) -> Findings {
    steps::find(step).unwrap().inspect(host).unwrap()
}

fn finding<'a>(findings: &'a Findings, id: &str) -> &'a Finding {
    findings.items.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("no {id}"))
}

fn status(findings: &Findings, id: &str) -> Option<Status> {
    findings.items.iter().find(|finding| finding.id == id).map(|finding| finding.status)
}

/// The plan for the form's defaults, changed by `answers`.
fn plan_with(step: &str, findings: &Findings, answers: &[(&str, &str)]) -> anyhow::Result<Plan> {
    let step = steps::find(step).unwrap();
    let form = step.form(findings).unwrap();
    let mut all = form.defaults();
    assert_eq!(form.check(&all), Ok(()));
    for (key, line) in answers {
        let line = (*line).to_owned();
        let unread = match form.field(key).map(|field| &field.kind) {
            None | Some(Kind::Choice { .. }) => Answer::Choice(line.clone()),
            Some(_) => Answer::Text(line.clone()),
        };
        let answer = form.field(key).and_then(|field| field.kind.read(&line).ok()).unwrap_or(unread);
        all.values.insert((*key).to_owned(), answer);
    }
    step.plan(findings, &all)
}

fn plan(step: &str, findings: &Findings, answers: &[(&str, &str)]) -> Plan {
    plan_with(step, findings, answers).unwrap()
}

/// What a run of the plan came to: how it ended, and what was said after each change.
struct Ran {
    outcome: RunOutcome,
    said: String,
}

fn run(host: &dyn Executor, plan: Plan) -> Ran {
    run_with(host, plan, &Control::default())
}

fn run_with(host: &dyn Executor, plan: Plan, control: &Control) -> Ran {
    let order = Order { run: "test".into(), plan, ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome = runner::run(&order, &Secrets::default(), host, &Ngcp, &mut journal, control);
    let said = journal.records.iter().filter_map(|record| match &record.event {
        Event::After { change, outcome, message, .. } => Some(format!("{change} {outcome:?}: {message}\n")),
        Event::Undone { change, outcome, message } => Some(format!("undo {change} {outcome:?}: {message}\n")),
        _ => None,
    });
    Ran { outcome: outcome.unwrap(), said: said.collect() }
}

#[test]
fn sample_hosts_have_their_modes_and_owners_back() {
    let files = hosts::load("mr3.8").files();
    let mode = |path: &str| files.metadata(path.as_ref()).map(|m| (m.mode, m.uid)).unwrap();
    assert_eq!(mode("/etc/shadow"), (0o640, 0));
    assert_eq!(mode("/etc/ngcp-config/constants.yml"), (0o600, 0));
    assert_eq!(mode("/var/sipwise/.ssh/authorized_keys"), (0o600, 1000));
    assert!(hosts::load("mr13.5").files().exists("/etc/mysql/sipwise_extra.cnf"));
}

/// Looking changes nothing, whatever it finds.
#[test]
fn inspecting_reads_only() {
    for name in ["mr3.8", "mr13.5"] {
        let host = hosts::load(name);
        let before = host.files();
        for step in ["noatime", "ssh", "support-access"] {
            inspect(step, &host);
        }
        assert_eq!(host.files().changed_since(&before), Vec::<PathBuf>::new());
    }
}

fn empty_host() -> Simulated {
    Simulated::new()
}
