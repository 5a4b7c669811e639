//! What is read of odd `sshd_config` files, set beside what the real sshd says of them.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use ngcp_warden::{
    executor::{World, simulated::Simulated},
    host::sshd::{self, CONFIG},
};

use super::real_host::{inside, run};

const ASKED: [&str; 13] = [
    "permitrootlogin",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "permitemptypasswords",
    "pubkeyauthentication",
    "usepam",
    "strictmodes",
    "allowtcpforwarding",
    "x11forwarding",
    "maxauthtries",
    "authorizedkeysfile",
    "allowusers",
    "macs",
];

/// The main file; further ones in its folder are `a.conf`, `.hidden.conf`, `b1.conf`, `sub1/x.conf`, `sub2/x.conf`,
/// `[x].conf`, a folder `dir.conf` and a link to nowhere, `gone.link`. `DIR` stands for that folder.
const ODD: &[&str] = &[
    "",
    "PermitRootLogin yes",
    "PermitRootLogin\tno",
    "\tPermitRootLogin\t \tno\t ",
    "PermitRootLogin no # a comment",
    "PermitRootLogin no\t# a comment behind a tab",
    "PermitRootLogin no #",
    "PermitRootLogin no# a comment",
    "PermitRootLogin \"no\"",
    "PermitRootLogin 'no'",
    "PermitRootLogin \"no",
    "PermitRootLogin n\"o\"",
    "PermitRootLogin=no",
    "PermitRootLogin = no",
    "PermitRootLogin == no",
    "PermitRootLogin",
    "PermitRootLogin # yes",
    "PermitRootLogin \"\"",
    "PermitRootLogin maybe",
    "PermitRootLogin NO",
    "PermitRootLogin prohibit-password",
    "PermitRootLogin no yes",
    "PermitRootLogin no\r\nPasswordAuthentication no\r",
    "permitrootlogin no\nPERMITROOTLOGIN yes",
    "PermitRootLogin no\u{c}",
    "\u{c}PermitRootLogin no",
    "\u{feff}PermitRootLogin no",
    "PermitRootLogin\u{a0}no",
    "PermitRootLogin no\u{a0}",
    "PermitRootLogin no\u{b}",
    "\"PermitRootLogin\" no",
    "PermitRootLogin \\no",
    "file error - no such file or directory",
    "undef error - value is not known",
    "NoSuchKeyword yes",
    "UsePrivilegeSeparation sandbox",
    "ChallengeResponseAuthentication yes",
    "SkeyAuthentication yes",
    "DSAAuthentication no",
    "PasswordAuthentication true",
    "PasswordAuthentication 0",
    "MaxAuthTries five",
    "MaxAuthTries 3 # and no more",
    "AllowUsers a b\tc # d",
    "AllowUsers a\nAllowUsers \"b\"",
    "AllowUsers \"a b\"",
    "AuthorizedKeysFile .ssh/a \".ssh/b\" # .ssh/c",
    "AuthorizedKeysFile .ssh/a\\ b",
    "MACs +hmac-md5",
    "MACs hmac-sha2-512,hmac-sha2-256 # strong",
    "ForceCommand echo \"a # b\"\nPermitRootLogin no",
    "Subsystem sftp internal-sftp -l INFO # x\nPermitRootLogin no",
    "Banner \"/etc/is sue\"\nPermitRootLogin no",
    "Include DIR/a.conf",
    "Include \"DIR/a.conf\"",
    "Include DIR/*.conf",
    "Include DIR/?.conf",
    "Include DIR/[ab]*.conf",
    "Include DIR/[!a]*.conf",
    "Include DIR/[^b].conf",
    "Include DIR/b[0-9].conf",
    "Include DIR/[x].conf",
    "Include DIR/\\[x\\].conf",
    "Include DIR/[[:alpha:]].conf",
    "Include DIR/*/x.conf",
    "Include DIR/sub[12]/x.conf",
    "Include DIR/s?b2/*.conf # the second",
    "Include DIR/.*.conf",
    "Include DIR/none.conf",
    "Include DIR/none/*.conf DIR/b1.conf",
    "Include DIR/b1.conf\tDIR/a.conf",
    "Include DIR/dir.conf",
    "Include DIR/gone.link",
    "Include DIR/*.link",
    "Include",
    "Include ~/a.conf",
    "Include DIR/{a,b1}.conf",
    "Match User bob\nPermitRootLogin no",
    "Match User bob\nPermitRootLogin no\nMatch all\nPasswordAuthentication no",
    "Match User=bob\nPasswordAuthentication no",
    "Match \"User\" bob # not me\nPasswordAuthentication no",
    "Match ALL\nPasswordAuthentication no",
    "Match all # everybody\nPasswordAuthentication no",
    "Match Address 10.0.0.0/8\nInclude DIR/within.conf\nMatch all\nX11Forwarding yes",
    "Include DIR/matching.conf\nMaxAuthTries 2",
    "Match\nPasswordAuthentication no",
    "Match User\nPasswordAuthentication no",
    "Match Shoe 43\nPasswordAuthentication no",
    "Match all User bob\nPasswordAuthentication no",
    "Match User bob\n  UsePAM no",
];

