//! The services that make the platform work, and whether they run.

use std::{collections::BTreeMap, time::Duration};

use crate::executor::{Command, Executor, Quiet};

/// A service under the names that releases gave its unit; the first is shown.
const SERVICES: [&[&str]; 14] = [
    &["kamailio-lb"],
    &["kamailio-proxy"],
    &["sems", "ngcp-sems", "sems-pbx", "ngcp-sems-b2b"],
    &["asterisk"],
    &["rtpengine", "ngcp-rtpengine-daemon", "rtpengine-daemon", "ngcp-mediaproxy-ng-daemon"],
    &["database", "mariadb", "mysql"],
    &["redis", "redis-server", "redis-master"],
    &["nginx"],
    &["panel", "ngcp-panel"],
    &["rating", "ngcp-rate-o-mat", "rate-o-mat"],
    &["mediator", "ngcp-mediator"],
    &["prosody"],
    &["monit"],
    &["ssh", "sshd"],
];

/// The services that this host has, in a fixed order, and whether each runs; `None` when it cannot be known.
pub fn look(host: &dyn Executor) -> Vec<(String, Option<bool>)> {
    let states = states(host);
    SERVICES
        .iter()
        .filter_map(|names| {
            let found: Vec<Option<bool>> =
                names.iter().filter_map(|name| states.get(*name).copied()).collect();
            let runs = if found.contains(&Some(true)) { Some(true) } else { *found.first()? };
            Some((names[0].to_owned(), runs))
        })
        .collect()
}

/// Services that ran before and are not seen running now: one that starts again and again does not run.
pub fn lost(before: &[(String, Option<bool>)], now: &[(String, Option<bool>)]) -> Vec<String> {
    let runs = |name: &str| now.iter().any(|(other, runs)| other == name && *runs == Some(true));
    before
        .iter()
        .filter(|(name, ran)| *ran == Some(true) && !runs(name))
        .map(|(name, _)| name.clone())
        .collect()
}

/// How the service that [`look`] calls `name` is started on this host; `None` when it is not there.
pub fn start_command(host: &dyn Executor, name: &str) -> Option<Command> {
    let states = states(host);
    let names = SERVICES.iter().find(|names| names[0] == name)?;
    let unit = names.iter().find(|unit| states.contains_key(**unit))?;
    let command = match host.find_program("systemctl") {
        Some(_) if host.metadata("/run/systemd/system".as_ref()).is_ok() => {
            Command::new("systemctl", ["start", unit])
        }
        _ => Command::new("service", [unit, "start"]),
    };
    Some(command.limit(Duration::from_secs(60)))
}

/// Unit or script name to running or not. Empty when nobody can be asked.
fn states(host: &dyn Executor) -> BTreeMap<String, Option<bool>> {
    if !host.world().is_running() {
        return BTreeMap::new();
    }
    let ask = |program: &str, args: &[&str]| {
        let command = Command::new(program, args.iter().copied()).limit(Duration::from_secs(10)).reads_only();
        host.run(&command, &mut Quiet).ok().map(|exit| exit.text())
    };
    let units = ["list-units", "--type=service", "--all", "--plain", "--no-legend", "--no-pager"];
    match ask("systemctl", &units).map(|text| systemd(&text)) {
        Some(states) if !states.is_empty() => states,
        _ => ask("service", &["--status-all"]).map(|text| sysv(&text)).unwrap_or_default(),
    }
}

/// `nginx.service loaded active running …`; a unit that is only mentioned by others (`not-found`) does not count.
fn systemd(text: &str) -> BTreeMap<String, Option<bool>> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.trim_start_matches(['●', '*', ' ']).split_whitespace();
            let name = words.next()?.strip_suffix(".service")?;
            (words.next()? == "loaded").then_some(())?;
            let state = match words.next()? {
                "active" => Some(true),
                "inactive" | "failed" => Some(false),
                _ => None,
            };
            Some((name.to_owned(), state))
        })
        .collect()
}

/// ` [ + ]  nginx`, before systemd.
fn sysv(text: &str) -> BTreeMap<String, Option<bool>> {
    text.lines()
        .filter_map(|line| {
            let (mark, name) = line.trim().strip_prefix('[')?.split_once(']')?;
            let state = match mark.trim() {
                "+" => Some(true),
                "-" => Some(false),
                _ => None,
            };
            Some((name.trim().to_owned(), state))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{World, simulated::Simulated};

    const UNITS: &str = "kamailio-lb.service loaded active running Kamailio LB\n\
        ● kamailio-proxy.service loaded failed failed Kamailio Proxy\n\
        mysql.service not-found inactive dead mysql.service\n\
        mariadb.service loaded active running MariaDB\n\
        nginx.service loaded activating start-pre nginx\n";

    #[test]
    fn systemd_says_what_runs() {
        let host = Simulated::new().on("systemctl", |_, _| UNITS);
        let seen = look(&host);
        let wanted = [
            ("kamailio-lb", Some(true)),
            ("kamailio-proxy", Some(false)),
            ("database", Some(true)),
            ("nginx", None),
        ];
        assert_eq!(seen, wanted.map(|(name, runs)| (name.to_owned(), runs)));
        let before = vec![("kamailio-proxy".to_owned(), Some(true)), ("nginx".to_owned(), Some(true))];
        assert_eq!(lost(&before, &seen), ["kamailio-proxy", "nginx"]);
        assert!(look(&host.with_world(World::Tree)).is_empty());
    }

    #[test]
    fn before_systemd_the_scripts_say() {
        let text = " [ + ]  kamailio-lb\n [ - ]  nginx\n [ ? ]  mysql\nnoise\n";
        let host = Simulated::new().on("service", move |_, _| text);
        let wanted = [("kamailio-lb", Some(true)), ("database", None), ("nginx", Some(false))];
        assert_eq!(look(&host), wanted.map(|(name, runs)| (name.to_owned(), runs)));
        assert!(look(&Simulated::new()).is_empty());
    }
}
