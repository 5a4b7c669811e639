//! What was not looked at is unknown, with the count: never well.

use std::fmt::Write;

use ngcp_warden::{
    executor::{World, simulated::Simulated},
    finding::Status,
};

use super::super::{finding, hosts, inspect, status};

const KEYS: [&str; 5] =
    ["SSH-IMAGE-KEY", "SSH-WEAK-KEY", "SSH-KEY-FILE-MODE", "SSH-KEY-REUSED", "SSH-KEY-UNREADABLE"];

/// A host on which nothing is wrong with keys, and so many people without any.
fn people(count: usize) -> Simulated {
    let mut passwd = "root:x:0:0::/root:/bin/bash\n".to_owned();
    for at in 0..count {
        writeln!(passwd, "p{at}:x:{}:100::/home/p{at}:/bin/bash", 2000 + at).unwrap();
    }
    hosts::load("mr3.8")
        .with_world(World::Tree)
        .file("/etc/passwd", passwd)
        .file("/root/.ssh/authorized_keys", "")
        .file("/root/.ssh/sipwise_vagrant_key", "")
}

#[test]
fn accounts_that_were_not_looked_at_make_keys_unknown() {
    let ids: Vec<String> = inspect("ssh", &people(70)).items.iter().map(|item| item.id.clone()).collect();
    let judged: Vec<&str> = KEYS.into_iter().filter(|id| ids.iter().any(|have| have == id)).collect();
    assert!(judged.len() == KEYS.len(), "{ids:?}");
    let all = inspect("ssh", &people(70));
    let many = inspect("ssh", &people(2100));
    let ldap = people(1).file("/etc/nsswitch.conf", "passwd: files ldap\n");
    let ldap = inspect("ssh", &ldap);
    for id in judged {
        assert_eq!(status(&all, id), Some(Status::Pass), "{id}: {:?}", finding(&all, id));
        assert_eq!(status(&many, id), Some(Status::Unknown), "{id}");
        assert!(finding(&many, id).evidence.contains("101 accounts beyond the 2000th"), "{id}");
        assert_eq!(status(&ldap, id), Some(Status::Unknown), "{id}");
        assert!(finding(&ldap, id).evidence.contains("accounts from ldap"), "{id}");
    }
}

/// A key beyond the sixtieth account is seen.
#[test]
fn the_last_of_many_accounts_is_looked_at() {
    let host = people(200).file(
        "/home/p199/.ssh/sipwise_vagrant_key",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaLsEQahPxj8blGLBCxLd1AgCYz7lrsXY7l5aiDQMty vagrant insecure public key\n",
    );
    let seen = inspect("ssh", &host);
    assert!(
        seen.items.iter().any(|item| item.status == Status::Fail && item.evidence.contains("/home/p199"))
    );
}
