//! Our packet filter, put in place by the real runner with the real nft and both iptables, and real packets between
//! network namespaces: who gets in, who does not, and that nobody is locked out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what was seen is shown")]

mod drawn;
mod host;
mod load;
mod lock_out;
mod managed;
mod matrix;
mod media;
mod native;
mod network;
#[path = "../support/real_host.rs"]
mod real_host;
mod rules;
mod standing;
mod undone;
