//! Somebody else's change between a run and its undo, for every kind of change: told, and kept. What an undo restored
//! is seen, not believed.

use super::*;
use crate::{
    executor::Command,
    runner::undo::{self, UndoPlan},
};

const SHADOW: &str = "/etc/shadow";

fn input(command: &Command) -> String {
    command.stdin.as_ref().and_then(|input| input.expose_str()).unwrap_or_default().to_owned()
}

/// A host with rows that a program shows and loads, a flag, and the account file.
pub(super) fn rows() -> Simulated {
    host()
        .file("/db", "known-default")
        .file("/flag", "off")
        .file(SHADOW, "root:old:1:\nbin:*:1:\nsip:old:1:\n")
        .file("/etc/shared.yml", "a: 1\nb: 2\nc: 3\n")
        .on("dump", |files: &mut Files, _: &Command| files.text("/db"))
        .on("load", |files: &mut Files, command: &Command| {
            files.write("/db", input(command));
            "loaded\n"
        })
        .on("flag", |files: &mut Files, command: &Command| {
            files.write("/flag", command.args[0].clone());
            "\n"
        })
        .on("show", |files: &mut Files, _: &Command| files.text("/flag"))
        .on("chpasswd", |files: &mut Files, _: &Command| {
            let shadow = files.text(SHADOW).replace("root:old:1:", "root:new:2:");
            files.write(SHADOW, shadow);
            "\n"
        })
}

pub(super) fn plain(program: &str, args: &[&str]) -> CommandLine {
    CommandLine::new(program, args.iter().copied())
}

/// What somebody else does.
pub(super) type Deed = fn(&mut Files);

/// One change of every kind, and what somebody else does to the same place afterwards.
pub(super) fn kinds() -> Vec<(Change, Deed)> {
    let attributes = Attributes::Exactly { mode: 0o640, uid: 0, gid: 0, modified: None };
    let content = Template::text("new\n");
    let write = |path: &str| Action::Write {
        path: path.into(),
        content: content.clone(),
        attributes: attributes.clone(),
    };
    let mut load = plain("load", &[]);
    load.stdin = Some(Template::text("ours"));
    let captured = Undo::Captured { capture: plain("dump", &[]), restore: plain("load", &[]) };
    let mut password = change("a", "password", Action::Run(plain("chpasswd", &[])), Undo::Files);
    password.touches = vec![Touched::accounts(SHADOW)];
    let flag = change("a", "flag", Action::Run(plain("flag", &["on"])), Undo::Run(plain("flag", &["off"])))
        .proven([Proof::Answers { command: plain("show", &[]), prints: "on".to_owned() }]);
    vec![
        (line("a", "edit", "/etc/fstab", "b", "c"), |files| files.write("/etc/fstab", "a\ntheirs\n")),
        (change("a", "write", write("/etc/motd"), Undo::Files), |files| files.write("/etc/motd", "theirs\n")),
        (change("a", "new", write("/etc/new"), Undo::Files), |files| files.write("/etc/new", "theirs\n")),
        (change("a", "remove", Action::Remove { path: "/etc/motd".into() }, Undo::Files), |files| {
            files.write("/etc/motd", "theirs\n");
        }),
        (password, |files| files.write(SHADOW, "root:theirs:3:\nbin:*:1:\nsip:old:1:\nanna:hash:9:\n")),
        (change("a", "rows", Action::Run(load.clone()), captured.clone()), |files| {
            files.write("/db", "theirs");
        }),
        (change("a", "rows", Action::Run(load), captured), |files| files.write("/db", "")),
        (flag, |files| files.write("/flag", "theirs")),
    ]
}

/// Runs a plan and records it; the directory lives as long as what is returned.
pub(super) fn ran(host: &Simulated, changes: Vec<Change>) -> (tempfile::TempDir, Runs, String) {
    let place = tempfile::tempdir().unwrap();
    let runs = Runs::at(place.path());
    let order = Order { plan: Plan { changes, ..Plan::default() }, ..Order::default() };
    let run = carry_out(host, &runs, order, &Secrets::default());
    assert_eq!(run.1, RunOutcome::Done);
    (place, runs, run.0)
}

pub(super) fn carry_out(
    host: &Simulated,
    runs: &Runs,
    order: Order,
    secrets: &Secrets,
) -> (String, RunOutcome) {
    let (run, mut journal) = runs.create(host.now()).unwrap();
    let order = Order { run: run.clone(), ..order };
    let outcome = run_with(&order, secrets, host, &mut journal);
    (run, outcome)
}

fn run_with(order: &Order, secrets: &Secrets, host: &Simulated, journal: &mut dyn Journal) -> RunOutcome {
    run(order, secrets, host, &UNSEEING, journal, &Control::default()).unwrap()
}

pub(super) fn undone(host: &Simulated, runs: &Runs, run: &str, undo: UndoPlan) -> (RunOutcome, Report) {
    let order = Order { plan: undo.plan, undoes: Some(run.to_owned()), ..Order::default() };
    let (by, outcome) = carry_out(host, runs, order, &undo.secrets);
    (outcome, Report::of(&runs.history(&by).unwrap().records).unwrap())
}

