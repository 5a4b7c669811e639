//! Where config.yml keeps each option the handbook's chapter 15 names: the same option has other paths in other
//! releases. The table is `assets/options.yml`.

pub mod formula;
pub mod tuning;

use serde::Deserialize;

use self::tuning::Tuning;
use super::{
    config::{Config, Value},
    release::Version,
};
use crate::known::Table;

/// All options, in the order of the handbook.
pub static OPTIONS: Table<Vec<Setting>> =
    Table::new("assets/options.yml", include_str!("../../assets/options.yml"), |all| {
        let release =
            |text: &Option<String>| text.as_deref().is_none_or(|text| Version::parse(text).is_some());
        let whole = |one: &Located| !one.path.is_empty() && release(&one.since) && release(&one.until);
        let sized = |one: &Setting| one.tuning.as_ref().is_none_or(Tuning::is_whole);
        !all.is_empty()
            && all.iter().all(|one| !one.paths.is_empty() && one.paths.iter().all(whole) && sized(one))
    });

/// One option of the handbook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// `rtp-min-port`
    pub name: String,
    /// What a fresh installation has; empty when that depends on the host.
    pub default: String,
    paths: Vec<Located>,
    /// What the tuning step knows of it; only options of Table 10 have that.
    #[serde(default)]
    pub tuning: Option<Tuning>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Located {
    path: String,
    #[serde(default)]
    since: Option<String>,
    /// The first release that does not have it there any more.
    #[serde(default)]
    until: Option<String>,
}

impl Setting {
    /// Its keys on this host: where config.yml has it, otherwise where the release would have it; `None` when
    /// this release has no such option.
    pub fn path(&self, config: &Config, version: Option<Version>) -> Option<Vec<&str>> {
        let there = self.paths.iter().find(|located| config.has(&located.keys()));
        let fits = |located: &&Located| version.is_none_or(|version| located.fits(version));
        there.or_else(|| self.paths.iter().find(fits)).map(Located::keys)
    }

    /// Its value on this host.
    pub fn value(&self, config: &Config) -> Option<Value> {
        self.paths.iter().find_map(|located| config.value(&located.keys()))
    }
}

impl Located {
    fn keys(&self) -> Vec<&str> {
        self.path.split('.').collect()
    }

    fn fits(&self, version: Version) -> bool {
        let at = |text: &Option<String>| text.as_deref().and_then(Version::parse);
        at(&self.since).is_none_or(|since| version >= since)
            && at(&self.until).is_none_or(|until| version < until)
    }
}

/// The option of that name.
pub fn find(name: &str) -> Option<&'static Setting> {
    all().iter().find(|setting| setting.name == name)
}

/// All of them, in the order of the handbook.
pub fn all() -> &'static [Setting] {
    OPTIONS.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::Simulated;

    fn config(text: &str) -> Config {
        Config::read(&Simulated::new().file("/etc/ngcp-config/config.yml", text)).unwrap()
    }

    const OLD: &str = include_str!("../../tests/corpus/ngcp-mr3.8.yml");
    const NEW: &str = include_str!("../../tests/corpus/ngcp-mr13.5.yml");

    #[test]
    fn the_table_is_whole() {
        assert!(all().len() > 25, "assets/options.yml does not parse");
        for setting in all() {
            assert!(!setting.paths.is_empty(), "{}", setting.name);
            assert_eq!(
                all().iter().filter(|other| other.name == setting.name).count(),
                1,
                "{}",
                setting.name
            );
            for located in &setting.paths {
                for release in [&located.since, &located.until].into_iter().flatten() {
                    assert!(Version::parse(release).is_some(), "{release}");
                }
            }
        }
    }

    #[test]
    fn an_option_is_found_where_the_release_has_it() {
        let setting = find("rtp-min-port").unwrap();
        assert_eq!(setting.path(&config(OLD), None).unwrap(), ["rtpproxy", "minport"]);
        assert_eq!(setting.path(&config(NEW), None).unwrap(), ["rtpengine", "minport"]);
        assert_eq!(setting.value(&config(OLD)).unwrap().text, "30000");
        let bare = config("a: 1\n");
        let at = |version: &str| setting.path(&bare, Version::parse(version)).unwrap();
        assert_eq!(at("mr10.4.2"), ["rtpproxy", "minport"]);
        assert_eq!(at("mr10.5.0"), ["rtpengine", "minport"]);
        assert_eq!(at("trunk"), ["rtpengine", "minport"]);
        assert_eq!(setting.value(&bare), None);
    }

    /// Every option that both sample hosts have is found on both.
    #[test]
    fn the_sample_hosts_have_the_options_of_the_handbook() {
        for name in
            ["sip-port", "admin-port", "csc-port", "provisioning-port", "rtp-max-port", "buffer-pool-size"]
        {
            for text in [OLD, NEW] {
                assert!(find(name).unwrap().value(&config(text)).is_some(), "{name}");
            }
        }
        assert_eq!(find("soap-users").unwrap().path(&config(OLD), None).unwrap(), ["ossbss", "htpasswd"]);
    }
}
