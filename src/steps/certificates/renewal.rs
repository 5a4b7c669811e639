//! How the program of the host that renews a certificate is told to call this one afterwards: by a hook of certbot, by the
//! configuration of acme.sh.

use std::path::{Path, PathBuf};

use super::{
    facts::{Call, Facts, Renewed},
    files,
    names::ABOUT,
};
use crate::{
    executor::{Attributes, Executor},
    host::certificates::{CERTBOT_HOOKS, Lineage, Tool, lineages, reload_line},
    plan::{Action, Change, CommandLine, Edit, Phase, Plan, Template, Undo},
};

/// Where this program lies on a host that keeps it.
const PROGRAM: &str = "/usr/local/sbin/ngcp-warden";
/// Its name among the hooks of certbot.
const HOOK: &str = "ngcp-warden";

/// What is renewed on this host.
pub(super) fn look(host: &dyn Executor) -> Vec<Renewed> {
    let call = |lineage: &Lineage| match lineage.tool {
        Tool::Certbot => {
            let there = host.read(&hook()).is_ok_and(|bytes| bytes == script().as_bytes());
            let runs = host.metadata(&hook()).is_ok_and(|at| at.mode & 0o100 != 0);
            match there && runs {
                true => Call::There,
                false => Call::Hook { folder: host.metadata(Path::new(CERTBOT_HOOKS)).is_ok() },
            }
        }
        Tool::AcmeSh => {
            let text = host.read(&lineage.config).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let line = match text {
                None => Err("it cannot be read".to_owned()),
                Some(text) => command(&lineage.folder).and_then(|command| reload_line(&text, &command)),
            };
            match line {
                Ok(None) => Call::There,
                Ok(Some((from, to))) => Call::Line { from, to },
                Err(why) => Call::Unknown(why),
            }
        }
    };
    lineages(host).into_iter().map(|lineage| Renewed { call: call(&lineage), lineage }).collect()
}

fn hook() -> PathBuf {
    Path::new(CERTBOT_HOOKS).join(HOOK)
}

/// Whether certbot calls it from its timer, from cron or by hand, it says which lineage it renewed.
fn script() -> String {
    format!(
        "#!/bin/sh\n{}called by certbot after a renewal; brings it to the services that use it\n\
         exec {PROGRAM} certificates deploy \"$RENEWED_LINEAGE\"\n",
        files::MARK
    )
}

/// As a shell reads it.
fn command(folder: &Path) -> Result<String, String> {
    let folder = folder.to_str().filter(|text| !text.contains(['\'', '\n']));
    let folder = folder.ok_or("its folder has a name that no shell takes")?;
    Ok(format!("{PROGRAM} certificates deploy '{folder}'"))
}

/// Renewals of the lineage come here from now on.
pub(super) fn plan(facts: &Facts, renewed: &Renewed, plan: &mut Plan) {
    let Renewed { lineage, call } = renewed;
    let id = match lineage.tool {
        Tool::Certbot => "certbot".to_owned(),
        Tool::AcmeSh => format!("acme-sh-{}", files::plain(&lineage.folder.display().to_string())),
    };
    if plan.changes.iter().any(|change| change.id == format!("{}.{id}-hook", ABOUT.id)) {
        return;
    }
    let change = |what: &str, title: String, action, undo| {
        Change::new(&ABOUT.id, &format!("{id}-{what}"), title, action, undo).in_phase(Phase::After)
    };
    match call {
        Call::There => {}
        Call::Unknown(why) => {
            plan.partial = true;
            plan.reminders.push(format!(
                "{}: renewals do not come here by themselves, for {} {why}. Have '{}' run after each.",
                lineage.name,
                lineage.config.display(),
                command(&lineage.folder).unwrap_or_else(|_| format!("{PROGRAM} certificates deploy"))
            ));
        }
        Call::Hook { folder } => {
            if !folder {
                let make = CommandLine::new("install", ["-d", "-m", "0755", CERTBOT_HOOKS]);
                let back = CommandLine::new("rmdir", ["--ignore-fail-on-non-empty", CERTBOT_HOOKS]);
                let title = format!("make {CERTBOT_HOOKS}");
                plan.changes.push(change("folder", title, Action::Run(make), Undo::Run(back)));
            }
            let write = Action::Write {
                path: hook(),
                content: Template::text(script()),
                attributes: Attributes::Exactly { mode: 0o755, uid: 0, gid: 0, modified: None },
            };
            let title = "have certbot bring its renewals to the services".to_owned();
            plan.changes.push(change("hook", title, write, Undo::Files));
        }
        Call::Line { from, to } => {
            let edits = vec![Edit::Line { from: from.clone(), to: Some(Template::text(to)) }];
            let edit = Action::Edit { path: lineage.config.clone(), edits, check: None };
            let title = format!("have acme.sh bring renewals of {} to the services", lineage.name);
            plan.changes.push(change("hook", title, edit, Undo::Files));
        }
    }
    if *call != Call::There && !facts.has_program {
        plan.reminders.push(format!("Renewals call {PROGRAM}: install this program there."));
    }
}

/// Whether this program lies where the hooks look for it.
pub(super) fn has_program(host: &dyn Executor) -> bool {
    host.metadata(Path::new(PROGRAM)).is_ok()
}
