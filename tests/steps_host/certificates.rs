//! Certificates: F73, on sample hosts whose `openssl` is this machine's.

use ngcp_warden::{
    executor::{
        Executor, World,
        simulated::{Files, Simulated},
    },
    finding::{Severity, Status},
    plan::{Action, Plan},
    runner::RunOutcome,
    secret::{Secret, Secrets},
    steps,
};

use super::{
    super::{finding, inspect, status},
    certificate_lab::{Authority, CONFIG, SSL, host, planned, ran},
};

#[test]
fn the_certificate_of_every_installation_is_found_on_both_samples() {
    let ca = Authority::new();
    ca.default();
    for sample in ["mr3.8", "mr13.5"] {
        let seen = inspect("certificates", &host(sample, &ca));
        let default = finding(&seen, "CERT-DEFAULT-WEB");
        assert_eq!(default.status, Status::Fail, "{sample}");
        assert!(default.title.starts_with("Web interfaces: the certificate that every"), "{}", default.title);
        assert_eq!(default.field.as_deref(), Some("web"));
        for id in [
            "CERT-MISSING-WEB",
            "CERT-KEY-MISMATCH-WEB",
            "CERT-NOT-SERVED-WEB",
            "CERT-KEY-MODE-WEB",
            "CERT-EXPIRED-WEB",
            "CERT-UNREADABLE-REST",
        ] {
            assert_eq!(status(&seen, id), Some(Status::Pass), "{sample}: {id}: {:?}", seen.items);
        }
        assert_eq!(status(&seen, "CERT-DEFAULT-SIP"), Some(Status::NotApplicable), "it is off");
        assert_eq!(status(&seen, "CERT-SIP-TLS-OFF"), Some(Status::NotApplicable));
    }
    let tree = inspect("certificates", &host("mr13.5", &ca).with_world(World::Tree));
    assert_eq!(status(&tree, "CERT-DEFAULT-WEB"), Some(Status::Fail));
    assert_eq!(status(&tree, "CERT-NOT-SERVED-WEB"), Some(Status::Unknown));
}

/// The shortest answers file, on both releases: files of their own, the paths, one apply, seen on every port.
#[test]
fn an_import_becomes_files_of_its_own_and_is_seen_on_every_port() {
    let ca = Authority::new();
    ca.default();
    ca.server("web", &["spce.example.net"], 90);
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 90);
    for (sample, ssl) in [("mr3.8", "/etc/ngcp-config/ssl"), ("mr13.5", SSL)] {
        let host = host(sample, &ca).file("/mnt/usb/web.pem", ca.all("web"));
        let text = "  web.import: /mnt/usb/web.pem\n  web.own-ca: accept\n";
        let plan = planned(&host, text, &Secrets::default()).unwrap();
        assert!(!serde_json::to_string(&plan).unwrap().contains("PRIVATE KEY-----"));
        assert_eq!(ran(&host, &plan, Secrets::default()), RunOutcome::Warning, "{sample}");
        let stem = format!("{ssl}/web-spce.example.net-until-{}", until.strftime("%Y-%m-%d"));
        let files = host.files();
        let installed = files.text(format!("{stem}.crt"));
        assert!(
            installed.starts_with(
                "# ngcp-warden: for web; own CA test-root; from /mnt/usb/web.pem\n-----BEGIN CERT"
            ),
            "{installed}"
        );
        let order: String =
            ["web.crt", "middle.crt"].iter().map(|one| String::from_utf8(ca.read(one)).unwrap()).collect();
        assert_eq!(installed.split_once('\n').unwrap().1, order, "leaf, intermediate, no root");
        let key = files.metadata(format!("{stem}.key").as_ref()).unwrap();
        assert_eq!((key.mode, key.uid, key.gid), (0o640, 0, 109));
        assert_eq!(files.text(CONFIG).matches(&format!("{stem}.crt")).count(), 3);
        assert_eq!(
            files.text("/wire/5061"),
            String::from_utf8(ca.read("myserver.crt")).unwrap(),
            "SIP was not meant"
        );
        let seen = inspect("certificates", &host);
        for id in [
            "CERT-DEFAULT-WEB",
            "CERT-NOT-SERVED-WEB",
            "CERT-KEY-MISMATCH-WEB",
            "CERT-NAME-WEB",
            "CERT-CHAIN-WEB",
        ] {
            assert_eq!(status(&seen, id), Some(Status::Pass), "{sample}: {id}");
        }
        let again = planned(&host, text, &Secrets::default()).unwrap();
        assert_eq!(again, Plan::default(), "the second run changes nothing");
    }
}

