//! Arguments to front end to exit code; nothing else.

use std::process::ExitCode;

use clap::Parser;
use ngcp_warden::{cli::Cli, executor, front};

fn main() -> ExitCode {
    if let Err(error) = executor::harden_process() {
        return ExitCode::from(front::refuse(&error));
    }
    match Cli::try_parse() {
        Ok(cli) => ExitCode::from(front::run(cli)),
        Err(error) => ExitCode::from(front::explain(&error)),
    }
}
