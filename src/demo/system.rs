//! Programs of Debian on the sample host: packages, accounts, mounts, services.
//! They change the files a real one would change and print what a real one prints.

use super::programs::{DPKG_STATUS, MOUNTINFO, NAME, SHADOW, ms, rewrite, slowly, usage, words};
use crate::{
    executor::{
        Command,
        simulated::{Answer, Files, Simulated},
    },
    host::keys::Key,
};

/// Services that run, with the words systemd knows them by.
const SERVICES: &[(&str, &str)] = &[
    ("asterisk", "Asterisk PBX"),
    ("cron", "Regular background program processing daemon"),
    ("dbus", "D-Bus System Message Bus"),
    ("getty@tty1", "Getty on tty1"),
    ("kamailio-lb", "Kamailio SIP Load-Balancer"),
    ("kamailio-proxy", "Kamailio SIP Proxy"),
    ("mariadb", "MariaDB 10.11.11 database server"),
    ("monit", "Pro-active monitoring utility for unix systems"),
    ("nginx", "A high performance web server and a reverse proxy server"),
    ("ngcp-mediator", "NGCP Mediator"),
    ("ngcp-panel", "NGCP Panel"),
    ("ngcp-rate-o-mat", "NGCP Rating Engine"),
    ("ngcp-rtpengine-daemon", "NGCP RTP/media proxy daemon"),
    ("ngcp-sems", "SEMS Application Server"),
    ("ngcp-witnessd", "NGCP system monitoring"),
    ("redis-server", "Advanced key-value store"),
    ("rsyslog", "System Logging Service"),
    ("ssh", "OpenBSD Secure Shell server"),
    ("systemd-journald", "Journal Service"),
    ("systemd-logind", "User Login Management"),
    ("systemd-udevd", "Rule-based Manager for Device Events and Files"),
];

/// Packages that the sample repository has, each excluding the other.
const SUPPORT: [&str; 2] = ["ngcp-support-access", "ngcp-support-noaccess"];

pub(super) fn programs(host: Simulated) -> Simulated {
    host.on("apt-get", apt_get)
        .on("apt-cache", apt_cache)
        .on("chpasswd", chpasswd)
        .on("dpkg-query", |files: &mut Files, command: &Command| match words(command)[..] {
            [.., package] if installed(files, package) => Answer::from("install ok installed"),
            _ => Answer::code(1).error("dpkg-query: no packages found"),
        })
        .on("findmnt", findmnt)
        .on("hostname", |_: &mut Files, command: &Command| match words(command)[..] {
            [] => format!("{NAME}\n"),
            _ => format!("{NAME}.example.net\n"),
        })
        .on("mount", mount)
        .on("passwd", usermod)
        .on("setpriv", setpriv)
        .on("ssh", ssh)
        .on("ssh-keygen", ssh_keygen)
        .on("sshd", sshd)
        .on("systemctl", systemctl)
        .on("usermod", usermod)
}

fn apt_get(files: &mut Files, command: &Command) -> Answer {
    let words: Vec<&str> = command
        .args
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-') && !word.contains("::"))
        .collect();
    let package = match words[..] {
        ["update"] => {
            return slowly(
                400,
                [
                    "Hit:1 https://deb.debian.org/debian bookworm InRelease",
                    "Hit:2 https://deb.sipwise.com/spce/mr13.5.1 bookworm InRelease",
                    "Reading package lists...",
                ],
            );
        }
        ["install", package] => package,
        _ => return usage(command),
    };
    let reading = slowly(
        250,
        ["Reading package lists...", "Building dependency tree...", "Reading state information..."],
    );
    let Some(other) = SUPPORT.iter().position(|name| *name == package).map(|at| SUPPORT[1 - at]) else {
        return Answer::code(100).error(&format!("E: Unable to locate package {package}"));
    };
    if installed(files, package) {
        return reading.line(&format!("{package} is already the newest version (13.5.1.0+0~mr13.5.1.0)."));
    }
    if command.args.iter().any(|arg| matches!(arg.as_str(), "-s" | "--simulate" | "--dry-run")) {
        return reading
            .line(&format!("Remv {other} [13.5.1.0+0~mr13.5.1.0]"))
            .line(&format!("Inst {package} (13.5.1.0+0~mr13.5.1.0 sipwise:mr13.5.1 [all])"));
    }
    let status =
        files.text(DPKG_STATUS).replace(&format!("Package: {other}\n"), &format!("Package: {package}\n"));
    files.write(DPKG_STATUS, status);
    reading
        .line("The following packages will be REMOVED:")
        .line(&format!("  {other}"))
        .line("The following NEW packages will be installed:")
        .line(&format!("  {package}"))
        .line("0 upgraded, 1 newly installed, 1 to remove and 0 not upgraded.")
        .after(ms(600))
        .line(&format!(
            "Get:1 https://deb.sipwise.com/spce/mr13.5.1 bookworm/main amd64 {package} all [5,212 B]"
        ))
        .after(ms(400))
        .line(&format!("Removing {other} (13.5.1.0+0~mr13.5.1.0) ..."))
        .after(ms(500))
        .line(&format!("Setting up {package} (13.5.1.0+0~mr13.5.1.0) ..."))
}

