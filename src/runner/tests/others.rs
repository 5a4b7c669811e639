//! Others at work on the same host: another apply, somebody's edits, an operator who confirms or does not.

use super::{fake::AT_WORK, *};
use crate::{
    executor::{Command, World},
    plan::Claim,
};

#[test]
fn an_apply_waits_for_nobody_on_this_host_and_refuses_while_another_one_works() {
    let host = host().file(AT_WORK, "77");
    let plan = vec![line("a", "one", CONFIG, "port: 1", "port: 2"), apply()];
    let ran = go(&host, plan);
    let (outcome, message) = ran.after("one");
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("process 77"), "{message}");
    assert_eq!(host.files().text(CONFIG), "port: 1\n", "nothing is edited beside it");
    assert_eq!(host.files().text("/etc/built"), "port: 1\n");
}

#[test]
fn a_guarded_change_stays_when_it_is_kept_and_goes_on_silence() {
    let guarded = || {
        let mut change = line("a", "one", "/etc/motd", "hello", "bye");
        change.guard = Some(crate::plan::Guard { seconds: 0, what: "SSH logins".into(), steps: Vec::new() });
        change
    };
    let (host, control) = (host(), Control::default());
    let ran = go_with(&host, vec![guarded()], &Secrets::default(), &UNSEEING, &control);
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(host.files().text("/etc/motd"), "hello\n");
    control.keep();
    let ran = go_with(&host, vec![guarded()], &Secrets::default(), &UNSEEING, &control);
    assert_eq!(ran.outcome, RunOutcome::Done);
    assert_eq!(host.files().text("/etc/motd"), "bye\n");
}

#[test]
fn a_failed_step_does_not_take_back_what_somebody_else_wrote_meanwhile() {
    let host = host().on("elsewhere", |files: &mut Files, _: &Command| {
        files.write("/etc/motd", "theirs\n");
        Answer::code(1)
    });
    let plan = vec![
        line("a", "one", "/etc/motd", "hello", "bye"),
        line("a", "two", "/etc/fstab", "a", "x"),
        command("a", "three", "elsewhere", Undo::Nothing),
    ];
    let ran = go(&host, plan);
    assert_eq!(host.files().text("/etc/motd"), "theirs\n");
    assert_eq!(host.files().text("/etc/fstab"), "a\nb\n");
    assert_eq!(ran.undone(), ["a.three", "a.two"]);
}

/// F41: a service that just restarts answers nothing, then what it had before, then what it was told.
#[test]
fn a_service_that_restarts_is_waited_for_until_it_tells_its_value_f41() {
    let ran = |within| {
        let host = host().with_world(World::Live).on("look", |files: &mut Files, _: &Command| {
            let looks = if files.exists("/looks") { files.text("/looks") + "x" } else { String::new() };
            files.write("/looks", looks.clone());
            ["not known", "the old value", "well"][looks.len()]
        });
        let claim = Claim::Well { step: StepId::new("a"), finding: "IN-FORCE".to_owned(), within };
        let plan =
            vec![line("a", "one", CONFIG, "port: 1", "port: 2"), apply().proven([Proof::Claim(claim)])];
        go(&host, plan).after("apply")
    };
    assert_eq!(ran(Some(60)), (Outcome::Done, "well".to_owned()));
    assert_eq!(ran(None), (Outcome::Warning, "not known".to_owned()), "others are not waited for");
}
