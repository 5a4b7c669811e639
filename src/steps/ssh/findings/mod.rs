//! What was seen, in words: keys everybody has, weak ones, files others can write, doors that take a password.

mod found;
mod keys;
mod server;

use self::found::found;
pub(super) use self::server::held;
use super::{facts::Facts, names::id};
use crate::finding::{Finding, Severity, Status};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    if !facts.server {
        let ids = [
            id::IMAGE_KEY,
            id::WEAK_KEY,
            id::FILE_MODE,
            id::ROOT_PASSWORD,
            id::PASSWORD,
            id::EMPTY,
            id::ALGORITHMS,
            id::HOST_KEY,
            id::FORWARDING,
            id::BROKEN,
        ];
        let none = |id| {
            found(
                id,
                Severity::Info,
                Status::NotApplicable,
                "There is no SSH server",
                "sshd is not installed",
                "Nothing to do.",
            )
        };
        return ids.into_iter().map(none).collect();
    }
    vec![
        keys::image_keys(facts),
        keys::weak_keys(facts),
        keys::file_modes(facts),
        server::broken(facts),
        server::root_password(facts),
        server::password(facts),
        server::empty_passwords(facts),
        server::weak_algorithms(facts),
        server::host_keys(facts),
        server::forwarding(facts),
        keys::reused(facts),
        keys::unreadable(facts),
        server::other_doors(facts),
        server::settings(facts),
        server::session(facts),
    ]
}
