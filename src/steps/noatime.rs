//! noatime on / and /ngcp-data (handbook 15.7): first the running mount, then, if that accepted it, /etc/fstab.
//! btrfs and bind entries are left alone with a word.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{
    Answers, Form,
    form::Field,
    step::{About, TypedStep},
};
use crate::{
    executor::{self, Executor},
    finding::{Finding, Severity, Status, StepId},
    host::{
        fstab::{Entry, Fstab},
        mounts::{self, Mount},
    },
    plan::{Action, Change, Claim, CommandLine, Edit, Plan, Proof, Undo},
};

/// The step.
pub(super) struct Noatime;

static ABOUT: About = About {
    id: StepId::new("noatime"),
    title: "Disk access times",
    why: "Reading a file makes the disk write its access time. With relatime that is once a day and after each change. noatime saves these writes, which helps when disk I/O is the bottleneck.",
    handbook: "15.7",
    settled_by: &[(ROOT, ASKED), (NGCP_DATA, ASKED)],
};

/// Key of the question.
const ASKED: &str = "noatime";
const FSTAB: &str = "/etc/fstab";
const ROOT: &str = "MOUNT-ATIME";
const NGCP_DATA: &str = "MOUNT-ATIME-NGCP-DATA";
/// Mount points that are looked at, and the finding of each.
const PLACES: [(&str, &str); 2] = [("/", ROOT), ("/ngcp-data", NGCP_DATA)];
/// File systems that write no access times to a disk of this host.
const DISKLESS: [&str; 14] = [
    "tmpfs", "ramfs", "rootfs", "overlay", "aufs", "nfs", "nfs4", "cifs", "9p", "virtiofs", "squashfs",
    "iso9660", "swap", "zfs",
];

/// What `plan` needs of all mount points.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    points: Vec<MountPoint>,
    /// findmnt is there to judge the new file.
    judged: bool,
}

/// What can be done about one mount point.
#[derive(Debug, Serialize, Deserialize)]
struct MountPoint {
    target: PathBuf,
    finding: String,
    /// The line of /etc/fstab now and with noatime.
    edit: Option<(String, String)>,
    remount: Option<Remount>,
    /// Why nothing is done although access times are written.
    left_alone: Option<String>,
}

/// What mount(8) is told. With the device named it asks no fstab, which may say more than is mounted now.
#[derive(Debug, Serialize, Deserialize)]
struct Remount {
    device: String,
    /// Everything the mount point has now, with noatime.
    to: String,
    /// Everything the mount point has now.
    back: String,
}

impl MountPoint {
    fn can_be_set(&self) -> bool {
        self.edit.is_some() || self.remount.is_some()
    }
}

