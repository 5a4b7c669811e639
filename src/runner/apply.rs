//! The one apply of a run: whose work lies in the configuration tree, what was made of it, and how all of that is
//! taken back without believing the tool that does it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::{
    Configuration, Event, Saved, SavedFile, Seen, Was, journal::pause, orphan::at_most, run::Runner,
};
use crate::{
    executor::{Command, Executor, Kind, READ_LIMIT, Stream, World},
    plan::{Change, Left, Outcome, Phase},
    secret::hide_in_output,
};

/// Seconds that another apply is waited for.
const OTHER_APPLY: u32 = 120;
/// More than this is not kept of all generated files together.
const GENERATED_LIMIT: u64 = 4 * READ_LIMIT;

/// What is uncommitted in the configuration tree, without what was approved and what the tool makes itself.
#[derive(Default)]
struct Open {
    /// Left there by this run.
    ours: Vec<String>,
    /// Left there by somebody else.
    theirs: Vec<String>,
    /// Nothing is ever committed there.
    unversioned: bool,
}

impl<'a> Runner<'a> {
    /// Before the first change: an apply can be done, nobody else does one, and nothing lies in the tree that nobody
    /// has approved.
    pub(super) fn clear_to_start(&mut self) -> Result<()> {
        let plan = self.plan;
        let configuring = |change: &&Change| matches!(change.phase, Phase::Configure | Phase::Apply);
        let Some(first) = plan.changes.iter().find(configuring) else { return Ok(()) };
        let applies = plan.changes.iter().any(Change::is_apply);
        if let Some(why) = self.configuration().cannot_apply(self.host()).filter(|_| applies) {
            bail!("the configuration cannot be applied: {why}");
        }
        self.alone(&first.id)?;
        self.only_ours()
    }

    /// Refuses to go on where an apply would bring somebody else's work into force. Contents are compared, not names.
    pub(super) fn only_ours(&self) -> Result<()> {
        let theirs = self.open()?.theirs;
        ensure!(theirs.is_empty(), "{}", self.not_ours(&theirs));
        Ok(())
    }

    fn open(&self) -> Result<Open> {
        let host = self.host();
        let mut open = Open::default();
        let tree = self.configuration().tree();
        let seen = self.configuration().uncommitted(host);
        let seen =
            seen.with_context(|| format!("what is uncommitted in {} could not be seen", tree.display()))?;
        open.unversioned = seen.is_none();
        for (file, now) in seen.unwrap_or_default() {
            let path = tree.join(&file);
            let left = now.as_ref().map_or(Left::Absent, |sum| Left::File(sum.clone()));
            let approved = self.plan.foreign.as_ref().and_then(|foreign| foreign.states.get(&file));
            if approved == Some(&now) {
                continue;
            }
            let left_here = self.left.get(&path).is_some_and(|ours| ours.contains(&left));
            // An undo finds there what the run left that it takes back, when that was never applied.
            let goes_back = || self.plan.changes.iter().any(|change| change.puts_back(&path, &left));
            match left_here || self.unsure.contains(&path) || goes_back() {
                true => open.ours.push(file),
                false => open.theirs.push(file),
            }
        }
        Ok(open)
    }

    /// Waits until nobody else applies: two at once overtake each other.
    pub(super) fn alone(&mut self, change: &str) -> Result<()> {
        let (host, configuration) = (self.sight.host, self.configuration());
        let tool = configuration.tool();
        let mut left = if host.world() == World::Live { OTHER_APPLY } else { 0 };
        while let Some(pid) = configuration.at_work(host) {
            ensure!(left > 0, "another {tool} (process {pid}) is at work; run this again when it is done");
            if left == OTHER_APPLY {
                let line = format!("another {tool} (process {pid}) is at work; waiting for it");
                self.record(Event::Output { change: change.to_owned(), stream: Stream::Out, line })?;
            }
            left -= 1;
            pause(Duration::from_secs(1));
        }
        Ok(())
    }

