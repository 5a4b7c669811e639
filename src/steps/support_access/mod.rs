//! Sipwise's support access (handbook 15.1): off and on as the handbook says, in its order; and what is left to do
//! when its package cannot be had. User `sipwise` itself stays: the platform's own programs use it.

mod account;
mod keys;
mod names;
mod packages;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::{
    account::User,
    names::{ABOUT, asks, id},
    packages::{Said, Support},
};
use super::{
    Answers, Form,
    form::{Choice, Field},
    step::{About, TypedStep},
};
use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status, one_line},
    ngcp::config::Config,
    plan::Plan,
};

/// The step.
pub(super) struct SupportAccess;

/// What `form` and `plan` need.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    support: Support,
    user: User,
}

impl Facts {
    /// Whether the account can be closed by hand.
    fn can_lock(&self) -> bool {
        self.user.exists && (self.user.can_lock || !self.user.password_open)
    }

    /// Whether nobody gets in as `sipwise`, whatever the packages say.
    fn closed(&self) -> bool {
        !self.user.password_open && self.user.keys.none()
    }
}

impl TypedStep for SupportAccess {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let said = packages::look(host);
        let support = packages::support(host, &said);
        let (user, items) = seen(host, said);
        Ok((items, Facts { support, user }))
    }

    /// What can be installed is asked for the questions only.
    fn findings(&self, host: &dyn Executor) -> Result<Vec<Finding>> {
        Ok(seen(host, packages::look(host)).1)
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        let seen = |wanted: &str| found.iter().find(|finding| finding.id == wanted);
        let (options, default) = access(facts);
        let access = Field::choice(asks::ACCESS, "Support access", options, default)
            .about(seen(id::ENABLED))
            .in_short("open", "shut")
            .help("Answer the same on every node of a cluster.");
        let mut fields = vec![access];
        if facts.user.keys.can_be_set_aside() {
            let options = [
                ("aside", "set aside", "Renamed, so that no login can use them; nothing is lost."),
                ("leave", "leave", "Whoever has such a key still gets in."),
            ];
            let keys = Field::choice(asks::KEYS, "Its SSH keys", options, "aside")
                .about(seen(id::KEYS))
                .in_short("open", "shut")
                .help("The handbook's command may leave keys behind, above all the one from the image.");
            fields.push(keys.only_if(asks::ACCESS, "disable"));
        }
        if facts.user.password_open && facts.user.can_lock {
            let options = [
                ("lock", "lock", "No password is accepted for sipwise any more."),
                ("leave", "leave", "The password stays."),
            ];
            let password = Field::choice(asks::PASSWORD, "Its password", options, "lock")
                .about(seen(id::PASSWORD))
                .in_short("open", "shut")
                .help("Sipwise logs in by key only; no password is needed.");
            fields.push(password.only_if(asks::ACCESS, "disable"));
        }
        let asked = |key: &&str| fields.iter().any(|field| field.key == *key);
        let settled =
            [asks::KEYS, asks::PASSWORD].into_iter().filter(|key| !asked(key)).map(str::to_owned).collect();
        Form { fields, note: Some(note(facts)), settled, ..Form::default() }
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        let wanted = answers.choice(asks::ACCESS)?;
        let mut plan = Plan::default();
        // What stays open although it was to be shut.
        let mut left = Vec::new();
        match wanted {
            Some("disable") => {
                plan.changes.extend(facts.support.disable());
                if answers.choice(asks::KEYS)? == Some("aside") || !facts.user.keys.can_be_set_aside() {
                    plan.changes.extend(facts.user.keys.set_aside());
                    left.extend(facts.user.keys.left());
                }
                if answers.choice(asks::PASSWORD)? == Some("lock") {
                    plan.changes.extend(facts.user.lock());
                }
            }
            Some("lock") => {
                plan.changes.extend(facts.user.lock());
                plan.changes.extend(facts.user.keys.set_aside());
                left.extend(facts.user.keys.left());
            }
            Some("enable") => plan.changes.extend(facts.support.enable()),
            _ => {}
        }
        if wanted == Some("disable") && facts.user.password_open && !facts.user.can_lock {
            left.push("the password of sipwise stays: usermod is not on this host".to_owned());
        }
        if !plan.is_empty() {
            plan.reminders.push("Support access: do the same on every node of a cluster.".to_owned());
        }
        plan.partial = !left.is_empty();
        plan.reminders.extend(left.iter().map(|why| format!("Support access: {why}.")));
        Ok(plan)
    }
}

fn seen(host: &dyn Executor, said: Said) -> (User, Vec<Finding>) {
    let (user, of_user) = account::look(host);
    let items = [said.finding].into_iter().chain(of_user).chain([permit_from(host)]);
    (user, items.collect())
}

/// The ways to answer, and the one chosen before anybody does.
fn access(facts: &Facts) -> (Vec<Choice>, &'static str) {
    let support = &facts.support;
    let mut options: Vec<Choice> = Vec::new();
    if support.cannot_disable.is_none() {
        let effect = "The handbook's command, then package ngcp-support-noaccess.";
        options.push(("disable", "off", effect).into());
    } else if facts.can_lock() {
        let effect = "Locks sipwise's password and sets its keys aside.";
        options.push(("lock", "lock the account", effect).into());
    }
    options.push(("leave", "leave", "Nothing is changed.").into());
    if support.cannot_enable.is_none() {
        let effect = "Package ngcp-support-access, then the handbook's command.";
        options.push(("enable", "on", effect).into());
    }
    let default = match options[0].value.as_str() {
        "disable" => "disable",
        "lock" if !facts.closed() => "lock",
        _ => "leave",
    };
    (options, default)
}

fn note(facts: &Facts) -> String {
    let fallback = facts.support.cannot_disable.as_ref().map(|why| match facts.can_lock() {
        true => {
            format!("The handbook's way is not open: {why}. What is left is to lock the account by hand. ")
        }
        false => format!("Support access cannot be switched off from here: {why}. "),
    });
    fallback.unwrap_or_default()
        + "The web panel may have a login \"sipwise\" of its own; it is looked at under Passwords."
}

/// `sshd.permit_support_from` only limits where support logins may come from. It stays as it is: the packages are
/// the vendor's switch, and switching on again must find the list.
fn permit_from(host: &dyn Executor) -> Finding {
    let key = ["sshd", "permit_support_from"];
    let (status, title, evidence) = match Config::read(host) {
        Err(e) => {
            (Status::Unknown, "Where support logins may come from is not known".to_owned(), format!("{e:#}"))
        }
        Ok(config) if !config.has(&key) => (
            Status::NotApplicable,
            "This release has no list of servers for support logins".to_owned(),
            "config.yml has no sshd.permit_support_from".to_owned(),
        ),
        Ok(config) => {
            let servers: Vec<String> = config.list(&key).into_iter().map(|value| value.text).collect();
            let (title, evidence) = match servers.is_empty() {
                true => ("No server is allowed to log in for support".to_owned(), "is empty".to_owned()),
                false => {
                    let servers = one_line(&servers.join(", "));
                    (format!("Support logins are allowed from {servers}"), format!("lists {servers}"))
                }
            };
            (Status::Pass, title, format!("sshd.permit_support_from {evidence}"))
        }
    };
    let remedy = "Nothing to do while support access is off.";
    ABOUT.finding(id::PERMIT_FROM, Severity::Info, status, title, evidence, remedy)
}