impl TypedStep for Noatime {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let fstab = read_fstab(host);
        let mounts = host.world().is_running().then(|| mounts::mounts(host));
        let mut items = Vec::new();
        let mut facts = Facts { judged: host.find_program("findmnt").is_some(), ..Facts::default() };
        for (target, id) in PLACES {
            let target = Path::new(target);
            let here = View {
                target,
                entries: fstab.as_ref().map_or_else(|_| Vec::new(), |(fstab, _)| fstab.at(target)),
                fstab: fstab.as_ref().map(|(_, link)| *link).map_err(|e| format!("{e:#}")),
                mount: match &mounts {
                    None => Live::Stopped,
                    Some(Err(e)) => Live::Unknown(format!("{e:#}")),
                    Some(Ok(mounts)) => mounts::at(mounts, target).map_or(Live::Absent, Live::Mounted),
                },
            };
            if target == Path::new("/") || here.exists() {
                let (finding, point) = here.judged(id);
                items.push(finding);
                facts.points.push(point);
            }
        }
        Ok((items, facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        let failing = |id: &str| found.iter().any(|f| f.id == id && f.status == Status::Fail);
        let points = facts.points.iter().filter(|point| failing(&point.finding));
        let written: Vec<String> = points.map(|point| point.target.display().to_string()).collect();
        let stuck = facts.points.iter().any(|p| failing(&p.finding))
            && !facts.points.iter().any(MountPoint::can_be_set);
        let left_alone: Vec<&str> = facts.points.iter().filter_map(|p| p.left_alone.as_deref()).collect();
        let options = [
            ("set", "off", "Remounts with noatime and keeps it in /etc/fstab."),
            ("leave", "leave", "Nothing is changed."),
        ];
        let field = Field::choice(ASKED, "Access times", options, if stuck { "leave" } else { "set" })
            .help("Leave it if software on this host needs access times (some mail and backup programs).");
        let now_status = worst(found.iter().map(|f| f.status));
        Form {
            fields: vec![
                Field { now_status, ..field }
                    .in_short(&format!("written on {}", written.join(" and ")), "not written"),
            ],
            note: Some(left_alone.join(" ")).filter(|note| !note.is_empty()),
            ..Form::default()
        }
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        if answers.choice(ASKED)? != Some("set") {
            return Ok(Plan::default());
        }
        let mut plan = Plan::default();
        for point in &facts.points {
            plan.changes.extend(point.remount.as_ref().map(|how| remount(point, how)));
        }
        let edited: Vec<&MountPoint> = facts.points.iter().filter(|point| point.edit.is_some()).collect();
        if !edited.is_empty() {
            plan.changes.push(edit_fstab(&edited, facts.judged));
        }
        Ok(plan)
    }
}

fn remount(point: &MountPoint, how: &Remount) -> Change {
    let target = point.target.to_string_lossy();
    let mount =
        |options| CommandLine::new("mount", ["-o", &format!("remount,{options}"), &*how.device, &*target]);
    let change = Change::new(
        &ABOUT.id,
        &format!("remount.{}", point.finding),
        format!("remount {target} with noatime"),
        Action::Run(mount(&how.to)),
        Undo::Run(mount(&how.back)),
    )
    .proven([Proof::Claim(Claim::Mounted { target: point.target.clone(), option: "noatime".to_owned() })]);
    match point.edit {
        Some(_) => change,
        // Nothing comes behind it: then all is as it should be.
        None => change.proven([Proof::Finding(point.finding.clone())]),
    }
}

fn edit_fstab(points: &[&MountPoint], judged: bool) -> Change {
    let edits = points.iter().filter_map(|point| point.edit.clone());
    let edits = edits.map(|(from, to)| Edit::line(from, to)).collect();
    let check = CommandLine::new("findmnt", ["--verify", "--tab-file", "{candidate}"]);
    Change::new(
        &ABOUT.id,
        "fstab",
        "keep noatime in /etc/fstab",
        Action::Edit { path: PathBuf::from(FSTAB), edits, check: judged.then_some(check) },
        Undo::Files,
    )
    .proven(points.iter().map(|point| Proof::Finding(point.finding.clone())))
}

/// The file, and whether it is reached through a symbolic link.
fn read_fstab(host: &dyn Executor) -> Result<(Fstab, bool)> {
    let path = Path::new(FSTAB);
    let link = host.metadata(path).context("cannot read /etc/fstab")?.kind == executor::Kind::Link;
    let bytes = host.read(path).context("cannot read /etc/fstab")?;
    Ok((Fstab::parse(&bytes)?, link))
}

/// The least good of them; nothing when there is none that counts.
fn worst(statuses: impl Iterator<Item = Status>) -> Option<Status> {
    statuses.max_by_key(|status| match status {
        Status::NotApplicable => 0,
        Status::Pass => 1,
        Status::Unknown => 2,
        Status::Fail => 3,
    })
}

/// Everything that is known of one mount point.
struct View<'a> {
    target: &'a Path,
    entries: Vec<&'a Entry>,
    /// Whether /etc/fstab is a symbolic link, or why it could not be read.
    fstab: Result<bool, String>,
    mount: Live<'a>,
}

/// What is mounted now.
enum Live<'a> {
    Mounted(&'a Mount),
    Absent,
    /// The host runs, but would not say; why.
    Unknown(String),
    /// The host does not run.
    Stopped,
}

