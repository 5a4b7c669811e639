//! What is told of the runs of the past: of each its report, and whether it was taken back.

use crate::{
    finding::Finding,
    runner::{Report, RunState, Runs, taken_back_by},
    wizard::model::PastRun,
};

/// Every run that can be read, the newest first.
pub(super) fn runs(runs: &Runs) -> Vec<PastRun> {
    let reports = runs.reports();
    let undone_by = |report: &Report| taken_back_by(&reports, &report.run).map(str::to_owned);
    let told: Vec<_> = reports.iter().map(|(_, report)| undone_by(report)).collect();
    let newest_first = reports.into_iter().zip(told).rev();
    newest_first.map(|((state, report), undone_by)| PastRun { state, report, undone_by }).collect()
}

/// What was found before a run.
pub(super) fn before(runs: &Runs, run: &str) -> Vec<Finding> {
    let state = runs.history(run).ok().and_then(|history| RunState::of(&history.records));
    state.map(|state| state.before).unwrap_or_default()
}
