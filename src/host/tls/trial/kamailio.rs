//! A second kamailio: the TLS module alone, one process of each kind, no control sockets.

use super::{
    super::served::library_reason,
    candidate::{self, Candidate, Start},
};
use crate::{executor::CREDENTIALS, secret::Secret};

pub(super) fn start(candidate: &Candidate<'_>) -> Start {
    let parameter = |name: &str, value: Option<&str>| {
        value.map_or_else(String::new, |value| format!("modparam(\"tls\", \"{name}\", \"{value}\")\n"))
    };
    let text = [
        "#!KAMAILIO\ndebug=0\nlog_stderror=yes\nfork=yes\nchildren=1\ntcp_children=1\n".to_owned(),
        "auto_aliases=no\ndns=no\nrev_dns=no\ndisable_core_dump=yes\nenable_tls=yes\n".to_owned(),
        format!("listen=tls:127.0.0.1:{}\nloadmodule \"tls.so\"\n", candidate.port),
        parameter("certificate", Some(candidate.certificate)),
        parameter("private_key", Some(candidate.key)),
        parameter("tls_method", candidate.protocols),
        parameter("cipher_list", candidate.ciphers),
        "request_route { exit; }\n".to_owned(),
    ]
    .concat();
    // It stays where it is, logs to us, becomes its own user as the live one does, and makes nothing in `/run`.
    let args = [
        "-DD",
        "-E",
        "-f",
        CREDENTIALS,
        "-u",
        "kamailio",
        "-g",
        "kamailio",
        "-m",
        "16",
        "-M",
        "4",
        "-Y",
        "/run",
    ];
    let command = candidate::daemon("kamailio", args).credentials(Secret::new(text));
    Start { command, leaves: Vec::new(), reason }
}

/// What it could not do, and the library's reason for that:
/// ` 0(18954) ERROR: tls [tls_domain.c:576]: load_cert(): TLSs<default>: Unable to load certificate file '/x'`,
/// ` 0(18954) ERROR: tls [tls_util.h:50]: tls_err_ret(): load_cert:error:0A00018F:SSL routines::ee key too small (sni: unknown)`.
fn reason(said: &str) -> Option<String> {
    let errors =
        said.lines().filter_map(|line| line.split_once("ERROR: ").or_else(|| line.split_once("CRITICAL: ")));
    let errors: Vec<(&str, &str)> = errors.filter_map(|(_, rest)| rest.split_once("(): ")).collect();
    // Others complain before it and go on all the same.
    let first = errors.iter().position(|(whose, _)| whose.starts_with("tls ")).unwrap_or(0);
    let mut words = errors.into_iter().skip(first).map(|(_, words)| words);
    let what = words.next()?.trim_start_matches("TLSs<default>: ").to_owned();
    let why = words.next().filter(|line| line.contains(":error:")).and_then(library_reason);
    Some(why.map_or_else(|| what.clone(), |why| format!("{what} ({why})")))
}
