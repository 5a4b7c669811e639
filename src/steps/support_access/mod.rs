//! Sipwise's support access (handbook 15.1): off and on as the handbook says, in its order; and what is left to do
//! when its package cannot be had. User `sipwise` itself stays: the platform's own programs use it.

mod account;
mod keys;
mod names;
mod packages;

use anyhow::{Result, bail};
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
        let field = |key: &str, label: &str, now: &str, options, default: &str, help: &str| Field {
            only_if: (key != asks::ACCESS).then(|| (asks::ACCESS.to_owned(), "disable".to_owned())),
            ..Field::choice(key, label, seen(now), options, default, help)
        };
        let (options, default) = access(facts);
        let mut fields = vec![field(
            asks::ACCESS,
            "Support access",
            id::ENABLED,
            options,
            default,
            "Answer the same on every node of a cluster.",
        )];
        if facts.user.keys.can_be_set_aside() {
            fields.push(field(
                asks::KEYS,
                "Its SSH keys",
                id::KEYS,
                vec![
                    Choice::new(
                        "aside",
                        "set aside",
                        "Renamed, so that no login can use them; nothing is lost.",
                    ),
                    Choice::new("leave", "leave", "Whoever has such a key still gets in."),
                ],
                "aside",
                "The handbook's command may leave keys behind, above all the one from the image.",
            ));
        }
        if facts.user.password_open && facts.user.can_lock {
            fields.push(field(
                asks::PASSWORD,
                "Its password",
                id::PASSWORD,
                vec![
                    Choice::new("lock", "lock", "No password is accepted for sipwise any more."),
                    Choice::new("leave", "leave", "The password stays."),
                ],
                "lock",
                "Sipwise logs in by key only; no password is needed.",
            ));
        }
        let asked = |key: &&str| fields.iter().any(|field| field.key == *key);
        let settled =
            [asks::KEYS, asks::PASSWORD].into_iter().filter(|key| !asked(key)).map(str::to_owned).collect();
        Form { fields, note: note(facts), settled }
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        let wanted = answers.get(asks::ACCESS);
        if !access(facts).0.iter().any(|option| option.value == wanted) {
            let why = match wanted {
                "disable" => facts.support.cannot_disable.as_deref(),
                "enable" => facts.support.cannot_enable.as_deref(),
                _ => None,
            };
            bail!(
                "support-access.{}: \"{wanted}\" cannot be done here: {}",
                asks::ACCESS,
                why.unwrap_or("unknown answer")
            );
        }
        let mut plan = Plan::default();
        let says = |key: &str, word: &str| match answers.get(key) {
            answer if answer == word => Ok(true),
            "leave" | "" => Ok(false),
            other => bail!("support-access.{key}: \"{other}\" is neither {word} nor leave"),
        };
        // What stays open although it was to be shut.
        let mut left = Vec::new();
        match wanted {
            "disable" => {
                plan.changes.extend(facts.support.disable());
                if says(asks::KEYS, "aside")? || !facts.user.keys.can_be_set_aside() {
                    plan.changes.extend(facts.user.keys.set_aside());
                    left.extend(facts.user.keys.left());
                }
                if says(asks::PASSWORD, "lock")? {
                    plan.changes.extend(facts.user.lock());
                }
            }
            "lock" => {
                plan.changes.extend(facts.user.lock());
                plan.changes.extend(facts.user.keys.set_aside());
                left.extend(facts.user.keys.left());
            }
            "enable" => plan.changes.extend(facts.support.enable()),
            _ => {}
        }
        if wanted == "disable" && facts.user.password_open && !facts.user.can_lock {
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
    let mut options = Vec::new();
    if support.cannot_disable.is_none() {
        options.push(Choice::new(
            "disable",
            "off",
            "The handbook's command, then package ngcp-support-noaccess.",
        ));
    } else if facts.can_lock() {
        options.push(Choice::new(
            "lock",
            "lock the account",
            "Locks sipwise's password and sets its keys aside.",
        ));
    }
    options.push(Choice::new("leave", "leave", "Nothing is changed."));
    if support.cannot_enable.is_none() {
        options.push(Choice::new(
            "enable",
            "on",
            "Package ngcp-support-access, then the handbook's command.",
        ));
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
