//! Every way in which a certificate comes to that machine, on the wire.

use std::{fs, os::unix::fs::MetadataExt};

use crate::{
    host::{FOLDER, Machine, PORTS},
    real_host,
    step::{NAMES, P256, changes},
};

/// One for each place, each from elsewhere, and SIP over TLS switched on with its own in the same run. No key is
/// anywhere but in its key file.
#[test]
fn each_place_has_its_own_from_wherever_it_comes_and_sip_over_tls_is_switched_on() {
    let test = "ways::each_place_has_its_own_from_wherever_it_comes_and_sip_over_tls_is_switched_on";
    let Some(work) = real_host::inside(test) else { return };
    let machine = Machine::start_without_tls_for_sip(&work);
    let (wire, files) = (machine.wire(), machine.files());
    assert!(wire[3].is_none());

    let admin = machine.bundle("admin", &NAMES, &P256);
    let customers = machine.locked("customers", &NAMES, &["rsa:3072"], "a passphrase = 1");
    let soap = machine.signed("soap", &NAMES, &P256);
    let sip = machine.bundle("sip", &NAMES, &["rsa:2048"]);
    let answers = format!(
        "certificates:\n  web: each\n  \"admin.import\": {admin}\n  \"csc.import\": [{customers}]\n  provisioning: paste\n  \
         \"sip.import\": {sip}\n  sip-tls: on\n"
    );
    let pasted: String = soap.lines().map(|line| format!("  {line}\n")).collect();
    let secrets =
        format!("certificates.csc.passphrase=a passphrase = 1\ncertificates.provisioning.pasted=|\n{pasted}");
    let (code, result, said) = machine.apply(&answers, &secrets);
    assert_eq!((code, result["outcome"].as_str()), (0, Some("done")), "{said}");
    let new = machine.wire();
    for (n, port) in PORTS.iter().enumerate() {
        assert!(machine.trusted(*port, NAMES[0]), "port {port}: {said}");
        assert!(new.iter().filter(|seen| **seen == new[n]).count() == 1, "port {port} has one of its own");
    }
    for name in ["admin", "customers", "soap", "sip"] {
        let holding = machine.holding_key(name);
        let own = |path: &String| path.starts_with(FOLDER) && path.ends_with(".key");
        assert!(holding.len() == 1 && holding.iter().all(own), "{name}: {holding:?}");
        let key = fs::read_to_string(machine.work.join(format!("{name}.key"))).unwrap();
        assert!(!said.contains(key.lines().nth(1).unwrap()));
    }

    let (code, result, said) = machine.undo();
    assert_eq!(code, 0, "{:#?} {said}", changes(&result));
    assert_eq!(machine.wire(), wire, "{said}");
    assert!(machine.files() == files && machine.uncommitted().is_empty(), "{said}");
    assert!(!machine.proxy().is_empty());
}

/// Asked for in one start, lost and asked for again, answered for another key, answered: then on the wire. SIP has one
/// that nobody signed.
#[test]
fn a_request_is_answered_in_a_later_start_and_never_with_another_key() {
    let test = "ways::a_request_is_answered_in_a_later_start_and_never_with_another_key";
    let Some(work) = real_host::inside(test) else { return };
    let machine = Machine::start(&work);
    let (wire, files) = (machine.wire(), machine.files());
    let folder = machine.host.path("/var/lib/ngcp-warden/requests/web");
    let request = || fs::read(folder.join("request.csr")).unwrap();

    let ask = format!(
        "certificates:\n  web: request\n  \"web.names\": [{}]\n  \"web.key\": ecdsa-p256\n",
        NAMES.join(", ")
    );
    let (code, _, said) = machine.apply(&ask, "");
    assert_eq!(code, 0, "{said}");
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o7777, 0o700);
    let asked = request();
    let (code, again, said) = machine.apply(&ask, "");
    assert_eq!((code, &again["changed"]), (0, &false.into()), "{said}");
    assert_eq!(request(), asked);
    assert_eq!(
        (machine.wire(), machine.files() == files),
        (wire.clone(), true),
        "a request changes nothing yet"
    );

    let other = machine.bundle("other", &NAMES, &P256);
    let (code, _, said) =
        machine.apply(&format!("certificates:\n  web: answer\n  \"web.answer\": {other}\n"), "");
    assert_eq!(code, 2, "{said}");
    assert_eq!((machine.wire(), request()), (wire.clone(), asked));

    let answer = machine.answer("/var/lib/ngcp-warden/requests/web/request.csr", "signed");
    let answers = format!(
        "certificates:\n  web: answer\n  \"web.answer\": {answer}\n  sip: self-signed\n  \"sip.names\": [{}]\n  \"sip.key\": rsa-3072\n",
        NAMES.join(", ")
    );
    let (code, result, said) = machine.apply(&answers, "");
    assert_eq!((code, result["outcome"].as_str()), (0, Some("done")), "{said}");
    for port in &PORTS[..3] {
        assert!(machine.trusted(*port, NAMES[0]), "port {port}");
    }
    let sip = machine.wire().pop().unwrap().unwrap();
    assert!(Some(&sip) != wire[3].as_ref() && sip.1 == 1 && !machine.trusted(PORTS[3], NAMES[0]));
    assert!(!folder.exists(), "an answered request is open no longer");

    let (code, _, said) = machine.undo();
    assert_eq!(code, 0, "{said}");
    assert_eq!(machine.wire(), wire, "{said}");
    assert!(machine.files() == files && folder.join("request.csr").exists(), "{said}");
}
