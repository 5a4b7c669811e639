//! The state machine as an operator meets it: keys in, pages and effects out. No terminal, no host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod fields;
mod lines;
mod past;
mod plain;
mod plans;
#[allow(dead_code, unreachable_pub, reason = "shared with other test programs")]
#[path = "../support/pty.rs"]
mod pty;
mod random;
mod support;
mod walks;
