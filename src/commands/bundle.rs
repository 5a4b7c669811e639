//! `bundle`: one file to send to somebody who helps.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{
    Access, Command, Demo, Needs, Target, exit,
    output::{complain, print},
};
use crate::{
    executor::{Attributes, DryRun, Executor, FileChange, FileTo, System},
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

    fn run(&self, Target { host, place }: &Target) -> Result<u8> {
        let looked_at = DryRun::new(Arc::clone(host));
        let members = unattended::bundle(&looked_at, &place.runs()?, self.run.as_deref())?;
        let now = host.now();
        let top = format!("bundle-{}", now.strftime("%Y%m%d-%H%M%S"));
        let mut told = 0;
        let mut progress = |done: u64, total: u64| {
            if done == total || done >= told + total.div_ceil(20) {
                told = done;
                complain(&Progress { unit: Unit::Bytes, done, total: Some(total) }.to_string());
            }
        };
        let packed = unattended::pack(&top, &members, now.as_second(), &mut progress)?;
        let attributes = |mode| Attributes::Exactly { mode, uid: 0, gid: 0, modified: None };
        let (place, path): (&dyn Executor, PathBuf) = match &self.to {
            Some(path) => (&System::live()?, std::path::absolute(path)?),
            None => {
                let state = Path::new("/var/lib/ngcp-warden");
                let to = FileTo::Directory { attributes: attributes(0o700) };
                host.change(&FileChange { path: state.to_owned(), to })?;
                (&**host, state.join(format!("{top}.tar.zst")))
            }
        };
        let free = place.metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        ensure!(free, "{} is there already; --to takes the name of a new file", path.display());
        let to = FileTo::File { content: Secret::new(packed), attributes: attributes(0o600) };
        place.change(&FileChange { path: path.clone(), to }).context("the bundle could not be written")?;
        print(&format!("{}\n", path.display()))?;
        Ok(exit::OK)
    }
}
