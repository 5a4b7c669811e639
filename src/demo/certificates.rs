//! Certificates on the sample host: the image's own everywhere, a stick with a better one in the machine, ports that show
//! what was configured when their service was last told, and an `openssl` that knows these few certificates.

use std::{collections::BTreeMap, path::Path};

use super::programs::{CONFIG, usage, words};
use crate::executor::{
    Command, Status, Stream,
    simulated::{Answer, Files, Simulated},
};

/// What each port shows stands in a file of its own.
const SHOWN: &str = "/run/tls";
const SOCKETS: &str = "/proc/net/tcp";

/// Where a port, its certificate and its switch stand in the configuration.
const PORTS: [(&str, &str, &str, u16); 6] = [
    ("autoprov.server", "server_certfile", "ssl_enabled", 1444),
    ("kamailio.lb.tls", "sslcertfile", "enable", 5061),
    ("ossbss.apache", "sslcertfile", "ssl_enable", 2443),
    ("www_admin.http_admin", "sslcertfile", "ssl_enable", 1443),
    ("www_admin.http_csc", "sslcertfile", "ssl_enable", 443),
    ("www_admin.http_system", "sslcertfile", "ssl_enable", 1442),
];

/// What `genpkey` and `req` make here: always the same, good for nothing.
const NEW_KEY: &str = include_str!("../../assets/demo/openssl/new.key");
const REQUEST: &str = include_str!("../../assets/demo/openssl/request.csr");
const SELF_SIGNED: &str = include_str!("../../assets/demo/openssl/self-signed.crt");
/// Certificate, intermediate and key.
const STICK: &str = include_str!("../../assets/demo/media/usb/spce.example.net.pem");
const IMAGE: &str = include_str!("../../assets/demo/etc/ngcp-config/shared-files/ssl/myserver.crt");
const KEYS: [(&str, &str); 4] = [
    (
        include_str!("../../assets/demo/etc/ngcp-config/shared-files/ssl/myserver.key"),
        include_str!("../../assets/demo/openssl/myserver.pub"),
    ),
    (
        include_str!("../../assets/demo/etc/ngcp-config/shared-files/ssl/api_ca.key"),
        include_str!("../../assets/demo/openssl/api_ca.pub"),
    ),
    (STICK, include_str!("../../assets/demo/openssl/stick.pub")),
    (NEW_KEY, include_str!("../../assets/demo/openssl/new.pub")),
];

pub(super) fn install(files: &mut Files) {
    for (path, group) in [("/etc/ngcp-config/shared-files/ssl", 109), (SHOWN, 0), ("/var/lib/ngcp-warden", 0)]
    {
        files.directory(path);
        files.set_owner(path, if group == 0 { 0o755 } else { 0o750 }, 0, group);
    }
    serve(files);
}

pub(super) fn programs(host: Simulated) -> Simulated {
    let host = host.on("nginx", |_, command| usage(command)).on("kamailio", |_, command| usage(command));
    host.on("openssl", openssl).on("head", head).on("timeout", second)
}

/// The services read their files again: what is configured now is shown from now on.
pub(super) fn serve(files: &mut Files) {
    let config: serde_yaml::Value = serde_yaml::from_str(&files.text(CONFIG)).unwrap_or_default();
    let mut shown = BTreeMap::new();
    for (section, certificate, switch, usual) in PORTS {
        let Some(place) = section.split('.').try_fold(&config, |node, key| node.get(key)) else { continue };
        let text = |key: &str| place.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let is_off = text(switch).as_deref() == Some("no");
        let Some(path) = text(certificate).filter(|_| !is_off) else { continue };
        let port = text("port").and_then(|port| port.parse().ok()).unwrap_or(usual);
        shown.insert(port, files.text(path));
    }
    super::firewall::sockets(files, shown.keys().copied());
    for (_, _, _, port) in PORTS {
        files.remove(at(port));
    }
    for (port, chain) in shown {
        files.write(at(port), chain);
    }
}

fn at(port: u16) -> String {
    format!("{SHOWN}/{port}")
}

fn listens(address: &str, port: u16) -> String {
    format!("   0: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0\n")
}

/// Reads as any user may: root's, and the group `ssl-cert`.
pub(super) fn head(files: &mut Files, command: &Command) -> Answer {
    match words(command)[..] {
        [.., "-c", "1", path] => match files.read(Path::new(path)) {
            Ok(bytes) => Answer::code(0).print(Stream::Out, bytes.get(..1).unwrap_or_default()),
            Err(_) => Answer::code(1)
                .error(&format!("head: cannot open '{path}' for reading: No such file or directory")),
        },
        _ => usage(command),
    }
}

