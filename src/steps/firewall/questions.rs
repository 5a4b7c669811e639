//! What is asked: whether rules are put in place, who shall reach each service, and the little that goes with it.

use super::{
    facts::{Backend, Facts},
    names::{asks, by, id},
    table::{HEADS, listeners, services},
    wanted,
};
use crate::{
    finding::{Finding, Status},
    host::network::Network,
    ngcp::{reachable, rtpengine::Rule},
    steps::{
        Form,
        form::{Check, Choice, Field, Kind},
    },
};

/// At most so many networks are named.
const NETWORKS: usize = 2000;
/// At most so many further ports.
const EXTRA: usize = 100;
/// Seconds in which new rules must be confirmed.
pub(super) const SECONDS: i64 = 60;

pub(super) fn form(found: &[Finding], facts: &Facts) -> Form {
    let seen = |wanted: &str| found.iter().find(|finding| finding.id == wanted);
    let set = placed_by(facts);
    let mut fields = vec![rules(found, facts, set)];
    if let Some(set) = set {
        let asked =
            [trusted(facts)].into_iter().chain(services(facts)).chain(listeners(facts)).chain(extras(facts));
        fields.extend(asked.map(|field| field.only_if(asks::RULES, set)));
        if set == by::SET {
            fields.extend(settings(facts).into_iter().map(|field| field.only_if(asks::RULES, set)));
            if let Some(tracking) = tracking(facts) {
                fields.push(tracking);
            }
        }
    }
    fields.extend(rtpengine(facts, seen(id::RTPENGINE_MISSING).or(seen(id::RTPENGINE_ORDER))));
    fields.extend(watch(facts));
    fields.extend(bans(facts, seen(id::SIP_BANS_OFF)));
    let settled = settled(&fields);
    Form { fields, note: note(facts), settled, heads: HEADS.map(str::to_owned).to_vec() }
}

/// The answer by which rules are put in place here; `None` where they cannot be.
pub(super) fn placed_by(facts: &Facts) -> Option<&'static str> {
    match &facts.backend {
        _ if facts.blind.is_some() => None,
        Backend::Platform { .. } | Backend::Nft | Backend::Iptables { .. } => Some(by::SET),
        Backend::Foreign { manager } if matches!(manager.as_str(), "ufw" | "firewalld") => Some(by::NATIVE),
        Backend::Foreign { .. } | Backend::Missing { .. } => None,
    }
}

fn rules(found: &[Finding], facts: &Facts, set: Option<&'static str>) -> Field {
    let how = match &facts.backend {
        Backend::Platform { .. } => {
            "By security.firewall of config.yml and an apply; all else is closed.".to_owned()
        }
        Backend::Nft => "A table of our own beside what is there; all else is closed.".to_owned(),
        Backend::Iptables { .. } => {
            "A chain of our own behind the rule of rtpengine; all else is closed.".to_owned()
        }
        Backend::Foreign { manager } => {
            format!("{manager} opens what is chosen below; what it closes is its own business.")
        }
        Backend::Missing { .. } => String::new(),
    };
    let mut options = Vec::new();
    match set {
        Some(by::SET) => {
            options.push(Choice::from((by::SET, "set", how)));
            options.push((by::LEAVE, "leave", "Nothing is changed.").into());
            options.push((by::REMOVE, "remove", "Ours go; those of others stay.").into());
        }
        Some(native) => {
            options.push((native, "by its commands", how).into());
            options.push((by::LEAVE, "leave", "Nothing is changed.").into());
        }
        None => options.push((by::LEAVE, "leave", "Nothing is changed.").into()),
    }
    // Rules that would lock everybody out are not proposed.
    let default = match set {
        Some(by::SET) if !facts.trusted.is_empty() => by::SET,
        _ => by::LEAVE,
    };
    let worst = found
        .iter()
        .filter(|finding| finding.field.as_deref() == Some(asks::RULES) && finding.status == Status::Fail)
        .max_by_key(|finding| finding.severity);
    let finding = worst.or(found.iter().find(|finding| finding.field.as_deref() == Some(asks::RULES)));
    let mut field = Field::choice(asks::RULES, "Rules", options, default)
        .about(finding)
        .help("New rules lift themselves unless a new login confirms them in time.");
    field.now = Some(match (&facts.backend, facts.own.loaded) {
        _ if facts.blind.is_some() => "cannot be seen".to_owned(),
        (Backend::Foreign { manager }, _) => manager.clone(),
        (_, true) if facts.own.armed => "lift themselves".to_owned(),
        (_, true) => "in place".to_owned(),
        (Backend::Platform { enabled: true }, _) => "by config.yml".to_owned(),
        (_, false) => "none of ours".to_owned(),
    });
    field
}

