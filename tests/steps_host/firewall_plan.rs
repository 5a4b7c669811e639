//! The changes that put a packet filter in place: in which order, what is stored when, what they refuse. Whether the
//! rules do what they say is seen with real packets (`real_firewall`).

use ngcp_warden::{
    executor::{
        Command,
        simulated::{Answer, Files, Simulated},
    },
    plan::{Action, Change, Claim, CommandLine, Edit, Plan, Proof, Undo},
    runner::{Control, RunOutcome},
    steps,
};
use serde_json::{Value, json};

use super::super::{Ran, run, run_with};

fn facts(backend: &Value) -> Value {
    json!({
        "blind": null, "unread": null, "backend": backend, "services": [], "unasked": [null, null], "others": [],
        "operator": null, "trusted": [], "others_rules": [], "doubled": null, "kept": null, "seen": null,
        "own": {"loaded": false, "armed": false, "stored": null, "wanted": null, "damaged": null, "as_stored": null, "at_boot": null},
        "rtpengine": {"wanted": null, "why": "", "table": null, "families": ["missing", "missing"], "module": null,
            "forwarded": null, "policy_opened": null, "way": null},
        "bans": null, "can_notrack": true, "managed": null, "watched": false, "systemd": true,
    })
}

fn wanted() -> Value {
    json!({
        "services": {
            "sip": ["everyone", [{"protocol": "udp", "from": 5060, "to": 5060}]],
            "ssh": ["trusted", [{"protocol": "tcp", "from": 22, "to": 22}]],
        },
        "trusted": ["192.0.2.0/24"], "extra": [[], []], "ssh": [22], "untracked": [], "logging": false,
        "safe_start": false,
    })
}

fn plan(facts: Value) -> Plan {
    steps::firewall_rules(facts, Some(wanted()), 0).unwrap()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.changes.iter().map(|change| change.id.strip_prefix("firewall.").unwrap()).collect()
}

/// A host whose nft remembers the one table that it was given.
fn host() -> Simulated {
    Simulated::new()
        .file("/etc/ngcp-warden/keep", "")
        .file("/etc/systemd/system/keep", "")
        .file("/etc/systemd/system-preset/keep", "")
        .on("stat", |_: &mut Files, command: &Command| {
            Answer::from(if command.args[0].contains("%F") {
                "directory\n"
            } else {
                "/usr/local/sbin/ngcp-warden\n"
            })
        })
        .on("systemctl", |files: &mut Files, command: &Command| match command.args[0].as_str() {
            "enable" => {
                files.write("/enabled", "");
                Answer::from("")
            }
            _ if files.exists("/enabled") => Answer::from("enabled\n"),
            _ => Answer::code(1),
        })
        .on("install", |_: &mut Files, _: &Command| "")
        .on("nft", |files: &mut Files, command: &Command| {
            let input =
                command.stdin.as_ref().and_then(|text| text.expose_str()).unwrap_or_default().to_owned();
            match command.args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["-c", "-f", "-"] => Answer::from(""),
                ["-f", "-"] if files.exists("/stuck") => Answer::code(1).error("Device or resource busy"),
                ["-f", "-"] => {
                    files.write("/table", input);
                    Answer::from("")
                }
                [.., "list", "table", "inet", "ngcp_warden"] if !files.exists("/table") => {
                    Answer::code(1).error("Error: No such file or directory")
                }
                [.., "list", "table", "inet", "ngcp_warden"] => Answer::from(files.text("/table")),
                other => Answer::code(1).error(&format!("nft {other:?}")),
            }
        })
}

#[test]
fn nothing_is_stored_before_somebody_confirmed() {
    let plan = plan(facts(&json!("nft")));
    let all = [
        "check",
        "try",
        "keep",
        "folder",
        "stored.nft",
        "stored.wanted",
        "program",
        "unit",
        "presets",
        "preset",
        "enable",
    ];
    assert_eq!(ids(&plan), all);
    let guarded: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| change.guard.is_some())
        .map(|change| change.id.as_str())
        .collect();
    assert_eq!(guarded, ["firewall.try"]);
    // What lifts itself is shown as it is, and only there.
    let shown = |id: &str| {
        let change = plan.changes.iter().find(|change| change.id == id).unwrap();
        let Action::Run(line) = &change.action else { panic!("{change:?}") };
        line.long_input().unwrap()
    };
    assert!(shown("firewall.try").contains("timeout {seconds}s"), "{}", shown("firewall.try"));
    assert!(!shown("firewall.keep").contains("timeout") && shown("firewall.keep").contains("policy drop"));

    let host = host();
    let Ran { outcome, said } = run(&host, plan);
    assert_eq!(outcome, RunOutcome::Failed, "nobody confirmed: {said}");
    let files = host.files();
    assert_eq!(files.text("/table"), "add table inet ngcp_warden\ndelete table inet ngcp_warden\n");
    assert!(
        !files.exists("/etc/ngcp-warden/firewall.nft") && !files.exists("/etc/ngcp-warden/firewall.json")
    );
    assert!(host.commands().iter().all(|command| !command.starts_with("systemctl enable")), "{said}");
}

