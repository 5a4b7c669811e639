use ngcp_warden::executor::{Command as HostCommand, Executor, Quiet};

use super::*;
use crate::debian;

const NEW: &str = "correct horse: battery staple";

/// The real crypt(3) of the host decides, through perl.
pub(super) fn opens(account: &str, word: &str) -> bool {
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
    let line = shadow.lines().find(|line| line.starts_with(&format!("{account}:"))).unwrap();
    let hash = line.split(':').nth(1).unwrap();
    write("/tmp/hash", 0o600, hash);
    let script =
        "open F, '</tmp/hash'; $h = <F>; $w = do { local $/; <STDIN> }; exit(crypt($w, $h) eq $h ? 0 : 1)";
    feed("perl", &["-e", script], word.as_bytes()).status.success()
}

fn people() {
    must("useradd", &["-u", "1001", "-M", "-d", "/home/jail/home/cdrexport", "cdrexport"]);
    let set = feed("chpasswd", &[], b"root:sipwise\ncdrexport:cdrexport\n");
    assert!(set.status.success(), "{set:?}");
}

#[test]
fn root_gets_a_password_of_its_own_by_the_real_chpasswd() {
    if !debian::inside("real_passwords::accounts::root_gets_a_password_of_its_own_by_the_real_chpasswd") {
        return;
    }
    people();
    let host = System::live().unwrap();
    let before = inspect(&host);
    assert_eq!(status(&before, "PASSWORD-ROOT-DEFAULT"), Status::Fail);
    assert_eq!(status(&before, "PASSWORD-CDREXPORT"), Status::Fail);
    let others = |text: &str| {
        text.lines()
            .filter(|l| !l.starts_with("root:") && !l.starts_with("cdrexport:"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let was = std::fs::read_to_string("/etc/shadow").unwrap();
    let said = [("root", "set"), ("cdrexport", "lock")];
    let given = secrets(&[("root", NEW)]);
    let ran = run(&host, step().plan(&before, &answers(&before, &said)).unwrap(), &given);
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.told);
    assert!(opens("root", NEW) && !opens("root", "sipwise"));
    assert!(must("passwd", &["-S", "cdrexport"]).starts_with("cdrexport L "));
    let now = std::fs::read_to_string("/etc/shadow").unwrap();
    assert_eq!(others(&now), others(&was), "another account changed");
    must("pwck", &["-rq"]);
    let after = inspect(&host);
    assert_eq!(status(&after, "PASSWORD-ROOT-DEFAULT"), Status::Pass);
    assert_eq!(status(&after, "PASSWORD-CDREXPORT"), Status::Pass);
    let again = run(&host, step().plan(&after, &answers(&after, &said)).unwrap(), &given);
    assert_eq!(again.outcome, RunOutcome::Unchanged, "{}", again.told);
    assert_eq!(std::fs::read_to_string("/etc/shadow").unwrap(), now);
}

/// F26: the reason is shown and nothing has changed.
#[test]
fn a_password_that_pam_rejects_changes_nothing_and_says_why() {
    if !debian::inside("real_passwords::accounts::a_password_that_pam_rejects_changes_nothing_and_says_why") {
        return;
    }
    people();
    let pam = std::fs::read_to_string("/etc/pam.d/common-password").unwrap();
    std::fs::write("/etc/pam.d/common-password", format!("password requisite pam_deny.so\n{pam}")).unwrap();
    refused("pam_chauthtok() failed");
}

/// F25: somebody else holds the lock of the account files.
#[test]
fn a_held_lock_changes_nothing_and_says_why() {
    if !debian::inside("real_passwords::accounts::a_held_lock_changes_nothing_and_says_why") {
        return;
    }
    people();
    // struct flock of 64-bit Linux, as fcntl(2) takes it.
    let script = "use Fcntl; $| = 1; open(F, '>', '/etc/.pwd.lock') or die; \
        my $lock = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0); \
        fcntl(F, F_SETLK, $lock) or die; print qq(held\n); sleep 600;";
    let mut holder = Command::new("perl").args(["-e", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.as_mut().unwrap()), &mut line)
        .unwrap();
    assert_eq!(line, "held\n");
    refused("it took too long and was stopped");
    holder.kill().unwrap();
    holder.wait().unwrap();
}

fn refused(reason: &str) {
    let host = System::live().unwrap();
    let before = inspect(&host);
    let was = std::fs::read("/etc/shadow").unwrap();
    let ran = run(
        &host,
        step().plan(&before, &answers(&before, &[("root", "set")])).unwrap(),
        &secrets(&[("root", NEW)]),
    );
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert!(ran.told.contains(reason), "{}", ran.told);
    assert_eq!(std::fs::read("/etc/shadow").unwrap(), was);
    assert!(opens("root", "sipwise"));
}

/// F24: killed at any moment, the password is the old or the new one, and the files are whole.
#[test]
fn a_killed_chpasswd_leaves_the_old_or_the_new_password() {
    if !debian::inside("real_passwords::accounts::a_killed_chpasswd_leaves_the_old_or_the_new_password") {
        return;
    }
    people();
    let host = System::live().unwrap();
    let (mut old, mut new) = (0, 0);
    for milliseconds in (0..300).step_by(15) {
        assert!(feed("chpasswd", &[], b"root:sipwise\n").status.success());
        let command = HostCommand::new("chpasswd", [""; 0])
            .stdin(Secret::new(format!("root:{NEW}\n")))
            .limit(Duration::from_millis(milliseconds));
        host.run(&command, &mut Quiet).unwrap();
        match (opens("root", "sipwise"), opens("root", NEW)) {
            (true, false) => old += 1,
            (false, true) => new += 1,
            other => panic!("after {milliseconds} ms: {other:?}"),
        }
        must("pwck", &["-rq"]);
    }
    println!("killed 20 times: {old} old, {new} new");
}
