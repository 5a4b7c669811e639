//! The corpus: pairs of a certificate file and a key file, and what must be said of each.

mod files;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, Weak},
};

use ngcp_warden::host::certificates::FaultKind::{self, *};

use crate::made::{AUTHORITY, Made, SERVER, Wish};

/// The name that callers ask for, unless a case says otherwise.
pub(crate) const HOST: &str = "sip.example.net";

/// One pair.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) certificates: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) host: &'static str,
    /// What is wrong with it; nothing when empty.
    pub(crate) wrong: &'static [FaultKind],
    /// Neither `openssl` nor a server or caller that stands on it has anything against it, for this reason we have.
    pub(crate) ours: &'static str,
}

/// The corpus while it is made.
pub(crate) struct Corpus {
    pub(crate) made: Made,
    pub(crate) cases: Vec<Case>,
}

/// Made once for the tests that look at it at the same time, and gone with the last of them.
pub(crate) fn corpus() -> Arc<Corpus> {
    static MADE: Mutex<Weak<Corpus>> = Mutex::new(Weak::new());
    let mut made = MADE.lock().unwrap();
    made.upgrade().unwrap_or_else(|| {
        let corpus = Arc::new(Corpus::new());
        *made = Arc::downgrade(&corpus);
        corpus
    })
}

impl Corpus {
    fn new() -> Self {
        let mut corpus = Corpus { made: Made::new(), cases: Vec::new() };
        corpus.authorities();
        corpus.good();
        corpus.chains();
        corpus.keys();
        corpus.dates_and_digests();
        corpus.names();
        corpus.purposes();
        corpus.files();
        corpus
    }

    fn case(
        &mut self,
        name: &'static str,
        certificates: &str,
        key: &str,
        wrong: &'static [FaultKind],
    ) -> &mut Case {
        let (certificates, key) = (self.made.path(certificates), self.made.path(key));
        self.cases.push(Case { name, certificates, key, host: HOST, wrong, ours: "" });
        self.cases.last_mut().unwrap()
    }

    /// A server's certificate of its own, with the usual intermediate behind it.
    fn server(&mut self, name: &'static str, wish: Wish<'_>, wrong: &'static [FaultKind]) -> &mut Case {
        let wish = wish.named(name);
        self.made.certificate(&wish);
        let (file, own, key) = (format!("{name}.pem"), format!("{name}.crt"), format!("{name}.key"));
        self.made.join(&file, &[&own, "inter.crt"]);
        self.case(name, &file, &key, wrong)
    }

    /// The usual certificate and key, with a file made of parts.
    fn parts(&mut self, name: &'static str, parts: &[&str], wrong: &'static [FaultKind]) -> &mut Case {
        let file = format!("{name}.pem");
        self.made.join(&file, parts);
        self.case(name, &file, "plain.key", wrong)
    }

    fn authorities(&mut self) {
        let made = &self.made;
        let root = Wish::authority("root", "/O=Example/CN=Test+Root", None);
        made.certificate(&root);
        let inter = Wish::authority("inter", "/O=Example/CN=Test+Issuer", Some("root"));
        made.certificate(&inter);
        made.certificate(&inter.clone().named("foreign"));
        made.certificate(&Wish::server("plain", "inter"));
        made.certificate(&Wish::server("rsa", "inter").key("rsa 2048"));
    }

    fn good(&mut self) {
        self.parts("good", &["plain.crt", "inter.crt"], &[]);
        self.made.join("good-rsa.pem", &["rsa.crt", "inter.crt"]);
        self.case("good-rsa", "good-rsa.pem", "rsa.key", &[]);
        self.server("good-rsa-3072", Wish::server("", "inter").key("rsa 3072"), &[]);
        self.server("good-p384", Wish::server("", "inter").key("P-384"), &[]);
        self.server("good-p521", Wish::server("", "inter").key("P-521"), &[]);
        self.parts("good-root-included", &["plain.crt", "inter.crt", "root.crt"], &[]);
        self.made.certificate(&Wish::server("of-root", "root"));
        self.case("good-no-intermediate-needed", "of-root.crt", "of-root.key", &[]);
        self.server("good-sha512", Wish::server("", "inter").digest("sha512"), &[]);
    }