fn trusted(facts: &Facts) -> Field {
    let you = facts.operator.map_or_else(String::new, |you| format!(" You come from {you}."));
    Field::new(asks::TRUSTED, "Trusted", networks(facts.trusted.clone()))
        .help(format!("Networks of whoever runs this host: logins and administration are for them.{you}"))
}

fn networks(default: Vec<Network>) -> Kind {
    Kind::Networks { default, count: 0..=NETWORKS }
}

fn extras(facts: &Facts) -> [Field; 2] {
    let kind = |key| {
        let check = Check(|text| wanted::ports(text).map(drop));
        Kind::List { default: wanted::usual_extra(facts, key), count: 0..=EXTRA, check }
    };
    let of = |key, label, who| {
        Field::new(key, label, kind(key))
            .help(format!("Further ports for {who}, like 8443/tcp or 7000-7010/udp."))
            .optional()
    };
    [
        of(asks::EXTRA_EVERYONE, "More for everyone", "everyone"),
        of(asks::EXTRA_TRUSTED, "More for trusted", "the trusted networks"),
    ]
}

/// What goes with rules of our own.
fn settings(facts: &Facts) -> Vec<Field> {
    let before = facts.own.wanted.clone().unwrap_or_default();
    let on_off = |key, label, on: &'static str, is: bool| {
        let options = [(by::ON, "on", on), (by::OFF, "off", "Not done.")];
        Field::choice(key, label, options, if is { by::ON } else { by::OFF }).optional()
    };
    let mut fields = vec![on_off(
        asks::LOGGING,
        "Log refused",
        "Refused packets are told to the kernel's log, a few a second at most.",
        before.logging,
    )];
    if facts.systemd {
        fields.push(
            on_off(
                asks::SAFE_START,
                "Safe start",
                "Two restarts within 10 minutes: the rules wait for 5 minutes, and say so.",
                before.safe_start,
            )
            .help("A way in for whoever locked all out; whoever can restart the host has it as well."),
        );
    }
    let mut options = vec![(by::REFUSE, "must stay", "The plan is refused unless SSH can still be reached.")];
    if facts.operator.is_none() {
        options.push((by::CONSOLE, "console only", "You said so: the console is the way in."));
    }
    // With one answer there is nothing to decide.
    let quiet = options.len() == 1;
    let last = Field::choice(asks::LAST_WAY, "Last way in", options, by::REFUSE).optional();
    fields.push(Field { quiet, ..last.help("Judged before anything is changed.") });
    let seconds = Kind::Number { default: SECONDS, min: 20, max: 3600 };
    fields.push(
        Field::new(asks::CONFIRM_WITHIN, "Confirm within", seconds)
            .help("Seconds. Log in again within them and say so, or the rules lift themselves.")
            .optional(),
    );
    fields
}

/// Only where everybody may send media: where not, answers to this host's own questions would be lost.
fn tracking(facts: &Facts) -> Option<Field> {
    let media = facts.services.iter().any(|reached| reached.service.name == reachable::RTP);
    let options = [
        (by::ON, "track", "The kernel keeps an entry for each stream, as it is today."),
        (by::OFF, "leave out", "No entries for media: the table of connections cannot fill up with calls."),
    ];
    let default = if wanted::usually_untracked(facts) { by::OFF } else { by::ON };
    (media && facts.can_notrack).then(|| {
        Field::choice(asks::TRACKING, "Media tracking", options, default)
            .help("Keep it where rules of somebody else know media by its connection.")
            .only_if(reachable::RTP, by::EVERYONE)
            .optional()
    })
}

/// Only where something is wrong with it.
fn rtpengine(facts: &Facts, now: Option<&Finding>) -> Option<Field> {
    let wrong = |rule: &Rule| matches!(rule, Rule::Missing | Rule::Wrong(_));
    if facts.rtpengine.wanted != Some(true) || !facts.rtpengine.families.iter().any(wrong) {
        return None;
    }
    let options = [
        (by::REPAIR, "repair", "The rule goes back to its place; the daemon goes on, calls as well."),
        (by::LEAVE, "leave", "Media stays in userspace: more load, fewer calls at once."),
    ];
    let (default, help) = match facts.rtpengine.module {
        Some(true) => (by::REPAIR, "Without it media is not forwarded by the kernel."),
        Some(false) => (by::LEAVE, "The kernel does not know rtpengine's table: is rtpengine running?"),
        None => (by::LEAVE, "Whether the kernel knows rtpengine's table cannot be seen."),
    };
    let field = Field::choice(asks::RTPENGINE, "RTPENGINE rule", options, default).about(now).optional();
    Some(field.in_short("not in place", "in place").help(help))
}

