//! The command line: types only. Other programs and tests rely on these names and exit codes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::finding::Severity;

/// All is well.
pub const EXIT_OK: u8 = 0;
/// Findings at or above `--fail-on`, or a change failed.
pub const EXIT_FAILED: u8 = 1;
/// A wrong command line, or an answers file that does not fit.
pub const EXIT_USAGE: u8 = 2;
/// The terminal hung up, or the program was interrupted.
pub const EXIT_INTERRUPTED: u8 = 3;
/// Another run holds the lock.
pub const EXIT_LOCKED: u8 = 4;
/// It needs root.
pub const EXIT_NOT_ROOT: u8 = 5;

/// Hardens a sip:provider CE host. Without a subcommand it starts the wizard.
#[derive(Debug, Parser)]
#[command(name = "ngcp-warden", version)]
pub struct Cli {
    /// Which host, and how the screen looks.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the wizard when absent.
    #[command(subcommand)]
    pub command: Option<Subcommands>,
}

/// Options of every subcommand.
#[derive(Debug, Args)]
pub struct Global {
    /// Work on the host tree in DIR (a mounted image, a rescue system) instead of this machine
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "demo")]
    pub root: Option<PathBuf>,
    /// Work on the sample host inside the program; nothing on this machine changes
    #[arg(long, global = true)]
    pub demo: bool,
    /// Numbered questions, line by line, instead of the full screen
    #[arg(long)]
    pub plain: bool,
    /// One step after the other, as after a fresh install
    #[arg(long)]
    pub first_boot: bool,
    /// Colours
    #[arg(long, value_name = "THEME")]
    pub theme: Option<ThemeName>,
    /// Terminal size for a line that does not tell its own, e.g. 80x24
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = parse_size)]
    pub size: Option<(u16, u16)>,
}

/// Colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    /// 256 colours
    Rich,
    /// The 16 colours of a console
    Console16,
    /// No colour at all
    Mono,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON object on standard output
    Json,
}

/// Severities as `--fail-on` takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any failing finding
    Info,
    /// Low or worse
    Low,
    /// Medium or worse
    Medium,
    /// High or worse
    High,
    /// Critical only
    Critical,
    /// Never
    Never,
}

impl FailOn {
    /// The severity from which a failing finding counts; `None` for never.
    pub fn severity(self) -> Option<Severity> {
        Some(match self {
            FailOn::Info => Severity::Info,
            FailOn::Low => Severity::Low,
            FailOn::Medium => Severity::Medium,
            FailOn::High => Severity::High,
            FailOn::Critical => Severity::Critical,
            FailOn::Never => return None,
        })
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Subcommands {
    /// Look at the host, read only, and list findings
    Audit {
        /// Only these steps
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
        /// How to print
        #[arg(long, default_value = "text")]
        format: Format,
        /// Exit 1 when a finding of this severity or worse fails
        #[arg(long, value_name = "SEVERITY", default_value = "low")]
        fail_on: FailOn,
    },
    /// Print a commented answers file for this host, with today's findings as defaults
    Answers,
    /// Show what apply would do, with diffs
    Plan {
        /// The answers file
        #[arg(long, value_name = "FILE")]
        answers: PathBuf,
        /// Where passwords come from: a file of mode 0600, or - for standard input
        #[arg(long, value_name = "FILE")]
        secrets: Option<PathBuf>,
        /// How to print
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Do it, unattended
    Apply(Apply),
    /// List the runs of this host
    History {
        /// How to print
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Show what a run did and where each of its changes stands now
    Show {
        /// The run; the newest when not named
        #[arg(value_name = "RUN")]
        run: Option<String>,
        /// How to print
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Take a run back
    Undo(Undo),
    /// Follow a run that goes on; the newest when not named
    Attach {
        /// The run
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Leave a run that was cut off as it is
    Leave {
        /// The run
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Keep a change that waits: from a login that was opened after it
    Confirm {
        /// The run; the one that waits when not named
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Take a change that waits back at once
    Revert {
        /// The run; the newest when not named
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// The runner process
    #[command(hide = true, name = "run-plan")]
    RunPlan,
    /// The process that takes a change back on silence
    #[command(hide = true, name = "restore-on-silence")]
    RestoreOnSilence {
        /// The run it watches
        run: String,
    },
    /// At boot: takes back what nobody kept before the restart
    #[command(hide = true, name = "restore-overdue")]
    RestoreOverdue,
}

impl Subcommands {
    /// Whether it works on a host alone. Whatever reads or changes runs that were recorded works on those of the real
    /// machine, and the demo has none.
    pub fn works_in_demo(&self) -> bool {
        match self {
            Subcommands::Audit { .. } | Subcommands::Answers | Subcommands::Plan { .. } => true,
            Subcommands::Apply(options) => !options.continue_run,
            Subcommands::History { .. }
            | Subcommands::Show { .. }
            | Subcommands::Undo(_)
            | Subcommands::Attach { .. }
            | Subcommands::Leave { .. }
            | Subcommands::Confirm { .. }
            | Subcommands::Revert { .. }
            | Subcommands::RunPlan
            | Subcommands::RestoreOnSilence { .. }
            | Subcommands::RestoreOverdue => false,
        }
    }
}

/// What `--confirm` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confirm {
    /// Changes that could cut the operator off are kept without a confirmation
    None,
}

/// How long what could cut the operator off waits for a confirmation.
#[derive(Debug, Args)]
pub struct Keeping {
    /// How long a change that could cut you off waits for 'ngcp-warden confirm' before it is taken back
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(10..=3600))]
    pub confirm_within: Option<u64>,
    /// 'none' keeps such changes without asking
    #[arg(long, value_name = "none", conflicts_with = "confirm_within")]
    pub confirm: Option<Confirm>,
}

/// Options of `undo`.
#[derive(Debug, Args)]
pub struct Undo {
    /// The run; the newest when not named
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Only show what would be done
    #[arg(long)]
    pub check: bool,
    /// Overwrite what somebody else changed since
    #[arg(long)]
    pub overwrite: bool,
    /// Changes that could cut the operator off
    #[command(flatten)]
    pub keeping: Keeping,
    /// Where passwords come from: a file of mode 0600, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// How to print
    #[arg(long, default_value = "text")]
    pub format: Format,
}

/// Options of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The answers file
    #[arg(long, value_name = "FILE", required_unless_present = "continue_run")]
    pub answers: Option<PathBuf>,
    /// Go on with the run that was cut off
    #[arg(long = "continue", conflicts_with_all = ["answers", "check"])]
    pub continue_run: bool,
    /// Only say what would be changed
    #[arg(long)]
    pub check: bool,
    /// Changes that could cut the operator off
    #[command(flatten)]
    pub keeping: Keeping,
    /// Where passwords come from: a file of mode 0600, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// Where to store generated passwords and keys: a new file of mode 0600. Without it they are shown once, on a terminal
    #[arg(long, value_name = "FILE")]
    pub save_generated: Option<PathBuf>,
    /// How to print
    #[arg(long, default_value = "text")]
    pub format: Format,
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
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("80x24"), Ok((80, 24)));
        for wrong in ["", "80", "x", "0x24", "80x0", "80x-1", "99999x1", "80x24x1"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
