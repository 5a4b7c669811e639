//! The passwords step on a real Debian 12 with its real chpasswd and its real MariaDB: every change is looked at from
//! outside, by logging in or with an independent bcrypt.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "support/debian.rs"]
mod debian;
#[path = "real_passwords/mod.rs"]
mod real_passwords;