/// Nothing is planned, and the words say which answer, which file and why.
#[test]
fn what_cannot_be_used_is_refused_with_the_answer_and_the_reason() {
    let ca = Authority::new();
    ca.default();
    ca.server("web", &["spce.example.net"], 90);
    ca.server("other", &["www.example.org"], 90);
    let host = host("mr13.5", &ca)
        .file("/in/web.crt", [ca.read("web.crt"), ca.read("middle.crt")].concat())
        .file("/in/web.key", ca.read("web.key"))
        .file("/web.pem", ca.all("web"))
        .file("/in/other.key", ca.read("other.key"))
        .file("/other/all.pem", ca.all("other"))
        .file("/noise", vec![b'x'; 10 << 20]);
    host.edit(|files| files.device("/pipe"));
    let before = host.files();
    for (text, wanted) in [
        ("  web.import: /nowhere\n", "certificates.web.import: /nowhere"),
        ("  web.import: /noise\n", "/noise: it is larger"),
        ("  web.import: /pipe\n", "/pipe"),
        ("  web.import: [/in/web.crt, /in/other.key]\n", "certificates.web.import"),
        ("  web.import: /other/all.pem\n  web.own-ca: accept\n", "certificates.web.other-names: accept"),
        (
            "  web.import: /web.pem\n",
            "ends at Test Root, which this host does not trust; if callers have that root, answer certificates.web.own-ca: accept",
        ),
        ("  web.import: [/in/web.crt, /in/web.key]\n  web.own-ca: accept\n", "certificates.web.import"),
        ("  web.import: relative.pem\n", "is not a full name"),
        ("  web: import\n", "certificates.web.import"),
    ] {
        let error = format!("{:#}", planned(&host, text, &Secrets::default()).unwrap_err());
        assert!(error.contains(wanted), "{text}: {error}");
    }
    assert_eq!(host.files().changed_since(&before), Vec::<std::path::PathBuf>::new());
    let accepted = "  web.import: /other/all.pem\n  web.own-ca: accept\n  web.other-names: accept\n";
    assert!(planned(&host, accepted, &Secrets::default()).is_ok());
}

/// Each place its own certificate, and SIP over TLS switched on with one of its own.
#[test]
fn each_place_can_have_its_own_and_sip_over_tls_is_switched_on_with_one() {
    let ca = Authority::new();
    ca.default();
    ca.server("csc", &["self.example.net"], 60);
    ca.server("sip", &["sip.example.net"], 70);
    let host = host("mr13.5", &ca).file("/csc.pem", ca.all("csc")).file("/sip.pem", ca.all("sip"));
    let text = "  csc.import: /csc.pem\n  csc.own-ca: accept\n  csc.other-names: accept\n  sip.import: /sip.pem\n  \
                sip.own-ca: accept\n  sip.other-names: accept\n  sip-tls: on\n";
    let plan = planned(&host, text, &Secrets::default()).unwrap();
    let config = plan.changes.iter().find(|change| change.id == "certificates.config").unwrap();
    assert!(config.interrupts.as_ref().unwrap().contains("calls go on"));
    assert_eq!(ran(&host, &plan, Secrets::default()), RunOutcome::Warning);
    let text = host.files().text(CONFIG);
    assert_eq!(text.matches("csc-self.example.net-until-").count(), 2);
    assert_eq!(text.matches("sip-sip.example.net-until-").count(), 2);
    assert!(text.contains("tls:\n      enable: yes\n"), "{text}");
    let seen = inspect("certificates", &host);
    assert_eq!(status(&seen, "CERT-DEFAULT-WEB-ADMIN"), Some(Status::Fail));
    assert_eq!(status(&seen, "CERT-DEFAULT-WEB-CSC"), Some(Status::Pass));
    assert_eq!(status(&seen, "CERT-SIP-TLS-OFF"), Some(Status::Pass));
    assert_eq!(status(&seen, "CERT-NOT-SERVED-SIP"), Some(Status::Pass));
}

