//! A Debian host, read through the executor: fstab and mounts, accounts, packages, services.
//! Knows nothing of sip:provider CE.

pub mod accounts;
pub mod fstab;
pub mod mounts;
pub mod packages;
pub mod shadow;
