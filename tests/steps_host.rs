//! The steps that look at the Debian host, on sample hosts and on hostile ones.

mod support;

use support::hosts;

#[test]
fn sample_hosts_have_their_modes_and_owners_back() {
    let files = hosts::load("mr3.8").files();
    let mode = |path: &str| files.metadata(path.as_ref()).map(|m| (m.mode, m.uid)).unwrap();
    assert_eq!(mode("/etc/shadow"), (0o640, 0));
    assert_eq!(mode("/etc/ngcp-config/constants.yml"), (0o600, 0));
    assert_eq!(mode("/var/sipwise/.ssh/authorized_keys"), (0o600, 1000));
    assert!(hosts::load("mr13.5").files().exists("/etc/mysql/sipwise_extra.cnf"));
}
