//! Files in every shape: what is read, what is refused and why.

use std::path::PathBuf;

use ngcp_warden::{
    executor::System,
    host::certificates::{Key, Material, Name, Source, gather, private_key, read_certificates},
    secret::Secret,
};

use crate::made::Made;

fn gathered(files: &[PathBuf], passphrase: Option<&str>) -> anyhow::Result<Material> {
    let host = System::live().unwrap();
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
    let host = System::live().unwrap();
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

#[test]
fn the_certificate_that_an_installation_makes_for_itself_is_known() {
    let made = Made::new();
    made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 -subj /C=AT/ST=Some-State/O=Sipwise+GmbH/CN=Sipwise+GmbH/emailAddress=service@sipwise.com");
    let certificate = read_certificates(&System::live().unwrap(), &made.path("cert.pem")).unwrap().remove(0);
    assert_eq!(certificate.is_default(), Some("Sipwise GmbH"));
}
