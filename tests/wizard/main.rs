//! The state machine as an operator meets it: keys in, pages and effects out. No terminal, no host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod endings;
mod existing;
mod fields;
mod history;
mod line_mode;
mod lines;
mod narrow;
mod past;
mod plans;
mod random;
mod rows;
#[path = "../support/mod.rs"]
mod samples;
mod support;
mod tree;
mod values;
mod walks;
