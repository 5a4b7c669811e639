//! Every way in which a certificate comes to that machine, on the wire.

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
        let key = std::fs::read_to_string(machine.work.join(format!("{name}.key"))).unwrap();
        assert!(!said.contains(key.lines().nth(1).unwrap()));
    }

    let (code, result, said) = machine.undo();
    assert_eq!(code, 0, "{:#?} {said}", changes(&result));
    assert_eq!(machine.wire(), wire, "{said}");
    assert!(machine.files() == files && machine.uncommitted().is_empty(), "{said}");
    assert!(!machine.proxy().is_empty());
}
