use std::path::{Path, PathBuf};

use super::*;
use crate::{
    executor::{
        Command, Status, World,
        simulated::{Answer, Files, Simulated},
    },
    secret::Secret,
};

/// A server's certificate, who issued it, and the root.
const EXAMPLE: &str = include_str!("../../../tests/certificates/example.net.pem");
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
const LOCKED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nY2FuYXJ5\n-----END ENCRYPTED PRIVATE KEY-----\n";
/// The public half of the server's certificate.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2p+WthD314I1IEYVP0varqcgiHio\n+2mqtSr8hwmk2iCag+fDpS2S30VHxhInucFpq4SE80c10CvfVfW/xA1+MQ==\n-----END PUBLIC KEY-----\n";

fn host() -> Simulated {
    Simulated::new().with_clock("2027-06-01T00:00:00Z".parse().unwrap())
}

fn example() -> Vec<Certificate> {
    read_certificates(&host().file("/c.pem", EXAMPLE), Path::new("/c.pem")).unwrap()
}

/// Says of `verify` what is given; of `pkey` that the key is the server's and, when locked, opened by "open sesame".
fn with_openssl(verify: impl Fn(&Command) -> Answer + Send + Sync + 'static) -> Simulated {
    host().on("openssl", move |_: &mut Files, command: &Command| {
        let word = |word: &str| command.args.iter().any(|arg| arg == word);
        assert!(!word("canary") && !word("open sesame") && command.env.is_empty());
        match command.args[0].as_str() {
            "verify" => verify(command),
            // It must never ask on a terminal.
            _ if !word("-passin") => Answer::code(1).error("Enter pass phrase:").ending(Status::TimedOut),
            "pkey" => {
                let key = command.stdin.as_ref().unwrap().expose_str().unwrap();
                let opened = command.credentials == Some(Secret::new("open sesame\n"));
                match (key.contains("ENCRYPTED"), word("-pubout")) {
                    (true, _) if !opened => Answer::code(1).error("bad decrypt"),
                    (_, true) => Answer::from(PUBLIC),
                    (_, false) => Answer::from(KEY),
                }
            }
            "pkcs12" if command.credentials == Some(Secret::new("open sesame\n")) => match word("-legacy") {
                false => Answer::code(1)
                    .error("Error outputting keys and certificates")
                    .error("unsupported:RC2-40-CBC"),
                true => Answer::from(format!("Bag Attributes\n{EXAMPLE}{KEY}")),
            },
            _ => Answer::code(1).error("Mac verify error: invalid password?"),
        }
    })
}

fn kinds(faults: &[Fault]) -> Vec<FaultKind> {
    faults.iter().map(|fault| fault.kind).collect()
}

fn half() -> PublicHalf {
    PublicHalf {
        whose: "/k.pem".to_owned(),
        public_key: example()[0].public_key.clone(),
        key: Key::Ec("P-256".to_owned()),
    }
}

#[test]
fn the_right_order_is_made_from_any_and_the_root_left_out() {
    let [server, issuer, root] = <[Certificate; 3]>::try_from(example()).unwrap();
    for order in [
        [&server, &issuer, &root],
        [&root, &issuer, &server],
        [&issuer, &server, &root],
        [&issuer, &root, &server],
    ] {
        let given: Vec<Certificate> = order.into_iter().cloned().collect();
        let made = chain(&given, &[half()]).unwrap();
        assert_eq!(made.certificates, [server.clone(), issuer.clone()]);
        assert_eq!((made.root.as_ref(), made.left_out.len()), (Some(&root), 0));
        assert_eq!(made.pem(), format!("{}{}", server.pem, issuer.pem));
    }
    let stray = chain(&[root.clone(), server.clone()], &[half()]).unwrap();
    assert_eq!((stray.certificates, stray.left_out), (vec![server], vec![root]));
}

