//! A host with an SSH server as images ship it, and clients that try to get in.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
};

use serde_json::Value;

use super::{
    neighbour::{self, Neighbour},
    real_host::{RealHost, run},
};

pub(crate) const PASSWORD: &str = "a Password that is known 7";
const CONFIG: &str = "# made by the image\nPort 22\nPermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
    UsePAM yes\nAuthorizedKeysFile %h/.ssh/authorized_keys %h/.ssh/sipwise_vagrant_key\nSubsystem sftp internal-sftp\n";

pub(crate) struct Server {
    pub(crate) host: RealHost,
    pub(crate) work: PathBuf,
    /// A login from here proves that one can get in.
    neighbour: Neighbour,
}

impl Server {
    pub(crate) fn start(work: &Path) -> Self {
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        let server =
            Server { host: RealHost::bare(work), work: work.to_owned(), neighbour: Neighbour::start() };
        for name in ["operator", "image-1", "image-2", "new"] {
            let comment = if name == "image-1" { "vagrant insecure public key" } else { name };
            run(Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"])
                .arg(work.join(name)));
        }
        let host = &server.host;
        host.run(&["useradd", "-m", "-s", "/bin/bash", "cdrexport"]);
        let passwords = format!("root:{PASSWORD}\ncdrexport:{PASSWORD}\n");
        assert!(host.try_run(&["chpasswd"], passwords.as_bytes()).status.success());
        fs::create_dir_all(host.path("/run/sshd")).unwrap();
        // A wrong password costs two seconds otherwise.
        host.run(&["sed", "-i", "s/pam_unix.so/pam_unix.so nodelay/", "/etc/pam.d/common-auth"]);
        server.reset();
        // Older than the first start of the host: from the image.
        run(Command::new("touch").args(["-d", "2020-01-01"]).args(
            ["rsa", "ecdsa", "ed25519"].map(|kind| host.path(&format!("/etc/ssh/ssh_host_{kind}_key"))),
        ));
        host.write("/etc/machine-id", 0o444, "0123456789abcdef0123456789abcdef\n");
        host.run(&["/usr/sbin/sshd", "-E", "/var/log/auth.log"]);
        server
    }

    /// Settings and keys as the image has them, and the operator's own key.
    pub(crate) fn reset(&self) {
        let host = &self.host;
        host.try_run(&["rm", "-rf", "/root/.ssh", "/tmp/open"], b"");
        host.write("/etc/ssh/sshd_config", 0o644, CONFIG);
        let key = |name: &str| fs::read_to_string(self.work.join(format!("{name}.pub"))).unwrap();
        let text = format!("# keys of the operators\r\n\n{}{}# the end", key("operator"), key("image-1"));
        host.write("/root/.ssh/authorized_keys", 0o600, &text);
        host.write("/root/.ssh/sipwise_vagrant_key", 0o600, &key("image-2"));
        for (path, mode) in [("/root", 0o700), ("/root/.ssh", 0o700)] {
            fs::set_permissions(host.path(path), fs::Permissions::from_mode(mode)).unwrap();
            chown(host.path(path), Some(0), Some(0)).unwrap();
        }
        chown(host.path("/root/.ssh/authorized_keys"), Some(0), Some(0)).unwrap();
    }

    /// Gives `account` the key of that name.
    pub(crate) fn allow(&self, account: &str, name: &str) {
        let key = fs::read_to_string(self.work.join(format!("{name}.pub"))).unwrap();
        self.host.write(&format!("/home/{account}/.ssh/authorized_keys"), 0o600, &key);
        self.host.run(&["chown", "-R", &format!("{account}:{account}"), &format!("/home/{account}/.ssh")]);
        self.host.run(&["chmod", "700", &format!("/home/{account}/.ssh")]);
    }

    /// Members of the group sudo become root with their password, `NOPASSWD:` without it.
    pub(crate) fn sudo(&self, how: &str) {
        self.host.write("/usr/bin/sudo", 0o755, "#!/bin/sh\nexec \"$@\"\n");
        self.host.write("/etc/sudoers", 0o440, &format!("%sudo ALL=(ALL:ALL) {how} ALL\n"));
    }

    pub(crate) fn reload(&self) {
        self.host.run(&["service", "ssh", "reload"]);
        // The listener starts itself again; it is ready when it answers.
        for _ in 0..50 {
            let scan = Command::new("ssh-keyscan").args(["-T", "2", "127.0.0.1"]).output().unwrap();
            if !scan.stdout.is_empty() {
                return;
            }
            Command::new("sleep").arg("0.1").status().unwrap();
        }
        panic!("sshd does not answer any more");
    }

