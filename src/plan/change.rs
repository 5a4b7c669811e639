//! One change of the host: what it does, how it is seen done, how it is taken back.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::{
    executor::{Attributes, Command},
    finding::StepId,
    secret::Secrets,
};

/// One change. Each has its own line in the review, in the run and in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Unique in the plan: `passwords.root`.
    pub id: String,
    /// Whose.
    pub step: StepId,
    /// For people, in the infinitive: "set the password of root".
    pub title: String,
    /// What is done.
    pub action: Action,
    /// Files a command is known to rewrite: saved before it runs, their difference told after it.
    pub touches: Vec<Touched>,
    /// All must be seen afterwards, else the change failed whatever it returned.
    pub proofs: Vec<Proof>,
    /// How it is taken back.
    pub undo: Undo,
    /// For one that restores what [`Undo::Captured`] captured: what must be captured before it; anything when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Left>,
    /// What callers or operators notice while it happens; `None` when nobody does.
    pub interrupts: Option<String>,
    /// Set when it could cut the operator off: it and what its step did before it.
    pub guard: Option<Guard>,
    /// What the operator must do elsewhere as long as it stands.
    #[serde(default)]
    pub reminder: Option<String>,
    /// For the review: a unified diff of a file edit, filled in when the plan is assembled.
    pub diff: String,
}

impl Change {
    /// A change nobody notices, without proofs; `name` is unique in the step.
    pub fn new(step: &StepId, name: &str, title: impl Into<String>, action: Action, undo: Undo) -> Self {
        Change {
            id: format!("{step}.{name}"),
            step: step.clone(),
            title: title.into(),
            action,
            touches: Vec::new(),
            proofs: Vec::new(),
            undo,
            found: None,
            interrupts: None,
            guard: None,
            reminder: None,
            diff: String::new(),
        }
    }

    /// Names of the secrets its action needs.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let templates: Vec<&Template> = match &self.action {
            Action::Edit { edits, .. } => edits
                .iter()
                .filter_map(|edit| match edit {
                    Edit::Yaml { to, .. } => Some(to),
                    Edit::Line { to, .. } => to.as_ref(),
                })
                .collect(),
            Action::Write { content, .. } => vec![content],
            Action::Restore { to, .. } => to.iter().map(|(content, _)| content).collect(),
            Action::Run(command) => command.stdin.iter().chain(&command.credentials).collect(),
            Action::Remove { .. } | Action::Apply { .. } => Vec::new(),
        };
        templates.into_iter().flat_map(Template::names)
    }

    /// The same change, seen done by these proofs.
    #[must_use]
    pub fn proven(mut self, proofs: impl IntoIterator<Item = Proof>) -> Self {
        self.proofs.extend(proofs);
        self
    }
}

/// What a change does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Edits an existing text file; refused when what it expects is no longer there.
    Edit {
        /// The file.
        path: PathBuf,
        /// In order.
        edits: Vec<Edit>,
        /// A program of the host that must accept the new content before it is put in place: `{candidate}` in
        /// its arguments becomes the path of a private copy. It is run on a copy of the old content too: a
        /// candidate it rejects is taken all the same when the old content is rejected in the same words
        /// (path apart), for then the edit made nothing worse (`findmnt --verify` fails on any unplugged disk).
        check: Option<CommandLine>,
    },
    /// Writes a whole file, new or not.
    Write {
        /// The file.
        path: PathBuf,
        /// Its content.
        content: Template,
        /// Owner and mode.
        attributes: Attributes,
    },
    /// Removes a file.
    Remove {
        /// The file.
        path: PathBuf,
    },
    /// Puts a file back as an earlier run found it; refused when somebody else changed it since.
    Restore {
        /// The file.
        path: PathBuf,
        /// What the earlier run left there.
        left: Left,
        /// Its bytes (a secret's name: they may hold passwords), owner, mode and time; `None` when it was not there.
        to: Option<(Template, Attributes)>,
    },
    /// Runs a program.
    Run(CommandLine),
    /// `ngcpcfg apply` with this message, once, for all steps.
    Apply {
        /// What changed.
        message: String,
    },
}

