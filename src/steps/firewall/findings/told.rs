//! How several findings say the same things.

use crate::{
    finding::Finding,
    steps::firewall::facts::{Exposure, Reach},
};

/// "everyone over IPv4 and IPv6 (by …)": the families that are so, and what decides.
pub(super) fn over(v4: &Exposure, v6: &Exposure, is: impl Fn(&Exposure) -> bool) -> Option<String> {
    let families = [("IPv4", v4), ("IPv6", v6)].into_iter().filter(|(_, exposure)| is(exposure));
    let said: Vec<String> = families
        .map(|(family, exposure)| {
            let but = exposure.but.as_ref().map_or_else(String::new, |but| format!("; but {but}"));
            format!("over {family} by {}{but}", exposure.by)
        })
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

pub(super) fn is(who: Reach) -> impl Fn(&Exposure) -> bool {
    move |exposure| exposure.who == who
}

/// A finding whose id ends in what it is about.
pub(super) fn about(base: &'static str, tail: Option<&str>, finding: Finding) -> Finding {
    let tail = tail.map_or_else(String::new, |tail| format!("-{}", tail.to_uppercase()));
    Finding { id: format!("{base}{tail}"), ..finding }
}
