//! Starting and following a run, for the screen and for `apply` alike.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
};

use anyhow::{Context, Result};

use super::{key_pair, private_key, signed};
use crate::{
    executor::{Executor, System},
    finding::Finding,
    plan::{Generated, Making, Plan},
    platform::{Ngcp, own_connection},
    runner::{
        self, Control, Follower, Order, PassingRuns, Record, RunOutcome, Runs,
        guard::{self, Connection},
        process,
    },
    secret::{Secret, Secrets, generate},
};

/// Makes up the passwords and keys that a plan asks for, and fetches those that are there; what the host gets joins the
/// secrets, what is returned is for the operator, to be shown once.
///
/// # Errors
/// When the kernel gives no random bytes, or the host makes no key, or has another one.
pub fn make_up(host: &dyn Executor, plan: &Plan, secrets: &mut Secrets) -> Result<Secrets> {
    let mut generated = Secrets::default();
    for wanted in &plan.generated {
        make_one(host, wanted, secrets, &mut generated)?;
    }
    Ok(generated)
}

pub(super) fn make_one(
    host: &dyn Executor,
    wanted: &Generated,
    secrets: &mut Secrets,
    generated: &mut Secrets,
) -> Result<()> {
    let set = match &wanted.kind {
        Making::Password => {
            let password = generate().context("no password could be made up")?;
            generated.insert(&wanted.secret, password.clone());
            password
        }
        Making::KeyPair { comment } => {
            let (shown, set) = key_pair::make(host, comment)?;
            generated.insert(&wanted.secret, shown);
            set
        }
        Making::PrivateKey { from, passphrase, public_key } => {
            let (passphrase, public_key) = (passphrase.as_deref(), public_key.as_deref());
            private_key::make(host, from, passphrase, public_key, secrets)
                .with_context(|| wanted.label.clone())?
        }
        Making::Request { key, config } => {
            let key = secrets.get(key).with_context(|| format!("{}: there is no key", wanted.label))?;
            signed::request(host, key, config).with_context(|| wanted.label.clone())?
        }
        Making::SelfSigned { key, head, config, days } => {
            let key = secrets.get(key).with_context(|| format!("{}: there is no key", wanted.label))?;
            let made = signed::certificate(host, key, config, *days);
            let made = made.with_context(|| wanted.label.clone())?;
            Secret::new([head.as_bytes(), made.expose()].concat())
        }
    };
    secrets.insert(&wanted.secret, set);
    Ok(())
}

/// The order for a run of this plan.
pub fn order(host: &dyn Executor, plan: Plan, findings: Vec<Finding>) -> Order {
    let run = host.now().strftime("%Y%m%d-%H%M%S").to_string();
    Order { run, plan, operator: operator(host), findings, undoes: None }
}

/// Who sits there and where from: `root via sudo of anna, from 192.0.2.7`.
pub fn operator(host: &dyn Executor) -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let clean = |text: String| text.chars().filter(char::is_ascii_graphic).take(64).collect::<String>();
    let who = match variable("SUDO_USER").map(clean) {
        Some(user) => format!("root via sudo of {user}"),
        None => "root".to_owned(),
    };
    match variable("SSH_CONNECTION").and_then(|c| c.split(' ').next().map(str::to_owned)).map(clean) {
        Some(address) => format!("{who}, from {address}"),
        None if own_connection(host) == Connection::Console => format!("{who}, on the console"),
        None => format!("{who}, where from is not known"),
    }
}

/// Where runs happen.
#[derive(Clone)]
pub enum Site {
    /// The sample host: in this process, gone with it, and so is what is kept of its runs.
    Demo(Arc<dyn Executor>, Arc<PassingRuns>),
    /// The host below this root: in a process of its own that outlives this one.
    Root(PathBuf),
}

/// A run that goes on or has ended, to be followed from its first record.
pub struct Following {
    /// Its name.
    pub run: String,
    records: Records,
}

enum Records {
    Channel(Receiver<Record>),
    Journal(Box<Follower>),
}

impl Site {
    /// The sample host.
    pub fn demo(host: Arc<dyn Executor>) -> Self {
        Site::Demo(host, Arc::new(PassingRuns::none()))
    }

