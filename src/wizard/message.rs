//! Everything that can happen to the wizard, in one total order. Plain values; no message shows a secret when printed.

use std::sync::Arc;

use super::{
    Effect,
    draft::Draft,
    failure::Failure,
    keys::Key,
    model::{HostCard, PastRun},
};
use crate::{
    finding::{Finding, StepId},
    plan::Plan,
    runner::Record,
    secret::Secret,
    steps::Findings,
};

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The screen stands; the first message of all. Asks for everything the wizard wants to know.
    Begin,
    /// A key was pressed.
    Key(Key),
    /// Text was pasted. It may be a password, so it travels as a secret.
    Paste(Secret),
    /// The screen has this size now. Zeros mean unknown and count as 80x24.
    Resized {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// What is known of the host; sent again whenever more is known.
    HostSeen(Box<HostCard>),
    /// A step looked at the host.
    Inspected {
        /// Which one.
        step: StepId,
        /// What it saw, or why it could not look.
        result: Result<Arc<Findings>, Failure>,
    },
    /// The plan asked for by [`super::Effect::MakePlan`] with the same ticket is there; older tickets are ignored.
    Planned {
        /// Copied from the effect.
        ticket: u64,
        /// The plan, whole and with diffs.
        result: Result<Arc<Plan>, Failure>,
    },
    /// The plan asked for by [`super::Effect::PlanUndo`]; the same holds.
    UndoPlanned {
        /// Copied from the effect.
        ticket: u64,
        /// The plan, whole and with diffs.
        result: Result<Arc<Plan>, Failure>,
        /// What was found before the run that is taken back.
        before: Vec<Finding>,
    },
    /// The runs of this host, the newest first.
    RunsSeen(Result<Vec<PastRun>, Failure>),
    /// What a start needed was made up; nothing was changed yet.
    MadeUp {
        /// The start, with all its secrets.
        start: Box<Effect>,
        /// What is to be noted before it: whose it is, and the password or private key. Empty when nothing is.
        shown: Vec<(String, Secret)>,
    },
    /// The runner of this name has taken the plan over (or another run is followed now).
    RunStarted(String),
    /// The runner could not be started; nothing was changed.
    RunRefused(Failure),
    /// A record of the journal that is followed.
    Run(Box<Record>),
    /// The journal ended: no runner is alive. After a `Finished` record this is the normal end.
    RunEnded,
    /// A tenth of a second passed; only sent while a run is followed.
    Beat {
        /// Milliseconds since the run began.
        elapsed: u64,
    },
    /// Answers of an earlier session.
    Loaded(Draft),
    /// [`super::Effect::SaveAnswers`] ended.
    Saved(Result<(), Failure>),
    /// A file was written on request (report, copy of a page): its path, or why not.
    Written(Result<String, Failure>),
    /// The made up passwords were stored: in this file, or why not.
    PasswordsStored(Result<String, Failure>),
    /// One line for the operator, from outside the wizard.
    Notice(String),
    /// Ctrl-C or SIGINT.
    Interrupted,
    /// The terminal is gone, or SIGHUP, SIGTERM.
    Hangup,
}
