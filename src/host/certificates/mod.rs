//! Certificates and private keys: read as the daemons' OpenSSL reads them, and judged by our own eyes and by the host's
//! `openssl`. Where they are configured, and what is served on a port, is for others to know.

mod certificate;
mod chain;
mod fault;
mod file;
mod judge;
mod key;
mod lineage;
mod material;
mod names;
mod openssl;
mod pem;
mod request;
#[cfg(test)]
mod tests;
mod verify;

pub use certificate::{Certificate, Name};
pub use chain::{Chain, chain};
pub use fault::{Fault, FaultKind};
pub use file::{read_certificates, read_key};
pub use judge::{judge, key_fault};
pub use key::{Key, PublicHalf};
pub use lineage::{CERTBOT_HOOKS, Lineage, Tool, lineages, reload_line};
pub use material::{Material, Source, gather, private_key};
pub use request::{Request, config, name};

/// No file of certificates is larger, in bytes.
pub const FILE_LIMIT: usize = 1024 * 1024;
/// No file or folder holds more certificates or keys that are looked at.
pub const COUNT_LIMIT: usize = 50;
/// No certificate is larger, in bytes of its DER.
pub const CERTIFICATE_LIMIT: usize = 64 * 1024;
/// At most so many names stand in a request.
pub const REQUESTED_LIMIT: usize = 50;
