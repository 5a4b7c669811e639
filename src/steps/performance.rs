//! The high or low performance profile (handbook 15.7), set by the vendor's own tool.
//! What the tool changes is not public: what is expected is said to be inferred, what it did is shown afterwards.

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    Answers, Figure, Form,
    figure::{Bar, Bars, Table as Columns},
    form::{Choice, Field},
    size::Size,
    step::{About, TypedStep},
};
use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status, StepId},
    known::Table,
    ngcp::{
        config::{Config, DIRECTORY},
        ngcpcfg,
        release::{Release, Version},
    },
    plan::{Action, Change, Claim, CommandLine, Phase, Plan, Proof, Touched, Undo},
};

/// The step.
pub(super) struct Performance;

static ABOUT: About = About {
    id: StepId::new("performance"),
    title: "Performance profile",
    why: "The platform comes with values for a machine of its own. On a small virtual machine they waste memory; on a large host the small values make callers wait.",
    handbook: "15.7",
    settled_by: &[(MIXED, ASKED)],
};

/// Key of the question.
const ASKED: &str = "profile";
const TOOL: &str = "ngcp-toggle-performance-config";
const MIXED: &str = "PERFORMANCE-PROFILE-MIXED";
const UNREADABLE: &str = "PERFORMANCE-CONFIG-UNREADABLE";
const UNKNOWN: &str = "The performance profile is unknown";
const REMEDY: &str = "Choose a profile, or leave the values if somebody tuned them by hand.";
/// The one value that is an amount of memory by itself: the others count processes or limit each of them.
const POOL: &str = "database.bufferpoolsize";
/// What is set beside each other, and the answer that chooses each.
const COLUMNS: [&str; 3] = ["now", "low", "high"];
const ANSWERS: [&str; 3] = ["leave", "low", "high"];
/// How long the tool may take, in seconds: it may apply the configuration itself.
const LIMIT: u64 = 30 * 60;

/// One value of the two profiles, from `assets/profiles.yml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    path: String,
    high: String,
    low: String,
    since: Option<String>,
}

/// The values of both profiles.
pub(super) static PROFILES: Table<Vec<Expected>> =
    Table::new("assets/profiles.yml", include_str!("../../assets/profiles.yml"), |all| {
        let release =
            |text: &Option<String>| text.as_deref().is_none_or(|text| Version::parse(text).is_some());
        let whole = |one: &Expected| !one.path.is_empty() && one.high != one.low && release(&one.since);
        !all.is_empty() && all.iter().all(whole)
    });

/// What the profiles low and high have for a key, as inferred.
pub(super) fn profiles(path: &str, version: Option<Version>) -> Option<[&'static str; 2]> {
    let found = PROFILES.get().iter().find(|expected| expected.path == path && expected.applies(version))?;
    Some([&found.low, &found.high])
}

impl Expected {
    /// Whether a release starts with these values.
    fn applies(&self, version: Option<Version>) -> bool {
        let since = self.since.as_deref().and_then(Version::parse);
        since.is_none_or(|since| version.is_some_and(|version| version >= since))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    rows: Vec<Row>,
    /// Why the tool cannot be used here.
    no_tool: Option<String>,
    /// Of this host, in bytes; `None` when it cannot be seen.
    memory: Option<u64>,
}

/// A value of this host beside what the profiles have.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    path: String,
    now: String,
    high: String,
    low: String,
    /// A file that overrides config.yml here.
    shadow: Option<String>,
    /// It stands in config.yml, where the tool can set it.
    own: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    High,
    Low,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Profile::High => "high",
            Profile::Low => "low",
        }
    }
}

impl Row {
    fn wanted(&self, profile: Profile) -> &str {
        match profile {
            Profile::High => &self.high,
            Profile::Low => &self.low,
        }
    }

    /// One for each of [`COLUMNS`].
    fn values(&self) -> [&str; 3] {
        [&self.now, &self.low, &self.high]
    }

    fn is(&self, profile: Profile) -> bool {
        self.now.eq_ignore_ascii_case(self.wanted(profile))
    }
}

impl Facts {
    /// The profile that all values are of.
    fn profile(&self) -> Option<Profile> {
        let all = |profile| !self.rows.is_empty() && self.rows.iter().all(|row| row.is(profile));
        [Profile::High, Profile::Low].into_iter().find(|profile| all(*profile))
    }

