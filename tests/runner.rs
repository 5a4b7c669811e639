//! A run survives anything and can be taken back: on real trees, with real processes that are really killed.
//! Needs root, `chroot` and Debian's `busybox-static`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "runner/faults.rs"]
mod faults;
#[path = "runner/kill_matrix.rs"]
mod kill_matrix;
#[path = "runner/property.rs"]
mod property;
#[path = "runner/together.rs"]
mod together;
#[path = "runner/tree.rs"]
mod tree;