#[test]
fn what_does_not_belong_together_is_named() {
    let [server, issuer, root] = <[Certificate; 3]>::try_from(example()).unwrap();
    let other = PublicHalf { public_key: issuer.public_key.clone(), ..half() };
    let why = |certificates: &[Certificate], keys: &[PublicHalf]| {
        let fault = chain(certificates, keys).unwrap_err();
        (fault.kind, fault.why)
    };
    let (kind, words) = why(&[issuer.clone(), root.clone()], &[half()]);
    assert_eq!(kind, FaultKind::KeyMismatch);
    assert_eq!(
        words,
        "the private key (/k.pem, ECDSA P-256) belongs to none of the certificates: Test Issuer (ECDSA P-256), Test Root (ECDSA P-256)"
    );
    assert_eq!(why(std::slice::from_ref(&server), &[]).0, FaultKind::NoKey);
    assert_eq!(
        why(&[], &[half()]),
        (FaultKind::NoCertificate, "there is no certificate, only the private key /k.pem".to_owned())
    );
    let authorities = [PublicHalf { public_key: root.public_key.clone(), ..half() }, other];
    assert_eq!(why(&[issuer, root], &authorities).0, FaultKind::Ambiguous);
    let fault = key_fault(&[server], &authorities[0]).unwrap();
    assert_eq!(
        fault.why,
        "the key /k.pem (ECDSA P-256) is not the one of the certificate for sip.example.net (ECDSA P-256)"
    );
}

#[test]
fn what_openssl_refuses_is_refused_in_words_that_say_what_to_get() {
    let cases = [
        (
            "error 20 at 1 depth lookup: unable to get local issuer certificate",
            FaultKind::ChainIncomplete,
            "O = Example, CN = Test Root, which issued Test Issuer, is neither given with it nor an authority that this host trusts",
        ),
        (
            "error 19 at 2 depth lookup: self-signed certificate in certificate chain",
            FaultKind::Untrusted,
            "it ends at O = Example, CN = Test Root, which this host does not trust",
        ),
        (
            "error 7 at 0 depth lookup: certificate signature failure",
            FaultKind::ChainBroken,
            "openssl verify: certificate signature failure",
        ),
        (
            "error 67 at 2 depth lookup: CA certificate key too weak",
            FaultKind::WeakKey,
            "openssl verify: CA certificate key too weak (certificate 3 of the chain)",
        ),
        (
            "error 99 at 70000 depth lookup: something new",
            FaultKind::Refused,
            "openssl verify: something new (certificate 70001 of the chain)",
        ),
    ];
    for (said, kind, why) in cases {
        let host = with_openssl(move |_| {
            Answer::code(2).error("CN = sip.example.net").error(said).error("error /c: verification failed")
        });
        let faults = judge(&host, &example(), &[], None);
        assert_eq!((kinds(&faults), faults[0].why.as_str()), (vec![kind], why), "{said}");
    }
}

#[test]
fn an_old_openssl_is_asked_less_and_its_exit_code_not_believed() {
    // As 1.0.1 has it: neither option is known, an expired certificate is "OK", and the exit code is always 0.
    let old = |expired: bool| {
        with_openssl(move |command| {
            let unknown = ["-auth_level", "-verify_hostname", "-no-CAfile"];
            let errors =
                ["/c: CN = sip.example.net", "error 10 at 1 depth lookup:certificate has expired", "OK"];
            match command.args.iter().any(|arg| unknown.contains(&arg.as_str())) {
                true => Answer::code(1).error("usage: verify [-verbose] [-CApath path] [-CAfile file]"),
                false if expired => errors.iter().fold(Answer::code(0), |answer, line| answer.line(line)),
                false => Answer::from("/c: OK\n"),
            }
        })
    };
    let names = ["sip.example.net".to_owned()];
    assert_eq!(judge(&old(false), &example(), &names, None), []);
    assert_eq!(kinds(&judge(&old(true), &example(), &names, None)), [FaultKind::Expired]);
    assert_eq!(
        kinds(&judge(&old(false), &example(), &["web.example.net".to_owned()], None)),
        [FaultKind::Name]
    );
}

