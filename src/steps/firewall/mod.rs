//! Firewall (handbook 15.2): who reaches what, rules that say so, the rule of rtpengine.

mod bans;
mod facts;
mod names;
mod questions;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
mod wanted;
mod words;
