//! User `sipwise`: its password, which is locked, and its keys, which are set aside. The account stays.

use serde::{Deserialize, Serialize};

use super::{
    keys::{self, VendorKeys},
    names::{ABOUT, id},
};
use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status},
    host::{
        accounts,
        shadow::{self, PasswordState, SHADOW},
    },
    plan::{Action, Change, CommandLine, Proof, Touched, Undo},
};

const USER: &str = "sipwise";

/// What is known of user `sipwise`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) exists: bool,
    /// A password is accepted, or may be.
    pub(super) password_open: bool,
    /// The program that locks it is there.
    pub(super) can_lock: bool,
    pub(super) keys: VendorKeys,
}

pub(super) fn look(host: &dyn Executor) -> (User, Vec<Finding>) {
    let accounts = match accounts::accounts(host) {
        Ok(accounts) => accounts,
        Err(e) => {
            let unknown = |id, what: &str| {
                ABOUT.finding(
                    id,
                    Severity::High,
                    Status::Unknown,
                    what,
                    format!("{e:#}"),
                    "Look at user sipwise by hand.",
                )
            };
            let items = vec![
                unknown(id::KEYS, "Whether user sipwise has SSH keys is not known"),
                unknown(id::PASSWORD, "Whether user sipwise has a password is not known"),
            ];
            return (User { password_open: true, ..User::default() }, items);
        }
    };
    let account = accounts.iter().find(|account| account.name == USER);
    let keys = keys::look(host, account, &accounts);
    if account.is_none() {
        let elsewhere = accounts::elsewhere(host);
        let (status, title, evidence) = match elsewhere.is_empty() {
            true => {
                (Status::NotApplicable, "There is no user sipwise", "it is not in /etc/passwd".to_owned())
            }
            false => {
                let title = "Whether there is a user sipwise is not known";
                let evidence = format!("not in /etc/passwd; {}", accounts::not_looked_at(&elsewhere));
                (Status::Unknown, title, evidence)
            }
        };
        let gone = |id| ABOUT.finding(id, Severity::Info, status, title, &evidence, "Nothing to do.");
        let seen = match keys.finding(false) {
            found if found.status == Status::Fail => found,
            _ => gone(id::KEYS),
        };
        let user = User { keys, ..User::default() };
        return (user, vec![seen, gone(id::PASSWORD)]);
    }
    let (password_open, password) = password(host);
    let items = vec![keys.finding(true), password];
    let can_lock = host.find_program("usermod").is_some();
    (User { exists: true, password_open, can_lock, keys }, items)
}

/// Whether a password is accepted, and the finding.
fn password(host: &dyn Executor) -> (bool, Finding) {
    let (open, severity, status, title, evidence) = match shadow::state(host, USER) {
        Ok(PasswordState::Locked) => {
            (false, Severity::High, Status::Pass, "User sipwise has no password login", "it is locked")
        }
        Ok(PasswordState::Empty) => {
            (true, Severity::Critical, Status::Fail, "User sipwise logs in without a password", "it is empty")
        }
        Ok(PasswordState::Hash(_)) => {
            (true, Severity::High, Status::Fail, "User sipwise has a password", "one is set")
        }
        Ok(PasswordState::Missing) => (
            true,
            Severity::High,
            Status::Unknown,
            "Whether user sipwise has a password is not known",
            "no entry",
        ),
        Err(e) => {
            let title = "Whether user sipwise has a password is not known";
            let remedy = "Look at it by hand: passwd --status sipwise.";
            return (
                true,
                ABOUT.finding(id::PASSWORD, Severity::High, Status::Unknown, title, format!("{e:#}"), remedy),
            );
        }
    };
    let remedy = "Lock it: Sipwise logs in by key only.";
    (open, ABOUT.finding(id::PASSWORD, severity, status, title, format!("{SHADOW}: {evidence}"), remedy))
}

impl User {
    /// No password any more. The account does not expire: the platform's own programs run as `sipwise`.
    pub(super) fn lock(&self) -> Option<Change> {
        (self.exists && self.password_open).then(|| {
            let mut change = Change::new(
                &ABOUT.id,
                "lock",
                "lock the password of sipwise",
                Action::Run(CommandLine::new("usermod", ["--lock", USER])),
                Undo::Files,
            )
            .proven([Proof::Finding(id::PASSWORD.to_owned())]);
            change.touches.push(Touched::accounts(SHADOW));
            change
        })
    }
}
