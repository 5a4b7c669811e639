//! Figures that the database tells: buffer pool, data, binary logs, subscribers.

use std::path::Path;

use anyhow::Result;

use super::{
    super::{facts::Facts, names::figure},
    disks::Disks,
};
use crate::{
    executor::Executor,
    ngcp::{
        config::Config,
        database::{BinaryLogs, BufferPool, Database},
        kamailio::Instance,
        logs,
    },
};

const MB: f64 = 1024.0 * 1024.0;
/// Where the platform's database keeps its files, unless it says otherwise.
const USUAL: &str = "/var/lib/mysql";

/// Takes down what the database tells; hands back what it says of its buffer pool, or why it says nothing.
pub(super) fn look(
    host: &dyn Executor,
    config: Option<&Config>,
    kamailio: &[Instance],
    disks: &Disks<'_>,
    facts: &mut Facts,
) -> Result<BufferPool, String> {
    let database = match Database::open(host) {
        Ok(database) => database,
        Err(error) => {
            let why = format!("{error:#}");
            facts.unseen.push(format!("hit rate, data, binary logs, subscribers: {why}"));
            return Err(why);
        }
    };
    let pool = database.buffer_pool().map_err(|error| format!("{error:#}"));
    match &pool {
        Ok(pool) => {
            if let Some(rate) = pool.since_start.hit_rate() {
                facts.put(figure::HIT_RATE, rate, "the running database, since its start");
            }
            if let Some(rate) = pool.just_now.hit_rate() {
                facts.put(figure::HIT_RATE_NOW, rate, "the running database, over one second");
            }
        }
        Err(why) => facts.unseen.push(format!("hit rate: {why}")),
    }
    match database.table_bytes() {
        Ok(bytes) => facts.put(figure::DATA, bytes as f64 / MB, "information_schema"),
        Err(error) => facts.unseen.push(format!("tables and indexes: {error:#}")),
    }
    let folder = match database.binary_logs() {
        Ok(Some(logs)) => {
            binary_logs(host, &logs, disks, facts);
            logs.directory
        }
        Ok(None) => {
            facts.put(figure::BINLOG_NOW, 0.0, "the running database: it writes none");
            facts.put(figure::BINLOG_DAY, 0.0, "the running database: it writes none");
            USUAL.to_owned()
        }
        Err(error) => {
            facts.unseen.push(format!("binary logs: {error:#}"));
            USUAL.to_owned()
        }
    };
    facts.disks.extend(disks.mounted(Path::new(&folder)));
    subscribers(host, &database, config, kamailio, facts);
    pool
}

fn binary_logs(host: &dyn Executor, logs: &BinaryLogs, disks: &Disks<'_>, facts: &mut Facts) {
    const BY: &str = "SHOW BINARY LOGS";
    let bytes: f64 = logs.logs.iter().map(|(_, bytes)| *bytes as f64).sum();
    facts.put(figure::BINLOG_NOW, bytes / MB, BY);
    let folder = Path::new(&logs.directory);
    let file =
        |(name, bytes): &(String, u64)| Some((host.metadata(&folder.join(name)).ok()?.modified, *bytes));
    let files: Option<Vec<_>> = logs.logs.iter().map(file).collect();
    match files.and_then(|files| logs::per_day(&files, host.now())) {
        Some(day) => facts.put(figure::BINLOG_DAY, day / MB, "SHOW BINARY LOGS and the age of the files"),
        None => facts.unseen.push("binary logs of a day: they do not reach back far enough".to_owned()),
    }
    disks.put_free(folder, figure::BINLOG_FREE, facts);
}

fn subscribers(
    host: &dyn Executor,
    database: &Database<'_>,
    config: Option<&Config>,
    kamailio: &[Instance],
    facts: &mut Facts,
) {
    let proxy = kamailio.iter().find(|one| one.is("proxy"));
    let flag = proxy.and_then(|proxy| proxy.parameter(host, "usrloc", "nat_bflag").ok());
    let found = match database.subscribers(flag.and_then(|flag| flag.value.parse().ok())) {
        Ok(found) => found,
        Err(error) => {
            facts.unseen.push(format!("subscribers: {error:#}"));
            return;
        }
    };
    let redis = ["kamailio", "proxy", "redis", "usrloc"];
    let elsewhere = config.and_then(|config| config.text(&redis)).is_some_and(|text| text == "yes");
    let missing = |what: &str| match elsewhere {
        true => format!("{what}: redis has them (kamailio.proxy.redis.usrloc), which is not asked"),
        false => format!("{what}: this database does not tell"),
    };
    let counts = [
        (figure::SUBSCRIBERS_NOW, "subscribers", found.all),
        (figure::REGISTERED_NOW, "registered contacts", found.registered.filter(|_| !elsewhere)),
        (figure::NATED_NOW, "contacts behind NAT", found.nated.filter(|_| !elsewhere)),
    ];
    for (name, what, count) in counts {
        match count {
            Some(count) => facts.put(name, count as f64, "the running database"),
            None => facts.unseen.push(missing(what)),
        }
    }
}