/// A login that succeeds while nothing is refused proves nothing of rules that refuse for good.
#[test]
fn what_somebody_flushed_while_it_waited_cannot_be_confirmed() {
    let confirmed = |flushed: bool| {
        let mut plan = plan(facts(&json!("nft")));
        plan.changes
            .retain(|change| ["firewall.check", "firewall.try", "firewall.keep"].contains(&&*change.id));
        // In the program that looks at the rules nobody can be in between: it flushes once it has shown them.
        let host = host().on("show", move |files: &mut Files, _: &Command| {
            let seen = files.text("/table");
            if flushed {
                files.remove("/table");
            }
            Answer::from(if seen.is_empty() { "" } else { "shown" })
        });
        plan.changes[1].proofs.push(Proof::Claim(Claim::Line {
            command: CommandLine::new("show", Vec::<String>::new()),
            line: "shown".to_owned(),
        }));
        let control = Control::default();
        control.keep();
        let Ran { outcome, said } = run_with(&host, plan, &control);
        (outcome, said, host.files().text("/table"))
    };
    let (outcome, said, table) = confirmed(false);
    assert!(outcome == RunOutcome::Done && table.contains("policy drop"), "{outcome:?}: {said}");
    let (outcome, said, table) = confirmed(true);
    assert_eq!(outcome, RunOutcome::Failed, "{said}");
    assert!(said.contains("firewall.try Failed: what was confirmed was no longer in force"), "{said}");
    assert!(!said.contains("firewall.keep Done") && !table.contains("policy drop"), "{said}\n{table}");
}

/// The undo of a load over a table that somebody added a rule to: the list differs, and refuses all the same.
#[test]
fn a_table_that_somebody_added_to_is_not_taken_for_gone() {
    let loaded = plan(facts(&json!("nft"))).changes.remove(2);
    let Undo::Run(back) = loaded.undo.clone() else { panic!("{loaded:?}") };
    let undo = Change {
        id: "undo.firewall.keep".to_owned(),
        action: Action::Run(back),
        undo: Undo::Nothing,
        proofs: vec![Proof::NoLonger(loaded.proofs.clone())],
        ..loaded.clone()
    };
    let Action::Run(load) = &loaded.action else { panic!("{loaded:?}") };
    let text = load.stdin.as_ref().unwrap().shown();
    let added = text + "add rule inet ngcp_warden input tcp dport 7 drop\n";
    let taken_back = |host: &Simulated| run(host, Plan { changes: vec![undo.clone()], ..Plan::default() });
    let host = host().file("/table", added.as_str());
    let Ran { outcome, said } = taken_back(&host);
    assert_eq!(outcome, RunOutcome::Done, "{said}");
    assert!(!host.files().text("/table").contains("policy drop"), "{said}");
    // A command that failed took nothing back, whatever the list says.
    let stuck = self::host().file("/table", added.as_str()).file("/stuck", "");
    let Ran { outcome, said } = taken_back(&stuck);
    assert_eq!(outcome, RunOutcome::Failed, "{said}");
    assert!(stuck.files().text("/table").contains("policy drop"));
}

#[test]
fn rules_are_told_how_long_their_guard_waits_and_a_little_more() {
    let mut plan = plan(facts(&json!("nft")));
    for change in &mut plan.changes {
        change.waived = change.guard.take().map(|guard| ngcp_warden::plan::Guard { seconds: 60, ..guard });
    }
    let host = host().on("logger", |_: &mut Files, _: &Command| "");
    let Ran { outcome, said } = run(&host, plan);
    assert_eq!(outcome, RunOutcome::Done, "{said}");
    let stored = host.files().text("/etc/ngcp-warden/firewall.nft");
    assert!(stored.contains("policy drop") && !stored.contains("armed"), "{stored}");
    assert_eq!(host.files().text("/table"), stored, "what is loaded is what is stored");
    assert!(
        host.commands().iter().any(|command| command.starts_with("systemctl enable ngcp-warden-firewall"))
    );
}

#[test]
fn what_is_loaded_and_stored_already_is_not_done_again() {
    let mut seen = facts(&json!("nft"));
    seen["own"] = json!({"loaded": true, "armed": false, "stored": "/etc/ngcp-warden/firewall.nft",
        "wanted": wanted(), "damaged": null, "as_stored": true, "at_boot": true});
    assert!(plan(seen.clone()).is_empty());
    seen["own"]["at_boot"] = json!(false);
    assert_eq!(ids(&plan(seen.clone())), ["program", "unit", "presets", "preset", "enable"]);
    // Somebody changed our table: what is undone later goes back to what was stored.
    seen["own"]["as_stored"] = json!(false);
    let again = plan(seen.clone());
    assert_eq!(ids(&again)[..3], ["check", "try", "keep"]);
    let Undo::Run(back) = &again.changes[1].undo else { panic!("{:?}", again.changes[1]) };
    assert!(back.stdin.as_ref().unwrap().shown().contains("policy drop"), "{back}");
    let gone = steps::firewall_rules(seen, None, 0).unwrap();
    assert_eq!(ids(&gone)[0], "remove");
    assert!(gone.changes[0].opens.is_some());
    assert!(
        steps::firewall_rules(facts(&json!("nft")), None, 0).unwrap().is_empty(),
        "there are none of ours"
    );
}

