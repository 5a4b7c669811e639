//! What the wizard does, without a screen: audit, answers, plan, apply, with the JSON contract other programs rely on.
//! People's words go to standard error, results to standard output.

mod answers;
mod apply;
mod archive;
mod audit;
mod bundle;
mod secrets;

pub use answers::{AnswersFile, UncommittedChanges, template};
pub use apply::{Applied, ChangeResult, Planned, Prepared, StepResult, Verdict, plan_text, prepare};
pub use audit::{Audit, audit};
pub use bundle::{Bundle, bundle};
pub use secrets::parse as parse_secrets;
