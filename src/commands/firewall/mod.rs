//! `firewall`: what the packet filter of this host does, asked and repaired from the command line.

mod load;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::subcommand::{Access, Command, Demo, Needs, Target};

#[derive(Debug, Args)]
pub(super) struct Firewall {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Load the stored rules, as a restart of the host does; SSH and nothing else where they do not load
    Load,
}

impl Command for Firewall {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        match self.what {
            What::Load => load::load(&*target.host),
        }
    }
}
