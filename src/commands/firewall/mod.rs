//! `firewall`: what the packet filter of this host does, asked and repaired from the command line.

mod explain;
mod load;
mod repair;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    exit,
    options::Format,
    output,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::steps::firewall_status;

#[derive(Debug, Args)]
pub(super) struct Firewall {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Whether the rules are loaded and stored, rtpengine's rule is in place, and nobody gets in their way
    Status {
        /// How to print
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Put rtpengine's rule back in its place, and our stored rules where somebody removed them
    Repair,
    /// What becomes of a packet from ADDRESS: the verdict, the rule, the key of the configuration behind it
    Explain(explain::Explain),
    /// Load the stored rules, as a restart of the host does; SSH and nothing else where they do not load
    Load,
}

impl Command for Firewall {
    fn needs(&self) -> Needs {
        match self.what {
            What::Status { .. } | What::Explain(_) => Needs { access: Access::Looks, demo: Demo::Works },
            What::Repair => Needs { access: Access::Changes { settles: false }, demo: Demo::Works },
            What::Load => Needs { access: Access::Changes { settles: false }, demo: Demo::Refused },
        }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        match &self.what {
            What::Status { format } => {
                let status = firewall_status(&*target.host);
                output::result(*format, || status.text(), &status)?;
                Ok(if status.well { exit::OK } else { exit::FAILED })
            }
            What::Repair => repair::repair(target),
            What::Explain(explain) => explain.run(&*target.host),
            What::Load => load::load(&*target.host),
        }
    }
}