/// Everything but what we keep of our own.
pub(super) fn state(host: &Simulated) -> Vec<String> {
    ["/etc/fstab", "/etc/motd", "/etc/new", SHADOW, "/db", "/flag", "/etc/shared.yml"]
        .map(|path| if host.files().exists(path) { host.files().text(path) } else { "-".to_owned() })
        .to_vec()
}

#[test]
fn whatever_somebody_else_changed_since_is_told_and_kept() {
    for (change, theirs) in kinds() {
        let id = change.id.clone();
        let host = rows();
        let (_place, runs, run) = ran(&host, vec![change]);
        host.edit(theirs);
        let before = state(&host);
        let undo = undo::plan(&runs, &run, &host).unwrap();
        let told = !undo.foreign.is_empty()
            || undo.plan.changes[0].proofs.contains(&Proof::NoLonger(vec![Proof::Answers {
                command: plain("show", &[]),
                prints: "on".to_owned(),
            }]));
        assert!(told, "{id} is not told");
        let (outcome, report) = undone(&host, &runs, &run, undo);
        assert_eq!(state(&host), before, "{id} was overwritten: {}", report.text());
        assert!(matches!(outcome, RunOutcome::Failed | RunOutcome::Unchanged), "{id}: {outcome:?}");
    }
}

#[test]
fn every_kind_of_change_goes_back_and_is_seen_where_nobody_else_was() {
    for (change, _) in kinds() {
        let id = change.id.clone();
        let host = rows();
        let before = state(&host);
        let (_place, runs, run) = ran(&host, vec![change]);
        assert_ne!(state(&host), before, "{id}");
        let undo = undo::plan(&runs, &run, &host).unwrap();
        assert_eq!(undo.foreign, [], "{id}");
        let (outcome, report) = undone(&host, &runs, &run, undo);
        assert_eq!((state(&host), outcome), (before, RunOutcome::Done), "{id}: {}", report.text());
    }
}

#[test]
fn rows_that_changed_between_plan_and_undo_are_kept_and_forced_ones_are_seen() {
    let host = rows();
    let (_place, runs, run) = ran(&host, vec![kinds().remove(5).0]);
    let undo = undo::plan(&runs, &run, &host).unwrap();
    host.edit(|files| files.write("/db", "theirs"));
    let (outcome, report) = undone(&host, &runs, &run, undo);
    assert_eq!((outcome, host.files().text("/db").as_str()), (RunOutcome::Failed, "theirs"));
    assert!(report.changes[0].message.contains("somebody else changed it"), "{}", report.text());

    let forced = undo::plan(&runs, &run, &host).unwrap().forced();
    assert_eq!(undone(&host, &runs, &run, forced).0, RunOutcome::Done);
    assert_eq!(host.files().text("/db"), "known-default");
}

#[test]
fn a_restore_that_returns_0_and_restores_nothing_is_not_believed() {
    for (at, liar) in [(5, "load"), (7, "flag")] {
        let host = rows();
        let (_place, runs, run) = ran(&host, vec![kinds().remove(at).0]);
        let before = state(&host);
        let host = host.on(liar, |_: &mut Files, _: &Command| "done\n");
        let undo = undo::plan(&runs, &run, &host).unwrap();
        let (outcome, report) = undone(&host, &runs, &run, undo);
        assert_eq!((outcome, state(&host)), (RunOutcome::Failed, before), "{liar}: {}", report.text());
    }
}

/// The same inside a run, whose own step is taken back.
#[test]
fn taking_a_step_back_keeps_rows_of_others_and_looks_at_what_it_restored() {
    let told = |program: &'static str, deed: fn(&mut Files)| {
        let host = rows().on("elsewhere", move |files: &mut Files, _: &Command| {
            deed(files);
            Answer::code(1)
        });
        let host = match program {
            "" => host,
            liar => host.on(liar, |files: &mut Files, command: &Command| {
                // It loads what is new and nothing else.
                if input(command) == "ours" {
                    files.write("/db", "ours");
                }
                "loaded\n"
            }),
        };
        let mut plan = vec![kinds().remove(5).0];
        plan.push(command("a", "two", "elsewhere", Undo::Nothing));
        let ran = go(&host, plan);
        let undone = ran.records.iter().find_map(|record| match &record.event {
            Event::Undone { change, outcome, message } if change == "a.rows" => {
                Some((*outcome, message.clone()))
            }
            _ => None,
        });
        (undone.unwrap(), host.files().text("/db"))
    };
    let (undone, rows) = told("", |files| files.write("/db", "theirs"));
    assert_eq!((undone.0, rows.as_str()), (Outcome::Failed, "theirs"), "{}", undone.1);
    assert!(undone.1.contains("somebody else"), "{}", undone.1);
    let (undone, _) = told("load", |_| {});
    assert_eq!(undone.0, Outcome::Failed, "{}", undone.1);
    let (undone, rows) = told("", |_| {});
    assert_eq!((undone.0, rows.as_str()), (Outcome::Done, "known-default"), "{}", undone.1);
}

