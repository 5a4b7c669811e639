//! Others at work on the same host: another apply, somebody's edits, an operator who confirms or does not.

use super::*;

#[test]
fn an_apply_waits_for_nobody_on_this_host_and_refuses_while_another_one_works() {
    let host = host().file("/run/ngcpcfg-services.running", "77\n").file("/proc/77/stat", "");
    let plan = vec![line("a", "one", CONFIG, "port: 1", "port: 2"), apply()];
    let ran = go(&host, plan);
    let (outcome, message) = ran.after("apply");
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("process 77"), "{message}");
    assert_eq!(host.files().text(CONFIG), "port: 1\n", "nothing unapplied stays");
    assert_eq!(host.files().text("/etc/built"), "port: 1\n");
}

#[test]
fn what_somebody_left_in_the_configuration_after_the_plan_is_not_taken_along() {
    let status = " M config.yml\n?? templates/etc/motd.customtt.tt2\n";
    let host = host().file("/etc/ngcp-config/.git/HEAD", "").on(
        "git",
        move |_: &mut Files, command: &crate::executor::Command| match command
            .args
            .iter()
            .any(|arg| arg == "status")
        {
            true => status,
            false => "",
        },
    );
    let plan = || vec![line("a", "one", CONFIG, "port: 1", "port: 2"), apply()];
    let ran = go(&host, plan());
    let (outcome, message) = ran.after("apply");
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("templates/etc/motd.customtt.tt2 "), "{message}");
    assert_eq!(host.files().text(CONFIG), "port: 1\n");

    let files = vec!["templates/etc/motd.customtt.tt2".to_owned()];
    let foreign = Some(crate::plan::Foreign { files, diff: String::new() });
    let order = Order { plan: Plan { changes: plan(), foreign, ..Plan::default() }, ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome =
        run(&order, &Secrets::default(), &host, &unseeing, &mut journal, &Control::default()).unwrap();
    assert_eq!(outcome, RunOutcome::Done, "the operator said yes to it");
}

#[test]
fn a_guarded_change_stays_when_it_is_kept_and_goes_on_silence() {
    let guarded = || {
        let mut change = line("a", "one", "/etc/motd", "hello", "bye");
        change.guard = Some(crate::plan::Guard { seconds: 0, what: "SSH logins".into() });
        change
    };
    let (host, control) = (host(), Control::default());
    let ran = go_with(&host, vec![guarded()], &Secrets::default(), &unseeing, &control);
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(host.files().text("/etc/motd"), "hello\n");
    control.keep();
    let ran = go_with(&host, vec![guarded()], &Secrets::default(), &unseeing, &control);
    assert_eq!(ran.outcome, RunOutcome::Done);
    assert_eq!(host.files().text("/etc/motd"), "bye\n");
}

#[test]
fn a_failed_step_does_not_take_back_what_somebody_else_wrote_meanwhile() {
    let host = host().on("elsewhere", |files: &mut Files, _: &crate::executor::Command| {
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
