use super::*;
use crate::steps::{
    Answer,
    tuning::facts::{Measured, Now, Owner, Shadow},
};

const CONFIG: &str = "/etc/ngcp-config/config.yml";
const LOCAL: &str = "/etc/ngcp-config/config.local.yml";

/// An option with this value in config.yml, whose running service has it too.
fn now(name: &str, path: &str, text: &str) -> Now {
    Now {
        name: name.to_owned(),
        path: path.split('.').map(str::to_owned).collect(),
        text: Some(text.to_owned()),
        main: Some(text.to_owned()),
        running: Running::Is { value: text.to_owned(), by: "who runs".to_owned() },
        ..Now::default()
    }
}

/// A host of 16 GB with some options.
fn facts() -> Facts {
    let measured = |(name, value): (&str, f64)| (name.to_owned(), Measured { value, by: "test".to_owned() });
    let mut external = now("syslog-external", "rsyslog.external_log", "0");
    external.running = Running::NotTold;
    Facts {
        options: vec![
            now("buffer-pool-size", "database.bufferpoolsize", "2G"),
            now("lb-shm-mem", "kamailio.lb.shm_mem", "64"),
            now("lb-pkg-mem", "kamailio.lb.pkg_mem", "16"),
            now("lb-udp-children", "kamailio.lb.udp_children", "8"),
            now("proxy-children", "kamailio.proxy.children", "8"),
            now("natping-interval", "kamailio.proxy.natping_interval", "30"),
            now("natping-processes", "kamailio.proxy.natping_processes", "7"),
            external,
            now("syslog-external-address", "rsyslog.external_address", "192.0.2.32"),
            now("proxy-max-expires", "kamailio.proxy.max_expires", "0"),
        ],
        measured: [("memory", 16384.0), ("cores", 4.0), ("system", 1500.0), ("data", 1000.0)]
            .map(measured)
            .into(),
        ..Facts::default()
    }
}

/// Every option kept, but for these answers.
fn answers(facts: &Facts, given: &[(&str, Answer)]) -> Answers {
    let choice = |word: &str| Answer::Choice(word.to_owned());
    let mut all = Answers::default();
    all.values.insert(asks::VALUES.to_owned(), choice(by::PROPOSED));
    for option in &facts.options {
        all.values.insert(option.name.clone(), choice(by::KEEP));
    }
    all.values.extend(given.iter().map(|(key, answer)| ((*key).to_owned(), answer.clone())));
    all
}

fn planned(facts: &Facts, given: &[(&str, Answer)]) -> Result<Plan, String> {
    plan(facts, &answers(facts, given)).map_err(|why| why.to_string())
}

fn size(text: &str) -> Answer {
    Answer::Size(text.parse().unwrap())
}

fn there() -> (&'static str, Answer) {
    (asks::SHADOWED, Answer::Choice(by::THERE.to_owned()))
}

