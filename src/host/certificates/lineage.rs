//! Certificates that another program of the host renews: certbot's and acme.sh's, found where they keep them, and how
//! each is told to call somebody after a renewal. Nothing is changed here.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::executor::{Executor, Kind};

/// A certificate and its renewals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Who renews it.
    pub tool: Tool,
    /// What it is called there.
    pub name: String,
    /// The folder that it is known by.
    pub folder: PathBuf,
    /// The file with the certificate and its chain.
    pub certificate: PathBuf,
    /// The file with the key.
    pub key: PathBuf,
    /// Where its renewal is configured.
    pub config: PathBuf,
}

/// A program that renews certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// certbot.
    Certbot,
    /// acme.sh.
    AcmeSh,
}

/// More lineages are not looked at.
const LIMIT: usize = 100;
/// No file that configures one is larger, in bytes.
const CONFIG_LIMIT: u64 = 64 * 1024;
/// Where certbot says what it renews.
const RENEWALS: &str = "/etc/letsencrypt/renewal";
/// Programs in here are called by certbot after every renewal.
pub const CERTBOT_HOOKS: &str = "/etc/letsencrypt/renewal-hooks/deploy";
/// Where acme.sh is kept, besides where a cron job says.
const HOMES: [&str; 4] = ["/root/.acme.sh", "/etc/acme.sh", "/opt/acme.sh", "/usr/local/share/acme.sh"];
const CRONTABS: [&str; 2] = ["/var/spool/cron/crontabs/root", "/etc/crontab"];

/// All that are found.
pub fn lineages(host: &dyn Executor) -> Vec<Lineage> {
    let mut all = certbot(host);
    for home in homes(host) {
        all.extend(acme_sh(host, &home));
    }
    all.truncate(LIMIT);
    all
}

fn certbot(host: &dyn Executor) -> Vec<Lineage> {
    let files = host.list(Path::new(RENEWALS)).unwrap_or_default();
    let lineage = |file: &String| {
        let name = file.strip_suffix(".conf")?;
        let config = Path::new(RENEWALS).join(file);
        let text = text(host, &config)?;
        // What stands behind a heading is something else.
        let own = || text.lines().take_while(|line| !line.trim_start().starts_with('['));
        let value = |key: &str| {
            own().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                (name.trim() == key).then(|| PathBuf::from(value.trim()))
            })
        };
        let (certificate, key) = (value("fullchain")?, value("privkey")?);
        let folder = certificate.parent()?.to_owned();
        Some(Lineage { tool: Tool::Certbot, name: name.to_owned(), folder, certificate, key, config })
    };
    files.iter().filter_map(lineage).take(LIMIT).collect()
}

/// Each folder that acme.sh keeps certificates in.
fn homes(host: &dyn Executor) -> Vec<PathBuf> {
    let mut homes: Vec<PathBuf> = HOMES.iter().map(PathBuf::from).collect();
    for crontab in CRONTABS {
        let text = text(host, Path::new(crontab)).unwrap_or_default();
        for line in text.lines().filter(|line| line.contains("acme.sh") && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('"')).collect();
            let named = words.windows(2).filter(|pair| matches!(pair[0], "--home" | "--config-home"));
            homes.extend(named.map(|pair| PathBuf::from(pair[1])));
        }
    }
    let elsewhere = homes.iter().filter_map(|home| {
        let text = text(host, &home.join("account.conf"))?;
        value(&text, "CERT_HOME").map(PathBuf::from)
    });
    homes.extend(elsewhere.collect::<Vec<_>>());
    homes.retain(|home| home.is_absolute());
    homes.sort();
    homes.dedup();
    homes
}

fn acme_sh(host: &dyn Executor, home: &Path) -> Vec<Lineage> {
    let folders = host.list(home).unwrap_or_default();
    let lineage = |folder: &String| {
        let name = folder.strip_suffix("_ecc").unwrap_or(folder);
        let folder = home.join(folder);
        let [certificate, key, config] =
            ["fullchain.cer".to_owned(), format!("{name}.key"), format!("{name}.conf")]
                .map(|file| folder.join(file));
        let is_file = |path: &Path| host.metadata(path).is_ok_and(|at| at.kind == Kind::File);
        [&certificate, &key, &config].iter().all(|path| is_file(path)).then(|| Lineage {
            tool: Tool::AcmeSh,
            name: name.to_owned(),
            folder: folder.clone(),
            certificate: certificate.clone(),
            key: key.clone(),
            config: config.clone(),
        })
    };
    folders.iter().filter_map(lineage).take(LIMIT).collect()
}

