//! What several test programs share: the sample hosts with the modes and owners that git does not keep.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod pty;
pub mod scenes;
pub mod wizard;

pub mod hosts {
    use std::path::{Path, PathBuf};

    use ngcp_warden::executor::simulated::Simulated;

    /// Path, mode, owner, group.
    const ATTRIBUTES: &[(&str, u32, u32, u32)] = &[
        ("/etc/shadow", 0o640, 0, 42),
        ("/etc/ngcp-config/config.yml", 0o660, 0, 0),
        ("/etc/ngcp-config/network.yml", 0o660, 0, 0),
        ("/etc/ngcp-config/constants.yml", 0o600, 0, 0),
        ("/etc/mysql/sipwise.cnf", 0o440, 0, 0),
        ("/etc/mysql/sipwise_extra.cnf", 0o400, 0, 0),
        ("/etc/mysql/debian.cnf", 0o600, 0, 0),
        ("/root", 0o700, 0, 0),
        ("/root/.ssh", 0o700, 0, 0),
        ("/root/.ssh/authorized_keys", 0o600, 0, 0),
        ("/root/.ssh/sipwise_vagrant_key", 0o600, 0, 0),
        ("/var/sipwise", 0o755, 1000, 1000),
        ("/var/sipwise/.ssh", 0o700, 1000, 1000),
        ("/var/sipwise/.ssh/authorized_keys", 0o600, 1000, 1000),
        ("/var/sipwise/.ssh/sipwise_vagrant_key", 0o600, 1000, 1000),
    ];

    /// Where the sample host lies in the repository. Modes and owners are not right there.
    pub fn tree(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(name)
    }

    /// The sample host `mr3.8` or `mr13.5` in memory, with its modes and owners. It has no programs: script
    /// those that a test needs with `on`, and say what kind of world it is.
    pub fn load(name: &str) -> Simulated {
        let host = Simulated::from_tree(&tree(name)).expect("a sample host");
        host.edit(|files| {
            for (path, mode, uid, gid) in ATTRIBUTES {
                if files.exists(path) {
                    files.set_owner(path, *mode, *uid, *gid);
                }
            }
        });
        host
    }

    /// A copy of the sample host on disk, with its modes and owners.
    pub fn copy(name: &str, to: &Path) {
        use std::os::unix::fs::{PermissionsExt, chown};
        let copied = std::process::Command::new("cp").arg("-R").arg(tree(name)).arg(to).status();
        assert!(copied.expect("cp").success());
        // Every host has it; git keeps no empty directory.
        std::fs::create_dir(to.join("run")).expect("/run");
        for (path, mode, uid, gid) in ATTRIBUTES {
            let path = to.join(path.trim_start_matches('/'));
            if path.exists() {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).expect("chmod");
                chown(&path, Some(*uid), Some(*gid)).expect("chown");
            }
        }
    }
}
