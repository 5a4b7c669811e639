//! The rule of rtpengine: there, and first.

use super::told::about;
use crate::{
    finding::{Finding, Severity, Status, one_line},
    ngcp::rtpengine::{Look, Rule},
    steps::firewall::names::{ABOUT, asks, id},
};

pub(super) fn findings(look: &Look) -> Vec<Finding> {
    match look.wanted {
        Some(true) => [missing(look), order(look)].concat(),
        wanted => {
            let (status, title) = match wanted {
                Some(_) => (Status::NotApplicable, "No rule of rtpengine is wanted here"),
                None => (Status::Unknown, "Whether rtpengine wants a rule is not known"),
            };
            let remedy = "Nothing to do, unless media shall be forwarded by the kernel.";
            let finding = |id| ABOUT.finding(id, Severity::High, status, title, one_line(&look.why), remedy);
            [id::RTPENGINE_MISSING, id::RTPENGINE_ORDER].map(finding).map(unasked).into()
        }
    }
}

/// The question is asked only where the rule is wrong.
fn unasked(finding: Finding) -> Finding {
    Finding { field: None, ..finding }
}

const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];

/// One finding where both families say the same, else one for each.
fn each(
    look: &Look,
    id: &'static str,
    see: impl Fn(&Rule) -> (Status, &'static str, String),
) -> Vec<Finding> {
    let remedy =
        "ngcp-warden firewall repair puts it back, first, without a restart of rtpengine; calls go on.";
    let [v4, v6] = [0, 1].map(|at| see(&look.families[at]));
    let wrong = look.wrong().next().is_some();
    let finding = |tail: Option<&str>, whose: &str, (status, title, evidence): (Status, &str, String)| {
        let title = format!("{title} ({whose})");
        let finding = ABOUT.finding(id, Severity::High, status, title, one_line(&evidence), remedy);
        let field = (wrong && status == Status::Fail).then(|| asks::RTPENGINE.to_owned());
        about(id, tail, Finding { field, ..finding })
    };
    if v4.0 == v6.0 {
        let evidence = if v4.2 == v6.2 { v4.2 } else { format!("IPv4: {}; IPv6: {}", v4.2, v6.2) };
        return vec![finding(None, "IPv4 and IPv6", (v4.0, v4.1, evidence))];
    }
    let both = [v4, v6].into_iter().zip(FAMILIES);
    both.map(|(sight, family)| finding(Some(family), family, sight)).collect()
}

fn missing(look: &Look) -> Vec<Finding> {
    let forwarded = match look.forwarded {
        Some((0, _)) => "no stream is forwarded now".to_owned(),
        Some((streams, packets)) => format!("{streams} streams are forwarded now, {packets} packets so far"),
        None => "the kernel shows no streams".to_owned(),
    };
    let said = format!("{}; {forwarded}", look.why);
    each(look, id::RTPENGINE_MISSING, |rule| match rule {
        Rule::Missing => (
            Status::Fail,
            "The rule of rtpengine is not there: media is not forwarded by the kernel",
            said.clone(),
        ),
        Rule::Unknown(why) => {
            (Status::Unknown, "Whether the rule of rtpengine is there is not known", why.clone())
        }
        Rule::Fine | Rule::Wrong(_) if look.module == Some(false) => {
            let table = look.table.unwrap_or_default();
            let evidence = format!(
                "the kernel knows no table {table}: is rtpengine running, is its module loaded? {said}"
            );
            (
                Status::Unknown,
                "The rule of rtpengine is there; whether the kernel uses it is not known",
                evidence,
            )
        }
        Rule::Fine | Rule::Wrong(_) => (Status::Pass, "The rule of rtpengine is there", said.clone()),
    })
}

fn order(look: &Look) -> Vec<Finding> {
    each(look, id::RTPENGINE_ORDER, |rule| match rule {
        Rule::Fine => (
            Status::Pass,
            "The rule of rtpengine comes first",
            "nothing in front of it takes media".to_owned(),
        ),
        Rule::Wrong(why) => (Status::Fail, "The rule of rtpengine is not as it should be", why.clone()),
        Rule::Missing => {
            (Status::NotApplicable, "The rule of rtpengine is not there", "it has no place".to_owned())
        }
        Rule::Unknown(why) => {
            (Status::Unknown, "Whether the rule of rtpengine comes first is not known", why.clone())
        }
    })
}
