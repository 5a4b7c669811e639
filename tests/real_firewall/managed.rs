//! The platform's own firewall: the rules as they stand in config.yml afterwards, put in place by a stand-in of the tool
//! that is not public, let through what was answered.

use ngcp_warden::{
    plan::Action,
    runner::{Show, apply_edits},
    secret::Secrets,
    steps,
};
use serde_json::json;

use super::{
    host::{play, scene, tool_with},
    matrix::matrix,
    rules::{SERVICES, facts, wanted},
};

const CONFIG: &str = include_str!("../hosts/mr13.5/etc/ngcp-config/config.yml");
const THEIRS: &str = "-A INPUT -p tcp --dport 9998 -j ACCEPT";

/// What the platform documents of `security.firewall`: policies and words of iptables for each family.
fn put_in_place(config: &str) {
    let config: serde_yaml::Value = serde_yaml::from_str(config).unwrap();
    let own = &config["security"]["firewall"];
    assert_eq!(own["enable"].as_str(), Some("yes"));
    for (program, key) in [("iptables-nft-restore", "rules4"), ("ip6tables-nft-restore", "rules6")] {
        let policy = |chain: &str| own["policies"][chain].as_str().unwrap().to_owned();
        let mut text = "*filter\n".to_owned();
        for chain in ["input", "forward", "output"] {
            text += &format!(":{} {} [0:0]\n", chain.to_uppercase(), policy(chain));
        }
        for rule in own[key].as_sequence().into_iter().flatten() {
            text += &format!("{}\n", rule.as_str().unwrap());
        }
        tool_with(program, &[], &(text + "COMMIT\n"));
    }
}

#[test]
fn exactly_what_was_answered_gets_through_the_platforms_own_firewall() {
    const TEST: &str = "managed::exactly_what_was_answered_gets_through_the_platforms_own_firewall";
    if scene().is_none() {
        return play(TEST, &["managed"]);
    }
    let config = CONFIG.replace("    rules4: ~", &format!("    rules4:\n    - \"{THEIRS}\"  # by hand"));
    let mut seen = facts("nft");
    seen["backend"] = json!({"platform": {"enabled": false}});
    seen["managed"] = json!({"enable": "no", "policy": "DROP", "rules": [[THEIRS], []], "shadow": null});
    matrix("the platform's own firewall", || {
        let plan = steps::firewall_rules(seen, Some(wanted(SERVICES)), 30).unwrap();
        let edits = plan.changes.iter().find_map(|change| match &change.action {
            Action::Edit { edits, .. } => Some(edits),
            _ => None,
        });
        let edited =
            apply_edits(config.as_bytes(), edits.unwrap(), Show::Filled(&Secrets::default())).unwrap();
        let edited = String::from_utf8(edited).unwrap();
        assert!(
            edited.contains("    - \"-A INPUT -p tcp --dport 9998 -j ACCEPT\"  # by hand\n"),
            "theirs stay"
        );
        put_in_place(&edited);
    });
}
