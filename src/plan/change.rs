//! One change of the host: what it does, how it is seen done, how it is taken back.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Claim, CommandLine, Proof, Template};
use crate::{executor::Attributes, finding::StepId};

/// One change. Each has its own line in the review, in the run and in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Unique in the plan: `passwords.root`.
    pub id: String,
    /// Whose.
    pub step: StepId,
    /// When it is made.
    pub phase: Phase,
    /// For people, in the infinitive: "set the password of root".
    pub title: String,
    /// What is done.
    pub action: Action,
    /// Files a command is known to rewrite: saved before it runs, their difference told after it.
    pub touches: Vec<Touched>,
    /// All must be seen afterwards, else the change failed whatever it returned.
    pub proofs: Vec<Proof>,
    /// How it is taken back.
    pub undo: Undo,
    /// For one that restores what [`Undo::Captured`] captured: what must be captured before it; anything when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Left>,
    /// What callers or operators notice while it happens; `None` when nobody does.
    pub interrupts: Option<String>,
    /// Who gets in once it is made and could not before; `None` when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Set on the last change that could cut the operator off: what goes back on silence says [`super::Plan::covered`].
    pub guard: Option<Guard>,
    /// Its guard, where the operator chose to go without: taking it back may ask all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Guard>,
    /// What the operator must do elsewhere as long as it stands.
    #[serde(default)]
    pub reminder: Option<String>,
    /// What must be so right before it is made: else it fails and nothing is changed. For what a plan was made from and
    /// somebody else may change between the review and the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Claim>,
    /// For the review: a unified diff of a file edit, filled in when the plan is assembled.
    pub diff: String,
}

impl Change {
    /// A change nobody notices, without proofs, made at once; `name` is unique in the step.
    pub fn new(step: &StepId, name: &str, title: impl Into<String>, action: Action, undo: Undo) -> Self {
        Change {
            id: format!("{step}.{name}"),
            step: step.clone(),
            phase: Phase::Before,
            title: title.into(),
            action,
            touches: Vec::new(),
            proofs: Vec::new(),
            undo,
            found: None,
            interrupts: None,
            opens: None,
            guard: None,
            waived: None,
            reminder: None,
            only_if: None,
            diff: String::new(),
        }
    }

    /// Names of the secrets its action needs.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let templates: Vec<&Template> = match &self.action {
            Action::Edit { edits, .. } => edits
                .iter()
                .filter_map(|edit| match edit {
                    Edit::Yaml { to, .. } => Some(to),
                    Edit::Line { to, .. } => to.as_ref(),
                    Edit::List { .. } => None,
                })
                .collect(),
            Action::Write { content, .. } => vec![content],
            Action::Restore { to, .. } => to.iter().map(|(content, _)| content).collect(),
            Action::Run(command) => command.stdin.iter().chain(&command.credentials).collect(),
            Action::Remove { .. } | Action::Apply { .. } => Vec::new(),
        };
        templates.into_iter().flat_map(Template::names)
    }

    /// Whether it puts this file back as a whole from what is there. Where only a part goes back, others were there, too.
    pub fn puts_back(&self, file: &Path, there: &Left) -> bool {
        let Action::Restore { path, left, to } = &self.action else { return false };
        let whole = !matches!(to, Some((_, Attributes::Keep)));
        whole && path == file && (left == there || *left == Left::Anything)
    }

    /// The same change, made in this phase.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// The same change, which lets somebody in.
    #[must_use]
    pub fn opening(mut self, who: impl Into<String>) -> Self {
        self.opens = Some(who.into());
        self
    }

    /// Whether it is the apply.
    pub fn is_apply(&self) -> bool {
        matches!(self.action, Action::Apply { .. })
    }

    /// Whether it is guarded, and the other goes back with it on silence.
    pub fn guards(&self, other: &Change) -> bool {
        self.guard.as_ref().is_some_and(|guard| self.step == other.step || guard.steps.contains(&other.step))
    }

    /// The file that it changes itself, and those that its command rewrites.
    pub fn paths(&self) -> Vec<&Path> {
        self.action
            .file()
            .into_iter()
            .chain(self.touches.iter().map(|touched| touched.path.as_path()))
            .collect()
    }

    /// The claims among its proofs that what is noted before it decides.
    pub fn noted(&self) -> impl Iterator<Item = &Claim> {
        self.proofs.iter().filter_map(|proof| match proof {
            Proof::Claim(claim) if claim.is_noted() => Some(claim),
            _ => None,
        })
    }

    /// Whether the lines of a file that its command rewrites are those of accounts.
    pub fn has_accounts_in(&self, path: &Path) -> bool {
        self.touches.iter().any(|touched| touched.path == path && touched.accounts)
    }

    /// The same change, seen done by these proofs.
    #[must_use]
    pub fn proven(mut self, proofs: impl IntoIterator<Item = Proof>) -> Self {
        self.proofs.extend(proofs);
        self
    }
}

