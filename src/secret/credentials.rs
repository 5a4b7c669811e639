//! Passwords as the platform stores them: Apache `{SHA}`, the panel's bcrypt, SQL and option-file quoting, and
//! the defaults every installation starts with.

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::Digest as _;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::{Secret, SecretForm};
use crate::known::{DEFAULTS, Defaults};

/// The panel's cost of bcrypt (PLATFORM.md 5.1).
const PANEL_COST: u32 = 13;
/// bcrypt ignores what comes behind.
const BCRYPT_LIMIT: usize = 72;

/// `secret` written in `form`.
///
/// # Errors
/// When the form cannot hold it: a control character anywhere, a panel password that is not ASCII or too long.
pub fn written(secret: &Secret, form: SecretForm) -> Result<Secret> {
    if form == SecretForm::File {
        return Ok(secret.clone());
    }
    let bytes = secret.expose();
    let text = secret.expose_str().context("a password must be valid UTF-8")?;
    ensure!(!bytes.is_empty(), "a password must not be empty");
    ensure!(
        !text.chars().any(char::is_control),
        "a password must not hold a control character or a line break"
    );
    match form {
        SecretForm::Verbatim | SecretForm::File => Ok(secret.clone()),
        SecretForm::SqlString => Ok(quoted(bytes, b'\'')),
        SecretForm::OptionFile => Ok(quoted(bytes, b'"')),
        SecretForm::HtpasswdSha => Ok(Secret::new(htpasswd_sha(bytes))),
        SecretForm::MysqlNative => Ok(Secret::new(mysql_native(bytes))),
        SecretForm::Md5 => Ok(Secret::new(hex(&md5::Md5::digest(bytes)))),
        SecretForm::PanelBcrypt => panel_bcrypt(text),
    }
}

/// Within `quote`s, which and backslashes are escaped by a backslash. Right for SQL only under `sql_mode = ''`, which
/// every script of ours sets first: with `NO_BACKSLASH_ESCAPES` no quoting of a backslash is right in all places.
fn quoted(bytes: &[u8], quote: u8) -> Secret {
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(2 * bytes.len() + 2));
    text.push(quote);
    for byte in bytes {
        if *byte == quote || *byte == b'\\' {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(quote);
    Secret::new(text.to_vec())
}

fn htpasswd_sha(bytes: &[u8]) -> String {
    format!("{{SHA}}{}", STANDARD.encode(Sha1::digest(bytes)))
}

/// What MySQL's `PASSWORD()` makes of a password, since 4.1.
pub fn mysql_native(password: &[u8]) -> String {
    format!("*{}", hex(&Sha1::digest(Sha1::digest(password))).to_uppercase())
}

/// SHA-256 in hexadecimal: tells contents apart without showing them.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `stored` is the `{SHA}` hash of `candidate`; `None` when it is of another kind.
pub fn htpasswd_matches(stored: &str, candidate: &Secret) -> Option<bool> {
    stored.starts_with("{SHA}").then(|| stored == htpasswd_sha(candidate.expose()))
}

/// 22 characters of salt, `$`, 31 of hash: what bcrypt writes, without its head and with the `$` moved.
fn panel_bcrypt(text: &str) -> Result<Secret> {
    ensure!(text.is_ascii(), "a web password must be plain ASCII");
    ensure!(text.len() <= BCRYPT_LIMIT, "a web password must not be longer than {BCRYPT_LIMIT} characters");
    let setup = pwhash::bcrypt::BcryptSetup { salt: None, cost: Some(PANEL_COST), variant: None };
    let full = pwhash::bcrypt::hash_with(setup, text).context("cannot hash the web password")?;
    let body = full.strip_prefix("$2b$13$").filter(|body| body.len() == 53);
    let Some((salt, hash)) = body.and_then(|body| body.split_at_checked(22)) else {
        bail!("the web password's hash has an unexpected shape");
    };
    Ok(Secret::new(format!("{salt}${hash}")))
}

/// Whether the panel would take `candidate` for this `saltedpass`; `None` when that is not in the panel's form.
/// Takes half a second.
pub fn panel_matches(saltedpass: &str, candidate: &str) -> Option<bool> {
    let (salt, hash) = saltedpass.split_once('$')?;
    let fine = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"./".contains(&b));
    if salt.len() != 22 || hash.len() != 31 || !fine(salt) || !fine(hash) {
        return None;
    }
    let full = format!("$2b${PANEL_COST}${salt}{hash}");
    Some(pwhash::bcrypt::verify(candidate, &full))
}

