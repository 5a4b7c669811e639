//! The state machine as an operator meets it: keys in, pages and effects out. No terminal, no host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod fields;
mod plain;
mod plans;
mod random;
mod support;
mod walks;
