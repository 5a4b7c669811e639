//! A timer that puts rtpengine's rule back after another firewall took it along, and tells syslog.

use std::path::Path;

use super::{
    super::facts::Facts,
    making::change,
    stored::{self, PRESETS, SERVICES, enabled, folder, write},
};
use crate::plan::{Action, Plan, Undo};

const TIMER: &str = "ngcp-warden-firewall-watch.timer";
const FILES: [(&str, &str, &str, &str); 3] = [
    (
        SERVICES,
        "ngcp-warden-firewall-watch.service",
        "let a unit put back what another firewall took along",
        include_str!("../../../../assets/systemd/ngcp-warden-firewall-watch.service"),
    ),
    (
        SERVICES,
        TIMER,
        "let a timer start it every minute",
        include_str!("../../../../assets/systemd/ngcp-warden-firewall-watch.timer"),
    ),
    (
        PRESETS,
        "10-ngcp-warden-firewall-watch.preset",
        "let no 'ngcpcfg apply' disable that timer",
        include_str!("../../../../assets/systemd/10-ngcp-warden-firewall-watch.preset"),
    ),
];

/// Switched on or off, unless it is so.
pub(in super::super) fn watch(facts: &Facts, on: bool) -> Plan {
    let mut plan = Plan::default();
    if !facts.systemd || facts.watched == Some(on) || (!on && facts.watched.is_none()) {
        return plan;
    }
    if !on {
        plan.changes.push(enabled("watch.disable", "stop the timer that watches", TIMER, false));
        for (folder, name, ..) in FILES {
            let path = Path::new(folder).join(name);
            let title = format!("remove {}", path.display());
            plan.changes.push(change(
                &format!("watch.{name}.remove"),
                title,
                Action::Remove { path },
                Undo::Files,
            ));
        }
        return plan;
    }
    plan.changes.push(stored::program("watch.program"));
    plan.changes.push(folder("watch.presets", PRESETS));
    for (folder, name, title, text) in FILES {
        plan.changes.push(write(&format!("watch.{name}"), title, &Path::new(folder).join(name), text));
    }
    plan.changes.push(enabled("watch.enable", "start it, now and at every start of the host", TIMER, true));
    plan
}
