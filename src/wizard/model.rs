//! Everything the screens show, in one value. Only [`super::update()`] changes it; front ends read it.

use std::{collections::VecDeque, sync::Arc};

pub use super::past::{Past, PastRun};
use super::{Effect, draft::Draft, failure::Failure, form::FormState, run_view::RunView};
use crate::{
    executor::{Resources, World},
    finding::{Finding, StepId},
    plan::{Foreign, Plan},
    secret::Secret,
    steps::{About, Findings, Step},
};

/// How the wizard was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One step after the other.
    FirstBoot,
    /// The list of steps first, failing ones on top.
    Maintenance,
}

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Screen {
    /// The host at a glance. The root: Back ends here.
    Overview,
    /// The list of steps.
    Steps,
    /// One step, by its place in [`Model::steps`].
    Step(usize),
    /// All that was found by one step, in full.
    Findings(usize),
    /// What would be done.
    Review,
    /// The whole difference of one change, by its place in the plan.
    Difference(usize),
    /// Somebody else's uncommitted changes that the plan would take along.
    Foreign,
    /// What the plan does not fix.
    Unfixed,
    /// What is being done.
    Run,
    /// How it ended.
    Result,
    /// The runs of this host.
    History,
    /// One of them: the selected one of [`Model::past`].
    Past,
    /// A run of an earlier session that was cut off, and where each of its changes stands.
    CutOff,
    /// The made up passwords: the one page that ever shows them.
    Passwords,
    /// All keys.
    Help,
    /// What was printed and what happened.
    Log,
}

/// The smallest screen that pages are made for.
pub const SMALLEST: Size = Size { columns: 60, rows: 16 };

/// Columns and rows; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

impl Size {
    /// Whether pages fit; where they do not nothing is shown, so nothing can be chosen either.
    pub fn fits(self) -> bool {
        self.columns >= SMALLEST.columns && self.rows >= SMALLEST.rows
    }
}

/// What is known of the host, filled bit by bit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostCard {
    /// Name of the host.
    pub hostname: String,
    /// `sip:provider CE`; `None` when unknown.
    pub edition: Option<String>,
    /// `mr13.5.1`; `None` when unknown.
    pub release: Option<String>,
    /// `Debian 12`.
    pub system: String,
    /// Memory, processors, disks; `None` until seen.
    pub resources: Option<Resources>,
    /// Why there are no resources, when there never will be.
    pub no_resources: Option<String>,
    /// Services and whether they run; `None` until asked.
    pub services: Option<Vec<Service>>,
    /// More to be told, in order: `("Last backup", "never")`.
    pub facts: Vec<(String, String)>,
    /// Words of caution: "This release was not tested."
    pub remarks: Vec<String>,
    /// Why nothing can be applied here ("Applying needs root."); `None` when it can.
    pub obstacle: Option<String>,
    /// A run that is alive already or was interrupted.
    pub open_run: Option<OpenRun>,
}

/// A service of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `kamailio-proxy`.
    pub name: String,
    /// `None` when it cannot be known.
    pub running: Option<bool>,
}

/// A run found at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// Its name.
    pub run: String,
    /// Who started it, when, what it does: one line.
    pub about: String,
    /// It can be followed; otherwise it was cut off.
    pub alive: bool,
    /// When it was cut off: each change and where it stands now.
    pub changes: Vec<(String, String)>,
}

/// One step with what it saw and what was answered.
#[derive(Clone)]
pub struct StepState {
    /// The step.
    pub step: &'static dyn Step,
    /// How far its inspection is.
    pub phase: StepPhase,
    /// Questions and answers; empty until the findings are there.
    pub form: FormState,
    /// Belongs to the plan.
    pub ticked: bool,
}

/// How far the inspection of a step is.
#[derive(Debug, Clone, PartialEq)]
pub enum StepPhase {
    /// Under way.
    Looking,
    /// Done.
    Ready(Arc<Findings>),
    /// The step could not look at all.
    Failed(Failure),
}

impl StepState {
    /// Name, words, handbook section.
    pub fn about(&self) -> &'static About {
        self.step.about()
    }

    /// What was found; nothing while looking.
    pub fn findings(&self) -> &[Finding] {
        match &self.phase {
            StepPhase::Ready(findings) => &findings.items,
            StepPhase::Looking | StepPhase::Failed(_) => &[],
        }
    }
}

impl std::fmt::Debug for StepState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepState")
            .field("step", &self.about().id)
            .field("phase", &self.phase)
            .field("form", &self.form)
            .field("ticked", &self.ticked)
            .finish()
    }
}

/// The plan under review.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    /// Where the plan is.
    pub phase: ReviewPhase,
    /// Ticket of the newest request; answers to older ones are ignored.
    pub ticket: u64,
    /// The selected entry of [`super::page::review::entries`].
    pub cursor: usize,
    /// Steps whose changes are shown.
    pub unfolded: Vec<StepId>,
    /// Uncommitted changes of somebody else may be applied along.
    pub foreign_accepted: bool,
    /// Those that were accepted; others ask again.
    pub seen_foreign: Option<Foreign>,
    /// The run that the plan takes back.
    pub undoes: Option<String>,
    /// What was found before that run.
    pub before: Vec<Finding>,
    /// The steps that the plan was made of, also those that need no change.
    pub steps: Vec<StepId>,
    /// The plan was handed to a runner that has not answered yet.
    pub starting: bool,
}

impl Review {
    /// The plan no longer says what was answered.
    pub(super) fn void(&mut self) {
        self.phase = ReviewPhase::Absent;
        self.undoes = None;
    }
}

