use super::*;
use crate::{
    executor::{
        World,
        simulated::{Answer, Files, Simulated},
    },
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, RunOutcome},
    secret::Secrets,
    steps::{Answer as Given, Step, form::Kind},
};

/// As everybody sees it.
const STEP: &dyn Step = &Performance;
const CONFIG: &str = "/etc/ngcp-config/config.yml";

fn config(children: [&str; 4], pool: &str) -> String {
    let [tcp, udp, proxy, natping] = children;
    format!(
        "database:\n  bufferpoolsize: {pool}\nkamailio:\n  lb:\n    tcp_children: '{tcp}'\n    udp_children: {udp}\n  \
         proxy:\n    children: {proxy}\n    natping_processes: '{natping}'\n"
    )
}

fn host(version: &str, config: &str) -> Simulated {
    Simulated::new().file("/etc/ngcp_version", version).file(CONFIG, config).on(TOOL, |_: &mut Files, _| "")
}

fn found(host: &Simulated, id: &str) -> Finding {
    let findings = STEP.inspect(host).unwrap();
    findings.items.into_iter().find(|finding| finding.id == id).unwrap()
}

fn planned(host: &Simulated, answer: &str) -> Result<Plan> {
    let mut answers = Answers::default();
    answers.values.insert("profile".to_owned(), Given::Choice(answer.to_owned()));
    STEP.plan(&STEP.inspect(host).unwrap(), &answers)
}

