//! The one function that changes the model. Total: any message in any state, no I/O, no clock, no panic.

use super::{Effect, Message, Model};

/// Takes one message in and says what is to be done.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let _ = (model, message);
    Vec::new()
}
