//! Takes changes of a run back, with what was kept before each.

use anyhow::{Context, Result, bail, ensure};

use super::{Event, SavedFile, Was, act, run::Runner};
use crate::{
    executor::{Command, Quiet},
    ngcp::ngcpcfg,
    plan::{Action, Change, Outcome, Undo},
};

impl Runner<'_> {
    /// Takes changes back, the last one first; what must be done again afterwards comes at the end.
    pub(super) fn take_back(&mut self, changes: &[&Change]) -> Result<()> {
        let again = |change: &&&Change| change.undo == Undo::Again;
        let first = changes.iter().rev().filter(|change| !again(change));
        for change in first.chain(changes.iter().filter(again)) {
            if self.stands(change) {
                let (outcome, message) = match self.undo(change) {
                    Ok(message) => (Outcome::Done, message),
                    Err(error) => (Outcome::Failed, format!("{error:#}")),
                };
                let message = self.redactor.clean(&message);
                self.record(Event::Undone { change: change.id.clone(), outcome, message })?;
            }
        }
        Ok(())
    }

    fn undo(&mut self, change: &Change) -> Result<String> {
        let saved = self.journal.saved(&change.id)?;
        let saved = || saved.as_ref().context("nothing was kept to take it back with");
        match &change.undo {
            Undo::Files => {
                let (mut back, mut theirs) = (Vec::new(), Vec::new());
                for file in &saved()?.files {
                    let path = file.path.display().to_string();
                    if !self.is_ours(file)? {
                        theirs.push(path);
                    } else if file.was.put_back(self.sight.host, &file.path)? {
                        back.push(path);
                    }
                }
                ensure!(
                    theirs.is_empty(),
                    "{} was changed by somebody else meanwhile; it was left as it is",
                    theirs.join(", ")
                );
                Ok(if back.is_empty() {
                    "it had changed nothing".to_owned()
                } else {
                    format!("put back: {}", back.join(", "))
                })
            }
            Undo::Run(line) => {
                let command = line.resolve(self.secrets)?;
                self.must(change, &command)?;
                Ok(format!("ran: {line}"))
            }
            Undo::Captured { restore, .. } => {
                let mut command = restore.resolve(self.secrets)?;
                command.stdin.clone_from(&saved()?.captured);
                // What it prints may be what was kept.
                let exit = act::run(self.host(), &command, &mut Quiet)?;
                ensure!(exit.ok(), "{} could not put it back ({:?})", command.program, exit.status);
                Ok(format!("put back with {}", restore.program))
            }
            Undo::Again => match &change.action {
                Action::Run(line) => {
                    let command = line.resolve(self.secrets)?;
                    self.must(change, &command)?;
                    Ok(format!("ran again: {line}"))
                }
                Action::Apply { message } => {
                    self.alone(&change.id)?;
                    self.must(change, &ngcpcfg::apply_command(&format!("{message} - taken back")))?;
                    Ok("the old configuration was applied again".to_owned())
                }
                _ => bail!("only a command can be run again"),
            },
            Undo::Nothing => Ok("there was nothing to take back".to_owned()),
            Undo::Impossible(why) => bail!("{why}"),
        }
    }

    /// Runs a program that has to succeed.
    fn must(&mut self, change: &Change, command: &Command) -> Result<()> {
        let exit = self.stream(&change.id, command)?;
        ensure!(exit.ok(), "{}: {}", command.program, exit.reason());
        Ok(())
    }

    /// Whether a file is as this run found it or left it. After a cut nothing is known of the time before it, and
    /// whatever is there is taken for the run's own.
    fn is_ours(&self, file: &SavedFile) -> Result<bool> {
        let Some(left) = self.left.get(&file.path) else { return Ok(true) };
        let now = Was::read(self.sight.host, &file.path)?;
        Ok(now == file.was || left.contains(&now.left()))
    }
}
