//! A program of the host as a plan names it: shown, approved and run word for word, without a secret in it.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::{executor::Command, secret::Secrets};

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

    /// What is fed on standard input, for people, where it has several lines; a single one stands in the command line.
    pub fn long_input(&self) -> Option<String> {
        self.stdin.as_ref().map(Template::shown).filter(|input| input.lines().nth(1).is_some())
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
    /// As one would type it; what is fed on standard input stands behind it, of several lines how many.
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
        match (self.long_input(), &self.stdin) {
            (Some(input), _) => write!(f, "  < ‹{} lines›", input.lines().count()),
            (None, Some(input)) => write!(f, "  < {}", input.shown().trim_end()),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Secret, SecretForm};

    #[test]
    fn input_of_several_lines_is_counted_in_a_line_and_a_single_one_is_shown() {
        let mut line = CommandLine::new("nft", ["-f", "-"]);
        line.stdin = Some(Template::text("table inet x {\n}\n"));
        assert_eq!(line.to_string(), "nft -f -  < ‹2 lines›");
        assert_eq!(line.long_input().as_deref(), Some("table inet x {\n}\n"));
        line.stdin = Some(Template::text("root:").secret("root", SecretForm::Verbatim).and("\n"));
        assert_eq!((line.to_string(), line.long_input()), ("nft -f -  < root:‹root›".to_owned(), None));
    }

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