    /// The apply, and what it made of the files.
    pub(super) fn apply(
        &mut self,
        change: &Change,
        message: &str,
        saved: &Saved,
    ) -> Result<(Outcome, String)> {
        self.alone(&change.id)?;
        self.only_ours()?;
        let printed = self.run_apply(change, message)?;
        let open = self.open()?.ours;
        ensure!(
            open.is_empty(),
            "{} apply ended well, but did not commit {}: another apply would find it undecided",
            self.configuration().tool(),
            open.join(", ")
        );
        let broken = self.broken(saved);
        let new = broken.iter().filter(|(_, is_new, _)| *is_new);
        let new: Vec<String> = new.map(|(path, _, error)| format!("{path}: {error}")).collect();
        ensure!(
            new.is_empty(),
            "these files hold a template's error in place of their content:\n{}",
            new.join("\n")
        );
        let seen = self.sight.all(change, &printed, saved).or_else(|error| {
            // An apply that was cut off told services of what it did not commit everywhere: to this one, which brings
            // the old files back, they look as if nothing had changed, and it tells nobody.
            ensure!(self.takes_back(), error);
            change.noted().for_each(|claim| drop(self.sight.mend(claim, saved)));
            self.sight.all(change, &printed, saved)
        })?;
        let said = self.configuration().said(&printed).remarks.into_iter().map(|line| hide_in_output(&line));
        let old = broken.iter().map(|(path, _, error)| format!("{path} was broken before, too: {error}"));
        Ok(said.chain(old).map(Seen::but).fold(seen, Seen::and).told())
    }

    fn run_apply(&mut self, change: &Change, message: &str) -> Result<String> {
        let configuration = self.configuration();
        let exit = self.stream(&change.id, &configuration.apply(message).limit(at_most(change)))?;
        let printed = exit.text() + &exit.error_text();
        let said = configuration.said(&printed);
        self.executed.extend(said.executed);
        match exit.ok() {
            true => Ok(printed),
            false => {
                bail!("{} apply: {}\n{}", configuration.tool(), exit.how(), hide_in_output(&said.reason))
            }
        }
    }

    /// Generated files that hold a template's error: path, whether this apply made it so, the error.
    fn broken(&self, saved: &Saved) -> Vec<(String, bool, String)> {
        let look = |file: &SavedFile| {
            let now = Was::read(self.sight.host, &file.path).ok()?;
            let error = hide_in_output(&self.configuration().error_in(now.bytes()?)?);
            Some((file.path.display().to_string(), now.left() != file.was.left(), error))
        };
        saved.generated.iter().filter_map(look).collect()
    }

    /// Puts the files that the apply made back as they were, with no help of the platform's tool; whatever reads them
    /// is told afterwards. Says how many.
    pub(super) fn put_generated_back(&self, saved: &Saved) -> Result<usize> {
        let (mut back, mut failed) = (0, Vec::new());
        for file in &saved.generated {
            match file.was.put_back(self.sight.host, &file.path) {
                Ok(changed) => back += usize::from(changed),
                Err(error) => failed.push(format!("{error:#}")),
            }
        }
        ensure!(failed.is_empty(), "{}", failed.join("; "));
        Ok(back)
    }

    /// Brings the old configuration back into force, after its files are back: with the platform's tool where the
    /// new one was committed, which lets it tell the services, and only where the tree holds nobody else's work and
    /// nothing of the new one: `stuck` are the changes of it that could not be taken back.
    pub(super) fn unapply(
        &mut self,
        apply: &Change,
        message: &str,
        saved: &Saved,
        back: Result<usize>,
        stuck: &[&str],
    ) -> (Outcome, String) {
        let before = self.executed.clone();
        let mut told = Vec::new();
        let mut outcome = Outcome::Done;
        match back {
            Ok(0) => {}
            Ok(n) => told.push(format!("{n} generated files put back")),
            Err(error) => {
                outcome = Outcome::Failed;
                told.push(format!("generated files could not be put back: {error:#}"));
            }
        }
        self.executed.clear();
        let applied = match stuck {
            [] => self.apply_old(apply, message),
            _ => {
                let tree = self.configuration().tree().display();
                Err(anyhow!("not applied, for this still stands in {tree}: {}", stuck.join(", ")))
            }
        };
        match applied {
            Ok(words) => told.push(words),
            Err(error) => {
                // It may have done its work and failed after it: what is there counts.
                let back = stuck.is_empty() && self.is_back(saved);
                outcome = if back && outcome == Outcome::Done { Outcome::Warning } else { Outcome::Failed };
                let words = if back { "the old configuration is in place, yet: " } else { "" };
                told.push(format!("{words}{error:#}"));
            }
        }
        let mut told_again = Vec::new();
        for claim in apply.noted() {
            // What is not so already is helped at once: nobody waits for a daemon that was not told.
            let seen = self.sight.look(claim, saved).or_else(|_| {
                told_again.extend(self.sight.mend(claim, saved));
                self.sight.judge(claim, saved)
            });
            if let Err(error) = seen {
                outcome = Outcome::Failed;
                told.push(format!("{error:#}; see to it by hand"));
            }
        }
        let still = |script: &&String| !self.configuration().is_told(self.host(), script, &told_again);
        let unaware: Vec<String> = before.difference(&self.executed).filter(still).cloned().collect();
        if !unaware.is_empty() {
            if outcome == Outcome::Done {
                outcome = Outcome::Warning;
            }
            told.push(format!(
                "whatever these scripts restarted may still run with the new configuration, restart it: {}",
                unaware.join(", ")
            ));
        }
        (outcome, told.join("; "))
    }

