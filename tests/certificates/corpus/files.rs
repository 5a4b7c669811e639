//! The usual certificate and key in files of every shape, as people save them.

use ngcp_warden::host::certificates::FaultKind::{self, *};

use super::Corpus;

impl Corpus {
    pub(super) fn files(&mut self) {
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
