//! What the options become: the handbook's own figures, the values that are refused, and every host there may be.

use proptest::prelude::*;

use super::{
    budget,
    facts::{Facts, Measured, Now},
    names::{asks, by, figure},
    sizing::{Becoming, Sized, sized},
};
use crate::{
    ngcp::options,
    steps::{Answers, answers::Answer},
};

const MEMORY: f64 = 16384.0;

/// A host that has these values, all others as the handbook has them.
fn facts(values: &[(&str, &str)], measured: &[(&str, f64)]) -> Facts {
    let mut facts = Facts::default();
    for option in options::all().iter().filter(|option| option.tuning.is_some()) {
        let own = values.iter().find(|(name, _)| *name == option.name);
        let text = own.map_or(option.default.as_str(), |(_, text)| *text);
        let text = (!text.is_empty()).then(|| text.to_owned());
        facts.options.push(Now { name: option.name.clone(), text, ..Now::default() });
    }
    for (name, value) in measured {
        facts.measured.insert((*name).into(), Measured { value: *value, by: "a test".into() });
    }
    facts
}

fn answers(all: &[(&str, Answer)]) -> Answers {
    let values = [(asks::VALUES, Answer::Choice(by::PROPOSED.into()))];
    let values = values.into_iter().chain(all.iter().cloned());
    Answers { values: values.map(|(key, answer)| (key.to_owned(), answer)).collect(), ..Answers::default() }
}

fn number(number: i64) -> Answer {
    Answer::Number(number)
}

fn of<'a, 'b>(sized: &'b Sized<'a>, name: &str) -> &'b Becoming<'a> {
    sized.options.iter().find(|one| one.now.name == name).unwrap()
}

fn becomes(sized: &Sized, name: &str) -> String {
    of(sized, name).value.as_ref().unwrap().to_string()
}

/// Handbook 15.7, natping_processes: "asuming 50K nated subscribers ... 50.000/30/250 = (6,66) 7 workers".
#[test]
fn fifty_thousand_phones_behind_nat_need_seven_keepalive_processes() {
    let facts = facts(&[], &[(figure::MEMORY, MEMORY)]);
    let sized =
        sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(50_000)), (asks::BEHIND_NAT, number(100))]));
    assert_eq!(becomes(&sized, "natping-processes"), "7");
    assert_eq!(of(&sized, "natping-processes").rule.as_deref(), Some("50000 / 30 / 250 = 6.67, 7, as now"));
    assert_eq!(becomes(&sized, "natping-interval"), "30");
    assert_eq!(of(&sized, "natping-interval").warned, None);
}

/// Handbook 15.7, shm_mem: "1024 (1GB) is a good value for 50K subscriber environment"; children: 8.
#[test]
fn fifty_thousand_subscribers_need_a_gigabyte_of_shared_memory_and_eight_workers() {
    let facts = facts(&[], &[(figure::MEMORY, MEMORY), (figure::CORES, 8.0)]);
    let sized = sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(50_000))]));
    for (name, value) in [
        ("lb-shm-mem", "1024"),
        ("proxy-shm-mem", "1024"),
        ("lb-udp-children", "8"),
        ("lb-tcp-children", "8"),
        ("proxy-children", "8"),
    ] {
        assert_eq!(becomes(&sized, name), value, "{name}");
    }
    assert_eq!(of(&sized, "lb-shm-mem").rule.as_deref(), Some("50000 * 1024 / 50000 = 1024"));
    assert_eq!(of(&sized, "proxy-children").rule.as_deref(), Some("50000 / 500 = 100, at most 8, as now"));
}

#[test]
fn too_few_processors_for_the_workers_that_calls_need_are_said() {
    let facts = facts(&[], &[(figure::MEMORY, MEMORY), (figure::CORES, 4.0)]);
    let sized = sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(20_000)), (asks::CALLS, number(200))]));
    let rule = of(&sized, "proxy-children").rule.as_deref();
    let words = "at least 20 (200 / 10), at most 8: 2 for each processor, or 8, as now";
    assert!(rule.is_some_and(|rule| rule.ends_with(words)), "{rule:?}");
    let said = sized.said();
    let words = "Tuning: Proxy workers: 20 by these figures, 8 at most for these processors.";
    assert!(said.iter().any(|one| one == words), "{said:?}");
    assert!(said.iter().all(|one| !one.contains("Load balancer")), "{said:?}");
}

