//! The whole way on the sample host of `--demo`: inspect, answer, plan, run, look again, and once more.
//! Every step fails there before and holds afterwards, and no password is found anywhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use ngcp_warden::{
    demo,
    executor::{Executor, simulated::Simulated},
    finding::{Finding, Status},
    plan::Plan,
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, RunOutcome},
    secret::{Secrets, generate},
    steps::{self, Answer, Answers, Findings, REGISTRY, form::Kind},
};

fn look(host: &Simulated) -> Vec<Findings> {
    REGISTRY.iter().map(|step| step.inspect(host).unwrap()).collect()
}

fn items(findings: &[Findings]) -> Vec<Finding> {
    findings.iter().flat_map(|findings| findings.items.clone()).collect()
}

fn failing(findings: &[Findings]) -> Vec<String> {
    items(findings)
        .into_iter()
        .filter(|finding| finding.status == Status::Fail)
        .map(|finding| finding.id)
        .collect()
}

/// Every question answered with its default; passwords that are asked for, or to be made up, join `secrets`.
fn answered(findings: &[Findings], secrets: &mut Secrets) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (step, findings) in REGISTRY.iter().zip(findings) {
        let form = step.form(findings).unwrap();
        let mut answers = form.defaults();
        // Left alone by default.
        for (key, value) in [("profile", "high"), ("forwarding", "off")] {
            answers
                .values
                .entry(key.to_owned())
                .and_modify(|answer| *answer = Answer::Choice(value.to_owned()));
        }
        let given = answers.clone();
        let asked: Vec<_> = form.asked(&given).collect();
        answers.values.retain(|key, _| asked.iter().any(|field| field.key == *key));
        for field in asked.iter().filter(|field| matches!(field.kind, Kind::Secret { .. })) {
            let name = format!("{}.{}", step.about().id, field.key);
            secrets.insert(&name, generate().unwrap());
            answers.secrets.insert(name);
        }
        plans.push(step.plan(findings, &answers).unwrap());
    }
    plans
}

fn run(host: &Simulated, plan: Plan, secrets: &Secrets) -> (RunOutcome, MemoryJournal) {
    let order = Order { run: "20260314-1".to_owned(), plan, operator: "root".to_owned(), ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome = runner::run(&order, secrets, host, &Ngcp, &mut journal, &Control::default()).unwrap();
    (outcome, journal)
}

#[test]
fn every_step_fails_before_and_holds_after_the_run() {
    let host = demo::host();
    let before = look(&host);
    for (step, findings) in REGISTRY.iter().zip(&before) {
        let failing = findings.items.iter().filter(|finding| finding.status == Status::Fail).count();
        assert!(failing > 0, "{} finds nothing to do", step.about().id);
    }
    let mut secrets = Secrets::default();
    let plans = answered(&before, &mut secrets);
    let mut plan = steps::assemble(&host, plans).unwrap();
    runner::guard::wait_for(&mut plan, None);
    for generated in &plan.generated {
        secrets.insert(&generated.secret, generate().unwrap());
    }
    let files_before = host.files();

    let (outcome, journal) = run(&host, plan.clone(), &secrets);
    let ends: Vec<_> =
        journal.records.iter().filter(|record| matches!(record.event, Event::After { .. })).collect();
    assert_eq!(outcome, RunOutcome::Done, "{ends:#?}");
    // Certificates and the values of the tuning are left alone by default.
    let failing = failing(&look(&host));
    let left = |id: &String| id.starts_with("CERT-") || id == "TUNING-LB-PKG-MEM";
    assert!(failing.iter().all(left), "{failing:?}");

    // A second time there is nothing to do.
    let again = steps::assemble(&host, answered(&look(&host), &mut Secrets::default())).unwrap();
    assert!(again.is_empty(), "{again:#?}");

    // No password in what is kept, shown or run (S01).
    let mut written = serde_json::to_string(&plan).unwrap() + &format!("{plan:?}{secrets:?}");
    for record in &journal.records {
        written += &serde_json::to_string(record).unwrap();
        written += &format!("{record:?}");
    }
    written += &host.commands().join("\n");
    for path in host.files().changed_since(&files_before) {
        written += &String::from_utf8_lossy(&host.read(&path).unwrap_or_default());
    }
    assert!(secrets.names().count() >= 3, "{secrets:?}");
    for (name, secret) in secrets.iter() {
        assert!(!written.contains(secret.expose_str().unwrap()), "{name} is written somewhere");
    }
}

/// PLATFORM.md 3.2: `ngcpcfg apply` exits 0 although a service did not restart. The low profile shows it to a newcomer.
#[test]
fn the_low_profile_ends_with_a_warning_that_names_the_service() {
    let host = demo::host();
    let findings = steps::find("performance").unwrap().inspect(&host).unwrap();
    let answers = Answers {
        values: [("profile".to_owned(), Answer::Choice("low".to_owned()))].into(),
        ..Answers::default()
    };
    let plan = steps::find("performance").unwrap().plan(&findings, &answers).unwrap();
    let plan = steps::assemble(&host, [plan]).unwrap();
    let (outcome, journal) = run(&host, plan, &Secrets::default());
    assert_eq!(outcome, RunOutcome::Warning);
    let told = format!("{:?}", journal.records);
    assert!(told.contains("these did not restart well") && told.contains("kamailio/proxy"), "{told}");
}

/// Values as proposed: what fails holds, the services are seen to run with them, and a second time nothing is left.
#[test]
fn the_values_of_the_tuning_are_seen_in_the_services() {
    let host = demo::host();
    let tuning = steps::find("tuning").unwrap();
    let failing = |host: &Simulated| {
        let found = tuning.inspect(host).unwrap();
        let failing = found.items.iter().filter(|finding| finding.status == Status::Fail);
        failing.map(|finding| finding.id.clone()).collect::<Vec<_>>()
    };
    let before = ["TUNING-BUFFER-POOL-HIT-RATE", "TUNING-BUFFER-POOL-SIZE", "TUNING-LB-PKG-MEM"];
    assert_eq!(failing(&host), before);
    let plan = |host: &Simulated| {
        let found = tuning.inspect(host).unwrap();
        let form = tuning.form(&found).unwrap();
        let mut answers = form.defaults();
        answers.values.insert("values".to_owned(), Answer::Choice("proposed".to_owned()));
        steps::assemble(host, vec![tuning.plan(&found, &answers).unwrap()]).unwrap()
    };
    let (outcome, journal) = run(&host, plan(&host), &Secrets::default());
    assert_eq!(outcome, RunOutcome::Done, "{:#?}", journal.records);
    assert_eq!(failing(&host), [""; 0]);
    let found = tuning.inspect(&host).unwrap().items;
    let pool = found.iter().find(|finding| finding.id == "TUNING-IN-FORCE-BUFFER-POOL-SIZE").unwrap();
    assert_eq!(pool.status, Status::Pass, "{pool:?}");
    assert!(plan(&host).is_empty());
}
