use std::path::Path;

use super::*;
use crate::executor::simulated::Simulated;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOR7lKgg5s19eGU84B7pye+RfRlnclfsK8d4x5Q1Vjmp";
const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDd3Too6klSJKyz4/pZBBuSsxlWmhrvXgHoq4E6EqStNmx4Gb1Srna5Jga1cMt59+ruNDFAyljiutrFqXE21yFpPMMhOlEy0YMVrHJ0L1L2MoK1sBro4kN/GahVAwuI9U77bHb97ZCDvz+hyi+UHUHDuIML67EOXbNGIKhEqf6nMw==";
const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAMsttEUL6cuYTPCJUbqBd+iJ3o5oIfybga0Pd6PmKC5tGBYnptTZhZtlGeMGZDA2Awqaw91ba5Kiyt5kY5SIfWd5CW7vvLs67tspNiq81IjuPxyALHLWYj/niZneMzDXuAzvCAmNGg6D5vE36+x3FOr0T2b0foZu99x9EWUs29hTAAAAFQCKF+3sdT6I2wrcFy2ESLcq/cLUEwAAAIBUFFq5EbfokQ4E4cynhBV+dW7VCpx39qHwxvQCdMLd7v+pBFv7Cp1sDwHyDTEM93g4PLt7ZpylHqsxKElrozp90HkppZzC5rN3hGx3uFL/9aHpw+Ca0KoJiRSR6IbZXAlfoixCVW9ucFM7xItisPw7XKa0Cpt3up/ETxa0CLqA8gAAAIEAq8WAK/waCmMU9/a3GY8AsrkxXhn5kDhKutcL2a7kbaVMhdHaIRXsjr0E9aWkW0Hjk/oRtb1SWfZjTEaEdgTnKtA6Nm1Mo8zjVZ0Dra4qFs3JDBuBQIPSR7pzxjS0njQz47wXSBfCMH7De4CnphD6+8fMsd2DZK4bFQFJIibHlRQ=";
const ECDSA_521: &str = "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAEzRgDkJ8BNdx0TSrqBnNFTgOgn7Onk0Vx9cx4zI64mUpNOfZddEzdWBl0c3tbHgDHoVXKaeatotVc8rGLKoCP/QAD6DZ0vwrii+7RVF/RdVALcvVd9DjqwFUGYm1ZaOq8QBzdHS646xn7Kn5vK83FmoIRyiJjGChSFurbuyVQhsIC0RA==";
const VAGRANT: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ==";

/// Fingerprints and lengths as ssh-keygen of Debian 12 tells them.
#[test]
fn keys_of_every_kind_are_read_as_ssh_keygen_reads_them() {
    for (line, bits, fingerprint, kind) in [
        (ED25519, 256, "SHA256:216tgjD9MuOAhAyfpxGlW84aG6bWevbMkJ0vIugnL0o", "ED25519"),
        (RSA_1024, 1024, "SHA256:2mKip6fYw0Z8iBOcYk55j0gzMqPAOCnnPyMVhz76Nh8", "RSA"),
        (DSA, 1024, "SHA256:HTXc+HPJkJMC9jqZNXdp3N1Y/kgrta+kmiS6VUn8VIU", "DSA"),
        (ECDSA_521, 521, "SHA256:0vlzIj5sdZr+S/XrWqzc8RRMHjmahiqZrFFK0NZoKC8", "ECDSA"),
    ] {
        let key = Key::parse(&format!("{line} a comment")).unwrap();
        assert_eq!((key.bits, key.fingerprint.as_str(), key.kind()), (bits, fingerprint, kind));
        assert_eq!(key.comment, "a comment");
    }
    assert!(Key::parse(RSA_1024).unwrap().weakness().is_some());
    assert!(Key::parse(DSA).unwrap().weakness().is_some());
    assert_eq!(Key::parse(ED25519).unwrap().weakness(), None);
    assert_eq!(Key::parse(VAGRANT).unwrap().weakness(), None);
}

#[test]
fn options_with_quotes_commas_and_blanks_are_kept_together() {
    let line = format!(
        r#"from="10.0.0.0/8,!10.1.2.3",command="echo \"hi, there\" # no comment",no-pty,cert-authority {ED25519} me@home, really"#
    );
    let key = Key::parse(&line).unwrap();
    assert_eq!(key.option("from").unwrap(), "10.0.0.0/8,!10.1.2.3");
    assert_eq!(key.option("command").unwrap(), "echo \"hi, there\" # no comment");
    assert_eq!(key.option("Cert-Authority").unwrap(), "");
    assert_eq!(key.option("no-agent-forwarding"), None);
    assert_eq!(key.comment, "me@home, really");
    assert_eq!(Key::parse(ED25519).unwrap().options, "");
}

