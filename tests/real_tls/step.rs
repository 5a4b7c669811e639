//! The step on that machine: what is on the wire before, afterwards and after an undo.

use std::{fs, os::unix::fs::MetadataExt};

use serde_json::Value;

use crate::{
    host::{CONFIG, FOLDER, Machine, PORTS},
    real_host,
};

pub(crate) const NAMES: [&str; 3] = ["sip.example.net", "myserver", "spce"];
pub(crate) const P256: [&str; 3] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

fn machine(test: &str) -> Option<Machine> {
    real_host::inside(&format!("step::{test}")).map(|work| Machine::start(&work))
}

/// Answers that put one certificate everywhere.
fn everywhere(file: &str) -> String {
    format!("certificates:\n  \"web.import\": {file}\n  \"sip.import\": {file}\n")
}

pub(crate) fn changes(result: &Value) -> Vec<(String, String, String)> {
    let steps = result["steps"].as_array().into_iter().flatten();
    let changes = steps.flat_map(|step| step["changes"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    changes.map(|change| (text(&change["id"]), text(&change["outcome"]), text(&change["message"]))).collect()
}

/// What the run could not do is as before: files, wire, and the proxy of before still runs.
fn is_untouched(machine: &Machine, before: &Before, said: &str) {
    assert_eq!(machine.wire(), before.wire, "{said}");
    assert_eq!(machine.proxy(), before.proxy, "the live proxy was started again: {said}");
    assert!(machine.files() == before.files, "{said}");
    assert!(machine.uncommitted().is_empty(), "{:?}: {said}", machine.uncommitted());
}

struct Before {
    wire: Vec<Option<(String, usize)>>,
    proxy: String,
    files: Vec<(String, Vec<u8>)>,
}

fn before(machine: &Machine) -> Before {
    let before = Before { wire: machine.wire(), proxy: machine.proxy(), files: machine.files() };
    assert!(before.wire.iter().all(Option::is_some) && !before.proxy.is_empty());
    before
}

#[test]
fn an_import_is_on_every_port_with_its_chain_and_an_undo_brings_the_old_one_back() {
    let test = "an_import_is_on_every_port_with_its_chain_and_an_undo_brings_the_old_one_back";
    let Some(machine) = machine(test) else { return };
    let old = before(&machine);
    assert!(PORTS.iter().all(|port| !machine.trusted(*port, NAMES[0])));
    let file = machine.bundle("new", &NAMES, &P256);

    let (code, result, said) = machine.apply(&everywhere(&file), "");
    assert_eq!((code, result["outcome"].as_str()), (0, Some("done")), "{said}");
    let told = changes(&result);
    let seen = "2 services still run, seen served on ports 443, 1443, 2443, 5061";
    assert!(told.iter().any(|(id, _, message)| id == "apply" && message == seen), "{told:#?}");
    let new = machine.wire();
    for (port, (seen, was)) in PORTS.iter().zip(new.iter().zip(&old.wire)) {
        assert_ne!(seen, was, "port {port}");
        assert_eq!(seen.as_ref().unwrap().1, 2, "port {port} must send the intermediate and not the root");
        assert_eq!(seen, &machine.served(*port, Some("another.example.org")), "port {port}");
        assert!(machine.trusted(*port, NAMES[0]), "port {port}");
    }
    assert_ne!(machine.proxy(), old.proxy);
    assert!(machine.uncommitted().is_empty(), "{:?}", machine.uncommitted());
    // Nothing of the old one is overwritten; the new key is for those who need it.
    let files = machine.files();
    let has = |path: &str| files.iter().find(|(one, _)| one.ends_with(path)).map(|(_, bytes)| bytes.clone());
    assert!(
        old.files
            .iter()
            .filter(|(path, _)| path.starts_with(FOLDER))
            .all(|(path, bytes)| has(path).as_ref() == Some(bytes))
    );
    let config = String::from_utf8(has(CONFIG).unwrap()).unwrap();
    let added: Vec<&String> = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| !old.files.iter().any(|(old, _)| &old == path))
        .collect();
    assert!(!added.is_empty() && added.iter().all(|path| config.contains(path.as_str())), "{added:?}");
    let group =
        machine.host.run(&["stat", "-c", "%G", added.iter().find(|path| path.ends_with(".key")).unwrap()]);
    assert_eq!(group.trim(), "ssl-cert");
    for path in &added {
        let mode = fs::metadata(machine.host.path(path)).unwrap().mode() & 0o7777;
        assert_eq!(mode, if path.ends_with(".key") { 0o640 } else { 0o644 }, "{path}");
        let content = String::from_utf8(has(path).unwrap()).unwrap();
        assert_eq!(content.contains("PRIVATE KEY"), path.ends_with(".key"));
    }

    let (code, again, said) = machine.apply(&everywhere(&file), "");
    assert_eq!((code, &again["changed"]), (0, &Value::Bool(false)), "{said}");
    assert_eq!(machine.wire(), new);

    let (code, _, said) = machine.undo();
    assert_eq!(code, 0, "{said}");
    assert_eq!(machine.wire(), old.wire, "the old one is not on the wire again: {said}");
    assert!(machine.files() == old.files, "{said}");
    assert!(machine.uncommitted().is_empty());
}

/// Refused before anything is changed: by our own eyes, or by the second daemon. The live proxy is never told.
#[test]
fn what_the_proxy_refuses_is_never_shown_to_the_live_one_f72() {
    let Some(machine) = machine("what_the_proxy_refuses_is_never_shown_to_the_live_one_f72") else { return };
    let old = before(&machine);

    let small = machine.bundle("small", &NAMES, &["rsa:1024"]);
    let (code, _, said) = machine.apply(&everywhere(&small), "");
    assert!(code == 2 && said.contains("1024"), "{code} {said}");
    is_untouched(&machine, &old, &said);

    // A host that asks for more than everybody else does: the key is good, and yet its daemons refuse it.
    let strict = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = strict\n[strict]\nCipherString = DEFAULT:@SECLEVEL=3\n";
    let openssl = fs::read_to_string(machine.host.path("/usr/lib/ssl/openssl.cnf")).unwrap();
    let real = fs::canonicalize(machine.host.path("/etc/ssl/openssl.cnf")).unwrap();
    let good = machine.bundle("good", &NAMES, &["rsa:2048"]);
    fs::write(&real, strict).unwrap();
    for (answers, daemon) in [
        (format!("certificates:\n  \"sip.import\": {good}\n"), "a second kamailio does not take it"),
        (format!("certificates:\n  \"web.import\": {good}\n"), "a second nginx does not take it"),
    ] {
        let (code, result, said) = machine.apply(&answers, "");
        assert_eq!(code, 1, "{said}");
        let told = changes(&result);
        let why =
            told.iter().any(|(_, _, message)| message.contains(daemon) && message.contains("key too small"));
        assert!(why, "{told:#?}");
        fs::write(&real, &openssl).unwrap();
        is_untouched(&machine, &old, &said);
        fs::write(&real, strict).unwrap();
    }
}

/// The web server's first process reads everything; the proxy does not.
#[test]
fn a_key_that_only_root_can_read_never_reaches_the_live_proxy_f71() {
    let Some(machine) = machine("a_key_that_only_root_can_read_never_reaches_the_live_proxy_f71") else {
        return;
    };
    let file = machine.bundle("new", &NAMES, &P256);
    machine.host.run(&["chmod", "0700", FOLDER]);
    let old = before(&machine);
    let (code, result, said) = machine.apply(&format!("certificates:\n  \"sip.import\": {file}\n"), "");
    assert_ne!(code, 0, "{said}");
    let told = format!("{:#?} {said}", changes(&result));
    assert!(told.to_lowercase().contains("permission denied"), "{told}");
    is_untouched(&machine, &old, &said);
}

/// However it fails, and whatever was told to whom: in the end the old certificate is on the wire.
#[test]
fn an_apply_that_fails_half_way_leaves_the_old_certificate_on_the_wire_f72() {
    let test = "an_apply_that_fails_half_way_leaves_the_old_certificate_on_the_wire_f72";
    let Some(machine) = machine(test) else { return };
    let old = before(&machine);
    let file = machine.bundle("new", &NAMES, &P256);
    for failure in ["commit-fails", "queue-run-fails", "grants-fail", "template-broken"] {
        machine.host.tool(failure, true);
        let (code, result, said) = machine.apply(&everywhere(&file), "");
        machine.host.tool(failure, false);
        assert_eq!(code, 1, "{failure}: {said}");
        assert_eq!(machine.wire(), old.wire, "{failure}: {said}");
        assert!(machine.files() == old.files, "{failure}: {said}");
        assert!(machine.uncommitted().is_empty(), "{failure}: {:?} {said}", machine.uncommitted());
        let told = changes(&result);
        assert!(
            told.iter().any(|(id, outcome, _)| id == "apply" && outcome == "failed"),
            "{failure}: {told:#?}"
        );
    }
}

/// The second proxy took it, the live one does not come up with it: plain SIP would be down, too.
#[test]
fn a_live_proxy_that_does_not_come_up_is_brought_back_with_the_old_certificate_f72() {
    let test = "a_live_proxy_that_does_not_come_up_is_brought_back_with_the_old_certificate_f72";
    let Some(machine) = machine(test) else { return };
    let old = before(&machine);
    let file = machine.bundle("new", &NAMES, &P256);
    machine.host.write("/run/lb-refuses", 0o644, "");
    let (code, result, said) = machine.apply(&everywhere(&file), "");
    assert_eq!(code, 1, "{said}");
    let told = changes(&result);
    assert!(
        told.iter().any(|(_, _, message)| message.contains("no longer running: kamailio-lb")),
        "{told:#?}"
    );
    assert!(!machine.proxy().is_empty(), "{said}");
    assert_eq!(machine.wire(), old.wire, "{said}");
    assert!(machine.files() == old.files && machine.uncommitted().is_empty(), "{said}");
}
