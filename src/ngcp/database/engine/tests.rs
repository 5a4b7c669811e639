use super::*;
use crate::{
    executor::{
        Command,
        simulated::{Answer, Simulated},
    },
    ngcp::database::HEAD,
};

fn host(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Simulated {
    Simulated::new().on("mysql", move |_, command: &Command| {
        let script = command.stdin.as_ref().unwrap().expose_str().unwrap().to_owned();
        let sql = script.strip_prefix(HEAD).unwrap().trim();
        Answer::from(if sql == "SELECT 1;" { "1\n".to_owned() } else { answer(sql) })
    })
}

/// As MariaDB 10.11.14 answers.
const SIZE_TOLD: &str = "innodb_buffer_pool_chunk_size\t0\ninnodb_buffer_pool_size\t67108864\n";
const BEFORE: &str = "Innodb_buffer_pool_pages_free\t3744\nInnodb_buffer_pool_pages_total\t4056\nInnodb_buffer_pool_read_requests\t1098\nInnodb_buffer_pool_reads\t165\nInnodb_page_size\t16384\nUptime\t4\n";
const AFTER: &str = "Innodb_buffer_pool_pages_free\t3744\nInnodb_buffer_pool_pages_total\t4056\nInnodb_buffer_pool_read_requests\t1456\nInnodb_buffer_pool_reads\t165\nInnodb_page_size\t16384\nUptime\t5\n";

fn pool(text: String) -> Result<BufferPool> {
    let host = host(move |_| text.clone());
    Database::open(&host).unwrap().buffer_pool()
}

#[test]
fn the_hit_rate_is_told_since_the_start_and_over_the_look() {
    let told = pool(format!("{SIZE_TOLD}{BEFORE}0\n{AFTER}")).unwrap();
    assert_eq!((told.size, told.step, told.uptime), (64 << 20, None, 5));
    assert_eq!(told.filled, 312 * 16384);
    assert_eq!(told.since_start.hit_rate().map(|rate| (rate * 100.0).round() / 100.0), Some(88.67));
    assert_eq!(told.just_now, Reads { all: 358, disk: 0 });
    assert_eq!(told.just_now.hit_rate(), Some(100.0));
    // The server was started anew in between, or nobody read.
    let anew = pool(format!("{SIZE_TOLD}{AFTER}0\n{BEFORE}")).unwrap();
    assert_eq!(anew.just_now.hit_rate(), None);
    let chunks = "innodb_buffer_pool_chunk_size\t134217728\ninnodb_buffer_pool_instances\t8\ninnodb_buffer_pool_size\t1073741824\n";
    assert_eq!(pool(format!("{chunks}{BEFORE}0\n{AFTER}")).unwrap().step, Some(1 << 30));
}

#[test]
fn an_answer_of_another_form_is_an_error_and_no_figure() {
    for wrong in [
        String::new(),
        "welcome\n".to_owned(),
        format!("{SIZE_TOLD}{BEFORE}"),
        format!("{BEFORE}0\n{AFTER}"),
        format!("{SIZE_TOLD}0\n{AFTER}"),
        format!("{SIZE_TOLD}{BEFORE}0\n{AFTER}").replace("_reads\t165", "_reads\t-1"),
        format!("{SIZE_TOLD}{BEFORE}0\n"),
    ] {
        assert!(pool(wrong.clone()).is_err(), "{wrong:?}");
    }
}

/// Columns of the table that is asked for, and counts by what is asked.
fn counted(
    columns: &'static [(&'static str, &'static str)],
    kind: &'static str,
    flag: Option<u32>,
) -> Subscribers {
    let host = host(move |sql| {
        if sql.contains("LOWER(data_type)") {
            return format!("{kind}\n");
        }
        if sql.contains("LOWER(column_name)") {
            let of = |table: &str| sql.contains(&format!("table_name = '{table}'"));
            let names =
                columns.iter().filter(|(table, _)| of(table)).map(|(_, column)| format!("{column}\n"));
            return names.collect();
        }
        let answer = match sql {
            _ if sql.contains("voip_subscribers") => "900",
            _ if sql.contains("kamailio.subscriber") => "800",
            _ if sql.contains("keepalive = 1") => {
                if flag == Some(7) {
                    "0"
                } else {
                    "40"
                }
            }
            _ if sql.contains("cflags & 128") => "30",
            _ if sql.contains("UNIX_TIMESTAMP") => "60",
            _ => "50",
        };
        format!("{answer}\n")
    });
    Database::open(&host).unwrap().subscribers(flag).unwrap()
}

#[test]
fn subscribers_are_counted_in_the_columns_that_are_there() {
    const NEW: &[(&str, &str)] = &[
        ("voip_subscribers", "status"),
        ("location", "expires"),
        ("location", "cflags"),
        ("location", "keepalive"),
    ];
    const OLD: &[(&str, &str)] =
        &[("subscriber", "username"), ("location", "expires"), ("location", "cflags")];
    let of = |all, registered, nated| Subscribers { all, registered, nated };
    assert_eq!(counted(NEW, "datetime", None), of(Some(900), Some(50), Some(40)));
    assert_eq!(counted(NEW, "bigint", None), of(Some(900), Some(60), Some(40)));
    // Nobody is marked: only the flag that kamailio was told decides.
    assert_eq!(counted(NEW, "datetime", Some(7)), of(Some(900), Some(50), Some(30)));
    assert_eq!(counted(OLD, "datetime", None), of(Some(800), Some(50), None));
    assert_eq!(counted(OLD, "datetime", Some(7)), of(Some(800), Some(50), Some(30)));
    assert_eq!(counted(OLD, "varchar", Some(7)), of(Some(800), None, None));
    assert_eq!(counted(&[], "", None), of(None, None, None));
}

#[test]
fn binary_logs_are_listed_with_their_folder() {
    let answer = |variables: &'static str, logs: &'static str| {
        let host = host(move |sql| if sql.starts_with("SHOW BINARY") { logs } else { variables }.to_owned());
        Database::open(&host).unwrap().binary_logs()
    };
    let on = "binlog_expire_logs_seconds\t0\ndatadir\t/var/lib/mysql/\nexpire_logs_days\t15.000000\nlog_bin\tON\nlog_bin_basename\t/ngcp-data/mysql/bin\n";
    let told = answer(on, "bin.000001\t345\nbin.000002\t1768\n").unwrap().unwrap();
    assert_eq!((told.directory.as_str(), told.days), ("/ngcp-data/mysql", Some(15.0)));
    assert_eq!(told.logs, [("bin.000001".to_owned(), 345), ("bin.000002".to_owned(), 1768)]);
    // MySQL 5.5 tells no folder of theirs; MySQL 8 says besides whether they are encrypted.
    let old = "datadir\t/var/lib/mysql/\nexpire_logs_days\t0\nlog_bin\tON\n";
    let told = answer(old, "bin.000001\t345\tNo\n").unwrap().unwrap();
    assert_eq!((told.directory.as_str(), told.days), ("/var/lib/mysql/", None));
    assert_eq!(answer("log_bin\tOFF\n", "").unwrap(), None);
    assert!(answer("", "").is_err());
    assert!(answer(on, "bin.000001\n").is_err());
}