/// Handbook 15.7: for a test environment shm_mem 64 should be enough, and "for a test system ... 2 is a good value".
#[test]
fn a_test_system_needs_little() {
    let facts = facts(&[], &[(figure::MEMORY, 2048.0), (figure::CORES, 2.0), (figure::DATA, 20.0)]);
    let sized = sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(20)), (asks::BEHIND_NAT, number(100))]));
    for (name, value) in [
        ("lb-shm-mem", "64"),
        ("proxy-shm-mem", "64"),
        ("lb-udp-children", "2"),
        ("lb-tcp-children", "2"),
        ("proxy-children", "2"),
        ("natping-processes", "1"),
        ("buffer-pool-size", "64M"),
    ] {
        assert_eq!(becomes(&sized, name), value, "{name}");
    }
    assert!(sized.refused.is_none(), "{:?}", sized.refused);
}

/// Lowering is for test systems and where memory is low (handbook 15.7).
#[test]
fn what_a_large_host_has_is_not_made_smaller_but_what_is_too_large() {
    let has = [("lb-shm-mem", "1024"), ("proxy-shm-mem", "4096"), ("buffer-pool-size", "2G")];
    let facts = facts(&has, &[(figure::MEMORY, MEMORY), (figure::CORES, 8.0), (figure::DATA, 100.0)]);
    let sized = sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(2000))]));
    let changed = sized.options.iter().filter(|one| one.changes());
    let changed: Vec<_> = changed.map(|one| (one.now.name.as_str(), one.text().unwrap())).collect();
    assert_eq!(changed, [("proxy-shm-mem", "1024".to_owned())]);
    let rule = of(&sized, "lb-shm-mem").rule.as_deref();
    assert_eq!(rule, Some("2000 * 1024 / 50000 = 40.96, rounded up to whole 64: 64, at least 1024, as now"));
}

#[test]
fn more_phones_than_seven_processes_can_keep_alive_get_a_longer_interval_and_a_warning() {
    let facts = facts(&[], &[(figure::MEMORY, MEMORY), (figure::CORES, 8.0)]);
    let sized =
        sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(100_000)), (asks::BEHIND_NAT, number(100))]));
    assert_eq!(becomes(&sized, "natping-interval"), "58");
    assert_eq!(becomes(&sized, "natping-processes"), "7");
    assert_eq!(of(&sized, "natping-interval").rule.as_deref(), Some("30, at least 58 (100000 / 7 / 250)"));
    assert!(of(&sized, "natping-interval").warned.unwrap().contains("30 s"));
    assert_eq!(budget::keepalives(&sized.planned).fits(), Some(true));
    assert_eq!(budget::keepalives(&sized.today).fits(), Some(false));
}

#[test]
fn the_buffer_pool_holds_the_data_as_far_as_there_is_memory_beside_all_else() {
    let told = |memory: f64, data: f64| {
        let facts = facts(&[], &[(figure::MEMORY, memory), (figure::DATA, data), (figure::CORES, 2.0)]);
        let load = [(asks::SUBSCRIBERS, number(1000)), (asks::BEHIND_NAT, number(100))];
        becomes(&sized(&facts, &answers(&load)), "buffer-pool-size")
    };
    assert_eq!(told(MEMORY, 4000.0), "4416M");
    assert_eq!(told(MEMORY, 40_000.0), "8G", "half of the memory");
    assert_eq!(told(2048.0, 40_000.0), "1008M", "what is left");
}

/// F81: each with the key, the reason and the handbook's warning.
#[test]
fn a_dangerous_value_is_refused_with_its_reason_f81() {
    let facts = facts(&[], &[(figure::MEMORY, MEMORY)]);
    let bad = self::facts(&[("natping-processes", "8")], &[(figure::MEMORY, MEMORY)]);
    let again = answers(&[("natping-processes", number(8))]);
    assert!(of(&sized(&bad, &again), "natping-processes").refused.is_some(), "what it has already");
    for (key, answer, words) in [
        ("natping-processes", number(8), "8 is not from 1 to 7: with more than 7 kamailio does not start"),
        ("natping-interval", number(0), "0 switches keepalives off"),
        ("lb-pkg-mem", number(7), "below 8 a worker runs out of memory"),
        ("proxy-pkg-mem", number(4), "below 8 a worker runs out of memory"),
        ("lb-tcp-children", number(0), "one or two are always needed"),
        ("proxy-min-expires", number(7200), "proxy-min-expires is 7200 s, proxy-default-expires only 3600 s"),
        ("proxy-max-expires", number(600), "proxy-default-expires is 3600 s, proxy-max-expires only 600 s"),
        ("buffer-pool-size", Answer::Text("64".into()), "64M"),
        ("natping-processes", Answer::Text("seven".into()), "'seven' is no whole number"),
        ("syslog-external", Answer::Choice("yes".into()), "syslog-external-address names none"),
    ] {
        let sized = sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(1000)), (key, answer)]));
        let refused = of(&sized, key).refused.as_deref().unwrap_or_default();
        assert!(refused.contains(words), "{key}: {refused}");
    }
}

