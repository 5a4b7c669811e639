//! `answers`: a commented answers file for this host, with today's findings as defaults.

use anyhow::Result;

use super::{
    exit, output,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{steps, unattended};

pub(super) struct Answers;

impl Command for Answers {
    fn needs(&self) -> Needs {
        Needs { access: Access::Looks, demo: Demo::Works }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let host = &*target.host;
        let mut forms = Vec::new();
        for step in steps::REGISTRY {
            match step.inspect(host).and_then(|findings| step.form(&findings)) {
                Ok(form) => forms.push((step.about(), form)),
                Err(error) => output::complain(&format!("{} is left out: {error:#}", step.about().id)),
            }
        }
        output::print(&unattended::template(&crate::host::name(host), &forms))?;
        Ok(exit::OK)
    }
}