    /// Ends the server, not the connections.
    pub(crate) fn stop(&self) {
        let process = run(Command::new("pgrep").args(["-f", r"^sshd: .*\[listener\]"]));
        run(Command::new("kill").arg(process.trim()));
        while !Command::new("ssh-keyscan").arg("127.0.0.1").output().unwrap().stdout.is_empty() {}
    }

    pub(crate) fn restart(&self, options: &[&str]) {
        self.stop();
        self.host.run(&[&["/usr/sbin/sshd", "-E", "/var/log/auth.log"], options].concat());
        // It leaves its parent before it listens and is called a listener.
        while Command::new("ssh-keyscan").arg("127.0.0.1").output().unwrap().stdout.is_empty() {}
    }

    pub(crate) fn key_opens(&self, name: &str) -> bool {
        self.ssh(name, "root", "true").status.success()
    }

    /// Runs a command on the host over SSH, with a key and nothing else.
    pub(crate) fn ssh(&self, key: &str, account: &str, command: &str) -> Output {
        self.login(client(), key, &format!("{account}@127.0.0.1"), command)
    }

    /// The same, as root with the operator's key and from another machine.
    pub(crate) fn ssh_from_elsewhere(&self, command: &str) -> Output {
        let ssh = client_of(self.neighbour.command("ssh"));
        self.login(ssh, "operator", &format!("root@{}", neighbour::HOST), command)
    }

    fn login(&self, mut ssh: Command, key: &str, where_to: &str, command: &str) -> Output {
        ssh.arg("-i").arg(self.work.join(key)).args([
            "-o",
            "BatchMode=yes",
            "-o",
            "PreferredAuthentications=publickey",
        ]);
        ssh.args([where_to, command]).output().unwrap()
    }

    pub(crate) fn password_opens(&self, account: &str) -> bool {
        let ssh = client();
        let mut words: Vec<&std::ffi::OsStr> = vec![ssh.get_program()];
        words.extend(ssh.get_args());
        let status = Command::new("sshpass")
            .args(["-p", PASSWORD])
            .args(words)
            .args([
                "-o",
                "PubkeyAuthentication=no",
                "-o",
                "PreferredAuthentications=password,keyboard-interactive",
            ])
            .arg(format!("{account}@127.0.0.1"))
            .arg("true")
            .output()
            .unwrap();
        status.status.success()
    }

    /// The methods that the running server offers to a connection now, whatever its file says.
    pub(crate) fn offered(&self) -> String {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-v", "-o", "LogLevel=DEBUG1", "-o", "PreferredAuthentications=none"]);
        ssh.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1"]);
        ssh.arg("true");
        // While it starts itself again nobody answers.
        for _ in 0..50 {
            let told = ssh.output().unwrap();
            let told = String::from_utf8_lossy(&told.stderr);
            if let Some((_, methods)) = told.split_once("Authentications that can continue: ") {
                return methods.lines().next().unwrap_or_default().trim().to_owned();
            }
            Command::new("sleep").arg("0.1").status().unwrap();
        }
        panic!("sshd does not answer any more")
    }

    pub(crate) fn audit(&self) -> Value {
        json(&self.host.warden(&["audit", "ssh", "--format", "json", "--fail-on", "never"], b""))
    }

    /// The fingerprint of a key of ours.
    pub(crate) fn fingerprint(&self, name: &str) -> String {
        let told = run(Command::new("ssh-keygen").arg("-lf").arg(self.work.join(format!("{name}.pub"))));
        told.split(' ').nth(1).unwrap().to_owned()
    }

    /// The question about one key of root.
    pub(crate) fn question(&self, name: &str) -> String {
        let fingerprint = self.fingerprint(name);
        let plain = fingerprint.trim_start_matches("SHA256:").chars().filter(char::is_ascii_alphanumeric);
        format!("key.root.{}", plain.take(12).collect::<String>())
    }

    /// Adds a line to a file of keys.
    pub(crate) fn append(&self, path: &str, name: &str) {
        let key = fs::read_to_string(self.work.join(format!("{name}.pub"))).unwrap();
        let text = fs::read_to_string(self.host.path(path)).unwrap();
        fs::write(self.host.path(path), format!("{}\n{key}", text.trim_end())).unwrap();
    }

