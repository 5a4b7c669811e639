//! Support access as the packages have it: which one is installed, which one can be, and the handbook's commands.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::names::{ABOUT, id};
use crate::{
    executor::{Command, Executor, Quiet},
    finding::{Finding, Severity, Status, one_line},
    host::packages::Packages,
    plan::{Action, Change, CommandLine, Proof, Undo},
};

const ACCESS: &str = "ngcp-support-access";
const NOACCESS: &str = "ngcp-support-noaccess";
/// Installing may wait for the network and for another apt.
const INSTALL_LIMIT: u64 = 600;

/// What the packages say and allow.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Support {
    state: Switch,
    /// Why it cannot be switched off the handbook's way; `None` when it can or is off.
    pub(super) cannot_disable: Option<String>,
    /// Why it cannot be switched on; `None` when it can or is on.
    pub(super) cannot_enable: Option<String>,
}

/// The panel's own rule (PLATFORM.md 4.1): one package means on, the other off, neither means undetermined.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Switch {
    On,
    Off,
    #[default]
    Undetermined,
}

/// What the packages say. apt is not asked for it: that takes seconds.
pub(super) struct Said {
    pub(super) finding: Finding,
    state: Switch,
    /// dpkg's records; else why they cannot be read.
    packages: Result<Packages, String>,
}

pub(super) fn look(host: &dyn Executor) -> Said {
    let remedy =
        "Switch it off as the handbook says, on every node of a cluster, and look for the success line.";
    let packages = match Packages::read(host) {
        Ok(packages) => packages,
        Err(e) => {
            let why = format!("{e:#}");
            let title = "Could not determine whether Sipwise can log in";
            let finding = ABOUT.finding(id::ENABLED, Severity::High, Status::Unknown, title, &why, remedy);
            return Said { finding, state: Switch::Undetermined, packages: Err(why) };
        }
    };
    let installed = |name: &str| {
        let version = packages.get(name).map_or("", |package| package.version.as_str());
        one_line(&format!("package {name} {version} is installed"))
    };
    let (state, status, title, evidence) = if packages.installed(ACCESS) {
        (Switch::On, Status::Fail, "Sipwise can log in to this host", installed(ACCESS))
    } else if packages.installed(NOACCESS) {
        (Switch::Off, Status::Pass, "Sipwise's support access is off", installed(NOACCESS))
    } else {
        let evidence = format!("neither {ACCESS} nor {NOACCESS} is installed");
        (Switch::Undetermined, Status::Unknown, "Could not determine whether Sipwise can log in", evidence)
    };
    let finding = ABOUT.finding(id::ENABLED, Severity::High, status, title, evidence, remedy);
    Said { finding, state, packages: Ok(packages) }
}

/// What can be done about it, by apt's own simulation.
pub(super) fn support(host: &dyn Executor, said: &Said) -> Support {
    let state = said.state;
    let packages = match &said.packages {
        Ok(packages) => packages,
        Err(why) => {
            return Support { state, cannot_disable: Some(why.clone()), cannot_enable: Some(why.clone()) };
        }
    };
    let obstacle = |package: &str, other: &str| {
        if !host.world().is_running() {
            return Some("this host does not run, so its packages cannot be changed".to_owned());
        }
        if packages.interrupted {
            return Some("dpkg was interrupted; run \"dpkg --configure -a\" first".to_owned());
        }
        unavailable(host, package, other)
    };
    let script_missing = || {
        let missing = state == Switch::On && host.find_program(ACCESS).is_none();
        missing.then(|| format!("the program {ACCESS} is not on this host"))
    };
    Support {
        state,
        cannot_disable: (state != Switch::Off)
            .then(|| script_missing().or_else(|| obstacle(NOACCESS, ACCESS)))
            .flatten(),
        cannot_enable: (state != Switch::On).then(|| obstacle(ACCESS, NOACCESS)).flatten(),
    }
}