const BESIDE: [(&str, &str); 8] = [
    ("a.conf", "PasswordAuthentication no\nMaxAuthTries 1\n"),
    (".hidden.conf", "PasswordAuthentication yes\nPermitEmptyPasswords yes\n"),
    ("b1.conf", "MaxAuthTries 2\nPermitRootLogin no\n"),
    ("sub1/x.conf", "StrictModes no\n"),
    ("sub2/x.conf", "StrictModes yes\nX11Forwarding yes\n"),
    ("[x].conf", "MaxAuthTries 9\n"),
    ("within.conf", "Match all\nPasswordAuthentication no\n"),
    ("matching.conf", "Match User bob\nPasswordAuthentication no\n"),
];

/// What sshd says; `None` when it refuses the file.
fn told(folder: &Path, main: &str) -> Option<BTreeMap<String, String>> {
    let file = folder.join("main");
    fs::write(&file, main).unwrap();
    let key = format!("HostKey={}", folder.join("key").display());
    let sshd = Command::new("/usr/sbin/sshd").args(["-T", "-o", &key, "-f"]).arg(&file).output().unwrap();
    if !sshd.status.success() {
        return None;
    }
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (keyword, value) in String::from_utf8(sshd.stdout).unwrap().lines().filter_map(|l| l.split_once(' '))
    {
        let all = values.entry(keyword.to_owned()).or_default();
        *all = format!("{all} {value}").trim().to_owned();
    }
    Some(values)
}

/// Every value that is read is the one that sshd has, and of a file that it refuses nothing is told.
#[test]
fn odd_files_are_read_as_sshd_reads_them_or_not_at_all() {
    let Some(work) = inside("odd_files::odd_files_are_read_as_sshd_reads_them_or_not_at_all") else { return };
    run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]));
    fs::create_dir_all("/run/sshd").unwrap();
    let folder = work.join("etc");
    for (name, text) in BESIDE {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }
    fs::create_dir(folder.join("dir.conf")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("gone.link")).unwrap();
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join("key")));
    let usual = told(&folder, "").unwrap();
    let (mut read, mut refused, mut wrong) = (0, 0, Vec::new());
    for odd in ODD {
        let main = odd.replace("DIR", folder.to_str().unwrap()) + "\n";
        let host = BESIDE.iter().fold(Simulated::new().with_world(World::Tree), |host, (name, text)| {
            host.file(folder.join(name).to_str().unwrap(), *text)
        });
        let host = host.file(CONFIG, main.as_str());
        host.edit(|files| {
            files.directory(folder.join("dir.conf"));
            files.link(folder.join("gone.link"), "nowhere");
        });
        let ours = sshd::effective(&host, &[], None).unwrap();
        match told(&folder, &main) {
            None => {
                refused += 1;
                if ours.doubt.is_none() {
                    wrong.push(format!("{odd:?}: sshd refuses it, read without a doubt"));
                }
            }
            Some(_) if ours.doubt.is_some() => {
                println!("unknown: {odd:?}: {}", ours.doubt.unwrap_or_default());
            }
            Some(theirs) => {
                read += 1;
                for keyword in ASKED {
                    let own = ours.all(keyword).join(" ").replace("prohibit-password", "without-password");
                    let is = theirs.get(keyword).map(String::as_str).unwrap_or_default();
                    let default =
                        own.is_empty() && (usual.get(keyword) == theirs.get(keyword) || odd.contains('+'));
                    if own != is && !default {
                        wrong.push(format!("{odd:?}: {keyword} is {is:?}, read as {own:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} odd files: {read} read as sshd does, {refused} refused by it", ODD.len());
    assert!(ODD.len() >= 40 && read >= 30 && refused >= 15, "{read} {refused}");
}
