//! Takes changes of a run back, with what was kept before each.

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::{
    Event, SavedFile, Was, captured,
    run::Runner,
    shared::{Way, way_back},
};
use crate::{
    executor::{Attributes, Command, FileChange, FileTo},
    finding::StepId,
    plan::{Action, Change, Left, Outcome, Phase, Undo},
};

impl Runner<'_> {
    /// Takes changes back, the last one first. Then, with no help of the platform's tool, the files that the apply
    /// made are put back and the daemons of these steps are told; the apply of the old configuration comes last.
    pub(super) fn take_back(&mut self, changes: &[&Change]) -> Result<()> {
        let again = |change: &Change| change.undo == Undo::Again;
        let standing: Vec<&Change> = changes.iter().copied().filter(|change| self.stands(change)).collect();
        let mut stuck = Vec::new();
        for change in standing.iter().rev().filter(|change| !again(change)) {
            let undone = self.undo(change);
            if undone.is_err() && change.phase == Phase::Configure {
                stuck.push(change.title.as_str());
            }
            self.tell_undone(change, undone.unwrap_or_else(|error| (Outcome::Failed, format!("{error:#}"))))?;
        }
        let applied = standing.iter().copied().find(|change| change.is_apply());
        let generated = applied.map(|apply| {
            let saved = self.journal.saved(&apply.id).map(Option::unwrap_or_default);
            let back =
                saved.as_ref().map_err(|error| anyhow!("{error}")).and_then(|s| self.put_generated_back(s));
            (saved.unwrap_or_default(), back)
        });
        // What the apply told a daemon stands until it is told again, also where its own reload never began.
        let touched = |step: &StepId| {
            let begun = |other: &&&Change| other.step == *step && self.begun(other);
            applied.is_some() && changes.iter().any(|other| begun(&other))
        };
        let untold = |change: &&&Change| {
            let stands = standing.iter().any(|other| other.id == change.id);
            let told = self.undone(change);
            again(change) && !change.is_apply() && (stands || (touched(&change.step) && !told))
        };
        let untold: Vec<&Change> = changes.iter().filter(untold).copied().collect();
        for change in untold {
            let undone = self.undo(change);
            self.tell_undone(change, undone.unwrap_or_else(|error| (Outcome::Failed, format!("{error:#}"))))?;
        }
        if let (Some(apply), Some((saved, back))) = (applied, generated) {
            let Action::Apply { message } = &apply.action else { return Ok(()) };
            let undone = self.unapply(apply, &format!("{message} - taken back"), &saved, back, &stuck);
            self.tell_undone(apply, undone)?;
        }
        Ok(())
    }

    fn tell_undone(&mut self, change: &Change, (outcome, message): (Outcome, String)) -> Result<()> {
        let message = self.redactor.clean(&message);
        Ok(self.record(Event::Undone { change: change.id.clone(), outcome, message })?)
    }

    fn undo(&mut self, change: &Change) -> Result<(Outcome, String)> {
        if let (Action::Run(line), Some(Outcome::Failed)) = (&change.action, self.ended(change))
            && self.host().find_program(&line.program).is_none()
        {
            return Ok((
                Outcome::Done,
                format!("it had changed nothing: {} is not on this host", line.program),
            ));
        }
        let Undo::Run(line) = &change.undo else {
            return Ok((Outcome::Done, self.restore(change)?));
        };
        let command = self.timed_line(change, line).resolve(self.secrets)?;
        let ran = self.must(change, &command);
        let seen = self.sight.no_longer(&change.step, &change.proofs);
        match ran {
            Ok(()) => {
                let (outcome, seen) = seen?.told();
                Ok((outcome, format!("ran: {line}; {seen}")))
            }
            Err(why) if self.sight.is_absent(&change.proofs) => {
                Ok((Outcome::Done, format!("nothing of it is there; yet: {why:#}")))
            }
            Err(why) => Err(why),
        }
    }

    /// Takes back what needs no command of its own for that; says how.
    fn restore(&mut self, change: &Change) -> Result<String> {
        let saved = self.journal.saved(&change.id)?;
        let saved = || saved.as_ref().context("nothing was kept to take it back with");
        match &change.undo {
            Undo::Files => {
                let (mut back, mut theirs) = (Vec::new(), Vec::new());
                let left = self.journal.left_by(&change.id)?.unwrap_or_default();
                for file in &saved()?.files {
                    let path = file.path.display().to_string();
                    let now = Was::read(self.host(), &file.path)?;
                    let ours = self.is_ours(file, &now);
                    let accounts = change.has_accounts_in(&file.path);
                    match way_back(&file.path, accounts, &file.was, &now, ours, &left) {
                        Way::Nothing => {}
                        Way::Theirs => theirs.push(path),
                        Way::Whole => {
                            file.was.put_back(self.host(), &file.path)?;
                            back.push(path);
                        }
                        Way::Content(content) | Way::Part(content) => {
                            let to = FileTo::File { content, attributes: Attributes::Keep };
                            self.host().change(&FileChange { path: file.path.clone(), to })?;
                            back.push(format!("{path} (what others changed there stays)"));
                        }
                    }
                    // From now on this is what the run left there.
                    self.left.entry(file.path.clone()).or_default().push(file.was.left());
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
            Undo::Captured { restore, .. } => {
                let was = saved()?.captured.as_ref().context("nothing was kept to take it back with")?;
                let ours = self.rows_of(change)?;
                match captured::put_back(&change.undo, was, ours.as_deref(), self.secrets, self.host())? {
                    true => Ok(format!("put back with {} and seen", restore.program)),
                    false => Ok("it had changed nothing".to_owned()),
                }
            }
            Undo::Again => match &change.action {
                Action::Run(line) => {
                    let command = line.resolve(self.secrets)?;
                    self.tell_daemon(change, &command)
                }
                _ => bail!("only a command can be run again"),
            },
            Undo::Nothing | Undo::Run(_) => Ok("there was nothing to take back".to_owned()),
            Undo::Impossible(why) => bail!("{why}"),
        }
    }

    /// Runs a program that has to succeed.
    pub(super) fn must(&mut self, change: &Change, command: &Command) -> Result<()> {
        let exit = self.stream(&change.id, command)?;
        ensure!(exit.ok(), "{}: {}", command.program, exit.reason());
        Ok(())
    }

    /// Every state in which this step found or left the rows of a change; `None` where a program that was cut off may
    /// have left anything.
    fn rows_of(&self, change: &Change) -> Result<Option<Vec<Left>>> {
        let plan = self.plan;
        let same = |other: &&Change| other.step == change.step && other.undo == change.undo;
        let mut states = Vec::new();
        for other in plan.changes.iter().filter(same).filter(|other| self.begun(other)) {
            let left = self.journal.left_by(&other.id)?.and_then(|left| left.captured);
            let Some(left) = left else { return Ok(None) };
            let was = self.journal.saved(&other.id)?.and_then(|saved| saved.captured);
            states.extend(was.map(|was| Left::File(captured::sum(&was))));
            states.push(Left::File(left));
        }
        Ok(Some(states))
    }

    /// Whether a file is as this run found it or left it. After a cut nothing is known of the time before it, and
    /// whatever is there is taken for the run's own.
    fn is_ours(&self, file: &SavedFile, now: &Was) -> bool {
        let Some(left) = self.left.get(&file.path) else { return true };
        *now == file.was || left.contains(&now.left())
    }
}
