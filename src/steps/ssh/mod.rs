//! SSH (handbook 15.3): every key known, every way in deliberate; and never one change after which nobody gets in.

mod doors;
mod facts;
mod findings;
mod inspect;
mod new_keys;
mod patch;
mod places;
mod plan;
mod questions;
mod settings;
#[cfg(test)]
mod tests;
mod trial;
mod usable;

use anyhow::Result;

use super::{About, Answers, Findings, Form, Step};
use crate::{executor::Executor, finding::StepId, plan::Plan};

/// The step.
pub(super) struct Ssh;

static ABOUT: About = About {
    id: StepId::new("ssh"),
    title: "SSH logins",
    why: "Images come with SSH keys that anybody can download, in two places, and often take root's password over the network. Whoever tries them first owns the host and its calls.",
    handbook: "15.3",
};

/// Settings this step may change, as they are written.
const WANTED: &[&str] = &[
    "PermitRootLogin",
    "PasswordAuthentication",
    "KbdInteractiveAuthentication",
    "PermitEmptyPasswords",
    "KexAlgorithms",
    "HostKeyAlgorithms",
    "Ciphers",
    "MACs",
    "AllowTcpForwarding",
    "AllowStreamLocalForwarding",
    "AllowAgentForwarding",
    "X11Forwarding",
];
/// Our own file among those that sshd_config includes: the first one by name decides.
const DROP_IN: &str = "00-ngcp-warden.conf";

impl Step for Ssh {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<Findings> {
        let facts = inspect::look(host)?;
        Findings::new(findings::findings(&facts), &facts)
    }

    fn form(&self, findings: &Findings) -> Result<Form> {
        questions::form(findings)
    }

    fn plan(&self, findings: &Findings, answers: &Answers) -> Result<Plan> {
        plan::plan(&findings.facts()?, answers)
    }
}