#[test]
fn without_an_answer_of_openssl_nothing_is_called_good() {
    let silent = |answer: Answer| judge(&with_openssl(move |_| answer.clone()), &example(), &[], None);
    for faults in [
        silent(Answer::code(0)),
        silent(Answer::code(0).line("/c: OK").line("and more")),
        silent(Answer::code(1).error("Segmentation fault")),
        silent(Answer::code(1).error("usage: nothing you know")),
        silent(Answer::from("/c: OK\n").ending(Status::TimedOut)),
        judge(&host(), &example(), &[], None),
    ] {
        assert_eq!(kinds(&faults), [FaultKind::Unknown], "{faults:?}");
    }
    let tree = with_openssl(|_| Answer::from("/c: OK\n")).with_world(World::Tree);
    assert_eq!(
        kinds(&judge(&tree, &example(), &["a.web.example.net".to_owned()], None)),
        [FaultKind::Unknown]
    );
    assert!(tree.commands().is_empty());
}

#[test]
fn a_bundle_of_authorities_is_read_only_when_the_folder_does_not_suffice() {
    let asked = |known: &'static str| {
        let host = with_openssl(move |command| match command.args.iter().any(|arg| arg == known) {
            true => {
                Answer::code(2).error("error 20 at 0 depth lookup: unable to get local issuer certificate")
            }
            false => Answer::from("/c: OK\n"),
        });
        assert_eq!(judge(&host, &example(), &[], None), []);
        host.commands().len()
    };
    assert_eq!((asked("nothing"), asked("-no-CAfile")), (1, 2));
}

#[test]
fn a_locked_key_opens_with_its_passphrase_which_nobody_sees() {
    let files = [PathBuf::from("/folder")];
    let open = |passphrase: Option<&str>| {
        let host = with_openssl(|_| Answer::code(1))
            .file("/folder/k.pem", LOCKED)
            .file("/folder/c.pem", EXAMPLE)
            .file("/folder/README", "see wiki");
        let passphrase = passphrase.map(Secret::new);
        let found = gather(&host, Source::Files(&files), passphrase.as_ref());
        let key = private_key(&host, Source::Files(&files), passphrase.as_ref(), &half().public_key);
        let asked = host.commands().join("\n");
        assert!(!asked.contains("sesame") && !asked.contains("Y2Fu"), "{asked}");
        found.map(|found| (found, key.unwrap()))
    };
    let (found, key) = open(Some("open sesame")).unwrap();
    assert_eq!((found.certificates, &found.keys[0].public_key), (example(), &half().public_key));
    assert_eq!(found.remarks, ["/folder/README: it is neither PEM nor DER nor PKCS#12"]);
    assert_eq!(key, Secret::new(KEY));
    let why = |passphrase| format!("{:#}", open(passphrase).unwrap_err());
    assert_eq!(why(None), "/folder/k.pem: the private key is encrypted and needs its passphrase");
    assert_eq!(
        why(Some("sesame street")),
        "/folder/k.pem: the passphrase does not open the private key (openssl: exit code 1: bad decrypt)"
    );
}

#[test]
fn another_key_than_the_one_that_was_planned_with_is_not_given_out() {
    let host = with_openssl(|_| Answer::code(1)).file("/k.pem", KEY);
    let files = [PathBuf::from("/k.pem")];
    let refused = private_key(&host, Source::Files(&files), None, "another").unwrap_err().to_string();
    assert_eq!(
        refused,
        "the private key that belongs to the certificate is not there any more: 1 other keys were found"
    );
}

