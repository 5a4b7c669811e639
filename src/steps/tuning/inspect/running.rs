//! Values in force, asked from the services that run.

use super::super::facts::Running;
use crate::{
    executor::Executor,
    ngcp::{
        database::BufferPool,
        kamailio::Instance,
        logs,
        options::tuning::{InForce, Of},
    },
    steps::size::Size,
};

/// What is known of the services that run, or why nothing is.
pub(super) struct Services<'a> {
    pub(super) host: &'a dyn Executor,
    pub(super) kamailio: &'a Result<Vec<Instance>, String>,
    pub(super) database: &'a Result<BufferPool, String>,
}

impl Services<'_> {
    /// The value of an option in force; `written` is what the files have.
    pub(super) fn in_force(&self, seen: &InForce, written: Option<&str>) -> Running {
        let found = match seen {
            InForce::BufferPool => self.pool(written),
            InForce::Kamailio { instance, of } => self.kamailio(instance, *of),
            InForce::Parameter { instance, module, name } => self.parameter(instance, module, name),
            InForce::Rotation => {
                let rotation = logs::rotation(self.host).map_err(|error| format!("{error:#}"));
                rotation.map(|one| (one.days.to_string(), one.by))
            }
        };
        found.map_or_else(Running::Unseen, |(value, by)| Running::Is { value, by })
    }

    fn pool(&self, written: Option<&str>) -> Result<(String, String), String> {
        let pool = self.database.as_ref().map_err(String::clone)?;
        let by = "the running database".to_owned();
        let wanted = written.and_then(|text| text.parse::<Size>().ok()).map(Size::bytes);
        let rounded = |wanted: u64| {
            let step = pool.step.filter(|step| *step > 0)?;
            wanted.checked_next_multiple_of(step)
        };
        // The server rounds up: it has what it was told.
        if let (Some(text), Some(wanted)) = (written, wanted)
            && (wanted == pool.size || rounded(wanted) == Some(pool.size))
        {
            return Ok((text.to_owned(), by));
        }
        let kib = u32::try_from(pool.size / 1024).map_err(|_| "its buffer pool is too large".to_owned())?;
        Ok((Size::kib(kib).to_string(), by))
    }

    /// The instance of that name; of several load balancers the first.
    fn instance(&self, name: &str) -> Result<&Instance, String> {
        let all = self.kamailio.as_ref().map_err(String::clone)?;
        all.iter().find(|one| one.is(name)).ok_or_else(|| format!("kamailio-{name} does not run"))
    }

    fn kamailio(&self, name: &str, of: Of) -> Result<(String, String), String> {
        let one = self.instance(name)?;
        let silent = || {
            let why = one.silent.as_deref().unwrap_or("it does not say");
            format!("the running kamailio-{name} was not asked: {why}")
        };
        let told = one.told.as_ref().ok_or_else(silent);
        let without = |option: &str| format!("the running kamailio-{name} was started without {option}");
        let number = match of {
            Of::SharedMemory => one.shared_memory.ok_or_else(|| without("-m"))?,
            Of::PrivateMemory => one.private_memory.ok_or_else(|| without("-M"))?,
            Of::TcpWorkers => told?.tcp_workers,
            Of::Pingers => told?.pingers,
            Of::UdpWorkers => match told?.udp_workers.as_slice() {
                [first, others @ ..] if others.iter().all(|other| other == first) => *first,
                [] => return Err(format!("kamailio-{name} has no worker for UDP")),
                mixed => {
                    let mixed: Vec<String> = mixed.iter().map(ToString::to_string).collect();
                    return Err(format!("its UDP sockets have {} workers", mixed.join(", ")));
                }
            },
        };
        Ok((number.to_string(), format!("the running kamailio-{name}")))
    }

    fn parameter(&self, name: &str, module: &str, parameter: &str) -> Result<(String, String), String> {
        let found = self.instance(name)?.parameter(self.host, module, parameter);
        found.map(|found| (found.value, found.by)).map_err(|error| format!("{error:#}"))
    }
}