#[test]
fn one_value_of_a_shared_file_goes_back_and_the_rest_stays() {
    let host = rows();
    let mut password = kinds().remove(4).0;
    password.id = "a.password".to_owned();
    let (_place, runs, run) =
        ran(&host, vec![line("a", "value", "/etc/shared.yml", "a: 1", "a: 9"), password]);
    host.edit(|files| {
        files.write("/etc/shared.yml", "a: 9\nb: 5\nc: 3\nd: 4\n");
        files.write(SHADOW, "root:new:2:\nsip:old:1:\nbin:!:1:\nanna:hash:9:\n");
    });
    let undo = undo::plan(&runs, &run, &host).unwrap();
    assert_eq!(undo.foreign, []);
    assert!(undo.plan.changes.iter().all(|change| change.title.contains("others changed")), "told");
    assert_eq!(undone(&host, &runs, &run, undo).0, RunOutcome::Done);
    assert_eq!(host.files().text("/etc/shared.yml"), "a: 1\nb: 5\nc: 3\nd: 4\n");
    assert_eq!(host.files().text(SHADOW), "root:old:1:\nsip:old:1:\nbin:!:1:\nanna:hash:9:\n");
}

#[test]
fn an_undo_of_shadow_that_overwrites_keeps_accounts_made_since() {
    let host = rows();
    let (_place, runs, run) = ran(&host, vec![kinds().remove(4).0]);
    host.edit(|files| files.write(SHADOW, "root:theirs:3:\nbin:*:1:\nsip:old:1:\nanna:hash:9:\n"));
    let undo = undo::plan(&runs, &run, &host).unwrap();
    assert_eq!(undo.foreign.len(), 1);
    assert_eq!(undone(&host, &runs, &run, undo.forced()).0, RunOutcome::Done);
    assert_eq!(host.files().text(SHADOW), "root:old:1:\nbin:*:1:\nsip:old:1:\nanna:hash:9:\n");
}

#[test]
fn a_failed_undo_means_its_run_again_and_one_that_succeeded_is_not_undone_by_mistake() {
    let host = rows();
    let (_place, runs, run) = ran(&host, vec![kinds().remove(5).0]);
    assert_eq!(undo::in_force(&runs).unwrap(), run);
    let plan = undo::plan(&runs, &run, &host).unwrap();
    host.edit(|files| files.write("/db", "theirs"));
    assert_eq!(undone(&host, &runs, &run, plan).0, RunOutcome::Failed);
    assert_eq!(undo::in_force(&runs).unwrap(), run);
    let forced = undo::plan(&runs, &run, &host).unwrap().forced();
    assert_eq!(undone(&host, &runs, &run, forced).0, RunOutcome::Done);
    let refused = undo::in_force(&runs).unwrap_err().to_string();
    assert!(refused.contains("taken back already"), "{refused}");
    let mut reports = runs.reports();
    let (first, last) = (reports[0].1.run.clone(), reports[2].1.run.clone());
    assert_eq!((first.as_str(), taken_back_by(&reports, &run)), (run.as_str(), Some(last.as_str())));
    // A record that claims to take back what comes after it takes nothing back, and ends nothing.
    reports[0].1.undoes = Some(last.clone());
    assert_eq!(taken_back_by(&reports, &last), None);
    assert_eq!(taken_back_by(&reports, &run), Some(last.as_str()));
}

#[test]
fn a_step_whose_only_change_was_taken_back_is_not_done_for_programs_and_a_failed_one_is_not_cut_off() {
    let host = rows();
    let mut guarded = line("a", "edit", "/etc/fstab", "b", "c");
    guarded.id = "a.edit".to_owned();
    let place = tempfile::tempdir().unwrap();
    let runs = Runs::at(place.path());
    let changes = vec![guarded, command("a", "two", "bad", Undo::Impossible("it cannot".to_owned()))];
    let order = Order { plan: Plan { changes, ..Plan::default() }, ..Order::default() };
    let (run, outcome) = carry_out(&host, &runs, order, &Secrets::default());
    assert_eq!(outcome, RunOutcome::Failed);
    let seen = assess(&runs, &run, &host).unwrap();
    assert_eq!(seen.changes[1].stands, Standing::Failed);
    assert!(!seen.changes[1].stands.words().contains("cut off"));
}

/// What takes an undo back is shown as little of as the undo itself was.
#[test]
fn no_undo_of_an_undo_shows_what_may_not_be_shown() {
    let host = rows();
    let (_place, runs, run) = ran(&host, vec![kinds().remove(4).0]);
    let undo = undo::plan(&runs, &run, &host).unwrap();
    assert_eq!(undone(&host, &runs, &run, undo).0, RunOutcome::Done);
    let by = runs.find(None).unwrap();
    let again = undo::plan(&runs, &by, &host).unwrap();
    let changes = &again.plan.changes;
    assert!(!changes.is_empty() && changes.iter().all(|change| change.diff.is_empty()), "{changes:?}");
}
