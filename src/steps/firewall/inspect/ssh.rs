//! The ports of the SSH server: those of its settings, those where it waits in truth, and the one that the operator came in by.

use std::collections::BTreeSet;

use crate::{
    executor::Executor,
    host::{
        listeners::Listener,
        sshd::{self, Session},
    },
};

/// Programs that are an SSH server.
const SERVERS: [&str; 3] = ["sshd", "sshd-session", "dropbear"];

pub(super) fn ports(
    host: &dyn Executor,
    listening: &[Listener],
    session: &Session,
) -> Result<Vec<u16>, String> {
    let mut ports = BTreeSet::new();
    let waits = |one: &&Listener| {
        one.program.as_deref().is_some_and(|program| SERVERS.contains(&program)) && !one.is_local()
    };
    ports.extend(listening.iter().filter(waits).map(|one| one.at.port()));
    if let Session::Ssh { server: (_, port), .. } = session {
        ports.extend(port.parse::<u16>().ok());
    }
    let why = match told(host) {
        Ok(told) => {
            ports.extend(told);
            "its settings name no port".to_owned()
        }
        Err(why) => why,
    };
    if ports.is_empty() {
        return Err(format!("the ports of the SSH server are not known: {why}"));
    }
    Ok(ports.into_iter().collect())
}

/// What `sshd -T` says, or its files.
fn told(host: &dyn Executor) -> Result<Vec<u16>, String> {
    if !sshd::installed(host) {
        return Err("there is none on this host".to_owned());
    }
    let options = sshd::listeners(host).into_iter().next().map(|one| one.options).unwrap_or_default();
    let settings = sshd::effective(host, &options, None).map_err(|error| format!("{error:#}"))?;
    if let Some(doubt) = &settings.doubt {
        return Err(doubt.clone());
    }
    // With a port of its own a ListenAddress has no need of Port.
    let at = settings.all("listenaddress").iter().filter_map(|text| {
        let text = text.split_whitespace().next()?;
        let is_port = text.starts_with('[') || text.matches(':').count() == 1;
        text.rsplit_once(':').filter(|_| is_port)?.1.parse().ok()
    });
    let at: Vec<u16> = at.collect();
    let ports: Vec<u16> = settings.all("port").iter().filter_map(|text| text.parse().ok()).collect();
    Ok(match (ports.is_empty(), at.is_empty()) {
        (_, false) if settings.read_because.is_none() => at,
        (true, true) => vec![22],
        _ => [ports, at].concat(),
    })
}
