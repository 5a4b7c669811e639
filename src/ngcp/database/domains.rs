//! Names that certificates must stand for, and certificates that were issued to clients of the API.

use anyhow::{Context, Result, ensure};

use super::{Database, unhex};

/// More domains than this are not named.
const LIMIT: usize = 500;

impl Database<'_> {
    /// The SIP domains of the subscribers, as they are written there.
    ///
    /// # Errors
    /// When it cannot be asked, or when this release keeps them elsewhere.
    pub fn domains(&self) -> Result<Vec<String>> {
        let columns = self.columns("provisioning", "voip_domains")?;
        ensure!(columns.iter().any(|name| name == "domain"), "there is no provisioning.voip_domains");
        let sql =
            format!("SELECT HEX(domain) FROM provisioning.voip_domains ORDER BY domain LIMIT {};", LIMIT + 1);
        let rows: Vec<String> =
            self.query(&sql)?.into_iter().flatten().filter_map(|one| unhex(&one)).collect();
        ensure!(rows.len() <= LIMIT, "there are more than {LIMIT} domains");
        Ok(rows)
    }

    /// How many administrators log in to the API with a certificate.
    ///
    /// # Errors
    /// When it cannot be asked, or when this release keeps them elsewhere.
    pub fn client_certificates(&self) -> Result<u64> {
        let columns = self.columns("billing", "admins")?;
        ensure!(
            columns.iter().any(|name| name == "ssl_client_m_serial"),
            "this release does not keep them there"
        );
        let rows =
            self.query("SELECT COUNT(*) FROM billing.admins WHERE ssl_client_m_serial IS NOT NULL;")?;
        rows.first()
            .and_then(|row| row.first()?.parse().ok())
            .context("the database gave an unexpected answer")
    }
}
