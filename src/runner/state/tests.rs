use super::*;
use crate::{
    plan::{Action, Undo},
    runner::Unit,
};

fn told(events: Vec<(i64, Event)>) -> RunState {
    let action = || Action::Remove { path: "/x".into() };
    let change = |id: &str| Change::new(&StepId::new("a"), id, id, action(), Undo::Files);
    let plan = Plan { changes: vec![change("one"), change("two")], ..Plan::default() };
    let started = Event::Started {
        run: "20261122-1".into(),
        plan: Box::new(plan),
        operator: "root".into(),
        findings: vec![],
        undoes: None,
        host: String::new(),
    };
    let events = std::iter::once((0, started)).chain(events);
    let mut state = RunState::default();
    let mut number = 0;
    for (second, event) in events {
        number += u64::from(!matches!(event, Event::Progress { .. }));
        state.take(&Record { number, at: Timestamp::from_second(second).unwrap(), event });
    }
    state
}

fn progress(done: u64) -> Event {
    let progress = Progress { unit: Unit::Bytes, done, total: Some(1000) };
    Event::Progress { change: "a.one".into(), progress }
}

fn after(outcome: Outcome) -> Event {
    let (message, diff) = ("seen".to_owned(), String::new());
    Event::After { change: "a.one".into(), outcome, message, diff, took: 5, not_kept: None }
}

#[test]
fn rate_and_time_left_come_from_the_records_and_go_with_the_change() {
    let before = || Event::Before { change: "a.one".into() };
    let state = told(vec![(1, before()), (1, progress(100))]);
    let job = state.progress.unwrap();
    assert_eq!((job.now.done, job.rate(), job.seconds_left()), (100, None, None));
    let state = told(vec![(1, before()), (1, progress(100)), (3, progress(150)), (5, progress(300))]);
    let job = state.progress.unwrap();
    assert_eq!((job.now.done, job.rate(), job.seconds_left()), (300, Some(50), Some(14)));
    let over = vec![(1, before()), (1, progress(100)), (2, after(Outcome::Done)), (3, progress(200))];
    assert_eq!(told(over).progress, None, "what is over is not under way again");
    assert_eq!(told(vec![(1, progress(1))]).progress, None);
    let back = told(vec![(9, before()), (9, progress(900)), (2, progress(1))]).progress.unwrap();
    assert_eq!((back.now.done, back.rate()), (1, None), "a job that begins anew is rated anew");
}

#[test]
fn what_was_taken_back_stands_no_more_and_keeps_why_it_failed() {
    let undone = |outcome| Event::Undone { change: "a.one".into(), outcome, message: "put back".into() };
    let run = |last| {
        told(vec![(1, Event::Before { change: "a.one".into() }), (2, after(Outcome::Done)), (3, last)])
    };
    let change = |state: RunState| state.changes[0].clone();
    assert!(change(run(Event::Stopping)).stands());
    let back = change(run(undone(Outcome::Done)));
    assert!(!back.stands() && back.changed() && back.is_undone());
    assert!(change(run(undone(Outcome::Failed))).stands(), "nobody says taken back of what was not");
    let failed = told(vec![
        (1, Event::Before { change: "a.one".into() }),
        (2, after(Outcome::Failed)),
        (3, undone(Outcome::Done)),
    ]);
    assert_eq!(failed.failed().and_then(ChangeState::failure), Some("seen"));
    assert_eq!((failed.done(), failed.changes[1].stage()), (1, Stage::Waiting));
}