fn watch(facts: &Facts) -> Option<Field> {
    let options = [
        (by::OFF, "off", "Nothing of ours runs."),
        (by::ON, "on", "A timer puts the RTPENGINE rule back and tells syslog."),
    ];
    let field = Field::choice(asks::WATCH, "Watch", options, by::OFF)
        .help("For hosts where another firewall is reloaded and takes the RTPENGINE rule along.");
    // Where nobody removes rules of others there is nothing to watch.
    let quiet = !facts.others_rules.iter().any(|owner| owner.takes_over);
    facts.systemd.then(|| Field { quiet, ..field.optional() })
}

fn bans(facts: &Facts, now: Option<&Finding>) -> Vec<Field> {
    let Some(bans) = &facts.bans else { return Vec::new() };
    let options = [
        (by::ON, "on", "Who floods or guesses passwords is banned for a while; kamailio-lb restarts."),
        (by::LEAVE, "leave", "Nothing is changed."),
        (by::OFF, "off", "Nobody is banned; kamailio-lb restarts."),
    ];
    let default = if bans.on() { by::LEAVE } else { by::ON };
    let switch = Field::choice(asks::SIP_BANS, "SIP bans", options, default)
        .about(now)
        .in_short("off", "on")
        .help("Robots that flood SIP or guess passwords.")
        .optional();
    let own = facts.trusted.iter().copied().chain(facts.operator.map(Network::from));
    let mut spared: Vec<Network> = Vec::new();
    for network in own.filter(|network| bans.takes(network) && !bans.spares(network)) {
        if !spared.iter().any(|one| one.covers(&network)) {
            spared.push(network);
        }
    }
    let mut never = Field::new(asks::NEVER_BANNED, "Never banned", networks(spared))
        .help("Added to those that config.yml spares already, which stay: you, your peers and carriers.")
        .only_if(asks::SIP_BANS, by::ON)
        .optional();
    never.now = Some(match bans.spared.len() {
        0 => "nobody".to_owned(),
        number => format!("{number} so far"),
    });
    vec![switch, never]
}

/// Questions that other hosts raise, so that one answers file fits many.
fn settled(fields: &[Field]) -> Vec<String> {
    let mut all = vec![asks::LISTENER.to_owned()];
    let known = [
        asks::TRUSTED,
        asks::EXTRA_EVERYONE,
        asks::EXTRA_TRUSTED,
        asks::LOGGING,
        asks::TRACKING,
        asks::SAFE_START,
        asks::RTPENGINE,
        asks::WATCH,
        asks::SIP_BANS,
        asks::NEVER_BANNED,
        asks::LAST_WAY,
        asks::CONFIRM_WITHIN,
    ];
    let others = reachable::names().chain(known).filter(|key| fields.iter().all(|field| field.key != *key));
    all.extend(others.map(str::to_owned));
    all
}

fn note(facts: &Facts) -> Option<String> {
    let mut said = Vec::new();
    match &facts.backend {
        _ if let Some(why) = &facts.blind => {
            said.push(format!("Packet filters cannot be seen here: {why}. What is unknown is not closed."));
        }
        Backend::Foreign { manager } => said.push(format!(
            "{manager} is in charge of this host's packet filters: no rules of our own are put beside it."
        )),
        Backend::Missing { why } => said.push(format!("No rules can be put in place: {why}.")),
        _ if facts.trusted.is_empty() => said.push(
            "No network is trusted yet: name those that you log in from, then set the rules.".to_owned(),
        ),
        _ => {}
    }
    let takes_over: Vec<&str> =
        facts.others_rules.iter().filter(|owner| owner.takes_over).map(|owner| owner.name.as_str()).collect();
    if !takes_over.is_empty() {
        said.push(format!("{} may remove rules of others when reloaded.", takes_over.join(", ")));
    }
    let listeners = facts.others.len();
    if listeners > wanted::MOST_LISTENERS {
        said.push(format!(
            "Of {listeners} other listeners the first {} are asked for.",
            wanted::MOST_LISTENERS
        ));
    }
    (!said.is_empty()).then(|| said.join(" "))
}
