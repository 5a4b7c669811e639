//! New settings of the server, put where they decide and stay: config.yml where the platform keeps them there, a
//! drop-in where sshd_config includes one, the platform's template, or sshd_config itself.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

use super::{facts::Facts, names::ABOUT, patch};
use crate::{
    executor::Attributes,
    host::sshd::{CONFIG, DROP_INS},
    ngcp::config::DIRECTORY,
    plan::{Action, Change, CommandLine, Edit, Phase, Template, Undo},
};

/// Settings this step may change, as they are written.
pub(super) const WANTED: &[&str] = &[
    "PermitRootLogin",
    "PasswordAuthentication",
    "KbdInteractiveAuthentication",
    "PermitEmptyPasswords",
    "KexAlgorithms",
    "HostKeyAlgorithms",
    "Ciphers",
    "MACs",
    "AllowTcpForwarding",
    "AllowStreamLocalForwarding",
    "AllowAgentForwarding",
    "X11Forwarding",
];
/// Our own file among those that sshd_config includes: the first one by name decides.
pub(super) const DROP_IN: &str = "00-ngcp-warden.conf";

/// A keyword and its new value.
pub(super) type Setting = (&'static str, String);

/// The changes, and why the configuration must be applied, where it must.
pub(super) struct Written {
    pub(super) changes: Vec<Change>,
    pub(super) apply: Option<String>,
    pub(super) reminders: Vec<String>,
}

pub(super) fn write(facts: &Facts, settings: &[Setting]) -> Result<Written> {
    let mut written = Written { changes: Vec::new(), apply: None, reminders: Vec::new() };
    let (yaml, rest): (Vec<&Setting>, Vec<&Setting>) =
        settings.iter().partition(|(keyword, _)| facts.writing.yaml.contains_key(*keyword));
    if !yaml.is_empty() {
        let edits = yaml.iter().map(|setting| in_yaml(facts, setting)).collect::<Result<Vec<_>>>()?;
        let path = PathBuf::from(DIRECTORY).join("config.yml");
        let action = Action::Edit { path, edits, check: None };
        written.changes.push(
            change("config", "change who may log in over SSH in config.yml", action)
                .in_phase(Phase::Configure),
        );
        written.apply = Some("SSH logins".to_owned());
    }
    if rest.is_empty() {
        return Ok(written);
    }
    let lines: Vec<String> = rest.iter().map(|(keyword, value)| format!("{keyword} {value}")).collect();
    let decided = |(keyword, _): &&Setting| facts.writing.drop_in.iter().any(|known| known == keyword);
    if rest.iter().all(decided) {
        written.changes.push(drop_in(facts, &rest, &lines));
    } else if let Some(why) = &facts.writing.patch_fixed {
        bail!("ssh: {why}; put \"{}\" first there by hand", lines.join("; "));
    } else if let Some([patch, original]) = &facts.writing.patch {
        written.changes.push(patched(patch, original, &lines)?);
        written.apply = Some("SSH logins".to_owned());
    } else if let Some((path, text, own)) = &facts.writing.template {
        written.changes.push(template(path, text, *own, &lines)?);
        written.apply = Some("SSH logins".to_owned());
        if !own {
            written.reminders.push(
                "SSH settings: the platform's template for sshd_config was copied to change it. Compare the copy with \
                 the original after every upgrade."
                    .to_owned(),
            );
        }
    } else {
        written.changes.push(direct(facts, &rest)?);
    }
    Ok(written)
}

/// Refused when what the server was started with decides: the new settings would never be in force.
pub(super) fn decided_elsewhere(facts: &Facts, settings: &[Setting]) -> Result<()> {
    for pair in facts.started.chunks_exact(2).filter(|_| !settings.is_empty()) {
        let [option, value] = pair else { continue };
        let keyword = value.split('=').next().unwrap_or_default();
        let why = match option.as_str() {
            "-f" if value != CONFIG => format!("does not read {CONFIG}"),
            "-o" if settings.iter().any(|(one, _)| one.eq_ignore_ascii_case(keyword)) => {
                format!("takes {keyword} from there only")
            }
            _ => continue,
        };
        bail!(
            "ssh: the SSH server was started with {option} {value} and {why}; take that away (SSHD_OPTS in \
             /etc/default/ssh, or its unit), restart the server, then try again"
        );
    }
    Ok(())
}

/// What Match blocks say otherwise about a setting; they are left alone.
pub(super) fn exceptions<'a>(
    facts: &'a Facts,
    (keyword, value): &'a Setting,
) -> impl Iterator<Item = &'a (String, String, String)> {
    let other =
        move |(of, is, _): &&(String, String, String)| of == keyword && !is.eq_ignore_ascii_case(value);
    facts.writing.exceptions.iter().filter(other)
}

