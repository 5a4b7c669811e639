//! Damaged at random: whatever the bytes are, nothing panics, nothing is endless, and what is read is what `openssl` reads.

use std::path::Path;

use jiff::Timestamp;
use ngcp_warden::{
    executor::simulated::Simulated,
    host::certificates::{Certificate, FaultKind, Source, gather, judge, read_certificates, read_key},
    secret::Secret,
};
use proptest::prelude::*;

use crate::made::{AUTHORITY, Made, Wish, host};

const EXAMPLE: &[u8] = include_bytes!("example.net.pem");

/// Bytes changed, cut out, put in or doubled.
#[derive(Debug, Clone)]
enum Damage {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Double(prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let token = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..4),
        prop::sample::select(vec![
            b"\n".to_vec(),
            b"\r".to_vec(),
            b"-----".to_vec(),
            b": ".to_vec(),
            b"\xef\xbb\xbf".to_vec(),
            b"\x30\x84\xff\xff\xff\xff".to_vec()
        ]),
    ];
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => (at(), 1..80_usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        2 => (at(), token).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (at(), 1..400_usize).prop_map(|(at, length)| Damage::Double(at, length)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Set(at, byte) => *at.get_mut(&mut bytes) = *byte,
            Damage::Cut(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Damage::Insert(at, new) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, new.iter().copied());
            }
            Damage::Double(at, length) => {
                let at = at.index(bytes.len());
                bytes.extend_from_within(at..(at + length).min(bytes.len()));
            }
        }
    }
    bytes
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    prop::collection::vec(damage(), 1..5)
}

/// Every way in, without `openssl`; what is told must be short and fit for a terminal.
fn read_every_way(bytes: Vec<u8>) {
    let host = Simulated::new().with_clock(Timestamp::now()).file("/c.pem", bytes.clone());
    let path = Path::new("/c.pem");
    let mut told: Vec<String> = Vec::new();
    match read_certificates(&host, path) {
        Ok(served) => {
            let faults = judge(&host, &served, &["sip.example.net".to_owned()], None);
            assert!(
                faults.iter().any(|fault| fault.kind == FaultKind::Unknown),
                "nobody was asked: {faults:?}"
            );
            told.extend(faults.iter().map(ToString::to_string));
        }
        Err(fault) => told.push(fault.why),
    }
    told.extend(read_key(&host, path).err().map(|fault| fault.why));
    for source in [Source::Files(&[path.to_path_buf()]), Source::Given(&Secret::new(bytes))] {
        match gather(&host, source, None) {
            Ok(found) => told.extend(found.remarks),
            Err(error) => told.push(format!("{error:#}")),
        }
    }
    for text in told {
        assert!(text.chars().count() < 3000 && !text.chars().any(char::is_control), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_read_to_an_end(damages in damages()) {
        read_every_way(damaged(EXAMPLE, &damages));
    }

    #[test]
    fn a_damaged_certificate_is_read_to_an_end(damages in damages(), pem in any::<bool>()) {
        let der = damaged(&der(), &damages);
        let wrapped = || format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(&der)).into_bytes();
        read_every_way(if pem { wrapped() } else { der });
    }
}

fn base64(der: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(der)
}

fn der() -> Vec<u8> {
    use base64::Engine;
    let text = std::str::from_utf8(EXAMPLE).unwrap();
    let first: String = text.lines().skip(1).take_while(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(first).unwrap()
}

/// Of a damaged certificate that we still read, `openssl` reads the same dates and the same key; and none of them, behind
/// a signature that no longer fits, is called good.
#[test]
fn what_is_read_in_a_damaged_certificate_is_what_openssl_reads() {
    let made = Made::new();
    made.certificate(&Wish::authority("root", "/O=Example/CN=Root", None).extensions(AUTHORITY));
    made.certificate(&Wish::server("one", "root"));
    let der = made.openssl("x509 -in one.crt -outform DER").stdout;
    let host = host();
    let root = read_certificates(&host, &made.path("root.crt")).unwrap();
    let mut read = 0;
    for at in (0..der.len()).step_by(2) {
        let mut bytes = der.clone();
        bytes[at] ^= 1 << (at % 7);
        let Ok(certificate) = Certificate::read(&bytes) else { continue };
        read += 1;
        made.write("mutated.der", &bytes);
        let said = made.ask("x509 -inform DER -in mutated.der -noout -enddate -startdate -dateopt iso_8601 -fingerprint -sha256");
        // OpenSSL may be stricter in a part of it that we do not look at.
        if said.status.success() {
            let said = String::from_utf8(said.stdout).unwrap().replace(':', "").to_lowercase();
            assert!(said.contains(&certificate.fingerprint), "{said}");
            for date in [certificate.from, certificate.until] {
                assert!(said.contains(&date.strftime("%Y-%m-%d %H%M%Sz").to_string()), "{said} {date}");
            }
        }
        let faults = judge(&host, &[certificate], &["sip.example.net".to_owned()], Some(&root[0]));
        assert!(!faults.is_empty(), "called good: {}", base64(&bytes));
    }
    assert!(read > 30, "{read}");
}