/// F73: the value is in another file, or the files are hostile.
#[test]
fn a_value_that_another_file_sets_is_named_and_not_edited_f73() {
    let ca = Authority::new();
    ca.default();
    ca.server("web", &["spce.example.net"], 90);
    let local = "www_admin:\n  http_csc:\n    sslcertfile: /etc/ngcp-config/shared-files/ssl/myserver.crt\n";
    let host =
        host("mr13.5", &ca).file("/etc/ngcp-config/config.local.yml", local).file("/web.pem", ca.all("web"));
    let text = "  web.import: /web.pem\n  web.own-ca: accept\n";
    let error = format!("{:#}", planned(&host, text, &Secrets::default()).unwrap_err());
    assert!(
        error.contains("/etc/ngcp-config/config.local.yml line 3") && error.contains("by hand"),
        "{error}"
    );
    let seen = inspect("certificates", &host);
    assert!(finding(&seen, "CERT-DEFAULT-WEB").evidence.contains("config.local.yml line 3"));
}

#[test]
fn hostile_files_are_findings_and_never_the_end_of_the_look() {
    let ca = Authority::new();
    ca.default();
    type Spoil = (&'static str, fn(&mut Files, &str), &'static str);
    let cases: [Spoil; 5] = [
        ("gone", |files, path| files.remove(path), "CERT-MISSING-WEB"),
        ("pipe", |files, path| files.device(path), "CERT-UNREADABLE-WEB"),
        ("loop", |files, path| files.link(path, "myserver.crt"), "CERT-UNREADABLE-WEB"),
        ("huge", |files, path| files.write(path, vec![b'-'; 2 << 20]), "CERT-UNREADABLE-WEB"),
        ("noise", |files, path| files.write(path, "\u{1b}[2J no certificate"), "CERT-UNREADABLE-WEB"),
    ];
    for (name, spoil, id) in cases {
        let host = host("mr13.5", &ca);
        host.edit(|files| spoil(files, &format!("{SSL}/myserver.crt")));
        let seen = inspect("certificates", &host);
        assert_eq!(status(&seen, id), Some(Status::Fail), "{name}: {:?}", seen.items);
        assert!(seen.items.iter().all(|one| !one.evidence.contains('\u{1b}')), "{name}");
    }
    let host = host("mr13.5", &ca);
    host.edit(|files| files.set_owner(format!("{SSL}/api_ca.key"), 0o600, 0, 0));
    let seen = inspect("certificates", &host);
    assert_eq!(status(&seen, "CERT-UNREADABLE-REST"), Some(Status::Fail));
    host.edit(|files| files.set_owner(format!("{SSL}/myserver.key"), 0o644, 0, 0));
    assert_eq!(status(&inspect("certificates", &host), "CERT-KEY-MODE-WEB"), Some(Status::Fail));
}

#[test]
fn another_certificate_on_the_wire_than_in_the_file_is_told() {
    let ca = Authority::new();
    ca.default();
    ca.server("web", &["spce.example.net"], 90);
    let host = host("mr13.5", &ca).file("/wire/443", ca.read("web.crt"));
    let seen = inspect("certificates", &host);
    let differs = finding(&seen, "CERT-NOT-SERVED-WEB-CSC");
    assert_eq!(differs.status, Status::Fail);
    assert!(differs.evidence.contains("spce.example.net"), "{}", differs.evidence);
    assert_eq!(status(&seen, "CERT-NOT-SERVED-WEB-ADMIN"), Some(Status::Pass));
    assert!(host.now() > jiff::Timestamp::UNIX_EPOCH);
}

