//! The files of the sample host, embedded from `assets/demo` with mode, owner and group.

/// A file: path, mode, owner, group, content.
pub(super) type File = (&'static str, u32, u32, u32, &'static [u8]);

macro_rules! files {
    ($($mode:literal $uid:literal $gid:literal $path:literal,)*) => {
        &[$(
            (concat!("/", $path), $mode, $uid, $gid, include_bytes!(concat!("../../assets/demo/", $path)).as_slice()),
        )*]
    };
}

/// All of them.
pub(super) const ALL: &[File] = files![
    0o644 0 0 "etc/debian_version",
    0o644 0 0 "etc/default/ngcp-db",
    0o644 0 0 "etc/default/ngcp-roles",
    0o644 0 0 "etc/default/ngcp-rtpengine-daemon",
    0o644 0 0 "etc/fstab",
    0o644 0 0 "etc/group",
    0o644 0 0 "etc/hostname",
    0o644 0 0 "etc/hosts",
    0o600 0 0 "etc/mysql/debian.cnf",
    0o400 0 0 "etc/mysql/sipwise_extra.cnf",
    0o660 0 120 "etc/ngcp-config/config.yml",
    0o600 0 0 "etc/ngcp-config/constants.yml",
    0o660 0 120 "etc/ngcp-config/maintenance.yml",
    0o660 0 120 "etc/ngcp-config/network.yml",
    0o644 0 109 "etc/ngcp-config/shared-files/ssl/api_ca.crt",
    0o640 0 109 "etc/ngcp-config/shared-files/ssl/api_ca.key",
    0o644 0 109 "etc/ngcp-config/shared-files/ssl/myserver.crt",
    0o640 0 109 "etc/ngcp-config/shared-files/ssl/myserver.key",
    0o644 0 0 "etc/ngcp_version",
    0o644 0 0 "etc/os-release",
    0o644 0 0 "etc/passwd",
    0o644 0 0 "etc/rtpengine/rtpengine.conf",
    0o640 0 42 "etc/shadow",
    0o644 0 0 "etc/sipwise_ngcp_version",
    0o444 0 0 "etc/ssh/sshd_config",
    0o600 0 0 "media/usb/spce.example.net.pem",
    0o600 10000 10000 "ngcp-data/home/sipwise/.ssh/authorized_keys",
    0o444 0 0 "proc/self/mountinfo",
    0o600 0 0 "root/.ssh/authorized_keys",
    0o644 0 0 "var/lib/dpkg/status",
];
