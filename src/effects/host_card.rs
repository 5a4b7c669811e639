//! What the overview says of the host: name and release at once, figures and services when they are known.

use super::runs::Site;
use crate::{
    executor::{Executor, World},
    ngcp::{release::Release, services},
    runner::{Report, Runs, State, assess},
    wizard::model::{HostCard, OpenRun, Service},
};

/// Tells the card bit by bit.
pub(super) fn look(host: &dyn Executor, site: &Site, tell: &mut dyn FnMut(HostCard)) {
    let release = Release::read(host);
    let mut card = HostCard {
        hostname: crate::host::name(host),
        // What is not known is told by a remark of its own.
        edition: release.edition.map(|edition| format!("sip:provider {edition}")),
        release: release.version.map(|version| version.to_string()),
        system: release.debian_text(),
        remarks: release.remarks(),
        open_run: open_run(host, site),
        ..HostCard::default()
    };
    tell(card.clone());
    match host.resources() {
        Ok(resources) => card.resources = Some(resources),
        Err(_) if host.world() == World::Tree => {
            card.no_resources = Some("a directory tree has no memory or load of its own".to_owned());
        }
        Err(error) => card.no_resources = Some(error.to_string()),
    }
    tell(card.clone());
    card.services =
        Some(services::look(host).into_iter().map(|(name, running)| Service { name, running }).collect());
    tell(card);
}

/// A run that goes on, or the one that was cut off.
fn open_run(host: &dyn Executor, site: &Site) -> Option<OpenRun> {
    let Site::Root(root) = site else { return None };
    let runs = Runs::look(root).ok()?;
    let live = runs.newest(State::Live);
    let alive = live.is_some();
    let run = live.or_else(|| runs.newest(State::CutOff))?;
    let report = Report::of(&runs.history(&run).ok()?.records)?;
    let begun = report.started.strftime("%Y-%m-%d %H:%M UTC");
    let about = format!("{} changes, begun {begun} by {}", report.changes.len(), report.operator);
    let seen = if alive { None } else { assess(&runs, &run, host).ok() };
    let changes = seen.map_or_else(Vec::new, |seen| {
        seen.changes.into_iter().map(|change| (change.title, change.stands.words())).collect()
    });
    Some(OpenRun { run, about, alive, changes })
}
