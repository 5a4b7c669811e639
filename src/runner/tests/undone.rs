//! Rows that a run changed more than once, an undo of an undo, and what is told of what was taken back.

use super::{
    between::{carry_out, kinds, plain, ran, rows, state, undone},
    *,
};
use crate::{
    executor::Command,
    plan::{Claim, Guard},
    platform::Ngcp,
    runner::{guard, undo},
    unattended::Applied,
};

fn input(command: &Command) -> String {
    command.stdin.as_ref().and_then(|input| input.expose_str()).unwrap_or_default().to_owned()
}

/// Loads these rows.
fn load(id: &str, rows: &str) -> Change {
    let (mut line, dump) = (plain("load", &[]), plain("dump", &[]));
    line.stdin = Some(Template::text(rows));
    let undo = Undo::Captured { capture: dump, restore: plain("load", &[]) };
    change("a", id, Action::Run(line), undo)
}

/// An apply that was cut off between its two commits leaves services with what an apply of before tells nobody of.
#[test]
fn an_undo_helps_services_that_its_apply_did_not_bring_to_where_they_were() {
    for (undoes, outcome, service) in
        [(Some("1".to_owned()), RunOutcome::Done, "up"), (None, RunOutcome::Failed, "up")]
    {
        let host = host().file("/run/systemd/system/x", "").file("/run/kamailio", "up");
        let host = host
            .on("systemctl", |files: &mut Files, command: &Command| {
                if command.args[0] == "start" {
                    files.write("/run/kamailio", "up");
                    return String::new();
                }
                let up = files.text("/run/kamailio") == "up";
                format!("kamailio-lb.service loaded {} x\n", if up { "active" } else { "failed" })
            })
            .on("ngcpcfg", |files: &mut Files, _: &Command| {
                files.write("/run/kamailio", "down");
                "OK\n"
            });
        let apply = apply().proven([Proof::Claim(Claim::Services)]);
        let plan = Plan { changes: vec![apply], ..Plan::default() };
        let order = Order { plan, undoes, ..Order::default() };
        let (none, control) = (Secrets::default(), Control::default());
        let mut journal = MemoryJournal::default();
        let ended = run(&order, &none, &host, &Ngcp, &mut journal, &control).unwrap();
        assert_eq!((ended, host.files().text("/run/kamailio").as_str()), (outcome, service));
    }
}

#[test]
fn rows_changed_twice_go_back_at_once_from_every_state_that_the_run_left_them_in() {
    for left in ["two", "one"] {
        let host = rows();
        let before = state(&host);
        let (_place, runs, run) = ran(&host, vec![load("first", "one"), load("second", "two")]);
        // An earlier try to take it back may have come half the way.
        host.edit(|files| files.write("/db", left));
        let undo = undo::plan(&runs, &run, &host).unwrap();
        assert_eq!((undo.foreign.as_slice(), undo.plan.changes.len()), (&[][..], 1), "{left}");
        let (outcome, report) = undone(&host, &runs, &run, undo);
        assert_eq!((outcome, state(&host)), (RunOutcome::Done, before), "{left}: {}", report.text());
    }
    let host = rows();
    let (_place, runs, run) = ran(&host, vec![load("first", "one"), load("second", "two")]);
    host.edit(|files| files.write("/db", "theirs"));
    assert_eq!(undo::plan(&runs, &run, &host).unwrap().foreign.len(), 1);
}

#[test]
fn a_step_takes_rows_back_from_what_its_own_later_change_left() {
    let host = rows().on("load", |files: &mut Files, command: &Command| {
        let new = input(command);
        if files.text("/db") == "two" && new == "one" {
            return Answer::code(1);
        }
        files.write("/db", new);
        "loaded\n".into()
    });
    let bad = command("a", "bad", "bad", Undo::Nothing);
    let ran = go(&host, vec![load("first", "one"), load("second", "two"), bad]);
    assert_eq!((ran.outcome, host.files().text("/db").as_str()), (RunOutcome::Failed, "known-default"));
    assert!(ran.undone().contains(&"a.first"), "{:?}", ran.undone());
}

#[test]
fn the_undo_of_an_undo_makes_the_changes_again_and_is_seen_to() {
    for (change, _) in kinds() {
        let id = change.id.clone();
        let host = rows();
        let (_place, runs, run) = ran(&host, vec![change]);
        let after = state(&host);
        let (_, report) = undone(&host, &runs, &run, undo::plan(&runs, &run, &host).unwrap());
        let again = undo::plan(&runs, &report.run, &host).unwrap();
        let (outcome, report) = undone(&host, &runs, &report.run, again);
        assert_eq!((outcome, state(&host)), (RunOutcome::Done, after), "{id}: {}", report.text());
    }
}

