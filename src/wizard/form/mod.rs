//! A form while it is filled in: what is chosen and typed, where the focus is, what is still wrong.
//! Nothing typed is ever refused for being wrong; problems are told and counted at the review.

mod answer;
mod secret_field;
mod state;

pub use answer::{Problem, complaint};
pub use secret_field::{Buffer, SecretState, Verdict};
pub(super) use state::Turn;
pub use state::{FieldState, FormState, Stop};