/// The known defaults.
pub fn defaults() -> &'static Defaults {
    DEFAULTS.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str, form: SecretForm) -> String {
        written(&Secret::new(text), form).unwrap().expose_str().unwrap().to_owned()
    }

    #[test]
    fn the_defaults_are_read() {
        assert_eq!(defaults().accounts.root[0], "sipwise");
        assert_eq!(defaults().web_admin.saltedpass.len(), 54);
        assert!(defaults().ngcpsoap.starts_with("{SHA}"));
    }

    #[test]
    fn the_shipped_administrator_row_matches_its_password() {
        let shipped = &defaults().web_admin.saltedpass;
        assert_eq!(panel_matches(shipped, "administrator"), Some(true));
        assert_eq!(panel_matches(shipped, "Administrator"), Some(false));
        for odd in ["", "$", "short$hash", &"x".repeat(54), &format!("{}ü", &shipped[..52])] {
            assert_eq!(panel_matches(odd, "administrator"), None, "{odd}");
        }
    }

    #[test]
    fn a_panel_row_is_accepted_by_an_independent_bcrypt() {
        let row = form("k3J9fX2q'Lm\\8Zt", SecretForm::PanelBcrypt);
        assert_eq!(row.len(), 54);
        let full = format!("$2b$13${}{}", &row[..22], &row[23..]);
        assert!(bcrypt::verify("k3J9fX2q'Lm\\8Zt", &full).unwrap());
        assert!(!bcrypt::verify("administrator", &full).unwrap());
        assert_eq!(panel_matches(&row, "k3J9fX2q'Lm\\8Zt"), Some(true));
        assert!(written(&Secret::new("Güterzug"), SecretForm::PanelBcrypt).is_err());
        assert!(written(&Secret::new("x".repeat(73)), SecretForm::PanelBcrypt).is_err());
    }

    #[test]
    fn htpasswd_is_what_apache_writes() {
        // htpasswd -nbs u password
        assert_eq!(form("password", SecretForm::HtpasswdSha), "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=");
        assert_eq!(
            htpasswd_matches("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", &Secret::new("password")),
            Some(true)
        );
        assert_eq!(htpasswd_matches(&defaults().ngcpsoap, &Secret::new("password")), Some(false));
        assert_eq!(htpasswd_matches("$apr1$x$y", &Secret::new("password")), None);
    }

    #[test]
    fn hashes_for_the_database_are_what_the_server_makes_itself() {
        // SELECT PASSWORD('password'), MD5('password')
        assert_eq!(form("password", SecretForm::MysqlNative), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        assert_eq!(form("password", SecretForm::Md5), "5f4dcc3b5aa765d61d8327deb882cf99");
    }

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(form(r#"a'b"c\d%_#"#, SecretForm::SqlString), r#"'a\'b"c\\d%_#'"#);
        assert_eq!(form(r#"a'b"c\d%_#"#, SecretForm::OptionFile), r#""a'b\"c\\d%_#""#);
    }

    #[test]
    fn no_form_takes_a_line_break_a_nul_or_nothing() {
        use SecretForm::{HtpasswdSha, Md5, MysqlNative, OptionFile, PanelBcrypt, SqlString, Verbatim};
        for kind in [Verbatim, SqlString, OptionFile, HtpasswdSha, MysqlNative, Md5, PanelBcrypt] {
            for bad in ["two\nlines", "nul\0", "bell\u{7}", ""] {
                assert!(written(&Secret::new(bad), kind).is_err(), "{bad:?} {kind:?}");
            }
            assert!(written(&Secret::new(b"\xff".to_vec()), kind).is_err());
        }
    }
}
