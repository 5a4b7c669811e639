//! The platform's own configuration tool: what it would take along, whether it runs, how it is called and what
//! its output means. Its exit code alone says nothing: an apply returns 0 when a service failed to restart.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use super::config::DIRECTORY;
use crate::{
    executor::{Command, Executor, Quiet},
    secret::hide_values,
};

/// How long an apply may take.
pub const APPLY_LIMIT: Duration = Duration::from_secs(30 * 60);
/// It writes its process id here while it talks to services; there is no other lock (facts 2.1).
const MARKER: &str = "/run/ngcpcfg-services.running";
/// How much of a difference is shown, in bytes.
const DIFF_LIMIT: usize = 64 * 1024;
/// How many names are listed.
const FILES_LIMIT: usize = 500;

/// Changes in `/etc/ngcp-config` that nobody committed: the next apply takes them along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncommitted {
    /// Paths as git names them.
    pub files: Vec<String>,
    /// The difference, without the values of secrets, cut at a sensible size.
    pub diff: String,
}

/// What is uncommitted in the configuration tree; `None` when it is clean or under no version control.
///
/// # Errors
/// When git cannot be asked, or is at work there at this moment.
pub fn uncommitted(host: &dyn Executor) -> Result<Option<Uncommitted>> {
    let git = Path::new(DIRECTORY).join(".git");
    if !host.world().is_running() || host.metadata(&git).is_err() {
        return Ok(None);
    }
    ensure!(
        host.metadata(&git.join("index.lock")).is_err(),
        "git is at work in {DIRECTORY} (.git/index.lock is there): wait for it, or remove the file if no git runs"
    );
    let files = changed_files(&ask_git(host, &["status", "--porcelain"])?);
    if files.is_empty() {
        return Ok(None);
    }
    let diff = ask_git(host, &["diff", "--no-color", "--no-ext-diff", "HEAD"])?;
    Ok(Some(Uncommitted { files, diff: without_secrets(&diff) }))
}

/// The process id of an `ngcpcfg` that is talking to services right now.
pub fn running(host: &dyn Executor) -> Option<u32> {
    if !host.world().is_running() {
        return None;
    }
    let bytes = host.read(Path::new(MARKER)).ok()?;
    let pid: u32 = std::str::from_utf8(&bytes).ok()?.trim().parse().ok()?;
    host.metadata(&Path::new("/proc").join(pid.to_string())).is_ok().then_some(pid)
}

/// `ngcpcfg apply` with a message: without one newer releases refuse, and older ones take any.
pub fn apply_command(message: &str) -> Command {
    Command::new("ngcpcfg", ["apply", &plain_message(message)]).limit(APPLY_LIMIT)
}

/// Old releases hand the message to a shell unquoted: only letters that mean nothing to it are left.
fn plain_message(message: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || " .,:_+/-".contains(c) { c } else { ' ' };
    let words: String = message.chars().take(500).map(safe).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_start_matches('-').trim_start();
    if words.is_empty() { "ngcp-warden".to_owned() } else { words.to_owned() }
}

/// What an apply really said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Lines that report an error.
    pub errors: Vec<String>,
    /// Service scripts that failed although the apply went on.
    pub failed_scripts: Vec<String>,
}

impl Said {
    /// Whether everything went well, as far as it says.
    pub fn well(&self) -> bool {
        self.errors.is_empty() && self.failed_scripts.is_empty()
    }
}

/// Reads both streams of an apply.
pub fn said(output: &str) -> Said {
    let mut said = Said::default();
    for line in output.lines() {
        let line = without_stamp(line);
        if let Some(script) = line.split(" returned with error code").next().filter(|rest| *rest != line) {
            let script =
                script.strip_prefix("Warning:").or(script.strip_prefix("WARNING:")).unwrap_or(script);
            said.failed_scripts.push(script.trim().to_owned());
        } else if ["Error:", "ERROR:", "Error ", "error:"].iter().any(|word| line.starts_with(word)) {
            said.errors.push(line.to_owned());
        }
    }
    said
}

