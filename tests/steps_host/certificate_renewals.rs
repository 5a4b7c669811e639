//! Certificates that certbot or acme.sh renews: taken over with their renewals, which come back by the same way.

use std::path::{Path, PathBuf};

use ngcp_warden::{
    executor::{
        Command,
        simulated::{Files, Simulated},
    },
    host::certificates::lineages,
    plan::{Action, Plan},
    runner::RunOutcome,
    secret::Secrets,
    steps,
};

use super::{
    super::inspect,
    certificate_lab::{self, Authority, planned, ran},
};

fn plan(host: &Simulated, text: &str) -> anyhow::Result<Plan> {
    planned(host, text, &Secrets::default())
}

/// With what makes folders.
fn host(sample: &str, ca: &Authority) -> Simulated {
    certificate_lab::host(sample, ca).on("install", |files: &mut Files, command: &Command| {
        files.directory(command.args.last().unwrap());
        ""
    })
}

/// Every file there is.
fn everything(files: &Files) -> Vec<PathBuf> {
    files.changed_since(&Simulated::new().files())
}

fn certbot(host: Simulated, ca: &Authority, name: &str, number: u32) -> Simulated {
    let live = "/etc/letsencrypt/live/spce.example.net";
    let archive = "/etc/letsencrypt/archive/spce.example.net";
    let chain = [ca.read(&format!("{name}.crt")), ca.read("middle.crt"), ca.read("root.crt")].concat();
    host.edit(|files| {
        files.put(format!("{archive}/fullchain{number}.pem"), 0o644, 0, 0, chain);
        files.put(format!("{archive}/privkey{number}.pem"), 0o600, 0, 0, ca.read(&format!("{name}.key")));
        for file in ["fullchain", "privkey"] {
            files.remove(format!("{live}/{file}.pem"));
            files.link(
                format!("{live}/{file}.pem"),
                format!("../../archive/spce.example.net/{file}{number}.pem"),
            );
        }
    });
    host.file(
        "/etc/letsencrypt/renewal/spce.example.net.conf",
        format!("fullchain = {live}/fullchain.pem\nprivkey = {live}/privkey.pem\n[renewalparams]\n"),
    )
}

/// The answers that `certificates deploy` makes, planned.
fn renewal(host: &Simulated, lineage: &str) -> anyhow::Result<Plan> {
    let found = inspect("certificates", host);
    let answers = steps::renewed_answers(host, &found, Path::new(lineage))?;
    let step = steps::find("certificates").unwrap();
    steps::assemble(host, [steps::plan(host, step, &found, &answers, &Secrets::default())?])
}

#[test]
fn a_lineage_of_certbot_is_taken_over_with_its_renewals() {
    let ca = Authority::new();
    ca.default();
    ca.server("one", &["spce.example.net"], 60);
    ca.server("two", &["spce.example.net"], 90);
    let host = certbot(host("mr13.5", &ca), &ca, "one", 1);
    let folder = "/etc/letsencrypt/live/spce.example.net";
    assert!(renewal(&host, folder).unwrap().is_empty(), "no place uses it");
    let text = "  web: lineage\n  web.own-ca: accept\n";
    let first = plan(&host, text).unwrap();
    assert_eq!(ran(&host, &first, Secrets::default()), RunOutcome::Warning);
    let files = host.files();
    let hook = "/etc/letsencrypt/renewal-hooks/deploy/ngcp-warden";
    assert_eq!(files.metadata(hook.as_ref()).unwrap().mode, 0o755);
    assert!(
        files
            .text(hook)
            .ends_with("exec /usr/local/sbin/ngcp-warden certificates deploy \"$RENEWED_LINEAGE\"\n")
    );
    assert_eq!(plan(&host, text).unwrap(), Plan::default(), "the second run changes nothing");
    assert!(renewal(&host, folder).unwrap().is_empty(), "nothing was renewed yet");

    let host = certbot(host, &ca, "two", 2);
    let renewed = renewal(&host, folder).unwrap();
    assert_eq!(renewal(&host, "spce.example.net").unwrap(), renewed, "its name will do");
    assert_eq!(ran(&host, &renewed, Secrets::default()), RunOutcome::Warning);
    let [one, two] = ["one.crt", "two.crt"].map(|file| String::from_utf8(ca.read(file)).unwrap());
    for port in [443, 1443, 2443] {
        assert!(host.files().text(format!("/wire/{port}")).contains(&two), "{port}");
    }
    assert!(!host.files().text("/wire/5061").contains(&one), "SIP was not meant");

    // Broken: the key of another certificate.
    host.edit(|files| {
        let archive = "/etc/letsencrypt/archive/spce.example.net/privkey2.pem";
        files.put(archive, 0o600, 0, 0, ca.read("one.key"));
    });
    let before = host.files();
    let why = format!("{:#}", renewal(&host, folder).unwrap_err());
    assert!(why.contains("certificates.web.lineage"), "{why}");
    assert_eq!(host.files().changed_since(&before), Vec::<PathBuf>::new());
    let why = format!("{:#}", renewal(&host, "/etc/letsencrypt/live/nothing").unwrap_err());
    assert!(why.contains("nothing on this host renews"), "{why}");
}

