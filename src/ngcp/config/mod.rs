//! config.yml and the files that override it: read as text, changed one value at a time.
//! What the options mean is not known here.

mod eased;
pub mod edit;
mod read;
mod scalar;
mod tree;

pub use read::{Config, DIRECTORY, Item, Place, Value, ngcp_type};
pub use tree::Style;
