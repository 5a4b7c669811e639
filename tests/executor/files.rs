//! Reading and changing files: what is kept, what is refused, what is left when it fails.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use ngcp_warden::executor::{Attributes, Executor, FileChange, FileTo, Kind, READ_LIMIT};

use ngcp_warden::secret::Secret;

use crate::support::{Host, SmallDisk, names, said, write};

#[test]
fn f37_a_change_keeps_owner_mode_access_list_and_extended_attributes() {
    let host = Host::new();
    let file = host.file("etc/fstab", "old");
    std::os::unix::fs::chown(&file, Some(12), Some(34)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    said(Command::new("setfacl").args(["-m", "u:77:rw"]).arg(&file));
    said(Command::new("setfattr").args(["-n", "user.note", "-v", "hello"]).arg(&file));
    said(Command::new("setfattr").args(["-n", "user.empty"]).arg(&file));
    let look = || {
        let list = said(Command::new("getfacl").args(["-np"]).arg(&file));
        list + &said(Command::new("getfattr").args(["-d", "--absolute-names"]).arg(&file))
    };
    let (before, mode) = (look(), fs::metadata(&file).unwrap().mode());
    host.system.change(&write("/etc/fstab", "new")).unwrap();
    let after = fs::metadata(&file).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!((after.uid(), after.gid(), after.mode()), (12, 34, mode));
    assert_eq!(look(), before);
    assert_eq!(names(host.at("etc")), ["fstab"]);
}

#[test]
fn attributes_are_set_exactly_and_a_new_file_is_for_root_only() {
    let host = Host::new();
    let modified = "1969-12-31T23:59:58.25Z".parse::<Timestamp>().unwrap();
    let attributes = Attributes::Exactly { mode: 0o4751, uid: 5, gid: 6, modified: Some(modified) };
    let to = FileTo::File { content: Secret::new("x"), attributes: attributes.clone() };
    host.system.change(&FileChange { path: "/etc/a".into(), to }).unwrap();
    let found = host.system.metadata(Path::new("/etc/a")).unwrap();
    assert_eq!((found.mode, found.uid, found.gid, found.modified), (0o4751, 5, 6, modified));
    host.system.change(&write("/etc/b", "x")).unwrap();
    let found = host.system.metadata(Path::new("/etc/b")).unwrap();
    assert_eq!((found.mode, found.uid, found.gid), (0o600, 0, 0));
    let directory = FileChange { path: "/etc/d".into(), to: FileTo::Directory { attributes } };
    host.system.change(&directory).unwrap();
    host.system.change(&directory).unwrap();
    let found = host.system.metadata(Path::new("/etc/d")).unwrap();
    assert_eq!((found.kind, found.mode, found.uid), (Kind::Directory, 0o4751, 5));
    for path in ["/etc/a", "/etc/d", "/etc/never"] {
        host.system.change(&FileChange { path: path.into(), to: FileTo::Absent }).unwrap();
    }
    assert_eq!(names(host.at("etc")), ["b"]);
}

#[test]
fn f64_links_pipes_devices_directories_and_twins_are_refused_and_untouched() {
    let host = Host::new();
    let fstab = host.file("etc/fstab", "old");
    symlink("fstab", host.at("etc/link")).unwrap();
    symlink("nowhere", host.at("etc/dangling")).unwrap();
    said(Command::new("mkfifo").arg(host.at("etc/fifo")));
    said(Command::new("mknod").arg(host.at("etc/null")).args(["c", "1", "3"]));
    fs::create_dir(host.at("etc/directory")).unwrap();
    fs::hard_link(&fstab, host.at("etc/twin")).unwrap();
    let look = || said(Command::new("find").arg(host.at("etc")).args(["-printf", "%P %i %y %m %n %l %T@\n"]));
    let before = look();
    for name in ["link", "dangling", "fifo", "null", "directory", "twin", "fstab/below", "gone/below"] {
        let error = host.system.change(&write(&format!("/etc/{name}"), "new")).unwrap_err().to_string();
        assert!(error.contains(&format!("/etc/{name}")) && error.contains("nothing was changed"), "{error}");
    }
    for name in ["fifo", "null"] {
        let gone = FileChange { path: format!("/etc/{name}").into(), to: FileTo::Absent };
        assert!(host.system.change(&gone).is_err());
    }
    for name in ["fifo", "null", "directory"] {
        assert!(host.system.read(&Path::new("/etc").join(name)).is_err());
    }
    assert_eq!(look(), before);
    // A link itself can go: what it points to stays.
    host.system.change(&FileChange { path: "/etc/link".into(), to: FileTo::Absent }).unwrap();
    assert!(fs::symlink_metadata(host.at("etc/link")).is_err());
    assert_eq!(fs::read_to_string(&fstab).unwrap(), "old");
}

#[test]
fn links_lead_where_they_would_with_the_root_as_slash() {
    let host = Host::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("victim"), "outside").unwrap();
    symlink("/run", host.at("var/run")).unwrap();
    symlink("../../../../../../run", host.at("var/up")).unwrap();
    symlink(outside.path(), host.at("var/out")).unwrap();
    symlink("loop", host.at("var/loop")).unwrap();
    for path in ["/var/run/a", "/var/up/b", "/../../run/c"] {
        host.system.change(&write(path, path)).unwrap();
        assert_eq!(host.system.read(Path::new(path)).unwrap(), path.as_bytes());
    }
    assert_eq!(names(host.at("run")), ["a", "b", "c"]);
    assert_eq!(host.system.list(Path::new("/var/run")).unwrap(), ["a", "b", "c"]);
    for path in ["/var/out/victim", "/var/loop/x", "relative", "/"] {
        assert!(host.system.change(&write(path, "x")).is_err(), "{path}");
        assert!(host.system.read(Path::new(path)).is_err(), "{path}");
    }
    assert_eq!(fs::read(outside.path().join("victim")).unwrap(), b"outside");
    assert_eq!(host.system.read_link(Path::new("/var/run")).unwrap(), Path::new("/run"));
}

