//! Files in every shape: what is read, what is refused and why.

use std::{collections::BTreeSet, path::PathBuf};

use ngcp_warden::{
    host::certificates::{
        FaultKind::{self, *},
        Key, Material, Name, Source, chain, gather, judge, private_key, read_certificates,
    },
    secret::Secret,
};

use crate::{
    corpus::corpus,
    made::{Made, host},
};

fn gathered(files: &[PathBuf], passphrase: Option<&str>) -> anyhow::Result<Material> {
    let host = host();
    gather(&host, Source::Files(files), passphrase.map(Secret::new).as_ref())
}

#[test]
fn a_certificate_and_its_key_are_read() {
    let made = Made::new();
    made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 -subj /O=Example/CN=sip.example.net -addext subjectAltName=DNS:sip.example.net,IP:192.0.2.1");
    let files = [made.path("cert.pem"), made.path("key.pem")];
    let found = gathered(&files, None).unwrap();
    let certificate = &found.certificates[0];
    assert_eq!(certificate.subject, "O = Example, CN = sip.example.net");
    assert_eq!(certificate.key, Key::Ec("P-256".to_owned()));
    assert_eq!(
        certificate.names,
        [Name::Dns("sip.example.net".to_owned()), Name::Ip("192.0.2.1".parse().unwrap())]
    );
    assert_eq!(certificate.pem, made.read("cert.pem"));
    assert_eq!(found.keys[0].public_key, certificate.public_key);
    let host = host();
    let key = private_key(&host, Source::Files(&files), None, &certificate.public_key).unwrap();
    assert_eq!(key.expose_str().unwrap(), made.read("key.pem"));
}

#[test]
fn pkcs12_of_every_age_opens_with_its_passphrase() {
    let made = Made::new();
    made.openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=a");
    made.openssl("pkcs12 -export -in cert.pem -inkey key.pem -out new.p12 -passout pass:secret");
    made.openssl("pkcs12 -export -legacy -in cert.pem -inkey key.pem -out old.p12 -passout pass:secret");
    made.openssl("pkcs12 -export -in cert.pem -inkey key.pem -out open.p12 -passout pass:");
    for (file, passphrase) in [("new.p12", Some("secret")), ("old.p12", Some("secret")), ("open.p12", None)] {
        let found = gathered(&[made.path(file)], passphrase).unwrap();
        assert_eq!((found.certificates.len(), found.keys.len()), (1, 1), "{file}");
        assert_eq!(found.keys[0].public_key, found.certificates[0].public_key, "{file}");
    }
    for file in ["new.p12", "old.p12"] {
        let why = format!("{:#}", gathered(&[made.path(file)], Some("wrong")).unwrap_err());
        assert!(why.ends_with("the passphrase does not open the PKCS#12 file"), "{why}");
        let why = format!("{:#}", gathered(&[made.path(file)], None).unwrap_err());
        assert!(why.ends_with("the PKCS#12 file is locked and needs its passphrase"), "{why}");
    }
}

/// Every file of the corpus handed over for installing, with the key before it: what can be set right is, whatever its
/// shape and order; of the rest it is said what is wrong, and where.
#[test]
fn what_is_handed_over_is_understood_or_named_f69() {
    let corpus = corpus();
    let host = host();
    let root = read_certificates(&host, &corpus.made.path("root.crt")).unwrap().remove(0);
    let refused = [NotPem, Malformed, Unreadable, NoCertificate, NoKey, KeyEncrypted, KeyMismatch, Missing];
    for case in &corpus.cases {
        let name = case.name;
        // DER and PKCS#12 are taken here, and the second key of a file is found.
        let set_right = matches!(name, "der" | "key-der" | "key-second" | "pkcs12");
        let found = gathered(&[case.key.clone(), case.certificates.clone()], None);
        match found.and_then(|found| Ok(chain(&found.certificates, &found.keys)?)) {
            Ok(chain) => {
                let file = corpus.made.write("handed-over.pem", chain.pem());
                let served = read_certificates(&host, &file).unwrap();
                assert_eq!(served, chain.certificates, "{name}");
                let self_signed = case.wrong.contains(&SelfSigned);
                assert!(
                    served.iter().all(|one| !one.self_issued) || self_signed,
                    "{name}: the root is left out"
                );
                let faults = judge(&host, &served, &[case.host.to_owned()], Some(&root));
                let kinds: BTreeSet<FaultKind> = faults.iter().map(|fault| fault.kind).collect();
                let right = matches!(name, "server-last" | "cross-signature-behind-root") || set_right;
                let mut left: BTreeSet<FaultKind> = case.wrong.iter().copied().filter(|_| !right).collect();
                // Order is made, what does not belong there is left out.
                left.remove(&ChainOrder);
                if matches!(name, "der" | "pkcs12") {
                    left.insert(ChainIncomplete);
                }
                // Its root was given and is left out: nobody knows it any more.
                if left.remove(&Untrusted) {
                    left.insert(ChainIncomplete);
                }
                assert_eq!(kinds, left, "{name}: {faults:?}");
            }
            Err(error) => {
                let why = format!("{error:#}");
                assert!(case.wrong.iter().any(|kind| refused.contains(kind)) && !set_right, "{name}: {why}");
                let files = [&case.certificates, &case.key].map(|file| file.display().to_string());
                let named = |file: &String| why.contains(file.as_str());
                assert!(files.iter().any(named) || why.contains("beside sip.example.net"), "{name}: {why}");
                assert!(!why.contains("-----B") && why.len() < 600, "{name}: {why}");
            }
        }
    }
}

/// The authorities of this host: all of them are read, nothing in them is taken for broken, and the host's trust counts.
#[test]
fn the_authorities_of_the_host_are_read_and_trusted() {
    let host = host();
    let bundle = std::path::Path::new("/etc/ssl/certs");
    let files = std::fs::read_dir(bundle).unwrap().map(|entry| entry.unwrap().path());
    let mut good = 0;
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "pem")) {
        let all = read_certificates(&host, &file).unwrap();
        assert!(all.iter().all(|one| one.broken.is_empty()), "{}", file.display());
        let faults = judge(&host, &all, &[], None);
        let trusted =
            !faults.iter().any(|fault| matches!(fault.kind, SelfSigned | Untrusted | ChainIncomplete));
        good +=
            usize::from(trusted && faults.iter().all(|fault| matches!(fault.kind, NotForServers | Expired)));
    }
    assert!(good > 100, "{good}");
}