    /// What the database keeps in memory, beside all that this host has; only where both are known.
    fn memory_bars(&self) -> Option<Figure> {
        const MB: u64 = 1024 * 1024;
        let memory = self.memory?;
        let row = self.rows.iter().find(|row| row.path == POOL)?;
        let bar = |(label, size): (&str, &str)| {
            Some(Bar {
                label: label.to_owned(),
                parts: vec![("database".to_owned(), size.parse::<Size>().ok()?.bytes() / MB)],
            })
        };
        let bars = COLUMNS.into_iter().zip(row.values()).map(bar).collect::<Option<_>>()?;
        let title = "Memory that the database keeps for itself".to_owned();
        Some(Figure::Bars(Bars {
            title,
            unit: "MB",
            limit: Some(memory / MB),
            bars,
            notes: Vec::new(),
            leads: Vec::new(),
        }))
    }

    /// What is expected to change: `kamailio.proxy.children 8 → 5`.
    fn expected(&self, to: Profile) -> Vec<String> {
        let change = |row: &Row| format!("{} {} → {}", row.path, row.now, row.wanted(to));
        self.rows.iter().filter(|row| !row.is(to)).map(change).collect()
    }
}

impl TypedStep for Performance {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let memory = host.resources().ok().map(|resources| resources.memory_total).filter(|bytes| *bytes > 0);
        let mut facts = Facts { no_tool: no_tool(host), memory, ..Facts::default() };
        let config = match Config::read(host) {
            Ok(config) => config,
            Err(error) => return Ok((unreadable(host, &format!("{error:#}")), facts)),
        };
        facts.rows = rows(&config, Release::read(host).version);
        let evidence = format!("{} files in {DIRECTORY}", config.files().len());
        let title = "The configuration can be read";
        let readable = ABOUT.finding(UNREADABLE, Severity::Low, Status::Pass, title, evidence, REMEDY);
        Ok((vec![readable, judged(&facts, ngcpcfg::waiting(host))], facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        let now = match facts.profile() {
            Some(profile) => format!("{} performance", profile.name()),
            None if facts.rows.is_empty() => "unknown".to_owned(),
            None => {
                let of = |profile| facts.rows.iter().filter(|row| row.is(profile)).count();
                format!("{} high, {} low of {}", of(Profile::High), of(Profile::Low), facts.rows.len())
            }
        };
        let mut options = vec![Choice::from(("leave", "leave", "Nothing is changed."))];
        if facts.no_tool.is_none() {
            for profile in [Profile::High, Profile::Low] {
                let effect = match (facts.profile(), facts.expected(profile).as_slice()) {
                    (Some(is), _) if is == profile => "It is so already.".to_owned(),
                    (_, []) => "What it will change is not known.".to_owned(),
                    (_, expected) => format!("Expected, inferred: {}.", expected.join(", ")),
                };
                options.push((profile.name(), format!("{} performance", profile.name()), effect).into());
            }
        }
        let note = match &facts.no_tool {
            None => format!(
                "{TOOL} makes the change. What exactly it changes is not documented: the values told here are \
                 inferred from other hosts. What it really changed is shown after the run and can be taken back. It \
                 may apply the configuration by itself."
            ),
            Some(why) => format!("The profile cannot be switched from here: {why}."),
        };
        let found = found.iter().find(|finding| finding.id == MIXED);
        let field = Field::choice(ASKED, "Profile", options, "leave")
            .about(found)
            .help("Low is for small virtual machines, high for everything else. Leave values tuned by hand.");
        let fields = vec![Field { now: Some(now), ..field }];
        Form { fields, note: Some(note), ..Form::default() }
    }

    fn preview(&self, facts: &Facts, answers: &Answers) -> Vec<Figure> {
        if facts.rows.is_empty() {
            return Vec::new();
        }
        let answer = answers.choice(ASKED).ok().flatten();
        let chosen = ANSWERS.iter().position(|one| Some(*one) == answer);
        let rows = facts.rows.iter().map(|row| (row.path.clone(), row.values().map(str::to_owned).to_vec()));
        let table = Figure::Table(Columns {
            title: "Values of this host and of the profiles, as inferred".to_owned(),
            columns: COLUMNS.map(str::to_owned).to_vec(),
            chosen,
            rows: rows.collect(),
        });
        [table].into_iter().chain(facts.memory_bars()).collect()
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        let profile = match answers.choice(ASKED)? {
            Some("high") => Profile::High,
            Some("low") => Profile::Low,
            _ => return Ok(Plan::default()),
        };
        if facts.profile() == Some(profile) {
            return Ok(Plan::default());
        }
        let mut command = CommandLine::new(TOOL, [format!("--{}-performance", profile.name())]);
        command.limit = LIMIT;
        let title = format!("switch config.yml to {} performance", profile.name());
        let path = PathBuf::from(DIRECTORY).join("config.yml");
        let own = facts.rows.iter().filter(|row| row.own);
        let values = own.map(|row| (row.path.clone(), row.wanted(profile).to_owned())).collect();
        let change = Change {
            touches: vec![Touched::new(&path)],
            interrupts: Some("the tool may restart services by itself".to_owned()),
            ..Change::new(&ABOUT.id, "profile", title, Action::Run(command), Undo::Files)
                .in_phase(Phase::Configure)
                .proven([Proof::Finding(UNREADABLE.to_owned()), Proof::Claim(Claim::Values { path, values })])
        };
        // The tool edits config.yml only.
        let elsewhere = facts.rows.iter().filter(|row| row.shadow.is_some() && !row.is(profile));
        let elsewhere: Vec<String> = elsewhere
            .map(|row| {
                let place = row.shadow.as_deref().unwrap_or_default();
                format!("{} stays {}: {place} decides it, which {TOOL} does not edit.", row.path, row.now)
            })
            .collect();
        Ok(Plan {
            changes: vec![change],
            apply: vec![format!("{} performance profile", profile.name())],
            partial: !elsewhere.is_empty(),
            reminders: elsewhere,
            ..Plan::default()
        })
    }
}

fn rows(config: &Config, version: Option<Version>) -> Vec<Row> {
    PROFILES
        .get()
        .iter()
        .filter(|expected| expected.applies(version))
        .filter_map(|expected| {
            let keys: Vec<&str> = expected.path.split('.').collect();
            Some(Row {
                path: expected.path.clone(),
                now: config.value(&keys)?.text,
                high: expected.high.clone(),
                low: expected.low.clone(),
                shadow: config.shadow(&keys).map(|place| place.to_string()),
                own: config.main(&keys).is_some(),
            })
        })
        .collect()
}

/// Why the tool cannot be used.
fn no_tool(host: &dyn Executor) -> Option<String> {
    if !host.world().is_running() {
        Some("this is a directory tree, the tool needs the running host".to_owned())
    } else if host.find_program(TOOL).is_none() {
        Some(format!("{TOOL} is not installed on this host"))
    } else {
        None
    }
}

/// `waiting`: what is not in force yet, though the files have it.
fn judged(facts: &Facts, waiting: Option<String>) -> Finding {
    let total = facts.rows.len();
    let shadowed: String = facts
        .rows
        .iter()
        .filter_map(|row| Some(format!("; {} is decided by {}", row.path, row.shadow.as_ref()?)))
        .collect();
    let (status, title, evidence) = match facts.profile() {
        Some(profile) if let Some(waiting) = waiting => (
            Status::Unknown,
            UNKNOWN.to_owned(),
            format!("{total} of {total} values are those of {}; {waiting}{shadowed}", profile.name()),
        ),
        Some(profile) => (
            Status::Pass,
            format!("The performance values are those of the {} profile", profile.name()),
            format!("{total} of {total} values match what is inferred for it{shadowed}"),
        ),
        None if facts.rows.is_empty() => (
            Status::Unknown,
            UNKNOWN.to_owned(),
            "config.yml has none of the values that tell the profiles apart".to_owned(),
        ),
        None => {
            let nearer = [Profile::Low, Profile::High]
                .into_iter()
                .max_by_key(|profile| facts.rows.iter().filter(|row| row.is(*profile)).count())
                .unwrap_or(Profile::High);
            let odd = facts.rows.iter().filter(|row| !row.is(nearer));
            let odd: Vec<String> = odd.map(|row| format!("{} {}", row.path, row.now)).collect();
            let evidence = format!(
                "{} of {total} values are not what is inferred for {}, the nearer one: {}{shadowed}",
                odd.len(),
                nearer.name(),
                odd.join(", ")
            );
            (Status::Fail, "The performance values are of no one profile".to_owned(), evidence)
        }
    };
    ABOUT.finding(MIXED, Severity::Info, status, title, evidence, REMEDY)
}

/// The findings of a host whose configuration cannot be read.
fn unreadable(host: &dyn Executor, reason: &str) -> Vec<Finding> {
    let there = host.metadata(format!("{DIRECTORY}/config.yml").as_ref()).is_ok();
    let status = if there { Status::Fail } else { Status::NotApplicable };
    let (title, remedy) =
        ("The configuration cannot be read", "Fix the file by hand: nothing can be applied before.");
    vec![
        ABOUT.finding(UNREADABLE, Severity::Low, status, title, reason, remedy),
        ABOUT.finding(MIXED, Severity::Info, Status::Unknown, UNKNOWN, reason, REMEDY),
    ]
}

#[cfg(test)]
mod tests;
