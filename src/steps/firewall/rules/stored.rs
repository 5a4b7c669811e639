//! What of our rules lies on the disk, for a restart and for the next look: where, and how it is written and read.

use std::{io, path::PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::{
    super::facts::{Backend, Wanted},
    Lasting,
    iptables::{self, Chain, Family},
    nft,
    openings::Openings,
};
use crate::{
    executor::Executor,
    plan::{CommandLine, Template},
};

/// Where all of it lies.
pub(crate) const FOLDER: &str = "/etc/ngcp-warden";
/// The unit that loads it.
pub(crate) const UNIT: &str = "ngcp-warden-firewall.service";
/// Endings of the files with rules: for nft, for iptables of IPv4 and of IPv6.
pub(crate) const ENDINGS: [&str; 3] = ["nft", "4", "6"];
const SCHEMA: u32 = 1;

/// What the rules were made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    schema: u32,
    /// What loads them.
    pub(crate) backend: Backend,
    /// What they are to do.
    pub(crate) wanted: Wanted,
}

/// The file with rules of this ending.
pub(crate) fn rules(ending: &str) -> PathBuf {
    PathBuf::from(format!("{FOLDER}/firewall.{ending}"))
}

/// The file with what they were made from.
pub(crate) fn wanted() -> PathBuf {
    PathBuf::from(format!("{FOLDER}/firewall.json"))
}

/// The content of that file.
pub(crate) fn written(backend: &Backend, wanted: &Wanted) -> String {
    let stored = Stored { schema: SCHEMA, backend: backend.clone(), wanted: wanted.clone() };
    // Plain data: it can always be written.
    serde_json::to_string_pretty(&stored).unwrap_or_default() + "\n"
}

/// What is stored; `None` when nothing is.
///
/// # Errors
/// When it cannot be read or is of another release.
pub(crate) fn read(host: &dyn Executor) -> Result<Option<Stored>> {
    let path = wanted();
    let bytes = match host.read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| path.display().to_string())?,
    };
    let found = host.metadata(&path).with_context(|| path.display().to_string())?;
    ensure!(
        found.uid == 0 && found.mode & 0o022 == 0,
        "{} can be written by others than root: it is not believed",
        path.display()
    );
    let stored: Stored = serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
    ensure!(stored.schema == SCHEMA, "{} is of another release of this program", path.display());
    Ok(Some(stored))
}

/// How stored rules are loaded, in order: each must be accepted before the first is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loading {
    /// Programs that only judge.
    pub checks: Vec<CommandLine>,
    /// Programs that load.
    pub loads: Vec<CommandLine>,
    /// What sends packets through what was loaded.
    pub jumps: Vec<Jump>,
}

/// A jump from a chain of everybody to one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// `iptables`, `ip6tables-legacy`.
    pub program: String,
    /// `filter`, `raw`.
    pub table: &'static str,
    /// The chain of everybody.
    pub from: &'static str,
    /// The chain of ours.
    pub to: &'static str,
}

impl Jump {
    /// Succeeds when it is there.
    pub fn there(&self) -> CommandLine {
        self.line(&["-C", self.from])
    }

    /// Lists the chain that it is put in.
    pub fn around(&self) -> CommandLine {
        CommandLine::new(&self.program, ["-t", self.table, "-S", self.from])
    }

    /// Puts it where it belongs in what [`Jump::around`] printed.
    pub fn put(&self, around: &str) -> CommandLine {
        self.line(&["-I", self.from, &iptables::place(around).to_string()])
    }

    fn line(&self, args: &[&str]) -> CommandLine {
        CommandLine::new(&self.program, [&["-t", self.table], args, &["-j", self.to]].concat())
    }
}

/// What is stored for a restart.
#[derive(Debug)]
pub struct StoredRules {
    /// The rules that were confirmed, made again from what they were made from; why that cannot be used.
    pub rules: Result<Loading>,
    /// Files beside it that hold something else. They are for people, and for whoever has no such program: what they
    /// say is never loaded.
    pub foreign: Vec<PathBuf>,
    /// SSH for those who were to reach it, what is established, ICMP, nothing else.
    pub last_resort: Loading,
    /// Two restarts within ten minutes delay them by five.
    pub safe_start: bool,
}

/// The rules that a restart loads; `None` when none are stored.
pub fn stored_rules(host: &dyn Executor) -> Option<StoredRules> {
    let stored = match read(host) {
        Ok(stored) => Ok(stored?),
        Err(error) => Err(error),
    };
    // The platform loads its own.
    if stored.as_ref().is_ok_and(|stored| !matches!(stored.backend, Backend::Nft | Backend::Iptables { .. }))
    {
        return None;
    }
    let safe_start = stored.as_ref().is_ok_and(|stored| stored.wanted.safe_start);
    let (rules, wanted, backend) = match stored {
        Ok(stored) => {
            let rules = made(&stored.backend, &Openings::of(&stored.wanted));
            (Ok(rules), Openings::last_resort(&stored.wanted), stored.backend)
        }
        // Whom to trust is not known any more: SSH then stays open for everybody.
        Err(error) => {
            let wanted = Wanted { ssh: vec![22], ..Wanted::default() };
            let nft = host.metadata(&rules("nft")).is_ok();
            let backend =
                if nft { Backend::Nft } else { Backend::Iptables { program: "iptables".to_owned() } };
            (Err(error), Openings::last_resort(&wanted), backend)
        }
    };
    let foreign = rules.as_ref().map_or_else(|_| Vec::new(), |rules| foreign(host, &backend, rules));
    Some(StoredRules { rules, foreign, last_resort: made(&backend, &wanted), safe_start })
}

/// Stored files whose text is not what these rules are: nobody confirmed it.
fn foreign(host: &dyn Executor, backend: &Backend, made: &Loading) -> Vec<PathBuf> {
    let endings: &[&str] = if *backend == Backend::Nft { &["nft"] } else { &["4", "6"] };
    let is_other = |path: &PathBuf, load: &CommandLine| {
        let text = host.read(path).unwrap_or_default();
        load.stdin.as_ref().is_none_or(|stdin| stdin.shown().as_bytes() != text)
    };
    let files = endings.iter().map(|ending| rules(ending)).zip(&made.loads);
    files.filter(|(path, load)| is_other(path, load)).map(|(path, _)| path).collect()
}

/// How rules are loaded that are made now.
fn made(backend: &Backend, open: &Openings) -> Loading {
    let fed = |program: &str, args: &[&str], text: &str| CommandLine {
        stdin: Some(Template::text(text)),
        ..CommandLine::new(program, args.iter().copied())
    };
    let mut loading = Loading::default();
    let Backend::Iptables { program } = backend else {
        let text = nft::text(open, Lasting::Permanent);
        loading.checks.push(fed("nft", &["-c", "-f", "-"], &text));
        loading.loads.push(fed("nft", &["-f", "-"], &text));
        return loading;
    };
    for family in Family::BOTH {
        let own = iptables::chains(open, family, Lasting::Permanent);
        let program = family.program(program);
        let restore = format!("{program}-restore");
        let text = iptables::text(&own);
        loading.checks.push(fed(&restore, &["--test", "--noflush"], &text));
        loading.loads.push(fed(&restore, &["--noflush"], &text));
        let jump = |Chain { table, name, from, .. }: &Chain| {
            Some(Jump { program: program.clone(), table, from: (*from)?, to: name })
        };
        loading.jumps.extend(own.iter().filter_map(jump));
    }
    loading
}
