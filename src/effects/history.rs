//! What is told of the runs of the past: of each its report, and whether it was taken back.

use crate::{
    finding::Finding,
    runner::{Report, RunOutcome, RunState, Runs, State},
    wizard::model::PastRun,
};

/// Every run that can be read, the newest first.
pub(super) fn runs(runs: &Runs) -> Vec<PastRun> {
    let mut reports = runs.reports();
    reports.reverse();
    let told: Vec<_> =
        (0..reports.len()).map(|place| undone_by(&reports, place).map(str::to_owned)).collect();
    let both = reports.into_iter().zip(told);
    both.map(|((state, report), undone_by)| PastRun { state, report, undone_by }).collect()
}

/// The later run that took the run at this place back, unless that was taken back itself.
fn undone_by(newest_first: &[(State, Report)], place: usize) -> Option<&str> {
    use RunOutcome::{Done, Unchanged, Warning};
    let run = newest_first.get(place)?.1.run.as_str();
    let later = newest_first.iter().take(place).enumerate();
    let mut back = later.filter(|(by, (_, report))| {
        report.undoes.as_deref() == Some(run)
            && matches!(report.outcome, Some(Done | Warning | Unchanged))
            && undone_by(newest_first, *by).is_none()
    });
    back.next().map(|(_, (_, report))| report.run.as_str())
}

/// What was found before a run.
pub(super) fn before(runs: &Runs, run: &str) -> Vec<Finding> {
    let state = runs.history(run).ok().and_then(|history| RunState::of(&history.records));
    state.map(|state| state.before).unwrap_or_default()
}
