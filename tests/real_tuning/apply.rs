//! Values that the step plans are in force in the daemons after its apply, and the old ones are again after an undo.

use std::fs;

use serde_json::Value;

use crate::{
    debian,
    host::{CONFIG, Machine, Proxy},
    traffic::shared,
};

/// Everything of the daemons that the answers of these tests change.
#[derive(Debug, PartialEq)]
struct InForce {
    pool: u64,
    lb: [usize; 2],
    proxy: [usize; 2],
    shared: [u64; 2],
    expires: String,
}

fn in_force(machine: &Machine) -> InForce {
    let expires = Proxy::Proxy.ask(&["cfg.get", "registrar", "default_expires"]);
    InForce {
        pool: machine.sql("SELECT @@innodb_buffer_pool_size;").trim().parse().unwrap(),
        lb: ["udp receiver", "tcp receiver"].map(|what| Proxy::Lb.count(what)),
        proxy: ["udp receiver", "TIMER NH"].map(|what| Proxy::Proxy.count(what)),
        shared: Proxy::BOTH.map(|proxy| shared(proxy, "total") as u64),
        expires: expires.trim().to_owned(),
    }
}

fn status(audit: &Value, id: &str) -> String {
    let finding = audit["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id);
    finding.map_or_else(|| format!("no {id}"), |finding| finding["status"].as_str().unwrap().to_owned())
}

#[test]
fn values_are_in_force_in_the_daemons_after_the_apply_and_back_after_an_undo() {
    if !debian::inside("apply::values_are_in_force_in_the_daemons_after_the_apply_and_back_after_an_undo") {
        return;
    }
    let machine = Machine::start(&[("bufferpoolsize: 2G", "bufferpoolsize: 64M # our own")]);
    let (config, before) = (fs::read(CONFIG).unwrap(), in_force(&machine));
    assert_eq!((before.pool, before.shared), (64 << 20, [64, 124]), "{before:?}");
    assert_eq!((before.lb, before.proxy), ([16, 8], [8, 7]), "{before:?}");

    let answers = [
        ("values", "proposed"),
        ("buffer-pool-size", "192M"),
        ("lb-udp-children", "3"),
        ("lb-tcp-children", "2"),
        ("proxy-children", "5"),
        ("natping-processes", "4"),
        ("lb-shm-mem", "96"),
        ("proxy-shm-mem", "80"),
        ("proxy-default-expires", "1800"),
    ];
    let (code, result, said) = machine.apply(&answers);
    assert_eq!(code, 0, "{said}");
    let applied = result["steps"].as_array().unwrap().iter().find(|step| step["step"] == "apply").unwrap();
    assert_eq!(applied["outcome"], "done", "{said}");
    let wanted =
        InForce { pool: 192 << 20, lb: [6, 2], proxy: [5, 4], shared: [96, 80], expires: "1800".to_owned() };
    assert_eq!(in_force(&machine), wanted, "{said}");
    let text = fs::read_to_string(CONFIG).unwrap();
    assert!(
        text.contains("bufferpoolsize: 192M # our own\n") && text.contains("udp_children: '3'\n"),
        "{text}"
    );
    let audit = machine.audit();
    for option in [
        "BUFFER-POOL-SIZE",
        "LB-UDP-CHILDREN",
        "LB-TCP-CHILDREN",
        "PROXY-CHILDREN",
        "NATPING-PROCESSES",
        "LB-SHM-MEM",
        "PROXY-SHM-MEM",
    ] {
        assert_eq!(status(&audit, &format!("TUNING-IN-FORCE-{option}")), "pass", "{audit:#}");
    }

    let (code, again, said) = machine.apply(&answers);
    assert_eq!((code, &again["changed"]), (0, &Value::Bool(false)), "{said}");

    let (code, _, said) = machine.undo();
    assert_eq!(code, 0, "{said}");
    assert_eq!(in_force(&machine), before, "{said}");
    assert_eq!(fs::read(CONFIG).unwrap(), config, "a byte did not come back");
}

/// Another file of the server decides the pool: what config.yml says would never be in force (F82).
#[test]
fn a_pool_that_another_file_of_the_database_decides_is_told_and_refused_f82() {
    if !debian::inside("apply::a_pool_that_another_file_of_the_database_decides_is_told_and_refused_f82") {
        return;
    }
    let machine = Machine::start(&[("bufferpoolsize: 2G", "bufferpoolsize: 64M")]);
    machine.another_file_decides("48M");
    let audit = machine.audit();
    assert_eq!(status(&audit, "TUNING-OTHER-OWNER"), "fail", "{audit:#}");
    assert_eq!(status(&audit, "TUNING-IN-FORCE-BUFFER-POOL-SIZE"), "fail", "{audit:#}");
    let (before, pool) = (fs::read(CONFIG).unwrap(), in_force(&machine).pool);
    assert_eq!(pool, 48 << 20);
    let (code, _, said) = machine.apply(&[("values", "proposed"), ("buffer-pool-size", "128M")]);
    assert!(code == 2 && said.contains("buffer-pool-size") && said.contains("zz-own.cnf"), "{code} {said}");
    assert_eq!((fs::read(CONFIG).unwrap(), in_force(&machine).pool), (before, pool));
}

/// A proxy that does not come up with the new value: everything is taken back, and it runs as before.
#[test]
fn a_value_with_which_kamailio_does_not_start_is_taken_back_f81() {
    if !debian::inside("apply::a_value_with_which_kamailio_does_not_start_is_taken_back_f81") {
        return;
    }
    let machine = Machine::start(&[("bufferpoolsize: 2G", "bufferpoolsize: 64M")]);
    // Of the operator's own: with any other number of workers than 8 it wants a module that is not there.
    let workers = "children=[% kamailio.proxy.children %]";
    let own =
        "#!define WORKERS_[% kamailio.proxy.children %]\n#!ifndef WORKERS_8\nloadmodule \"own.so\"\n#!endif";
    machine.template_has("kamailio/proxy/kamailio.cfg", workers, &format!("{workers}\n{own}"));
    let (config, before) = (fs::read(CONFIG).unwrap(), in_force(&machine));
    let mut answers = vec![("values", "proposed"), ("proxy-children", "5")];
    answers.extend(["buffer-pool-size", "lb-shm-mem", "proxy-shm-mem"].map(|name| (name, "keep")));
    let (code, _, said) = machine.apply(&answers);
    assert_eq!(code, 1, "{said}");
    assert_eq!(fs::read(CONFIG).unwrap(), config);
    assert_eq!(in_force(&machine), before);
}