/// The line of acme.sh's configuration that says what is run after a renewal, and the one that has `command` run as
/// well; `None` when that is so already.
///
/// # Errors
/// When the line cannot be read.
pub fn reload_line(config: &str, command: &str) -> Result<Option<(Option<String>, String)>, String> {
    let prefix = format!("{RELOAD}=");
    let mut lines = config.lines().filter(|line| line.starts_with(&prefix));
    let line = lines.next();
    if lines.next().is_some() {
        return Err(format!("{RELOAD} stands in it twice"));
    }
    let now = match value(config, RELOAD) {
        None => String::new(),
        Some(text) => match text.strip_prefix(BASE64_START).and_then(|text| text.strip_suffix(BASE64_END)) {
            None => text,
            Some(inside) => STANDARD
                .decode(inside)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| format!("{RELOAD} is no base64 text"))?,
        },
    };
    if now.contains(command) {
        return Ok(None);
    }
    let both = if now.trim().is_empty() { command.to_owned() } else { format!("{now}; {command}") };
    let new = format!("{prefix}'{BASE64_START}{}{BASE64_END}'", STANDARD.encode(both));
    Ok(Some((line.map(str::to_owned), new)))
}

const RELOAD: &str = "Le_ReloadCmd";
const BASE64_START: &str = "__ACME_BASE64__START_";
const BASE64_END: &str = "__ACME_BASE64__END_";

/// The value of a line `KEY='VALUE'`.
fn value(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    Some(line.trim().trim_matches(['\'', '"']).to_owned())
}

fn text(host: &dyn Executor, path: &Path) -> Option<String> {
    let small = host.metadata(path).is_ok_and(|at| at.kind == Kind::File && at.len <= CONFIG_LIMIT);
    small.then(|| host.read(path).ok()).flatten().and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::Simulated;

    #[test]
    fn what_certbot_and_acme_sh_renew_is_found_where_they_keep_it() {
        let conf = "# renew_before_expiry = 30 days\nversion = 2.1.0\narchive_dir = /etc/letsencrypt/archive/a\n\
                    cert = /etc/letsencrypt/live/a/cert.pem\nprivkey = /etc/letsencrypt/live/a/privkey.pem\n\
                    fullchain = /etc/letsencrypt/live/a/fullchain.pem\n[renewalparams]\nfullchain = /wrong\n";
        let mut host = Simulated::new()
            .file("/etc/letsencrypt/renewal/a.conf", conf)
            .file("/etc/letsencrypt/renewal/broken.conf", "cert = x\n")
            .file("/etc/letsencrypt/renewal/README", "")
            .file("/root/.acme.sh/account.conf", "LOG_FILE='x'\nCERT_HOME='/srv/certs'\n")
            .file("/root/.acme.sh/ca/x/account.key", "")
            .file(
                "/var/spool/cron/crontabs/root",
                "# x\n7 0 * * * \"/opt/a\"/acme.sh --cron --home \"/opt/a\" --config-home \"/etc/a\" > /dev/null\n",
            );
        for folder in ["/root/.acme.sh/b_ecc/b", "/srv/certs/c/c", "/etc/a/d/d"] {
            let at = Path::new(folder).parent().unwrap();
            host = host.file(format!("{folder}.key"), "").file(format!("{folder}.conf"), "Le_Domain='b'\n");
            host = host.file(at.join("fullchain.cer"), "");
        }
        let found = lineages(&host);
        let told: Vec<_> = found.iter().map(|one| (one.tool, one.folder.to_str().unwrap())).collect();
        assert_eq!(
            told,
            [
                (Tool::Certbot, "/etc/letsencrypt/live/a"),
                (Tool::AcmeSh, "/etc/a/d"),
                (Tool::AcmeSh, "/root/.acme.sh/b_ecc"),
                (Tool::AcmeSh, "/srv/certs/c"),
            ]
        );
        assert_eq!(found[2].key, Path::new("/root/.acme.sh/b_ecc/b.key"));
    }

    /// As acme.sh writes it: base64 between its two marks, in single quotes. What was there goes on being run.
    #[test]
    fn acme_sh_is_told_as_it_tells_itself() {
        let ours = "/usr/local/sbin/ngcp-warden certificates deploy '/root/.acme.sh/a'";
        let encoded = |text: &str| format!("'{BASE64_START}{}{BASE64_END}'", STANDARD.encode(text));
        let new = format!("Le_ReloadCmd={}", encoded(ours));
        assert_eq!(reload_line("Le_Domain='a'\n", ours), Ok(Some((None, new.clone()))));
        let empty = "Le_ReloadCmd=''\n";
        assert_eq!(reload_line(empty, ours), Ok(Some((Some("Le_ReloadCmd=''".to_owned()), new.clone()))));
        assert_eq!(reload_line(&new, ours), Ok(None));
        let other = format!("a=1\nLe_ReloadCmd={}\n", encoded("systemctl reload nginx"));
        let (old, both) = reload_line(&other, ours).unwrap().unwrap();
        assert!(old.is_some_and(|line| other.contains(&line)));
        assert_eq!(both, format!("Le_ReloadCmd={}", encoded(&format!("systemctl reload nginx; {ours}"))));
        for broken in
            ["Le_ReloadCmd='__ACME_BASE64__START_%__ACME_BASE64__END_'", "Le_ReloadCmd=''\nLe_ReloadCmd=''"]
        {
            assert!(reload_line(broken, ours).is_err(), "{broken}");
        }
    }
}
