//! The executor on real files and real programs of this machine. Needs root, Debian's acl, e2fsprogs, strace and
//! the MariaDB client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod interrupted;
mod pipes;
mod programs;
mod support;
mod twins;