/// F22: what sshd passes over is told with its line, never dropped.
#[test]
fn unreadable_lines_are_told_with_their_numbers() {
    let file = format!(
        "# comment\r\n\r\n\t{ED25519} one\r\n   \nssh-rsa AAAAB3NzaC1yc2E= cut\n1024 35 1234567 old\ncommand=\"open {ED25519}\n         ssh-ed25519\n{ED25519} two\0hidden {RSA_1024}\n\0{RSA_1024}\ngarbage\nssh-ed25519 !!!! x\nssh-ed448 AAAA x"
    );
    let mut bytes = file.into_bytes();
    bytes.extend(b"\n\xff\xfe not text\n");
    let entries = read(&bytes);
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.line, entry.key.as_ref().map_or_else(Clone::clone, |key| key.comment.clone())))
        .collect();
    let told: Vec<_> = told.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(
        told,
        [
            (3, "one"),
            (5, "it is cut off or damaged"),
            (6, "it is a key of SSH version 1, which no server takes any more"),
            (7, "a quotation mark is not closed"),
            (8, "the key behind ssh-ed25519 is missing"),
            (9, "two"),
            (10, "no type of key that sshd knows"),
            (11, "no type of key that sshd knows"),
            (12, "it is not base64"),
            (13, "no type of key that sshd knows"),
            (14, "no type of key that sshd knows"),
        ]
    );
    assert_eq!(entries.last().unwrap().text, None, "a line that is no text cannot be edited as one");
    assert_eq!(entries[0].text.as_deref().unwrap(), format!("\t{ED25519} one"));
}

/// F78: a hundred thousand keys, lines of a megabyte between them; nothing is lost.
#[test]
fn a_huge_file_is_read_whole() {
    let mut file = Vec::new();
    for n in 0..100_000 {
        file.extend(format!("{ED25519} key {n}\r\n").into_bytes());
        if n % 25_000 == 0 {
            file.extend([b'x'].repeat(1 << 20));
            file.push(b'\n');
            file.extend(format!("command=\"{}\" {ED25519} long\n", "a,".repeat(1 << 19)).into_bytes());
        }
    }
    let entries = read(&file);
    assert_eq!(entries.iter().filter(|entry| entry.key.is_ok()).count(), 100_000);
    assert_eq!(entries.len(), 100_008);
    assert_eq!(entries.last().unwrap().line, 100_008);
}

#[test]
fn keys_of_the_image_are_known_by_key_comment_or_file() {
    let entry = |text: &str| read(text.as_bytes()).remove(0);
    let file = Path::new("/root/.ssh/authorized_keys");
    assert!(matches!(image_key(file, &entry(&format!("{VAGRANT} renamed"))), Some(ImageKey::Published(_))));
    let made_up = format!("{ED25519} vagrant insecure public key\r");
    assert_eq!(image_key(file, &entry(&made_up)), Some(ImageKey::Comment));
    assert_eq!(image_key(file, &entry(&format!("{ED25519} me"))), None);
    let vagrant = Path::new("/var/sipwise/.ssh/sipwise_vagrant_key");
    assert_eq!(image_key(vagrant, &entry(&format!("{ED25519} me"))), Some(ImageKey::File));
}

#[test]
fn what_strict_modes_refuses_is_found_up_to_the_home() {
    let host = Simulated::new();
    host.edit(|files| {
        files.put("/home/u/.ssh/authorized_keys", 0o664, 1000, 1000, ED25519);
        files.set_owner("/home", 0o777, 0, 0);
        files.set_owner("/home/u", 0o755, 33, 33);
        files.set_owner("/home/u/.ssh", 0o700, 1000, 1000);
    });
    let file = Path::new("/home/u/.ssh/authorized_keys");
    let found = loose(&host, file, Path::new("/home/u"), 1000);
    let reasons: Vec<_> = found.iter().map(|one| (one.path.to_str().unwrap(), one.reason())).collect();
    assert_eq!(
        reasons,
        [
            ("/home/u/.ssh/authorized_keys", "can be written by others (0664)".to_owned()),
            ("/home/u", "belongs to user 33".to_owned())
        ],
        "/home is above what sshd looks at"
    );
    assert_eq!(loose(&host, file, Path::new("/elsewhere"), 1000).len(), 3);
}

/// As Debian's sshd has it (user-group-modes.patch).
#[test]
fn a_group_of_its_own_may_write_and_no_other() {
    let file = Path::new("/home/u/.ssh/authorized_keys");
    for (passwd, group, refused) in [
        ("", "u:x:1000:", false),
        ("", "u:x:1000:u", false),
        ("", "u:x:1000:ann", true),
        ("ann:x:1001:1000::/:/bin/sh\n", "u:x:1000:", true),
        ("", "others:x:50:", true),
    ] {
        let host = Simulated::new()
            .file("/etc/passwd", format!("u:x:1000:1000::/home/u:/bin/sh\n{passwd}"))
            .file("/etc/group", format!("{group}\n"));
        host.edit(|files| files.put(file, 0o660, 1000, 1000, ED25519));
        assert_eq!(loose(&host, file, file, 1000).len(), usize::from(refused), "{passwd}{group}");
    }
}
