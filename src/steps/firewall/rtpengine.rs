//! The commands that put rtpengine's rule back: of the plan and of `firewall repair` alike.

use crate::{
    ngcp::rtpengine::{Look, Restored, Rule, Way},
    plan::{Action, Change, CommandLine, Proof, Template, Undo},
    steps::firewall::names::{ABOUT, id},
};

/// The same as changes of a plan, seen done by the rule itself.
pub(super) fn changes(look: &Look) -> Vec<Change> {
    let commands = repair(look);
    let last = commands.len().saturating_sub(1);
    let tried = |command: &&CommandLine| command.program.ends_with("-restore");
    let check = |(at, command): (usize, &CommandLine)| {
        let title = format!("let {} check the rule of rtpengine", command.program);
        let mut test = command.clone();
        test.args.insert(0, "--test".to_owned());
        Change::new(
            &ABOUT.id,
            &format!("rtpengine.check.{}", at + 1),
            title,
            Action::Run(test),
            Undo::Nothing,
        )
    };
    let checks: Vec<Change> = commands.iter().filter(tried).enumerate().map(check).collect();
    let change = |(at, command): (usize, CommandLine)| {
        let title = format!("put the rule of rtpengine back in its place ({})", command.program);
        let name = format!("rtpengine.{}", at + 1);
        let change = Change::new(&ABOUT.id, &name, title, Action::Run(command), Undo::Nothing);
        // It passes when both families have it, so behind the last one.
        if at == last { change.proven([Proof::Finding(id::RTPENGINE_ORDER.to_owned())]) } else { change }
    };
    checks.into_iter().chain(commands.into_iter().enumerate().map(change)).collect()
}

/// What is so once those changes are seen done.
pub(super) fn repaired(look: &Look) -> Look {
    let mut after = look.clone();
    match &look.way {
        None => {}
        // Where the daemon hooks in a chain of its own, INPUT has no rule of it.
        Some(Way::Verb { chains: Some((_, base)), .. }) if base != "INPUT" => {}
        Some(Way::Verb { .. }) => {
            let wrong = |rule: &&mut Rule| matches!(rule, Rule::Missing | Rule::Wrong(_));
            after.families.iter_mut().filter(wrong).for_each(|rule| *rule = Rule::Fine);
        }
        Some(Way::Iptables { families }) => {
            let both = after.families.iter_mut().zip(families);
            both.filter(|(_, back)| back.is_some()).for_each(|(rule, _)| *rule = Rule::Fine);
        }
    }
    after
}

/// In order; none where nothing is wrong, or nothing can be done. The daemon and its calls go on.
pub(super) fn repair(look: &Look) -> Vec<CommandLine> {
    match &look.way {
        None => Vec::new(),
        Some(Way::Verb { config, chains }) => {
            let mut args = vec![format!("--config-file={}", config.display()), "--nftables-start".to_owned()];
            if let Some((chain, base)) = chains {
                args.extend([format!("--nftables-chain={chain}"), format!("--nftables-base-chain={base}")]);
            }
            vec![CommandLine::new("rtpengine", args)]
        }
        Some(Way::Iptables { families }) => {
            let table = look.table.unwrap_or_default();
            families.iter().flatten().map(|family| restore(family, table)).collect()
        }
    }
}

/// One transaction: its chain with the one rule, what led there before away, the jump first.
fn restore(family: &Restored, table: u32) -> CommandLine {
    let away: String = family.away.iter().map(|rule| format!("-D INPUT {rule}\n")).collect();
    let text = format!(
        "*filter\n:rtpengine - [0:0]\n-A rtpengine -p udp -j RTPENGINE --id {table}\n{away}-I INPUT 1 -p udp -j rtpengine\nCOMMIT\n"
    );
    CommandLine { stdin: Some(Template::text(text)), ..CommandLine::new(&family.program, ["--noflush"]) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn look(way: Way) -> Look {
        Look {
            wanted: Some(true),
            why: String::new(),
            table: Some(2),
            families: [Rule::Missing, Rule::Fine],
            module: None,
            forwarded: None,
            policy_opened: None,
            way: Some(way),
        }
    }

    #[test]
    fn the_old_form_is_one_transaction_that_touches_no_rule_of_others() {
        let family = Restored {
            program: "iptables-restore".to_owned(),
            away: vec!["-j rtpengine".to_owned(), "-p udp -j RTPENGINE --id 0".to_owned()],
        };
        let commands = repair(&look(Way::Iptables { families: [Some(family), None] }));
        let [command] = &commands[..] else { panic!("{commands:?}") };
        assert_eq!(
            (command.program.as_str(), &command.args[..]),
            ("iptables-restore", &["--noflush".to_owned()][..])
        );
        assert_eq!(
            command.stdin.as_ref().unwrap().shown(),
            "*filter\n:rtpengine - [0:0]\n-A rtpengine -p udp -j RTPENGINE --id 2\n-D INPUT -j rtpengine\n\
             -D INPUT -p udp -j RTPENGINE --id 0\n-I INPUT 1 -p udp -j rtpengine\nCOMMIT\n"
        );
    }

    /// A kernel without the target says so before anybody was asked to confirm rules.
    #[test]
    fn the_rule_is_tried_and_put_back_before_our_rules_are_looked_at() {
        let program = |name: &str| Some(Restored { program: name.to_owned(), away: Vec::new() });
        let mut facts = crate::steps::firewall::sample::facts();
        facts.rtpengine = look(Way::Iptables { families: [program("iptables-restore"), None] });
        let wanted = crate::steps::firewall::facts::Wanted::default();
        let rules = crate::steps::firewall::plan::Rules::Set(&wanted, 60);
        let mut plan = crate::steps::firewall::plan::rules(&facts, rules).unwrap();
        crate::steps::firewall::plan::first(&mut plan, changes(&facts.rtpengine), &facts);
        let ids: Vec<&str> = plan.changes.iter().map(|change| change.id.as_str()).collect();
        assert_eq!(ids[..3], ["firewall.rtpengine.check.1", "firewall.rtpengine.1", "firewall.check"]);
        let Action::Run(test) = &plan.changes[0].action else { panic!() };
        assert_eq!(test.args, ["--test", "--noflush"]);
        let reviewed: Vec<bool> = plan.changes.iter().map(|change| change.only_if.is_some()).collect();
        assert!(reviewed[0] && !reviewed[1..].contains(&true), "{reviewed:?}");
        assert_eq!(repaired(&facts.rtpengine).families, [Rule::Fine, Rule::Fine]);
    }

    #[test]
    fn newer_daemons_do_it_themselves_without_a_restart() {
        let config = PathBuf::from("/etc/rtpengine/rtpengine.conf");
        let shown = |chains| repair(&look(Way::Verb { config: config.clone(), chains }))[0].to_string();
        assert_eq!(shown(None), "rtpengine --config-file=/etc/rtpengine/rtpengine.conf --nftables-start");
        assert_eq!(
            shown(Some(("rtpengine".to_owned(), "INPUT".to_owned()))),
            "rtpengine --config-file=/etc/rtpengine/rtpengine.conf --nftables-start --nftables-chain=rtpengine --nftables-base-chain=INPUT"
        );
    }
}
