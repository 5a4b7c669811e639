//! What the overview says of the host: name and release at once, figures and services when they are known.

use crate::{
    executor::{Executor, World},
    ngcp::{release::Release, services},
    wizard::model::{HostCard, Service},
};

/// Tells the card bit by bit.
pub(super) fn look(host: &dyn Executor, tell: &mut dyn FnMut(HostCard)) {
    let release = Release::read(host);
    let mut card = HostCard {
        hostname: crate::host::name(host),
        edition: format!("sip:provider {}", release.edition_text()),
        release: release.version_text(),
        system: release.debian_text(),
        remarks: release.remarks(),
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
