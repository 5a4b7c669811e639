//! Certificates and keys made by the host's `openssl`: what this program reads in them beside what `openssl` says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod made;
mod reading;
