//! The corpus: pairs of a certificate file and a key file, and what must be said of each.

use std::path::PathBuf;

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

impl Corpus {
    pub(crate) fn new() -> Self {
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

    fn files(&mut self) {
        let made = &self.made;
        let (own, inter) = (made.read("plain.crt"), made.read("inter.crt"));
        let (plain, key) = (own.clone() + &inter, made.read("plain.key"));
        let body = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let line =
            |pem: &str| format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", body(pem));
        let der = made.openssl("x509 -in plain.crt -outform DER").stdout;
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.bytes().flat_map(|b| [b, 0])).collect();
        let noise: Vec<u8> =
            (0..10 * 1024 * 1024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        made.openssl("pkcs12 -export -in plain.crt -inkey plain.key -passout pass: -out plain.p12");
        made.openssl("x509 -in plain.crt -trustout -addtrust serverAuth -out trusted.crt");
        let files: [(&'static str, Vec<u8>, &'static [FaultKind]); 27] = [
            ("good-crlf", plain.replace('\n', "\r\n").into(), &[]),
            ("good-bom", format!("\u{feff}{plain}").into(), &[]),
            ("good-one-line", (line(&own) + &line(&inter)).into(), &[]),
            ("good-trailing-blanks", plain.replace('\n', " \t\n").into(), &[]),
            (
                "good-text-around",
                format!("for sip.example.net\n{own}: between\n# and\n\n{inter}-- \nbehind").into(),
                &[],
            ),
            ("good-key-in-it", format!("{plain}{key}").into(), &[]),
            ("good-no-newline", plain.trim_end().into(), &[]),
            (
                "good-blank-line-before",
                plain.replace("BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\n\n").into(),
                &[],
            ),
            ("blank-line-behind", plain.replace("-----END", "\n-----END").into(), &[Malformed]),
            ("colon-inside", plain.replacen("\nMII", "\nNote: new\nMII", 1).into(), &[Malformed]),
            ("blank-lines-inside", plain.replace('\n', "\n\n").into(), &[Malformed]),
            ("indented", plain.replace('\n', "\n  ").into(), &[Malformed]),
            ("bare-cr", plain.replace('\n', "\r").into(), &[NotPem]),
            ("glued", plain.replace("-----\n-----", "----------").into(), &[Malformed]),
            ("cut-off", plain[..plain.len() - 100].into(), &[Malformed]),
            ("not-base64", plain.replacen('M', "?", 1).into(), &[Malformed]),
            ("damaged", plain.replacen("MII", "MIA", 1).into(), &[Malformed]),
            ("second-damaged", format!("{own}{}", inter.replacen("MII", "MIA", 1)).into(), &[Malformed]),
            ("empty", Vec::new(), &[NotPem]),
            ("noise", noise, &[Unreadable]),
            ("der", der, &[NotPem]),
            ("pkcs12", std::fs::read(made.path("plain.p12")).unwrap(), &[NotPem]),
            ("utf16", utf16, &[NotPem]),
            ("only-a-key", key.clone().into(), &[NoCertificate]),
            ("request", made.read("plain.csr").into(), &[NoCertificate]),
            ("prose", b"the certificate is in the safe\n".to_vec(), &[NotPem]),
            ("wrong-label", plain.replace("CERTIFICATE", "CERTIFIKATE").into(), &[NoCertificate]),
        ];
        for (name, content, wrong) in files {
            let file = format!("{name}.pem");
            self.made.write(&file, content);
            self.case(name, &file, "plain.key", wrong);
        }

        let made = &self.made;
        made.openssl("pkcs8 -topk8 -in plain.key -passout pass:x -out locked.key");
        made.openssl("ec -in plain.key -aes128 -passout pass:x -out locked-old.key");
        made.openssl("ec -in plain.key -out sec1.key");
        made.openssl("pkey -in plain.key -outform DER -out der.key");
        made.openssl("ecparam -name prime256v1 -out parameters.pem");
        made.openssl("rsa -in rsa.key -traditional -out pkcs1.key");
        made.join("parameters.key", &["parameters.pem", "sec1.key"]);
        made.join("certificates.key", &["plain.crt", "inter.crt", "plain.key"]);
        made.join("two.key", &["deep.key", "plain.key"]);
        made.join("none.key", &["plain.crt"]);
        made.write("empty.key", "");
        made.write("crlf.key", key.replace('\n', "\r\n"));
        made.write("cut.key", &key[..key.len() - 60]);
        made.write("damaged.key", key.replacen("MIG", "MIA", 1));
        let keys: [(&'static str, &str, &'static [FaultKind]); 13] = [
            ("good-key-sec1", "sec1.key", &[]),
            ("good-key-with-parameters", "parameters.key", &[]),
            ("good-key-behind-certificates", "certificates.key", &[]),
            ("good-key-crlf", "crlf.key", &[]),
            ("key-encrypted", "locked.key", &[KeyEncrypted]),
            ("key-encrypted-old", "locked-old.key", &[KeyEncrypted]),
            ("key-der", "der.key", &[NotPem]),
            ("key-second", "two.key", &[KeyMismatch]),
            ("key-not-there", "absent.key", &[Missing]),
            ("key-none", "none.key", &[NoKey]),
            ("key-empty", "empty.key", &[NotPem]),
            ("key-cut-off", "cut.key", &[Malformed]),
            ("key-damaged", "damaged.key", &[Malformed]),
        ];
        for (name, key, wrong) in keys {
            self.case(name, "good.pem", key, wrong);
        }
        self.case("good-key-pkcs1", "good-rsa.pem", "pkcs1.key", &[]);
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