/// A place whose file lost its first line is found by what certbot ever got.
#[test]
fn what_was_copied_by_hand_from_certbot_is_renewed_as_well() {
    let ca = Authority::new();
    ca.default();
    ca.server("one", &["spce.example.net"], 60);
    let all = [ca.read("one.crt"), ca.read("middle.crt"), ca.read("root.crt")].concat();
    let host =
        certbot(host("mr13.5", &ca), &ca, "one", 1).file("/in/all.pem", [all, ca.read("one.key")].concat());
    let by_hand = plan(&host, "  sip: import\n  sip.import: /in/all.pem\n  sip.own-ca: accept\n").unwrap();
    assert_eq!(ran(&host, &by_hand, Secrets::default()), RunOutcome::Warning);
    host.edit(|files| {
        let path =
            everything(files).into_iter().find(|path| path.display().to_string().contains("/sip-")).unwrap();
        let path = path.with_extension("crt");
        let text = files.text(&path);
        files.write(&path, text.split_once('\n').unwrap().1.to_owned());
    });
    let found = inspect("certificates", &host);
    let answers =
        steps::renewed_answers(&host, &found, Path::new("/etc/letsencrypt/live/spce.example.net")).unwrap();
    assert_eq!(answers.choice("sip").unwrap(), Some("lineage"));
    assert_eq!(answers.choice("web").unwrap(), None);
}

#[test]
fn acme_sh_is_told_by_its_own_configuration() {
    let ca = Authority::new();
    ca.default();
    ca.server("one", &["spce.example.net"], 60);
    let home = "/root/.acme.sh/spce.example.net_ecc";
    let conf = format!("{home}/spce.example.net.conf");
    let chain = [ca.read("one.crt"), ca.read("middle.crt"), ca.read("root.crt")].concat();
    let host = host("mr13.5", &ca)
        .file(format!("{home}/fullchain.cer"), chain)
        .file(format!("{home}/spce.example.net.key"), ca.read("one.key"))
        .file(&conf, "Le_Domain='spce.example.net'\nLe_ReloadCmd=''\nLe_Keylength='ec-256'\n");
    assert_eq!(lineages(&host).len(), 1);
    let text = format!("  sip: lineage\n  sip.lineage: {home}\n  sip.own-ca: accept\n");
    let first = plan(&host, &text).unwrap();
    let edits = first.changes.iter().filter(|change| matches!(change.action, Action::Edit { .. })).count();
    assert_eq!(edits, 2, "config.yml and the configuration of acme.sh");
    assert_eq!(ran(&host, &first, Secrets::default()), RunOutcome::Warning);
    let lines = host.files().text(&conf);
    assert!(lines.contains("\nLe_ReloadCmd='__ACME_BASE64__START_"), "{lines}");
    assert!(lines.ends_with("__ACME_BASE64__END_'\nLe_Keylength='ec-256'\n"), "{lines}");
    assert_eq!(plan(&host, &text).unwrap(), Plan::default());
}
