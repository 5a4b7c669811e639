//! A folder in which `openssl` makes keys and certificates of every kind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use jiff::{Span, Timestamp};
use ngcp_warden::executor::{DryRun, System};

/// This host, on which nothing can be changed: what needs more to be told would not be told.
pub(crate) fn host() -> DryRun {
    DryRun::new(Arc::new(System::live().unwrap()))
}

/// The folder; it removes itself.
pub(crate) struct Made {
    folder: tempfile::TempDir,
}

/// A certificate to be made. The usual one is a server's, good for 90 days.
#[derive(Clone)]
pub(crate) struct Wish<'a> {
    /// Its files are `NAME.crt` and, where `key` is not another's, `NAME.key`.
    name: &'a str,
    subject: &'a str,
    /// By itself when `None`.
    by: Option<&'a str>,
    key: &'a str,
    digest: &'a str,
    /// From when to when, in days from now.
    days: (i64, i64),
    extensions: &'a [&'a str],
}

/// What a server's certificate says.
pub(crate) const SERVER: &[&str] = &[
    "subjectAltName=DNS:sip.example.net",
    "basicConstraints=critical,CA:false",
    "keyUsage=critical,digitalSignature,keyEncipherment",
    "extendedKeyUsage=serverAuth",
    "subjectKeyIdentifier=hash",
    "authorityKeyIdentifier=keyid",
];
/// What an authority's says.
pub(crate) const AUTHORITY: &[&str] = &[
    "basicConstraints=critical,CA:true",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
    "authorityKeyIdentifier=keyid",
];

impl<'a> Wish<'a> {
    pub(crate) fn server(name: &'a str, by: &'a str) -> Self {
        let subject = "/CN=sip.example.net";
        Wish {
            name,
            subject,
            by: Some(by),
            key: "P-256",
            digest: "sha256",
            days: (-1, 90),
            extensions: SERVER,
        }
    }

    pub(crate) fn authority(name: &'a str, subject: &'a str, by: Option<&'a str>) -> Self {
        Wish { name, subject, by, key: "P-256", digest: "sha256", days: (-1, 3650), extensions: AUTHORITY }
    }

    pub(crate) fn named(self, name: &'a str) -> Self {
        Wish { name, ..self }
    }

    pub(crate) fn by_itself(self) -> Self {
        Wish { by: None, ..self }
    }

    pub(crate) fn subject(self, subject: &'a str) -> Self {
        Wish { subject, ..self }
    }

    /// A kind of key, or a file with one: `inter.key`.
    pub(crate) fn key(self, key: &'a str) -> Self {
        Wish { key, ..self }
    }

    pub(crate) fn digest(self, digest: &'a str) -> Self {
        Wish { digest, ..self }
    }

    pub(crate) fn days(self, from: i64, until: i64) -> Self {
        Wish { days: (from, until), ..self }
    }

    pub(crate) fn extensions(self, extensions: &'a [&'a str]) -> Self {
        Wish { extensions, ..self }
    }
}

impl Made {
    pub(crate) fn new() -> Self {
        let made = Made { folder: tempfile::tempdir().unwrap() };
        made.write("index.txt", "");
        made.write(
            "ca.cnf",
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\npolicy=p\nunique_subject=no\nemail_in_dn=no\n\
             rand_serial=yes\n[p]\norganizationName=optional\ncommonName=optional\n[req]\ndistinguished_name=n\n[n]\n",
        );
        made
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Writes a file that holds these, one behind the other.
    pub(crate) fn join(&self, name: &str, parts: &[&str]) -> PathBuf {
        self.write(name, parts.iter().map(|part| self.read(part)).collect::<String>())
    }

    /// Makes `NAME.key`.
    pub(crate) fn key(&self, name: &str, kind: &str) {
        let file = format!("{name}.key");
        let words = match kind.split_once(' ') {
            Some(("rsa", bits)) => {
                format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out {file}")
            }
            Some(("rsa-pss", bits)) => {
                format!("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:{bits} -out {file}")
            }
            Some((kind, _)) => panic!("what is {kind}?"),
            None if kind == "ed25519" => format!("genpkey -algorithm ED25519 -out {file}"),
            None if kind == "dsa" => {
                self.openssl("dsaparam -out dsa.pem 2048");
                format!("genpkey -paramfile dsa.pem -out {file}")
            }
            None => format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{kind} -out {file}"),
        };
        self.openssl(&words);
    }

    /// Makes `NAME.crt`, and `NAME.key` if need be.
    pub(crate) fn certificate(&self, wish: &Wish<'_>) {
        let name = wish.name;
        let key = match wish.key.ends_with(".key") {
            true => wish.key.to_owned(),
            false => {
                self.key(name, wish.key);
                format!("{name}.key")
            }
        };

        self.openssl(&format!(
            "req -new -config ca.cnf -utf8 -key {key} -out {name}.csr -subj {}",
            wish.subject
        ));
        self.write(&format!("{name}.ext"), wish.extensions.join("\n") + "\n");
        let moment = |days: i64| {
            let moment = Timestamp::now() + Span::new().hours(24 * days);
            moment.strftime("%y%m%d%H%M%SZ").to_string()
        };
        let by = wish.by.map_or_else(
            || format!("-selfsign -keyfile {key}"),
            |by| format!("-cert {by}.crt -keyfile {by}.key"),
        );
        self.openssl(&format!(
            "ca -batch -config ca.cnf -in {name}.csr {by} -startdate {} -enddate {} -extfile {name}.ext -md {} -preserveDN -notext -out {name}.crt",
            moment(wish.days.0),
            moment(wish.days.1),
            wish.digest,
        ));
    }

    /// Runs `openssl` in the folder with these words, parted by blanks, a plus sign for a blank within; it must succeed.
    pub(crate) fn openssl(&self, words: &str) -> Output {
        let output = self.ask(words);
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Runs `openssl` in the folder, however it ends.
    pub(crate) fn ask(&self, words: &str) -> Output {
        let words = words.split(' ').map(|word| word.replace('+', " "));
        let mut command = Command::new("openssl");
        command.args(words).current_dir(self.folder()).stdin(Stdio::null());
        command.output().unwrap()
    }
}
