//! Looks at everything the step needs: values and where they stand, values in force, figures of this host, who else
//! decides. Read only; nothing is guessed, and what could not be looked at is told with the reason.

mod database;
mod disks;
mod measured;
mod options;
mod owners;
mod running;

use std::path::Path;

use self::running::Services;
use super::facts::{Facts, OutOfMemory};
use crate::{
    executor::Executor,
    finding::one_line,
    ngcp::{config::Config, kamailio, logs, ngcpcfg, release::Release},
};

/// The whole look.
pub(super) fn look(host: &dyn Executor) -> Facts {
    let mut facts = Facts { waiting: ngcpcfg::waiting(host), ..Facts::default() };
    let config = Config::read(host).map_err(|error| format!("{error:#}"));
    facts.unread = config.as_ref().err().cloned();
    let kamailio = kamailio::running(host).map_err(|error| format!("{error:#}"));
    let database = measured::look(host, config.as_ref().ok(), &kamailio, &mut facts);
    if let Ok(config) = &config {
        facts.unseen.extend(config.unseen().iter().cloned());
        let services = Services { host, kamailio: &kamailio, database: &database };
        facts.options = options::look(config, Release::read(host).version, &services);
    }
    (facts.owners, facts.owners_unseen) = owners::look(host, &facts);
    look_through_logs(host, &mut facts);
    facts.buffer_pool = database.ok();
    facts.kamailio = kamailio.unwrap_or_default();
    facts
}

/// Logs of kamailio: which could be looked through, and what of them says that memory ran out.
fn look_through_logs(host: &dyn Executor, facts: &mut Facts) {
    for instance in ["lb", "proxy"] {
        let file = Path::new(logs::DIRECTORY).join(format!("kamailio-{instance}.log"));
        match logs::ran_out(host, &file) {
            Ok(found) => {
                facts.out_of_memory.extend(found.map(|found| OutOfMemory {
                    instance: instance.to_owned(),
                    file: file.clone(),
                    lines: found.lines,
                    private: found.private,
                    last: one_line(&found.last),
                }));
                facts.logs_read.push(file);
            }
            Err(error) => facts.unseen.push(format!("log of kamailio-{instance}: {error:#}")),
        }
    }
}

#[cfg(test)]
mod tests;
