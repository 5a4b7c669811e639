//! The state machine: `update(&mut Model, Message) -> Vec<Effect>` and the words of every page, as plain values.
//! No I/O, no clock, no terminal library: front ends feed messages in, draw [`page::Page`]s and carry effects out.

pub mod draft;
pub mod effect;
mod failure;
pub mod form;
pub mod keys;
pub mod message;
pub mod model;
pub mod navigation;
pub mod page;
mod past;
pub mod rows;
pub mod run_view;
mod update;

pub use effect::Effect;
pub use failure::Failure;
pub use keys::{Intent, Key};
pub use message::Message;
pub use model::{Model, Screen};
pub use update::update;
