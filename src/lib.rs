//! ngcp-warden hardens a sip:provider CE host step by step.
//!
//! Five ideas: a step *inspects* the host, *asks* with a form, *plans* as data, a runner *runs* the plan and
//! journals it, and the step *sees* the result by inspecting again. Imports run downwards only:
//! `front` → `ui, plain, terminal` → `session` → `wizard, unattended` → `steps` → `runner` → `plan` → `ngcp` → `host` →
//! `executor` → `secret, finding` → `known`.

pub mod cli;
pub mod demo;
pub mod executor;
pub mod finding;
pub mod front;
pub mod host;
pub mod known;
pub mod ngcp;
pub mod plain;
pub mod plan;
pub mod runner;
pub mod secret;
pub mod session;
pub mod steps;
pub mod terminal;
pub mod ui;
pub mod unattended;
pub mod wizard;