    fn chains(&mut self) {
        let made = &self.made;
        made.certificate(&Wish::authority("lower", "/O=Example/CN=Lower", Some("inter")));
        made.certificate(&Wish::server("deep", "lower"));
        made.join("deep.pem", &["deep.crt", "lower.crt", "inter.crt"]);
        made.join("wrong-order.pem", &["deep.crt", "inter.crt", "lower.crt"]);
        self.case("good-two-intermediates", "deep.pem", "deep.key", &[]);
        self.case("wrong-order", "wrong-order.pem", "deep.key", &[ChainOrder]).ours =
            "TLS 1.2 demands the order, and phones do";
        self.parts("server-last", &["inter.crt", "plain.crt"], &[ChainOrder, NotForServers, Name]);
        self.parts("duplicate", &["plain.crt", "inter.crt", "inter.crt"], &[ChainOrder]).ours =
            "TLS 1.2 demands the order";
        self.parts("duplicate-server", &["plain.crt", "plain.crt", "inter.crt"], &[ChainOrder]).ours =
            "TLS 1.2 demands the order";
        self.parts("stray", &["plain.crt", "inter.crt", "lower.crt"], &[ChainOrder]).ours =
            "TLS 1.2 demands the order";
        self.parts("missing-intermediate", &["plain.crt"], &[ChainIncomplete]);
        self.parts("foreign-intermediate", &["plain.crt", "foreign.crt"], &[ChainOrder, ChainIncomplete]);

        let bare: &[&str] = &[
            "basicConstraints=critical,CA:true",
            "keyUsage=critical,keyCertSign",
            "subjectKeyIdentifier=none",
            "authorityKeyIdentifier=none",
        ];
        let server = &[
            "subjectAltName=DNS:sip.example.net",
            "subjectKeyIdentifier=none",
            "authorityKeyIdentifier=none",
        ];
        let made = &self.made;
        let one = Wish::authority("bare", "/O=Example/CN=Bare", Some("root")).extensions(bare);
        made.certificate(&one);
        made.certificate(&one.clone().named("bare-foreign"));
        made.certificate(&Wish::server("of-bare", "bare").extensions(server));
        made.join("good-no-key-ids.pem", &["of-bare.crt", "bare.crt"]);
        made.join("foreign-unnamed.pem", &["of-bare.crt", "bare-foreign.crt"]);
        self.case("good-no-key-ids", "good-no-key-ids.pem", "of-bare.key", &[]);
        self.case("foreign-intermediate-no-key-ids", "foreign-unnamed.pem", "of-bare.key", &[ChainBroken]);

        for (name, wish, wrong) in [
            (
                "intermediate-no-authority",
                Wish::authority("", "", Some("root"))
                    .extensions(&["basicConstraints=CA:false", "subjectKeyIdentifier=hash"]),
                &[ChainBroken][..],
            ),
            (
                "intermediate-may-not-sign",
                Wish::authority("", "", Some("root"))
                    .extensions(&["basicConstraints=CA:true", "keyUsage=critical,digitalSignature"]),
                &[ChainBroken],
            ),
            (
                "intermediate-for-clients",
                Wish::authority("", "", Some("root"))
                    .extensions(&["basicConstraints=CA:true", "extendedKeyUsage=clientAuth"]),
                &[ChainBroken],
            ),
            ("intermediate-expired", Wish::authority("", "", Some("root")).days(-60, -2), &[Expired]),
            ("intermediate-not-yet", Wish::authority("", "", Some("root")).days(2, 60), &[NotYetValid]),
            ("intermediate-sha1", Wish::authority("", "", Some("root")).digest("sha1"), &[WeakSignature]),
            ("intermediate-rsa-1024", Wish::authority("", "", Some("root")).key("rsa 1024"), &[WeakKey]),
            ("intermediate-rsa", Wish::authority("", "", Some("root")).key("rsa 2048"), &[]),
            (
                "intermediate-wrong-names",
                Wish::authority("", "", Some("root")).extensions(&[
                    "basicConstraints=CA:true",
                    "nameConstraints=critical,permitted;DNS:example.org",
                ]),
                &[ChainBroken],
            ),
        ] {
            let (authority, subject) = (format!("{name}-ca"), format!("/O=Example/CN={name}"));
            self.made.certificate(&wish.named(&authority).subject(&subject));
            self.made.certificate(&Wish::server(name, &authority));
            let file = format!("{name}.pem");
            self.made.join(&file, &[&format!("{name}.crt"), &format!("{authority}.crt")]);
            self.case(name, &file, &format!("{name}.key"), wrong);
        }

        let made = &self.made;
        made.certificate(&Wish::authority("short", "/O=Example/CN=Short", Some("root")).extensions(&[
            "basicConstraints=critical,CA:true,pathlen:0",
            "keyUsage=keyCertSign",
            "subjectKeyIdentifier=hash",
        ]));
        made.certificate(&Wish::authority("too-deep", "/O=Example/CN=Too+Deep", Some("short")));
        made.certificate(&Wish::server("path-length", "too-deep"));
        made.join("path-length.pem", &["path-length.crt", "too-deep.crt", "short.crt"]);
        self.case("path-length", "path-length.pem", "path-length.key", &[ChainBroken]);

        let made = &self.made;
        made.certificate(&Wish::authority("new-root", "/O=Example/CN=New+Root", None));
        made.certificate(
            &Wish::authority("cross", "/O=Example/CN=New+Root", Some("root")).key("new-root.key"),
        );
        made.certificate(&Wish::server("crossed", "new-root"));
        made.join("cross-last.pem", &["crossed.crt", "new-root.crt", "cross.crt"]);
        made.join("cross-first.pem", &["crossed.crt", "cross.crt", "new-root.crt"]);
        made.join("cross-alone.pem", &["crossed.crt", "cross.crt"]);
        self.case("cross-signature-behind-root", "cross-last.pem", "crossed.key", &[ChainOrder, Untrusted]);
        self.case("cross-signature-before-root", "cross-first.pem", "crossed.key", &[ChainOrder]).ours =
            "TLS 1.2 demands the order";
        self.case("good-cross-signature", "cross-alone.pem", "crossed.key", &[]);
        made_by_itself(self);
    }

