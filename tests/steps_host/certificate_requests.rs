//! Requests that are answered on another day, and certificates that nobody signed.

use ngcp_warden::{finding::Status, plan::Plan, runner::RunOutcome, secret::Secrets};

use super::{
    super::{finding, inspect, status},
    certificate_lab::{Authority, CONFIG, SSL, host, planned, ran},
};

const FOLDER: &str = "/var/lib/ngcp-warden/requests/web";

/// Made today, asked for again, answered by another certificate, answered in another start of the program.
#[test]
fn a_request_is_remembered_and_answered_in_a_later_start() {
    let ca = Authority::new();
    ca.default();
    let host = host("mr13.5", &ca);
    let none = Secrets::default();
    let plan = planned(&host, "  web: request\n", &none).unwrap();
    assert!(plan.apply.is_empty(), "nothing is applied for a request");
    assert_eq!(ran(&host, &plan, Secrets::default()), RunOutcome::Done);
    let key = host.files().metadata(format!("{FOLDER}/private.key").as_ref()).unwrap();
    assert_eq!((key.mode, key.uid), (0o600, 0));
    let csr = host.files().text(format!("{FOLDER}/request.csr"));
    assert!(csr.starts_with("-----BEGIN CERTIFICATE REQUEST-----"), "{csr}");

    // The answer was lost: the same request is told again, and another one is not made in its place.
    let again = planned(&host, "  web: request\n", &none).unwrap();
    assert!(again.is_empty() && again.generated.is_empty());
    assert!(again.reminders[0].contains("ngcp-warden certificates request web"), "{:?}", again.reminders);
    let error = planned(&host, "  web: request\n  web.names: other.example.net\n", &none).unwrap_err();
    assert!(error.to_string().contains("for spce.example.net is still open"), "{error:#}");

    // The answer to somebody else's request.
    ca.server("other", &["spce.example.net"], 90);
    let all = |name: &str| [ca.read(name), ca.read("middle.crt"), ca.read("root.crt")].concat();
    let host = host.file("/other.crt", all("other.crt"));
    let text = "  web.answer: /other.crt\n  web.own-ca: accept\n";
    let error = format!("{:#}", planned(&host, text, &none).unwrap_err());
    assert!(error.contains("certificates.web.answer") && error.contains("for spce.example.net"), "{error}");
    assert!(error.contains("belongs to none of the certificates: spce.example.net"), "{error}");

    let host = host.file("/answer.crt", {
        ca.sign(&csr, "answer");
        all("answer.crt")
    });
    let seen = inspect("certificates", &host);
    let row = ngcp_warden::steps::find("certificates").unwrap().form(&seen).unwrap();
    assert!(row.field("web").unwrap().help.as_ref().unwrap().starts_with("The request of "));
    let plan = planned(&host, "  web.answer: /answer.crt\n  web.own-ca: accept\n", &none).unwrap();
    assert_eq!(ran(&host, &plan, Secrets::default()), RunOutcome::Warning);
    let seen = inspect("certificates", &host);
    for id in ["CERT-DEFAULT-WEB", "CERT-KEY-MISMATCH-WEB", "CERT-NOT-SERVED-WEB", "CERT-NAME-WEB"] {
        assert_eq!(status(&seen, id), Some(Status::Pass), "{id}");
    }
    assert!(!host.files().exists(format!("{FOLDER}/private.key")), "the request is answered");
    let again = planned(&host, "  web.answer: /answer.crt\n  web.own-ca: accept\n", &none).unwrap();
    assert_eq!(again, Plan::default(), "the same answers fit the host ever after");
    let error = format!("{:#}", planned(&host, text, &none).unwrap_err());
    assert!(error.contains("certificates.web.answer: no request is open for web"), "{error}");
}

#[test]
fn a_self_signed_certificate_says_so_everywhere_and_is_made_once() {
    let ca = Authority::new();
    ca.default();
    let host = host("mr13.5", &ca);
    let text = "  web: self-signed\n  web.names: [spce.example.net, 192.0.2.5]\n  web.key: rsa-3072\n";
    let plan = planned(&host, text, &Secrets::default()).unwrap();
    assert!(plan.reminders.iter().any(|line| line.contains("every browser and phone warns")));
    assert_eq!(ran(&host, &plan, Secrets::default()), RunOutcome::Warning);
    let named = host.files().text(CONFIG);
    assert_eq!(named.matches(&format!("{SSL}/web-self-signed-spce.example.net-until-")).count(), 6);
    let seen = inspect("certificates", &host);
    let chain = finding(&seen, "CERT-CHAIN-WEB");
    assert!(chain.status == Status::Fail && chain.evidence.contains("self-signed"), "{chain:?}");
    assert_eq!(status(&seen, "CERT-DEFAULT-WEB"), Some(Status::Pass));
    assert_eq!(planned(&host, text, &Secrets::default()).unwrap(), Plan::default());
    for (bad, why) in [("[]", "no name is given"), ("'*.net'", "top-level"), ("'a..b'", "no host name")] {
        let text = format!("  web: self-signed\n  web.names: {bad}\n");
        let error = format!("{:#}", planned(&host, &text, &Secrets::default()).unwrap_err());
        assert!(error.contains("certificates.web.names") && error.contains(why), "{bad}: {error}");
    }
}

/// The authority of the API's clients is asked for by itself, and what its change costs is said.
#[test]
fn the_authority_of_api_clients_is_replaced_only_by_one_and_says_what_that_costs() {
    let ca = Authority::new();
    ca.default();
    ca.certificate("clients", None, "/CN=New CA", "basicConstraints=critical,CA:true", 3650);
    ca.server("web", &["spce.example.net"], 90);
    let pair = |name: &str| [ca.read(&format!("{name}.crt")), ca.read(&format!("{name}.key"))].concat();
    let host = host("mr13.5", &ca).file("/ca.pem", pair("clients")).file("/web.pem", pair("web"));
    let none = Secrets::default();
    let form = ngcp_warden::steps::find("certificates").unwrap();
    let form = form.form(&inspect("certificates", &host)).unwrap();
    assert_eq!(form.defaults().choice("rest").unwrap(), Some("leave"));
    let error = format!("{:#}", planned(&host, "  rest.import: /web.pem\n", &none).unwrap_err());
    assert!(error.contains("certificates.rest.import") && error.contains("is no authority"), "{error}");
    let plan = planned(&host, "  rest.import: /ca.pem\n", &none).unwrap();
    assert!(plan.reminders.iter().any(|line| line.contains("issued to API clients")), "{:?}", plan.reminders);
    assert_eq!(ran(&host, &plan, Secrets::default()), RunOutcome::Done);
    let config = host.files().text(CONFIG);
    assert_eq!(config.matches(&format!("{SSL}/rest-new-ca-until-")).count(), 2);
    assert_eq!(config.matches(&format!("{SSL}/myserver.crt")).count(), 4, "the others stay");
    assert_eq!(status(&inspect("certificates", &host), "CERT-UNREADABLE-REST"), Some(Status::Pass));
    assert_eq!(planned(&host, "  rest.import: /ca.pem\n", &none).unwrap(), Plan::default());
}
