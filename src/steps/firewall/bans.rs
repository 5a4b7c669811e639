//! The bans of SIP senders: what config.yml says of them, and the edits that
//! turn them on or off and spare whom nobody may ban.

use std::path::Path;

use anyhow::{Result, bail};

use super::{
    facts::{Bans, Facts, List, Switch},
    names::{ABOUT, asks, by, id},
};
use crate::{
    host::network::Network,
    ngcp::config::{Config, DIRECTORY},
    plan::{Action, Change, Edit, Phase, Plan, Proof, Template, Undo},
    steps::Answers,
};

const SECURITY: [&str; 3] = ["kamailio", "lb", "security"];
/// What turns on the bans of floods, and of guesses.
const SWITCHES: [&str; 2] = ["dos_ban_enable", "failed_auth_ban_enable"];
/// Who is never banned: addresses, and networks.
const LISTS: [&str; 2] = ["dos_whitelisted_ips", "dos_whitelisted_subnets"];

/// What the configuration says of bans; `None` where this release has none.
pub(super) fn look(config: &Config) -> Option<Bans> {
    let at = |key: &'static str| [&SECURITY[..], &[key]].concat();
    let switch = |key| {
        let decides = config.value(&at(key))?;
        let shadow = decides.shadowed_by.or(config.shadow(&at(key)));
        let text = config.main(&at(key)).map(|value| value.text);
        Some((Switch { text, shadow: shadow.map(|place| place.to_string()) }, is_on(&decides.text)))
    };
    let [floods, guesses] = SWITCHES.map(switch);
    if floods.is_none() && guesses.is_none() {
        return None;
    }
    let list = |key| {
        // A list that begins in another file, and one that is written as no list, cannot be added to.
        config.list_len(&at(key)).filter(|_| config.shadow(&at(key)).is_none())?;
        let item = |number: usize| {
            let number = number.to_string();
            config.main(&[&at(key)[..], &[number.as_str()]].concat()).is_some()
        };
        Some(List { length: (0..).take_while(|number| item(*number)).count() })
    };
    let spared = LISTS.iter().flat_map(|key| config.list(&at(key))).map(|value| value.text);
    Some(Bans {
        floods: floods.as_ref().is_some_and(|(_, on)| *on),
        guesses: guesses.as_ref().is_some_and(|(_, on)| *on),
        spared: spared.collect(),
        switches: [floods, guesses].map(|one| one.map(|(switch, _)| switch)),
        lists: LISTS.map(list),
    })
}

fn is_on(text: &str) -> bool {
    matches!(text, "yes" | "1")
}

impl Bans {
    /// Whether both kinds are on, as far as this release has them.
    pub(super) fn on(&self) -> bool {
        let [floods, guesses] = &self.switches;
        (floods.is_none() || self.floods) && (guesses.is_none() || self.guesses)
    }

    /// Whether an address or network is spared already.
    pub(super) fn spares(&self, network: &Network) -> bool {
        self.spared.iter().filter_map(|text| text.parse::<Network>().ok()).any(|one| one.covers(network))
    }

    /// Whether an address or network can be added to a list. Whether the lists take IPv6 is not known.
    pub(super) fn takes(&self, network: &Network) -> bool {
        !network.to_string().contains(':') && self.lists[which(network)].is_some()
    }
}

/// The edits of config.yml, and why the configuration must be applied then.
///
/// # Errors
/// When another file decides what was answered otherwise; names it.
pub(super) fn plan(facts: &Facts, answers: &Answers) -> Result<Plan> {
    let mut plan = Plan::default();
    let (Some(bans), Some(answer)) = (&facts.bans, answers.choice(asks::SIP_BANS)?) else { return Ok(plan) };
    let on = match answer {
        by::ON => true,
        by::OFF => false,
        _ => return Ok(plan),
    };
    let mut edits = Vec::new();
    let now = [bans.floods, bans.guesses];
    for ((key, switch), now) in SWITCHES.iter().zip(&bans.switches).zip(now) {
        let Some(switch) = switch.as_ref().filter(|_| now != on) else { continue };
        if let Some(place) = &switch.shadow {
            bail!(
                "{}.{}: {} is decided in {place}; change it there by hand",
                ABOUT.id,
                asks::SIP_BANS,
                path(key)
            );
        }
        let to = match (switch.text.as_deref(), on) {
            (Some("0"), _) => "1",
            (Some("1"), _) => "0",
            (_, true) => "yes",
            (_, false) => "no",
        };
        edits.push(Edit::Yaml { key: keys(key), from: switch.text.clone(), to: Template::text(to) });
    }
    if on {
        let wanted = answers.networks(asks::NEVER_BANNED)?.unwrap_or_default();
        let missing: Vec<&Network> = wanted.iter().filter(|network| !bans.spares(network)).collect();
        spare(bans, &missing, &mut edits, &mut plan);
    }
    if edits.is_empty() {
        return Ok(plan);
    }
    let file = Path::new(DIRECTORY).join("config.yml");
    let title =
        if on { "ban SIP senders that flood or guess passwords" } else { "ban no SIP senders any more" };
    let change = Change::new(
        &ABOUT.id,
        "sip-bans",
        title,
        Action::Edit { path: file, edits, check: None },
        Undo::Files,
    )
    .in_phase(Phase::Configure);
    plan.changes.push(Change {
        interrupts: Some(
            "kamailio-lb restarts: calls go on; phones on TLS or TCP lose their connection and register again"
                .to_owned(),
        ),
        ..change
    });
    plan.apply.push("SIP bans".to_owned());
    if on {
        plan.effective.push(Proof::Finding(id::SIP_BANS_OFF.to_owned()));
    }
    Ok(plan)
}

/// The list of an address, or that of a network.
fn which(network: &Network) -> usize {
    usize::from(!network.is_one())
}

/// Adds what is missing to the lists of config.yml; what they may not take is left to people.
fn spare(bans: &Bans, missing: &[&Network], edits: &mut Vec<Edit>, plan: &mut Plan) {
    let mut left = Vec::new();
    let mut next = bans.lists.clone();
    for network in missing {
        let text = network.to_string();
        let list = next[which(network)].as_mut().filter(|_| bans.takes(network));
        let Some(list) = list else {
            left.push(text);
            continue;
        };
        let key = [keys(LISTS[which(network)]), vec![list.length.to_string()]].concat();
        list.length += 1;
        edits.push(Edit::Yaml { key, from: None, to: Template::text(&text) });
    }
    if !left.is_empty() {
        plan.partial = true;
        plan.reminders.push(format!(
            "SIP bans: {} could not be added to {} and {} of config.yml; look there whether this release takes them, and \
             add them by hand.",
            left.join(", "),
            path(LISTS[0]),
            path(LISTS[1])
        ));
    }
}

fn keys(last: &str) -> Vec<String> {
    SECURITY.iter().copied().chain([last]).map(str::to_owned).collect()
}

fn path(last: &str) -> String {
    keys(last).join(".")
}
