//! The noatime step on real ext4 file systems: own images on loop devices, seen as `/` and `/ngcp-data` of a running
//! host in a mount namespace of its own, with the real mount(8) and findmnt(8). Needs root and loop devices.
//!
//! Each test runs twice: outside it makes the host and starts itself again in there; inside it is the test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    process::Command,
    sync::{Mutex, PoisonError},
};

use ngcp_warden::{
    executor::System,
    finding::{Finding, Status},
    plan::Plan,
    platform::Ngcp,
    runner::{self, Control, MemoryJournal, Order, RunOutcome},
    secret::Secrets,
    steps::{self, Answer, Answers, Step},
};

/// Makes the host in `$1` and runs `$2`, the test called `$3`, as a program of it. Images vanish with the namespace.
const HOST: &str = r#"
set -eu
cd "$1"
for name in root data; do
  truncate -s 32M "$name.img"
  mkfs.ext4 -q "$name.img"
done
mkdir root
mount -o loop,relatime root.img root
mkdir root/ngcp-data
mount -o loop,relatime,nosuid data.img root/ngcp-data
uuid=$(blkid -s UUID -o value root.img)
root_device=$(findmnt -n -o SOURCE root)
data_device=$(findmnt -n -o SOURCE root/ngcp-data)
cd root
mkdir usr proc dev etc var var/lib tmp
ln -s usr/bin usr/lib usr/lib64 usr/sbin .
mount --bind /usr usr
mount -t proc proc proc
mount -t tmpfs dev dev
mkdir -p dev/disk/by-uuid
cp -a /dev/null /dev/random /dev/urandom "$root_device" "$data_device" dev
ln -s "../..${root_device#/dev}" "dev/disk/by-uuid/$uuid"
touch test
mount --bind "$2" test
printf '# static table\r\n\nUUID=%s\t/\text4\terrors=remount-ro\t0 1\n%s /ngcp-data ext4 rw,relatime,nofail' \
  "$uuid" "$data_device" >etc/fstab
chmod 640 etc/fstab
setfattr -n user.origin -v operator etc/fstab
INSIDE=$3 exec chroot . ${4-} /test --exact "$3" --nocapture
"#;

/// Runs `test` inside a host of its own; `drop` is a command that runs it with less.
fn on_own_host(name: &str, drop: &str, test: impl FnOnce()) {
    if std::env::var_os("INSIDE").is_some() {
        return test();
    }
    // One at a time: a machine has few loop devices ready.
    static LOOPS: Mutex<()> = Mutex::new(());
    let _turn = LOOPS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let inside = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "bash", "-c", HOST, "host"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args([name, drop])
        .output()
        .unwrap();
    // Kept from the output of a success, where it would be counted as one more test.
    let said = String::from_utf8_lossy(&inside.stdout) + String::from_utf8_lossy(&inside.stderr);
    assert!(inside.status.success(), "{name}: {said}");
}

fn step() -> &'static dyn Step {
    steps::find("noatime").unwrap()
}

fn plan() -> Plan {
    let findings = step().inspect(&System::live().unwrap()).unwrap();
    let mut answers = Answers::default();
    answers.values.insert("noatime".to_owned(), Answer::Choice("set".to_owned()));
    step().plan(&findings, &answers).unwrap()
}

fn findings() -> Vec<Finding> {
    step().inspect(&System::live().unwrap()).unwrap().items
}

