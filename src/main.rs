//! Arguments to front end to exit code; nothing else.

use std::process::ExitCode;

use clap::Parser;
use ngcp_warden::{cli::Cli, commands, executor};

fn main() -> ExitCode {
    if let Err(error) = executor::harden_process() {
        return ExitCode::from(commands::refuse(&error));
    }
    match Cli::try_parse() {
        Ok(cli) => ExitCode::from(commands::run(cli)),
        Err(error) => ExitCode::from(commands::explain(&error)),
    }
}
