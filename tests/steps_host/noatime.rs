//! noatime: F34 to F37.

use ngcp_warden::{
    executor::{
        World,
        simulated::{Answer, Simulated},
    },
    finding::Status,
    plan::{Action, Claim, Edit, Proof, Undo},
    runner::RunOutcome,
};

use super::super::{empty_host, finding, hosts, inspect, plan, plan_with, run, status};

const MOUNTED: &str = "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n";

fn running(fstab: &str, mountinfo: &str) -> Simulated {
    empty_host().file("/etc/fstab", fstab).file("/proc/self/mountinfo", mountinfo).on("findmnt", |_, _| "")
}

/// The options with which mount is called, in order.
fn remounts(host: &Simulated) -> Vec<(String, String)> {
    let options = |line: &ngcp_warden::plan::CommandLine| line.args[1..].join(" ");
    let changes = plan("noatime", &inspect("noatime", host), &[]).changes;
    let run = |change: &ngcp_warden::plan::Change| match (&change.action, &change.undo) {
        (Action::Run(to), Undo::Run(back)) => Some((options(to), options(back))),
        _ => None,
    };
    changes.iter().filter_map(run).collect()
}

fn edits(host: &Simulated) -> Vec<(String, String)> {
    let changes = plan("noatime", &inspect("noatime", host), &[]).changes;
    let lines = changes.into_iter().filter_map(|change| match change.action {
        Action::Edit { edits, .. } => Some(edits),
        _ => None,
    });
    let line = |edit| match edit {
        Edit::Line { from, to } => (from.unwrap(), to.unwrap().shown()),
        Edit::Yaml { .. } | Edit::List { .. } => panic!("fstab is no YAML"),
    };
    lines.flatten().map(line).collect()
}

#[test]
fn the_sample_hosts_as_trees_are_judged_by_their_fstab() {
    let old = hosts::load("mr3.8").with_world(World::Tree);
    let seen = inspect("noatime", &old);
    assert_eq!(status(&seen, "MOUNT-ATIME"), Some(Status::Fail));
    assert_eq!(status(&seen, "MOUNT-ATIME-NGCP-DATA"), None);
    assert!(finding(&seen, "MOUNT-ATIME").evidence.contains("not known"));
    let line = "UUID=0c8e3a55-1111-4222-8333-9a9a9a9a9a9a\t/\text4\terrors=remount-ro\t0\t1";
    let wanted = line.replace("remount-ro", "remount-ro,noatime");
    assert_eq!(edits(&old), [(line.to_owned(), wanted)]);
    assert!(remounts(&old).is_empty(), "nothing of the outer host is remounted");

    let new = hosts::load("mr13.5").with_world(World::Tree);
    let seen = inspect("noatime", &new);
    assert_eq!(status(&seen, "MOUNT-ATIME"), Some(Status::Pass));
    assert_eq!(status(&seen, "MOUNT-ATIME-NGCP-DATA"), Some(Status::Pass));
    assert!(plan("noatime", &seen, &[("noatime", "set")]).is_empty());
}

#[test]
fn the_running_mount_comes_first_and_the_file_after_it() {
    let host = running("/dev/vda1 / ext4 defaults 0 1\n", MOUNTED);
    let plan = plan("noatime", &inspect("noatime", &host), &[]);
    let [remount, file] = &plan.changes[..] else { panic!("{plan:?}") };
    assert_eq!(
        remounts(&host),
        [("remount,rw,noatime /dev/vda1 /".to_owned(), "remount,rw,relatime /dev/vda1 /".to_owned())]
    );
    assert!(
        matches!(&remount.proofs[..], [Proof::Claim(Claim::Mounted { option, .. })] if option == "noatime")
    );
    let Action::Edit { check: Some(check), .. } = &file.action else { panic!("{file:?}") };
    assert_eq!(check.to_string(), "findmnt --verify --tab-file {candidate}");
    assert_eq!(file.proofs, [Proof::Finding("MOUNT-ATIME".to_owned())]);
}

/// A remount must not undo what somebody did to the running mount, and its inverse is what was there.
#[test]
fn a_remount_keeps_what_is_mounted_now() {
    let mounted = |options: &str| format!("22 1 259:2 / / {options} - ext4 /dev/vda1 rw\n");
    let remounts =
        |options: &str| remounts(&running("/dev/vda1 / ext4 ro,relatime 0 1\n", &mounted(options)));
    let pair = |to: &str, back: &str| {
        vec![(format!("remount,{to} /dev/vda1 /"), format!("remount,{back} /dev/vda1 /"))]
    };
    assert_eq!(remounts("rw,nosuid,relatime"), pair("rw,nosuid,noatime", "rw,nosuid,relatime"));
    assert_eq!(remounts("rw"), pair("rw,noatime", "rw,strictatime"));
    assert_eq!(remounts("rw,nodiratime,relatime"), pair("rw,nodiratime,noatime", "rw,nodiratime,relatime"));
    assert_eq!(remounts("rw,noatime,nodiratime"), []);
}

