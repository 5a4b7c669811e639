//! What the handbook and the images are known to have: the tables of `assets/`, each read once.
//! The program begins with [`Table::check`] of every one: an empty table would let every check pass.

use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};

/// One table of `assets/`.
pub struct Table<T> {
    /// `assets/defaults.yml`.
    pub name: &'static str,
    text: &'static str,
    /// Whether everything is there that the checks need.
    whole: fn(&T) -> bool,
    read: OnceLock<T>,
}

impl<T: DeserializeOwned + Default> Table<T> {
    /// A table that is not read yet.
    pub const fn new(name: &'static str, text: &'static str, whole: fn(&T) -> bool) -> Self {
        Table { name, text, whole, read: OnceLock::new() }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read, or when something is missing in it.
    pub fn check(&self) -> Result<()> {
        let read = self.parse()?;
        self.read.get_or_init(|| read);
        Ok(())
    }

    /// What is in it. Empty only in a program that went on although [`Self::check`] failed.
    pub fn get(&self) -> &T {
        self.read.get_or_init(|| self.parse().unwrap_or_default())
    }

    fn parse(&self) -> Result<T> {
        let wrong = || format!("this program is broken: {} in it cannot be read", self.name);
        let read = serde_yaml::from_str(self.text).with_context(wrong)?;
        ensure!((self.whole)(&read), "this program is broken: {} in it is not complete", self.name);
        Ok(read)
    }
}

/// What an image or a fresh installation starts with, and what robots try first.
pub static DEFAULTS: Table<Defaults> =
    Table::new("assets/defaults.yml", include_str!("../assets/defaults.yml"), |defaults| {
        let Defaults { passwords, accounts, web_admin, ngcpsoap } = defaults;
        [passwords, &accounts.root, &accounts.cdrexport].iter().all(|list| !list.is_empty())
            && [&web_admin.login, &web_admin.password, &web_admin.md5pass, &web_admin.saltedpass]
                .iter()
                .all(|text| !text.is_empty())
            && !web_admin.reseller_password.is_empty()
            && !ngcpsoap.is_empty()
    });

/// The content of `assets/defaults.yml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// Passwords that every installation starts with or that robots try first.
    pub passwords: Vec<String>,
    /// System accounts.
    pub accounts: Accounts,
    /// The administrative web interface.
    pub web_admin: WebAdmin,
    /// The `{SHA}` hash of ngcpsoap.
    pub ngcpsoap: String,
}

/// Default passwords of system accounts, likeliest first.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Of root; the first is that of images.
    pub root: Vec<String>,
    /// Of cdrexport.
    pub cdrexport: Vec<String>,
}

/// Default credentials of the administrative web interface.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebAdmin {
    /// Login.
    pub login: String,
    /// Password.
    pub password: String,
    /// Its MD5, before mr5.2.
    pub md5pass: String,
    /// Its bcrypt, the same on every host.
    pub saltedpass: String,
    /// Password of the resellers' logins that "create defaults" makes.
    pub reseller_password: String,
}

/// What may be shown of a line that somebody else wrote.
pub static HARMLESS: Table<Harmless> =
    Table::new("assets/harmless_keys.yml", include_str!("../assets/harmless_keys.yml"), |harmless| {
        let Harmless { keys, sshd, mount, words } = harmless;
        [keys, sshd, mount, words].iter().all(|list| !list.is_empty())
    });

/// The content of `assets/harmless_keys.yml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Harmless {
    /// Keys of configuration files, in small letters.
    pub keys: Vec<String>,
    /// Keywords of sshd_config, in small letters.
    pub sshd: Vec<String>,
    /// Mount options that take a value.
    pub mount: Vec<String>,
    /// Words of sentences, in small letters.
    pub words: Vec<String>,
}

impl Harmless {
    /// Whether the values of a key may be shown.
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|one| one == key)
    }

    /// Whether it is a word of a sentence and no value.
    pub fn is_word(&self, word: &str) -> bool {
        self.words.iter().any(|one| one.eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_cannot_be_read_or_is_not_whole_is_an_error_that_names_it() {
        let whole = |list: &Vec<String>| !list.is_empty();
        for text in ["", "[]", "- {", "a: 1", "- [1]"] {
            let broken = Table::new("assets/x.yml", text, whole);
            let error = format!("{:#}", broken.check().unwrap_err());
            assert!(error.contains("assets/x.yml"), "{text:?}: {error}");
        }
        let fine = Table::new("assets/x.yml", "[a]", whole);
        fine.check().unwrap();
        assert_eq!(fine.get(), &["a"]);
    }

    #[test]
    fn a_section_that_is_missing_or_misspelt_is_an_error() {
        for (is, becomes) in
            [("ngcpsoap: '", "soap: '"), ("  root: [", "  roots: ["), ("  md5pass: 2", "  x: 2")]
        {
            let text = include_str!("../assets/defaults.yml").replace(is, becomes).leak();
            assert!(Table::new("assets/defaults.yml", text, DEFAULTS.whole).check().is_err(), "{becomes}");
        }
    }
}