    fn keys(&mut self) {
        self.parts("wrong-key", &["plain.crt", "inter.crt"], &[KeyMismatch]).key = self.made.path("deep.key");
        self.parts("key-of-another-kind", &["plain.crt", "inter.crt"], &[KeyMismatch]).key =
            self.made.path("rsa.key");
        self.server("rsa-1024", Wish::server("", "inter").key("rsa 1024"), &[WeakKey]);
        self.server("rsa-2047", Wish::server("", "inter").key("rsa 2047"), &[WeakKey]).ours =
            "the rule is 2048";
        self.server("p192", Wish::server("", "inter").key("prime192v1"), &[WeakKey]);
        for (name, key) in [
            ("p224", "secp224r1"),
            ("brainpool", "brainpoolP256r1"),
            ("secp256k1", "secp256k1"),
            ("dsa", "dsa"),
        ] {
            self.server(name, Wish::server("", "inter").key(key), &[KeyRefused]);
        }
        for (name, key) in [("ed25519", "ed25519"), ("rsa-pss", "rsa-pss 2048")] {
            self.server(name, Wish::server("", "inter").key(key), &[KeyRefused]).ours =
                "browsers and phones do not know it";
        }
    }

    fn dates_and_digests(&mut self) {
        self.server("expired", Wish::server("", "inter").days(-30, -1), &[Expired]);
        self.server("not-yet-valid", Wish::server("", "inter").days(1, 30), &[NotYetValid]);
        self.server("sha1", Wish::server("", "inter").digest("sha1"), &[WeakSignature]);
        self.made.certificate(&Wish::authority("rsa-ca", "/O=Example/CN=RSA", Some("root")).key("rsa 2048"));
        self.made.certificate(&Wish::server("md5", "rsa-ca").digest("md5"));
        self.made.join("md5.pem", &["md5.crt", "rsa-ca.crt"]);
        self.case("md5", "md5.pem", "md5.key", &[WeakSignature]);
        self.server("good-sha224", Wish::server("", "inter").digest("sha224"), &[]);
    }

