//! What is made or fetched when a run starts: keys, requests, certificates that sign themselves.

use ngcp_warden::{
    effects::runs,
    executor::System,
    host::certificates::{Key, Material, Request, Source, config, gather, name},
    plan::{Generated, KeyAlgorithm, KeySource, Making, Plan},
    secret::{Secret, Secrets},
};

use crate::made::Made;

const KEY: &str = "certificates.web.private-key";
const MADE: &str = "certificates.web.made";

fn made(plan: Vec<(&str, Making)>, mut secrets: Secrets) -> anyhow::Result<Secrets> {
    let generated = plan.into_iter().map(|(secret, kind)| Generated {
        secret: secret.to_owned(),
        label: format!("{secret} for web"),
        kind,
    });
    let plan = Plan { generated: generated.collect(), ..Plan::default() };
    let shown = runs::make_up(&System::live().unwrap(), &plan, &mut secrets)?;
    assert!(shown.is_empty(), "shown to nobody");
    Ok(secrets)
}

fn key(from: KeySource, passphrase: Option<&str>, public_key: Option<&str>) -> (&'static str, Making) {
    let (passphrase, public_key) = (passphrase.map(str::to_owned), public_key.map(str::to_owned));
    (KEY, Making::PrivateKey { from, passphrase, public_key })
}

fn read(secret: &Secret) -> Material {
    gather(&System::live().unwrap(), Source::Given(secret), None).unwrap()
}

#[test]
fn every_kind_of_key_is_made_with_its_request_and_its_own_certificate() {
    for (algorithm, is) in [
        (KeyAlgorithm::EcdsaP256, Key::Ec("P-256".to_owned())),
        (KeyAlgorithm::Rsa3072, Key::Rsa(3072)),
        (KeyAlgorithm::Rsa4096, Key::Rsa(4096)),
    ] {
        let names =
            ["sip.example.net", "*.example.net", "192.0.2.7", "2001:db8::7"].map(|one| name(one).unwrap());
        let config = config(&names, algorithm != KeyAlgorithm::EcdsaP256).unwrap();
        let new = || key(KeySource::New(algorithm), None, None);
        let request = Making::Request { key: KEY.to_owned(), config: config.clone() };
        let secrets = made(vec![new(), (MADE, request)], Secrets::default()).unwrap();
        let half = read(secrets.get(KEY).unwrap()).keys.remove(0);
        let request = Request::read(secrets.get(MADE).unwrap().expose()).unwrap();
        assert_eq!((&request.key, &request.public_key), (&is, &half.public_key));
        assert_eq!(request.names, names);

        let head = "# ngcp-warden: for web; self-signed\n".to_owned();
        let own = Making::SelfSigned { key: KEY.to_owned(), head: head.clone(), config, days: 30 };
        let secrets = made(vec![new(), (MADE, own)], Secrets::default()).unwrap();
        let written = secrets.get(MADE).unwrap();
        assert!(written.expose().starts_with(head.as_bytes()));
        let half = read(secrets.get(KEY).unwrap()).keys.remove(0);
        let own = read(written).certificates.remove(0);
        assert_eq!((&own.key, &own.public_key, own.is_ca), (&is, &half.public_key, false));
        assert_eq!((own.names.as_slice(), own.signed_with.as_str()), (&names[..], "SHA-256"));
        assert_eq!(own.days_left(jiff::Timestamp::now()), 29);
    }
}

/// A plan that was looked at is run with the key that it was made for, or not at all.
#[test]
fn a_key_is_fetched_from_where_it_is_and_no_other_is_taken() {
    let folder = Made::new();
    for name in ["right", "other"] {
        folder.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.pem"));
        folder.openssl(&format!("pkey -in {name}.pem -aes256 -passout pass:canary-7 -out {name}.locked.pem"));
    }
    let text = |name: &str| Secret::new(folder.read(name));
    let half = read(&text("right.pem")).keys.remove(0).public_key;
    let files = |name: &str| KeySource::Files(vec![folder.path(name)]);
    let mut known = Secrets::default();
    known.insert("certificates.web.pasted", text("right.pem"));
    known.insert("certificates.web.passphrase", Secret::new("canary-7"));
    let given = || KeySource::Given("certificates.web.pasted".to_owned());
    let passphrase = Some("certificates.web.passphrase");
    for one in [
        key(files("right.pem"), None, Some(&half)),
        key(files("right.locked.pem"), passphrase, Some(&half)),
        key(given(), None, Some(&half)),
    ] {
        let secrets = made(vec![one.clone()], known.clone()).unwrap();
        assert_eq!(read(secrets.get(KEY).unwrap()).keys[0].public_key, half, "{one:?}");
    }
    for (one, says) in [
        (key(files("other.pem"), None, Some(&half)), "not there any more"),
        (key(files("gone.pem"), None, Some(&half)), "gone.pem"),
        (key(files("right.locked.pem"), None, Some(&half)), "needs its passphrase"),
        (key(files("right.pem"), None, None), "does not say which key"),
        (key(given(), None, Some("0")), "not there any more"),
        (key(KeySource::Given("certificates.sip.pasted".to_owned()), None, Some(&half)), "pasted is missing"),
    ] {
        let refused = format!("{:#}", made(vec![one], known.clone()).unwrap_err());
        assert!(refused.contains(says) && refused.contains(KEY), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
}
