//! What the wizard wants done, as plain data that can be printed, compared and recorded. Nothing is done here.

use std::sync::Arc;

use super::draft::Draft;
use crate::{
    finding::StepId,
    plan::Plan,
    secret::{Secret, Secrets},
    steps::{Answers, Findings},
};

/// Something to do outside the state machine. Each says which message answers it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Look at host name, release, resources, services and open runs: any number of `HostSeen`.
    LookAtHost,
    /// Let a step inspect the host: `Inspected`.
    Inspect(StepId),
    /// Read the answers of an earlier session: `Loaded`, or nothing when there are none.
    LoadAnswers,
    /// Keep answers for the next session (an empty draft removes them): `Saved`.
    SaveAnswers(Draft),
    /// Make the one plan of these steps, with diffs and foreign changes: `Planned` with this ticket.
    MakePlan {
        /// To be copied into the answer.
        ticket: u64,
        /// In the wizard's order.
        steps: Vec<Answered>,
        /// What was typed for them: some of it must be looked into.
        secrets: Secrets,
    },
    /// Make up the passwords and keys that this start needs and does not have: `MadeUp`; or `RunRefused`.
    MakeUp(Box<Effect>),
    /// Hand the plan and its secrets to a runner: `RunStarted` and then `Run`, `Beat`, `RunEnded`; or `RunRefused`.
    StartRun {
        /// The plan as it was reviewed.
        plan: Arc<Plan>,
        /// The secrets that were typed.
        secrets: Secrets,
    },
    /// Look at the runs that were recorded on this host: `RunsSeen`.
    LookAtRuns,
    /// Follow a run that is alive already: as `StartRun`.
    Attach(String),
    /// Plan how to take a run back: `UndoPlanned` with this ticket. What somebody else changed since is its `foreign`.
    PlanUndo {
        /// To be copied into the answer.
        ticket: u64,
        /// The run.
        run: String,
    },
    /// Take a run back by this plan, as a run of its own: as `StartRun`.
    StartUndo {
        /// The run that is taken back.
        run: String,
        /// The plan as it was reviewed.
        plan: Arc<Plan>,
        /// What somebody else changed since may be overwritten.
        overwrite: bool,
    },
    /// Go on with a run that was cut off: as `StartRun`.
    ContinueRun {
        /// The run.
        run: String,
        /// Every good secret of every form, and what was made up anew.
        secrets: Secrets,
    },
    /// Leave a run that was cut off as it is: `Notice`, and `HostSeen` without it.
    LeaveRun(String),
    /// Ask the runner to end after the current change: its records tell.
    StopRun(String),
    /// Keep a guarded change. Whoever carries it out refuses (with `Notice`) unless this login is newer than the change.
    Keep(String),
    /// Take the waiting guarded change back now.
    Revert(String),
    /// Write the report of the findings as they are now: `Written`.
    WriteReport,
    /// Pack what somebody who helps needs to see of this run, or of the newest ones, into one file: `Written`.
    WriteBundle(Option<String>),
    /// Write the text of a page to a private file, for copying: `Written`.
    WriteView {
        /// Short name for the file, letters and dashes.
        name: String,
        /// Plain lines.
        text: String,
    },
    /// Write made up passwords and keys, with their labels, to a file of mode 0600: `PasswordsStored`.
    WritePasswords(Vec<(String, Secret)>),
    /// Draw everything again (Ctrl-L).
    Redraw,
    /// Stop the process as Ctrl-Z does; it comes back with a `Resized`.
    Suspend,
    /// Leave the screen and end with this exit code. What stands before it in the list is done first.
    Quit {
        /// 0 well, 1 a change failed, 3 hung up or interrupted.
        code: u8,
    },
}

/// A step with what it saw and what was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Which one.
    pub step: StepId,
    /// What it saw.
    pub findings: Arc<Findings>,
    /// What was answered.
    pub answers: Answers,
}
