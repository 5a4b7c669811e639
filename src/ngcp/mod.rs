//! A sip:provider CE: its release, its configuration, its programs, its database.
//! Facts come from the handbook chapter 15 and from what the host's own tools say.

pub mod certificates;
pub mod config;
pub mod database;
pub mod firewall;
pub mod kamailio;
pub mod logs;
pub mod ngcpcfg;
pub mod options;
pub mod reachable;
pub mod release;
pub mod rtpengine;
pub mod services;
