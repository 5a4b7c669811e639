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

/// Whether [`look`] calls a service so.
pub fn is_known(name: &str) -> bool {
    SERVICES.iter().any(|names| names[0] == name)
}

/// The services that a script of the platform's tool restarts or reloads; `None` when it does anything else.
pub fn restarted_by(script: &str) -> Option<Vec<String>> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["ngcp-service" | "service", name, "restart" | "reload"] => Some(name.to_owned()),
            _ => None,
        })
        .collect()
}

/// How the service that [`look`] calls `name` is started on this host; `None` when it is not there.
pub fn start_command(host: &dyn Executor, name: &str) -> Option<Command> {
    command(host, name, "start")
}

/// How a service of this host is made to read its files again, whether it runs or not: `nginx` and `apache2` lose no
/// connection by it. Empty when it is not there.
pub fn reread_commands(host: &dyn Executor, name: &str) -> Vec<Command> {
    let verbs: &[&str] = match name {
        "nginx" | "apache2" if has_systemd(host) => &["reload-or-restart"],
        // It reloads only what runs, and starts only what does not.
        "nginx" | "apache2" => &["reload", "start"],
        _ => &["restart"],
    };
    verbs.iter().filter_map(|verb| command(host, name, verb)).collect()
}

fn command(host: &dyn Executor, name: &str, verb: &str) -> Option<Command> {
    let states = states(host);
    let own = [name];
    let names = SERVICES.iter().find(|names| names[0] == name).map_or(&own[..], |names| names);
    let unit = *names.iter().find(|unit| states.contains_key(**unit))?;
    let command = match has_systemd(host) {
        true => Command::new("systemctl", [verb, unit]),
        false => Command::new("service", [unit, verb]),
    };
    Some(command.limit(Duration::from_secs(60)))
}

fn has_systemd(host: &dyn Executor) -> bool {
    host.find_program("systemctl").is_some() && host.metadata("/run/systemd/system".as_ref()).is_ok()
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
    fn a_service_reads_its_files_again_as_this_host_does_it() {
        let told = |host: &Simulated, name: &str| {
            let commands = reread_commands(host, name).into_iter();
            commands
                .map(|command| format!("{} {}", command.program, command.args.join(" ")))
                .collect::<Vec<_>>()
        };
        let host = Simulated::new().on("systemctl", |_, _| UNITS).file("/run/systemd/system/x", "");
        assert_eq!(told(&host, "nginx"), ["systemctl reload-or-restart nginx"]);
        assert_eq!(told(&host, "kamailio-lb"), ["systemctl restart kamailio-lb"]);
        assert!(told(&host, "apache2").is_empty(), "not on this host");
        let host = Simulated::new().on("service", |_, _| " [ + ]  apache2\n [ + ]  kamailio-lb\n");
        assert_eq!(told(&host, "apache2"), ["service apache2 reload", "service apache2 start"]);
        assert_eq!(told(&host, "kamailio-lb"), ["service kamailio-lb restart"]);
    }

    #[test]
    fn a_script_is_understood_where_it_tells_services_and_nothing_else() {
        let told = |text: &str| restarted_by(text).map(|all| all.join(" "));
        assert_eq!(told("#!/bin/bash\n\nngcp-service nginx reload\n"), Some("nginx".to_owned()));
        assert_eq!(told("service a restart\n ngcp-service b reload"), Some("a b".to_owned()));
        for other in
            ["ngcp-service a restart\nrm x", "ngcp-service a restart; b", "ngcp-service a stop", "if x; then"]
        {
            assert_eq!(told(other), None, "{other}");
        }
        assert_eq!(told(""), Some(String::new()));
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
