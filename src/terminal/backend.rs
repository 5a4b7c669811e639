//! What the front ends are given: who carries effects out, and what the command line asks for.

use std::sync::mpsc::Sender;

use crate::{
    ui::{Glyphs, Theme},
    wizard::{Effect, Message},
};

/// Carries effects out. Called from worker threads, several at a time; it may block as long as it needs.
pub trait Backend: Send + Sync + 'static {
    /// Does what `effect` asks for and sends the messages that answer it, any number. For a run it returns when the
    /// run has ended or is no longer followed. `Redraw`, `Suspend`, `Quit` and the beats of a run are the screen's own.
    fn carry_out(&self, effect: Effect, messages: &Sender<Message>);
}

/// What the command line asks for; where it says nothing, the terminal decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Columns and rows.
    pub size: Option<(u16, u16)>,
    /// Colours.
    pub theme: Option<Theme>,
    /// Characters.
    pub glyphs: Option<Glyphs>,
}
