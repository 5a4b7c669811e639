//! `bundle`: one file to send to somebody who helps.

use std::{io, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{
    exit,
    output::{complain, print},
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    effects,
    executor::{Attributes, Executor, FileChange, FileTo, System},
    runner::{Progress, Unit},
    secret::Secret,
    unattended,
};

#[derive(Debug, Args)]
pub(super) struct Bundle {
    /// Only this run; the newest ones when not named
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// The new file; one in /var/lib/ngcp-warden of the host when not named
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Command for Bundle {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, Target { host, site }: &Target) -> Result<u8> {
        let mut told = 0;
        let mut progress = |done: u64, total: u64| {
            if done == total || done >= told + total.div_ceil(20) {
                told = done;
                complain(&Progress { unit: Unit::Bytes, done, total: Some(total) }.to_string());
            }
        };
        let bundle = unattended::bundle(host, &site.runs()?, self.run.as_deref(), &mut progress)?;
        let path = match &self.to {
            None => effects::write_bundle(&**host, bundle)?,
            Some(to) => {
                let (here, path) = (System::live()?, std::path::absolute(to)?);
                let free = here.metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
                ensure!(free, "{} is there already; --to takes the name of a new file", path.display());
                let attributes = Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None };
                let to = FileTo::File { content: Secret::new(bundle.packed), attributes };
                here.change(&FileChange { path: path.clone(), to })
                    .context("the bundle could not be written")?;
                path.display().to_string()
            }
        };
        print(&format!("{path}\n"))?;
        Ok(exit::OK)
    }
}
