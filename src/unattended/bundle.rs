//! The support bundle: what somebody who helps needs to see of a host, redacted by an allow-list. No saved copies of
//! files, no secrets, no names of people; how it is packed is in `archive`.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    archive::{Member, pack},
    audit,
};
use crate::{
    executor::{DryRun, Executor},
    ngcp::release::Release,
    runner::{Event, Report, Runs},
    secret::{hide_in_output, hide_values},
};

/// At most so many runs, the newest first.
const RUNS: usize = 10;
/// At most so many bytes before they are packed. A run that does not fit is left out and named.
const SIZE: usize = 16 * 1024 * 1024;

/// Keys whose values are names, times and figures of ours.
const NAMES: &[&str] = &[
    "at", "change", "ended", "event", "handbook", "id", "outcome", "phase", "run", "severity", "started",
    "status", "step", "stream", "undoes",
];
/// Keys whose values are sentences, lines of programs, or hold other keys.
const TEXTS: &[&str] = &[
    "after",
    "apply",
    "before",
    "begun",
    "changes",
    "diff",
    "evidence",
    "findings",
    "findings_after",
    "findings_before",
    "finished",
    "interrupts",
    "kept",
    "line",
    "message",
    "number",
    "opens",
    "output",
    "plan",
    "reminder",
    "reminders",
    "remedy",
    "resumed",
    "schema",
    "score",
    "score_after",
    "score_before",
    "seconds",
    "stopping",
    "title",
    "took",
    "undone",
    "waiting",
];

const README: &str = "Support bundle of ngcp-warden, for somebody who helps.

In it:
  versions.json         ngcp-warden, the platform, Debian, the kernel
  findings.json         what an audit found when this was made
  runs/RUN/plan.json    what a run was to do, with its differences
  runs/RUN/report.json  what became of it
  runs/RUN/journal.jsonl  what happened, a record a line
  MANIFEST              SHA-256 of every other file

Not in it: passwords and keys, the saved copies of files, who started a run and from where, the name of the host.
Values of configuration and of what programs printed are hidden unless they are known to be harmless; what is hidden
reads as '\u{2039}hidden\u{203a}'. Names of accounts, files and services are not hidden. Read it before you send it.
";

/// One packed file and what it is to be called.
pub struct Bundle {
    /// With the time in it: `bundle-20261124-203000.tar.zst`.
    pub name: String,
    /// The whole file.
    pub packed: Vec<u8>,
}

