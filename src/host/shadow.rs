//! Passwords of system accounts, as `/etc/shadow` keeps them.
//! A hash that cannot be judged within bounds is unknown, never good.

use std::path::Path;

use anyhow::{Context, Result};

use crate::{executor::Executor, secret::Secret};

/// The file.
pub const SHADOW: &str = "/etc/shadow";
/// SHA-crypt rounds that are still computed; about a second.
const MAX_ROUNDS: u32 = 1_000_000;
/// bcrypt cost that is still computed; about two seconds.
const MAX_BCRYPT_COST: u32 = 14;
/// Memory that a yescrypt hash may ask for, in bytes.
const MAX_YESCRYPT_MEMORY: u64 = 128 * 1024 * 1024;
/// Candidates longer than crypt(3) takes are not tried.
const MAX_CANDIDATE: usize = 512;

/// Whether an account can log in with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordState {
    /// No line for it.
    Missing,
    /// Any password, or none, is accepted.
    Empty,
    /// No password is accepted (`!` or `*` in front).
    Locked,
    /// The password that hashes to this.
    Hash(Secret),
}

/// The state of `account`, from `/etc/shadow` and, for those that keep it there, from `/etc/passwd`.
///
/// # Errors
/// When a file cannot be read.
pub fn state(host: &dyn Executor, account: &str) -> Result<PasswordState> {
    let shadow = host.read(Path::new(SHADOW)).with_context(|| format!("cannot read {SHADOW}"))?;
    match in_shadow(&shadow, account) {
        PasswordState::Missing => {
            let passwd = host.read(Path::new("/etc/passwd")).context("cannot read /etc/passwd")?;
            Ok(match in_shadow(&passwd, account) {
                PasswordState::Hash(hash) if hash.expose() == b"x" => PasswordState::Missing,
                state => state,
            })
        }
        state => Ok(state),
    }
}

/// The state of `account` in the text of a shadow file. Of several lines the first counts, as for login.
pub fn in_shadow(shadow: &[u8], account: &str) -> PasswordState {
    let line = shadow.split(|b| *b == b'\n').find_map(|line| {
        let mut fields = line.split(|b| *b == b':');
        (fields.next() == Some(account.as_bytes())).then(|| fields.next()).flatten()
    });
    match line {
        None => PasswordState::Missing,
        Some([]) => PasswordState::Empty,
        Some([b'!' | b'*', ..]) => PasswordState::Locked,
        Some(hash) => PasswordState::Hash(Secret::new(hash)),
    }
}

/// Whether `candidate` is the password behind `hash`: yescrypt, SHA-512, SHA-256, MD5 and bcrypt. `None` for any
/// other kind, for what is malformed, and for a cost beyond bounds.
#[allow(deprecated, reason = "pwhash discourages making such hashes; these are only checked")]
pub fn verify(hash: &Secret, candidate: &Secret) -> Option<bool> {
    let text = hash.expose_str().filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))?;
    let word = candidate.expose();
    if word.len() > MAX_CANDIDATE || word.contains(&0) {
        return None;
    }
    let (kind, rest) = text.strip_prefix('$')?.split_once('$')?;
    let same = |computed: pwhash::Result<String>| equal(text, &computed.ok()?);
    match kind {
        "y" => yescrypt(text, rest, word),
        "6" => sha_salt(rest).and_then(|()| same(pwhash::sha512_crypt::hash_with(text, word))),
        "5" => sha_salt(rest).and_then(|()| same(pwhash::sha256_crypt::hash_with(text, word))),
        "1" => same(pwhash::md5_crypt::hash_with(text, word)),
        "2a" | "2b" | "2y" => {
            let cost: u32 = rest.split_once('$')?.0.parse().ok()?;
            (cost <= MAX_BCRYPT_COST).then(|| same(pwhash::bcrypt::hash_with(text, word)))?
        }
        _ => None,
    }
}

/// `rounds=N$` within bounds, or none.
fn sha_salt(rest: &str) -> Option<()> {
    match rest.strip_prefix("rounds=") {
        None => Some(()),
        Some(rest) => {
            let rounds: u32 = rest.split_once('$')?.0.parse().ok()?;
            (rounds <= MAX_ROUNDS).then_some(())
        }
    }
}