/// F36: a read-only mount is not remounted.
#[test]
fn a_read_only_mount_is_not_touched() {
    let host = running("/dev/vda1 / ext4 ro 0 1\n", &MOUNTED.replace("rw,relatime", "ro,relatime"));
    assert!(remounts(&host).is_empty());
}

#[test]
fn only_what_is_missing_is_done() {
    let noatime = MOUNTED.replace("rw,relatime", "rw,noatime");
    let only_file = running("/dev/vda1 / ext4 defaults 0 1\n", &noatime);
    assert_eq!((remounts(&only_file).len(), edits(&only_file).len()), (0, 1));
    let only_mount = running("/dev/vda1 / ext4 noatime 0 1\n", MOUNTED);
    assert_eq!((remounts(&only_mount).len(), edits(&only_mount).len()), (1, 0));
    let done = running("/dev/vda1 / ext4 noatime 0 1\n", &noatime);
    assert_eq!(status(&inspect("noatime", &done), "MOUNT-ATIME"), Some(Status::Pass));
    assert!(plan("noatime", &inspect("noatime", &done), &[]).is_empty());
}

#[test]
fn both_mount_points_are_edited_in_one_go() {
    let mountinfo = format!("{MOUNTED}30 22 259:3 / /ngcp-data rw,relatime - xfs /dev/vdb1 rw\n");
    let host = running("/dev/vda1 / ext4 rw 0 1\n/dev/vdb1 /ngcp-data xfs rw 0 2\n", &mountinfo);
    let plan = plan("noatime", &inspect("noatime", &host), &[]);
    assert_eq!(plan.changes.len(), 3);
    assert_eq!(edits(&host).len(), 2);
}

/// F34, F35, F36: what is not edited, and that the reason is told.
#[test]
fn odd_entries_are_left_alone_with_a_word() {
    let sub = "22 1 0:20 /@ / rw,relatime - btrfs /dev/vda1 rw,subvol=/@\n";
    for (fstab, mountinfo, expected, word) in [
        ("LABEL=x / btrfs subvol=@ 0 0\n", sub, Status::Fail, "btrfs"),
        ("/a / ext4 rw 0 1\n/b / ext4 rw 0 1\n", MOUNTED, Status::Fail, "lines 1, 2"),
        ("proc /proc proc defaults 0 0\n", MOUNTED, Status::Fail, "mount unit"),
        ("# empty\n", MOUNTED, Status::Fail, "mount unit"),
        ("/dev/vda1 / ext4 rw,comment=\u{fffd} 0 1\n", MOUNTED, Status::Fail, ""),
        (
            "tmpfs / tmpfs rw 0 0\n",
            "22 1 0:2 / / rw,relatime - tmpfs tmpfs rw\n",
            Status::NotApplicable,
            "tmpfs",
        ),
        ("srv:/ / nfs rw 0 0\n", "22 1 0:2 / / rw,relatime - nfs4 srv:/ rw\n", Status::NotApplicable, "nfs4"),
        ("", "22 1 0:2 / / rw,relatime - overlay overlay rw\n", Status::NotApplicable, "overlay"),
        (
            "/home/r / none bind 0 0\n",
            "22 1 8:1 /home/r / rw,relatime - ext4 /dev/sda1 rw\n",
            Status::NotApplicable,
            "bind",
        ),
    ] {
        let host = running(fstab, mountinfo);
        let seen = inspect("noatime", &host);
        let found = finding(&seen, "MOUNT-ATIME");
        assert_eq!(found.status, expected, "{fstab:?}");
        assert!(format!("{} {}", found.evidence, found.remedy).contains(word), "{found:?}");
        if !word.is_empty() {
            assert!(plan("noatime", &seen, &[("noatime", "set")]).is_empty(), "{fstab:?}");
        }
    }
}

/// F37: a symbolic link is not written through, a file that is no text is not written back.
#[test]
fn an_fstab_that_is_no_plain_text_file_is_left_alone() {
    let link = running("", MOUNTED).file("/etc/real", "/dev/vda1 / ext4 rw 0 1\n");
    link.edit(|files| {
        files.remove("/etc/fstab");
        files.link("/etc/fstab", "/etc/real");
    });
    let latin = running("", MOUNTED).file("/etc/fstab", b"/dev/vda1 / ext4 rw,x-a=\xfc 0 1\n");
    let damaged = running("", MOUNTED).file("/etc/fstab", b"/dev/vda1 / ext4 rw 0 1\n\0\0\0");
    let missing = running("", MOUNTED);
    missing.edit(|files| files.remove("/etc/fstab"));
    for (host, word) in [(link, "symbolic link"), (latin, "UTF-8"), (damaged, "NUL"), (missing, "/etc/fstab")]
    {
        let seen = inspect("noatime", &host);
        assert_eq!(status(&seen, "MOUNT-ATIME"), Some(Status::Fail));
        assert!(finding(&seen, "MOUNT-ATIME").remedy.contains(word), "{:?}", finding(&seen, "MOUNT-ATIME"));
        assert!(plan("noatime", &seen, &[("noatime", "set")]).is_empty());
    }
}

