//! Rendering only: the model goes in, cells come out. Nothing here changes the model or touches the terminal.

mod frame;
mod glyphs;
pub mod svg;
mod theme;

#[cfg(test)]
pub(crate) use frame::mend;
pub use frame::{Look, view};
pub use glyphs::Glyphs;
pub use theme::Theme;
