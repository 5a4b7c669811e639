//! Somebody else who decides about the same things: option files of the database that come later, options of a unit,
//! tuned, sysctl.

use super::super::facts::{Facts, Owner};
use crate::executor::Executor;

/// All of them.
pub(super) fn look(_host: &dyn Executor, _facts: &Facts) -> Vec<Owner> {
    Vec::new()
}
