//! noatime on / and /ngcp-data (handbook 15.7).

use anyhow::Result;

use super::{About, Answers, Findings, Form, Step};
use crate::{executor::Executor, finding::StepId, plan::Plan};

/// The step.
pub(super) struct Noatime;

static ABOUT: About = About {
    id: StepId::new("noatime"),
    title: "Disk access times",
    why: "Every read of a file writes its access time to disk. noatime saves these writes, which helps when disk I/O is the bottleneck.",
    handbook: "15.7",
};

impl Step for Noatime {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn inspect(&self, _: &dyn Executor) -> Result<Findings> {
        Findings::new(vec![], &())
    }
    fn form(&self, _: &Findings) -> Form {
        Form::default()
    }
    fn plan(&self, _: &Findings, _: &Answers) -> Result<Plan> {
        Ok(Plan::default())
    }
}
