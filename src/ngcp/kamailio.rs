//! The kamailio instances that run: their processes, the memory they were given and what of it is free. Read from
//! `/proc` and from `kamcmd` where it answers; nothing is changed here, and nobody is judged.

mod control;
mod parameters;

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub use parameters::Parameter;

use crate::{
    executor::Executor,
    host::{
        memory,
        processes::{Process, processes},
    },
};

const MB: f64 = 1024.0 * 1024.0;

/// A running kamailio.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// `lb` or `proxy`, by the file it was started with.
    pub name: String,
    /// Its configuration file (`-f`).
    pub file: Option<String>,
    /// All its processes.
    pub processes: u64,
    /// Their numbers, the oldest first.
    pub pids: Vec<u32>,
    /// MB of memory that all its processes really take together, what they share counted once (PSS); `None` where the
    /// kernel does not tell.
    pub pss: Option<f64>,
    /// MB of `pss` that is not the memory they share on purpose: programs, and what each process has for itself.
    pub private: Option<f64>,
    /// MB that they share, as it says itself or as it was started (`-m`).
    pub shared_memory: Option<u64>,
    /// MB that each process may take for itself, as it says itself or as it was started (`-M`).
    pub private_memory: Option<u64>,
    /// What it says of itself; `None` where `kamcmd` does not answer.
    pub told: Option<Told>,
    /// Why it says nothing.
    pub silent: Option<String>,
}

/// What a running kamailio says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// UDP workers of each socket, the sockets in order of their names.
    pub udp_workers: Vec<u64>,
    /// Workers of all TCP connections.
    pub tcp_workers: u64,
    /// Processes that send keepalives.
    pub pingers: u64,
    /// MB of shared memory that is free now.
    pub shared_free: Option<f64>,
    /// MB of shared memory that was free when it was fullest since the start.
    pub shared_least: Option<f64>,
    /// MB that the fullest process has left of its own memory.
    pub private_free: Option<f64>,
    /// The control socket that answered.
    pub socket: String,
}

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
        Ok(answer) => {
            instance.shared_memory = answer.shared_memory.or(instance.shared_memory);
            instance.private_memory = answer.private_memory.or(instance.private_memory);
            instance.told = Some(answer.told);
        }
        Err(why) => instance.silent = Some(format!("{why:#}")),
    }
    instance
}

impl Instance {
    /// The value of a module's parameter in it, asked or read in the file that it was started with.
    ///
    /// # Errors
    /// Why it cannot be known.
    pub fn parameter(&self, host: &dyn Executor, module: &str, name: &str) -> Result<Parameter> {
        if let Some(told) = &self.told
            && let Ok(value) = control::parameter(host, &told.socket, module, name)
        {
            return Ok(Parameter { value, by: format!("kamcmd cfg.get {module} {name}") });
        }
        parameters::written(host, self, module, name)
    }

    /// Whether it is the one of that name, or one of several load balancers (`lb_NAME`, from mr10.5 on).
    pub fn is(&self, name: &str) -> bool {
        let rest = self.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    }
}

/// `lb` of `-P /run/kamailio/kamailio.lb.pid`, else of `-f /etc/kamailio/lb/kamailio.cfg`.
fn name(process: &Process) -> String {
    let pid = process.option('P').and_then(|path| Path::new(path).file_name()?.to_str());
    let pid = pid.and_then(|file| file.strip_prefix("kamailio.")?.strip_suffix(".pid"));
    let folder = || process.option('f').and_then(|path| Path::new(path).parent()?.file_name()?.to_str());
    pid.or_else(folder).unwrap_or("kamailio").to_owned()
}

#[cfg(test)]
mod tests;
