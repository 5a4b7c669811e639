//! The one apply against a platform that behaves as the real one does (PLATFORM.md 3): it builds, tells only daemons whose
//! files differ from the last commit, commits whatever lies there, and may fail between any two of these.

use super::*;
use crate::{
    executor::Command,
    plan::{Claim, Foreign, Guard, Left},
    platform::Ngcp,
    runner::run::restore,
    secret::sha256,
};

const TREE: &str = "/etc/ngcp-config";
const NOTES: &str = "/etc/ngcp-config/notes.yml";
/// What is committed of the configuration, and of what is made of it.
const HEAD: &str = "/head";
const BUILT_HEAD: &str = "/head-of-etc";
/// What the daemon read last.
const RUNS: &str = "/run/daemon";
/// Where the tool fails: build, services, commit; or what else it does.
const FAILS: &str = "/run/fails";

fn go(host: &Simulated, changes: Vec<Change>) -> Ran {
    go_with(host, changes, &Secrets::default(), &Ngcp, &Control::default())
}

fn tree(files: &Files) -> Vec<String> {
    [CONFIG, NOTES].iter().filter(|path| files.exists(path)).map(|path| (*path).to_owned()).collect()
}

fn head_of(path: &str) -> String {
    path.replace(TREE, HEAD)
}

fn git(files: &mut Files, command: &Command) -> Answer {
    let dirty = tree(files).into_iter().filter(|path| files.text(path) != files.text(head_of(path)));
    match command.args.iter().any(|arg| arg == "status") {
        true => dirty.map(|path| format!(" M {}\0", &path[TREE.len() + 1..])).collect::<String>().into(),
        false => "".into(),
    }
}

fn ngcpcfg(files: &mut Files, _: &Command) -> Answer {
    let fails = files.text(FAILS);
    if fails == "build" {
        files.write("/etc/built.ngcpcfg-new", "half");
        return Answer::code(255).error("Error: Cannot process template 'x':\n  file error - y");
    }
    let built = match fails.as_str() {
        "template" => "file error - parse error - line 3\n".to_owned(),
        _ => files.text(CONFIG),
    };
    files.write("/etc/built", built.clone());
    let mut answer = Answer::code(0);
    if built != files.text(BUILT_HEAD) {
        answer = answer.line("Executing action for /etc/ngcp-config/templates/etc/built.services");
        files.write(RUNS, built.clone());
    }
    if fails == "commit" {
        return answer.error("fatal: $HOME not set").ending(crate::executor::Status::Code(128));
    }
    if fails == "after" {
        for path in tree(files) {
            let text = files.text(&path);
            files.write(head_of(&path), text);
        }
        files.write(BUILT_HEAD, built);
        return answer.error("Error: grants").ending(crate::executor::Status::Code(1));
    }
    if fails == "noise" {
        answer = answer.error("Error: cannot connect to the database");
    }
    for path in tree(files) {
        let text = files.text(&path);
        files.write(head_of(&path), text);
    }
    files.write(BUILT_HEAD, built);
    answer
}

fn reload(files: &mut Files, _: &Command) -> Answer {
    let text = files.text("/etc/built");
    files.write(RUNS, text);
    "".into()
}

fn platform() -> Simulated {
    host()
        .file("/etc/ngcp-config/.git/HEAD", "")
        .file("/etc/ngcp-config/templates/etc/built.tt2", "")
        .file(head_of(CONFIG), "port: 1\n")
        .file(BUILT_HEAD, "port: 1\n")
        .file(RUNS, "port: 1\n")
        .on("git", git)
        .on("ngcpcfg", ngcpcfg)
        .on("reload", reload)
}

/// An edit of the configuration, its apply, and the reload behind it that is asked about.
fn plan() -> Vec<Change> {
    let reload = command("ssh", "reload", "reload", Undo::Again);
    vec![
        line("ssh", "config", CONFIG, "port: 1", "port: 2"),
        apply(),
        Change { guard: Some(Guard { seconds: 0, what: "SSH logins".into(), steps: Vec::new() }), ..reload },
    ]
}

fn state(host: &Simulated) -> [String; 5] {
    [CONFIG, "/etc/built", RUNS, "/head/config.yml", BUILT_HEAD].map(|path| host.files().text(path))
}

fn fails(at: &str) -> Simulated {
    let host = platform();
    host.edit(|files| files.write(FAILS, at));
    host
}

fn applies(host: &Simulated) -> usize {
    host.commands().iter().filter(|command| command.starts_with("ngcpcfg apply")).count()
}

