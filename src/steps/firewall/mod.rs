//! Firewall (handbook 15.2): who reaches what, rules that say so, the rule of rtpengine.

mod facts;
mod names;