/// F81: more memory than there is, more keepalives than can be sent.
#[test]
fn values_that_are_too_much_together_are_refused_with_the_key_to_change_f81() {
    let facts = facts(&[], &[(figure::MEMORY, 4096.0), (figure::CORES, 2.0), (figure::SYSTEM, 1500.0)]);
    let refused = |key: &str, answer: Answer| {
        let behind_nat = (asks::BEHIND_NAT, number(100));
        let answers = answers(&[(asks::SUBSCRIBERS, number(10_000)), behind_nat, (key, answer)]);
        sized(&facts, &answers).refused
    };
    let (key, why) = refused("buffer-pool-size", Answer::Text("3G".into())).unwrap();
    assert_eq!(key, "buffer-pool-size");
    assert!(why.contains("more than the 4096 MB"), "{why}");
    let (key, why) = refused("natping-interval", number(5)).unwrap();
    assert_eq!(key, "natping-interval");
    assert!(why.contains("2000 keepalives are due each second, the processes can send 1750"), "{why}");
    assert_eq!(refused("buffer-pool-size", Answer::Text("512M".into())), None);
}

/// A host that is over its memory today may be made better without being made good.
#[test]
fn what_makes_a_bad_host_better_is_not_refused() {
    let facts = facts(&[("buffer-pool-size", "8G")], &[(figure::MEMORY, 4096.0), (figure::CORES, 2.0)]);
    let with = |pool: &str| {
        let own = ("buffer-pool-size", Answer::Text(pool.into()));
        sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(100)), own])).refused.map(|(key, _)| key)
    };
    assert_eq!(with("6G"), None);
    let own = ("buffer-pool-size", Answer::Text("6G".into()));
    let planned = sized(&facts, &answers(&[(asks::SUBSCRIBERS, number(100)), own])).planned;
    let said = super::guard::said(&planned);
    assert!(matches!(&said[..], [one] if one.contains("more than the 4096 MB there are")), "{said:?}");
    assert_eq!(with("9G").as_deref(), Some("buffer-pool-size"));
}

#[test]
fn values_that_are_left_are_all_as_they_are_and_still_proposed() {
    let facts = facts(
        &[("natping-processes", "8"), ("lb-shm-mem", "4000"), ("proxy-children", "?")],
        &[
            (figure::MEMORY, 2048.0),
            (figure::SUBSCRIBERS_NOW, 2000.0),
            (figure::REGISTERED_NOW, 1000.0),
            (figure::NATED_NOW, 900.0),
            (figure::CORES, 4.0),
        ],
    );
    let sized = sized(&facts, &Answers::default());
    assert!(sized.options.iter().all(|one| !one.changes() && one.refused.is_none()));
    assert_eq!(sized.planned, sized.today);
    assert_eq!(of(&sized, "lb-shm-mem").proposed.as_ref().unwrap().to_string(), "64");
    assert_eq!(of(&sized, "natping-processes").proposed.as_ref().unwrap().to_string(), "1");
}

#[test]
fn where_nobody_told_how_many_subscribers_there_are_only_what_is_illegal_gets_another_value() {
    let facts = facts(&[("natping-processes", "8")], &[(figure::MEMORY, MEMORY)]);
    let sized = sized(&facts, &answers(&[]));
    let changed: Vec<&str> =
        sized.options.iter().filter(|one| one.changes()).map(|one| one.now.name.as_str()).collect();
    assert_eq!(changed, ["natping-processes"]);
    assert_eq!(becomes(&sized, "natping-processes"), "7");
    let rule = of(&sized, "proxy-children").rule.as_deref().unwrap();
    assert!(rule.contains("how many subscribers there are is not known"), "{rule}");
}