/// How the apply was taken back.
fn taken_back(ran: &Ran) -> (Outcome, &str) {
    let undone = ran.records.iter().find_map(|record| match &record.event {
        Event::Undone { change, outcome, message } if change == "apply.apply" => {
            Some((*outcome, message.as_str()))
        }
        _ => None,
    });
    undone.unwrap()
}

/// The running daemon, not only the files: the tool itself would tell nobody, for the files equal its last commit.
#[test]
fn an_apply_that_fails_before_its_commit_leaves_the_daemon_as_it_was() {
    for (at, guarded) in [("build", true), ("commit", true), ("build", false), ("commit", false)] {
        let host = fails(at);
        let before = state(&host);
        let mut changes = plan();
        changes[2].guard = changes[2].guard.take().filter(|_| guarded);
        let ran = go(&host, changes);
        assert_eq!(ran.outcome, RunOutcome::Failed);
        assert_eq!(state(&host), before, "{at}");
        assert!(!host.files().exists("/etc/built.ngcpcfg-new"), "{at}: what was not finished stays");
        assert_eq!(applies(&host), 1, "nothing was committed, so nothing is applied again");
        assert!(ran.undone().contains(&"ssh.reload"), "{at}: {:?}", ran.records);
    }
}

/// PLATFORM.md 3.6: the grants are synchronised after both commits. What is in place counts, not the exit code.
#[test]
fn a_tool_that_fails_after_its_work_is_not_called_not_taken_back() {
    let host = fails("after");
    let before = state(&host);
    let ran = go(&host, plan());
    assert_eq!((ran.outcome, state(&host)), (RunOutcome::Failed, before));
    let (outcome, message) = taken_back(&ran);
    assert_eq!(outcome, Outcome::Warning, "{message}");
    assert!(
        message.contains("the old configuration is in place, yet: ngcpcfg apply: exit code 1"),
        "{message}"
    );
}

#[test]
fn a_reason_is_told_whole() {
    let (_, message) = go(&fails("build"), plan()).after("apply.apply");
    assert!(
        message.contains("Cannot process template 'x':") && message.contains("file error - y"),
        "{message}"
    );
}

/// Killed between any two records, with a tool that fails before its commit.
#[test]
fn a_runner_killed_in_such_an_apply_is_replaced_by_one_that_does_the_same() {
    let order = Order { plan: Plan { changes: plan(), ..Plan::default() }, ..Order::default() };
    let secrets = Secrets::default();
    let host = fails("commit");
    let before = state(&host);
    let mut journal = MemoryJournal::default();
    run(&order, &secrets, &host, &Ngcp, &mut journal, &Control::default()).unwrap();
    let whole = std::mem::take(&mut journal.records);
    for length in 1..whole.len() {
        let host = fails("commit");
        let past = &whole[..length];
        let undone = |id: &str| {
            past.iter().any(|record| matches!(&record.event, Event::Undone { change, .. } if change == id))
        };
        host.edit(|files| {
            let began = |id: &str| {
                past.iter().any(|record| matches!(&record.event, Event::Before { change } if change == id))
            };
            if began("ssh.config") && !undone("ssh.config") {
                files.write(CONFIG, "port: 2\n");
            }
            if began("apply.apply") && !undone("ssh.reload") {
                files.write("/etc/built", "port: 2\n");
                files.write(RUNS, "port: 2\n");
            }
        });
        restore(&order, past, ("ssh.reload", false), &secrets, &host, &Ngcp, &mut journal).unwrap();
        assert_eq!(state(&host), before, "killed after {:?}", past.last());
        assert_eq!(applies(&host), 0);
    }
}

#[test]
fn a_committed_apply_is_taken_back_through_the_tool_which_tells_the_others() {
    let host = platform();
    let before = state(&host);
    let ran = go(&host, plan());
    assert_eq!(ran.outcome, RunOutcome::Failed, "nobody confirmed it");
    assert_eq!(state(&host), before);
    assert_eq!(applies(&host), 2);
}

#[test]
fn what_scripts_restarted_with_the_new_configuration_is_named() {
    let host = fails("commit");
    let ran = go(&host, vec![line("a", "config", CONFIG, "port: 1", "port: 2"), apply()]);
    let (outcome, message) = taken_back(&ran);
    assert_eq!(outcome, Outcome::Warning);
    assert!(message.contains("templates/etc/built.services"), "{message}");
}