fn apt_cache(files: &mut Files, command: &Command) -> Answer {
    let ["policy" | "show" | "madison", package] = words(command)[..] else { return usage(command) };
    if !SUPPORT.contains(&package) {
        return Answer::code(0).error(&format!("N: Unable to locate package {package}"));
    }
    let installed = if installed(files, package) { "13.5.1.0+0~mr13.5.1.0" } else { "(none)" };
    format!("{package}:\n  Installed: {installed}\n  Candidate: 13.5.1.0+0~mr13.5.1.0\n").into()
}

fn installed(files: &Files, package: &str) -> bool {
    files.text(DPKG_STATUS).contains(&format!("Package: {package}\nStatus: install ok installed\n"))
}

/// `NAME:PASSWORD` lines on standard input; with `-e` the passwords are hashes already.
fn chpasswd(files: &mut Files, command: &Command) -> Answer {
    let input = command.stdin.as_ref().and_then(|input| input.expose_str()).unwrap_or_default();
    for line in input.lines() {
        let Some((name, password)) = line.split_once(':') else {
            return Answer::code(1).error("chpasswd: line 1: missing new password");
        };
        let hash = match words(command)[..] {
            ["-e" | "--encrypted"] => Some(password.to_owned()),
            _ => pwhash::sha512_crypt::hash(password).ok(),
        };
        let Some(hash) = hash.filter(|_| entry(files, name).is_some()) else {
            return Answer::code(1).error("chpasswd: line 1: user does not exist");
        };
        set_hash(files, name, &hash);
    }
    Answer::code(0).after(ms(150))
}

fn usermod(files: &mut Files, command: &Command) -> Answer {
    let [option, name] = words(command)[..] else { return usage(command) };
    let Some(hash) = entry(files, name) else {
        return Answer::code(6).error(&format!("usermod: user '{name}' does not exist"));
    };
    let hash = match option {
        "-l" | "-L" | "--lock" if hash.starts_with('!') => hash,
        "-l" | "-L" | "--lock" => format!("!{hash}"),
        "-u" | "-U" | "--unlock" => match hash.strip_prefix('!') {
            Some("") => {
                return Answer::code(0)
                    .error("usermod: unlocking the user's password would result in a passwordless account.");
            }
            Some(rest) => rest.to_owned(),
            None => hash,
        },
        _ => return usage(command),
    };
    set_hash(files, name, &hash);
    Answer::code(0).after(ms(80))
}

fn entry(files: &Files, name: &str) -> Option<String> {
    let shadow = files.text(SHADOW);
    let mut fields = shadow.lines().map(|line| line.split(':'));
    fields.find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.next().map(str::to_owned))?)
}

fn set_hash(files: &mut Files, name: &str, hash: &str) {
    rewrite(files, SHADOW, |line| {
        let mut fields: Vec<&str> = line.split(':').collect();
        if fields.first() == Some(&name) && fields.len() > 2 {
            (fields[1], fields[2]) = (hash, "20526");
        }
        Some(fields.join(":"))
    });
}

/// `mount -o remount,OPTION[,OPTION…] [SOURCE] TARGET`.
fn mount(files: &mut Files, command: &Command) -> Answer {
    let ["-o", options, .., target] = words(command)[..] else { return usage(command) };
    let Some(options) = options.strip_prefix("remount,") else { return usage(command) };
    let mut seen = false;
    let text: String = files
        .text(MOUNTINFO)
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(' ').collect();
            if fields.get(4) != Some(&target) {
                return format!("{line}\n");
            }
            seen = true;
            let mut set: Vec<&str> = fields[5].split(',').collect();
            for option in options.split(',') {
                if ["noatime", "relatime", "strictatime"].contains(&option) {
                    set.retain(|one| !["noatime", "relatime", "strictatime"].contains(one));
                }
                if option != "strictatime" && !set.contains(&option) {
                    set.push(option);
                }
            }
            let set = set.join(",");
            fields[5] = &set;
            format!("{}\n", fields.join(" "))
        })
        .collect();
    if !seen {
        return Answer::code(32).error(&format!("mount: {target}: mount point not mounted or bad option."));
    }
    files.write(MOUNTINFO, text);
    Answer::code(0).after(ms(120))
}

fn findmnt(files: &mut Files, command: &Command) -> Answer {
    let words = words(command);
    if !words.contains(&"--verify") {
        return usage(command);
    }
    let named =
        words.iter().position(|word| matches!(*word, "--tab-file" | "-F")).and_then(|at| words.get(at + 1));
    let table = files.text(named.unwrap_or(&"/etc/fstab"));
    let broken = table.lines().position(|line| {
        !line.trim_start().starts_with('#') && (1..4).contains(&line.split_whitespace().count())
    });
    match broken {
        None => Answer::code(0).after(ms(60)).line("Success, no errors or warnings detected"),
        Some(at) => {
            Answer::code(1).error(&format!("findmnt: {}: parse error at line {}", "/etc/fstab", at + 1))
        }
    }
}