    fn names(&mut self) {
        let wish = Wish::server("", "inter");
        self.server(
            "another-host",
            wish.clone().subject("/CN=x").extensions(&["subjectAltName=DNS:web.example.org"]),
            &[Name],
        );
        self.server("good-wildcard", wish.clone().extensions(&["subjectAltName=DNS:*.example.net"]), &[]);
        self.server("wildcard-too-high", wish.clone().extensions(&["subjectAltName=DNS:*.net"]), &[Name]);
        self.server(
            "wildcard-too-low",
            wish.clone().extensions(&["subjectAltName=DNS:*.example.net"]),
            &[Name],
        )
        .host = "a.b.example.net";
        self.server(
            "wildcard-not-for-domain",
            wish.clone().subject("/CN=x").extensions(&["subjectAltName=DNS:*.example.net"]),
            &[Name],
        )
        .host = "example.net";
        self.server(
            "wildcard-in-part",
            wish.clone().extensions(&["subjectAltName=DNS:s*.example.net"]),
            &[Name],
        );
        self.server("good-address", wish.clone().extensions(&["subjectAltName=IP:192.0.2.7"]), &[]).host =
            "192.0.2.7";
        self.server("good-address-6", wish.clone().extensions(&["subjectAltName=IP:2001:db8::7"]), &[])
            .host = "2001:db8::7";
        self.server("another-address", wish.clone().extensions(&["subjectAltName=IP:192.0.2.7"]), &[Name])
            .host = "192.0.2.8";
        self.server("address-as-host", wish.clone().extensions(&["subjectAltName=DNS:192.0.2.7"]), &[Name])
            .host = "192.0.2.7";
        self.server(
            "only-uri",
            wish.clone().extensions(&["subjectAltName=URI:sip:sip.example.net"]),
            &[Name],
        );
        self.server("no-names", wish.clone().extensions(&["basicConstraints=CA:false"]), &[Name]);
        self.server(
            "no-names-at-all",
            wish.clone().subject("/O=Example").extensions(&["basicConstraints=CA:false"]),
            &[Name],
        );
        self.server("good-upper-case", wish.clone().extensions(&["subjectAltName=DNS:SIP.Example.NET"]), &[]);
        self.server(
            "good-idn",
            wish.clone().extensions(&["subjectAltName=DNS:xn--bcher-kva.example"]),
            &[],
        )
        .host = "xn--bcher-kva.example";
    }

    fn purposes(&mut self) {
        let wish = Wish::server("", "inter");
        let name = "subjectAltName=DNS:sip.example.net";
        self.server(
            "for-clients",
            wish.clone().extensions(&[name, "extendedKeyUsage=clientAuth"]),
            &[NotForServers],
        );
        self.server(
            "for-anything",
            wish.clone().extensions(&[name, "extendedKeyUsage=anyExtendedKeyUsage"]),
            &[NotForServers],
        );
        self.server("good-no-purpose", wish.clone().extensions(&[name]), &[]);
        self.server(
            "authority",
            wish.clone().extensions(&[name, "basicConstraints=CA:true"]),
            &[NotForServers],
        )
        .ours = "browsers do not take an authority's";
        self.server(
            "may-not-sign",
            wish.clone().extensions(&[name, "keyUsage=critical,keyAgreement"]),
            &[NotForServers],
        );
        self.server(
            "rsa-may-only-encipher",
            wish.clone().key("rsa 2048").extensions(&[name, "keyUsage=critical,keyEncipherment"]),
            &[NotForServers],
        )
        .ours = "browsers demand digitalSignature";
        self.server(
            "only-for-certificates",
            wish.clone().extensions(&[name, "keyUsage=critical,keyCertSign"]),
            &[NotForServers],
        );
        self.server(
            "names-broken",
            wish.clone().extensions(&["subjectAltName=DER:30:03:82:05:61"]),
            &[Malformed, Name],
        );
        self.server(
            "names-empty",
            wish.clone().extensions(&["subjectAltName=DER:30:02:82:00"]),
            &[Malformed, Name],
        );
        self.server(
            "unknown-and-critical",
            wish.clone().extensions(&[name, "1.2.3.4=critical,DER:05:00"]),
            &[Refused],
        );
    }
}

/// Certificates that nobody vouches for.
fn made_by_itself(corpus: &mut Corpus) {
    let server = Wish::server("", "").extensions(&["subjectAltName=DNS:sip.example.net"]);
    corpus.made.certificate(&server.clone().named("self-signed").by_itself());
    corpus.made.certificate(&server.clone().named("self-signed-1024").by_itself().key("rsa 1024"));
    corpus.case("self-signed-weak", "self-signed-1024.crt", "self-signed-1024.key", &[SelfSigned, WeakKey]);
    corpus.case("self-signed", "self-signed.crt", "self-signed.key", &[SelfSigned]);
    let default = "/O=Sipwise+GmbH/CN=Sipwise+GmbH";
    corpus.made.certificate(&server.named("image").by_itself().subject(default).extensions(AUTHORITY));
    corpus.case("image", "image.crt", "image.key", &[SelfSigned, NotForServers, Name]);
    corpus.made.certificate(&Wish::authority("stranger", "/O=Other/CN=Stranger", None));
    corpus.made.certificate(&Wish::server("of-stranger", "stranger").extensions(SERVER));
    corpus.made.join("untrusted.pem", &["of-stranger.crt", "stranger.crt"]);
    corpus.case("untrusted", "untrusted.pem", "of-stranger.key", &[Untrusted]);
    corpus.case("untrusted-root-not-given", "of-stranger.crt", "of-stranger.key", &[ChainIncomplete]);
}
