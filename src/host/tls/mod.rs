//! TLS as the daemons of a host serve it: what comes over the wire on a port, which files a service can read, and
//! whether a daemon would take a certificate. Judging certificates is the work of `certificates`; places of
//! sip:provider CE are not known here.

mod reached;
mod readable;
mod served;
#[cfg(test)]
mod tests;
mod trial;

pub use readable::{Readable, readable};
pub use served::{Question, Served, fingerprints, is_name, served};
pub use trial::{Daemon, Trial, Tried};