/// What must be at a path before it is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// Nothing.
    Absent,
    /// A file with this SHA-256, in hexadecimal.
    File(String),
    /// Whatever: the operator saw it and wants it overwritten.
    Anything,
}

/// One edit of a text file. Every byte outside it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Sets one value in a YAML file.
    Yaml {
        /// Keys from the root; a number picks an item of a list.
        key: Vec<String>,
        /// The value now, as text; `None` when the key is not there.
        from: Option<String>,
        /// The new value.
        to: Template,
    },
    /// Replaces the one line that reads exactly so, without its line end (`\n` or `\r\n`), which stays; refused when
    /// no line or more than one reads so. Removes every line that reads so.
    Line {
        /// The line now; `None` appends.
        from: Option<String>,
        /// The new line; `None` removes it.
        to: Option<Template>,
    },
}

impl Edit {
    /// Replaces a line by another.
    pub fn line(from: impl Into<String>, to: impl Into<String>) -> Self {
        Edit::Line { from: Some(from.into()), to: Some(Template::text(to)) }
    }
}

/// A program as it will be run, word for word; secrets only in its input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// Bare program name.
    pub program: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Standard input.
    pub stdin: Option<Template>,
    /// A private file in memory: `{credentials}` in an argument becomes its path.
    pub credentials: Option<Template>,
    /// Additional environment.
    pub env: Vec<(String, String)>,
    /// Time limit in seconds.
    pub limit: u64,
}

impl CommandLine {
    /// A command with the default limit of 30 seconds.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(program: &str, args: I) -> Self {
        CommandLine {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            stdin: None,
            credentials: None,
            env: Vec::new(),
            limit: 30,
        }
    }

    /// A command that its owner runs, with nobody else's rights: whatever links that owner makes meanwhile, nothing of
    /// others can be reached (F63).
    pub fn as_owner<'a>(uid: u32, gid: u32, words: impl IntoIterator<Item = &'a str>) -> Self {
        let owner = [
            format!("--reuid={uid}"),
            format!("--regid={gid}"),
            "--clear-groups".to_owned(),
            "--".to_owned(),
        ];
        CommandLine::new("setpriv", owner.into_iter().chain(words.into_iter().map(str::to_owned)))
    }

    /// The command with its secrets filled in, ready to run.
    ///
    /// # Errors
    /// When a secret is missing or cannot be written in the form asked for.
    pub fn resolve(&self, secrets: &Secrets) -> Result<Command> {
        let fill = |template: &Option<Template>| template.as_ref().map(|t| t.fill(secrets)).transpose();
        let mut command =
            Command::new(&self.program, self.args.iter().cloned()).limit(Duration::from_secs(self.limit));
        command.stdin = fill(&self.stdin)?;
        command.credentials = fill(&self.credentials)?;
        command.env.clone_from(&self.env);
        Ok(command)
    }
}

impl std::fmt::Display for CommandLine {
    /// As one would type it; what is fed on standard input stands behind it as `< ‹…›`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.program)?;
        for arg in &self.args {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+{}".contains(c);
            if !arg.is_empty() && arg.chars().all(plain) {
                write!(f, " {arg}")?;
            } else {
                write!(f, " '{}'", arg.replace('\'', "'\\''"))?;
            }
        }
        if let Some(input) = &self.stdin {
            write!(f, "  < {}", input.shown().trim_end())?;
        }
        Ok(())
    }
}

/// A file that a command rewrites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The file.
    pub path: PathBuf,
    /// Its content may not be shown (password hashes).
    pub secret: bool,
}

