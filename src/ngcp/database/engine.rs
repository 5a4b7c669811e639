//! What the running server says of its buffer pool, its data and its binary logs, and how many subscribers it knows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::Database;

/// The buffer pool of the running server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BufferPool {
    /// Bytes.
    pub size: u64,
    /// Bytes by which it can grow and shrink: what is set is rounded up to them. `None` where the server does not say.
    pub step: Option<u64>,
    /// Bytes that are filled with pages.
    pub filled: u64,
    /// Reads of pages since the server started, and how many of them went to disk.
    pub since_start: Reads,
    /// The same over the short time of the look.
    pub just_now: Reads,
    /// Seconds since the server started.
    pub uptime: u64,
}

impl BufferPool {
    /// Whether it holds as many pages as it can: the server itself keeps 1536 of them free (innodb_lru_scan_depth).
    pub fn is_full(&self) -> bool {
        const KEPT_FREE: u64 = 32 << 20;
        self.size.saturating_sub(self.filled) <= KEPT_FREE.max(self.size / 10)
    }

    /// Bytes of memory that it takes: all of it once it was full, for a page that is free again stays taken.
    pub fn taken(&self) -> u64 {
        if self.is_full() { self.size } else { self.filled }
    }
}

/// Reads of pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// All.
    pub all: u64,
    /// From disk.
    pub disk: u64,
}

impl Reads {
    /// How many of 100 reads found their page in memory (facts: `1 - reads / read_requests`); `None` without reads.
    pub fn hit_rate(self) -> Option<f64> {
        (self.all > 0).then(|| 100.0 * (1.0 - self.disk as f64 / self.all as f64).max(0.0))
    }

    /// What came since `before`; nothing where the counters began anew in between.
    fn since(self, before: Reads) -> Reads {
        match (self.all.checked_sub(before.all), self.disk.checked_sub(before.disk)) {
            (Some(all), Some(disk)) => Reads { all, disk },
            _ => Reads::default(),
        }
    }
}

/// Subscribers that the database knows; each `None` where this release does not keep it there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribers {
    /// Accounts.
    pub all: Option<u64>,
    /// Contacts that are registered now.
    pub registered: Option<u64>,
    /// Those behind NAT.
    pub nated: Option<u64>,
}

/// Binary logs of the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BinaryLogs {
    /// Name and bytes of each, the oldest first.
    pub logs: Vec<(String, u64)>,
    /// The directory they lie in.
    pub directory: String,
    /// Days after which the server itself removes them; `None` where it never does.
    pub days: Option<f64>,
}

/// Size of the buffer pool; not every server has the last two.
const SIZE: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_buffer_pool_size', \
    'innodb_buffer_pool_chunk_size', 'innodb_buffer_pool_instances');";
/// Counters of the buffer pool.
const STATUS: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_buffer_pool_read_requests', \
    'Innodb_buffer_pool_reads', 'Innodb_buffer_pool_pages_total', 'Innodb_buffer_pool_pages_free', \
    'Innodb_page_size', 'Uptime');";
/// Accounts, and where contacts are.
const SUBSCRIBERS: [&str; 2] = ["billing", "voip_subscribers"];
const LOCATION: [&str; 2] = ["kamailio", "location"];

