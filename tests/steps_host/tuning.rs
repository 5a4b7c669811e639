//! Tuning: answers become values in the files that decide them, and no other byte moves, on both releases.

use std::fmt::Write;

use ngcp_warden::{
    executor::{
        Command,
        simulated::{Answer, Files, Simulated},
    },
    plan::{Action, Edit, Plan},
    runner::RunOutcome,
    secret::Secrets,
    steps::{self, find},
    unattended::AnswersFile,
};

use super::super::{hosts, inspect, run};

const CONFIG: &str = "/etc/ngcp-config/config.yml";
const LOCAL: &str = "/etc/ngcp-config/config.local.yml";
/// Of a host of 4 GB.
const MEMORY: &str = "MemTotal: 4046144 kB\nMemAvailable: 3000000 kB\n";
const SAMPLES: [&str; 2] = ["mr3.8", "mr13.5"];

/// Every option of Table 10 with a value that no sample has.
const ALL: &[(&str, &str)] = &[
    ("binlog-days", "10"),
    ("buffer-pool-size", "128M"),
    ("lb-pkg-mem", "24"),
    ("proxy-pkg-mem", "48"),
    ("lb-shm-mem", "96"),
    ("lb-tcp-children", "6"),
    ("lb-udp-children", "6"),
    ("proxy-children", "6"),
    ("proxy-default-expires", "1800"),
    ("proxy-min-expires", "120"),
    ("proxy-max-expires", "7200"),
    ("natping-interval", "29"),
    ("natping-processes", "6"),
    ("proxy-shm-mem", "160"),
    ("sip-tls-enable", "yes"),
    ("rating-enable", "no"),
    ("syslog-external", "yes"),
    ("syslog-external-level", "info"),
    ("syslog-external-address", "192.0.2.99"),
    ("syslog-preserve-days", "60"),
];

/// A sample host whose configuration can be applied.
fn host(sample: &str) -> Simulated {
    applicable(hosts::load(sample))
}

fn applicable(host: Simulated) -> Simulated {
    host.on("git", |_: &mut Files, _: &Command| "").on("ngcpcfg", |files: &mut Files, command: &Command| {
        match command.args.first().map(String::as_str) {
            Some("help") => Answer::from("Actions:\n  apply, check\n"),
            Some("apply") if files.exists("/refuses") => Answer::code(1).error("Error: no"),
            _ => Answer::code(0),
        }
    })
}

/// Every option kept, but for these.
fn file(given: &[(&str, &str)]) -> String {
    let mut text = "schema: 1\ntuning:\n  values: proposed\n".to_owned();
    for (key, _) in ALL.iter().filter(|(key, _)| !given.iter().any(|(one, _)| one == key)) {
        let _ = writeln!(text, "  {key}: keep");
    }
    for (key, value) in given {
        let _ = writeln!(text, "  {key}: {value}");
    }
    text
}

/// The plan of one step for an answers file.
fn of(host: &Simulated, step: &str, text: &str) -> Result<Plan, String> {
    let found = inspect(step, host);
    let step = find(step).unwrap();
    let answers = AnswersFile::parse(text)
        .and_then(|file| file.fit(step.about().id.as_str(), &step.form(&found)?, &Secrets::default()))
        .map_err(|why| format!("{why:#}"))?;
    steps::plan(host, step, &found, &answers, &Secrets::default()).map_err(|why| format!("{why:#}"))
}

/// The whole plan, as it would be shown.
fn planned(host: &Simulated, given: &[(&str, &str)]) -> Result<Plan, String> {
    steps::assemble(host, [of(host, "tuning", &file(given))?]).map_err(|why| format!("{why:#}"))
}

