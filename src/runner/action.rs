//! Carries out one action, in two parts: `prepare` looks and decides without changing anything, `perform` does it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{
    edit::{Show, apply_edits},
    saved::Was,
};
use crate::{
    executor::{Attributes, Command, Executor, Exit, FileChange, FileTo, Quiet, Sink},
    plan::{Action, CommandLine, Edit, Left, Template},
    secret::{Secret, Secrets},
};

/// Where private copies lie while a program of the host judges them.
const STATE: &str = "/var/lib/ngcp-warden";

/// What is going to be done, decided from what is there.
pub(super) enum Prepared {
    /// Everything is as wanted.
    Nothing,
    /// This file becomes this.
    Put { path: PathBuf, from: Was, content: Secret, attributes: Attributes, check: Option<CommandLine> },
    /// This file is removed.
    Remove { path: PathBuf, from: Was },
    /// This program is run.
    Run(Box<Command>),
    /// The configuration is applied with this message.
    Apply(String),
}

impl Prepared {
    /// What will be at the file that is changed, where that is known.
    pub(super) fn leaves(&self, path: &Path) -> Option<Left> {
        match self {
            Prepared::Put { path: own, content, .. } if own == path => {
                Some(Left::File(crate::secret::sha256(content.expose())))
            }
            Prepared::Remove { path: own, .. } if own == path => Some(Left::Absent),
            _ => None,
        }
    }
}

/// Looks at the host and decides what there is to do. Changes nothing.
pub(super) fn prepare(action: &Action, secrets: &Secrets, host: &dyn Executor) -> Result<Prepared> {
    match action {
        Action::Edit { path, edits, check } => edit(path, edits, check.as_ref(), secrets, host),
        Action::Write { path, content, attributes } => write(path, content, attributes, secrets, host),
        Action::Remove { path } => Ok(match Was::read(host, path)? {
            Was::Absent => Prepared::Nothing,
            from @ Was::File { .. } => Prepared::Remove { path: path.clone(), from },
        }),
        Action::Restore { path, left, to } => {
            let now = Was::read(host, path)?;
            let back = match to {
                None => Prepared::Remove { path: path.clone(), from: now.clone() },
                Some((content, attributes)) => write(path, content, attributes, secrets, host)?,
            };
            let done = match &back {
                Prepared::Nothing => true,
                Prepared::Remove { from, .. } => *from == Was::Absent,
                _ => false,
            };
            match left {
                _ if done => Ok(Prepared::Nothing),
                Left::Anything => Ok(back),
                left if *left == now.left() => Ok(back),
                _ => bail!("{} was changed by somebody else since; it was left as it is", path.display()),
            }
        }
        Action::Run(line) => Ok(Prepared::Run(Box::new(line.resolve(secrets)?))),
        Action::Apply { message } => Ok(Prepared::Apply(message.clone())),
    }
}

fn edit(
    path: &Path,
    edits: &[Edit],
    check: Option<&CommandLine>,
    secrets: &Secrets,
    host: &dyn Executor,
) -> Result<Prepared> {
    let from = Was::read(host, path)?;
    let Was::File { content: old, .. } = &from else {
        // Lines that were to go are gone with their file.
        if edits.iter().all(|edit| matches!(edit, Edit::Line { to: None, .. })) {
            return Ok(Prepared::Nothing);
        }
        bail!("{} is not there", path.display());
    };
    let new = apply_edits(old.expose(), edits, Show::Filled(secrets));
    let new = Secret::new(new.with_context(|| path.display().to_string())?);
    if new == *old {
        return Ok(Prepared::Nothing);
    }
    let check = check.cloned();
    Ok(Prepared::Put { path: path.to_owned(), from, content: new, attributes: Attributes::Keep, check })
}

fn write(
    path: &Path,
    content: &Template,
    attributes: &Attributes,
    secrets: &Secrets,
    host: &dyn Executor,
) -> Result<Prepared> {
    let from = Was::read(host, path)?;
    let content = content.fill(secrets)?;
    let same = match &from {
        Was::Absent => false,
        Was::File { content: old, mode, uid, gid, modified } => {
            *old == content
                && match attributes {
                    Attributes::Keep => true,
                    Attributes::Exactly { mode: m, uid: u, gid: g, modified: t } => {
                        (m, u, g) == (mode, uid, gid) && t.is_none_or(|t| t == *modified)
                    }
                }
        }
    };
    if same {
        return Ok(Prepared::Nothing);
    }
    Ok(Prepared::Put { path: path.to_owned(), from, content, attributes: attributes.clone(), check: None })
}

/// Puts a new content in place, after the host's own program accepted it.
pub(super) fn put(host: &dyn Executor, prepared: &Prepared) -> Result<()> {
    let (path, from, to) = match prepared {
        Prepared::Put { path, from, content, attributes, check } => {
            if let Some(check) = check {
                accepted(host, check, path, from, content)?;
            }
            let to = FileTo::File { content: content.clone(), attributes: attributes.clone() };
            (path, from, to)
        }
        Prepared::Remove { path, from } => (path, from, FileTo::Absent),
        Prepared::Nothing | Prepared::Run(_) | Prepared::Apply(_) => return Ok(()),
    };
    if Was::read(host, path)? != *from {
        bail!("{} was changed by somebody else at this very moment; nothing was written", path.display());
    }
    Ok(host.change(&FileChange { path: path.clone(), to })?)
}

/// Whether the host's own program accepts `new`, or finds the same faults in what is there already.
fn accepted(host: &dyn Executor, check: &CommandLine, path: &Path, old: &Was, new: &Secret) -> Result<()> {
    let verdict = judge(host, check, path, new)?;
    if verdict.ok() {
        return Ok(());
    }
    if let Was::File { content, .. } = old {
        let before = judge(host, check, path, content)?;
        let same = (&before.status, &before.stdout, &before.stderr)
            == (&verdict.status, &verdict.stdout, &verdict.stderr);
        if same {
            return Ok(());
        }
    }
    bail!("{} does not accept the new {}: {}", check.program, path.display(), verdict.reason())
}

/// What the program says about a private copy with this content.
fn judge(host: &dyn Executor, check: &CommandLine, path: &Path, content: &Secret) -> Result<Exit> {
    let private = |mode| Attributes::Exactly { mode, uid: 0, gid: 0, modified: None };
    host.change(&FileChange {
        path: PathBuf::from(STATE),
        to: FileTo::Directory { attributes: private(0o700) },
    })?;
    let name = path.file_name().context("a file has a name")?.to_string_lossy();
    let candidate = Path::new(STATE).join(format!("candidate-{name}"));
    let to = FileTo::File { content: content.clone(), attributes: private(0o600) };
    host.change(&FileChange { path: candidate.clone(), to })?;
    let mut command = check.resolve(&Secrets::default())?;
    command.reads_only = true;
    for arg in &mut command.args {
        *arg = arg.replace("{candidate}", &candidate.to_string_lossy());
    }
    let verdict = run(host, &command, &mut Quiet);
    host.change(&FileChange { path: candidate, to: FileTo::Absent })?;
    verdict
}

/// Runs a program of the host; one that is not there is named.
pub(super) fn run(host: &dyn Executor, command: &Command, sink: &mut dyn Sink) -> Result<Exit> {
    host.run(command, sink).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow::anyhow!("{} is not on this host", command.program),
        _ => anyhow::Error::new(error).context(format!("{} could not be run", command.program)),
    })
}
