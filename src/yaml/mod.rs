//! YAML as text: where each value stands, and edits that change one value and no other byte.
//! What the keys mean is not known here; no file is read or written.

pub mod edit;
pub mod list;
mod scalar;
mod tree;

pub use tree::Style;
pub(crate) use tree::{Kind, Node, parse};