/// Whoever applied without a guard may want one when it is taken back.
#[test]
fn the_undo_of_a_run_without_a_guard_asks_when_it_is_told_to() {
    let host = rows();
    let guard = Guard { seconds: 60, what: "SSH logins".into(), steps: Vec::new() };
    let mut plan = Plan {
        changes: vec![
            Change { guard: Some(guard), ..line("ssh", "a", "/etc/motd", "hello", "bye") },
            line("ssh", "b", "/etc/fstab", "a", "x"),
        ],
        ..Plan::default()
    };
    guard::wait_for(&mut plan, None);
    let (_place, runs, run) = ran(&host, plan.changes);
    let mut undo = undo::plan(&runs, &run, &host).unwrap().plan;
    assert!(undo.changes.iter().all(|change| change.guard.is_none()));
    guard::wait_for(&mut undo, Some(30));
    let asks = |change: &Change| change.guard.as_ref().map(|guard| guard.seconds);
    assert_eq!(undo.changes.iter().map(asks).collect::<Vec<_>>(), [None, Some(30)]);
}

#[test]
fn what_a_failed_undo_takes_back_is_seen_and_not_believed() {
    for (lies, flag, expected) in [(false, "on", Outcome::Done), (true, "off", Outcome::Failed)] {
        let host = rows();
        let (_place, runs, run) = ran(&host, vec![kinds().pop().unwrap().0]);
        let host = host.on("flag", move |files: &mut Files, command: &Command| {
            let to = if lies { "off" } else { command.args[0].as_str() };
            files.write("/flag", to);
            "\n"
        });
        let mut undo = undo::plan(&runs, &run, &host).unwrap();
        undo.plan.changes.push(command("a", "bad", "bad", Undo::Nothing));
        let order = Order { plan: undo.plan, undoes: Some(run), ..Order::default() };
        let (by, outcome) = carry_out(&host, &runs, order, &undo.secrets);
        assert_eq!((outcome, host.files().text("/flag").as_str()), (RunOutcome::Failed, flag));
        let told = runs.history(&by).unwrap().records.into_iter().find_map(|record| match record.event {
            Event::Undone { change, outcome, message } if change == "undo.a.flag" => Some((outcome, message)),
            _ => None,
        });
        let (outcome, message) = told.unwrap();
        assert_eq!(outcome, expected, "{message}");
    }
}

#[test]
fn an_undo_says_what_it_opens_again() {
    let found = |id: &str, severity, status| Finding {
        id: id.to_owned(),
        step: StepId::new("a"),
        severity,
        status,
        title: format!("The door {id} is open"),
        evidence: String::new(),
        remedy: String::new(),
        handbook: String::new(),
        field: None,
    };
    let shut = found("SHUT", Severity::Critical, Status::Pass);
    let platform = Fake(vec![shut, found("LEFT", Severity::Critical, Status::Fail)]);
    let host = rows();
    let place = tempfile::tempdir().unwrap();
    let runs = Runs::at(place.path());
    let (run, mut journal) = runs.create(host.now()).unwrap();
    let findings = vec![
        found("SHUT", Severity::Critical, Status::Fail),
        found("LEFT", Severity::Critical, Status::Fail),
        found("SHADE", Severity::Low, Status::Fail),
    ];
    let plan = Plan { changes: vec![kinds().remove(0).0], ..Plan::default() };
    let order = Order { run: run.clone(), plan, findings, ..Order::default() };
    super::run(&order, &Secrets::default(), &host, &platform, &mut journal, &Control::default()).unwrap();
    drop(journal);
    let undo = undo::plan(&runs, &run, &host).unwrap();
    assert_eq!(undo.plan.reminders, ["This opens again: The door SHUT is open [SHUT]"]);
    let told = crate::unattended::plan_text(&undo.plan);
    assert!(told.contains("Remember: This opens again: The door SHUT is open"), "{told}");
}

#[test]
fn programs_are_told_that_a_step_whose_only_change_was_taken_back_failed() {
    let mut first = line("a", "edit", CONFIG, "port: 1", "port: 2");
    first.id = "a.edit".to_owned();
    let host = host().on("ngcpcfg", |_: &mut Files, _: &Command| Answer::code(1));
    let ran = go(&host, vec![first, apply()]);
    let applied = serde_json::to_value(Applied::of(&ran.records)).unwrap();
    assert_eq!((&applied["changed"], &applied["outcome"]), (&false.into(), &"failed".into()));
    let step = &applied["steps"][0];
    assert_eq!((&step["step"], &step["outcome"]), (&"a".into(), &"failed".into()), "{step}");
    let change = &step["changes"][0];
    assert_eq!((&change["outcome"], &change["undone"]), (&"done".into(), &true.into()), "{change}");
    assert!(step["message"].as_str().unwrap().contains("put back"), "{step}");
}