    /// The form's own answers, with some changed.
    pub(crate) fn answers(&self, changed: &[(&str, &str)]) -> String {
        // Nobody is seen to have come in with a key: what may keep somebody out is not chosen beforehand.
        let mut all = changed.to_vec();
        for chosen in [("root-login", "keys"), ("password-login", "off")] {
            all.extend(Some(chosen).filter(|one| changed.iter().all(|(key, _)| *key != one.0)));
        }
        let changed = &all[..];
        let whole = String::from_utf8(self.host.warden(&["answers"], b"").stdout).unwrap();
        let section = whole.split("\nssh:\n").nth(1).unwrap_or_else(|| panic!("no ssh in {whole}"));
        let mut out = "schema: 1\nssh:\n".to_owned();
        for line in section.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#'])) {
            let chosen = changed.contains(&("keys", "choose"));
            let line = match line.trim().strip_prefix("# ") {
                Some(key) if chosen && key.starts_with("key.") => &format!("  {key}"),
                _ => line,
            };
            let key =
                line.trim().split(": ").next().unwrap_or_default().trim_end_matches(':').trim_matches('"');
            match changed.iter().find(|(name, _)| *name == key) {
                Some((name, value)) if !line.trim().starts_with('#') => {
                    out += &format!("  {name}: {value}\n");
                }
                _ => out += &format!("{line}\n"),
            }
        }
        out
    }

    /// Everything left as it is, but for some answers.
    pub(crate) fn nothing_but(&self, changed: &[(&str, &str)]) -> String {
        let mut all = vec![
            ("image-keys", "leave"),
            ("keys", "keep"),
            ("modes", "leave"),
            ("root-login", "leave"),
            ("password-login", "leave"),
            ("empty-passwords", "leave"),
            ("algorithms", "leave"),
            ("forwarding", "leave"),
            ("host-keys", "leave"),
        ];
        all.retain(|(key, _)| !changed.iter().any(|(name, _)| name == key));
        all.extend(changed);
        self.answers(&all)
    }

    /// Exit code and everything that was said.
    pub(crate) fn apply(&self, answers: &str, more: &[&str]) -> (i32, String) {
        self.host.write("/root/answers.yml", 0o644, answers);
        let mut args = vec!["apply", "--answers", "/root/answers.yml"];
        args.extend(more);
        told(&self.host.warden(&args, b""))
    }

    /// Runs `work` while new logins from elsewhere, with the operator's key, try to keep what it changes.
    pub(crate) fn confirming<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.telling("confirm", work)
    }

    /// Runs `work` while new logins say `word` again and again.
    pub(crate) fn telling<T: Send>(&self, word: &str, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let run = scope.spawn(work);
            while !run.is_finished() {
                self.ssh_from_elsewhere(&format!("ngcp-warden {word}"));
                // Not yet waiting, or told already; the run itself is what ends this loop.
                Command::new("sleep").arg("0.3").status().unwrap();
            }
            run.join().unwrap()
        })
    }

    /// As [`Self::apply`], from a login of the console.
    pub(crate) fn apply_on_console(&self, answers: &str) -> (i32, String) {
        self.host.write("/root/answers.yml", 0o644, answers);
        let login = self.host.path("/usr/local/bin/login");
        if !login.exists() {
            fs::copy(self.host.path("/bin/bash"), &login).unwrap();
        }
        let script = "ngcp-warden apply --confirm none --answers /root/answers.yml; exit $?";
        told(&self.host.try_run(&["/usr/local/bin/login", "-c", script], b""))
    }

    /// How many algorithms ssh-audit fails, and how many it warns of.
    pub(crate) fn judged(&self, audit: &Path) -> (usize, usize) {
        let output = Command::new(audit).args(["-n", "--skip-rate-test", "127.0.0.1"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("(kex)"), "{output:?}");
        (text.matches("[fail]").count(), text.matches("[warn]").count())
    }
}

pub(crate) fn client() -> Command {
    client_of(Command::new("ssh"))
}

fn client_of(mut ssh: Command) -> Command {
    ssh.args([
        "-F",
        "none",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "IdentityAgent=none",
        "-o",
        "StrictHostKeyChecking=no",
    ]);
    ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]);
    ssh
}

fn told(output: &Output) -> (i32, String) {
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said.into_owned())
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

pub(crate) fn status(audit: &Value, id: &str) -> String {
    let finding = audit["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id);
    finding.map_or_else(|| format!("no {id}"), |finding| finding["status"].as_str().unwrap().to_owned())
}

/// The judge, in an environment of its own; installed once, while there still is a network.
pub(crate) fn ssh_audit() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ssh-audit-3.3.0");
    let program = folder.join("bin/ssh-audit");
    if !program.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "ssh-audit==3.3.0"]));
    }
    program
}
