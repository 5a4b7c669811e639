use jiff::SignedDuration;

use super::*;
use crate::executor::simulated::{Answer, Simulated};

/// As logrotate 3.21 of Debian 12 says it.
const DEBUG: &str = "reading config file ngcp\n\nHandling 3 logs\n\nrotating pattern: /var/log/x  hourly (3 rotations)\nempty log files are rotated\n\
    rotating pattern: /var/log/ngcp/*.log /var/log/ngcp/cdr/*.log\n after 1 days (93 rotations)\nlog files >= 1073741824 are rotated earlier\n\
    error: stat of /var/log/ngcp failed: No such file or directory\n\nrotating pattern: /var/log/z  weekly (4 rotations)\n";

#[test]
fn logrotate_itself_says_for_how_many_days() {
    let says = |text: &str| {
        let text = text.to_owned();
        let host = Simulated::new().on("logrotate", move |_, _| Answer::code(1).error(&text));
        rotation(&host).map(|one| one.days).map_err(|error| error.to_string())
    };
    assert_eq!(says(DEBUG), Ok(93));
    assert_eq!(says("rotating pattern: /var/log/ngcp/a  weekly (4 rotations)\n"), Ok(28));
    let two = format!("{DEBUG}rotating pattern: /var/log/ngcp/b.log  after 1 days (7 rotations)\n");
    assert!(says(&two).unwrap_err().contains("7 to 93 days"));
    for nothing in [
        "",
        "rotating pattern: /var/log/ngcp/a  5242880 bytes (4 rotations)\n",
        "rotating pattern: /var/log/ngcp/a",
    ] {
        assert!(says(nothing).unwrap_err().contains("no log below /var/log/ngcp"), "{nothing:?}");
    }
    assert!(rotation(&Simulated::new()).is_err());
}

#[test]
fn a_day_of_logs_is_told_by_what_came_since_the_oldest_was_closed() {
    let day = |ago: i64| Timestamp::from_second(1_700_000_000 - ago * 86_400).unwrap();
    let files: Vec<(Timestamp, u64)> = (0..=10).map(|ago| (day(ago), 50)).collect();
    assert_eq!(per_day(&files, day(0)), Some(50.0));
    // Another that was left lying changes nothing.
    let many: Vec<(Timestamp, u64)> = (0..30).map(|ago| (day(ago), 50)).collect();
    for left in [31, 93, 3650] {
        let all: Vec<_> = many.iter().copied().chain([(day(left), 2)]).collect();
        assert_eq!(per_day(&all, day(0)), Some(50.0), "{left} days");
    }
    assert_eq!(per_day(&[(day(3650), 2)], day(0)), Some(0.0));
    assert_eq!(per_day(&files[..1], day(0)), None, "logs of today only tell nothing of a day");
    assert_eq!(per_day(&[], day(0)), None);
    let host =
        Simulated::new().file("/var/log/ngcp/kamailio-lb.log", "12345").file("/var/log/ngcp/old/a.gz", "123");
    assert_eq!(kept(&host).unwrap().bytes, 8);
    assert_eq!(kept(&Simulated::new()).unwrap(), Kept::default());
    let now = host.now();
    let late = host.with_clock(now.checked_add(SignedDuration::from_hours(48)).unwrap());
    assert_eq!(kept(&late).unwrap().per_day, Some(0.0));
}

#[test]
fn a_line_that_says_memory_ran_out_tells_which() {
    let log = "Nov  3 10:00:00 spce lb[7]: NOTICE: <script>: Sending out of dialog request\n\
        Nov  3 10:00:01 spce lb[7]: ERROR: <core> [core/mem/q_malloc.c:291]: qm_find_free(): could not allocate shared memory from shm pool\n\
        Nov  3 10:00:02 spce lb[7]: ERROR: tm [t_lookup.c:1]: new_t: out of mem\n\
        Nov  3 10:00:03 spce lb[7]: ERROR: <core> [parser]: PKG: no more pkg memory\n";
    let file = Path::new("/var/log/ngcp/kamailio-lb.log");
    let found = ran_out(&Simulated::new().file(file, log), file).unwrap().unwrap();
    assert_eq!((found.lines, found.private), (3, true));
    assert_eq!(found.last, "Nov 3 10:00:03, lb[7]: no more pkg memory");
    let shared = "lb[7]: CRITICAL: could not allocate shared memory\n\u{fffd}\0\n";
    assert!(!ran_out(&Simulated::new().file(file, shared), file).unwrap().unwrap().private);
    let printed = " 0(7) ERROR: <core> [core/mem/q_malloc.c:291]: qm_malloc(): out of mem\n";
    let found = ran_out(&Simulated::new().file(file, printed), file).unwrap().unwrap();
    assert_eq!(found.last, "process 7: out of mem");
    for well in [
        "",
        "lb[7]: ERROR: no more than 3 calls\n",
        "lb[7]: ERROR: running out of patience\n",
        "memory\n",
        // What a caller wrote.
        "Nov  3 10:00:00 spce lb[7]: INFO: <script>: User-Agent: lb[7]: ERROR: out of mem\n",
        "Nov  3 10:00:00 spce lb[7]: NOTICE: 0(7) ERROR: out of mem\n",
        "Nov  3 10:00:00 spce lb[7]: ERROR: <script>: User-Agent: out of mem\n",
        "Nov  3 10:00:00 spce lb: INFO: x[7]: ERROR: out of mem\n",
        "ERROR: out of mem\n",
    ] {
        assert_eq!(ran_out(&Simulated::new().file(file, well), file).unwrap(), None, "{well:?}");
    }
    assert!(ran_out(&Simulated::new(), file).is_err());
}

#[test]
fn nothing_else_of_a_line_is_told() {
    let file = Path::new("/var/log/ngcp/kamailio-lb.log");
    for (line, told) in [
        (
            "2026-11-03T10:00:01.5+01:00 canary /usr/sbin/lb[7]: ERROR: {canary} <core>: out of mem: Authorization: canary",
            "2026-11-03T10:00:01.5+01:00, lb[7]: out of mem",
        ),
        ("Nov canary 4 x lb[7]: ALERT: canary: no more shm canary", "lb[7]: no more shm memory"),
    ] {
        let found = ran_out(&Simulated::new().file(file, line), file).unwrap().unwrap();
        assert_eq!(found.last, told);
    }
}