#[test]
fn f63_a_change_follows_no_link_that_somebody_else_made() {
    let host = Host::new();
    let shadow = host.file("etc/shadow", "old");
    fs::create_dir_all(host.at("home")).unwrap();
    symlink("/etc", host.at("home/link")).unwrap();
    std::os::unix::fs::lchown(host.at("home/link"), Some(1000), Some(1000)).unwrap();
    let error = host.system.change(&write("/home/link/shadow", "new")).unwrap_err().to_string();
    assert!(error.contains("/home/link/shadow") && error.contains("user 1000"), "{error}");
    assert_eq!(fs::read(shadow).unwrap(), b"old");
}

#[test]
fn f63_swapping_links_under_a_change_never_writes_elsewhere() {
    const ROUNDS: usize = 5_000;
    let host = Host::new();
    let outside = tempfile::tempdir().unwrap();
    let victims = [outside.path().join("keys"), host.file("etc/keys", "victim")];
    fs::write(&victims[0], "victim").unwrap();
    host.file("home/a/ssh/keys", "own");
    fs::create_dir(host.at("home/a/other")).unwrap();
    symlink("/etc/keys", host.at("home/a/other/keys")).unwrap();
    symlink(outside.path(), host.at("home/a/link")).unwrap();
    let (over, changed) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (a, ssh) = (host.at("home/a"), host.at("home/a/ssh"));
            let swap = |with: &str| {
                let _ = rustix::fs::renameat_with(
                    rustix::fs::CWD,
                    a.join(with),
                    rustix::fs::CWD,
                    &ssh,
                    rustix::fs::RenameFlags::EXCHANGE,
                );
            };
            while !over.load(Ordering::Relaxed) {
                for with in ["other", "link", "link", "other"] {
                    swap(with);
                }
            }
        });
        for round in 0..ROUNDS {
            if host.system.change(&write("/home/a/ssh/keys", format!("new {round}"))).is_ok() {
                changed.store(true, Ordering::Relaxed);
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(changed.into_inner(), "the loop never got through: it proves nothing");
    for victim in &victims {
        assert_eq!(fs::read(victim).unwrap(), b"victim");
    }
    assert_eq!(names(outside.path()), ["keys"]);
}

#[test]
fn a_full_disk_and_a_read_only_one_leave_everything_as_it_was() {
    let host = Host::new();
    let disk = SmallDisk::on(host.at("mnt"));
    let file = host.file("mnt/config.yml", "old");
    let error = host.system.change(&write("/mnt/config.yml", vec![b'x'; 200_000])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().starts_with("/mnt/config.yml: No space left"), "{error}");
    assert!(error.to_string().ends_with("nothing was changed"), "{error}");
    disk.remount("ro");
    let error = host.system.change(&write("/mnt/config.yml", "new")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnlyFilesystem);
    let gone = FileChange { path: "/mnt/config.yml".into(), to: FileTo::Absent };
    assert_eq!(host.system.change(&gone).unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
    assert_eq!(
        (names(host.at("mnt")), fs::read(file).unwrap()),
        (vec!["config.yml".into()], b"old".to_vec())
    );
}

#[test]
fn f37_an_immutable_or_mounted_file_is_left_alone() {
    let host = Host::new();
    let file = host.file("etc/fstab", "old");
    let attribute = |flag: &str| said(Command::new("chattr").arg(flag).arg(&file));
    attribute("+i");
    let error = host.system.change(&write("/etc/fstab", "new"));
    attribute("-i");
    assert!(error.unwrap_err().to_string().contains("immutable"));
    said(Command::new("mount").arg("--bind").arg(&file).arg(&file));
    let error = host.system.change(&write("/etc/fstab", "new"));
    said(Command::new("umount").arg("--lazy").arg(&file));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::ResourceBusy);
    assert_eq!((names(host.at("etc")), fs::read(file).unwrap()), (vec!["fstab".into()], b"old".to_vec()));
}

#[test]
fn a_file_is_read_up_to_the_limit_and_proc_has_no_length() {
    let host = Host::new();
    let file = host.file("etc/big", "");
    fs::File::options().write(true).open(file).unwrap().set_len(READ_LIMIT + 1).unwrap();
    assert_eq!(host.system.read(Path::new("/etc/big")).unwrap_err().kind(), ErrorKind::FileTooLarge);
    let live = ngcp_warden::executor::System::live().unwrap();
    assert!(!live.read(Path::new("/proc/self/mountinfo")).unwrap().is_empty());
    assert!(live.list(Path::new("/proc/self/fd")).unwrap().contains(&"0".to_owned()));
    assert_eq!(live.read(Path::new("/no/file")).unwrap_err().to_string(), "/no/file does not exist");
}
