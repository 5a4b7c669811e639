//! A second nginx: nothing but one server on loopback that answers nobody.

use super::{
    super::served::library_reason,
    candidate::{self, Candidate, Start},
};
use crate::{
    executor::{CREDENTIALS, Executor},
    host::accounts,
    secret::Secret,
};

/// What its workers run as on Debian, whatever it was built with.
const WORKERS: &str = "www-data";

pub(super) fn start(candidate: &Candidate<'_>, host: &dyn Executor) -> Start {
    let port = candidate.port;
    // It makes this folder itself and gives it to its workers; the file is not in it, for they could put a link there.
    let folder = format!("/run/ngcp-warden-trial-{port}");
    let pid = format!("{folder}.pid");
    let workers = accounts::find(host, WORKERS).ok().flatten().map(|_| format!("user {WORKERS};\n"));
    let option = |name: &str, value: Option<&str>| value.map(|value| format!("  {name} {value};\n"));
    let ciphers = candidate.ciphers.map(|ciphers| format!("'{ciphers}'"));
    let text = [
        workers.unwrap_or_default(),
        format!("daemon off;\nworker_processes 1;\npid {pid};\nerror_log stderr warn;\n"),
        "events { worker_connections 16; }\nhttp {\n  access_log off;\n".to_owned(),
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("  {name}_temp_path {folder};\n"))
            .concat(),
        option("ssl_protocols", candidate.protocols).unwrap_or_default(),
        option("ssl_ciphers", ciphers.as_deref()).unwrap_or_default(),
        format!("  server {{\n    listen 127.0.0.1:{port} ssl;\n"),
        format!("    ssl_certificate \"{}\";\n", candidate.certificate),
        format!("    ssl_certificate_key \"{}\";\n    return 444;\n  }}\n}}\n", candidate.key),
    ]
    .concat();
    let command = candidate::daemon("nginx", ["-c", CREDENTIALS]).credentials(Secret::new(text));
    Start { command, leaves: [pid, folder].map(Into::into).to_vec(), reason }
}

/// `2026/11/29 23:51:29 [emerg] 19070#19070: SSL_CTX_use_certificate("/x") failed (SSL: error:0A00018F:SSL routines::ee key
/// too small)` without its beginning and its numbers.
fn reason(said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.contains("[emerg]"))?;
    let words =
        line.split_once('#').and_then(|(_, rest)| rest.split_once(": ")).map_or(line, |(_, words)| words);
    Some(match (words.split_once(" (SSL: "), library_reason(words)) {
        (Some((what, _)), Some(why)) => format!("{what} ({why})"),
        _ => words.to_owned(),
    })
}