/// How a change is seen done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The command printed this.
    Printed(String),
    /// The hash of `account` in `/etc/shadow` is that of the secret named `password`.
    Password {
        /// Account name.
        account: String,
        /// Name of the secret.
        password: String,
    },
    /// The command prints a `saltedpass` of the panel, and the secret named `password` opens it.
    WebPassword {
        /// The command.
        command: CommandLine,
        /// Name of the secret.
        password: String,
    },
    /// `/proc/self/mountinfo` shows `target` with `option`.
    Mounted {
        /// Mount point.
        target: PathBuf,
        /// Option such as `noatime`.
        option: String,
    },
    /// The command exits 0 and its output, trimmed, is `prints`.
    Answers {
        /// The command.
        command: CommandLine,
        /// Its whole output.
        prints: String,
    },
    /// The step's own inspection afterwards says `pass` for this finding.
    Finding(String),
    /// For an apply: a file that it made, and that held `gone` before, holds this now, and none holds `gone`.
    InForce {
        /// For people: "password of ngcpsoap".
        what: String,
        /// What must be in such a file.
        holds: Template,
        /// What stood there before; no secret, for everybody knows it.
        gone: String,
    },
    /// These values of a YAML file, one of `touches`, were set, and but for values it is the file it was: a plain one
    /// of the same owner and mode, with every key it had.
    Values {
        /// The file.
        path: PathBuf,
        /// Keys with dots between, and what each is to be.
        values: Vec<(String, String)>,
    },
    /// What its [`Undo::Captured`] captures is what the secret of this name holds.
    Restored(String),
    /// What these proved, of a change that is taken back, is so no longer.
    NoLonger(Vec<Proof>),
    /// The services that ran before the change still run.
    Services,
    /// The SSH server started itself again and listens, which it does to read its settings.
    Reread,
}

/// How a change is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// The files it changed (and `touches`) are put back byte for byte, with owner, mode and time.
    Files,
    /// This command is run.
    Run(CommandLine),
    /// `capture` runs before the change; what it printed, kept owner-only, is the input of `restore`.
    Captured {
        /// Read-only; prints the input of `restore`.
        capture: CommandLine,
        /// Takes the change back.
        restore: CommandLine,
    },
    /// The same action once more, after everything else was taken back (`ngcpcfg apply`).
    Again,
    /// There is nothing to take back (a check, a reload).
    Nothing,
    /// It cannot be taken back; said in the review.
    Impossible(String),
}

/// Marks the last of a step's changes that could cut the operator off: all of them are restored on silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Seconds until it is taken back unless confirmed from a new connection.
    pub seconds: u64,
    /// What could be cut: "SSH logins".
    pub what: String,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done, and seen done.
    Done,
    /// It was so already.
    Unchanged,
    /// Done, but something is to be looked at.
    Warning,
    /// Not done, or not seen done.
    Failed,
    /// Not tried.
    Skipped,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Secret, SecretForm};

    #[test]
    fn a_command_line_is_resolved_with_its_secrets_only_in_input_and_credentials() {
        let mut line = CommandLine::new("mysql", ["--defaults-extra-file={credentials}"]);
        line.stdin = Some(Template::text("root:").secret("root", SecretForm::Verbatim));
        line.credentials = Some(Template::default().secret("db", SecretForm::Verbatim));
        line.limit = 5;
        let mut secrets = Secrets::default();
        secrets.insert("root", Secret::new("canary-1"));
        assert!(line.resolve(&secrets).is_err(), "one secret is missing");
        secrets.insert("db", Secret::new("canary-2"));
        let command = line.resolve(&secrets).unwrap();
        assert_eq!(command.stdin.as_ref().unwrap().expose(), b"root:canary-1");
        assert_eq!(command.credentials.as_ref().unwrap().expose(), b"canary-2");
        assert_eq!(command.limit, Duration::from_secs(5));
        assert!(!format!("{command:?}").contains("canary"), "F62");
    }
}
