//! The line-mode front end.