#[test]
fn without_systemd_it_is_said_that_nothing_loads_them_at_a_restart() {
    let mut seen = facts(&json!({"iptables": {"program": "iptables-legacy"}}));
    seen["systemd"] = json!(false);
    let plan = plan(seen);
    assert!(plan.partial && plan.reminders[0].contains("no systemd"), "{:?}", plan.reminders);
    assert!(ids(&plan).contains(&"stored.4") && ids(&plan).contains(&"stored.6"));
    // Both families are checked before one is loaded, and nobody jumps before a chain says something.
    let place = |name: &str| ids(&plan).iter().position(|id| id.starts_with(name)).unwrap();
    assert!(place("check.6") < place("chains.filter.4") && place("try.6") < place("jump.filter.input.4"));
}

#[test]
fn where_no_rule_can_be_put_in_place_that_is_said_and_nothing_is_planned() {
    let refused = |seen: Value| format!("{:#}", steps::firewall_rules(seen, Some(wanted()), 0).unwrap_err());
    let mut blind = facts(&json!("nft"));
    blind["blind"] = json!("a container");
    assert!(refused(blind).contains("cannot be seen: a container"));
    assert!(refused(facts(&json!({"missing": {"why": "neither nft nor iptables"}}))).contains("neither nft"));
    assert!(refused(facts(&json!({"foreign": {"manager": "csf"}}))).contains("csf has no commands"));
}

/// What was reviewed may mean something else by now.
#[test]
fn filters_that_cannot_be_seen_unchanged_stop_the_run_before_anything_is_loaded() {
    let mut seen = facts(&json!("nft"));
    seen["seen"] = json!("0".repeat(64));
    let host = host();
    let Ran { outcome, said } = run(&host, plan(seen));
    assert_eq!(outcome, RunOutcome::Failed);
    assert!(said.contains("nothing was changed") && !host.files().exists("/table"), "{said}");
}

#[test]
fn the_platforms_own_firewall_keeps_what_others_wrote_and_is_switched_off_only_when_it_would_refuse_all() {
    let theirs = "-A INPUT -p tcp --dport 9998 -j ACCEPT";
    let mut seen = facts(&json!({"platform": {"enabled": false}}));
    seen["managed"] = json!({"enable": "no", "policy": "ACCEPT", "rules": [[theirs], []], "shadow": null});
    let reached = json!({"who": "everyone", "trusted": null, "by": "", "but": null});
    seen["unasked"] = json!([reached, null]);
    let edits = |plan: Plan| -> Vec<Edit> {
        let change = plan.changes.into_iter().find(|change| change.id == "firewall.config").unwrap();
        assert!(change.guard.is_some());
        let Action::Edit { edits, .. } = change.action else { panic!() };
        edits
    };
    let planned = plan(seen.clone());
    let looked_at = format!("{:?}", planned.effective);
    assert!(looked_at.contains("FIREWALL-OFF") && !looked_at.contains("FIREWALL-IPV6-OPEN"), "{looked_at}");
    let set = edits(planned);
    let [
        Edit::List { to: v4, .. },
        Edit::List { to: v6, .. },
        Edit::Yaml { to: on, .. },
        Edit::Yaml { to: policy, .. },
    ] = &set[..]
    else {
        panic!("{set:?}")
    };
    assert_eq!((on.shown(), policy.shown()), ("yes".to_owned(), "DROP".to_owned()));
    assert_eq!(v4[0], theirs);
    assert!(v4.iter().any(|rule| rule.contains("-s 192.0.2.0/24 -p tcp -m tcp --dport 22")), "{v4:?}");
    assert!(v6.iter().all(|rule| !rule.contains("--dport 22")), "no network of that family is trusted");

    // Nobody else has a rule: without ours everything would be refused.
    seen["managed"] = json!({"enable": "yes", "policy": "DROP", "rules": [v4[1..], v6], "shadow": null});
    let off = |edits: &[Edit]| {
        edits.iter().any(
            |edit| matches!(edit, Edit::Yaml { key, to, .. } if key[2] == "enable" && to.shown() == "no"),
        )
    };
    assert!(off(&edits(steps::firewall_rules(seen.clone(), None, 0).unwrap())));
    seen["managed"]["rules"][0] = json!(v4);
    assert!(!off(&edits(steps::firewall_rules(seen.clone(), None, 0).unwrap())), "theirs stay in force");
    // What config.yml holds already and nobody applied is not called unchanged.
    seen["managed"]["rules"] = json!([v4, v6]);
    let held = plan(seen.clone());
    assert!(held.partial && held.reminders.iter().any(|said| said.contains("not in force")), "{held:?}");
    let mut applied = seen.clone();
    applied["unasked"] = json!([null, null]);
    assert!(!plan(applied).partial);
    seen["managed"]["shadow"] = json!("/etc/ngcp-config/config.local.yml, line 3");
    assert!(
        steps::firewall_rules(seen, Some(wanted()), 0).unwrap_err().to_string().contains("config.local.yml")
    );
}