/// Each edit: file, key, value before, value after.
fn edits(plan: &Plan) -> Vec<String> {
    let of = |change: &Change| match &change.action {
        Action::Edit { path, edits, .. } => edits
            .iter()
            .map(|edit| match edit {
                Edit::Yaml { key, from, to } => {
                    let from = from.as_deref().unwrap_or("nothing");
                    format!("{} {} {from} {}", path.display(), key.join("."), to.shown())
                }
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    plan.changes.iter().flat_map(of).collect()
}

/// What must be seen to be well after the apply.
fn seen(plan: &Plan) -> Vec<String> {
    let finding = |proof: &Proof| match proof {
        Proof::Claim(Claim::Well { finding, within: Some(_), .. }) => finding.clone(),
        other => panic!("{other:?}"),
    };
    plan.effective.iter().map(finding).collect()
}

/// A value that somebody wrote is not swallowed.
#[test]
fn values_that_are_left_are_no_plan_and_a_value_beside_that_is_refused() {
    let facts = facts();
    let leaving = |given: &[(&str, Answer)]| {
        let mut all = answers(&facts, given);
        all.values.insert(asks::VALUES.to_owned(), Answer::Choice(by::LEAVE.to_owned()));
        plan(&facts, &all).map_err(|why| why.to_string())
    };
    let auto = ("proxy-children", Answer::Choice(by::AUTO.to_owned()));
    assert_eq!(leaving(&[auto]).unwrap(), Plan::default());
    for value in [Answer::Number(4), Answer::Choice("yes".to_owned())] {
        let why = leaving(&[("natping-processes", value)]).unwrap_err();
        assert_eq!(
            why,
            "tuning.natping-processes: is answered, and values is 'leave': answer it with 'proposed'"
        );
    }
    assert_eq!(planned(&facts, &[]).unwrap(), Plan::default(), "all are kept");
}

/// One change, one apply, and every value that tells itself is looked at in the running service.
#[test]
fn values_become_one_change_that_is_seen_in_force() {
    let mut facts = facts();
    facts.options[4].running = Running::Unseen("kamcmd does not answer".to_owned());
    let given = [
        ("buffer-pool-size", size("3G")),
        ("proxy-children", Answer::Number(4)),
        ("syslog-external", Answer::Choice("yes".to_owned())),
    ];
    let plan = planned(&facts, &given).unwrap();
    assert_eq!(
        edits(&plan),
        [
            format!("{CONFIG} database.bufferpoolsize 2G 3G"),
            format!("{CONFIG} kamailio.proxy.children 8 4"),
            format!("{CONFIG} rsyslog.external_log 0 1"),
        ]
    );
    let [change] = plan.changes.as_slice() else { panic!("{:?}", plan.changes) };
    assert_eq!((change.phase, &change.undo), (Phase::Configure, &Undo::Files));
    assert_eq!(
        change.title,
        "set in config.yml: database.bufferpoolsize 3G, kamailio.proxy.children 4, rsyslog.external_log 1"
    );
    assert_eq!(plan.apply, ["tuning"]);
    assert_eq!(seen(&plan), ["TUNING-IN-FORCE-BUFFER-POOL-SIZE"]);
    let [unseen, untold] = &plan.reminders[..] else { panic!("{:?}", plan.reminders) };
    assert!(unseen.ends_with("(kamcmd does not answer): Proxy workers."), "{unseen}");
    assert!(untold.ends_with("(nothing tells it): Logs to another host."), "{untold}");
}

/// The review says what callers notice of each restart, once, and what fewer or less means for them.
#[test]
fn the_review_says_what_restarts_and_what_less_means() {
    let facts = facts();
    let said =
        |given: &[(&str, Answer)]| planned(&facts, given).unwrap().changes[0].interrupts.clone().unwrap();
    let more = said(&[("lb-shm-mem", Answer::Number(128)), ("lb-pkg-mem", Answer::Number(32))]);
    assert_eq!(more.matches("kamailio-lb restarts").count(), 1, "{more}");
    let grows = said(&[("buffer-pool-size", size("3G"))]);
    let shrinks = said(&[("buffer-pool-size", size("1G"))]);
    assert!(grows.contains("the database and kamailio-proxy restart"), "{grows}");
    assert!(shrinks.starts_with(&grows) && shrinks.contains("Database buffer pool: "), "{shrinks}");
    let fewer = said(&[("proxy-children", Answer::Number(2))]);
    assert!(fewer.contains("; Proxy workers: with fewer workers"), "{fewer}");
    let limited = said(&[("proxy-max-expires", Answer::Number(7200))]);
    assert!(limited.contains("; Longest registration: "), "0 is no limit, any number is less: {limited}");
}

/// A file that wins over config.yml is named; it is edited on request, constants.yml never.
#[test]
fn a_value_that_another_file_decides_is_refused_with_its_name_or_set_there() {
    let mut facts = facts();
    facts.options[1].text = Some("128".to_owned());
    facts.options[1].shadow = Some(Shadow { file: LOCAL.into(), line: 7, editable: true });
    let given = [("lb-shm-mem", Answer::Number(256)), ("lb-pkg-mem", Answer::Number(32))];
    let refused = planned(&facts, &given).unwrap_err();
    assert!(
        refused.starts_with("tuning.lb-shm-mem: /etc/ngcp-config/config.local.yml line 7 decides"),
        "{refused}"
    );
    assert!(refused.contains("tuning.shadowed with 'there'"), "{refused}");
    let plan = planned(&facts, &[&given[..], &[there()]].concat()).unwrap();
    let mut made = edits(&plan);
    made.sort();
    assert_eq!(
        made,
        [format!("{LOCAL} kamailio.lb.shm_mem 128 256"), format!("{CONFIG} kamailio.lb.pkg_mem 16 32"),]
    );
    assert_ne!(plan.changes[0].id, plan.changes[1].id);
    assert_eq!(plan.apply.len(), 1);
    let kept = planned(&facts, &given[1..]).unwrap();
    assert_eq!(edits(&kept).len(), 1, "what is kept may be decided where it likes");
    facts.options[1].shadow = Some(Shadow { file: CONSTANTS.into(), line: 2, editable: false });
    let refused = planned(&facts, &[&given[..], &[there()]].concat()).unwrap_err();
    assert!(refused.contains("constants.yml line 2") && refused.contains("'keep'"), "{refused}");
}

const CONSTANTS: &str = "/etc/ngcp-config/constants.yml";

/// F82: whoever else decides it is named, and config.yml is not set in vain.
#[test]
fn what_another_tool_decides_is_not_fought_f82() {
    let mut facts = facts();
    facts.owners.push(Owner {
        name: "MariaDB option file".to_owned(),
        option: Some("buffer-pool-size".to_owned()),
        evidence: "/etc/mysql/conf.d/zz.cnf line 2: 512M".to_owned(),
    });
    let refused = planned(&facts, &[("buffer-pool-size", size("3G"))]).unwrap_err();
    assert!(refused.starts_with("tuning.buffer-pool-size: MariaDB option file decides it"), "{refused}");
    assert!(refused.contains("zz.cnf line 2: 512M"), "{refused}");
    assert!(planned(&facts, &[("lb-shm-mem", Answer::Number(128))]).is_ok());
}

/// F81: what would keep kamailio from starting or the host from living is refused with key and reason.
#[test]
fn values_that_cannot_be_are_refused_with_their_key_f81() {
    let facts = facts();
    for (key, value, why) in [
        ("natping-processes", Answer::Number(8), "7"),
        ("lb-pkg-mem", Answer::Number(7), "8"),
        ("natping-interval", Answer::Number(0), ""),
        ("proxy-children", Answer::Number(0), ""),
    ] {
        let refused = planned(&facts, &[(key, value)]).unwrap_err();
        assert!(refused.starts_with(&format!("tuning.{key}: ")) && refused.contains(why), "{refused}");
    }
    let refused = planned(&facts, &[("buffer-pool-size", size("15G"))]).unwrap_err();
    assert!(refused.starts_with("tuning.") && refused.contains("16"), "{refused}");
}

/// A second look after the run finds nothing to do.
#[test]
fn what_is_so_already_is_not_done_again() {
    let mut facts = facts();
    let given = [("buffer-pool-size", size("3G")), ("syslog-external", Answer::Choice("yes".to_owned()))];
    assert!(!planned(&facts, &given).unwrap().is_empty());
    for (at, text) in [(0, "3072M"), (7, "1")] {
        facts.options[at].text = Some(text.to_owned());
        facts.options[at].main = Some(text.to_owned());
    }
    facts.options[0].running = Running::Is { value: "3G".to_owned(), by: "the running database".to_owned() };
    assert_eq!(planned(&facts, &given).unwrap(), Plan::default(), "3072M is 3G");
}

/// An edit that somebody made and never applied looks like what was asked for.
#[test]
fn values_that_the_files_hold_and_no_service_has_are_not_told_as_done() {
    let mut facts = facts();
    facts.options[0].running = Running::Is { value: "64M".to_owned(), by: "the running database".to_owned() };
    let plan = planned(&facts, &[("buffer-pool-size", size("2G"))]).unwrap();
    assert!(plan.is_empty() && plan.partial);
    assert!(plan.reminders[0].contains("64M is in force, not 2G"), "{:?}", plan.reminders);
    let plan = planned(&facts, &[("buffer-pool-size", size("3G"))]).unwrap();
    assert!(!plan.partial, "its apply brings it into force, and is looked at");
    let other = planned(&facts, &[("lb-shm-mem", Answer::Number(128))]).unwrap();
    assert!(!other.is_empty() && other.partial);
    let told = |said: &String| said.contains("64M is in force, not 2G") && said.contains("after the apply");
    assert!(other.reminders.iter().any(told), "{:?}", other.reminders);
}

/// "Nothing to do" is said only of what was worked out.
#[test]
fn what_cannot_be_sized_is_left_and_said() {
    let mut facts = facts();
    facts.measured.clear();
    let auto = Answer::Choice(by::AUTO.to_owned());
    let plan = planned(&facts, &[("natping-processes", auto.clone()), ("syslog-external", auto)]).unwrap();
    assert!(plan.is_empty() && plan.partial);
    let [said] = &plan.reminders[..] else { panic!("{:?}", plan.reminders) };
    assert!(
        said.contains("how many phones are behind NAT is not known")
            && said.ends_with(": NAT keepalive processes."),
        "{said}"
    );
    assert!(!planned(&facts, &[]).unwrap().partial, "what is kept needs no figure");
}

/// What is easily overlooked of a value is said in the review.
#[test]
fn a_value_with_a_catch_is_warned_of() {
    let facts = facts();
    let plan = planned(&facts, &[("natping-interval", Answer::Number(60))]).unwrap();
    assert!(plan.reminders[0].contains("60: many NATs forget"), "{:?}", plan.reminders);
    assert_eq!(planned(&facts, &[("natping-interval", Answer::Number(20))]).unwrap().reminders.len(), 0);
}

#[test]
fn a_configuration_that_cannot_be_read_is_told() {
    let facts = Facts { unread: Some("config.yml line 3: not valid YAML".to_owned()), ..facts() };
    let refused = planned(&facts, &[]).unwrap_err();
    assert_eq!(refused, "tuning.values: config.yml line 3: not valid YAML");
}
