//! The whole program in a virtual machine: a real systemd with its logins and services, a real serial console, and a
//! power supply that fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "times and counts are shown")]

mod firewall;
mod host;
mod line;
mod logins;
mod machine;
mod power;