#[test]
fn a_paste_may_be_indented_and_a_locked_pkcs12_of_old_opens() {
    let host = with_openssl(|_| Answer::code(1)).file("/a.p12", b"\x30\x80\x02\x01\x03\x30\x80".to_vec());
    let indented = Secret::new(format!("key: |\n{EXAMPLE}{KEY}").replace('\n', "\r\n    "));
    let pasted = gather(&host, Source::Given(&indented), None).unwrap();
    let files = [PathBuf::from("/a.p12")];
    let passphrase = Secret::new("open sesame");
    let opened = gather(&host, Source::Files(&files), Some(&passphrase)).unwrap();
    for found in [pasted, opened] {
        assert_eq!((found.certificates, found.keys.len()), (example(), 1));
    }
    let why = |passphrase| format!("{:#}", gather(&host, Source::Files(&files), passphrase).unwrap_err());
    assert_eq!(why(None), "/a.p12: the PKCS#12 file is locked and needs its passphrase");
    assert_eq!(why(Some(&Secret::new("x"))), "/a.p12: the passphrase does not open the PKCS#12 file");
}

#[test]
fn a_folder_in_which_a_certificate_is_broken_is_not_half_taken() {
    let broken = EXAMPLE.replacen("-----END", "\n-----END", 1);
    let host = with_openssl(|_| Answer::code(1)).file("/folder/a.pem", EXAMPLE).file("/folder/b.pem", broken);
    let files = [PathBuf::from("/folder")];
    let why = format!("{:#}", gather(&host, Source::Files(&files), None).unwrap_err());
    assert!(why.starts_with("/folder/b.pem: line "), "{why}");
    let many = (0..60).fold(host, |host, n| host.file(format!("/folder/{n}.pem"), EXAMPLE));
    let why = format!("{:#}", gather(&many, Source::Files(&files), None).unwrap_err());
    assert_eq!(why, "/folder holds more than 50 files: name those that are meant");
}

#[test]
fn a_certificate_stands_for_what_browsers_and_phones_of_today_take() {
    let dns = |own: &str| [Name::Dns(own.to_owned())];
    for (own, wanted, covers) in [
        ("sip.example.net", "sip.example.net", true),
        ("sip.example.net", "SIP.Example.net.", true),
        ("sip.example.net", "example.net", false),
        ("*.example.net", "sip.example.net", true),
        ("*.example.net", "example.net", false),
        ("*.example.net", ".example.net", false),
        ("*.example.net", "a.b.example.net", false),
        ("s*.example.net", "sip.example.net", false),
        ("*.*.net", "sip.example.net", false),
        ("*.net", "example.net", false),
        ("*", "net", false),
        ("192.0.2.1", "192.0.2.1", false),
    ] {
        assert_eq!(names::stands_for(&dns(own), wanted), covers, "{own} for {wanted}");
    }
    let address = [Name::Ip("2001:db8::1".parse().unwrap())];
    assert!(names::stands_for(&address, "2001:DB8:0::1") && !names::stands_for(&address, "2001:db8::2"));
}

#[test]
fn days_are_counted_down_to_the_day_it_is_over() {
    let server = &example()[0];
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(server.until, at("2054-04-17T00:45:10Z"));
    assert_eq!(server.days_left(at("2054-04-10T00:45:10Z")), 7);
    assert_eq!(server.days_left(at("2054-04-10T00:45:11Z")), 6);
    assert_eq!(server.days_left(at("2054-04-17T00:45:11Z")), -1);
    let host = host().with_clock(at("2054-04-17T00:45:11Z"));
    assert_eq!(judge(&host, &example(), &[], None)[0].why, "sip.example.net expired on 2054-04-17");
}

#[test]
fn a_byte_order_mark_is_taken_where_the_openssl_of_the_host_takes_it() {
    let read = |skips: bool| {
        let host = host().on("openssl", move |_: &mut Files, command: &Command| {
            let marked = command
                .stdin
                .as_ref()
                .is_some_and(|text| text.expose().starts_with(b"\xef\xbb\xbf-----BEGIN"));
            assert!(marked && command.reads_only && command.args[0] == "x509");
            Answer::code(i32::from(!skips))
        });
        read_certificates(&host.file("/c.pem", format!("\u{feff}{EXAMPLE}")), Path::new("/c.pem"))
    };
    assert_eq!(read(true).unwrap(), example());
    let fault = read(false).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.why.starts_with("/c.pem: it begins with a byte order mark"), "{fault}");
}