/// Where the plan is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ReviewPhase {
    /// Nobody asked for one, or answers changed since.
    #[default]
    Absent,
    /// Being made.
    Making,
    /// There.
    Ready(Arc<Plan>),
    /// It could not be made.
    Failed(Failure),
}

/// A question above the page. Its outcomes are named; never Yes and No.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// What is asked.
    pub question: Question,
    /// Asking, working, or failed.
    pub phase: DialogPhase,
    /// 0: do it. 1: change nothing.
    pub focus: usize,
    /// First line shown of its words, where they do not fit.
    pub top: usize,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Leave, with this exit code, though answers were not applied or a run goes on.
    Leave {
        /// Exit code.
        code: u8,
    },
    /// Apply the plan.
    Apply,
    /// Take somebody else's uncommitted changes along.
    Foreign,
    /// Start: what was made up was noted.
    Noted,
    /// Stop the run after the current change.
    Stop,
    /// Go on with the run that was cut off.
    ContinueRun,
    /// Leave the run that was cut off as it is.
    LeaveRun,
    /// Discard all answers.
    Discard,
}

/// Life of a dialog.
#[derive(Debug, Clone, PartialEq)]
pub enum DialogPhase {
    /// Waits for the operator.
    Asking,
    /// The outcome is being carried out.
    Working,
    /// That failed; nothing was changed.
    Failed(Failure),
}

/// A line of the session's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Something went wrong.
    pub bad: bool,
    /// The line, control characters removed.
    pub text: String,
}

/// Passwords and keys that were made up for a run, which starts when they were noted.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeUp {
    /// The start.
    pub start: Effect,
    /// Whose it is, and the password or private key.
    pub shown: Vec<(String, Secret)>,
    /// Others were shown before and never set.
    pub again: bool,
    /// The file that holds them since the operator asked for it.
    pub stored: Option<String>,
}

/// Everything the screens show.
#[derive(Debug, Clone)]
pub struct Model {
    /// How the wizard was entered.
    pub mode: Mode,
    /// What kind of host this is; [`World::Demo`] is marked on every page.
    pub world: World,
    /// Size of the screen.
    pub size: Size,
    /// The host; `None` until the first `HostSeen`.
    pub host: Option<HostCard>,
    /// All steps in the wizard's order.
    pub steps: Vec<StepState>,
    /// The page that is shown.
    pub screen: Screen,
    /// The pages Back goes through, the nearest last. Never holds a page twice.
    pub trail: Vec<Screen>,
    /// A question above the page.
    pub dialog: Option<Dialog>,
    /// The selected one of `steps` on the steps page.
    pub selected_step: usize,
    /// First line shown of the page, before it is kept within bounds by [`super::page::window`].
    pub top: usize,
    /// The plan under review.
    pub review: Review,
    /// The run that is or was followed.
    pub run: Option<RunView>,
    /// The runs of this host.
    pub past: Past,
    /// The steps whose answers that run carries out.
    pub applied: Vec<StepId>,
    /// What waits to be noted.
    pub made_up: Option<MadeUp>,
    /// Some were made up, shown, and dropped again.
    pub dropped: bool,
    /// One line for the operator, until the next key.
    pub notice: Option<String>,
    /// What happened in this session, oldest first, bounded by [`LOG_LIMIT`].
    pub log: VecDeque<LogLine>,
    /// Answers of an earlier session, for steps whose findings are not there yet.
    pub draft: Draft,
    /// What is kept of the answers outside, as far as is known.
    pub kept: Draft,
    /// Set when the wizard is over.
    pub exit: Option<u8>,
}

/// Lines kept in the session's log and in the live output of a run.
pub const LOG_LIMIT: usize = 2000;

impl Model {
    /// A wizard over these steps, at its first page, knowing nothing yet.
    pub fn new(steps: &[&'static dyn Step], mode: Mode, world: World) -> Self {
        let steps = steps
            .iter()
            .map(|step| StepState {
                step: *step,
                phase: StepPhase::Looking,
                form: FormState::default(),
                ticked: false,
            })
            .collect();
        Model {
            mode,
            world,
            size: Size { columns: 80, rows: 24 },
            host: None,
            steps,
            screen: Screen::Overview,
            trail: Vec::new(),
            dialog: None,
            selected_step: 0,
            top: 0,
            review: Review::default(),
            run: None,
            past: Past::default(),
            applied: Vec::new(),
            made_up: None,
            dropped: false,
            notice: None,
            log: VecDeque::new(),
            draft: Draft::default(),
            kept: Draft::default(),
            exit: None,
        }
    }

    /// The step on the screen.
    pub fn current_step(&self) -> Option<&StepState> {
        match self.screen {
            Screen::Step(index) => self.steps.get(index),
            _ => None,
        }
    }

    /// Whether letters go into a field now.
    pub fn typing(&self) -> bool {
        self.dialog.is_none() && self.current_step().is_some_and(|step| step.form.typing())
    }

    /// Every finding that is known, in the wizard's order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.steps.iter().flat_map(StepState::findings)
    }

    /// The run of an earlier session that was cut off.
    pub fn cut_off(&self) -> Option<&OpenRun> {
        let open = self.host.as_ref()?.open_run.as_ref()?;
        Some(open).filter(|open| !open.alive && !self.running())
    }

    /// Whether a run goes on.
    pub fn running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.ended)
    }

    /// Whether answers would be lost (but for the draft) by leaving now.
    pub fn unapplied(&self) -> bool {
        self.steps.iter().any(|step| step.ticked || step.form.edited())
    }
}
