//! The tuning step on a real Debian 12 with a real MariaDB and two real kamailio that get their values from config.yml by
//! an apply: what they take and how many they are is looked at from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what happened inside is shown outside")]

mod apply;
mod budget;
#[path = "../support/debian.rs"]
mod debian;
mod host;
mod look;
mod product;
mod refusals;
mod traffic;
