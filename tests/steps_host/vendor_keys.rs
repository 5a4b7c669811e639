//! Vendor support access: what still lets Sipwise in, and what somebody else does meanwhile.

use ngcp_warden::{finding::Status, runner::RunOutcome};

use super::{
    super::{finding, hosts, run, status},
    support_access::{KEYS, apt, host, look, planned, switch},
};

const SSHD: &str = "/etc/ssh/sshd_config";
/// A key of the vendor's and one of an operator's.
const VENDORS: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaLsEQahPxj8blGLBCxLd1AgCYz7lrsXY7l5aiDQMty support@jump.sipwise.com\n";
const OPERATORS: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMobyt9tkZPmdaUGnnvvFUKjUR6/7n9qRZOl6XXPg9yR noc@example.net\n";

/// What sshd lets in and this step cannot close: told before, no plain done, and the finding goes on failing.
#[test]
fn what_still_lets_the_vendor_in_is_never_told_done() {
    let sshd = |line: &str| format!("{}{line}\n", host().files().text(SSHD));
    // The reviewer's case: sipwise's .ssh is a link that sipwise owns.
    let folder = host();
    folder.edit(|files| {
        files.remove("/var/sipwise/.ssh");
        files.put("/var/sipwise/keys/authorized_keys", 0o600, 1000, 1000, VENDORS);
        files.link("/var/sipwise/.ssh", "/var/sipwise/keys");
    });
    let file = host();
    file.edit(|files| {
        files.remove(KEYS);
        files.put("/var/sipwise/mine", 0o600, 1000, 1000, VENDORS);
        files.link(KEYS, "../mine");
    });
    let everybody = host().file("/etc/ssh/everybody", VENDORS);
    everybody
        .edit(|files| files.write(SSHD, "AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/everybody\n"));
    let program = host();
    program.edit(|files| files.write(SSHD, sshd("AuthorizedKeysCommand /usr/bin/ask-ldap")));
    let signed = host();
    signed.edit(|files| files.write(SSHD, sshd("TrustedUserCAKeys /etc/ssh/ca.pub")));
    let some = host();
    some.edit(|files| {
        files.write(SSHD, sshd("Match Address 192.0.2.7\n  TrustedUserCAKeys /etc/ssh/ca.pub"));
    });
    let closed = host();
    closed.edit(|files| files.device("/root/.ssh/authorized_keys"));
    let root = host();
    root.edit(|files| files.put("/root/.ssh/authorized_keys", 0o600, 0, 0, format!("{OPERATORS}{VENDORS}")));
    for (name, host, still, word) in [
        (
            "folder",
            folder,
            Status::Fail,
            "/var/sipwise/.ssh/authorized_keys stays where it is: it is reached",
        ),
        ("file", file, Status::Fail, "/var/sipwise/.ssh/authorized_keys stays where it is: it is reached"),
        ("everybody", everybody, Status::Fail, "/etc/ssh/everybody stays where it is: root uses it too"),
        ("program", program, Status::Unknown, "AuthorizedKeysCommand /usr/bin/ask-ldap may let sipwise in"),
        ("signed", signed, Status::Unknown, "TrustedUserCAKeys /etc/ssh/ca.pub"),
        ("some", some, Status::Unknown, "TrustedUserCAKeys /etc/ssh/ca.pub (/etc/ssh/sshd_config line 6)"),
        ("closed", closed, Status::Unknown, "/root/.ssh/authorized_keys cannot be read"),
        (
            "root",
            root,
            Status::Fail,
            "a key of Sipwise's also opens root (/root/.ssh/authorized_keys line 2)",
        ),
    ] {
        let plan = planned(&host, &[]);
        assert!(plan.partial, "{name}");
        assert!(plan.reminders.iter().any(|text| text.contains(word)), "{name}: {:?}", plan.reminders);
        let ran = run(&host, plan);
        assert_eq!(ran.outcome, RunOutcome::Warning, "{name}: {}", ran.said);
        assert_eq!(status(&look(&host), "SUPPORT-ACCESS-KEYS"), Some(still), "{name}");
        assert!(planned(&host, &[]).partial, "{name}: a second run says it, too");
    }
}

