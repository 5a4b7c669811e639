//! What is wanted, and a run of the plan that brings it about.

use ngcp_warden::{
    executor::System,
    plan::{Change, Plan},
    platform::Ngcp,
    runner::{self, Control, Event, MemoryJournal, Order, RunOutcome},
    secret::Secrets,
    steps,
};
use serde_json::{Value, json};

use super::network::TRUSTED;

/// For a program that puts rules in place.
pub(crate) fn backend(program: &str) -> Value {
    match program {
        "nft" => json!("nft"),
        program => json!({"iptables": {"program": program}}),
    }
}

/// A host on which nothing of ours is.
pub(crate) fn facts(program: &str) -> Value {
    json!({
        "blind": null, "unread": null, "backend": backend(program), "services": [], "unasked": [null, null], "others": [],
        "operator": null, "trusted": [], "doubled": null, "kept": null,
        "others_rules": [], "seen": null,
        "own": {"loaded": false, "armed": false, "stored": null, "wanted": null, "damaged": null, "as_stored": null, "at_boot": null},
        "rtpengine": {"wanted": null, "why": "", "table": null, "families": ["missing", "missing"], "module": null,
            "forwarded": null, "policy_opened": null, "way": null},
        "bans": null, "can_notrack": true, "systemd": false,
    })
}

/// A service: its name, who shall reach it, its ports like `tcp:443` or `udp:30000-40000`.
pub(crate) type Service = (&'static str, &'static str, &'static [&'static str]);

pub(crate) const SERVICES: &[Service] = &[
    ("csc", "everyone", &["tcp:443"]),
    ("sip", "everyone", &["tcp:5060", "udp:5060"]),
    ("sip-tls", "everyone", &["tcp:5061"]),
    ("rtp", "everyone", &["udp:30000-40000"]),
    ("xcap", "trusted", &["tcp:1080"]),
    ("xmpp", "nobody", &["tcp:5222", "tcp:5269"]),
    ("ssh", "trusted", &["tcp:22"]),
    ("admin", "trusted", &["tcp:1443"]),
    ("provisioning", "nobody", &["tcp:2443"]),
];

/// A range of ports as it is stored.
fn ports(text: &str) -> Value {
    let (protocol, range) = text.split_once(':').unwrap();
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.parse::<u16>().unwrap();
    json!({"protocol": protocol, "from": number(from), "to": number(to)})
}

pub(crate) fn wanted(services: &[Service]) -> Value {
    let mut all = serde_json::Map::new();
    for (name, whom, own) in services {
        let own: Vec<Value> = own.iter().map(|one| ports(one)).collect();
        all.insert((*name).to_owned(), json!([whom, own]));
    }
    json!({
        "services": all, "trusted": TRUSTED, "extra": [[ports("udp:7000")], [ports("tcp:8443-8445")]], "ssh": [22],
        "untracked": [ports("udp:30000-40000")], "logging": true, "safe_start": false,
    })
}

/// The plan for it, with nothing left out.
pub(crate) fn plan(program: &str, wanted: Value, seconds: u64) -> Plan {
    steps::firewall_rules(facts(program), Some(wanted), seconds).unwrap()
}

/// Runs it on this machine, confirmed or not; how it ended and what was said.
pub(crate) fn run(plan: Plan, confirmed: bool) -> (RunOutcome, String) {
    let order = Order { run: "test".into(), plan, ..Order::default() };
    let (mut journal, control) = (MemoryJournal::default(), Control::default());
    if confirmed {
        control.keep();
    }
    let host = System::live().unwrap();
    let outcome = runner::run(&order, &Secrets::default(), &host, &Ngcp, &mut journal, &control).unwrap();
    let said = journal.records.iter().filter_map(|record| match &record.event {
        Event::After { change, outcome, message, .. } => Some(format!("{change} {outcome:?}: {message}\n")),
        Event::Undone { change, outcome, message } => Some(format!("undo {change} {outcome:?}: {message}\n")),
        _ => None,
    });
    (outcome, said.collect())
}

/// The changes of a plan that load rules, without those that store them.
pub(crate) fn loading(mut plan: Plan) -> Plan {
    let loads = |change: &Change| {
        ["check", "chains", "try", "jump", "keep"]
            .iter()
            .any(|name| change.id.starts_with(&format!("firewall.{name}")))
    };
    plan.changes.retain(loads);
    // Nothing is said of a restart.
    plan.partial = false;
    plan
}