#[test]
fn no_change_writes_a_key_that_is_in_the_plan() {
    let ca = Authority::new();
    ca.default();
    ca.server("web", &["spce.example.net"], 90);
    let host = host("mr13.5", &ca).file("/web.pem", ca.all("web"));
    let plan = planned(&host, "  web.import: /web.pem\n  web.own-ca: accept\n", &Secrets::default()).unwrap();
    let writes = plan.changes.iter().filter_map(|change| match &change.action {
        Action::Write { path, content, .. } => Some((path, content.names().count())),
        _ => None,
    });
    let keys: Vec<_> = writes.filter(|(path, _)| path.extension().is_some_and(|end| end == "key")).collect();
    assert!(matches!(keys.as_slice(), [(_, 1)]), "{keys:?}");
}

/// PKCS#12 with its passphrase, and pasted PEM, both among the secrets: the plan and the host see no more than names.
#[test]
fn a_passphrase_and_a_pasted_key_come_from_the_secrets_and_go_nowhere_else() {
    let ca = Authority::new();
    ca.default();
    ca.server("web", &["spce.example.net"], 90);
    ca.run(&[
        "pkcs12",
        "-export",
        "-in",
        "web.crt",
        "-inkey",
        "web.key",
        "-certfile",
        "middle.crt",
        "-passout",
        "pass:open sesame",
        "-out",
        "web.p12",
    ]);
    let host = host_with(&ca);
    let import = "  web.import: [/web.p12, /root.crt]\n  web.own-ca: accept\n";
    let secrets = |name: &str, secret: Vec<u8>| {
        let mut secrets = Secrets::default();
        secrets.insert(name, Secret::new(secret));
        secrets
    };
    for (given, wanted) in [
        (Secrets::default(), "needs its passphrase"),
        (secrets("certificates.web.passphrase", b"wrong".to_vec()), "does not open"),
    ] {
        let error = format!("{:#}", planned(&host, import, &given).unwrap_err());
        assert!(error.contains("certificates.web.import") && error.contains(wanted), "{error}");
    }
    let opened = secrets("certificates.web.passphrase", b"open sesame".to_vec());
    let pasted = secrets("certificates.web.pasted", ca.all("web"));
    for (text, given) in [(import, opened), ("  web: paste\n  web.own-ca: accept\n", pasted)] {
        let host = host_with(&ca);
        let plan = planned(&host, text, &given).unwrap();
        assert_eq!(ran(&host, &plan, given), RunOutcome::Warning, "{text}");
        let written = format!("{}{plan:?}{:?}", serde_json::to_string(&plan).unwrap(), host.commands());
        assert!(!written.contains("sesame") && !written.contains("PRIVATE KEY--"), "{text}");
        assert_eq!(
            status(&inspect("certificates", &host), "CERT-KEY-MISMATCH-WEB"),
            Some(Status::Pass),
            "{text}"
        );
    }
}

fn host_with(ca: &Authority) -> Simulated {
    host("mr13.5", ca).file("/web.p12", ca.read("web.p12")).file("/root.crt", ca.read("root.crt"))
}

/// What runs out is told in time, louder each week, and in one finding for places that share it.
#[test]
fn a_certificate_that_runs_out_is_told_in_time() {
    let ca = Authority::new();
    ca.default();
    ca.server("myserver", &["spce.example.net"], 90);
    for (days, id, wanted) in [
        (59, "CERT-EXPIRING-WEB", None),
        (61, "CERT-EXPIRING-WEB", Some(Severity::Low)),
        (77, "CERT-EXPIRING-WEB", Some(Severity::Medium)),
        (84, "CERT-EXPIRING-WEB", Some(Severity::High)),
        (91, "CERT-EXPIRED-WEB", Some(Severity::High)),
    ] {
        let clock = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        let seen = inspect("certificates", &host("mr13.5", &ca).with_clock(clock));
        let found = finding(&seen, id);
        let severity = (found.status == Status::Fail).then_some(found.severity);
        assert_eq!(severity, wanted, "after {days} days: {found:?}");
        let row = steps::find("certificates").unwrap().form(&seen).unwrap();
        let row = row.field("web").unwrap().now.clone().unwrap();
        let left = if days > 90 { "expired".to_owned() } else { format!("{} days left", 89 - days) };
        assert!(row == left || row == "chain broken", "{row}");
        assert_eq!(status(&seen, "CERT-EXPIRING-REST"), Some(Status::Pass));
    }
}