/// The files that sshd is told to read are looked at, wherever they are: one of sipwise's own is set aside there.
#[test]
fn keys_are_looked_for_where_sshd_reads_them() {
    let own = "/etc/ssh/keys/sipwise";
    let moved = host().file(own, VENDORS);
    moved.edit(|files| {
        files.remove("/var/sipwise/.ssh");
        files.write(
            SSHD,
            "AuthorizedKeysFile /etc/ssh/keys/%u\nMatch User cdrexport\nAuthorizedKeysFile /etc/x\n",
        );
    });
    let seen = look(&moved);
    assert_eq!(finding(&seen, "SUPPORT-ACCESS-KEYS").title, "User sipwise can log in with 1 SSH key");
    assert!(finding(&seen, "SUPPORT-ACCESS-KEYS").evidence.contains("/etc/ssh/keys/sipwise: 1"));
    let ran = run(&moved, planned(&moved, &[]));
    assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
    assert!(!moved.files().exists(own));
    assert_eq!(moved.files().text(format!("{own}.set-aside")), VENDORS);
    // The key that was set aside is still known as the vendor's, whatever its comment.
    let renamed = host();
    renamed.edit(|files| files.put(KEYS, 0o600, 1000, 1000, VENDORS));
    run(&renamed, planned(&renamed, &[]));
    assert_eq!(status(&look(&renamed), "SUPPORT-ACCESS-KEYS"), Some(Status::Pass));
    let bare = VENDORS.replace("support@jump.sipwise.com", "backup");
    renamed.edit(|files| files.put("/root/.ssh/authorized_keys", 0o600, 0, 0, bare));
    assert_eq!(
        finding(&look(&renamed), "SUPPORT-ACCESS-KEYS").title,
        "A key of Sipwise's opens another account"
    );
    // A file that ngcpcfg makes would only come back.
    let made = host().file("/etc/ngcp-config/templates/etc/ssh/keys/sipwise.customtt.tt2", "");
    made.edit(|files| {
        files.write(SSHD, "AuthorizedKeysFile /etc/ssh/keys/%u\n");
        files.put(own, 0o644, 0, 0, VENDORS);
    });
    assert!(
        planned(&made, &[]).reminders.iter().any(|text| text.contains("ngcpcfg makes it from a template"))
    );
}

#[test]
fn a_password_that_cannot_be_locked_is_told() {
    let host = hosts::load("mr3.8").on("ngcp-support-access", switch).on("apt-get", apt);
    host.edit(|files| {
        let open = files.text("/etc/shadow").replace("sipwise:!:", "sipwise:$6$salt$hash:");
        files.put("/etc/shadow", 0o640, 0, 42, open);
    });
    let plan = planned(&host, &[]);
    assert!(plan.partial && plan.reminders.iter().any(|text| text.contains("the password of sipwise stays")));
    let ran = run(&host, plan);
    assert_eq!(ran.outcome, RunOutcome::Warning, "{}", ran.said);
}

/// Local accounts are not all there are: what was not looked at is not told well.
#[test]
fn a_user_that_another_source_may_have_is_unknown() {
    let host = hosts::load("mr3.8")
        .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        .file("/etc/nsswitch.conf", "passwd: files ldap\n");
    for id in ["SUPPORT-ACCESS-KEYS", "SUPPORT-ACCESS-PASSWORD"] {
        assert_eq!(status(&look(&host), id), Some(Status::Unknown), "{id}");
        assert!(finding(&look(&host), id).evidence.contains("accounts from ldap are not looked at"), "{id}");
    }
}

proptest::proptest! {
    /// Whatever somebody does to a key file between plan and run is kept and told.
    #[test]
    fn what_somebody_does_meanwhile_is_kept_and_told(text in "[a-z# \n]{0,40}", gone: bool) {
        let host = host();
        let plan = planned(&host, &[]);
        let before = host.files().text(KEYS);
        let theirs = format!("{before}{text}");
        host.edit(|files| match gone {
            true => files.remove(KEYS),
            false => files.put(KEYS, 0o600, 1000, 1000, theirs.clone()),
        });
        let ran = run(&host, plan);
        let files = host.files();
        if gone || theirs == before {
            proptest::prop_assert_eq!(ran.outcome, RunOutcome::Done, "{}", ran.said);
            proptest::prop_assert!(!files.exists(KEYS));
        } else {
            proptest::prop_assert_eq!(ran.outcome, RunOutcome::Failed, "{}", ran.said);
            proptest::prop_assert!(ran.said.contains("was changed by somebody else"), "{}", ran.said);
            proptest::prop_assert_eq!(files.text(KEYS), theirs);
        }
    }
}
