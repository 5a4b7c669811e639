//! What happens during a run, as records of the journal; screens and reports are folds over them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::{
    executor::Stream,
    finding::Finding,
    plan::{Outcome, Plan},
};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Counts from 1 without gaps. A progress has the number of the record before it: it is none of them.
    pub number: u64,
    /// Wall clock when it was written; order is by `number`, the clock may jump.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The run begins. First record.
    Started {
        /// Name of the run: `20261122-1`.
        run: String,
        /// What will be done; holds no secret.
        plan: Box<Plan>,
        /// Who: user name and where from.
        operator: String,
        /// What was found before.
        findings: Vec<Finding>,
        /// The run that this one takes back.
        undoes: Option<String>,
        /// Host name and release: "spce · mr13.5.1".
        host: String,
    },
    /// A run that was cut off goes on.
    Resumed {
        /// Who: user name and where from.
        operator: String,
    },
    /// A change is about to begin. What is needed to take it back is saved already.
    Before {
        /// Its id in the plan.
        change: String,
    },
    /// A program printed something; bounded, control characters removed.
    Output {
        /// The change.
        change: String,
        /// Where it was printed.
        stream: Stream,
        /// One line.
        line: String,
    },
    /// A long job told how far it is. Not durable: the newest takes the place of the one before it, and none is left
    /// when the run has ended.
    Progress {
        /// The change.
        change: String,
        /// How far.
        progress: Progress,
    },
    /// A change ended.
    After {
        /// The change.
        change: String,
        /// How.
        outcome: Outcome,
        /// What was seen ("seen in mountinfo") or what went wrong and what to do.
        message: String,
        /// What a command really changed in the files it touches, as a diff; empty when nothing or not to be shown.
        diff: String,
        /// Milliseconds it took.
        took: u64,
        /// Why it was not kept, when it was guarded: it failed for that, and is taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_kept: Option<NotKept>,
    },
    /// The change is active and will be taken back unless confirmed.
    Waiting {
        /// The change.
        change: String,
        /// Seconds left when this was written.
        seconds: u64,
    },
    /// The operator kept a guarded change.
    Kept {
        /// The change.
        change: String,
    },
    /// A change was taken back: after a failure in its step, on silence, or on request.
    Undone {
        /// The change.
        change: String,
        /// How that ended.
        outcome: Outcome,
        /// What was put back, or why it could not be.
        message: String,
    },
    /// Somebody asked to stop; the run ends after the current change.
    Stopping,
    /// The run ended. Last record.
    Finished {
        /// How.
        outcome: RunOutcome,
        /// What was found afterwards.
        findings: Vec<Finding>,
        /// Path of the report on the host, when one was written.
        report: Option<String>,
    },
}

/// Why a guarded change is not kept. Nothing of it failed: the operator decided, nobody did in time, or somebody else changed
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotKept {
    /// Nobody confirmed it in time.
    Unconfirmed,
    /// Somebody asked for it to be taken back.
    Reverted,
    /// It was confirmed, and somebody had changed it meanwhile: what was confirmed was no longer in force.
    Overtaken,
}

impl NotKept {
    /// For people, as the end of the change.
    pub fn words(self) -> &'static str {
        match self {
            NotKept::Unconfirmed => "nobody confirmed it in time; it is taken back",
            NotKept::Reverted => "it was taken back on request",
            NotKept::Overtaken => {
                "what was confirmed was no longer in force: somebody changed it meanwhile; it is taken back"
            }
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// All changes done and seen.
    Done,
    /// Nothing needed changing.
    Unchanged,
    /// Done, something is to be looked at.
    Warning,
    /// A change failed; its step was taken back, completed steps stay.
    Failed,
    /// Stopped on request after a change; the rest was not tried.
    Stopped,
}
