//! The kamailio instances that run: their processes, the memory they were given and what of it is free. Read from
//! `/proc` and from `kamcmd` where it answers; nothing is changed here, and nobody is judged.

mod control;
mod instance;
mod parameters;
mod running;
#[cfg(test)]
mod tests;

pub use instance::{Instance, Told};
pub use parameters::Parameter;
pub use running::running;