impl View<'_> {
    fn exists(&self) -> bool {
        !self.entries.is_empty() || matches!(self.mount, Live::Mounted(_))
    }

    fn mount(&self) -> Option<&Mount> {
        match self.mount {
            Live::Mounted(mount) => Some(mount),
            _ => None,
        }
    }

    /// Why this mount point is none of our business.
    fn exempt(&self) -> Option<String> {
        let mut written = self.entries.iter().map(|entry| entry.kind.as_str());
        let kind = self.mount().map(|mount| mount.kind.as_str()).or_else(|| written.next_back())?;
        if DISKLESS.contains(&kind) || kind.starts_with("fuse") {
            return Some(format!("{kind} is not a disk with access times"));
        }
        let bound = self.entries.iter().any(|entry| entry.has_option("bind") || entry.has_option("rbind"))
            || self.mount().is_some_and(|mount| mount.kind != "btrfs" && mount.root != Path::new("/"));
        bound.then(|| "it is a bind mount: what counts is the disk it comes from".to_owned())
    }

    /// Why the line in /etc/fstab is not edited although it should say noatime.
    fn untouchable(&self) -> Option<String> {
        let target = self.target.display();
        let is_btrfs = self.entries.iter().any(|entry| entry.kind == "btrfs")
            || self.mount().is_some_and(|mount| mount.kind == "btrfs");
        match (&self.fstab, &self.entries[..]) {
            (Err(why), _) => Some(why.clone()),
            (_, []) => {
                Some(format!("no line of {FSTAB} mounts it: something else does, such as a mount unit"))
            }
            (_, [one]) if one.is_noatime() => None,
            (Ok(true), _) => Some(format!("{FSTAB} is a symbolic link")),
            _ if is_btrfs => Some("btrfs subvolumes of one disk belong together".to_owned()),
            (_, [one]) if one.set_noatime().is_none() => Some(format!("{FSTAB} is not valid UTF-8")),
            (_, [_]) => None,
            (_, several) => {
                let lines: Vec<String> = several.iter().map(|entry| entry.number.to_string()).collect();
                Some(format!("lines {} of {FSTAB} all mount {target}", lines.join(", ")))
            }
        }
    }

    fn judged(&self, id: &str) -> (Finding, MountPoint) {
        let target = self.target.display();
        let exempt = self.exempt();
        let untouchable = self.untouchable();
        let written = !self.entries.is_empty() && self.entries.iter().all(|entry| entry.is_noatime());
        // A read-only mount writes nothing; forcing a remount could make it writable.
        let live = self.mount().map(|mount| mount.has_option("noatime") || mount.has_option("ro"));
        let status = match (&exempt, written, live) {
            (Some(_), _, _) => Status::NotApplicable,
            (_, _, Some(false)) => Status::Fail,
            (_, false, _) if !self.entries.is_empty() => Status::Fail,
            (_, true, Some(true)) => Status::Pass,
            (_, true, None) if matches!(self.mount, Live::Stopped) => Status::Pass,
            _ => Status::Unknown,
        };
        let fixable = status == Status::Fail && untouchable.is_none();
        let left_alone = untouchable.filter(|_| status == Status::Fail);
        let title = match status {
            Status::Fail => format!("{target} {}", self.habit()),
            Status::Pass => format!("{target} is mounted with noatime"),
            Status::Unknown => format!("Whether {target} writes access times is not known"),
            Status::NotApplicable => format!("{target} has no access times on a disk"),
        };
        let remedy = left_alone.as_ref().map_or_else(
            || format!("Add noatime to the options of {target} in {FSTAB} and remount it."),
            |why| format!("Not done by this step, because {why}. Set noatime there by hand."),
        );
        let evidence = exempt.unwrap_or_else(|| self.evidence());
        let finding = ABOUT.finding(id, Severity::Low, status, title, evidence, &remedy);
        let point = MountPoint {
            target: self.target.to_owned(),
            finding: id.to_owned(),
            edit: self.entries.first().filter(|_| fixable).and_then(|entry| entry.set_noatime()),
            remount: self.mount().filter(|_| fixable && live == Some(false)).map(remount_options),
            left_alone: left_alone.map(|why| format!("{target} is left alone: {why}.")),
        };
        (finding, point)
    }

    /// How often access times are written where they are.
    fn habit(&self) -> &'static str {
        match self.mount() {
            None => "will write access times once it is mounted",
            Some(mount) if mount.has_option("noatime") => "will write access times again after a restart",
            Some(mount) if mount.has_option("ro") => "will write access times once it is writable",
            Some(mount) if mount.has_option("relatime") => "writes access times (relatime)",
            Some(_) => "writes an access time for every read",
        }
    }

    fn evidence(&self) -> String {
        let written = match (&self.fstab, &self.entries[..]) {
            (Err(why), _) => why.clone(),
            (_, []) => format!("no line of {FSTAB} mounts {}", self.target.display()),
            (_, entries) => {
                let line = |entry: &&Entry| format!("{FSTAB} line {}: {}", entry.number, entry.options());
                entries.iter().map(line).collect::<Vec<_>>().join("; ")
            }
        };
        let live = match &self.mount {
            Live::Mounted(mount) => format!("mounted now with {}", mount.options.join(",")),
            Live::Absent => "not mounted now".to_owned(),
            Live::Unknown(why) => why.clone(),
            Live::Stopped => "how it is mounted when running is not known".to_owned(),
        };
        format!("{written}; {live}").replace(|c: char| c.is_control(), "?")
    }
}

fn remount_options(mount: &Mount) -> Remount {
    const ATIME: [&str; 2] = ["relatime", "noatime"];
    let kept = || mount.options.iter().map(String::as_str).filter(|o| !ATIME.contains(o) && *o != "idmapped");
    let with = |last: &'static str| kept().chain([last]).collect::<Vec<_>>().join(",");
    let now = if mount.has_option("relatime") { "relatime" } else { "strictatime" };
    Remount { device: mount.source.clone(), to: with("noatime"), back: with(now) }
}
