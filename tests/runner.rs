//! A run survives anything and can be taken back: on real trees, with real processes that are really killed.
//! Needs root, `chroot` and Debian's `busybox-static`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

#[path = "runner/assess.rs"]
mod assess;
#[path = "runner/continued.rs"]
mod continued;
#[path = "runner/faults.rs"]
mod faults;
#[path = "runner/guarded.rs"]
mod guarded;
#[path = "runner/job.rs"]
mod job;
#[path = "runner/kill_matrix.rs"]
mod kill_matrix;
#[path = "support/neighbour.rs"]
mod neighbour;
#[path = "runner/orphan.rs"]
mod orphan;
#[path = "runner/property.rs"]
mod property;
#[path = "runner/terminal.rs"]
mod terminal;
#[path = "runner/together.rs"]
mod together;
#[path = "runner/tree.rs"]
mod tree;
#[path = "runner/undone.rs"]
mod undone;
