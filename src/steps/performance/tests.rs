use super::*;
use crate::executor::{
    World,
    simulated::{Files, Simulated},
};

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
    let findings = Performance.inspect(host).unwrap();
    findings.items.into_iter().find(|finding| finding.id == id).unwrap()
}

fn planned(host: &Simulated, answer: &str) -> Result<Plan> {
    let mut answers = Answers::default();
    answers.values.insert("profile".to_owned(), answer.to_owned());
    Performance.plan(&Performance.inspect(host).unwrap(), &answers)
}

fn options(host: &Simulated) -> Vec<(String, String)> {
    let form = Performance.form(&Performance.inspect(host).unwrap()).unwrap();
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
    let form = Performance.form(&Performance.inspect(&bare).unwrap()).unwrap();
    assert!(form.note.contains("not installed"), "{}", form.note);
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
