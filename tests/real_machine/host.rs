//! What the machine is before the tests: an SSH server, keys and accounts as an image ships them, and the unit that
//! takes unconfirmed changes back at boot.

use super::machine::{Machine, Off};

const SET_UP: &str = include_str!("set-up.sh");
const FROM_ELSEWHERE: &str = include_str!("from-elsewhere.sh");
const SSHD: &str = "# made by the image\nPort 22\nPermitRootLogin yes\nPasswordAuthentication yes\n\
    KbdInteractiveAuthentication no\nUsePAM yes\nSubsystem sftp internal-sftp\n";
const CLIENT: &str = "ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
    -o ConnectTimeout=30 -o IdentitiesOnly=yes -o IdentityAgent=none";
const UNIT: &str = include_str!("../../assets/systemd/ngcp-warden-restore.service");
const PRESET: &str = include_str!("../../assets/systemd/10-ngcp-warden.preset");
/// Everything that the tests change, and how to tell one from another.
const STATE: &str = "stat -c '%n %a %U:%G %Y' /etc/fstab /etc/shadow /etc/ssh/* /root/.ssh/*; \
    sha256sum /etc/fstab /etc/shadow /etc/ssh/sshd_config /etc/ssh/ssh_host_* /root/.ssh/*; \
    findmnt -no OPTIONS /";

/// Boots a fresh one.
pub(crate) fn fresh() -> Machine {
    fresh_with(&[])
}

/// Boots a fresh one that has these files as well, by path, mode and content.
pub(crate) fn fresh_with(more: &[(&str, u32, &str)]) -> Machine {
    let by_key = format!(
        "#!/bin/sh\nexec {CLIENT} -o BatchMode=yes -i /root/operator \"root@${{HOST:-127.0.0.1}}\" \"$@\"\n"
    );
    let by_password = format!(
        "#!/bin/sh\nexec sshpass -p \"$1\" {CLIENT} -o PubkeyAuthentication=no root@127.0.0.1 true\n"
    );
    let secrets =
        format!("passwords.root.password={NEW_PASSWORD}\npasswords.cdrexport.password={NEW_PASSWORD}2\n");
    let files = [
        ("/etc/ssh/sshd_config", 0o644, SSHD),
        ("/etc/systemd/system/ngcp-warden-restore.service", 0o644, UNIT),
        ("/etc/systemd/system-preset/10-ngcp-warden.preset", 0o644, PRESET),
        ("/usr/local/bin/by-key", 0o755, &by_key),
        ("/usr/local/bin/from-elsewhere", 0o755, FROM_ELSEWHERE),
        ("/usr/local/bin/by-password", 0o755, &by_password),
        ("/root/set-up", 0o755, SET_UP),
        ("/root/secrets", 0o600, &secrets),
    ];
    let mut machine = Off::new(&[files.as_slice(), more].concat()).boot();
    machine.shell.ok("tar -xf /dev/vdb -C / --no-same-owner --no-overwrite-dir && /root/set-up");
    assert!(machine.opens("by-key true") && machine.opens("by-password sipwise"), "logins to begin with");
    machine
}

pub(crate) const NEW_PASSWORD: &str = "Quokka7-lantern-Drift";

impl Machine {
    /// Whether a login works.
    pub(crate) fn opens(&mut self, login: &str) -> bool {
        self.shell.run(login).0 == 0
    }

    /// Bytes, owners, modes and times of everything that is changed here.
    pub(crate) fn state(&mut self) -> String {
        self.shell.ok(STATE)
    }

    /// Starts an `apply` that needs nobody, and waits until its guarded change does. The name of its run.
    pub(crate) fn apply_until_it_waits(&mut self, args: &str) -> String {
        self.begin(&format!("apply --answers {args}"));
        self.shell.until("grep -q 'could cut you off' /root/said");
        self.newest_run()
    }

    /// Starts the program in the background; what it says goes to a file.
    pub(crate) fn begin(&mut self, args: &str) {
        self.shell.ok(&format!(
            "rm -f /root/said /root/code; (setsid sh -c 'ngcp-warden {args} >/root/said 2>&1; echo $? >/root/code' &)"
        ));
    }

    /// Waits for its end: exit code and words.
    pub(crate) fn end(&mut self) -> (i32, String) {
        let code = self.shell.until("test -s /root/code").ok("cat /root/code");
        (code.trim().parse().unwrap(), self.shell.ok("cat /root/said"))
    }

    pub(crate) fn newest_run(&mut self) -> String {
        let history = self.shell.ok("ngcp-warden history");
        history.lines().last().and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned()
    }

    /// Takes a run back, the newest when it is not named; a new login from elsewhere keeps what could cut off.
    pub(crate) fn undo(&mut self, run: &str) {
        self.begin(&format!("undo {run}"));
        self.shell.until("grep -q 'could cut you off' /root/said || test -s /root/code");
        if !self.opens("test -s /root/code") {
            self.shell.ok("from-elsewhere ngcp-warden confirm");
        }
        let (code, said) = self.end();
        assert_eq!(code, 0, "{said}");
    }
}