/// When a change is made. A plan is sorted by it, then by the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It needs no apply: in force as soon as it is made.
    Before,
    /// It alters the configuration of the platform, which the apply brings into force.
    Configure,
    /// The one apply.
    Apply,
    /// It needs what the apply made: the reload of a service that reads it.
    After,
}

/// What a change does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Edits an existing text file; refused when what it expects is no longer there.
    Edit {
        /// The file.
        path: PathBuf,
        /// In order.
        edits: Vec<Edit>,
        /// A program of the host that must accept the new content before it is put in place: `{candidate}` in
        /// its arguments becomes the path of a private copy. It is run on a copy of the old content too: a
        /// candidate it rejects is taken all the same when the old content is rejected in the same words
        /// (path apart), for then the edit made nothing worse (`findmnt --verify` fails on any unplugged disk).
        check: Option<CommandLine>,
    },
    /// Writes a whole file, new or not.
    Write {
        /// The file.
        path: PathBuf,
        /// Its content.
        content: Template,
        /// Owner and mode.
        attributes: Attributes,
    },
    /// Removes a file.
    Remove {
        /// The file.
        path: PathBuf,
    },
    /// Puts a file back as an earlier run found it; refused when somebody else changed it since.
    Restore {
        /// The file.
        path: PathBuf,
        /// What the earlier run left there.
        left: Left,
        /// Its bytes (a secret's name: they may hold passwords), owner, mode and time; `None` when it was not there.
        to: Option<(Template, Attributes)>,
    },
    /// Runs a program.
    Run(CommandLine),
    /// `ngcpcfg apply` with this message, once, for all steps.
    Apply {
        /// What changed.
        message: String,
    },
}

impl Action {
    /// The file that it changes itself.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Action::Edit { path, .. }
            | Action::Write { path, .. }
            | Action::Remove { path }
            | Action::Restore { path, .. } => Some(path),
            Action::Run(_) | Action::Apply { .. } => None,
        }
    }
}

/// What must be at a path before it is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// Nothing.
    Absent,
    /// A file with this SHA-256, in hexadecimal.
    File(String),
    /// Whatever: the operator saw it and wants it overwritten.
    Anything,
}

/// One edit of a text file. Every byte outside it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Sets one value in a YAML file.
    Yaml {
        /// Keys from the root; a number picks an item of a list.
        key: Vec<String>,
        /// The value now, as text; `None` when the key is not there.
        from: Option<String>,
        /// The new value.
        to: Template,
    },
    /// Makes a list of texts in a YAML file another one; what stays at its head keeps its bytes.
    List {
        /// Keys from the root.
        key: Vec<String>,
        /// Its items now.
        from: Vec<String>,
        /// Its items afterwards.
        to: Vec<String>,
    },
    /// Replaces the one line that reads exactly so, without its line end (`\n` or `\r\n`), which stays; refused when
    /// no line or more than one reads so. Removes every line that reads so.
    Line {
        /// The line now; `None` appends.
        from: Option<String>,
        /// The new line; `None` removes it.
        to: Option<Template>,
    },
}

impl Edit {
    /// Replaces a line by another.
    pub fn line(from: impl Into<String>, to: impl Into<String>) -> Self {
        Edit::Line { from: Some(from.into()), to: Some(Template::text(to)) }
    }
}

/// A file that a command rewrites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The file.
    pub path: PathBuf,
    /// Its content may not be shown (password hashes).
    pub secret: bool,
    /// Each of its lines is that of an account, named in front, and goes back for itself.
    #[serde(default)]
    pub accounts: bool,
}

impl Touched {
    /// A file that may be shown.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Touched { path: path.into(), secret: false, accounts: false }
    }

    /// One that may not.
    pub fn secret(path: impl Into<PathBuf>) -> Self {
        Touched { secret: true, ..Touched::new(path) }
    }

    /// One with the lines of accounts.
    pub fn accounts(path: impl Into<PathBuf>) -> Self {
        Touched { accounts: true, ..Touched::secret(path) }
    }
}

/// How a change is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// The files it changed (and `touches`) are put back byte for byte, with owner, mode and time.
    Files,
    /// This command is run.
    Run(CommandLine),
    /// `capture` runs before the change; what it printed, kept owner-only, is the input of `restore`.
    Captured {
        /// Read-only; prints the input of `restore`.
        capture: CommandLine,
        /// Takes the change back.
        restore: CommandLine,
    },
    /// The same action once more, after everything else was taken back (`ngcpcfg apply`).
    Again,
    /// There is nothing to take back (a check, a reload).
    Nothing,
    /// It cannot be taken back; said in the review.
    Impossible(String),
}

/// Marks the last change that could cut the operator off: what it covers is restored on silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Seconds until it is taken back unless confirmed from a new connection.
    pub seconds: u64,
    /// What could be cut: "SSH logins".
    pub what: String,
    /// Steps whose changes it covers besides those of its own: for one that stands on the apply.
    #[serde(default)]
    pub steps: Vec<StepId>,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done, and seen done.
    Done,
    /// It was so already.
    Unchanged,
    /// Done, but something is to be looked at.
    Warning,
    /// Not done, or not seen done.
    Failed,
    /// Not tried.
    Skipped,
}
