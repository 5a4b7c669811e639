//! Tuning (handbook 15.7, Table 10): every option sized for this host.
#![allow(dead_code)] // until it is in the registry

mod amount;
mod budget;
mod facts;
mod names;
mod plan;
mod sizing;