/// The line without `2026-11-22 11:04:28 spce: ` in front; older releases leave the host out.
pub fn without_stamp(line: &str) -> &str {
    let line = line.trim();
    let shape = |at: usize, b: u8| match at {
        4 | 7 => b == b'-',
        10 => b == b' ',
        13 | 16 => b == b':',
        _ => b.is_ascii_digit(),
    };
    let stamped = line.len() >= 19 && line.bytes().take(19).enumerate().all(|(at, b)| shape(at, b));
    if !stamped {
        return line;
    }
    let rest = line[19..].trim_start_matches([':', ' ']);
    match rest.split_once(": ") {
        // "Error: …" of an older release is no host.
        Some((host, text)) if !host.contains(' ') && !["Error", "ERROR", "Warning", "OK"].contains(&host) => {
            text.trim()
        }
        _ => rest,
    }
}

fn ask_git(host: &dyn Executor, args: &[&str]) -> Result<String> {
    let all = ["-C", DIRECTORY, "--no-optional-locks"].into_iter().chain(args.iter().copied());
    let command = Command::new("git", all).limit(Duration::from_secs(20)).reads_only();
    let mut exit = host.run(&command, &mut Quiet).context("git cannot be run")?;
    if exit.error_text().contains("--no-optional-locks") {
        // git before 2.15 does not know the option.
        let all = ["-C", DIRECTORY].into_iter().chain(args.iter().copied());
        let command = Command::new("git", all).limit(Duration::from_secs(20)).reads_only();
        exit = host.run(&command, &mut Quiet).context("git cannot be run")?;
    }
    if !exit.ok() {
        bail!("git {} in {DIRECTORY}: {}", args.first().unwrap_or(&""), exit.reason());
    }
    Ok(exit.text())
}

/// ` M config.yml`, `?? new file`, `R  old -> new`.
fn changed_files(porcelain: &str) -> Vec<String> {
    let mut files: Vec<String> = porcelain
        .lines()
        .filter_map(|line| line.get(3..))
        .map(|path| path.rsplit(" -> ").next().unwrap_or(path).trim_matches('"').to_owned())
        .filter(|path| !path.is_empty())
        .collect();
    if files.len() > FILES_LIMIT {
        let more = files.len() - FILES_LIMIT;
        files.truncate(FILES_LIMIT);
        files.push(format!("… and {more} more"));
    }
    files
}