    /// Starts a run. `resume` goes on with the run that the order names.
    ///
    /// # Errors
    /// [`runner::LockHeld`] when another run goes on; otherwise why nothing was started.
    pub fn start(
        &self,
        order: Order,
        secrets: Secrets,
        resume: bool,
        control: &Control,
    ) -> Result<Following> {
        match self {
            Site::Demo(host, runs) => {
                let (host, control) = (Arc::clone(host), control.clone());
                let (run, journal) = runs.open()?.create(host.now())?;
                let order = Order { run: run.clone(), ..order };
                let (records, channel) = mpsc::channel();
                thread::Builder::new().name("demo run".to_owned()).spawn(move || {
                    let mut journal = runner::ChannelJournal::new(journal, records);
                    runner::run(&order, &secrets, &*host, &Ngcp, &mut journal, &control)
                })?;
                Ok(Following { run, records: Records::Channel(channel) })
            }
            Site::Root(root) => {
                let task = process::Task { root: root.clone(), order, resume };
                self.follow(&process::launch(&task, &secrets)?)
            }
        }
    }

    /// The runs of this host, to look at.
    ///
    /// # Errors
    /// When the place cannot be looked at.
    pub fn runs(&self) -> Result<Runs> {
        match self {
            Site::Demo(_, runs) => Ok(runs.look()),
            Site::Root(root) => Runs::look(root),
        }
    }

    /// The host below which runs are left and gone on with by other processes.
    ///
    /// # Errors
    /// In the demo, whose runs end with it.
    pub fn root(&self) -> Result<&Path> {
        match self {
            Site::Demo(..) => anyhow::bail!("runs of the demo end with it"),
            Site::Root(root) => Ok(root),
        }
    }

    /// The screen is closed: what ends with it is forgotten.
    pub fn close(&self) {
        if let Site::Demo(_, runs) = self {
            runs.forget();
        }
    }

    /// Follows a run that was started before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn follow(&self, run: &str) -> Result<Following> {
        let follower = self.runs()?.follow(run)?;
        Ok(Following { run: run.to_owned(), records: Records::Journal(Box::new(follower)) })
    }

    /// Keeps the guarded change that waits.
    ///
    /// # Errors
    /// When this login is no proof that one can still get in.
    pub fn keep(&self, run: &str, control: &Control) -> Result<()> {
        match self {
            Site::Demo(..) => control.keep(),
            Site::Root(root) => {
                let host = System::live()?;
                guard::confirm(&Runs::look(root)?, Some(run), own_connection(&host), &host)?;
            }
        }
        Ok(())
    }

    /// Takes the guarded change that waits back at once.
    ///
    /// # Errors
    /// When the request cannot be written to the directory of the run.
    pub fn revert(&self, run: &str, control: &Control) -> Result<()> {
        match self {
            Site::Demo(..) => control.revert(),
            Site::Root(root) => guard::revert(&Runs::look(root)?, run)?,
        }
        Ok(())
    }

    /// Asks a run of another process to end after the change it is in.
    ///
    /// # Errors
    /// When the request cannot be written to its directory.
    pub fn stop(&self, run: &str) -> Result<()> {
        if let Site::Root(root) = self {
            Runs::look(root)?.stop(run)?;
        }
        Ok(())
    }
}

impl Following {
    /// Tells every record until the run has ended or its runner is gone.
    ///
    /// # Errors
    /// When the journal cannot be read any more.
    pub fn tell(self, tell: &mut dyn FnMut(Record)) -> Result<()> {
        match self.records {
            Records::Channel(channel) => channel.iter().for_each(tell),
            Records::Journal(mut follower) => {
                while let Some(record) = follower.wait()? {
                    tell(record);
                }
            }
        }
        Ok(())
    }
}

/// The runner process itself: reads its task from standard input and runs it.
///
/// # Errors
/// When the journal could not be written to the end.
pub fn serve() -> Result<Option<RunOutcome>> {
    process::serve(&Ngcp)
}

/// The process that takes the guarded change of a run back on silence.
///
/// # Errors
/// When it cannot be taken back.
pub fn watch(run: &str) -> Result<()> {
    guard::watch(run, &Ngcp)
}

/// Takes back what a restart of the host left unconfirmed; names of the runs, and whether it could be.
///
/// # Errors
/// When nothing can be looked at.
pub fn restore_overdue() -> Result<Vec<(String, Result<()>)>> {
    guard::restore_overdue(&Ngcp)
}