fn openssl(files: &mut Files, command: &Command) -> Answer {
    let words = words(command);
    match words[..] {
        ["s_client", "-connect", address, ..] => s_client(files, address),
        ["verify", ..] => verify(command, &words),
        ["pkey", ..] => pkey(command, &words),
        ["ecparam" | "genrsa" | "genpkey", ..] => NEW_KEY.into(),
        ["req", ..] if words.contains(&"-x509") => SELF_SIGNED.into(),
        ["req", ..] => REQUEST.into(),
        ["pkcs12", ..] => Answer::code(1).error("Error: the demo opens no PKCS#12 file"),
        ["version", ..] => "OpenSSL 3.0.17 1 Jul 2025 (Library: OpenSSL 3.0.17 1 Jul 2025)\n".into(),
        _ => usage(command),
    }
}

/// The certificates that the port shows. A second daemon, which listens on loopback alone, is met once.
fn s_client(files: &mut Files, address: &str) -> Answer {
    let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
    let chain = files.text(at(port));
    if chain.is_empty() {
        return Answer::code(1).error("connect:errno=111");
    }
    if PORTS.iter().all(|(.., usual)| *usual != port) {
        files.remove(at(port));
        let left = files.text(SOCKETS).replace(&listens("0100007F", port), "");
        files.write(SOCKETS, left);
    }
    format!("CONNECTED(00000003)\n{}\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\n", certificates(&chain))
        .into()
}

/// The certificates in a text, nothing else of it.
fn certificates(text: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----\n";
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let whole = blocks
        .filter_map(|block| Some(format!("-----BEGIN CERTIFICATE-----{}{END}", block.split_once(END)?.0)));
    whole.collect()
}

/// Knows whether it is one that signs itself, and whether what issued the stick's one lies beside it.
fn verify(command: &Command, words: &[&str]) -> Answer {
    let given = command.credentials.as_ref().and_then(|text| text.expose_str()).unwrap_or_default();
    let given = certificates(given);
    let known = certificates(STICK);
    let (intermediate, leaf) =
        known.split_at(known.find("END").map_or(0, |at| at + "END CERTIFICATE-----\n".len()));
    let error = |number: u32, words: &str| {
        Answer::code(2)
            .error(&format!("error {number} at 0 depth lookup: {words}"))
            .error("error {credentials}: verification failed")
    };
    let first = given.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap_or_default();
    let name = words.iter().skip_while(|word| **word != "-verify_hostname").nth(1);
    let named = name.is_none_or(|name| ["spce.example.net", "sip.example.net"].contains(name));
    match first {
        first if first == leaf && !given.contains(intermediate) => {
            error(20, "unable to get local issuer certificate")
        }
        first if (first == leaf || first == certificates(SELF_SIGNED)) && !named => {
            error(62, "hostname mismatch")
        }
        first if first == leaf => "{credentials}: OK\n".into(),
        first if first == certificates(IMAGE) && name.is_some() => error(62, "hostname mismatch"),
        _ => error(18, "self-signed certificate"),
    }
}

fn pkey(command: &Command, words: &[&str]) -> Answer {
    let given = command.stdin.as_ref().or(command.credentials.as_ref());
    let given = given.and_then(|text| text.expose_str()).unwrap_or_default();
    let body = |text: &str| {
        let after = text.split_once("PRIVATE KEY-----\n")?.1;
        Some(after.split_once("-----END")?.0.to_owned())
    };
    let known = KEYS.into_iter().find(|(key, _)| body(key).is_some() && body(key) == body(given));
    match known {
        Some((_, public)) if words.contains(&"-pubout") => public.into(),
        Some((key, _)) => {
            let body = body(key).unwrap_or_default();
            format!("-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n").into()
        }
        None => Answer::code(1).error("Could not read key from {credentials}"),
    }
}

/// A second daemon, ended in time.
fn second(files: &mut Files, command: &Command) -> Answer {
    match words(command)[..] {
        ["-s", "KILL", _, "nginx", ..] => tried(files, command, "listen 127.0.0.1:", "ssl_certificate \""),
        ["-s", "KILL", _, "kamailio", ..] => tried(files, command, "tls:127.0.0.1:", "\"certificate\", \""),
        _ => usage(command),
    }
}

/// It listens where its settings say until it is stopped.
fn tried(files: &mut Files, command: &Command, port: &str, certificate: &str) -> Answer {
    let settings =
        command.credentials.as_ref().and_then(|text| text.expose_str()).unwrap_or_default().to_owned();
    let behind = |mark: &str| Some(settings.split_once(mark)?.1);
    let port = behind(port).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    let file = behind(certificate).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    let (Some(port), Some(file)) = (port, file) else { return usage(command) };
    let chain = files.text(file);
    files.write(at(port), chain);
    let sockets = files.text(SOCKETS) + &listens("0100007F", port);
    files.write(SOCKETS, sockets);
    super::programs::slowly(1500, [""]).ending(Status::Code(0))
}
