//! Random plans, random failures: whatever went wrong, after the undo the host is as it was.

use std::{collections::BTreeSet, io, path::Path};

use ngcp_warden::{
    executor::{
        Attributes, Command, Executor, System,
        simulated::{Answer, Files, Simulated},
    },
    plan::{Action, Change, Plan, Proof, Template, Touched, Undo},
    runner::{Order, RunOutcome, Runs},
    secret::Secrets,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    faults::Faulty,
    tree::{self, change, command, difference, line, snapshot, yaml},
};

const PATHS: [&str; 4] = ["/etc/fstab", "/etc/issue", "/etc/service.conf", "/etc/absent"];
const CONFIG: &str = "/etc/ngcp-config/config.yml";
const WATCHED: [&str; 9] = [
    "/etc/fstab",
    "/etc/issue",
    "/etc/service.conf",
    "/etc/absent",
    CONFIG,
    "/etc/built",
    "/srv/flag",
    "/srv/db",
    "/etc/pw",
];

/// One change of a random kind on a random file; what it expects need not be there.
fn any_change(step: &'static str, name: &str, kind: u8, file: usize, word: u8) -> Change {
    let path = PATHS[file % PATHS.len()];
    let word = format!("word {}", word % 4);
    let files = |action| change(step, name, action, Undo::Files);
    let write = |attributes| Action::Write {
        path: path.into(),
        content: Template::text(format!("{word}\n")),
        attributes,
    };
    match kind % 12 {
        0 | 1 => line(step, name, path, None, Some(&word)),
        2 => line(step, name, path, Some(&word), Some("word 9")),
        3 => line(step, name, path, Some(&word), None),
        4 => files(write(Attributes::Keep)),
        5 => files(write(Attributes::Exactly { mode: 0o600, uid: 3, gid: 4, modified: None })),
        6 => files(Action::Remove { path: path.into() }),
        7 => yaml(step, name, "kamailio.lb.children", Some("8"), "16"),
        8 => yaml(step, name, "kamailio.lb.tls", None, "no"),
        9 => {
            let mut setpw = command("setpw", &[]);
            setpw.stdin = Some(Template::text(format!("{word}\n")));
            let mut password = change(step, name, Action::Run(setpw), Undo::Files);
            password.touches = vec![Touched::secret("/etc/pw")];
            password
        }
        10 => change(step, name, Action::Run(command("flag", &["on"])), Undo::Run(command("flag", &["off"])))
            .proven([Proof::Answers { command: command("cat", &["/srv/flag"]), prints: "on".into() }]),
        _ => {
            let mut load = command("dbload", &[]);
            load.stdin = Some(Template::text(format!("{word}\n")));
            let undo = Undo::Captured { capture: command("dbdump", &[]), restore: command("dbload", &[]) };
            change(step, name, Action::Run(load), undo)
        }
    }
}

#[derive(Debug, Clone)]
struct Case {
    plan: Plan,
    /// Deeds on the host that fail, counted over the run and its undos.
    failing: BTreeSet<usize>,
}

fn any_case() -> impl Strategy<Value = Case> {
    let changes = prop::collection::vec((0..3_usize, any::<u8>(), any::<usize>(), any::<u8>()), 1..9);
    let failing = prop::collection::btree_set(1..30_usize, 0..4);
    (changes, failing, any::<bool>()).prop_map(|(mut changes, failing, apply)| {
        changes.sort_by_key(|(step, ..)| *step);
        let steps = ["a", "b", "c"];
        let mut plan = Plan::default();
        for (n, (step, kind, file, word)) in changes.into_iter().enumerate() {
            plan.changes.push(any_change(steps[step], &format!("change{n}"), kind, file, word));
        }
        if apply {
            let action = Action::Apply { message: "ngcp-warden: random".into() };
            plan.changes.push(change("apply", "apply", action, Undo::Again));
        }
        Case { plan, failing }
    })
}

