//! Certificates and keys made by the host's `openssl`: what this program reads in them beside what `openssl` says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod corpus;
mod judged;
mod made;
mod mutated;
mod reading;
mod starting;