/// The values that a plan sets: keys, text before, text after.
fn values(plan: &Plan) -> Vec<(String, Option<String>, String)> {
    let edits = plan.changes.iter().filter_map(|change| match &change.action {
        Action::Edit { edits, .. } => Some(edits),
        _ => None,
    });
    edits
        .flatten()
        .map(|edit| match edit {
            Edit::Yaml { key, from, to } => (key.join("."), from.clone(), to.shown()),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Every line that differs is the old one with just the value replaced.
fn only_values_moved(before: &str, after: &str, plan: &Plan) {
    let values = values(plan);
    assert_eq!(before.lines().count(), after.lines().count());
    let differing: Vec<_> = before.lines().zip(after.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(differing.len(), values.len(), "{differing:?}");
    for (old, new) in differing {
        let is = |(key, from, to): &(String, Option<String>, String)| {
            let (name, rest) = old.trim_start().split_once(':').unwrap();
            key.ends_with(name)
                && from.as_ref().is_some_and(|from| {
                    format!("{name}:{}", rest.replacen(from.as_str(), to, 1)) == new.trim_start()
                })
        };
        assert!(values.iter().any(is), "{old} -> {new}");
    }
}

/// The options that stand in the file of a sample: others would be added.
fn written(host: &Simulated) -> Vec<(&'static str, &'static str)> {
    let there = |given: &(&str, &str)| {
        let plan = planned(host, &[*given]).unwrap_or_else(|why| panic!("{given:?}: {why}"));
        let [(_, from, _)] = &values(&plan)[..] else { panic!("{given:?}: {:?}", values(&plan)) };
        from.is_some()
    };
    ALL.iter().filter(|given| there(given)).copied().collect()
}

/// Names by release, quotes, comments and order stay as they are.
#[test]
fn every_option_is_set_on_both_samples_and_no_other_byte_moves() {
    for sample in SAMPLES {
        let host = host(sample);
        let given = written(&host);
        assert!(given.len() + 1 >= ALL.len(), "{sample}: {given:?}");
        let before = host.files();
        let plan = planned(&host, &given).unwrap();
        assert_eq!(values(&plan).len(), given.len(), "{sample}");
        assert!(matches!(run(&host, plan.clone()).outcome, RunOutcome::Done | RunOutcome::Warning));
        only_values_moved(&before.text(CONFIG), &host.files().text(CONFIG), &plan);
        let again = planned(&host, &given).unwrap();
        assert!(values(&again).is_empty(), "{sample}: {again:?}");
    }
}

/// What was proposed is proposed no more once it is so.
#[test]
fn a_proposal_that_was_taken_is_not_made_again() {
    let host = ngcp_warden::demo::host();
    let text = "schema: 1\ntuning:\n  values: proposed\n  shadowed: there\n";
    let planned = || steps::assemble(&host, [of(&host, "tuning", text).unwrap()]).unwrap();
    let plan = planned();
    assert!(!values(&plan).is_empty(), "{plan:?}");
    assert!(!plan.partial, "{:?}", plan.reminders);
    let ran = run(&host, plan);
    assert!(matches!(ran.outcome, RunOutcome::Done | RunOutcome::Warning), "{}", ran.said);
    let again = planned();
    assert!(values(&again).is_empty(), "{:?}", values(&again));
}

/// F41: an apply that fails leaves the file as it was, byte for byte, with its mode.
#[test]
fn values_that_cannot_be_applied_are_taken_back_f41() {
    for sample in SAMPLES {
        let host = host(sample).file("/refuses", "");
        let before = host.files();
        let plan = planned(&host, &[("natping-processes", "6"), ("buffer-pool-size", "128M")]).unwrap();
        assert_eq!(run(&host, plan).outcome, RunOutcome::Failed);
        assert_eq!(host.files().changed_since(&before), Vec::<std::path::PathBuf>::new(), "{sample}");
    }
}

/// A file without this key; without its section, where nothing would be left of it.
fn without(text: &str, path: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    for (depth, key) in path.split('.').enumerate() {
        let is = |line: &&str| line.starts_with(&format!("{}{key}:", "  ".repeat(depth)));
        at += lines[at..].iter().position(is).unwrap();
    }
    lines.remove(at);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let section = lines[at - 1];
    if section.ends_with(':') && lines.get(at).is_none_or(|next| indent(next) <= indent(section)) {
        lines.remove(at - 1);
    }
    lines.join("\n") + "\n"
}

/// A key that somebody took out is put where the release has it, and all lines that were there stay.
#[test]
fn a_key_that_is_missing_is_added_and_nothing_else_moves() {
    for sample in SAMPLES {
        for given in ALL {
            let (full, key) = (host(sample), given.0);
            let [(path, Some(_), to)] = &values(&planned(&full, &[*given]).unwrap())[..] else { continue };
            let less = without(&full.files().text(CONFIG), path);
            let host = applicable(hosts::load(sample).file(CONFIG, less.clone()));
            let plan = planned(&host, &[*given]).unwrap_or_else(|why| panic!("{sample}: {key}: {why}"));
            let added: Vec<_> = values(&plan).into_iter().map(|(path, from, _)| (path, from)).collect();
            assert_eq!(added, [(path.clone(), None)], "{sample}: {key}");
            run(&host, plan);
            let after = host.files().text(CONFIG);
            let mut old = less.lines().peekable();
            let new: Vec<&str> = after.lines().filter(|line| old.next_if_eq(line).is_none()).collect();
            assert!(old.next().is_none() && (1..=2).contains(&new.len()), "{sample}: {key}: {new:?}");
            let name = path.rsplit('.').next().unwrap();
            let line = new.last().unwrap().trim();
            assert!(line.starts_with(&format!("{name}: ")) && line.contains(to.as_str()), "{line}, not {to}");
            assert!(values(&planned(&host, &[*given]).unwrap()).is_empty(), "{sample}: {key}: seen again");
        }
    }
}

/// A key with nothing behind it gets its value; a list there is for the hand, and nothing is changed.
#[test]
fn a_key_without_a_value_is_filled_and_a_list_is_refused_with_its_line() {
    for (empty, filled) in
        [("~", true), ("null", true), ("", true), ("''", true), ("[7]", false), ("{a: 7}", false)]
    {
        let text = hosts::load("mr3.8").files().text(CONFIG);
        let odd = text.replace("natping_processes: 7", &format!("natping_processes: {empty}"));
        let host = applicable(hosts::load("mr3.8").file(CONFIG, odd));
        match planned(&host, &[("natping-processes", "6")]) {
            Ok(plan) => {
                assert!(filled, "{empty}: {plan:?}");
                run(&host, plan);
                let after = host.files().text(CONFIG);
                let (_, behind) = after.split_once("natping_processes:").unwrap();
                let line = behind.lines().next().unwrap().trim();
                assert!(["6", "'6'", "\"6\""].contains(&line), "{empty}: {line}");
            }
            Err(why) => {
                assert!(!filled && why.contains("config.yml") && why.contains("line "), "{empty}: {why}");
            }
        }
    }
}

/// An answers file says of each row what can be answered.
#[test]
fn the_row_of_the_log_server_says_what_it_takes() {
    let form = find("tuning").unwrap().form(&inspect("tuning", &host("mr13.5"))).unwrap();
    let help = form.field("syslog-external-address").unwrap().help.clone().unwrap();
    assert!(help.contains("a host name or an address"), "{help}");
}

/// The file that wins is named, and edited only on request; constants.yml never.
#[test]
fn a_value_that_another_file_decides_is_refused_with_its_name_or_set_there() {
    let local = "# ours\nkamailio:\n  proxy:\n    natping_processes: '5' # since May\n";
    for sample in SAMPLES {
        let host = host(sample).file(LOCAL, local);
        let before = host.files();
        let refused = planned(&host, &[("natping-processes", "6")]).unwrap_err();
        assert!(
            refused.contains("tuning.natping-processes") && refused.contains("config.local.yml line 4"),
            "{refused}"
        );
        let plan = planned(&host, &[("natping-processes", "6"), ("shadowed", "there")]).unwrap();
        run(&host, plan);
        assert_eq!(host.files().text(LOCAL), local.replace("'5'", "'6'"));
        assert_eq!(host.files().text(CONFIG), before.text(CONFIG));
        let constants = before.text("/etc/ngcp-config/constants.yml");
        let constants = constants.replace("\ndatabase:\n", "\ndatabase:\n  bufferpoolsize: 1G\n");
        let host = self::host(sample).file("/etc/ngcp-config/constants.yml", constants);
        for given in
            [vec![("buffer-pool-size", "128M")], vec![("buffer-pool-size", "128M"), ("shadowed", "there")]]
        {
            let refused = planned(&host, &given).unwrap_err();
            assert!(refused.contains("constants.yml line "), "{refused}");
        }
    }
}

/// Whoever wrote it, and however: only the values move.
#[test]
fn another_order_and_style_of_the_file_changes_no_byte_but_the_values() {
    let odd = "# by hand\r\nrsyslog: {external_log: 0, external_address: 192.0.2.32, ngcp_logs_preserve_days: '93'} # one line\r\n\r\nkamailio:\r\n    # four blanks\r\n    \
               proxy:\r\n        natping_processes:   7      # never 8\r\n        children: \"8\"\r\n    lb:\r\n        shm_mem: 64\r\n\
               database:\r\n  bufferpoolsize: \"2G\"\r\n";
    let host = applicable(Simulated::new().file(CONFIG, odd).file("/etc/ngcp_version", "mr9.5.1\n"));
    let given = [
        ("natping-processes", "6"),
        ("proxy-children", "4"),
        ("lb-shm-mem", "96"),
        ("buffer-pool-size", "128M"),
        ("syslog-external", "yes"),
        ("syslog-preserve-days", "60"),
    ];
    let plan = planned(&host, &given).unwrap();
    run(&host, plan);
    let wanted = odd
        .replace("log: 0", "log: 1")
        .replace("'93'", "'60'")
        .replace("  7  ", "  6  ")
        .replace("\"8\"", "\"4\"")
        .replace("shm_mem: 64", "shm_mem: 96")
        .replace("\"2G\"", "\"128M\"");
    assert_eq!(host.files().text(CONFIG), wanted);
}

/// F81: an answers file cannot set what stops kamailio, starves the host or leaves phones unreachable.
#[test]
fn dangerous_answers_are_refused_with_key_and_reason_f81() {
    for sample in SAMPLES {
        let host = host(sample).file("/proc/meminfo", MEMORY);
        for (key, value, why) in [
            ("natping-processes", "8", "7"),
            ("natping-interval", "0", "NAT"),
            ("lb-pkg-mem", "7", "8"),
            ("lb-pkg-mem", "'16M'", "lb-pkg-mem"),
            ("proxy-children", "0", "proxy-children"),
            ("buffer-pool-size", "64", "no size"),
            ("buffer-pool-size", "900G", "memory"),
            ("proxy-min-expires", "99999", "expires"),
        ] {
            let refused = planned(&host, &[(key, value)]).unwrap_err();
            assert!(
                refused.contains("tuning.") && refused.contains(why),
                "{sample}: {key} {value}: {refused}"
            );
        }
        assert_eq!(host.files().text(CONFIG), hosts::load(sample).files().text(CONFIG));
    }
}

/// The switch of SIP over TLS is a question of two steps.
#[test]
fn two_steps_that_want_two_things_of_one_value_are_told_apart() {
    let host = host("mr13.5");
    let tls = |plan: &str| of(&host, "tuning", &file(&[("sip-tls-enable", plan)]));
    let certificates = || of(&host, "certificates", "schema: 1\ncertificates:\n  sip-tls: on\n");
    let both = |tuning: Plan| steps::assemble(&host, [certificates().unwrap(), tuning]);
    assert!(both(tls("keep").unwrap()).is_ok());
    assert!(both(tls("yes").unwrap()).is_ok(), "both want the same");
    let mut other = tls("yes").unwrap();
    for change in &mut other.changes {
        if let Action::Edit { edits, .. } = &mut change.action {
            for edit in edits {
                if let Edit::Yaml { to, .. } = edit {
                    *to = ngcp_warden::plan::Template::text("no");
                }
            }
        }
    }
    let refused = both(other).unwrap_err().to_string();
    assert!(
        refused.contains("certificates makes kamailio.lb.tls.enable yes, tuning makes it no"),
        "{refused}"
    );
}

/// The profile's tool rewrites the file: what was shown of it would no longer be what is edited.
#[test]
fn a_profile_and_single_values_are_set_one_after_the_other() {
    let host = host("mr13.5").on("ngcp-toggle-performance-config", |_: &mut Files, _: &Command| "");
    let profile = of(&host, "performance", "schema: 1\nperformance:\n  profile: low\n").unwrap();
    let values = of(&host, "tuning", &file(&[("natping-processes", "6")])).unwrap();
    let refused = steps::assemble(&host, [profile, values]).unwrap_err().to_string();
    assert!(
        refused.contains("(performance)") && refused.contains("(tuning)") && refused.contains("second run"),
        "{refused}"
    );
}