/// Why `package` cannot be installed, by apt's own simulation; it may remove nothing but `other`.
fn unavailable(host: &dyn Executor, package: &str, other: &str) -> Option<String> {
    // The caches stay in memory: looking writes nothing.
    let in_memory = ["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="];
    let mut command = Command::new("apt-get", ["--simulate"].into_iter().chain(in_memory).chain(INSTALL));
    command.args.push(package.to_owned());
    command.env = noninteractive();
    let exit = match host.run(&command.limit(Duration::from_secs(30)).reads_only(), &mut Quiet) {
        Ok(exit) => exit,
        Err(e) => return Some(format!("apt could not be asked: {e}")),
    };
    if !exit.ok() {
        return Some(one_line(&format!("apt cannot install {package} ({})", exit.reason())));
    }
    let said = exit.text();
    let removed = said.lines().filter_map(|line| line.strip_prefix("Remv ")?.split_whitespace().next());
    let others: Vec<&str> = removed.filter(|name| name.split(':').next() != Some(other)).collect();
    (!others.is_empty())
        .then(|| one_line(&format!("installing {package} would also remove {}", others.join(", "))))
}

/// Never asks, keeps the operator's files, waits a minute for another apt.
const INSTALL: [&str; 6] =
    ["install", "--yes", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=60"];

fn noninteractive() -> Vec<(String, String)> {
    vec![("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned())]
}

fn install(package: &str) -> CommandLine {
    let mut line = CommandLine::new("apt-get", INSTALL.into_iter().chain([package]));
    line.env = noninteractive();
    line.limit = INSTALL_LIMIT;
    line
}

fn purge(package: &str) -> CommandLine {
    let mut line = CommandLine::new("apt-get", ["purge", "--yes", "-o", "DPkg::Lock::Timeout=60", package]);
    line.env = noninteractive();
    line.limit = INSTALL_LIMIT;
    line
}

fn switch(how: &str) -> CommandLine {
    let mut line = CommandLine::new(ACCESS, [how]);
    line.limit = 120;
    line
}

impl Support {
    /// The handbook's order: the command while its package is still there, then the package that keeps it off.
    pub(super) fn disable(&self) -> Vec<Change> {
        let command = Change::new(
            &ABOUT.id,
            "disable",
            "switch support access off",
            Action::Run(switch("--disable")),
            Undo::Run(switch("--enable")),
        )
        .proven([Proof::Printed("Support access successfully disabled.".to_owned())]);
        let package = Change::new(
            &ABOUT.id,
            "noaccess",
            format!("install {NOACCESS}, which replaces {ACCESS}"),
            Action::Run(install(NOACCESS)),
            Undo::Run(if self.state == Switch::On { install(ACCESS) } else { purge(NOACCESS) }),
        )
        .proven([Proof::Finding(id::ENABLED.to_owned())]);
        match self.state {
            Switch::On => vec![command, package],
            Switch::Undetermined => vec![package],
            Switch::Off => Vec::new(),
        }
    }

    /// The handbook's order: the package brings the command.
    pub(super) fn enable(&self) -> Vec<Change> {
        if self.state == Switch::On {
            return Vec::new();
        }
        let status = CommandLine::new("dpkg-query", ["--show", "--showformat=${Status}", ACCESS]);
        vec![
            Change::new(
                &ABOUT.id,
                "access",
                format!("install {ACCESS}, which replaces {NOACCESS}"),
                Action::Run(install(ACCESS)),
                Undo::Run(if self.state == Switch::Off { install(NOACCESS) } else { purge(ACCESS) }),
            )
            .proven([Proof::Answers { command: status, prints: "install ok installed".to_owned() }]),
            Change::new(
                &ABOUT.id,
                "enable",
                "switch support access on",
                Action::Run(switch("--enable")),
                Undo::Run(switch("--disable")),
            )
            .proven([Proof::Printed("Support access successfully enabled.".to_owned())])
            .opening("Sipwise's staff can log in over SSH"),
        ]
    }
}