/// What is not known of one thing does not keep others from being worked out.
#[test]
fn the_buffer_pool_is_worked_out_though_nobody_told_how_many_subscribers_there_are() {
    let has = [("lb-shm-mem", "128"), ("proxy-shm-mem", "128")];
    let facts = facts(&has, &[(figure::MEMORY, MEMORY), (figure::DATA, 4000.0)]);
    let sized = sized(&facts, &answers(&[]));
    assert_eq!(becomes(&sized, "buffer-pool-size"), "4416M");
    assert_eq!(of(&sized, "lb-shm-mem").unknown, Some("how many subscribers there are"));
}

/// Where no file has a key, what a fresh installation has is not written into one.
#[test]
fn a_key_that_no_file_has_is_added_for_another_value_alone() {
    let mut facts = facts(&[], &[(figure::MEMORY, 2048.0), (figure::CORES, 4.0)]);
    for now in &mut facts.options {
        now.text = None;
    }
    let at = |subscribers: i64, answers_: &[(&str, Answer)]| {
        let load = [(asks::SUBSCRIBERS, number(subscribers)), (asks::BEHIND_NAT, number(100))];
        let all = [&load, answers_].concat();
        let sized = sized(&facts, &answers(&all));
        ["natping-processes", "rating-enable"].map(|name| of(&sized, name).text())
    };
    assert_eq!(at(50_000, &[]), [None, None]);
    assert_eq!(
        at(10, &[("rating-enable", Answer::Choice("no".into()))]),
        [Some("1".into()), Some("no".into())]
    );
}

#[test]
fn a_switch_is_written_as_it_stood() {
    let facts = facts(&[("syslog-external-address", "192.0.2.1")], &[]);
    let sized = sized(&facts, &answers(&[("syslog-external", Answer::Choice("yes".into()))]));
    assert_eq!(of(&sized, "syslog-external").text().as_deref(), Some("1"));
    assert!(of(&sized, "syslog-external").changes());
}

#[test]
fn days_of_logs_shrink_until_they_fit_on_the_disk_that_they_share() {
    let measured = [
        (figure::LOG_DAY, 100.0),
        (figure::LOG_NOW, 2000.0),
        (figure::LOG_FREE, 5000.0),
        (figure::BINLOG_DAY, 400.0),
        (figure::BINLOG_NOW, 3000.0),
        (figure::BINLOG_FREE, 5000.0),
    ];
    let facts = facts(&[], &measured);
    let sized = sized(&facts, &answers(&[]));
    // 93 * 100 + 15 * 400 do not fit into 9 of 10 of 2000 + 3000 + 5000.
    assert_eq!(becomes(&sized, "syslog-preserve-days"), "53");
    assert_eq!(becomes(&sized, "binlog-days"), "9");
    assert_eq!(of(&sized, "binlog-days").rule.as_deref(), Some("15, at most 9"));
    assert_eq!(budget::disk(&sized.today)[0].fits(), Some(false));
    assert_eq!(budget::disk(&sized.planned)[0].fits(), Some(true));
    let own = answers(&[("binlog-days", number(0))]);
    let (key, why) = super::sizing::sized(&facts, &own).refused.unwrap();
    assert_eq!((key.as_str(), why.contains("until the disk is full")), ("binlog-days", true), "{why}");
}

/// What a budget assumes it says, and what it cannot know it does not call fitting.
#[test]
fn a_budget_says_what_it_assumes_and_what_it_does_not_know() {
    let facts = facts(&[("lb-shm-mem", "64"), ("proxy-shm-mem", "64")], &[(figure::MEMORY, 4096.0)]);
    let memory = budget::memory(&sized(&facts, &answers(&[])).today);
    assert_eq!(memory.fits(), Some(true));
    assert!(
        memory.assumed.iter().any(|one| one.ends_with(" MB for each process of the load balancer")),
        "{:?}",
        memory.assumed
    );
    assert!(memory.assumed.iter().all(|one| !one.contains("calls")), "{:?}", memory.assumed);
    let facts = self::facts(&[], &[(figure::MEMORY, 4096.0)]);
    let memory = budget::memory(&sized(&facts, &answers(&[])).today);
    assert_eq!(memory.fits(), None);
    assert!(
        memory.unknown.iter().any(|one| one == "lb shared: lb-shm-mem not known"),
        "{:?}",
        memory.unknown
    );
}

