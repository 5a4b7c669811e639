//! No subcommand: the wizard on the terminal, or line by line where there is no cursor to move.

use std::sync::{Arc, mpsc::Sender};

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::subcommand::{Access, Command, Demo, Needs, Target};
use crate::{
    effects::HostEffects,
    steps, terminal,
    ui::Theme,
    wizard::{Effect, Message, Model, model::Mode},
};

#[derive(Debug, Args)]
pub(super) struct Wizard {
    /// Numbered questions, line by line, instead of the full screen
    #[arg(long)]
    plain: bool,
    /// One step after the other, as after a fresh install
    #[arg(long)]
    first_boot: bool,
    /// Colours
    #[arg(long, value_name = "THEME")]
    theme: Option<ThemeName>,
    /// Terminal size for a line that does not tell its own, e.g. 80x24
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = parse_size)]
    size: Option<(u16, u16)>,
}

/// Colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ThemeName {
    /// 256 colours
    Rich,
    /// The 16 colours of a console
    Console16,
    /// No colour at all
    Mono,
}

impl Command for Wizard {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: true }, demo: Demo::Watched }
    }

    fn run(&self, Target { host, site }: &Target) -> Result<u8> {
        let mode = if self.first_boot { Mode::FirstBoot } else { Mode::Maintenance };
        let model = Model::new(steps::REGISTRY, mode, host.world());
        let effects = Arc::new(Effects(HostEffects::new(Arc::clone(host), site.clone())));
        let code = if self.plain || terminal::capabilities().plain {
            terminal::run_lines(model, effects)
        } else {
            let theme = self.theme.map(|theme| match theme {
                ThemeName::Rich => Theme::Rich,
                ThemeName::Console16 => Theme::Console16,
                ThemeName::Mono => Theme::Mono,
            });
            terminal::run(&terminal::Options { size: self.size, theme, glyphs: None }, model, effects)
        };
        site.close();
        Ok(code)
    }
}

/// Lends the effects to the terminal's threads.
struct Effects(HostEffects);

impl terminal::Backend for Effects {
    fn carry_out(&self, effect: Effect, messages: &Sender<Message>) {
        self.0.carry_out(effect, &mut |message| drop(messages.send(message)));
    }
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("'{text}' is not a size such as 80x24");
    let (columns, rows) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
    match (columns.parse(), rows.parse()) {
        (Ok(columns @ 1..=1000), Ok(rows @ 1..=1000)) => Ok((columns, rows)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("80x24"), Ok((80, 24)));
        for wrong in ["", "80", "x", "0x24", "80x0", "80x-1", "99999x1", "80x24x1"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
