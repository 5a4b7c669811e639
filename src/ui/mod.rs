//! Rendering only.