/// The difference, with nothing of files that are secret as a whole and no value behind a key that names one.
fn without_secrets(diff: &str) -> String {
    let mut out = String::new();
    let mut secret_file = false;
    for line in diff.lines() {
        if line.starts_with("diff --git ") {
            secret_file = ["constants.yml", ".key", ".cnf", ".pem"].iter().any(|name| line.ends_with(name));
            out.push_str(if secret_file { "‹hidden› " } else { "" });
        } else if secret_file {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if out.len() > DIFF_LIMIT {
            out.push_str("… the rest is not shown\n");
            break;
        }
    }
    hide_values(&out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{
        World,
        simulated::{Answer, Simulated},
    };

    fn host() -> Simulated {
        Simulated::new().file("/etc/ngcp-config/.git/HEAD", "ref: refs/heads/master\n")
    }

    /// F42: what somebody else left is found before the first write; secrets in it stay unseen (F62).
    #[test]
    fn what_somebody_left_uncommitted_is_told_without_secrets_f42() {
        let host = host().on("git", |_, command| {
            if command.args.contains(&"status".to_owned()) {
                " M config.yml\n M constants.yml\nR  a.yml -> \"b c.yml\"\n?? templates/x.tt2\n"
            } else {
                "diff --git a/config.yml b/config.yml\n--- a/config.yml\n+++ b/config.yml\n@@ -1 +1 @@\n\
                 -  lang: de\n+  lang: en\n+    pass: '{SHA}canary'\n+  - password: canary\n\
                 +password_min_length: '12'\n\
                 diff --git a/constants.yml b/constants.yml\n--- a/constants.yml\n+++ b/constants.yml\n+  x: canary\n"
            }
        });
        let seen = uncommitted(&host).unwrap().unwrap();
        assert_eq!(seen.files, ["config.yml", "constants.yml", "b c.yml", "templates/x.tt2"]);
        assert!(seen.diff.contains("+  lang: en") && seen.diff.contains("'12'"), "{}", seen.diff);
        assert!(!seen.diff.contains("canary"), "{}", seen.diff);
    }

    #[test]
    fn a_clean_tree_and_no_tree_are_nothing() {
        assert_eq!(uncommitted(&host().on("git", |_, _| "")).unwrap(), None);
        assert_eq!(uncommitted(&Simulated::new()).unwrap(), None);
        assert_eq!(uncommitted(&host().with_world(World::Tree)).unwrap(), None);
    }

    /// F42: git that fails or works at the same time is an error, not "clean".
    #[test]
    fn a_tree_that_cannot_be_judged_is_an_error_f42() {
        assert!(uncommitted(&host()).is_err());
        let failing = host().on("git", |_, _| Answer::code(128).error("fatal: bad object"));
        assert!(format!("{:#}", uncommitted(&failing).unwrap_err()).contains("bad object"));
        let locked = host().on("git", |_, _| "").file("/etc/ngcp-config/.git/index.lock", "");
        assert!(format!("{:#}", uncommitted(&locked).unwrap_err()).contains("index.lock"));
    }

    #[test]
    fn old_git_is_asked_again_without_the_new_option() {
        let host = host().on("git", |_, command| {
            if command.args.contains(&"--no-optional-locks".to_owned()) {
                Answer::code(129).error("Unknown option: --no-optional-locks")
            } else {
                Answer::from("")
            }
        });
        assert_eq!(uncommitted(&host).unwrap(), None);
    }

    #[test]
    fn only_a_living_ngcpcfg_counts() {
        let marked = Simulated::new().file(MARKER, "4711\n");
        assert_eq!(running(&marked), None);
        assert_eq!(running(&marked.file("/proc/4711/stat", "")), Some(4711));
        assert_eq!(running(&Simulated::new().file(MARKER, "garbage")), None);
    }

    /// Facts 2.1: an apply exits 0 although a service script failed.
    #[test]
    fn exit_code_0_is_not_success_f41() {
        let output = "2026-11-22 11:04:28 spce: Executing action for /etc/ngcp-config/templates/etc/nginx/a.services\n\
            2026-11-22 11:04:29 spce: /etc/ngcp-config/templates/etc/nginx/a.services returned with error code, continuing anyway.\n\
            2026-11-22 11:04:30 spce: Warning: /x/b.services returned with error code, continuing anyway.\n";
        let told = said(output);
        assert_eq!(told.failed_scripts, ["/etc/ngcp-config/templates/etc/nginx/a.services", "/x/b.services"]);
        assert!(!told.well());
        let refused = "2026-11-22 11:04:28 spce: Error: Uncommitted configuration files found.\n";
        assert_eq!(said(refused).errors, ["Error: Uncommitted configuration files found."]);
        assert_eq!(said("2014-01-02 03:04:05: Error: old\n").errors, ["Error: old"]);
        assert!(said("2026-11-22 11:04:28 spce: OK:   nothing to commit.\n").well());
    }

    #[test]
    fn stamps_are_taken_off() {
        for (line, text) in [
            ("2026-11-22 11:04:28 spce: OK:   branch master active", "OK:   branch master active"),
            ("2014-01-02 03:04:05: OK: nothing", "OK: nothing"),
            ("2014-01-02 03:04:05 Generating /etc/x: OK", "Generating /etc/x: OK"),
            ("no stamp: here", "no stamp: here"),
            ("ä026-11-22 11:04:28 spce: x", "ä026-11-22 11:04:28 spce: x"),
        ] {
            assert_eq!(without_stamp(line), text);
        }
    }

    #[test]
    fn the_message_means_nothing_to_a_shell() {
        let args = |message| apply_command(message).args;
        assert_eq!(args("ngcp-warden: passwords, noatime"), ["apply", "ngcp-warden: passwords, noatime"]);
        assert_eq!(args("--force $(rm -rf *) `x` \n'\"ä"), ["apply", "force rm -rf x"]);
        assert_eq!(args("***"), ["apply", "ngcp-warden"]);
    }
}