/// A line `Error: …` with exit code 0 is the tool's own shrug; a template's error as a file's content is not.
#[test]
fn noise_is_a_warning_and_a_broken_file_behind_exit_code_0_is_a_failure() {
    let ran = go(&fails("noise"), vec![line("a", "config", CONFIG, "port: 1", "port: 2"), apply()]);
    let (outcome, message) = ran.after("apply.apply");
    assert_eq!((ran.outcome, outcome), (RunOutcome::Warning, Outcome::Warning));
    assert!(message.contains("cannot connect to the database"), "{message}");

    let host = fails("template");
    let ran = go(&host, vec![line("a", "config", CONFIG, "port: 1", "port: 2"), apply()]);
    let (outcome, message) = ran.after("apply.apply");
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("/etc/built: file error - parse error - line 3"), "{message}");
    assert_eq!(host.files().text(CONFIG), "port: 1\n");
}

/// A run that was cut off before its apply left its edit there uncommitted: that is what its undo puts back.
#[test]
fn what_is_put_back_is_not_called_somebody_elses() {
    let whole = Attributes::Exactly { mode: 0o644, uid: 0, gid: 0, modified: None };
    for (there, attributes, outcome, then) in [
        ("port: 2\n", whole.clone(), RunOutcome::Done, "port: 1\n"),
        ("port: 3\n", whole, RunOutcome::Failed, "port: 3\n"),
        // Only a part of it goes back: the rest is of somebody who has not committed it.
        ("port: 2\n", Attributes::Keep, RunOutcome::Failed, "port: 2\n"),
    ] {
        let host = platform();
        host.edit(|files| files.write(CONFIG, there));
        let left = Left::File(sha256(b"port: 2\n"));
        let to = Some((Template::text("port: 1\n"), attributes));
        let back = Action::Restore { path: CONFIG.into(), left, to };
        let ran = go(&host, vec![change("ssh", "back", back, Undo::Files), apply()]);
        assert_eq!((ran.outcome, host.files().text(CONFIG).as_str()), (outcome, then), "{:?}", ran.records);
    }
}

/// On a full disk the old text cannot be put back: an apply would bring the new one into force once more.
#[test]
fn what_could_not_be_put_back_is_not_applied_again_f38() {
    let host = platform();
    host.fail_change(2, io::ErrorKind::StorageFull);
    let ran = go(&host, plan());
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(applies(&host), 1);
    assert_eq!(
        [CONFIG, "/etc/built", RUNS].map(|path| host.files().text(path)),
        ["port: 2\n", "port: 1\n", "port: 1\n"]
    );
    let (outcome, message) = taken_back(&ran);
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("this still stands in /etc/ngcp-config: config"), "{message}");
}

/// An edited configuration is not yet in force: what the template makes of it counts.
#[test]
fn a_value_is_done_when_the_file_that_is_made_of_it_holds_it() {
    let seen = |built: Option<&'static str>, gone: &str| {
        let host = platform().on("ngcpcfg", move |files: &mut Files, command: &Command| {
            let answer = ngcpcfg(files, command);
            if let Some(built) = built {
                files.write("/etc/built", built);
            }
            answer
        });
        let (what, holds) = ("port".to_owned(), Template::text("port: 2"));
        let apply = apply().proven([Proof::Claim(Claim::InForce { what, holds, gone: gone.to_owned() })]);
        go(&host, vec![line("a", "config", CONFIG, "port: 1", "port: 2"), apply]).after("apply.apply")
    };
    let (outcome, message) = seen(None, "port: 1");
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert!(message.contains("port seen in /etc/built"), "{message}");
    assert_eq!(seen(Some("port: 1\n"), "port: 1").0, Outcome::Failed);
    assert_eq!(seen(Some("something else\n"), "port: 1").0, Outcome::Failed);
    let (outcome, message) = seen(None, "nowhere");
    assert_eq!(outcome, Outcome::Warning);
    assert!(message.contains("nobody knows whether the port is in force"), "{message}");
}

fn edits(path: &'static str, text: &'static str) -> impl Fn(&mut Files, &Command) -> Answer + Send + Sync {
    move |files: &mut Files, _: &Command| {
        files.write(path, text);
        "".into()
    }
}

