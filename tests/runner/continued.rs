//! What a run that was cut off needs to go on: passwords are asked for and judged again, what was made up is made anew.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command as Process, Output},
};

use ngcp_warden::{
    plan::{Action, Change, Edit, Generated, Making, Plan, Template, Undo},
    runner::{Event, Lock, Runs, process},
    secret::{SecretForm, Secrets},
};

use crate::tree::{self, change, command, task};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ngcp-warden");
const SET: &str = "passwords.root.password";
const MADE: &str = "ssh.new-key.secret";

/// A line that holds a secret.
fn holding(name: &str, path: &str, from: &str, secret: &str) -> Change {
    let to = Template::text("holds ").secret(secret, SecretForm::Verbatim);
    let edits = vec![Edit::Line { from: Some(from.to_owned()), to: Some(to) }];
    change("b", name, Action::Edit { path: path.into(), edits, check: None }, Undo::Files)
}

/// A run that was killed before its lines were edited.
fn cut_off(root: &Path) {
    let gate = root.join("srv/gate");
    assert!(Process::new("mkfifo").arg(&gate).status().unwrap().success());
    fs::write(root.join("usr/bin/gate"), "#!/bin/sh\necho at the gate\ncat /srv/gate\n").unwrap();
    tree::make_executable(&root.join("usr/bin/gate"));
    let changes = vec![
        change("a", "gate", Action::Run(command("gate", &[])), Undo::Nothing),
        holding("set", "/etc/issue", "Debian", SET),
        holding("made", "/etc/motd", "welcome", MADE),
    ];
    let made = Generated { secret: MADE.to_owned(), label: "root".to_owned(), kind: Making::Password };
    let plan = Plan { changes, generated: vec![made], ..Plan::default() };
    let mut secrets = Secrets::default();
    for name in [SET, MADE] {
        secrets.insert(name, ngcp_warden::secret::generate().unwrap());
    }
    let run = process::launch_with(Path::new(PROGRAM), &task(root, plan), &secrets).unwrap();
    let runs = Runs::open(root).unwrap();
    let mut follower = runs.follow(&run).unwrap();
    while !matches!(follower.wait().unwrap().unwrap().event, Event::Output { .. }) {}
    let holder = Lock::held(root).unwrap().unwrap().holder.unwrap();
    assert!(Process::new("kill").args(["-9", &holder.pid.to_string()]).status().unwrap().success());
    fs::write(&gate, "").unwrap();
    tree::settle(&runs, &run);
    fs::remove_file(&gate).unwrap();
    fs::write(&gate, "").unwrap();
}

#[test]
fn passwords_are_judged_again_and_what_was_made_up_is_made_anew() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    tree::build(&root);
    cut_off(&root);
    let (given, made) = (place.path().join("given"), place.path().join("made"));
    let go_on = |password: Option<&str>| -> Output {
        fs::write(&given, password.map_or(String::new(), |text| format!("{SET}={text}\n"))).unwrap();
        fs::set_permissions(&given, fs::Permissions::from_mode(0o600)).unwrap();
        let mut warden = Process::new(PROGRAM);
        warden.arg("--root").arg(&root).args(["apply", "--continue", "--secrets"]).arg(&given);
        warden.arg("--save-generated").arg(&made).output().unwrap()
    };
    for (password, says) in [
        (None, "passwords.root.password is missing"),
        (Some("sipwise"), "passwords.root.password is too short"),
        (Some("administrator"), "passwords.root.password is a default password"),
        (Some("sipwisesipwise"), "passwords.root.password is easy to guess"),
    ] {
        let refused = go_on(password);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{password:?}: {said}");
        assert!(password.is_none_or(|password| !said.contains(password)), "{said}");
        assert!(!made.exists(), "{password:?}: made up for nothing");
        assert_eq!(fs::read_to_string(root.join("etc/issue")).unwrap(), "Debian\n");
    }
    let done = go_on(Some("k3J9fX2qLm8Zt"));
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(fs::read_to_string(root.join("etc/issue")).unwrap(), "holds k3J9fX2qLm8Zt\n");
    let made = fs::read_to_string(&made).unwrap();
    let made = made.trim().strip_prefix(&format!("{MADE}=")).unwrap().to_owned();
    assert_eq!(fs::read_to_string(root.join("etc/motd")).unwrap(), format!("holds {made}\n"));
}
