//! One change, from looking to seeing: decide, keep what was there, do it, look for the proof, tell.

use std::time::Duration;

use anyhow::Result;

use super::{
    Event, LeftBehind, NotKept, Saved, SavedFile, Seen, Was,
    action::{self, Prepared},
    apply::generated,
    armed::Armed,
    captured,
    guard::{TICK, start_watcher},
    journal::pause,
    orphan::at_most,
    output::{Lines, Told},
    run::Runner,
};
use crate::{
    executor::{Command, Exit, Status, World},
    plan::{Action, Change, Guard, Outcome, Phase, Proof, Undo, unified_in},
    secret::hide_in_output,
};

/// How far a job is is told no more often.
const TELL: Duration = Duration::from_millis(500);
/// A longer difference is cut.
const DIFF_LIMIT: usize = 64 * 1024;
/// Said of a change that stands although the run was cut off in its middle.
const WAS_DONE: &str = "it had been done when the run was cut off";

impl Runner<'_> {
    /// One change, from looking to seeing.
    pub(super) fn change(&mut self, change: &Change) -> Result<Outcome> {
        let host = self.host();
        let began = host.uptime();
        let cut_off = self.begun(change);
        let already = self.sight.already(change);
        let prepared = match already {
            true => Ok(Prepared::Nothing),
            false => action::prepare(&self.timed(change, &change.action), self.secrets, host),
        };
        let prepared = match prepared {
            Ok(Prepared::Nothing) if cut_off && (already || change.proofs.is_empty()) => {
                self.arm(change)?;
                return self.end_once_kept(change, Outcome::Done, WAS_DONE, "", began);
            }
            // What was to be seen of it was not seen before the run was cut off: it is looked for now.
            Ok(Prepared::Nothing) if cut_off => Prepared::Nothing,
            Ok(Prepared::Nothing) => {
                return self.end_once_kept(change, Outcome::Unchanged, "it was so already", "", began);
            }
            Ok(prepared) => prepared,
            Err(error) => {
                return self.end(change, Outcome::Failed, &format!("{error:#}"), "", began);
            }
        };
        if change.phase == Phase::Configure
            && let Err(error) = self.only_ours()
        {
            return self.end(change, Outcome::Failed, &format!("nothing was changed: {error:#}"), "", began);
        }
        // What the run itself changed before it was cut off is no reason to stop.
        if let Some(claim) = change.only_if.as_ref().filter(|_| !cut_off)
            && let Err(error) = self.sight.judge(claim, &Saved::default())
        {
            return self.end(change, Outcome::Failed, &format!("nothing was changed: {error:#}"), "", began);
        }
        let kept = match cut_off {
            true => self.journal.saved(&change.id)?,
            false => None,
        };
        let saved = match kept {
            Some(saved) => saved,
            None => match self.keep(change, &prepared) {
                Ok(saved) => saved,
                Err(error) => {
                    let message =
                        format!("nothing was changed, because it could not have been taken back: {error:#}");
                    return self.end(change, Outcome::Failed, &message, "", began);
                }
            },
        };
        if let Err(error) = self.arm(change) {
            let message =
                format!("nothing was changed, because its taking back could not be prepared: {error:#}");
            return self.end(change, Outcome::Failed, &message, "", began);
        }
        self.record(Event::Before { change: change.id.clone() })?;
        let (outcome, message) = match self.perform(change, &prepared, &saved) {
            Ok(done) => done,
            Err(error) => (Outcome::Failed, format!("{error:#}")),
        };
        let (left, diff) = self.compare(change, &saved);
        self.journal.left(&change.id, &left)?;
        for (path, left) in &left.files {
            self.unsure.remove(path);
            self.left.entry(path.clone()).or_default().push(left.clone());
        }
        let command = matches!(prepared, Prepared::Run(_));
        let same = command
            && !left.files.is_empty()
            && saved.files.iter().all(|f| left.files.contains(&(f.path.clone(), f.was.left())));
        let outcome = match outcome {
            Outcome::Done if same && change.undo == Undo::Files => Outcome::Unchanged,
            outcome => outcome,
        };
        self.end_once_kept(change, outcome, &message, &diff, began)
    }

    /// The end of a change once somebody kept it, or nobody did, where it is guarded.
    fn end_once_kept(
        &mut self,
        change: &Change,
        outcome: Outcome,
        message: &str,
        diff: &str,
        began: Duration,
    ) -> Result<Outcome> {
        let stands = |other: &Change| other.id != change.id && change.guards(other) && self.stands(other);
        let asked = match outcome {
            Outcome::Done | Outcome::Warning => true,
            Outcome::Unchanged => self.plan.changes.iter().any(stands),
            Outcome::Failed | Outcome::Skipped => false,
        };
        match &change.guard {
            // Confirmed before the run was cut off.
            Some(_) if asked && self.kept(change) => {
                self.end(change, outcome, &format!("{message}; confirmed"), diff, began)
            }
            Some(guard) if asked && self.host().world().is_running() => match self.wait(change, guard)? {
                None => self.end(change, outcome, &format!("{message}; confirmed"), diff, began),
                Some(why) => self.record_end(change, (Outcome::Failed, why.words()), diff, began, Some(why)),
            },
            _ => self.end(change, outcome, message, diff, began),
        }
    }

    /// Prepares that what a guard asks about is taken back whatever happens to this process: from its first change on.
    fn arm(&mut self, change: &Change) -> Result<()> {
        let host = self.sight.host;
        let Some((guarded, guard)) = self.plan.guard_over(change) else { return Ok(()) };
        let (World::Live, Some(dir)) = (host.world(), self.journal.dir()) else { return Ok(()) };
        if self.kept(guarded) {
            return Ok(());
        }
        let run = dir.file_name().unwrap_or_default().to_string_lossy();
        if !self.watched {
            Armed::disarm(dir);
        }
        Armed::new(&guarded.id, host.uptime() + at_most(change) + Duration::from_secs(guard.seconds), host)
            .write(dir)?;
        if !self.watched {
            start_watcher(&run)?;
            self.watched = true;
        }
        Ok(())
    }

    /// Waits until somebody keeps the change; else says why it is taken back.
    fn wait(&mut self, change: &Change, guard: &Guard) -> Result<Option<NotKept>> {
        let host = self.sight.host;
        let (since, seconds) = (host.uptime(), Duration::from_secs(guard.seconds));
        if let (World::Live, Some(dir)) = (host.world(), self.journal.dir()) {
            let armed = Armed::new(&change.id, since + seconds, host);
            Armed { since: Some(since), ..armed }.write(dir)?;
        }
        let per_second = 1000 / TICK.as_millis().max(1);
        for tick in 0..=u128::from(guard.seconds) * per_second {
            if self.control.is_kept(&change.id) {
                if self.is_overtaken(change) {
                    self.control.forget_kept();
                    return Ok(Some(NotKept::Overtaken));
                }
                if let Some(dir) = self.journal.dir() {
                    Armed::disarm(dir);
                }
                self.watched = false;
                self.record(Event::Kept { change: change.id.clone() })?;
                return Ok(None);
            }
            let slept = host.world() == World::Live && host.uptime() > since + seconds;
            if self.control.is_reverting() {
                return Ok(Some(NotKept::Reverted));
            }
            if slept {
                break;
            }
            if tick % per_second == 0 {
                let left = guard.seconds.saturating_sub(u64::try_from(tick / per_second).unwrap_or(u64::MAX));
                self.record(Event::Waiting { change: change.id.clone(), seconds: left })?;
            }
            pause(TICK);
        }
        Ok(Some(NotKept::Unconfirmed))
    }

    /// Whether what is confirmed was changed by somebody since it was made: a login that then succeeds proves nothing.
    fn is_overtaken(&self, change: &Change) -> bool {
        let made = |other: &&Change| other.id == change.id || self.ended(other).is_some();
        let covered = self.plan.changes.iter().filter(|other| other.step == change.step).filter(made);
        self.sight.is_overtaken(covered)
    }

    /// Keeps what is needed to take the change back.
    fn keep(&mut self, change: &Change, prepared: &Prepared) -> Result<Saved> {
        let host = self.host();
        let mut saved = self.noted(change);
        for path in change.paths() {
            let was = Was::read(host, path)?;
            saved.files.push(SavedFile { path: path.to_owned(), was, expected: prepared.leaves(path) });
        }
        if matches!(change.undo, Undo::Captured { .. }) {
            saved.captured = Some(captured::look(&change.undo, self.secrets, host)?);
        }
        if change.is_apply() {
            saved.generated = generated(self.sight.platform.configuration(), host)?;
        }
        self.journal.save(&change.id, &saved)?;
        Ok(saved)
    }

    fn perform(&mut self, change: &Change, prepared: &Prepared, saved: &Saved) -> Result<(Outcome, String)> {
        if let Some(found) = &change.found {
            captured::is_found(std::slice::from_ref(found), &change.undo, self.secrets, self.host())?;
        }
        let exit = match prepared {
            Prepared::Run(command) => self.stream(&change.id, command)?,
            Prepared::Apply(message) => return self.apply(change, message, saved),
            prepared => {
                action::put(self.sight.host, prepared)?;
                let seen = self.sight.all(change, "", saved)?;
                return Ok(match prepared {
                    Prepared::Nothing => Seen::yes(WAS_DONE).and(seen).told(),
                    _ => seen.told(),
                });
            }
        };
        let printed = exit.text() + &exit.error_text();
        let configuration = self.sight.platform.configuration();
        let reason = || match &change.action {
            // What the tool of the platform says last is seldom the reason.
            Action::Run(line) if line.program == configuration.tool() => {
                format!("{}\n{}", exit.how(), hide_in_output(&configuration.said(&printed).reason))
            }
            _ => exit.reason(),
        };
        Ok(match (exit.ok(), self.sight.all(change, &printed, saved)) {
            (true, Ok(seen)) => seen.told(),
            (true, Err(error)) => (Outcome::Failed, format!("{error:#}")),
            // A list that differs proves nothing of a command that failed: it may have differed before.
            (false, Ok(seen))
                if seen.is_whole()
                    && matches!(exit.status, Status::Code(_))
                    && !change.proofs.iter().any(Proof::unlists) =>
            {
                (Outcome::Warning, format!("{}; yet: {}", seen.told().1, reason()))
            }
            (false, Ok(seen)) if seen.has_remarks() => {
                (Outcome::Failed, format!("{}; {}", reason(), seen.told().1))
            }
            (false, _) => (Outcome::Failed, reason()),
        })
    }

    /// Runs a program and records what it prints as it does.
    pub(super) fn stream(&mut self, change: &str, command: &Command) -> Result<Exit> {
        let host = self.sight.host;
        let journal = &mut *self.journal;
        let mut told: Option<Duration> = None;
        let mut emit = |said: Told| {
            let change = change.to_owned();
            let event = match said {
                Told::Line(stream, line) => Event::Output { change, stream, line },
                Told::Progress(progress) => {
                    // A job may tell each of a million files; nobody reads faster than this.
                    let now = host.uptime();
                    let due = told.is_none_or(|told| now.saturating_sub(told) >= TELL);
                    if !due && progress.total != Some(progress.done) {
                        return;
                    }
                    told = Some(now);
                    Event::Progress { change, progress }
                }
            };
            // What a program printed may be lost when the disk is full; what was changed may not.
            let _ = journal.record(host.now(), event);
        };
        let mut lines = Lines::new(&self.redactor, &mut emit);
        let exit = action::run(host, command, &mut lines);
        lines.finish();
        exit
    }

    /// What the change left, and the difference in those files that a command touched.
    fn compare(&self, change: &Change, saved: &Saved) -> (LeftBehind, String) {
        let (mut left, mut diff) = (LeftBehind::default(), String::new());
        if saved.captured.is_some() {
            let now = captured::look(&change.undo, self.secrets, self.sight.host).ok();
            left.captured = now.map(|now| captured::sum(&now));
        }
        for file in &saved.files {
            let Ok(now) = Was::read(self.sight.host, &file.path) else { continue };
            let touched = change.touches.iter().find(|touched| touched.path == file.path);
            let shared = touched.is_some() || matches!(change.action, Action::Edit { .. });
            left.note(&file.path, &file.was, &now, shared);
            let shown = touched.is_some_and(|touched| !touched.secret);
            if let (true, Some(old), Some(new)) = (shown && now != file.was, file.was.text(), now.text()) {
                let lines = unified_in(&file.path, old, new);
                if !lines.is_empty() {
                    diff += &format!("{}\n{lines}", file.path.display());
                }
            }
        }
        if diff.len() > DIFF_LIMIT {
            let end = (0..=DIFF_LIMIT).rev().find(|at| diff.is_char_boundary(*at)).unwrap_or(0);
            diff.truncate(end);
            diff += "\n… the rest of the difference is not shown\n";
        }
        (left, diff)
    }

    pub(super) fn end(
        &mut self,
        change: &Change,
        outcome: Outcome,
        message: &str,
        diff: &str,
        began: Duration,
    ) -> Result<Outcome> {
        self.record_end(change, (outcome, message), diff, began, None)
    }

    pub(super) fn record_end(
        &mut self,
        change: &Change,
        (outcome, message): (Outcome, &str),
        diff: &str,
        began: Duration,
        not_kept: Option<NotKept>,
    ) -> Result<Outcome> {
        let took = self.host().uptime().saturating_sub(began).as_millis();
        self.record(Event::After {
            change: change.id.clone(),
            outcome,
            message: self.redactor.clean(message),
            diff: self.redactor.clean(diff),
            took: u64::try_from(took).unwrap_or(0),
            not_kept,
        })?;
        Ok(outcome)
    }
}
