//! `regex-lite` under the name of `regex`. The one crate that asks for `regex` is zxcvbn, for three plain patterns;
//! the full engine and its Unicode tables would be a tenth of the binary.

#![forbid(unsafe_code)]

pub use regex_lite::*;