fn change(name: &str, title: &str, action: Action) -> Change {
    Change::new(&ABOUT.id, name, title, action, Undo::Files)
}

fn in_yaml(facts: &Facts, (keyword, value): &Setting) -> Result<Edit> {
    let yaml = &facts.writing.yaml[*keyword];
    if let Some(file) = &yaml.shadow {
        bail!("{} of config.yml is overridden in {file}; change it there by hand", yaml.key.join("."));
    }
    Ok(Edit::Yaml { key: yaml.key.clone(), from: Some(yaml.now.clone()), to: Template::text(value) })
}

/// Ours as it is, with the new lines instead of older ones for the same keywords.
fn drop_in(facts: &Facts, settings: &[&Setting], lines: &[String]) -> Change {
    let keeps = |line: &&str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        !settings.iter().any(|(keyword, _)| keyword.eq_ignore_ascii_case(first))
    };
    let now = facts.writing.drop_in_now.as_deref().unwrap_or("# Settings of ngcp-warden.");
    let mut text: Vec<&str> = now.lines().filter(keeps).collect();
    text.extend(lines.iter().map(String::as_str));
    let path = Path::new(DROP_INS).join(DROP_IN);
    let title = format!("write the new settings to {}", path.display());
    let content = Template::text(text.join("\n") + "\n");
    let attributes = Attributes::Exactly { mode: 0o644, uid: 0, gid: 0, modified: None };
    change("drop-in", &title, Action::Write { path, content, attributes })
}

fn template(path: &Path, text: &str, own: bool, lines: &[String]) -> Result<Change> {
    if text.lines().next().is_none_or(|line| line.trim().is_empty()) && own {
        bail!("{} begins with an empty line; put the settings there by hand", path.display());
    }
    let target = path.with_file_name("sshd_config.customtt.tt2");
    let title = format!("put the new settings first in {}", target.display());
    let action = if own {
        let first = text.lines().next().unwrap_or_default().to_owned();
        let to = format!("{}\n{first}", lines.join("\n"));
        Action::Edit { path: target, edits: vec![Edit::line(first, to)], check: None }
    } else {
        let content = Template::text(format!("{}\n{text}", lines.join("\n")));
        let attributes = Attributes::Exactly { mode: 0o644, uid: 0, gid: 0, modified: None };
        Action::Write { path: target, content, attributes }
    };
    Ok(change("template", &title, action).in_phase(Phase::Configure))
}

/// The patch that the platform's own copy of the template is made with. The host's `patch` must take the result in the
/// way in which the platform calls it, before it is put in place.
fn patched(
    (path, patch): &(PathBuf, String),
    (template, text): &(PathBuf, String),
    lines: &[String],
) -> Result<Change> {
    let edits = patch::edits(patch, text, lines).map_err(|why| {
        anyhow!(
            "ssh: {} is not edited: {why}; put \"{}\" first in what it makes, by hand",
            path.display(),
            lines.join("; ")
        )
    })?;
    let mut args: Vec<String> =
        ["--dry-run", "-F0", "-N", "--reject-file=-", "--output=/dev/null"].map(str::to_owned).to_vec();
    args.extend(["--input={candidate}".to_owned(), template.display().to_string()]);
    let check = CommandLine::new("patch", args);
    let action = Action::Edit { path: path.clone(), edits, check: Some(check) };
    let title = format!("put the new settings first in what {} makes", path.display());
    Ok(change("template", &title, action).in_phase(Phase::Configure))
}

/// The line that decides is replaced; a new one goes to the top, where it decides whatever else is included (F20).
fn direct(facts: &Facts, settings: &[&Setting]) -> Result<Change> {
    let mut edits = Vec::new();
    let mut top = Vec::new();
    for (keyword, value) in settings {
        let line = format!("{keyword} {value}");
        match facts.writing.deciding.get(*keyword) {
            Some(old) => edits.push(Edit::line(old, line)),
            None => top.push(line),
        }
    }
    match (&facts.writing.anchor, top.is_empty()) {
        (_, true) => {}
        (Some(anchor), false) => {
            edits.insert(0, Edit::line(anchor, format!("{}\n{anchor}", top.join("\n"))));
        }
        (None, false) => {
            bail!("{CONFIG} has no line that is there once; put \"{}\" at its top by hand", top.join("; "))
        }
    }
    let check = CommandLine::new("sshd", ["-t", "-f", "{candidate}"]);
    let action = Action::Edit { path: PathBuf::from(CONFIG), edits, check: Some(check) };
    Ok(change("settings", &format!("change {CONFIG}"), action))
}