/// Runs the case and takes it back until that succeeds.
fn play(case: &Case, host: &dyn Executor, runs: &Runs) -> Result<RunOutcome, TestCaseError> {
    let fail = |deed| match case.failing.contains(&deed) {
        true => Err(io::Error::from(io::ErrorKind::StorageFull)),
        false => Ok(()),
    };
    let host = Faulty::new(host, &fail);
    let order = Order { plan: case.plan.clone(), ..Order::default() };
    let outcome = tree::run(&host, runs, order, &Secrets::default()).map_err(broken)?;
    let run = runs.find(None).map_err(broken)?;
    for _ in 0..6 {
        // A warning says that the look itself failed, not the taking back.
        let undone = tree::undo(&host, runs, &run).map_err(broken)?;
        if matches!(undone, RunOutcome::Done | RunOutcome::Unchanged | RunOutcome::Warning) {
            return Ok(outcome);
        }
    }
    Err(TestCaseError::fail("it cannot be taken back"))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: anyhow::Error) -> TestCaseError {
    TestCaseError::fail(format!("{error:#}"))
}

fn simulated() -> Simulated {
    let text = |command: &Command| command.stdin.as_ref().map_or(vec![], |input| input.expose().to_vec());
    let host = Simulated::new()
        .file("/etc/fstab", "word 1\nword 2\n")
        .file("/etc/issue", "word 3")
        .file("/etc/service.conf", "good\r\nword 1\r\n")
        .file("/etc/pw", "root:old\n")
        .file(CONFIG, "kamailio:\n  lb:\n    port: 5060   # sip\n    children: '8'\n")
        .file("/etc/built", "kamailio:\n  lb:\n    port: 5060   # sip\n    children: '8'\n")
        .file("/srv/flag", "off\n")
        .file("/srv/db", "rows\n")
        .file("/var/lib/dpkg/status", "")
        .on("ngcpcfg", |files: &mut Files, _: &Command| {
            let config = files.text(CONFIG);
            files.write("/etc/built", config);
            "done\n"
        })
        .on("setpw", move |files: &mut Files, command: &Command| {
            files.write("/etc/pw", text(command));
            Answer::code(0)
        })
        .on("flag", |files: &mut Files, command: &Command| {
            files.write("/srv/flag", format!("{}\n", command.args[0]));
            Answer::code(0)
        })
        .on("cat", |files: &mut Files, command: &Command| files.text(&command.args[0]))
        .on("dbdump", |files: &mut Files, _: &Command| files.text("/srv/db"))
        .on("dbload", move |files: &mut Files, command: &Command| {
            files.write("/srv/db", text(command));
            Answer::code(0)
        });
    host.edit(|files| files.set_owner("/etc/pw", 0o640, 0, 42));
    host
}

type Seen = Option<(u32, u32, u32, Vec<u8>)>;

/// Mode, owner and content of everything that the changes can reach.
fn watched(host: &dyn Executor) -> Vec<(&'static str, Seen)> {
    let look = |path: &'static str| {
        let about = host.metadata(Path::new(path)).ok()?;
        Some((about.mode, about.uid, about.gid, host.read(Path::new(path)).ok()?))
    };
    WATCHED.into_iter().map(|path| (path, look(path))).collect()
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })
}

#[test]
fn after_an_undo_the_simulated_host_is_as_before_whatever_failed() {
    let outcomes = std::cell::RefCell::new(std::collections::BTreeMap::<String, usize>::new());
    let tested = runner(2_000).run(&any_case(), |case| {
        let host = simulated();
        let place = tempfile::tempdir_in("/dev/shm")?;
        let before = watched(&host);
        let outcome = play(&case, &host, &Runs::at(place.path()))?;
        prop_assert_eq!(watched(&host), before);
        *outcomes.borrow_mut().entry(format!("{outcome:?}")).or_default() += 1;
        Ok(())
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
    let outcomes = outcomes.into_inner();
    println!("random plans on the simulated host: {outcomes:?}");
    assert!(outcomes["Done"] > 100 && outcomes["Failed"] > 100, "{outcomes:?}");
}

#[test]
fn after_an_undo_a_real_tree_is_as_before_whatever_failed() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let fresh = place.path().join("fresh");
    tree::build(&fresh);
    std::fs::write(fresh.join("etc/fstab"), "word 1\nword 2\n").unwrap();
    std::fs::write(fresh.join("etc/issue"), "word 3").unwrap();
    let before = snapshot(&fresh);
    let tested = runner(120).run(&any_case(), |case| {
        let own = tempfile::tempdir_in(place.path())?;
        let root = own.path().join("root");
        tree::copy(&fresh, &root);
        let host = System::below(&root)?;
        let runs = Runs::open(&root).map_err(broken)?;
        play(&case, &host, &runs)?;
        prop_assert_eq!(difference(&before, &snapshot(&root)), [""; 0]);
        Ok(())
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
    println!("random plans on a real tree: 120");
}
