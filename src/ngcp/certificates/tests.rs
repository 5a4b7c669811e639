use super::*;
use crate::executor::simulated::Simulated;

const OLD: &str = include_str!("../../../tests/corpus/ngcp-mr3.8.yml");
const NEW: &str = include_str!("../../../tests/corpus/ngcp-mr13.5.yml");
const PILOT: &str = include_str!("../../../tests/corpus/ngcp-pilot.yml");

fn config(text: &str) -> Config {
    Config::read(&Simulated::new().file("/etc/ngcp-config/config.yml", text)).unwrap()
}

fn at(text: &str, version: &str) -> Vec<Place> {
    places(&config(text), Version::parse(version))
}

fn names(places: &[Place]) -> Vec<&str> {
    places.iter().map(|place| place.name.as_str()).collect()
}

fn place<'a>(all: &'a [Place], name: &str) -> &'a Place {
    all.iter().find(|place| place.name == name).unwrap()
}

#[test]
fn every_release_has_the_places_that_it_has() {
    let old = at(OLD, "mr3.8.3");
    assert_eq!(names(&old), ["admin", "csc", "provisioning", "sip", "rest"]);
    let provisioning = place(&old, "provisioning");
    assert_eq!(provisioning.certificate.dotted(), "ossbss.apache.autoprov.sslcertfile");
    assert_eq!(provisioning.ports, [2443]);
    assert_eq!(names(&at(NEW, "mr13.5.1")), ["admin", "csc", "provisioning", "sip", "rest"]);
    let pilot = at(PILOT, "mr13.5.1");
    assert_eq!(names(&pilot), ["admin", "csc", "system", "provisioning", "autoprov", "sip", "rest"]);
    let [admin, sip, rest] = ["admin", "sip", "rest"].map(|name| place(&pilot, name));
    assert_eq!(
        (admin.on, &admin.ports[..], admin.server_name.as_deref()),
        (true, &[1443][..], Some("spce.example.net"))
    );
    assert_eq!(admin.certificate.file(), Some("/etc/ngcp-config/shared-files/ssl/myserver.crt".into()));
    assert_eq!(admin.protocols, "TLSv1.2 TLSv1.3");
    assert_eq!(
        (sip.on, &sip.ports[..], sip.read_by.as_deref(), &*sip.protocols),
        (false, &[5061][..], Some("kamailio"), "TLSv1.2+")
    );
    assert!(rest.issues && rest.ports.is_empty());
    assert_eq!(place(&pilot, "provisioning").certificate.dotted(), "ossbss.apache.sslcertfile");
}

/// F73: one certificate for two services, its path in a comment only, keys that an old config.yml has not.
#[test]
fn odd_configurations_have_their_places_all_the_same_f73() {
    let shared = "www_admin:\n  http_admin:\n    sslcertfile: /a/b.crt # was /a/old.crt\n    sslcertkeyfile: /a/b.key\n  \
                  http_csc:\n    port: 444\n    # sslcertfile: /a/b.crt\n    sslcertkeyfile: ~\nkamailio:\n  lb:\n    tls:\n      \
                  sslcertfile: /a/b.crt\n      sslcertkeyfile: ../b.key\n";
    for version in ["mr3.8.3", "mr8.1.1", "mr10.5.1", "mr13.5.1", ""] {
        let all = at(shared, version);
        assert_eq!(names(&all), ["admin", "csc", "sip"], "{version}");
        let [admin, csc, sip] = [&all[0], &all[1], &all[2]];
        assert_eq!(admin.certificate.file(), sip.certificate.file());
        assert_eq!((csc.certificate.value.clone(), csc.key.file(), &csc.ports[..]), (None, None, &[444][..]));
        assert!(!sip.on, "it is off where nothing is said");
        assert_eq!(sip.key.file(), None, "a path that is not a full one is none");
    }
    assert_eq!(names(&at("ossbss:\n  apache:\n    port: 1\n", "mr8.1.1")), ["provisioning"]);
    assert_eq!(names(&at("ossbss:\n  apache:\n    port: 1\n", "mr3.8.3")), [""; 0]);
    assert_eq!(names(&at("a: 1\n", "mr3.8.3")), [""; 0]);
}

#[test]
fn a_file_that_overrides_config_yml_is_named() {
    let host = Simulated::new().file("/etc/ngcp-config/config.yml", NEW).file(
        "/etc/ngcp-config/config.local.yml",
        "www_admin:\n  http_csc:\n    sslcertfile: /local.crt\n    port: 8443\n",
    );
    let all = places(&Config::read(&host).unwrap(), None);
    let csc = place(&all, "csc");
    assert_eq!(csc.certificate.file(), Some("/local.crt".into()));
    assert_eq!(
        csc.certificate.shadow.as_ref().unwrap().to_string(),
        "/etc/ngcp-config/config.local.yml line 3"
    );
    assert_eq!((csc.key.shadow.clone(), &csc.ports[..]), (None, &[8443][..]));
}

#[test]
fn what_looks_like_a_certificate_and_is_no_place_is_shown() {
    let text = "a:\n  ssl_cert: /x/y.pem\n  keys_filename_template: /x/customer-%h\n  list:\n  - /x/z.crt\n  certificate: ''\n\
                b:\n  client_certfile: /x/client\n  timeout: 30\nwww_admin:\n  http_admin:\n    sslcertfile: /x/a.crt\n";
    let found = unlisted(&config(text));
    let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["a.list.0", "a.ssl_cert", "b.client_certfile"]);
    for sample in [OLD, NEW, PILOT] {
        assert_eq!(unlisted(&config(sample)), []);
    }
}

#[test]
fn certificates_lie_where_this_host_has_them() {
    let at = |host: &Simulated, version| directory(host, Version::parse(version));
    let bare = Simulated::new();
    assert_eq!(at(&bare, "mr10.4.1"), Path::new("/etc/ngcp-config/ssl"));
    assert_eq!(at(&bare, "mr10.5.1"), Path::new("/etc/ngcp-config/shared-files/ssl"));
    let old = Simulated::new().file("/etc/ngcp-config/ssl/myserver.crt", "");
    assert_eq!(at(&old, "mr13.5.1"), Path::new("/etc/ngcp-config/ssl"));
}