impl Database<'_> {
    /// The buffer pool, looked at for a second.
    ///
    /// # Errors
    /// When the server cannot be asked or answers something else.
    pub fn buffer_pool(&self) -> Result<BufferPool> {
        let rows = self.query(&format!("{SIZE}\n{STATUS}\nSELECT SLEEP(1);\n{STATUS}"))?;
        let between = rows.iter().position(|row| row.len() == 1);
        let (before, after) = rows.split_at(between.context("the server tells its counters once only")?);
        let (before, after) = (Counters::of(before), Counters::of(after));
        let reads = |counters: &Counters| -> Result<Reads> {
            Ok(Reads {
                all: counters.get("innodb_buffer_pool_read_requests")?,
                disk: counters.get("innodb_buffer_pool_reads")?,
            })
        };
        let pages = |name| after.get(&format!("innodb_buffer_pool_pages_{name}"));
        let used = pages("total")?.saturating_sub(pages("free")?);
        let since_start = reads(&after)?;
        let chunk = before.get("innodb_buffer_pool_chunk_size").ok().filter(|chunk| *chunk > 0);
        let instances = before.get("innodb_buffer_pool_instances").unwrap_or(1).max(1);
        Ok(BufferPool {
            size: before.get("innodb_buffer_pool_size")?,
            step: chunk.and_then(|chunk| chunk.checked_mul(instances)),
            filled: used.saturating_mul(after.get("innodb_page_size")?),
            since_start,
            just_now: since_start.since(reads(&before)?),
            uptime: after.get("uptime")?,
        })
    }

    /// Bytes of tables and indexes that can be in the buffer pool. Takes long where there are very many tables.
    ///
    /// # Errors
    /// When the server cannot be asked or answers something else.
    pub fn table_bytes(&self) -> Result<u64> {
        let sql = "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables \
                   WHERE engine = 'InnoDB';";
        self.count(sql)
    }

    /// Subscribers and their registrations, in the tables and columns that this release has. `nat_flag` is the bit of
    /// a contact that kamailio sets for those behind NAT, where that is known.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn subscribers(&self, nat_flag: Option<u32>) -> Result<Subscribers> {
        let [schema, table] = SUBSCRIBERS;
        let all = if self.columns(schema, table)?.iter().any(|column| column == "status") {
            let sql = "SELECT COUNT(*) FROM billing.voip_subscribers WHERE status <> 'terminated';";
            Some(self.count(sql)?)
        } else if self.columns("kamailio", "subscriber")?.is_empty() {
            None
        } else {
            Some(self.count("SELECT COUNT(*) FROM kamailio.subscriber;")?)
        };
        let [registered, nated] = self.contacts(nat_flag)?;
        Ok(Subscribers { all, registered, nated })
    }

    /// How many contacts are registered, and how many of them are behind NAT.
    fn contacts(&self, nat_flag: Option<u32>) -> Result<[Option<u64>; 2]> {
        let [schema, table] = LOCATION;
        let columns = self.columns(schema, table)?;
        let has = |name: &str| columns.iter().any(|column| column == name);
        if !has("expires") {
            return Ok([None, None]);
        }
        let kind = "SELECT LOWER(data_type) FROM information_schema.columns WHERE table_schema = 'kamailio' \
                    AND table_name = 'location' AND column_name = 'expires';";
        let kind = self.query(kind)?.into_iter().flatten().next().unwrap_or_default();
        let valid = match kind.as_str() {
            "datetime" | "timestamp" => "expires > NOW()",
            // In seconds; 0 never ends.
            "int" | "bigint" => "(expires = 0 OR expires > UNIX_TIMESTAMP())",
            _ => return Ok([None, None]),
        };
        let count =
            |more: &str| self.count(&format!("SELECT COUNT(*) FROM kamailio.location WHERE {valid}{more};"));
        let registered = count("")?;
        // Where kamailio marks those that it keeps alive, one at least is marked.
        let kept_alive = if has("keepalive") { count(" AND keepalive = 1")? } else { 0 };
        let nated = match nat_flag.filter(|flag| *flag < 32 && has("cflags")) {
            _ if registered == 0 || kept_alive > 0 => Some(kept_alive),
            Some(flag) => Some(count(&format!(" AND cflags & {} <> 0", 1u64 << flag))?),
            None => None,
        };
        Ok([Some(registered), nated])
    }

    /// Its binary logs; `None` where it writes none.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn binary_logs(&self) -> Result<Option<BinaryLogs>> {
        let sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'log_bin_basename', 'datadir', \
                   'expire_logs_days', 'binlog_expire_logs_seconds');";
        let rows = self.query(sql)?;
        let text = |name: &str| {
            let row =
                rows.iter().find(|row| row.first().is_some_and(|one| one.eq_ignore_ascii_case(name)))?;
            row.get(1).map(String::as_str).filter(|text| !text.is_empty())
        };
        if !text("log_bin").is_some_and(|word| word == "1" || word.eq_ignore_ascii_case("on")) {
            ensure!(text("log_bin").is_some(), "the server does not tell whether it writes binary logs");
            return Ok(None);
        }
        let directory = text("log_bin_basename").and_then(|path| Some(path.rsplit_once('/')?.0));
        let directory =
            directory.or_else(|| text("datadir")).context("the server does not tell its folder")?;
        let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|number| *number > 0.0);
        let days = number("binlog_expire_logs_seconds").map(|seconds| seconds / 86_400.0);
        let log = |row: Vec<String>| Some((row.first()?.clone(), row.get(1)?.parse().ok()?));
        let logs = self.query("SHOW BINARY LOGS;")?.into_iter().map(log).collect::<Option<_>>();
        Ok(Some(BinaryLogs {
            logs: logs.context("the server lists its binary logs in another form")?,
            directory: directory.to_owned(),
            days: days.or_else(|| number("expire_logs_days")),
        }))
    }

    fn count(&self, sql: &str) -> Result<u64> {
        let rows = self.query(sql)?;
        let count = rows.first().and_then(|row| row.first()?.parse().ok());
        count.context("the server answers something else than a number")
    }
}

/// Counters by name, in lower case.
struct Counters(BTreeMap<String, u64>);

impl Counters {
    fn of(rows: &[Vec<String>]) -> Self {
        let counter = |row: &Vec<String>| Some((row.first()?.to_lowercase(), row.get(1)?.parse().ok()?));
        Counters(rows.iter().filter_map(counter).collect())
    }

    fn get(&self, name: &str) -> Result<u64> {
        self.0.get(name).copied().with_context(|| format!("the server does not tell {name}"))
    }
}

#[cfg(test)]
mod tests;
