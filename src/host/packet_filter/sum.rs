//! A sum over all rules that changes when somebody changed the filters, and not by itself.

use sha2::{Digest, Sha256};

use super::{
    ruleset::{Rule, Table},
    set::Set,
};

/// Chains that come and go with services and bans: fail2ban, Docker.
fn comes_and_goes(chain: &str) -> bool {
    ["f2b-", "fail2ban-", "DOCKER", "docker-"].iter().any(|begin| chain.starts_with(begin))
}

/// SHA-256 in hex.
pub(super) fn sum(tables: &[Table]) -> String {
    let mut sum = Sha256::new();
    let mut line = |text: &str| {
        sum.update(text.as_bytes());
        sum.update(b"\n");
    };
    for table in tables.iter().filter(|table| !comes_and_goes(&table.name)) {
        line(&format!("table {} {}", table.title(), table.dormant));
        for (name, set) in table.sets.iter().filter(|(name, _)| !comes_and_goes(name)) {
            line(&format!("set {name} {}", elements(set)));
        }
        for chain in table.chains.iter().filter(|chain| !comes_and_goes(&chain.name)) {
            line(&format!("chain {} {:?}", chain.name, chain.base));
            for rule in chain.rules.iter().filter(|rule| !leads_away(rule)) {
                line(&rule.text);
            }
        }
    }
    let digest = sum.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn leads_away(rule: &Rule) -> bool {
    rule.target.as_deref().is_some_and(comes_and_goes)
        || rule.text.contains("@f2b-")
        || rule.text.contains("@addr-set-")
}

/// What is in a set, where its elements do not come and go.
fn elements(set: &Set) -> String {
    if set.comes_and_goes() { "moves".to_owned() } else { format!("{:?}", set.elements()) }
}