/// The bundle of one run, or of the newest ones. `progress` is told how many bytes of how many are packed.
///
/// # Errors
/// When there is no such run, or the host cannot be looked at.
pub fn bundle(
    host: &Arc<dyn Executor>,
    runs: &Runs,
    only: Option<&str>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Bundle> {
    let members = members(&DryRun::new(Arc::clone(host)), runs, only)?;
    let now = host.now();
    let top = format!("bundle-{}", now.strftime("%Y%m%d-%H%M%S"));
    let packed = pack(&top, &members, now.as_second(), progress)?;
    Ok(Bundle { name: format!("{top}.tar.zst"), packed })
}

fn members(host: &dyn Executor, runs: &Runs, only: Option<&str>) -> Result<Vec<Member>> {
    let wanted: Vec<String> = match only {
        Some(run) => vec![runs.find(Some(run))?],
        None => runs.names().into_iter().rev().take(RUNS).collect(),
    };
    let release = Release::read(host);
    let kernel = host.read("/proc/sys/kernel/osrelease".as_ref());
    let kernel = kernel.map_or_else(|_| "unknown".into(), |text| String::from_utf8_lossy(&text).into_owned());
    let versions = json!({
        "ngcp-warden": env!("CARGO_PKG_VERSION"),
        "release": release.version_text(),
        "edition": release.edition_text(),
        "debian": release.debian_text(),
        "kernel": kernel.trim(),
    });
    let found = redacted(&serde_json::to_value(audit(host, &[])?)?);
    let mut members =
        vec![Member::new("versions.json", pretty(&versions)?), Member::new("findings.json", pretty(&found)?)];
    let mut readme = README.to_owned();
    for run in &wanted {
        let told = of_run(runs, run);
        let full = |told: &Vec<Member>| {
            members.iter().chain(told).map(|member| member.content.len()).sum::<usize>() > SIZE
        };
        match told {
            Ok(told) if full(&told) => readme += &format!("\nRun {run} is left out: it is too large.\n"),
            Ok(told) => members.extend(told),
            Err(error) => {
                readme += &format!("\nRun {run} is left out: {}\n", hide_in_output(&format!("{error:#}")));
            }
        }
    }
    members.push(Member::new("README", readme.into_bytes()));
    let sum =
        |content: &[u8]| Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sums = members.iter().map(|member| format!("{}  {}\n", sum(&member.content), member.name));
    let manifest = sums.collect::<String>();
    members.push(Member::new("MANIFEST", manifest.into_bytes()));
    Ok(members)
}

fn of_run(runs: &Runs, run: &str) -> Result<Vec<Member>> {
    let history = runs.history(run)?;
    let mut members = Vec::new();
    let mut put = |name: &str, content| members.push(Member::new(format!("runs/{run}/{name}"), content));
    if let Some(Event::Started { plan, .. }) = history.records.first().map(|record| &record.event) {
        put("plan.json", pretty(&redacted(&serde_json::to_value(plan)?))?);
    }
    if let Some(report) = Report::of(&history.records) {
        put("report.json", pretty(&redacted(&serde_json::to_value(report)?))?);
    }
    let mut journal = Vec::new();
    for record in &history.records {
        serde_json::to_writer(&mut journal, &redacted(&serde_json::to_value(record)?))?;
        journal.push(b'\n');
    }
    put("journal.jsonl", journal);
    Ok(members)
}

fn pretty(value: &Value) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Only what is known to be of use, under keys of ours; every text with the values in it hidden.
fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = fields.iter().filter_map(|(key, value)| Some((key.clone(), field(key, value)?)));
            Value::Object(shown.collect())
        }
        Value::Array(values) => values.iter().map(redacted).collect(),
        Value::String(text) => hide_in_output(text).into(),
        plain => plain.clone(),
    }
}

fn field(key: &str, value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if key == "diff" => Some(hide_values(text).into()),
        Value::String(text) if NAMES.contains(&key) && is_name(text) => Some(text.as_str().into()),
        _ => (NAMES.contains(&key) || TEXTS.contains(&key)).then(|| redacted(value)),
    }
}

/// `20261124-3`, `passwords.root`, `2026-11-24T20:00:00Z`, `PASSWORD-ROOT-DEFAULT`.
fn is_name(text: &str) -> bool {
    text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out_and_what_is_known_has_its_values_hidden() {
        let record = json!({"number": 3, "at": "2026-11-24T20:00:00Z", "event": {"after": {
            "change": "passwords.root", "outcome": "done", "operator": "canary", "saved": "canary",
            "message": "login: password=canary", "diff": "@@ -1 +1 @@\n-dbpw: canary\n+dbpw: canary2\n",
            "undone": ["failed", "mysql -pcanary"], "action": {"write": {"content": "canary"}},
        }}});
        let shown = redacted(&record);
        assert!(!shown.to_string().contains("canary"), "{shown:#}");
        assert_eq!(shown["number"], 3);
        assert_eq!(shown["at"], "2026-11-24T20:00:00Z");
        let after = &shown["event"]["after"];
        assert_eq!((&after["change"], &after["outcome"]), (&json!("passwords.root"), &json!("done")));
        assert!(after["diff"].as_str().unwrap().contains("+dbpw: ‹hidden›"), "{shown:#}");
        assert!(after.get("action").is_none() && after.get("operator").is_none());
    }
}
