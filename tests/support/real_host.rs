//! A real Debian 12 with a sip:provider CE's files, packages, accounts and database, on a real ext4 loop mount in a
//! mount, PID and network namespace of its own. Only Sipwise's own programs, which are not public, are stand-ins.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what happened inside is shown outside")]
#![allow(unreachable_pub, dead_code, reason = "shared by test programs, each uses a part of it")]
#![allow(clippy::zombie_processes, reason = "the database ends with the namespace")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Runs the test again inside new namespaces and returns `None` outside; inside, the directory to work in.
/// The directory is removed outside, where nothing is mounted in it.
pub fn inside(test: &str) -> Option<PathBuf> {
    if let Some(work) = std::env::var_os("WARDEN_INSIDE") {
        return Some(work.into());
    }
    fs::create_dir_all(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let work = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"])
        .args(["--net", "--uts", "--mount-proc"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env("WARDEN_INSIDE", work.path())
        .output()
        .expect("unshare is needed (util-linux, as root)");
    // Indented, so that nobody counts the inner results as well.
    for line in [output.stdout, output.stderr].iter().flat_map(|text| text.split(|b| *b == b'\n')) {
        println!("  | {}", String::from_utf8_lossy(line));
    }
    assert!(output.status.success(), "{test} failed inside its namespaces (see above)");
    None
}

/// The machine; its mounts end with the namespace.
pub struct RealHost {
    /// Where its root is mounted.
    pub root: PathBuf,
}

impl RealHost {
    /// Debian, then the platform on top.
    pub fn new(work: &Path) -> Self {
        let tar = debian_root();
        let image = work.join("disk.img");
        run(Command::new("truncate").args(["-s", "3G"]).arg(&image));
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-L", "spce-root"]).arg(&image));
        let root = work.join("root");
        fs::create_dir(&root).unwrap();
        run(Command::new("mount").args(["-o", "loop,strictatime"]).arg(&image).arg(&root));
        run(Command::new("tar")
            .arg("-xf")
            .arg(tar)
            .arg("-C")
            .arg(&root)
            .args(["--numeric-owner", "--xattrs"]));
        run(Command::new("mount").args(["-t", "proc", "proc"]).arg(root.join("proc")));
        devices(&root.join("dev"));
        let host = RealHost { root };
        host.platform();
        host
    }

    /// Debian alone, without the platform and without what only a database needs, in memory.
    pub fn bare(work: &Path) -> Self {
        let root = work.join("root");
        fs::create_dir(&root).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "tmpfs"]).arg(&root));
        run(Command::new("tar")
            .args([
                "--exclude=./usr/share/*",
                "--exclude=*mariadb*",
                "--exclude=*mysql*",
                "--exclude=*/git-core/*",
            ])
            .arg("-xf")
            .arg(debian_root())
            .arg("-C")
            .arg(&root)
            .args(["--numeric-owner", "--xattrs"]));
        run(Command::new("mount").args(["-t", "proc", "proc"]).arg(root.join("proc")));
        devices(&root.join("dev"));
        RealHost { root }
    }

    /// A path on the host.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Writes a file.
    pub fn write(&self, path: &str, mode: u32, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs a program of the host; it must succeed.
    pub fn run(&self, argv: &[&str]) -> String {
        let output = self.try_run(argv, b"");
        assert!(output.status.success(), "{argv:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a program of the host with `input`, as root does.
    pub fn try_run(&self, argv: &[&str], input: &[u8]) -> Output {
        self.run_with(&[("HOME", "/root")], argv, input)
    }

    /// Runs a program of the host with this environment and a search path.
    pub fn run_with(&self, env: &[(&str, &str)], argv: &[&str], input: &[u8]) -> Output {
        use std::io::Write;
        let mut child = Command::new("chroot")
            .arg(&self.root)
            .args(argv)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join().unwrap();
        output
    }

    /// Installs the program under test.
    pub fn install_warden(&self) {
        let program = self.path("/usr/local/sbin/ngcp-warden");
        if !program.exists() {
            fs::copy(env!("CARGO_BIN_EXE_ngcp-warden"), &program).unwrap();
        }
    }

    /// Installs the program under test and runs it on the host. It finds no `HOME`: what it starts needs one.
    pub fn warden(&self, args: &[&str], input: &[u8]) -> Output {
        self.install_warden();
        self.run_with(&[], &[&["ngcp-warden"], args].concat(), input)
    }

    /// SQL as root over the socket.
    pub fn sql(&self, sql: &str) -> String {
        let output = self.try_run(&["mysql", "--no-defaults", "-uroot", "-BN"], sql.as_bytes());
        assert!(output.status.success(), "{sql}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn platform(&self) {
        fs::write("/proc/sys/kernel/hostname", "spce").unwrap();
        self.write("/etc/hostname", 0o644, "spce\n");
        self.write("/etc/hosts", 0o644, "127.0.0.1 localhost spce\n");
        self.write(
            "/etc/fstab",
            0o644,
            "# <fs> <mount point> <type> <options>\nLABEL=spce-root\t/\text4\terrors=remount-ro\t0 1\n",
        );
        self.write("/etc/default/ngcp-roles", 0o644, "NGCP_TYPE=\"spce\"\n");
        self.write(
            "/etc/mysql/sipwise_extra.cnf",
            0o400,
            "[client]\nuser = sipwise\npassword = sampleSipwisePw000001\n",
        );
        self.programs();
        self.accounts();
        self.packages();
        self.database();
        self.configuration("mr13.5.1");
    }

    /// The platform's configuration and its tool, of that release, everything applied and committed.
    pub fn configuration(&self, release: &str) {
        let tool = include_str!("ngcpcfg");
        self.write("/usr/sbin/ngcpcfg", 0o755, tool);
        self.write("/usr/sbin/ngcp-service", 0o755, tool);
        self.write("/etc/ngcp_version", 0o644, &format!("{release}\n"));
        self.write("/etc/.gitignore", 0o644, "ngcp-config\n*-\n");
        let folder = "/etc/ngcp-config";
        for (name, mode, text) in [
            ("config.yml", 0o660, include_str!("../hosts/mr13.5/etc/ngcp-config/config.yml")),
            ("network.yml", 0o660, include_str!("../hosts/mr13.5/etc/ngcp-config/network.yml")),
            ("constants.yml", 0o600, include_str!("../hosts/mr13.5/etc/ngcp-config/constants.yml")),
            ("maintenance.yml", 0o660, "---\ngeneral:\n  maintenance: no\n"),
            (
                "templates/etc/nginx/htpasswd.tt2",
                0o644,
                "[% FOREACH user IN ossbss.htpasswd -%]\n[% user.user %]:[% user.pass %]\n[% END -%]\n",
            ),
            ("templates/etc/nginx/htpasswd.services", 0o644, "ngcp-service nginx reload\n"),
        ] {
            let path = format!("{folder}/{name}");
            if !self.path(&path).exists() {
                self.write(&path, mode, text);
            }
        }
        self.try_run(&["groupadd", "-f", "_ngcp-admin"], b"");
        for repository in [folder, "/etc"] {
            self.run(&["git", "-C", repository, "init", "-q", "-b", "master"]);
        }
        self.commit("first");
        self.run(&["ngcpcfg", "apply", "first"]);
    }

    /// Lets the stand-in of the platform's tool fail, or complain, as it says itself; and no more.
    pub fn tool(&self, switch: &str, on: bool) {
        let path = format!("/run/ngcpcfg/{switch}");
        if on { self.write(&path, 0o644, "1") } else { fs::remove_file(self.path(&path)).unwrap() }
    }

    /// Commits what is in the configuration tree.
    pub fn commit(&self, message: &str) {
        self.run(&["git", "-C", "/etc/ngcp-config", "add", "-A"]);
        self.run(&[
            "git",
            "-C",
            "/etc/ngcp-config",
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "-q",
            "-m",
            message,
        ]);
    }

    /// Stand-ins for the programs that are not public; each writes down how it was called.
    fn programs(&self) {
        let log = "echo \"$(basename $0) $*\" >> /var/log/calls\n";
        self.write(
            "/usr/sbin/ngcp-toggle-performance-config",
            0o755,
            &format!("#!/bin/sh\n{log}sed -i \"s/udp_children: .*/udp_children: '1'/\" /etc/ngcp-config/config.yml\n"),
        );
    }

    fn accounts(&self) {
        self.run(&["useradd", "-u", "1000", "-m", "-d", "/var/sipwise", "-s", "/bin/bash", "sipwise"]);
        self.run(&["useradd", "-u", "1001", "-M", "-d", "/home/jail/home/cdrexport", "cdrexport"]);
        let set = self.try_run(&["chpasswd"], b"root:sipwise\n");
        assert!(set.status.success());
        self.write(
            "/var/sipwise/.ssh/authorized_keys",
            0o600,
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQSUPPORT support@jump.sipwise.com\n",
        );
        self.run(&["chown", "-R", "sipwise:", "/var/sipwise"]);
    }

    /// Two real packages that exclude each other, from a repository on the host.
    fn packages(&self) {
        let access = "#!/bin/sh\necho \"$(basename $0) $*\" >> /var/log/calls\ncase \"$1\" in --disable) echo 'Support access successfully disabled.';; --enable) echo 'Support access successfully enabled.';; *) exit 1;; esac\n";
        let mut index = String::new();
        for (name, other) in [
            ("ngcp-support-access", "ngcp-support-noaccess"),
            ("ngcp-support-noaccess", "ngcp-support-access"),
        ] {
            let control = format!(
                "Package: {name}\nVersion: 13.5.1\nArchitecture: all\nMaintainer: t <t@t>\nConflicts: {other}\nReplaces: {other}\nDescription: stand-in\n"
            );
            self.write(&format!("/tmp/{name}/DEBIAN/control"), 0o644, &control);
            if name == "ngcp-support-access" {
                self.write(&format!("/tmp/{name}/usr/sbin/ngcp-support-access"), 0o755, access);
            }
            let deb = format!("/srv/repo/{name}.deb");
            fs::create_dir_all(self.path("/srv/repo")).unwrap();
            self.run(&["dpkg-deb", "--root-owner-group", "--build", &format!("/tmp/{name}"), &deb]);
            let size = fs::metadata(self.path(&deb)).unwrap().len();
            let sum = self.run(&["sha256sum", &deb]);
            let sum = sum.split_whitespace().next().unwrap();
            index += &format!("{control}Filename: ./{name}.deb\nSize: {size}\nSHA256: {sum}\n\n");
        }
        self.write("/srv/repo/Packages", 0o644, &index);
        let _ = fs::remove_dir_all(self.path("/etc/apt/sources.list.d"));
        self.write("/etc/apt/sources.list", 0o644, "deb [trusted=yes] file:/srv/repo ./\n");
        self.run(&["apt-get", "update", "-qq"]);
        self.run(&["apt-get", "install", "-y", "-qq", "ngcp-support-access"]);
    }

    fn database(&self) {
        let _ = fs::remove_dir_all(self.path("/var/lib/mysql"));
        self.run(&[
            "mariadb-install-db",
            "--no-defaults",
            "--user=mysql",
            "--auth-root-authentication-method=normal",
        ]);
        self.run(&["install", "-d", "-o", "mysql", "/run/mysqld"]);
        Command::new("chroot")
            .arg(&self.root)
            .args(["/usr/sbin/mariadbd", "--no-defaults", "--user=mysql", "--skip-networking"])
            .args(["--socket=/run/mysqld/mysqld.sock", "--innodb-buffer-pool-size=32M"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let up = || self.try_run(&["mysqladmin", "--no-defaults", "-uroot", "ping"], b"").status.success();
        let begun = std::time::Instant::now();
        while !up() {
            assert!(begun.elapsed().as_secs() < 60, "MariaDB did not start");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        self.sql(include_str!("admins.sql"));
    }
}

/// Runs a command of the outer host; it must succeed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The few devices programs need, of its own: the machine's `/dev` is never mounted here.
fn devices(dev: &Path) {
    run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "tmpfs"]).arg(dev));
    for (name, major, minor) in
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9)]
    {
        let numbers = [major, minor].map(|number: u32| number.to_string());
        run(Command::new("mknod").args(["-m", "666"]).arg(dev.join(name)).arg("c").args(numbers));
    }
    std::os::unix::fs::symlink("/proc/self/fd", dev.join("fd")).unwrap();
}

/// The Debian 12 root as a tar file, made once.
fn debian_root() -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(Command::new("bash").arg(project.join("tests/support/debian-root.sh")));
    project.join("target/debian-bookworm.tar")
}
