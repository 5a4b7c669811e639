//! The platform's own configuration tool: what it would take along, whether it can run, how it is called and what
//! its output means.

mod generated;
mod processes;
mod said;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::config::DIRECTORY;
use crate::{
    executor::{Command, Executor, Kind, Quiet},
    secret::{hide_values, sha256},
};

pub use generated::{UNFINISHED, generated, is_made, template_error};
pub use processes::running;
pub use said::{Said, reason, said};

/// Where the tool keeps the script behind `apply`.
const APPLY_SCRIPT: &str = "/usr/share/ngcp-ngcpcfg/scripts/apply";
/// How much of a difference is shown, in bytes.
const DIFF_LIMIT: usize = 64 * 1024;
/// More files than this are not compared one by one.
const FILES_LIMIT: usize = 2000;

/// Changes in `/etc/ngcp-config` that nobody committed: the next apply takes them along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncommitted {
    /// Paths as git names them, and the SHA-256 of what lies there now in hexadecimal; `None` where nothing does.
    pub files: BTreeMap<String, Option<String>>,
    /// The difference, without the values of secrets, cut at a sensible size.
    pub diff: String,
}

/// Why the tool cannot be run; `None` when it can, or when this is no running host.
pub fn cannot_run(host: &dyn Executor) -> Option<String> {
    if !host.world().is_running() {
        return None;
    }
    let Some(path) = host.find_program("ngcpcfg") else {
        return Some("ngcpcfg is not on this host, or is no program that can be started".to_owned());
    };
    let about = match host.metadata(&path) {
        Ok(about) => about,
        Err(error) => return Some(format!("{} cannot be looked at: {error}", path.display())),
    };
    match about.kind {
        // Where it points is judged by whoever starts it.
        Kind::Link => None,
        Kind::File if about.mode & 0o111 == 0 => {
            Some(format!("{} may not be executed (mode {:04o})", path.display(), about.mode))
        }
        Kind::File if about.uid != 0 || about.mode & 0o022 != 0 => Some(format!(
            "{} can be changed by others than root (owner {}, mode {:04o})",
            path.display(),
            about.uid,
            about.mode
        )),
        Kind::File => None,
        Kind::Directory | Kind::Other => Some(format!("{} is no regular file", path.display())),
    }
}

/// Whether `apply --dry-run` builds into a folder of its own and changes nothing. Asked of the script itself: before
/// mr13.5 the same words really build, or are taken for a commit message (PLATFORM.md 3.3).
pub fn can_rehearse(host: &dyn Executor) -> bool {
    let script = host.read(Path::new(APPLY_SCRIPT)).unwrap_or_default();
    let script = String::from_utf8_lossy(&script);
    ["--dry-run", "TEMP_DIRECTORY=$(mktemp", "OUTPUT_DIRECTORY=$TEMP_DIRECTORY"]
        .iter()
        .all(|words| script.contains(words))
}