/// A value of today that is not legal gives way to the proposal, not to the larger one of a fresh installation.
#[test]
fn on_a_small_host_an_illegal_value_becomes_no_larger_than_is_proposed() {
    let facts = facts(&[("natping-processes", "0")], &[(figure::MEMORY, 512.0), (figure::CORES, 1.0)]);
    let load = [(asks::SUBSCRIBERS, number(0)), (asks::BEHIND_NAT, number(0))];
    assert_eq!(becomes(&sized(&facts, &answers(&load)), "natping-processes"), "1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// RAM of 512 MB to 512 GB, nobody to 10 million, 1 to 128 processors; whatever the host has today.
    #[test]
    fn no_proposal_breaks_a_guard(
        memory in prop_oneof![512.0..4096.0, 512.0..524_288.0],
        subscribers in prop_oneof![0..1000_i64, 0..10_000_000_i64],
        by_database in any::<bool>(),
        cores in 1..=128_u32,
        behind_nat in 0..=100_i64,
        growth in 0..=1000_i64,
        calls in 0..10_000_i64,
        register_every in 1..=604_800_i64,
        system in proptest::option::of(0.05..1.2),
        data in proptest::option::of(0.0..1_000_000.0),
        worker in proptest::option::of(1.0..60.0),
        days in proptest::option::of((0.0..5000.0, 0.0..5000.0, 0.0..100_000.0)),
        now in proptest::collection::vec(proptest::option::of(-1..100_000_i64), 18),
    ) {
        let now: Vec<String> = now.iter().map(|now| now.map(|now| now.to_string()).unwrap_or_default()).collect();
        let names = options::all().iter().filter(|option| option.tuning.is_some()).map(|option| option.name.as_str());
        let counted = |name: &&str| options::find(name).and_then(|o| o.tuning.as_ref()).is_some_and(|t| t.sized.is_some());
        let mut values: Vec<(&str, &str)> =
            names.filter(counted).zip(&now).filter(|(_, now)| !now.is_empty()).map(|(name, now)| (name, now.as_str())).collect();
        let pool = format!("{}M", now[0]);
        values.retain(|(name, _)| *name != "buffer-pool-size");
        if !now[0].is_empty() {
            values.push(("buffer-pool-size", &pool));
        }
        let mut measured = vec![(figure::MEMORY, memory), (figure::CORES, f64::from(cores))];
        measured.extend(by_database.then_some((figure::SUBSCRIBERS_NOW, subscribers as f64)));
        measured.extend(system.map(|share| (figure::SYSTEM, memory * share)));
        measured.extend(data.map(|data| (figure::DATA, data)));
        measured.extend(worker.iter().flat_map(|worker| [(figure::LB_WORKER, *worker), (figure::PROXY_WORKER, *worker)]));
        if let Some((log, binlog, free)) = days {
            measured.extend([(figure::LOG_DAY, log), (figure::BINLOG_DAY, binlog), (figure::LOG_NOW, log * 10.0)]);
            measured.extend([(figure::BINLOG_NOW, binlog * 3.0), (figure::LOG_FREE, free), (figure::BINLOG_FREE, free)]);
        }
        let facts = facts(&values, &measured);
        let answers = answers(&[
            (asks::SUBSCRIBERS, number(subscribers)),
            (asks::BEHIND_NAT, number(behind_nat)),
            (asks::GROWTH, number(growth)),
            (asks::CALLS, number(calls)),
            (asks::REGISTER_EVERY, number(register_every)),
        ]);
        let sized = sized(&facts, &answers);
        for option in &sized.options {
            prop_assert_eq!(&option.refused, &None, "{}: {:?}", option.now.name, option.value);
            if let Some(proposed) = &option.proposed {
                prop_assert!(proposed.is_legal(&option.option.unit).is_ok(), "{}: {}", option.now.name, proposed);
            }
        }
        prop_assert_eq!(&sized.refused, &None);

        // Once it is so, nothing more is proposed.
        let mut after = facts.clone();
        for (now, option) in after.options.iter_mut().zip(&sized.options) {
            now.text = option.text().or(now.text.take());
        }
        let again = self::sized(&after, &answers);
        let changed: Vec<String> = again.options.iter().filter(|one| one.changes()).map(|one| format!("{} {:?} {:?}", one.now.name, one.has, one.value)).collect();
        prop_assert!(changed.is_empty(), "{changed:?}");
    }
}