fn options(host: &Simulated) -> Vec<(String, String)> {
    let form = STEP.form(&STEP.inspect(host).unwrap()).unwrap();
    match form.fields.into_iter().next().unwrap().kind {
        Kind::Choice { options, default } => {
            assert_eq!(default, "leave");
            options.into_iter().map(|choice| (choice.value, choice.effect)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_table_is_whole() {
    assert!(PROFILES.get().len() > 10, "assets/profiles.yml does not parse");
    assert!(PROFILES.get().iter().all(|row| row.high != row.low));
}

#[test]
fn the_profile_is_told_from_the_values() {
    let high = host("mr13.5.1", &config(["8", "8", "8", "7"], "2G"));
    let low = host("mr13.5.1", &config(["1", "1", "5", "1"], "64M"));
    let mixed = host("mr13.5.1", &config(["8", "8", "8", "7"], "64M"));
    assert!(found(&high, MIXED).title.contains("high"));
    assert!(found(&low, MIXED).title.contains("low"));
    let finding = found(&mixed, MIXED);
    assert_eq!(finding.status, Status::Fail);
    assert_eq!(finding.severity, Severity::Info, "tuning is no security matter");
    assert!(finding.evidence.contains("1 of 5") && finding.evidence.contains("database.bufferpoolsize 64M"));
    let effect = &options(&mixed)[1].1;
    assert_eq!(effect, "Expected, inferred: database.bufferpoolsize 64M → 2G.");
}

/// The handbook's own default of mr3.8 is a buffer pool of 64M: no sign of the low profile there.
#[test]
fn values_of_a_later_era_do_not_count_on_old_hosts() {
    let host = host("mr3.8.3", include_str!("../../../tests/corpus/ngcp-mr3.8.yml"));
    assert_eq!(found(&host, MIXED).status, Status::Pass);
    assert!(found(&host, MIXED).title.contains("high"));
}

/// What the answer chooses is marked, and every number is that of the host or of the table.
#[test]
fn the_preview_sets_the_profiles_beside_this_host_and_follows_the_answer() {
    let resources = crate::executor::Resources { memory_total: 8 << 30, ..Default::default() };
    let host = host("mr13.5.1", &config(["8", "8", "8", "7"], "512M")).with_resources(resources);
    let found = STEP.inspect(&host).unwrap();
    for (answer, column) in [("leave", 0), ("low", 1), ("high", 2)] {
        let answers = Answers {
            values: [(ASKED.to_owned(), Given::Choice(answer.to_owned()))].into(),
            ..Answers::default()
        };
        let figures = STEP.preview(&found, &answers);
        let [Figure::Table(table), Figure::Bars(bars)] = &figures[..] else { panic!("{figures:?}") };
        assert_eq!((table.chosen, &table.columns[column][..]), (Some(column), COLUMNS[column]));
        assert_eq!(table.rows[0], (POOL.to_owned(), ["512M", "64M", "2G"].map(str::to_owned).to_vec()));
        assert_eq!(table.rows.len(), 5, "only what this host has");
        assert_eq!((bars.limit, bars.unit), (Some(8192), "MB"));
        assert_eq!(bars.bars.iter().map(Bar::total).collect::<Vec<_>>(), [512, 64, 2048]);
    }
}

/// No bar where one of its numbers would be invented, no table where there is nothing to compare.
#[test]
fn the_preview_draws_nothing_that_is_not_known() {
    let preview = |host: &Simulated| STEP.preview(&STEP.inspect(host).unwrap(), &Answers::default());
    let resources = crate::executor::Resources { memory_total: 8 << 30, ..Default::default() };
    for host in [
        host("mr13.5.1", &config(["8", "8", "8", "7"], "2G")),
        host("mr13.5.1", &config(["8", "8", "8", "7"], "'2147483648'")).with_resources(resources.clone()),
        host("mr3.8.3", &config(["8", "8", "8", "7"], "64M")).with_resources(resources),
    ] {
        let figures = preview(&host);
        assert!(matches!(&figures[..], [Figure::Table(table)] if table.chosen.is_none()), "{figures:?}");
    }
    assert_eq!(preview(&Simulated::new()), Vec::new());
}

#[test]
fn the_plan_is_the_vendors_tool_and_one_apply() {
    let host = host("mr13.5.1", &config(["8", "8", "8", "7"], "2G"));
    assert!(planned(&host, "leave").unwrap().is_empty());
    assert!(planned(&host, "high").unwrap().is_empty(), "it is so already");
    let plan = planned(&host, "low").unwrap();
    assert_eq!(plan.apply, ["low performance profile"]);
    let change = &plan.changes[0];
    match &change.action {
        Action::Run(command) => assert_eq!(command.to_string(), format!("{TOOL} --low-performance")),
        other => panic!("{other:?}"),
    }
    assert_eq!(change.touches[0].path.to_str(), Some(CONFIG));
    assert_eq!(change.undo, Undo::Files);
    let why = planned(&host, "medium").unwrap_err().to_string();
    assert!(why.contains("performance.profile") && why.contains("medium"));
}

#[test]
fn without_the_tool_nothing_is_offered_and_the_reason_is_told() {
    let bare = Simulated::new().file(CONFIG, config(["8", "8", "8", "7"], "64M"));
    assert_eq!(options(&bare).len(), 1);
    let form = STEP.form(&STEP.inspect(&bare).unwrap()).unwrap();
    assert!(form.note.as_ref().unwrap().contains("not installed"), "{:?}", form.note);
    assert!(planned(&bare, "low").unwrap_err().to_string().contains("not installed"));
    let tree = host("mr13.5.1", "a: 1\n").with_world(World::Tree);
    assert_eq!(options(&tree).len(), 1);
}

/// F39: a broken configuration is named, never guessed over; none at all is nothing to complain about.
#[test]
fn what_cannot_be_read_is_unknown_f39() {
    let broken = host("mr13.5.1", "a: 1\nb: [\n");
    assert_eq!(found(&broken, MIXED).status, Status::Unknown);
    let finding = found(&broken, UNREADABLE);
    assert_eq!(finding.status, Status::Fail);
    assert!(finding.evidence.contains("config.yml: line 3"), "{}", finding.evidence);
    assert_eq!(found(&Simulated::new(), UNREADABLE).status, Status::NotApplicable);
    assert_eq!(found(&host("mr13.5.1", "a: 1\n"), MIXED).status, Status::Unknown);
}

#[test]
fn an_overriding_file_is_told() {
    let host = host("mr13.5.1", &config(["8", "8", "8", "7"], "2G"))
        .file("/etc/ngcp-config/config.local.yml", "kamailio: {lb: {udp_children: '1'}}\n");
    let evidence = found(&host, MIXED).evidence;
    assert!(
        evidence.contains("kamailio.lb.udp_children is decided by /etc/ngcp-config/config.local.yml line 1")
    );
}

const HIGH: [&str; 4] = ["8", "8", "8", "7"];
const LOW: [&str; 4] = ["1", "1", "5", "1"];

/// Runs the plan for the low profile with a tool that does `tool`; how it ended, and what was said of the change.
fn ran(host: Simulated, tool: fn(&mut Files) -> Answer) -> (Simulated, RunOutcome, String) {
    let host = host.on(TOOL, move |files: &mut Files, _| tool(files));
    host.edit(|files| files.put(CONFIG, 0o660, 0, 117, files.text(CONFIG)));
    let plan = planned(&host, "low").unwrap();
    let order = Order { plan: Plan { apply: Vec::new(), ..plan }, ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome =
        runner::run(&order, &Secrets::default(), &host, &Ngcp, &mut journal, &Control::default()).unwrap();
    let said = journal.records.iter().filter_map(|record| match &record.event {
        Event::After { message, .. } | Event::Undone { message, .. } => Some(message.clone()),
        _ => None,
    });
    let said = said.collect::<Vec<_>>().join(" | ");
    (host, outcome, said)
}

fn low(files: &mut Files) -> String {
    let text = config(LOW, "64M");
    files.write(CONFIG, text.clone());
    text
}

/// Does its work, and something else to the file.
fn rewrites(files: &mut Files, change: fn(&str) -> String) -> Answer {
    let text = low(files);
    files.write(CONFIG, change(&text));
    "Done.".into()
}

/// Does its work, and gives the file to somebody.
fn gives(files: &mut Files, mode: u32, owner: u32) -> Answer {
    let text = low(files);
    files.put(CONFIG, mode, owner, 117, text);
    "Done.".into()
}

fn fresh() -> Simulated {
    host("mr13.5.1", &config(HIGH, "2G"))
}

#[test]
fn the_values_are_the_proof() {
    let (host, outcome, said) = ran(fresh(), |files| {
        low(files);
        "Done.".into()
    });
    assert_eq!(outcome, RunOutcome::Done, "{said}");
    assert!(said.contains("all 5 values are set"), "{said}");
    assert_eq!(found(&host, MIXED).status, Status::Pass);
}

/// Whatever the tool says: a file that is not what it was but for its values is put back, byte for byte.
#[test]
fn what_the_tool_spoils_is_put_back_and_never_told_done() {
    type Tool = fn(&mut Files) -> Answer;
    let spoiled: [(Tool, &str); 11] = [
        (|_| "Done.".into(), "none of the 5 values was changed"),
        (|files| rewrites(files, |_| String::new()), "what stood in it is gone"),
        (
            |files| rewrites(files, |text| text.lines().take(2).map(|line| format!("{line}\n")).collect()),
            "kamailio is gone",
        ),
        (
            |files| rewrites(files, |text| text.replace("    natping_processes: '1'\n", "")),
            "kamailio.proxy.natping_processes is gone",
        ),
        (
            |files| {
                let text = low(files);
                files.write("/tmp/config.yml", text);
                files.remove(CONFIG);
                files.link(CONFIG, "/tmp/config.yml");
                "Done.".into()
            },
            "a symbolic link was put in its place",
        ),
        (
            |files| {
                files.remove(CONFIG);
                "Done.".into()
            },
            "config.yml is not there",
        ),
        (|files| gives(files, 0o644, 0), "its owner or mode was changed: 0644 0:117, was 0660 0:117"),
        (|files| gives(files, 0o660, 1000), "its owner or mode was changed"),
        (
            |files| rewrites(files, |text| text.replace("children: 5", "children: 99")),
            "kamailio.proxy.children is now 99: neither 5 nor as before (8)",
        ),
        (
            |files| {
                rewrites(files, |text| text.replace("bufferpoolsize: 64M", "bufferpoolsize: {size: 64M}"))
            },
            "database.bufferpoolsize was one value and is several",
        ),
        (
            |files| {
                let text = config(["1", "8", "8", "7"], "2G");
                files.write(CONFIG, text);
                Answer::code(1).error("died half way")
            },
            "1 of 5 values are set",
        ),
    ];
    for (tool, why) in spoiled {
        let (host, outcome, said) = ran(fresh(), tool);
        assert_eq!(outcome, RunOutcome::Failed, "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
        let files = host.files();
        assert_eq!(files.text(CONFIG), config(HIGH, "2G"), "{why}: {said}");
        let about = files.metadata(CONFIG.as_ref()).unwrap();
        assert_eq!((about.mode, about.uid, about.gid), (0o660, 0, 117), "{why}: {said}");
        assert_eq!(about.kind, crate::executor::Kind::File, "{why}: {said}");
    }
}

/// The values are inferred: what the tool left, or changed beside them, is named, and the result is no plain done.
#[test]
fn what_the_tool_left_or_changed_beside_is_a_warning_that_names_it() {
    let (host, outcome, said) = ran(fresh(), |files| {
        files.write(CONFIG, config(["1", "1", "5", "7"], "64M"));
        "Done.".into()
    });
    assert_eq!(outcome, RunOutcome::Warning, "{said}");
    assert!(said.contains(
        "4 of 5 values are set, these are as they were: kamailio.proxy.natping_processes 7, not 1"
    ));
    assert_eq!(found(&host, MIXED).status, Status::Fail);
    // Somebody sets another value at the same time: it is kept and told.
    let (host, outcome, said) =
        ran(fresh(), |files| rewrites(files, |text| text.to_owned() + "b2b:\n  port: 5090\n"));
    assert_eq!(outcome, RunOutcome::Warning, "{said}");
    assert!(said.contains("all 5 values are set; also changed, look at the difference: b2b"), "{said}");
    assert!(host.files().text(CONFIG).contains("port: 5090"));
}

/// The platform's own commit hands the file to its administrators: that is no damage.
#[test]
fn the_platforms_own_mode_is_no_damage() {
    let host = fresh().file("/etc/group", "_ngcp-admin:x:999:\n");
    let (_, outcome, said) = ran(host, |files| {
        let text = low(files);
        files.put(CONFIG, 0o660, 0, 999, text);
        "Done.".into()
    });
    assert_eq!(outcome, RunOutcome::Done, "{said}");
}

/// A value that another file decides stays as it is whatever the tool does: said before, and no plain done.
#[test]
fn a_value_that_another_file_decides_makes_the_plan_partial() {
    let host = fresh().file("/etc/ngcp-config/config.local.yml", "kamailio: {lb: {udp_children: '8'}}\n");
    let plan = planned(&host, "low").unwrap();
    assert!(plan.partial);
    assert!(plan.reminders[0].contains("kamailio.lb.udp_children stays 8"), "{:?}", plan.reminders);
    assert!(plan.reminders[0].contains("config.local.yml line 1"), "{:?}", plan.reminders);
}

proptest::proptest! {
    /// For every mixture of values that the tool leaves: done is said of the wanted ones only, and what is neither old
    /// nor wanted is put back.
    #[test]
    fn done_is_said_of_the_wanted_values_only(picked in proptest::collection::vec(0..3usize, 4)) {
        let value = |at: usize| [HIGH[at], LOW[at], "77"][picked[at]];
        let text = config([value(0), value(1), value(2), value(3)], "64M");
        let host = fresh();
        let host = host.on(TOOL, move |files: &mut Files, _| {
            files.write(CONFIG, text.clone());
            "Done."
        });
        let plan = planned(&host, "low").unwrap();
        let order = Order { plan: Plan { apply: Vec::new(), ..plan }, ..Order::default() };
            let mut journal = MemoryJournal::default();
        let outcome =
            runner::run(&order, &Secrets::default(), &host, &Ngcp, &mut journal, &Control::default()).unwrap();
        let wanted = match () {
            () if picked.contains(&2) => RunOutcome::Failed,
            () if picked.contains(&0) => RunOutcome::Warning,
            () => RunOutcome::Done,
        };
        proptest::prop_assert_eq!(outcome, wanted);
        if wanted == RunOutcome::Failed {
            proptest::prop_assert_eq!(host.files().text(CONFIG), config(HIGH, "2G"));
        }
    }
}
