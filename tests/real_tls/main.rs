//! Certificates on a real Debian 12 with a real nginx and a real kamailio in network, mount and PID namespaces of its
//! own: what is on the wire before, what is there afterwards, and what never gets there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what happened inside is shown outside")]

#[path = "../support/debian.rs"]
mod debian;
mod host;
#[path = "../support/real_host.rs"]
mod real_host;
mod renewals;
mod step;
mod trials;
mod ways;
