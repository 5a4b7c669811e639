//! Arguments to command to exit code; nothing else.

use std::process::ExitCode;

use ngcp_warden::commands;

fn main() -> ExitCode {
    ExitCode::from(commands::main(std::env::args_os()))
}
