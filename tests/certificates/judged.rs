//! Our verdict on every pair of the corpus beside `openssl verify`, `openssl pkey` and a server with its caller.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use jiff::Timestamp;
use ngcp_warden::{
    executor::{Executor, simulated::Simulated},
    host::certificates::{
        Certificate,
        FaultKind::{self, *},
        judge, key_fault, read_certificates, read_key,
    },
};

use crate::{
    corpus::{Case, Corpus, corpus},
    made::{Made, host},
};

/// What we say, for both files.
fn verdict(host: &dyn Executor, case: &Case, root: &Certificate) -> BTreeSet<FaultKind> {
    let mut faults = Vec::new();
    let served = read_certificates(host, &case.certificates).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    if !served.is_empty() {
        faults.extend(judge(host, &served, &[case.host.to_owned()], Some(root)));
    }
    match read_key(host, &case.key) {
        Ok(half) => faults.extend(key_fault(&served, &half)),
        Err(fault) => faults.push(fault),
    }
    faults.iter().map(|fault| fault.kind).collect()
}

/// What `openssl verify` says: `OK`, or its numbers, or that it cannot be read.
fn openssl_verify(made: &Made, case: &Case) -> String {
    let file = case.certificates.display();
    let name = if case.host.parse::<std::net::IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
    let said = made.ask(&format!(
        "verify -purpose sslserver -auth_level 2 {name} {} -CAfile root.crt -untrusted {file} {file}",
        case.host
    ));
    let words = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    let numbers: Vec<&str> = words
        .lines()
        .filter_map(|line| line.strip_prefix("error ")?.split(" at ").next())
        .filter(|n| n.len() <= 2)
        .collect();
    match (said.status.success(), numbers.is_empty()) {
        (true, _) => "OK".to_owned(),
        (false, false) => numbers.join(" "),
        (false, true) => "unreadable".to_owned(),
    }
}

/// Whether `openssl pkey` says that the key is the certificate's.
fn openssl_pkey(made: &Made, case: &Case) -> &'static str {
    let of_key = made.ask(&format!("pkey -in {} -passin pass: -pubout", case.key.display()));
    let of_certificate =
        made.ask(&format!("x509 -in {} -passin pass: -noout -pubkey", case.certificates.display()));
    match (of_key.status.success(), of_certificate.status.success()) {
        (true, true) if of_key.stdout == of_certificate.stdout => "same",
        (true, true) => "other",
        _ => "unreadable",
    }
}

/// What a server and a caller say, for every case by its name.
fn server(corpus: &Corpus) -> BTreeMap<String, (String, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates/server.py");
    let mut python =
        Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = String::new();
    for Case { name, certificates, key, host, .. } in &corpus.cases {
        let root = corpus.made.path("root.crt");
        writeln!(lines, "{name}\t{}\t{}\t{}\t{host}", certificates.display(), key.display(), root.display())
            .unwrap();
    }
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let said = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    said.lines()
        .map(|line| {
            let mut parts = line.split('\t').map(str::to_owned);
            let mut next = || parts.next().unwrap();
            (next(), (next(), next()))
        })
        .collect()
}

/// The same files on a host without `openssl`.
fn alone(case: &Case) -> Simulated {
    let mut host = Simulated::new().with_clock(Timestamp::now());
    for path in [&case.certificates, &case.key] {
        if let Ok(content) = fs::read(path) {
            host = host.file(path, content);
        }
    }
    host
}

/// What the numbers of `openssl verify` mean, as its manual says.
fn kind(number: u32) -> FaultKind {
    match number {
        9 => NotYetValid,
        10 => Expired,
        18 => SelfSigned,
        19 => Untrusted,
        20 => ChainIncomplete,
        34 => Refused,
        62 | 64 => Name,
        66 | 67 => WeakKey,
        68 => WeakSignature,
        7 | 24 | 25 | 32 | 47 | 79 => ChainBroken,
        // A purpose that does not fit may be that of one above.
        26 => NotForServers,
        _ => panic!("what is {number}?"),
    }
}

#[test]
fn our_verdict_is_that_of_openssl_or_of_those_who_stand_on_it_f70() {
    let corpus = corpus();
    let host = host();
    let root = read_certificates(&host, &corpus.made.path("root.crt")).unwrap().remove(0);
    let served = server(&corpus);
    let mut table = String::new();
    let mut differences = Vec::new();
    for case in &corpus.cases {
        let name = case.name;
        let ours = verdict(&host, case, &root);
        let read = verdict(&alone(case), case, &root);
        let (verify, pkey) = (openssl_verify(&corpus.made, case), openssl_pkey(&corpus.made, case));
        // Without openssl we know no less of what is written in the files, and never say that all is well.
        let beyond = [Untrusted, ChainIncomplete, Refused, ChainBroken, KeyMismatch, Malformed];
        let missed: Vec<&FaultKind> = ours.difference(&read).filter(|kind| !beyond.contains(kind)).collect();
        let made_up: Vec<&FaultKind> = read.difference(&ours).filter(|kind| **kind != Unknown).collect();
        let (loads, comes_through) = &served[name];
        writeln!(
            table,
            "{name}: {ours:?} | verify {verify} | pkey {pkey} | {loads} | {comes_through} | alone {read:?}"
        )
        .unwrap();
        let mut differs = |what: &str| differences.push(format!("{name}: {what}"));
        if ours != case.wrong.iter().copied().collect() {
            differs("not what is wrong with it");
        }
        if !missed.is_empty() || !made_up.is_empty() || !read.contains(&Unknown) {
            differs("alone we say something else");
        }
        if case.certificates.exists()
            && read_certificates(&host, &case.certificates).is_ok_and(|all| all[0].broken.is_empty())
        {
            for number in verify.split(' ').filter_map(|number| number.parse().ok()) {
                if !ours.contains(&kind(number)) && (number, ours.contains(&ChainBroken)) != (26, true) {
                    differs("openssl verify has another reason");
                }
            }
        }
        let theirs = verify == "OK" && pkey == "same" && loads == "loads" && comes_through == "served";
        if ours.is_empty() && !theirs {
            differs("we take what somebody refuses");
        }
        if !ours.is_empty() && theirs == case.ours.is_empty() {
            differs("we refuse what everybody takes, or say so wrongly");
        }
    }
    println!("{table}");
    assert!(differences.is_empty(), "\n\n{}\n", differences.join("\n"));
    assert!(corpus.cases.len() >= 60, "{}", corpus.cases.len());
}