/// Equal, different, or not comparable: what stands before the digest and its length must be the same.
fn equal(stored: &str, computed: &str) -> Option<bool> {
    let digest = if stored.starts_with("$2") { 31 } else { stored.len() - stored.rfind('$')? - 1 };
    let settings =
        |hash: &str| hash.len().checked_sub(digest).and_then(|at| hash.get(..at).map(str::to_owned));
    (stored.len() == computed.len() && settings(stored)? == settings(computed)?)
        .then_some(stored.as_bytes() == computed.as_bytes())
}

fn yescrypt(text: &str, rest: &str, word: &[u8]) -> Option<bool> {
    use yescrypt::{PasswordVerifier, Yescrypt, password_hash::Error};
    let parameters = rest.split_once('$')?.0;
    // Three letters: flags, N and r. More would be parallelism or extra time, which no Debian writes.
    if parameters.len() != 3 || !parameters.starts_with('j') {
        return None;
    }
    let cost: yescrypt::Params = parameters.parse().ok()?;
    if cost.n().checked_mul(u64::from(cost.r()) * 128)? > MAX_YESCRYPT_MEMORY {
        return None;
    }
    match Yescrypt::default().verify_password(word, text) {
        Ok(()) => Some(true),
        Err(Error::PasswordInvalid) => Some(false),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with the crypt(3) of Debian 12.
    const SIPWISE: &[&str] = &[
        "$y$j9T$abcdefghijklmnop$ehrs2Snt6CD.QTZbaQEqQZPmYKf0SSVAhFiFBhwn/O/",
        "$y$j75$F5Jx5fExrKuPp53xLKQ..1$sMfV4rnZtLugYcEoIJIlSO8PthCs5sQuWm3DpU2LXb6",
        "$6$saltsalt$zvWNyXm8TS70CEj7WT425lL1G0s/ocOojoHHw1s3afQm93eTp2xXNCNvZsMnYy2B5s5K2caw37krT73/1An/H/",
        "$6$rounds=10000$saltstringsaltst$LMK69LB01Amo9VcZfvSTOwXVkKYk3QhE3K3pz53TtjypBzfTDNWi9e5InXeRZJiS/v.tv.yWkmSKryVBgGvv1.",
        "$6$a$YWoPT0vo0J2kCa9vss9ciaZy35Vn0yWCzd8AlDHRbxlkh1dgvNzmsJYOfuNYM2HgKGJDulfSJifIs2OgW50C6.",
        "$5$saltsalt$j/KenNkr.QmOqW/.RI11rY1XW3fNIDBI2MSUwitW0C/",
        "$5$rounds=1400$anotherlongsalts$u76yqi3HcfNNmyTQBiwLkd4p6t/ncF7OE5FsFhphwn0",
        "$1$saltsalt$cANYjuVvDmMMAvjWQGfOM1",
        "$1$ab$oJm/I2SyGQpqO5KvEqlC//",
        "$2b$05$abcdefghijklmnopqrstuu1X/eA.t0DUt.alrnNtKm0tsxs8jBFSe",
        "$2y$05$abcdefghijklmnopqrstuu1X/eA.t0DUt.alrnNtKm0tsxs8jBFSe",
        "$2a$05$abcdefghijklmnopqrstuu1X/eA.t0DUt.alrnNtKm0tsxs8jBFSe",
    ];
    const EIGHTY_X: &[&str] = &[
        "$y$j9T$abcdefghijklmnop$bkRw/UB0qF5B28nj/U3swBtPORb4Uvmr56rvOzvcdl/",
        "$6$saltsalt$QEzgUkFrtaDRtMU0sZ8wd/AkFd22d0.peE8jpHS3P6E/du9.9ltqm8zozjNz8FjSPm.lsEK/FRBgv1jX3gn3C.",
        "$5$rounds=1400$anotherlongsalts$RZ5XqEBW4b/cieyD2eGAkUQy0IdovjSBhWTsgNPenk2",
        "$1$saltsalt$cdp3mv1pRxGa6vHES2lPv.",
        "$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q",
    ];

    fn check(hash: &str, word: &str) -> Option<bool> {
        verify(&Secret::new(hash), &Secret::new(word))
    }

    #[test]
    fn agrees_with_the_real_crypt() {
        for hash in SIPWISE {
            assert_eq!(check(hash, "sipwise"), Some(true), "{hash}");
            assert_eq!(check(hash, "Sipwise"), Some(false), "{hash}");
            assert_eq!(check(hash, ""), Some(false), "{hash}");
        }
        for hash in EIGHTY_X {
            assert_eq!(check(hash, &"x".repeat(80)), Some(true), "{hash}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_unknown_and_never_a_pass() {
        for hash in [
            "$gy$j9T$abcdefghijklmnop$fFjoPxIBH4D4MtF5wb7uIx1x5t/Hj9BNahMdkgvWc05",
            "$7$CU..../....salt$QnaNUZjLMDtqZT7CvtfLk6RPFP2KxYg1/IX3OUQPge7",
            "$sha1$1000$saltsalt$ZtgkkkUSEHjxqjAdKtOMRlXL0L8C",
            "_J9..salt7KZx6QJWEGo",
            "abC/hop64GJVg",
            "x",
            "$",
            "$6",
            "$6$",
            "$6$$",
            "$6$salt",
            "$6$sample$invented.hash.not.a.real.one",
            "$6$salt$zvWNyXm8TS70",
            "$6$ü$x",
            "$6$\u{1}\u{2}$x",
            "$1$",
            "$2b$05$short",
            "$2b$99$abcdefghijklmnopqrstuu1X/eA.t0DUt.alrnNtKm0tsxs8jBFSe",
            "$2b$5$abcdefghijklmnopqrstuu1X/eA.t0DUt.alrnNtKm0tsxs8jBFSe",
            "$y$",
            "$y$j9T$",
            "$y$j9T$abc",
            "$y$$$",
            "$6$rounds=$salt$x",
            "$6$rounds=10000",
            "$6$rounds=010000$saltstringsaltst$LMK69LB01Amo9VcZfvSTOwXVkKYk3QhE3K3pz53TtjypBzfTDNWi9e5InXeRZJiS/v.tv.yWkmSKryVBgGvv1.",
        ] {
            assert_eq!(check(hash, "sipwise"), None, "{hash}");
        }
    }

    #[test]
    fn a_hostile_cost_is_refused_instead_of_computed() {
        for hash in [
            "$6$rounds=999999999$saltsalt$zvWNyXm8TS70CEj7WT425lL1G0s/ocOojoHHw1s3afQm93eTp2xXNCNvZsMnYy2B5s5K2caw37krT73/1An/H/",
            "$5$rounds=4294967295$saltsalt$j/KenNkr.QmOqW/.RI11rY1XW3fNIDBI2MSUwitW0C/",
            "$2b$31$abcdefghijklmnopqrstuu1X/eA.t0DUt.alrnNtKm0tsxs8jBFSe",
            "$y$jzT$abcdefghijklmnop$ehrs2Snt6CD.QTZbaQEqQZPmYKf0SSVAhFiFBhwn/O/",
            "$y$jFT$abcdefghijklmnop$ehrs2Snt6CD.QTZbaQEqQZPmYKf0SSVAhFiFBhwn/O/",
            "$y$j9T1zzzzz$abcdefghijklmnop$ehrs2Snt6CD.QTZbaQEqQZPmYKf0SSVAhFiFBhwn/O/",
            "$y$j9zzzzzz$abcdefghijklmnop$ehrs2Snt6CD.QTZbaQEqQZPmYKf0SSVAhFiFBhwn/O/",
        ] {
            assert_eq!(check(hash, "sipwise"), None, "{hash}");
        }
        assert_eq!(check(SIPWISE[2], &"x".repeat(100_000)), None);
        assert_eq!(check(SIPWISE[2], "sip\0wise"), None);
    }

    #[test]
    fn states_of_a_shadow_file() {
        let shadow =
            b"root:$1$ab$oJm/I2SyGQpqO5KvEqlC//:16700:0:99999:7:::\nopen::1::::::\ncdrexport:!:1::::::\n\
            daemon:*:1::::::\nwas:!$1$ab$oJm/I2SyGQpqO5KvEqlC//:1::::::\nroot::1::::::\nrooty:x\n\xff\xfe:\n";
        assert!(matches!(in_shadow(shadow, "root"), PasswordState::Hash(_)), "the first line counts");
        assert_eq!(in_shadow(shadow, "open"), PasswordState::Empty);
        for locked in ["cdrexport", "daemon", "was"] {
            assert_eq!(in_shadow(shadow, locked), PasswordState::Locked);
        }
        assert_eq!(in_shadow(shadow, "roo"), PasswordState::Missing);
        assert_eq!(in_shadow(b"", "root"), PasswordState::Missing);
        assert_eq!(in_shadow(b"root", "root"), PasswordState::Missing);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(hash in "\\$(1|5|6|2b|y|[a-z0-9]{0,3})\\$[!-~]{0,12}(\\$[!-~]{0,90})?") {
            let _ = check(&hash, "sipwise");
        }
    }
}