    fn apply_old(&mut self, apply: &Change, message: &str) -> Result<String> {
        let open = self.open()?;
        if !open.unversioned {
            if open.ours.is_empty() {
                return Ok("the new configuration was never committed; the old one is in place".to_owned());
            }
            ensure!(
                open.theirs.is_empty(),
                "the old files are back in {}, but not applied: {}; then run {} apply",
                self.configuration().tree().display(),
                self.not_ours(&open.theirs),
                self.configuration().tool()
            );
        }
        self.alone(&apply.id)?;
        self.run_apply(apply, message)?;
        Ok("the old configuration was applied again".to_owned())
    }

    /// Runs a reload and looks whether the daemon read its files; where the usual way fails, the daemon itself is told.
    pub(super) fn tell_daemon(&mut self, change: &Change, command: &Command) -> Result<String> {
        let before = self.noted(change);
        let told = self.must(change, command);
        let Some(claim) = change.noted().next().filter(|_| !before.noted.is_empty()) else {
            return told.map(|()| format!("ran again: {}", command.program));
        };
        if told.is_err() {
            self.sight.mend(claim, &before);
        }
        Ok(self.sight.judge(claim, &before)?.told().1)
    }

    /// What is noted before a change that is seen by comparing.
    pub(super) fn noted(&self, change: &Change) -> Saved {
        let noted = change.noted().flat_map(|claim| self.sight.platform.note(claim, self.host()));
        Saved { noted: noted.collect(), ..Saved::default() }
    }

    /// Whether nothing of ours is uncommitted any more and every generated file is as it was.
    fn is_back(&self, saved: &Saved) -> bool {
        let same = |file: &SavedFile| {
            Was::read(self.sight.host, &file.path).is_ok_and(|now| now.left() == file.was.left())
        };
        self.open().is_ok_and(|open| !open.unversioned && open.ours.is_empty())
            && saved.generated.iter().all(same)
    }

    fn configuration(&self) -> &'a dyn Configuration {
        self.sight.platform.configuration()
    }

    fn not_ours(&self, files: &[String]) -> String {
        format!(
            "somebody else's change lies in {}: {}; look at it ('git -C {0} diff'), commit it or take it back",
            self.configuration().tree().display(),
            files.join(", ")
        )
    }
}

/// The files that an apply is going to make, as they are now. Whatever is no regular file is left out; behind a link
/// it is the file it points to that the tool writes.
pub(super) fn generated(configuration: &dyn Configuration, host: &dyn Executor) -> Result<Vec<SavedFile>> {
    let mut kept: Vec<SavedFile> = Vec::new();
    let mut size = 0;
    for path in configuration.generated(host).context("the templates cannot be listed")? {
        let path = match host.metadata(&path).map(|about| about.kind) {
            Ok(Kind::Link) => match host.read_link(&path) {
                Ok(target) => path.parent().unwrap_or(&path).join(target),
                Err(_) => continue,
            },
            _ => path,
        };
        let Ok(was) = Was::read(host, &path) else { continue };
        size += was.bytes().map_or(0, |bytes| bytes.len() as u64);
        ensure!(size <= GENERATED_LIMIT, "the generated files are larger than can be kept together");
        if !kept.iter().any(|other| other.path == path) {
            kept.push(SavedFile { path, was, expected: None });
        }
    }
    Ok(kept)
}
