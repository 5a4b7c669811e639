//! What a run did to each of its targets, a file or the rows that a program captures, over all its changes. Whatever
//! state the run left a target in is its own; only what is none of them was made by somebody else.

use std::{collections::BTreeMap, path::Path};

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

    /// Whether it is known that the run left it so.
    pub(super) fn is_known(&self, now: &Was) -> bool {
        self.states.contains(&Some(now.left()))
    }

    /// A program that was cut off may have left anything.
    pub(super) fn is_ours(&self, now: &Was) -> bool {
        self.is_known(now) || self.states.first() == Some(&None)
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
                path: &file.path,
                secret,
                accounts: false,
                stands: false,
            });
            trace.secret |= secret;
            trace.accounts |= change.has_accounts_in(&file.path);
            trace.stands |= traced.stands();
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