#[test]
fn what_cannot_be_seen_is_unknown() {
    let host = empty_host().file("/etc/fstab", "/dev/vda1 / ext4 noatime 0 1\n");
    assert_eq!(status(&inspect("noatime", &host), "MOUNT-ATIME"), Some(Status::Unknown));
    let nothing = empty_host().with_world(World::Tree);
    assert_eq!(status(&inspect("noatime", &nothing), "MOUNT-ATIME"), Some(Status::Unknown));
}

/// Old Debian has no `findmnt --verify`, small trees have no findmnt.
#[test]
fn without_findmnt_the_file_is_edited_unjudged() {
    let host = empty_host().file("/etc/fstab", "/dev/vda1 / ext4 rw 0 1\n").with_world(World::Tree);
    let plan = plan("noatime", &inspect("noatime", &host), &[]);
    assert!(matches!(&plan.changes[..], [one] if matches!(one.action, Action::Edit { check: None, .. })));
}

#[test]
fn an_answer_that_does_not_fit_is_named() {
    let seen = inspect("noatime", &running("/dev/vda1 / ext4 rw 0 1\n", MOUNTED));
    assert!(plan("noatime", &seen, &[("noatime", "leave")]).is_empty());
    let error = plan_with("noatime", &seen, &[("noatime", "yes")]).unwrap_err();
    assert!(error.to_string().contains("noatime"), "{error}");
}

/// The demo's host is put right like a real one, and a second run has nothing to do.
#[test]
fn the_demo_host_stops_writing_access_times() {
    let host = ngcp_warden::demo::host();
    let ran = run(&host, plan("noatime", &inspect("noatime", &host), &[]));
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    let seen = inspect("noatime", &host);
    assert_eq!(status(&seen, "MOUNT-ATIME"), Some(Status::Pass));
    assert!(plan("noatime", &seen, &[]).is_empty());
}

/// F36: in a container the kernel refuses the remount; the file stays as it is.
#[test]
fn a_refused_remount_leaves_the_file_alone() {
    let host = running("/dev/vda1 / ext4 defaults 0 1\n", MOUNTED)
        .on("mount", |_, _| Answer::code(32).error("mount: /: permission denied."));
    let ran = run(&host, plan("noatime", &inspect("noatime", &host), &[]));
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert!(ran.said.contains("permission denied"), "{}", ran.said);
    assert_eq!(host.files().text("/etc/fstab"), "/dev/vda1 / ext4 defaults 0 1\n");
}

/// S10: an fstab that findmnt takes no longer is not put in place; old complaints do not block.
#[test]
fn findmnt_judges_the_new_file_against_the_old_one() {
    let judged = |new_fault: bool| {
        let host = hosts::load("mr3.8").with_world(World::Tree).on("findmnt", move |files, command| {
            let text = files.text(command.args.last().unwrap());
            let worse = new_fault && text.contains("noatime");
            Answer::code(1).error("unreachable source: UUID=0c8e").error(if worse {
                "parse error"
            } else {
                ""
            })
        });
        host.edit(|files| files.directory("/var/lib/ngcp-warden"));
        let ran = run(&host, plan("noatime", &inspect("noatime", &host), &[]));
        (ran.outcome, host.files().text("/etc/fstab").contains("noatime"), ran.said)
    };
    let (outcome, edited, said) = judged(false);
    assert!(outcome == RunOutcome::Done && edited, "{said}");
    let (outcome, edited, said) = judged(true);
    assert!(outcome == RunOutcome::Failed && !edited, "{said}");
}

/// What is said of access times is how they are written: relatime is not every read.
#[test]
fn the_title_says_how_access_times_are_written() {
    let mounted = |options: &str| MOUNTED.replace("rw,relatime", options);
    for (options, fstab, title) in [
        ("rw,relatime", "defaults", "/ writes access times (relatime)"),
        ("rw", "strictatime", "/ writes an access time for every read"),
        ("rw,noatime", "defaults", "/ will write access times again after a restart"),
        ("ro,relatime", "defaults", "/ will write access times once it is writable"),
    ] {
        let host = running(&format!("/dev/vda1 / ext4 {fstab} 0 1\n"), &mounted(options));
        assert_eq!(finding(&inspect("noatime", &host), "MOUNT-ATIME").title, title);
    }
    let stopped = running("/dev/vda1 / ext4 defaults 0 1\n", MOUNTED).with_world(World::Tree);
    let title = finding(&inspect("noatime", &stopped), "MOUNT-ATIME").title.clone();
    assert_eq!(title, "/ will write access times once it is mounted");
}

/// A remount alone is seen as the finding sees it, too.
#[test]
fn what_is_seen_after_a_remount_is_what_the_finding_looks_at() {
    let host = running("/dev/vda1 / ext4 noatime 0 1\n", MOUNTED);
    let plan = plan("noatime", &inspect("noatime", &host), &[]);
    assert_eq!(plan.changes.len(), 1);
    assert!(plan.changes[0].proofs.contains(&Proof::Finding("MOUNT-ATIME".to_owned())));
}
