//! ngcp-warden hardens a sip:provider CE host step by step.
//!
//! Five ideas: a step *inspects* the host, *asks* with a form, *plans* as data, a runner *runs* the plan and
//! journals it, and the step *sees* the result by inspecting again. Imports run downwards only:
//! `commands` → `ui, line_mode, terminal` → `effects` → `wizard, unattended` → `platform` → `steps` → `runner` → `plan` → `ngcp` → `host` →
//! `executor` → `secret, finding` → `known`.

pub mod commands;
pub mod demo;
pub mod effects;
pub mod executor;
pub mod finding;
pub mod host;
pub mod known;
pub mod line_mode;
pub mod ngcp;
pub mod plan;
pub mod platform;
pub mod runner;
pub mod secret;
pub mod steps;
pub mod terminal;
pub mod ui;
pub mod unattended;
pub mod wizard;
pub mod yaml;
