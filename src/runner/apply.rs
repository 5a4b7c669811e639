//! The one apply of a run: whose work lies in the configuration tree, what was made of it, and how all of that is
//! taken back without believing the tool that does it.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use super::{Event, Saved, SavedFile, Was, action, journal::pause, proof, run::Runner};
use crate::{
    executor::{Command, Executor, Kind, Quiet, READ_LIMIT, Stream, World},
    ngcp::{config, ngcpcfg, services},
    plan::{Action, Change, Left, Outcome, Phase, Proof, Template},
    secret::hide_in_output,
};

/// Seconds that another `ngcpcfg` is waited for.
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
}

impl Runner<'_> {
    /// Before the first change: an apply can be done, nobody else does one, and nothing lies in the tree that nobody
    /// has approved.
    pub(super) fn clear_to_start(&mut self) -> Result<()> {
        let plan = self.plan;
        let configuring = |change: &&Change| matches!(change.phase, Phase::Configure | Phase::Apply);
        let Some(first) = plan.changes.iter().find(configuring) else { return Ok(()) };
        if let Some(why) = plan.changes.iter().find(|one| is_apply(one)).and(ngcpcfg::cannot_run(self.host()))
        {
            bail!("the configuration cannot be applied: {why}");
        }
        self.alone(&first.id)?;
        self.only_ours()
    }

    /// Refuses to go on where an apply would bring somebody else's work into force. Contents are compared, not names.
    pub(super) fn only_ours(&self) -> Result<()> {
        let theirs = self.open()?.theirs;
        ensure!(theirs.is_empty(), "{}", not_ours(&theirs));
        Ok(())
    }

    fn open(&self) -> Result<Open> {
        let host = self.host();
        let mut open = Open::default();
        let seen = ngcpcfg::uncommitted_files(host)
            .with_context(|| format!("what is uncommitted in {} could not be seen", config::DIRECTORY))?;
        for (file, now) in seen {
            let path = Path::new(config::DIRECTORY).join(&file);
            let left = now.as_ref().map_or(Left::Absent, |sum| Left::File(sum.clone()));
            let approved = self.plan.foreign.as_ref().and_then(|foreign| foreign.states.get(&file));
            if approved == Some(&now) {
                continue;
            }
            match self.left.get(&path).is_some_and(|ours| ours.contains(&left)) || self.unsure.contains(&path)
            {
                true => open.ours.push(file),
                false => open.theirs.push(file),
            }
        }
        Ok(open)
    }

    /// Waits until no other `ngcpcfg` is at work: two at once overtake each other.
    pub(super) fn alone(&mut self, change: &str) -> Result<()> {
        let host = self.sight.host;
        let mut left = if host.world() == World::Live { OTHER_APPLY } else { 0 };
        while let Some(pid) = ngcpcfg::running(host) {
            ensure!(left > 0, "another ngcpcfg (process {pid}) is at work; run this again when it is done");
            if left == OTHER_APPLY {
                let line = format!("another ngcpcfg (process {pid}) is at work; waiting for it");
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
        let printed = self.run_apply(&change.id, message)?;
        let open = self.open()?.ours;
        ensure!(
            open.is_empty(),
            "ngcpcfg apply ended well, but did not commit {}: another apply would find it undecided",
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
        let (_, mut seen) = self.sight.all(change, &printed, &saved.services)?.told();
        let said = ngcpcfg::said(&printed);
        let mut remarks: Vec<String> = Vec::new();
        for proof in &change.proofs {
            let Proof::InForce { what, holds, gone } = proof else { continue };
            match self.in_force(holds, gone, saved)? {
                Some(path) => seen += &format!(", {what} seen in {path}"),
                None => remarks.push(format!("nobody knows whether the {what} is in force: no file made from a template held the old one")),
            }
        }
        if !said.failed_scripts.is_empty() {
            remarks.push(format!("these did not restart well: {}", said.failed_scripts.join(", ")));
        }
        remarks.extend(said.errors.iter().map(|line| hide_in_output(line)));
        remarks
            .extend(broken.iter().map(|(path, _, error)| format!("{path} was broken before, too: {error}")));
        Ok(match remarks.is_empty() {
            true => (Outcome::Done, seen),
            false => (Outcome::Warning, [&remarks[..], &[seen]].concat().join("; ")),
        })
    }

    fn run_apply(&mut self, change: &str, message: &str) -> Result<String> {
        let exit = self.stream(change, &ngcpcfg::apply_command(message))?;
        let printed = exit.text() + &exit.error_text();
        self.executed.extend(ngcpcfg::said(&printed).executed);
        match exit.ok() {
            true => Ok(printed),
            false => bail!("ngcpcfg apply: {}\n{}", exit.how(), hide_in_output(&ngcpcfg::reason(&printed))),
        }
    }

    /// The file that holds the new value in place of the old one; `None` when no generated file held the old one.
    fn in_force(&self, holds: &Template, gone: &str, saved: &Saved) -> Result<Option<String>> {
        // A run that goes on no longer knows a password that was set before it was cut off.
        let holds = holds.fill(self.secrets).ok();
        let has = |bytes: &[u8], word: &[u8]| {
            !word.is_empty() && bytes.windows(word.len()).any(|part| part == word)
        };
        let held = |file: &&SavedFile| file.was.bytes().is_some_and(|bytes| has(bytes, gone.as_bytes()));
        let mut found = None;
        for file in saved.generated.iter().filter(held) {
            let path = file.path.display().to_string();
            let now = Was::read(self.sight.host, &file.path)?;
            let bytes = now.bytes().unwrap_or_default();
            ensure!(
                !has(bytes, gone.as_bytes()),
                "{path} still holds what was to go: the new value is not in force"
            );
            ensure!(
                holds.as_ref().is_none_or(|holds| has(bytes, holds.expose())),
                "{path} does not hold the new value: it is not in force"
            );
            found = found.or(Some(path));
        }
        Ok(found)
    }

    /// Generated files that hold a template's error: path, whether this apply made it so, the error.
    fn broken(&self, saved: &Saved) -> Vec<(String, bool, String)> {
        let look = |file: &SavedFile| {
            let now = Was::read(self.sight.host, &file.path).ok()?;
            let error = hide_in_output(&ngcpcfg::template_error(now.bytes()?)?);
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
    /// new one was committed, which lets it tell the services, and only where the tree holds nobody else's work.
    pub(super) fn unapply(
        &mut self,
        apply: &Change,
        message: &str,
        saved: &Saved,
        back: Result<usize>,
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
        match self.apply_old(apply, message) {
            Ok(words) => told.push(words),
            Err(error) => {
                // It may have done its work and failed after it: what is there counts.
                let back = self.is_back(saved);
                outcome = if back && outcome == Outcome::Done { Outcome::Warning } else { Outcome::Failed };
                let words = if back { "the old configuration is in place, yet: " } else { "" };
                told.push(format!("{words}{error:#}"));
            }
        }
        let down = self.start_again(&saved.services);
        if !down.is_empty() {
            outcome = Outcome::Failed;
            told.push(format!("NOT running, but ran before: {}; start them by hand", down.join(", ")));
        }
        // The SSH server was told by us, and looked at.
        let unaware: Vec<String> = before
            .difference(&self.executed)
            .filter(|script| !script.contains("/etc/ssh/"))
            .cloned()
            .collect();
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
        let host = self.host();
        let git = Path::new(config::DIRECTORY).join(".git");
        if host.metadata(&git).is_ok() {
            let open = self.open()?;
            if open.ours.is_empty() {
                return Ok("the new configuration was never committed; the old one is in place".to_owned());
            }
            ensure!(
                open.theirs.is_empty(),
                "the old files are back in {}, but not applied: {}; then run ngcpcfg apply",
                config::DIRECTORY,
                not_ours(&open.theirs)
            );
        }
        self.alone(&apply.id)?;
        self.run_apply(&apply.id, message)?;
        Ok("the old configuration was applied again".to_owned())
    }

    /// Runs a reload and looks whether the server read its files; where the usual way fails, the server itself is told.
    pub(super) fn tell_daemon(&mut self, change: &Change, command: &Command) -> Result<String> {
        let watched = change.proofs.contains(&Proof::Reread);
        let before = if watched { proof::sockets(self.host()) } else { BTreeSet::new() };
        let told = self.must(change, command);
        if before.is_empty() {
            return told.map(|()| format!("ran again: {}", command.program));
        }
        if let (Err(_), Some(command)) = (&told, proof::hang_up(self.host())) {
            self.must(change, &command)?;
        }
        self.sight.reread(&before)
    }

    /// Whether nothing of ours is uncommitted any more and every generated file is as it was.
    fn is_back(&self, saved: &Saved) -> bool {
        let same = |file: &SavedFile| {
            Was::read(self.sight.host, &file.path).is_ok_and(|now| now.left() == file.was.left())
        };
        self.host().metadata(&Path::new(config::DIRECTORY).join(".git")).is_ok()
            && self.open().is_ok_and(|open| open.ours.is_empty())
            && saved.generated.iter().all(same)
    }

    /// Starts the services that ran before the apply and do not now; names of those that still do not run.
    fn start_again(&mut self, ran: &BTreeSet<String>) -> Vec<String> {
        let host = self.host();
        let before: Vec<(String, Option<bool>)> = ran.iter().map(|name| (name.clone(), Some(true))).collect();
        let lost = self.sight.lost(ran);
        for name in &lost {
            // Whether it helped is looked at below.
            let _ =
                services::start_command(host, name).map(|command| action::run(host, &command, &mut Quiet));
        }
        match lost.is_empty() {
            true => lost,
            false => services::lost(&before, &services::look(host)),
        }
    }
}

/// Whether it is the apply.
pub(super) fn is_apply(change: &Change) -> bool {
    matches!(change.action, Action::Apply { .. })
}

fn not_ours(files: &[String]) -> String {
    format!(
        "somebody else's change lies in {}: {}; look at it ('git -C {0} diff'), commit it or take it back",
        config::DIRECTORY,
        files.join(", ")
    )
}

/// The files that an apply is going to make, as they are now. Whatever is no regular file is left out; behind a link
/// it is the file it points to that the tool writes.
pub(super) fn generated(host: &dyn Executor) -> Result<Vec<SavedFile>> {
    let mut kept: Vec<SavedFile> = Vec::new();
    let mut size = 0;
    for path in ngcpcfg::generated(host).context("the templates cannot be listed")? {
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