/// Somebody else's work in any file, between any two steps: never committed, never lost.
#[test]
fn what_somebody_else_left_is_never_committed_whenever_and_wherever_it_came() {
    for (path, theirs) in
        [(NOTES, "theirs\n"), (CONFIG, "port: 2\ntheirs: 1\n"), (CONFIG, "port: 1\ntheirs: 1\n")]
    {
        // Before the run, before the first edit, between edit and apply.
        for at in [None, Some(0), Some(1)] {
            let host = platform().on("elsewhere", edits(path, theirs));
            let mut changes = plan();
            match at {
                None => host.edit(|files| files.write(path, theirs)),
                Some(at) => changes.insert(at, command("ssh", "elsewhere", "elsewhere", Undo::Nothing)),
            }
            let ran = go(&host, changes);
            assert_eq!(ran.outcome, RunOutcome::Failed, "{path} {at:?}");
            // Of a file that both edited, the run takes its own value back.
            let kept = if at == Some(1) { theirs.replace("port: 2", "port: 1") } else { theirs.to_owned() };
            assert_eq!(host.files().text(path), kept, "{path} {at:?}: {:?}", ran.records);
            assert_eq!(applies(&host), 0, "{path} {at:?}");
            assert_eq!(host.files().text(RUNS), "port: 1\n");
            let named = ran.records.iter().any(|record| match &record.event {
                Event::After { message, .. } => message.contains(&path[TREE.len() + 1..]),
                _ => false,
            });
            assert!(named, "{path} {at:?}: {:?}", ran.records);
        }
    }
}

/// It came while the change waited for its confirmation: the running daemon is as before, nothing is applied.
#[test]
fn what_came_while_nobody_confirmed_is_left_for_its_owner_and_the_daemon_is_as_it_was() {
    let host = platform().on("reload", move |files: &mut Files, command: &Command| {
        if !files.exists("/run/once") {
            files.write("/run/once", "");
            files.write(NOTES, "theirs\n");
        }
        reload(files, command)
    });
    let ran = go(&host, plan());
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(applies(&host), 1);
    let files = host.files();
    assert_eq!([CONFIG, "/etc/built", RUNS].map(|path| files.text(path)), ["port: 1\n"; 3]);
    assert_eq!(files.text(NOTES), "theirs\n");
    assert_eq!(files.text(head_of(NOTES)), "");
    let (outcome, message) = taken_back(&ran);
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("notes.yml") && message.contains("then run ngcpcfg apply"), "{message}");
}

#[test]
fn what_was_approved_goes_along_only_as_it_was_when_it_was_approved() {
    let host = platform();
    host.edit(|files| files.write(NOTES, "theirs\n"));
    let states = Ngcp.uncommitted(&host).unwrap().unwrap();
    let foreign = Foreign { files: states.keys().cloned().collect(), states, diff: String::new() };
    let plan = Plan { changes: plan()[..2].to_vec(), foreign: Some(foreign), ..Plan::default() };
    let go = |host: &Simulated| {
        let order = Order { plan: plan.clone(), ..Order::default() };
        let mut journal = MemoryJournal::default();
        run(&order, &Secrets::default(), host, &Ngcp, &mut journal, &Control::default()).unwrap()
    };
    let later = platform();
    later.edit(|files| files.write(NOTES, "theirs, and more\n"));
    assert_eq!((go(&later), applies(&later)), (RunOutcome::Failed, 0));
    assert_eq!(go(&host), RunOutcome::Done);
    assert_eq!(host.files().text(head_of(NOTES)), "theirs\n");
}

/// A tool of somebody else is waited for before the first edit, not in the middle of the run.
#[test]
fn another_ngcpcfg_is_seen_before_the_first_change() {
    let host = platform().file("/proc/77/cmdline", "/bin/bash\0/usr/sbin/ngcpcfg\0build\0");
    let ran = go(&host, plan());
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert!(ran.after("ssh.config").1.contains("process 77"), "{:?}", ran.records);
    assert_eq!(host.files().text(CONFIG), "port: 1\n");
}

#[test]
fn a_service_that_the_failed_apply_left_dead_is_started_again() {
    let host = fails("commit")
        .on("systemctl", |files: &mut Files, command: &Command| {
            if command.args[0] == "start" {
                files.write("/run/kamailio", "up");
                return String::new();
            }
            let up = files.text("/run/kamailio") == "up";
            format!("kamailio-proxy.service loaded {} x\n", if up { "active" } else { "failed" })
        })
        .file("/run/systemd/system/x", "")
        .file("/run/kamailio", "up")
        .on("ngcpcfg", |files: &mut Files, command: &Command| {
            files.write("/run/kamailio", "down");
            ngcpcfg(files, command)
        });
    let apply = apply().proven([Proof::Claim(Claim::Services)]);
    let ran = go(&host, vec![line("a", "config", CONFIG, "port: 1", "port: 2"), apply]);
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(host.files().text("/run/kamailio"), "up", "{:?}", ran.records);
}
