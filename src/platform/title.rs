//! What the head of a run calls a host.

use crate::{executor::Executor, ngcp::release::Release};

/// Host name and release, as far as the host tells.
pub(super) fn of(host: &dyn Executor) -> String {
    let name = host.read("/etc/hostname".as_ref()).unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    let release = Release::read(host);
    let parts = [name.trim(), &release.edition_text(), &release.version_text()].map(str::to_owned);
    let plain = |part: &String| part.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    parts
        .iter()
        .map(plain)
        .filter(|part| !part.is_empty() && part != "unknown")
        .collect::<Vec<_>>()
        .join(" · ")
}