/// What is uncommitted in the configuration tree; `None` when it is clean or under no version control.
///
/// # Errors
/// As [`uncommitted_files`].
pub fn uncommitted(host: &dyn Executor) -> Result<Option<Uncommitted>> {
    let files = uncommitted_files(host)?;
    if files.is_empty() {
        return Ok(None);
    }
    let diff = ask_git(host, &["diff", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD"])?;
    Ok(Some(Uncommitted { files, diff: without_secrets(&diff) }))
}

/// Only which files that are, and the SHA-256 of what lies there now.
///
/// # Errors
/// When git cannot be asked, or is at work there at this moment.
pub fn uncommitted_files(host: &dyn Executor) -> Result<BTreeMap<String, Option<String>>> {
    let git = Path::new(DIRECTORY).join(".git");
    if !host.world().is_running() || host.metadata(&git).is_err() {
        return Ok(BTreeMap::new());
    }
    ensure!(
        host.metadata(&git.join("index.lock")).is_err(),
        "git is at work in {DIRECTORY} (.git/index.lock is there): wait for it, or remove the file if no git runs"
    );
    let listed = ask_git(host, &["status", "--porcelain", "-z", "--untracked-files=all"])?;
    let mut names = changed_files(&listed);
    // What the tool makes itself is nobody's work, also where a failed apply left it.
    names.retain(|name| !is_made(host, name));
    ensure!(
        names.len() <= FILES_LIMIT,
        "{} files in {DIRECTORY} are uncommitted, more than can be looked at; commit or remove them first",
        names.len()
    );
    Ok(names.into_iter().map(|name| (name.clone(), digest_of(host, &name))).collect())
}

/// What waits for an apply, in words: "config.yml was changed and not applied"; `None` when nothing does.
pub fn waiting(host: &dyn Executor) -> Option<String> {
    match uncommitted_files(host) {
        Ok(files) if files.is_empty() => None,
        Ok(files) => {
            let names = files.into_keys().collect::<Vec<_>>().join(", ");
            Some(format!("{names} was changed and not applied"))
        }
        Err(error) => Some(format!("whether {DIRECTORY} waits for an apply is not known ({error:#})")),
    }
}

/// What lies at a path of the tree, in few bytes; something for whatever is no regular file, too.
fn digest_of(host: &dyn Executor, name: &str) -> Option<String> {
    let path: PathBuf = Path::new(DIRECTORY).join(name);
    let about = host.metadata(&path).ok()?;
    Some(match about.kind {
        Kind::File => {
            host.read(&path).map_or_else(|error| format!("unreadable: {error}"), |bytes| sha256(&bytes))
        }
        Kind::Link => host.read_link(&path).map_or_else(
            |error| format!("unreadable: {error}"),
            |target| format!("link to {}", target.display()),
        ),
        Kind::Directory => "folder".to_owned(),
        Kind::Other => "no regular file".to_owned(),
    })
}

/// `ngcpcfg apply` with a message: without one newer releases refuse, and older ones take any.
pub fn apply_command(message: &str) -> Command {
    Command::new("ngcpcfg", ["apply", &plain_message(message)])
}

/// Old releases hand the message to a shell unquoted: only letters that mean nothing to it are left.
fn plain_message(message: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || " .,:_+/-".contains(c) { c } else { ' ' };
    let words: String = message.chars().take(500).map(safe).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_start_matches('-').trim_start();
    if words.is_empty() { "ngcp-warden".to_owned() } else { words.to_owned() }
}

/// Nothing that the tree's own settings name is run: no monitor, no hook, no pager, no other diff.
const SAFE: [&str; 7] =
    ["--no-pager", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false"];

fn ask_git(host: &dyn Executor, args: &[&str]) -> Result<String> {
    let ask = |more: &[&str]| {
        let all = SAFE.iter().chain(&["-C", DIRECTORY]).chain(more).chain(args).copied();
        let command = Command::new("git", all).limit(Duration::from_secs(20)).reads_only();
        host.run(&command, &mut Quiet).context("git cannot be run")
    };
    let mut exit = ask(&["--no-optional-locks"])?;
    if exit.error_text().contains("--no-optional-locks") {
        // git before 2.15 does not know the option.
        exit = ask(&[])?;
    }
    if !exit.ok() {
        bail!("git {} in {DIRECTORY}: {}", args.first().unwrap_or(&""), exit.reason());
    }
    Ok(exit.text())
}

/// ` M config.yml`, `?? new file`, `R  new`, `old`, each with a NUL behind it.
fn changed_files(porcelain: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut entries = porcelain.split('\0');
    while let Some(entry) = entries.next() {
        let (Some(state), Some(path)) = (entry.get(..2), entry.get(3..)) else { continue };
        files.push(path.to_owned());
        if state.contains(['R', 'C']) {
            files.extend(entries.next().map(str::to_owned));
        }
    }
    files.retain(|path| !path.is_empty());
    files
}

/// The difference: which files and lines, and of what is in them only what is known to be harmless; nothing of files
/// that are secret as a whole.
fn without_secrets(diff: &str) -> String {
    let mut out = String::new();
    let mut secret_file = false;
    for line in diff.lines() {
        if line.starts_with("diff --git ") {
            secret_file = ["constants.yml", ".key", ".cnf", ".pem"].iter().any(|name| line.ends_with(name));
        } else if secret_file && !line.starts_with("@@ ") {
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
        let host = host().file("/etc/ngcp-config/config.yml", "").on("git", |_, command| {
            if command.args.contains(&"status".to_owned()) {
                " M config.yml\0 M constants.yml\0R  b c.yml\0a.yml\0?? templates/x.tt2\0"
            } else {
                "diff --git a/config.yml b/config.yml\n--- a/config.yml\n+++ b/config.yml\n@@ -1 +1 @@\n\
                 -  lang: de\n+  lang: en\n+    pass: '{SHA}canary'\n+  - password: canary\n\
                 +password_min_length: '12'\n\
                 diff --git a/constants.yml b/constants.yml\n--- a/constants.yml\n+++ b/constants.yml\n+  x: canary\n"
            }
        });
        let seen = uncommitted(&host).unwrap().unwrap();
        let names: Vec<&str> = seen.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.yml", "b c.yml", "config.yml", "constants.yml", "templates/x.tt2"]);
        assert_eq!(seen.files["a.yml"], None, "it has another name now");
        assert_ne!(seen.files["config.yml"], None);
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
    fn a_tool_that_cannot_be_started_is_found_before_it_is_needed() {
        assert!(cannot_run(&Simulated::new()).unwrap().contains("not on this host"));
        assert_eq!(cannot_run(&Simulated::new().with_world(World::Tree)), None);
        assert_eq!(cannot_run(&host().on("ngcpcfg", |_, _| "")), None);
    }

    /// PLATFORM.md 3.3: before mr13.5 `apply --dry-run` really builds.
    #[test]
    fn only_a_script_that_builds_elsewhere_is_rehearsed() {
        let with = |text: &str| Simulated::new().file(APPLY_SCRIPT, text);
        assert!(!can_rehearse(&Simulated::new()));
        assert!(!can_rehearse(&with("case $1 in *--dry-run*) services_args+=( --dry-run ) ;;")));
        let newer =
            "*--dry-run*)\n TEMP_DIRECTORY=$(mktemp -d -t x.XXX)\n OUTPUT_DIRECTORY=$TEMP_DIRECTORY\n";
        assert!(can_rehearse(&with(newer)));
    }

    #[test]
    fn the_message_means_nothing_to_a_shell() {
        let args = |message| apply_command(message).args;
        assert_eq!(args("ngcp-warden: passwords, noatime"), ["apply", "ngcp-warden: passwords, noatime"]);
        assert_eq!(args("--force $(rm -rf *) `x` \n'\"ä"), ["apply", "force rm -rf x"]);
        assert_eq!(args("***"), ["apply", "ngcp-warden"]);
    }
}
