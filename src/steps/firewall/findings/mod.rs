//! What was seen, as findings: who gets through who should not, who does not who should, what will not last, what others
//! break, and rtpengine's rule.

mod lasting;
mod reach;
mod rtpengine;
mod told;

use super::{
    facts::Facts,
    names::{ABOUT, asks, id},
};
use crate::finding::{Finding, Severity, Status, one_line};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all = match &facts.blind {
        Some(why) => unseen(why),
        None => {
            let mut all = reach::findings(facts);
            all.extend(lasting::findings(facts));
            all.extend(rtpengine::findings(&facts.rtpengine));
            all
        }
    };
    all.push(ports(facts));
    all.push(bans(facts));
    all
}

/// Each of them could not be looked at.
fn unseen(why: &str) -> Vec<Finding> {
    let each = [
        (id::OFF, Severity::High, "Whether anything is refused by default is not known"),
        (id::IPV6_OPEN, Severity::High, "Whether IPv6 is filtered is not known"),
        (id::ADMIN_OPEN, Severity::High, "Who reaches administration is not known"),
        (id::SERVICE_BLOCKED, Severity::High, "Whether subscribers reach their services is not known"),
        (id::EXPOSED_LISTENER, Severity::Critical, "Whether strangers reach what is internal is not known"),
        (id::NOT_PERSISTENT, Severity::Medium, "Whether the rules come again after a restart is not known"),
        (id::CONFLICT, Severity::Medium, "Whether several firewalls get in each other's way is not known"),
        (id::DRIFT, Severity::Medium, "Whether the rules are still those that were made is not known"),
        (id::RTPENGINE_MISSING, Severity::High, "Whether the kernel forwards media is not known"),
        (id::RTPENGINE_ORDER, Severity::High, "Whether the rule of rtpengine comes first is not known"),
    ];
    let remedy = "Look on the running machine itself, as root.";
    each.into_iter()
        .map(|(id, severity, title)| ABOUT.finding(id, severity, Status::Unknown, title, why, remedy))
        .collect()
}

fn ports(facts: &Facts) -> Finding {
    let faults = facts.services.iter().filter_map(|reached| {
        let fault = reached.service.fault.as_ref()?;
        Some(format!("{}: {fault}", reached.service.label))
    });
    let faults: Vec<String> = faults.collect();
    let (status, title, evidence) = match (&facts.unread, faults.as_slice()) {
        (Some(why), _) => (Status::Unknown, "The ports of the services are not known", why.clone()),
        (None, []) => {
            (Status::Pass, "Every service has a port", format!("{} services looked at", facts.services.len()))
        }
        (None, faults) => (Status::Fail, "A port that is configured is none", faults.join("; ")),
    };
    let remedy = "Correct the value in config.yml and apply. No rule is made of it before.";
    ABOUT.finding(id::PORTS, Severity::High, status, title, one_line(&evidence), remedy)
}

fn bans(facts: &Facts) -> Finding {
    let spared = |spared: &[String]| match spared {
        [] => "nobody is spared".to_owned(),
        some => format!("spared: {}", some.join(", ")),
    };
    let (status, title, evidence) = match (&facts.bans, &facts.unread) {
        (_, Some(why)) => (Status::Unknown, "Whether SIP senders are banned is not known", why.clone()),
        (None, None) => (
            Status::NotApplicable,
            "This release bans no SIP senders",
            "config.yml has no kamailio.lb.security.dos_ban_enable and no failed_auth_ban_enable".to_owned(),
        ),
        (Some(bans), None) if bans.on() => {
            (Status::Pass, "SIP senders that flood or guess passwords are banned", spared(&bans.spared))
        }
        (Some(bans), None) => {
            let off = [(!bans.floods, "floods"), (!bans.guesses, "wrong passwords")];
            let off: Vec<&str> = off.into_iter().filter(|(off, _)| *off).map(|(_, what)| what).collect();
            let evidence = format!("no ban for {}; {}", off.join(" and "), spared(&bans.spared));
            (Status::Fail, "SIP senders that flood or guess passwords are not banned", evidence)
        }
    };
    let remedy = "Turn the bans on, with your own and your peers' addresses spared.";
    let mut finding =
        ABOUT.finding(id::SIP_BANS_OFF, Severity::Medium, status, title, one_line(&evidence), remedy);
    finding.field = facts.bans.is_some().then(|| asks::SIP_BANS.to_owned());
    finding
}
