//! Programs of sip:provider CE on the sample host: `ngcpcfg` and the git tree behind it, support access, the
//! performance profile.

use std::{path::Path, time::Duration};

use super::programs::{CONFIG, NAME, slowly, usage, words};
use crate::{
    executor::{
        Command, Status,
        simulated::{Answer, Files, Simulated},
    },
    plan::unified,
    yaml,
};

const TREE: &str = "/etc/ngcp-config";
/// Stands for the last commit: copies of the files as they were committed.
const COMMITTED: &str = "/etc/ngcp-config/.git/committed";
const TRACKED: [&str; 4] = ["config.yml", "constants.yml", "maintenance.yml", "network.yml"];

const HTPASSWD: &str = "/etc/nginx/htpasswd";

/// Files that an apply renders, and the services it then tells.
const GENERATED: [&str; 4] = [
    "/etc/kamailio/lb/kamailio.cfg",
    "/etc/kamailio/proxy/kamailio.cfg",
    "/etc/ngcp-panel/ngcp_panel.conf",
    "/etc/nginx/sites-available/ngcp-panel",
];
const ACTIONS: [&str; 4] =
    ["kamailio-lb restart", "kamailio-proxy restart", "ngcp-panel restart", "nginx reload"];

/// So few processes that kamailio-proxy of this host does not restart: the low performance profile shows how a run
/// looks that did not go well.
const TOO_FEW: &str = "natping_processes: '1'";

/// The values that the performance step expects: on this host the inference is right.
const PROFILES: &str = include_str!("../../assets/profiles.yml");

#[derive(serde::Deserialize)]
struct Value {
    path: String,
    high: String,
    low: String,
}

pub(super) fn install(files: &mut Files) {
    files.directory(COMMITTED);
    files.set_owner("/etc/ngcp-config/.git", 0o700, 0, 0);
    // The part of ngcpcfg from which it is told that this release tries its templates in a folder of its own.
    let script = "--dry-run) TEMP_DIRECTORY=$(mktemp -d) OUTPUT_DIRECTORY=$TEMP_DIRECTORY ;;\n";
    files.put("/usr/share/ngcp-ngcpcfg/scripts/apply", 0o755, 0, 0, script);
    files.write(format!("{TREE}/templates{HTPASSWD}.tt2"), "[% FOREACH user IN ossbss.htpasswd %]\n");
    render_htpasswd(files);
    commit(files);
}

/// The web server's list of who may use the provisioning interfaces.
fn render_htpasswd(files: &mut Files) {
    let config: serde_yaml::Value = serde_yaml::from_str(&files.text(CONFIG)).unwrap_or_default();
    let users =
        config.get("ossbss").and_then(|ossbss| ossbss.get("htpasswd")).and_then(|users| users.as_sequence());
    let word = |user: &serde_yaml::Value, key: &str| user.get(key)?.as_str().map(str::to_owned);
    let line = |user| Some(format!("{}:{}\n", word(user, "user")?, word(user, "pass")?));
    files.write(HTPASSWD, users.into_iter().flatten().filter_map(line).collect::<String>());
}

pub(super) fn programs(host: Simulated) -> Simulated {
    host.on("git", git)
        .on("ngcp-support-access", support_access)
        .on("ngcp-toggle-performance-config", toggle_performance)
        .on("ngcpcfg", ngcpcfg)
}

fn commit(files: &mut Files) {
    for name in TRACKED {
        let now = files.text(Path::new(TREE).join(name));
        files.write(Path::new(COMMITTED).join(name), now);
    }
}

/// Tracked files that are not as committed, with both texts.
fn modified(files: &Files) -> Vec<(&'static str, String, String)> {
    let texts =
        |name| (name, files.text(Path::new(COMMITTED).join(name)), files.text(Path::new(TREE).join(name)));
    TRACKED.into_iter().map(texts).filter(|(_, old, new)| old != new).collect()
}

fn git(files: &mut Files, command: &Command) -> Answer {
    let words = words(command);
    let modified = modified(files);
    let has = |word| words.contains(&word);
    if has("status") {
        modified.iter().map(|(name, ..)| format!(" M {name}\0")).collect::<String>().into()
    } else if has("diff") {
        let one = |(name, old, new): &(&str, String, String)| {
            format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n{}", unified(old, new))
        };
        modified.iter().map(one).collect::<String>().into()
    } else if has("branch") || has("rev-parse") || has("symbolic-ref") {
        "master\n".into()
    } else {
        usage(command)
    }
}

