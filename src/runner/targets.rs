//! What a run did to each of its targets, a file or the rows that a program captures, over all its changes. Whatever
//! state the run left a target in is its own; only what is none of them was made by somebody else.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;

use super::{LeftBehind, Was, assess::Traced, captured};
use crate::plan::{Action, Left, Undo};

/// What a run did to one file, over all its changes: one that was taken back when a later one could not be still
/// knows what was there before the run.
pub(super) struct FileTarget<'a> {
    /// The first change of it, which knows what was there before the run, and the number of its copy.
    pub first: usize,
    pub copy: usize,
    pub was: &'a Was,
    /// Everything the run may have left there, the last state first; `None` for a program that was cut off.
    pub states: Vec<Option<Left>>,
    /// What the last change left there.
    pub left: LeftBehind,
    /// When the program of the last change had ended at the latest.
    pub over: Option<Timestamp>,
    pub path: &'a Path,
    pub secret: bool,
    /// Its lines are those of accounts.
    pub accounts: bool,
    /// Whether any of the changes stands.
    pub stands: bool,
}

impl FileTarget<'_> {
    /// What the part of it that goes back is called.
    pub(super) fn part(&self) -> String {
        format!("part{}", self.copy)
    }

    /// A program that was cut off may have left anything, but not after its time was over.
    pub(super) fn is_ours(&self, now: &Was) -> bool {
        let later = match now {
            Was::File { modified, .. } => self.over.is_some_and(|over| *modified > over),
            Was::Absent => false,
        };
        self.states.contains(&Some(now.left())) || (self.states.first() == Some(&None) && !later)
    }
}

/// Every file that a run changed.
pub(super) fn files(traced: &[Traced]) -> BTreeMap<&Path, FileTarget<'_>> {
    let mut files: BTreeMap<&Path, FileTarget<'_>> = BTreeMap::new();
    let changed = |traced: &&Traced| traced.changed() && traced.change.undo == Undo::Files;
    for (n, traced) in traced.iter().enumerate().filter(|(_, traced)| changed(traced)) {
        for (copy, file) in traced.saved.iter().flat_map(|saved| &saved.files).enumerate() {
            let change = &traced.change;
            // An undo showed nothing of it either.
            let hidden = matches!(change.action, Action::Restore { .. }) && change.diff.is_empty();
            let secret =
                hidden || change.touches.iter().any(|touched| touched.path == file.path && touched.secret);
            let trace = files.entry(&file.path).or_insert_with(|| FileTarget {
                first: n,
                copy,
                was: &file.was,
                states: Vec::new(),
                left: LeftBehind::default(),
                over: None,
                path: &file.path,
                secret,
                accounts: false,
                stands: false,
            });
            trace.secret |= secret;
            trace.accounts |= change.has_accounts_in(&file.path);
            trace.stands |= traced.stands();
            trace.over = traced.over;
            trace.states.insert(0, Some(file.was.left()));
            trace.states.insert(0, traced.left_at(file));
            trace.left = traced.left.clone().filter(|_| !traced.told.is_undone()).unwrap_or_default();
            if traced.told.is_undone() {
                trace.left.note(&file.path, trace.was, &file.was, true);
            }
        }
    }
    files
}

/// What a run did to the rows that one capture shows.
pub(super) struct RowsTarget<'a> {
    /// The first change of them, which knows what was there before the run.
    pub first: usize,
    pub was: Left,
    /// Everything the run may have left there, the last state first; `None` where nobody could look.
    pub states: Vec<Option<Left>>,
    /// How they are captured and restored.
    pub undo: &'a Undo,
    /// Whether any of the changes stands.
    pub stands: bool,
}

impl RowsTarget<'_> {
    /// A program that was cut off may have left anything.
    pub(super) fn is_ours(&self, now: &Left) -> bool {
        self.states.iter().flatten().any(|state| state == now) || self.states.first() == Some(&None)
    }
}

/// All rows that a run changed.
pub(super) fn rows(traced: &[Traced]) -> Vec<RowsTarget<'_>> {
    let mut all: Vec<RowsTarget<'_>> = Vec::new();
    for (n, traced) in traced.iter().enumerate().filter(|(_, traced)| traced.changed()) {
        let undo = &traced.change.undo;
        let Some(was) = traced.saved.as_ref().and_then(|saved| saved.captured.as_ref()) else { continue };
        let was = Left::File(captured::sum(was));
        let left = match traced.told.is_undone() {
            true => Some(was.clone()),
            false => traced.left.as_ref().and_then(|left| left.captured.clone()).map(Left::File),
        };
        let at = all.iter().position(|rows| rows.undo == undo).unwrap_or(all.len());
        if at == all.len() {
            all.push(RowsTarget { first: n, was: was.clone(), states: Vec::new(), undo, stands: false });
        }
        if let Some(rows) = all.get_mut(at) {
            rows.states.insert(0, Some(was));
            rows.states.insert(0, left);
            rows.stands |= traced.stands();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    /// What a program that was cut off left is not known: after its time it was somebody else.
    #[test]
    fn what_was_written_after_a_cut_off_program_was_over_is_somebody_elses() {
        let file = |content: &str, at| Was::File {
            content: Secret::new(content),
            mode: 0o644,
            uid: 0,
            gid: 0,
            modified: Timestamp::from_second(at).unwrap(),
        };
        let was = file("old", 0);
        let target = FileTarget {
            first: 0,
            copy: 0,
            was: &was,
            states: vec![None, Some(was.left())],
            left: LeftBehind::default(),
            over: Some(Timestamp::from_second(100).unwrap()),
            path: Path::new("/etc/ngcp-config/config.yml"),
            secret: false,
            accounts: false,
            stands: true,
        };
        assert!(target.is_ours(&file("new", 99)));
        assert!(!target.is_ours(&file("new", 101)));
        assert!(target.is_ours(&file("old", 101)), "nothing of it is lost");
    }
}