/// How the run ended, and what its journal says.
fn run(plan: Plan) -> (RunOutcome, String) {
    let host = System::live().unwrap();
    let order = Order { run: "test".to_owned(), plan, ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome = runner::run(&order, &Secrets::default(), &host, &Ngcp, &mut journal, &Control::default());
    let said = journal.records.iter().map(|record| format!("{:?}\n", record.event)).collect();
    (outcome.unwrap(), said)
}

/// The options of a mount point, as the kernel tells them.
fn mounted(target: &str) -> String {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let fields = mountinfo.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    fields.into_iter().rfind(|fields| fields[4] == target).unwrap()[5].to_owned()
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const FSTAB: &str = "/etc/fstab";

/// F33, F35, F37, and the step's promise: the mounts are noatime in mountinfo, one option of each line differs, the
/// file keeps its mode, owner and attributes, and a second run has nothing to do.
#[test]
fn both_file_systems_are_noatime_in_mountinfo_afterwards() {
    on_own_host("both_file_systems_are_noatime_in_mountinfo_afterwards", "", || {
        let before = fs::read_to_string(FSTAB).unwrap();
        assert_eq!(
            (mounted("/"), mounted("/ngcp-data")),
            ("rw,relatime".into(), "rw,nosuid,relatime".into())
        );
        assert!(findings().iter().all(|finding| finding.status == Status::Fail));

        let (outcome, said) = run(plan());
        assert_eq!(outcome, RunOutcome::Done, "{said}");

        assert_eq!((mounted("/"), mounted("/ngcp-data")), ("rw,noatime".into(), "rw,nosuid,noatime".into()));
        let wanted = before.replace("remount-ro", "remount-ro,noatime").replace("rw,relatime", "rw,noatime");
        assert_eq!(fs::read_to_string(FSTAB).unwrap(), wanted);
        assert_eq!(output("stat", &["-c", "%a %u %g", FSTAB]), "640 0 0\n");
        assert!(output("getfattr", &["-d", "--absolute-names", FSTAB]).contains("user.origin=\"operator\""));
        assert!(findings().iter().all(|finding| finding.status == Status::Pass));
        assert!(plan().is_empty());
        // What is in the file is what a boot would mount.
        output("mount", &["-o", "remount", "/"]);
        assert_eq!(mounted("/"), "rw,noatime");
    });
}

/// F37: the file cannot be written; the mounts are as they were before.
#[test]
fn when_the_file_cannot_be_written_the_mounts_are_put_back() {
    on_own_host("when_the_file_cannot_be_written_the_mounts_are_put_back", "", || {
        let before = fs::read(FSTAB).unwrap();
        output("chattr", &["+i", FSTAB]);
        let (outcome, said) = run(plan());
        assert!(outcome == RunOutcome::Failed && said.contains("immutable"), "{said}");
        output("chattr", &["-i", FSTAB]);
        assert_eq!(
            (mounted("/"), mounted("/ngcp-data")),
            ("rw,relatime".into(), "rw,nosuid,relatime".into())
        );
        assert_eq!(fs::read(FSTAB).unwrap(), before);
    });
}

/// F36: a root that is read-only for now stays so.
#[test]
fn a_read_only_root_is_not_made_writable() {
    on_own_host("a_read_only_root_is_not_made_writable", "", || {
        let before = fs::read(FSTAB).unwrap();
        output("mount", &["-o", "remount,ro", "/"]);
        let (outcome, said) = run(plan());
        assert!(outcome == RunOutcome::Failed && said.contains("Read-only file system"), "{said}");
        assert!(mounted("/").starts_with("ro,"), "{}", mounted("/"));
        assert_eq!(mounted("/ngcp-data"), "rw,nosuid,relatime");
        assert_eq!(fs::read(FSTAB).unwrap(), before);
    });
}

/// F36: a container that may not mount; the file stays as it is.
#[test]
fn without_the_right_to_mount_nothing_changes() {
    let drop = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin";
    on_own_host("without_the_right_to_mount_nothing_changes", drop, || {
        let before = fs::read(FSTAB).unwrap();
        let (outcome, said) = run(plan());
        assert!(outcome == RunOutcome::Failed && said.contains("permission denied"), "{said}");
        assert_eq!(
            (mounted("/"), mounted("/ngcp-data")),
            ("rw,relatime".into(), "rw,nosuid,relatime".into())
        );
        assert_eq!(fs::read(FSTAB).unwrap(), before);
    });
}

/// F34: fstab names a disk that cannot be found and says more than is mounted. Only the access times change, and the
/// old fault, which findmnt finds before and after, does not block the edit.
#[test]
fn a_remount_takes_nothing_else_from_the_file() {
    on_own_host("a_remount_takes_nothing_else_from_the_file", "", || {
        fs::write(FSTAB, "LABEL=gone / ext4 ro,noexec 0 1\n").unwrap();
        let (outcome, said) = run(plan());
        assert_eq!(outcome, RunOutcome::Done, "{said}");
        assert_eq!((mounted("/"), mounted("/ngcp-data")), ("rw,noatime".into(), "rw,nosuid,relatime".into()));
        assert_eq!(fs::read_to_string(FSTAB).unwrap(), "LABEL=gone / ext4 ro,noexec,noatime 0 1\n");
    });
}