fn ngcpcfg(files: &mut Files, command: &Command) -> Answer {
    let dirty = modified(files);
    if words(command)[..] == ["apply", "--dry-run"] {
        let lines: Vec<_> = GENERATED.iter().map(|file| (120, format!("Generating {file}: OK"))).collect();
        return stamped(files, &lines);
    }
    let words: Vec<&str> = words(command).into_iter().filter(|word| !word.starts_with("--")).collect();
    match words[..] {
        ["help"] => "Usage: ngcpcfg [<options>] <action> [<flags>]\n\nActions:\n\
            \x20 apply, build, check, clean, commit, decrypt, del, diff, encrypt, get, help, initialise, log,\n\
            \x20 pull, push, services, set, show, status\n"
            .into(),
        ["check"] => stamped(files, &[(300, "OK:   all configuration files are valid".to_owned())]),
        ["status"] => {
            let mut lines = vec![(60, "Checking state of configuration files:".to_owned())];
            if dirty.is_empty() {
                lines.push((60, "OK:   nothing to commit".to_owned()));
            } else {
                let names: Vec<_> = dirty.iter().map(|(name, ..)| format!("{TREE}/{name}")).collect();
                let names = names.join("\n                     ");
                let text = "ACTION_NEEDED: configuration files have been modified:";
                lines.push((60, format!("{text}\n                     {names}")));
            }
            for ok in ["OK:   branch master active", "OK:     nothing to build", "OK:     no reboot requested"] {
                lines.push((60, ok.to_owned()));
            }
            stamped(files, &lines)
        }
        ["apply"] if !dirty.is_empty() => {
            let ask = "Please provide commit message, like: ngcpcfg apply 'summary of your changes'";
            stamped(files, &[(0, "Error: Uncommitted configuration files found.".into()), (0, ask.into())])
                .ending(Status::Code(1))
        }
        ["apply"] => stamped(files, &[(300, "OK:   nothing to commit.".to_owned())]),
        ["apply", _] => {
            let mut lines = vec![(200, "Validating configuration files".to_owned())];
            lines.extend(GENERATED.iter().map(|file| (350, format!("Generating {file}: OK"))));
            lines.extend(ACTIONS.iter().map(|action| (700, format!("Executing action for service: {action}"))));
            if files.text(CONFIG).contains(TOO_FEW) {
                let script = format!("{TREE}/templates/etc/kamailio/proxy/kamailio.cfg.services");
                lines.push((900, format!("{script} returned with error code, continuing anyway.")));
            }
            lines.push((300, format!("Committing {} changed files", dirty.len())));
            super::system::render_sshd(files);
            super::certificates::serve(files);
            render_htpasswd(files);
            commit(files);
            super::tuning::restart(files);
            stamped(files, &lines)
        }
        _ => Answer::code(1).error("Usage: ngcpcfg [<options>] <action> [<flags>]"),
    }
}

/// Lines after their pauses in milliseconds, each with time and host name in front.
fn stamped(files: &Files, lines: &[(u64, String)]) -> Answer {
    let (mut answer, mut now) = (Answer::code(0), files.now());
    for (pause, text) in lines {
        let pause = Duration::from_millis(*pause);
        now = now.saturating_add(pause).unwrap_or(now);
        answer = answer.after(pause).line(&format!("{} {NAME}: {text}", now.strftime("%F %T")));
    }
    answer
}

/// What it changes on a real host is not known; the package is what counts.
fn support_access(_: &mut Files, command: &Command) -> Answer {
    let said = match words(command)[..] {
        ["--disable"] => "Support access successfully disabled.",
        ["--enable"] => "Support access successfully enabled.",
        _ => return usage(command),
    };
    slowly(900, [said])
}

fn toggle_performance(files: &mut Files, command: &Command) -> Answer {
    let high = match words(command)[..] {
        ["--high-performance"] => true,
        ["--low-performance"] => false,
        _ => {
            return "ngcp-toggle-performance-config - tool to adjust sip:provider configuration for low/high performance\n\n\
                \x20 --help                Display this usage information\n\
                \x20 --high-performance    Adjust configuration for system with normal/high performance\n\
                \x20 --low-performance     Adjust configuration for system with low performance (e.g. VMs)\n"
                .into();
        }
    };
    let values: Vec<Value> = serde_yaml::from_str(PROFILES).unwrap_or_default();
    let text = values.iter().fold(files.text(CONFIG), |text, value| {
        with(&text, &value.path, if high { &value.high } else { &value.low }).unwrap_or(text)
    });
    files.write(CONFIG, text);
    slowly(
        500,
        ["Adjusting /etc/ngcp-config/config.yml", "Done. Execute 'ngcpcfg apply' to activate the changes."],
    )
}

/// The text with another value at `path`; `None` when this host has no such key.
fn with(text: &str, path: &str, value: &str) -> Option<String> {
    let keys: Vec<&str> = path.split('.').collect();
    let root: serde_yaml::Value = serde_yaml::from_str(text).ok()?;
    let now = keys.iter().try_fold(&root, |node, key| node.get(key))?.as_str()?;
    yaml::edit::set(text, &keys, Some(now), value).ok()
}
