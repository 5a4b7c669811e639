//! `audit`: findings of the host, read only.

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use super::{
    exit,
    options::Format,
    output,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{finding::Severity, unattended};

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Only these steps
    #[arg(value_name = "STEP")]
    steps: Vec<String>,
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
    /// Exit 1 when a finding of this severity or worse fails
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    fail_on: FailOn,
}

/// Severities as `--fail-on` takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
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
    fn severity(self) -> Option<Severity> {
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

impl Command for Audit {
    fn needs(&self) -> Needs {
        Needs { access: Access::Looks, demo: Demo::Works }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let audit = unattended::audit(&*target.host, &self.steps)?;
        output::result(self.format, || audit.text(), &audit)?;
        let saw = !self.steps.is_empty() || audit.saw_anything();
        ensure!(saw, "nothing could be judged: is this the root of a host?");
        let failed = self.fail_on.severity().is_some_and(|severity| audit.fails_at(severity));
        Ok(if failed { exit::FAILED } else { exit::OK })
    }
}
