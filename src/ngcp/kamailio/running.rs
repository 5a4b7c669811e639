//! Which instances run, by their processes.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;

use super::{control, instance::Instance};
use crate::{
    executor::Executor,
    host::{
        memory,
        processes::{Process, processes},
    },
};

const MB: f64 = 1024.0 * 1024.0;

/// The instances that run, `lb` first; an error says why nobody can tell.
///
/// # Errors
/// When the host does not run or its processes cannot be seen.
pub fn running(host: &dyn Executor) -> Result<Vec<Instance>> {
    let mut groups: BTreeMap<(String, Option<String>), Vec<Process>> = BTreeMap::new();
    for process in processes(host)? {
        if process.program() == "kamailio" {
            let key = (name(&process), process.option('f').map(str::to_owned));
            groups.entry(key).or_default().push(process);
        }
    }
    let instances = groups.into_iter().map(|((name, file), group)| instance(host, name, file, &group));
    Ok(instances.collect())
}

fn instance(host: &dyn Executor, name: String, file: Option<String>, group: &[Process]) -> Instance {
    let mut pids: Vec<u32> = group.iter().map(|process| process.pid).collect();
    pids.sort_unstable();
    let taken = memory::taken(host, &pids);
    let mb = |bytes: u64| bytes as f64 / MB;
    let given = |letter| group.first()?.option(letter)?.parse::<u64>().ok();
    let mut instance = Instance {
        processes: pids.len() as u64,
        pss: taken.map(|taken| mb(taken.all)),
        private: taken.map(|taken| mb(taken.private)),
        shared_memory: given('m'),
        private_memory: given('M'),
        name,
        file,
        pids,
        ..Instance::default()
    };
    match control::ask(host, &instance) {
        Ok(told) => instance.told = Some(told),
        Err(why) => instance.silent = Some(format!("{why:#}")),
    }
    instance
}

/// `lb` of `-P /run/kamailio/kamailio.lb.pid`, else of `-f /etc/kamailio/lb/kamailio.cfg`.
fn name(process: &Process) -> String {
    let pid = process.option('P').and_then(|path| Path::new(path).file_name()?.to_str());
    let pid = pid.and_then(|file| file.strip_prefix("kamailio.")?.strip_suffix(".pid"));
    let folder = || process.option('f').and_then(|path| Path::new(path).parent()?.file_name()?.to_str());
    pid.or_else(folder).unwrap_or("kamailio").to_owned()
}