/// `sshd -T`: the effective configuration, as far as the file says it.
fn sshd(files: &mut Files, command: &Command) -> Answer {
    match words(command)[..] {
        ["-t", ..] => Answer::code(0),
        ["-T", ..] => {
            let dir = "/etc/ssh/sshd_config.d";
            let names = files.list(dir.as_ref()).unwrap_or_default();
            let included: String = names.iter().map(|name| files.text(format!("{dir}/{name}"))).collect();
            let config = included + &files.text(SSHD_CONFIG) + ALGORITHMS;
            let lines = config
                .lines()
                .filter(|line| !line.starts_with(['M', '#', ' ', 'I']) || line.starts_with("MACs"));
            let mut told: Vec<(String, &str)> = Vec::new();
            for (key, value) in lines.filter_map(|line| line.split_once(' ')) {
                let key = key.to_lowercase();
                if key == "hostkey" || told.iter().all(|(known, _)| *known != key) {
                    told.push((key, value));
                }
            }
            told.iter().map(|(key, value)| format!("{key} {value}\n")).collect::<String>().into()
        }
        _ => usage(command),
    }
}

const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";
/// What Debian 12's server offers when nothing is said.
const ALGORITHMS: &str = "\
PermitEmptyPasswords no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
StrictModes yes
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
AllowAgentForwarding yes
X11Forwarding no
Ciphers chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com
MACs umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512
HostKeyAlgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256
";

/// What `ngcpcfg apply` makes of the values under `sshd:` in config.yml.
pub(super) fn render_sshd(files: &mut Files) {
    let config: serde_yaml::Value =
        serde_yaml::from_str(&files.text(super::programs::CONFIG)).unwrap_or_default();
    let value = |key: &str| config.get("sshd").and_then(|sshd| sshd.get(key)?.as_str()).map(str::to_owned);
    for (keyword, key) in
        [("PermitRootLogin ", "permit_root_login"), ("PasswordAuthentication ", "password_authentication")]
    {
        if let Some(value) = value(key) {
            rewrite(files, SSHD_CONFIG, |line| match line.starts_with(keyword) {
                true => Some(format!("{keyword}{value}")),
                false => Some(line.to_owned()),
            });
        }
    }
}

/// The trial login on a second server.
fn ssh(_: &mut Files, _: &Command) -> Answer {
    Answer::code(0).after(ms(900))
}

/// A folder made, or a mode changed, by its owner.
fn setpriv(files: &mut Files, command: &Command) -> Answer {
    match words(command)[..] {
        [.., "mkdir", "-m", "700", folder] => files.directory(folder),
        [.., "chmod", _, "--", _] => {}
        [.., "head", "-c", "1", _] => return super::certificates::head(files, command),
        _ => return usage(command),
    }
    Answer::code(0)
}

/// Checks a key, or makes one: a pair that opens nothing, with a private half that is none.
fn ssh_keygen(_: &mut Files, command: &Command) -> Answer {
    const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaLsEQahPxj8blGLBCxLd1AgCYz7lrsXY7l5aiDQMty\n";
    match words(command)[..] {
        ["-l", ..] => {
            let line = command.credentials.as_ref().and_then(|line| line.expose_str()).unwrap_or_default();
            match Key::parse(line.trim()) {
                Ok(key) => {
                    format!("{} {} {} ({})\n", key.bits, key.fingerprint, key.comment, key.kind()).into()
                }
                Err(_) => Answer::code(255).error("is not a public key file."),
            }
        }
        ["-y", ..] => PUBLIC.into(),
        ["-t", ..] => Answer::from(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n\
            VGhlIGRlbW8gbWFrZXMgbm8gcmVhbCBrZXk6IHRoaXMgb25lIG9wZW5zIG5vdGhpbmcu\n\
            -----END OPENSSH PRIVATE KEY-----\n",
        )
        .after(ms(300)),
        _ => usage(command),
    }
}

fn systemctl(files: &mut Files, command: &Command) -> Answer {
    let words: Vec<&str> =
        command.args.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match words[..] {
        ["list-units", ..] => {
            let unit =
                |(name, words): &(&str, &str)| format!("{name}.service loaded active running {words}\n");
            SERVICES.iter().map(unit).collect::<String>().into()
        }
        ["is-system-running"] => "running\n".into(),
        ["is-active", ref names @ ..] => {
            let runs =
                |name: &str| SERVICES.iter().any(|(known, _)| *known == name.trim_end_matches(".service"));
            let all = names.iter().all(|name| runs(name));
            names.iter().fold(Answer::code(if all { 0 } else { 3 }), |answer, name| {
                answer.line(if runs(name) { "active" } else { "inactive" })
            })
        }
        ["reload" | "restart", "nginx" | "kamailio-lb"] => {
            super::certificates::serve(files);
            Answer::code(0).after(ms(400))
        }
        [verb @ ("enable" | "disable" | "is-enabled"), unit] => super::firewall::unit(files, verb, unit),
        ["daemon-reload"] | ["reload" | "restart", _] => Answer::code(0).after(ms(400)),
        _ => usage(command),
    }
}
