//! What is asked on a host, and what becomes of the answers.

use super::{
    bans,
    facts::{Backend, Exposure, Facts, Reach, Wanted},
    names::{asks, by},
    questions, sample, table, wanted, words,
};
use crate::{
    executor::simulated::Simulated,
    host::packet_filter::Protocol,
    ngcp::config::Config,
    plan::{Action, Edit, Piece},
    steps::{Answer, Answers},
    yaml,
};

fn answers(all: &[(&str, Answer)]) -> Answers {
    let values = all.iter().map(|(key, answer)| ((*key).to_owned(), answer.clone())).collect();
    Answers { values, ..Answers::default() }
}

fn choice(value: &str) -> Answer {
    Answer::Choice(value.to_owned())
}

fn networks(all: &[&str]) -> Answer {
    Answer::Networks(all.iter().map(|one| one.parse().unwrap()).collect())
}

fn who(wanted: &Wanted, name: &str) -> String {
    wanted.services.get(name).map(|(who, _)| who.clone()).unwrap_or_default()
}

/// Why no rules are made of these answers.
fn refused(facts: &Facts, given: &[(&str, Answer)]) -> String {
    format!("{:#}", wanted::of(facts, &answers(given)).unwrap_err())
}

#[test]
fn a_port_is_read_as_it_is_written() {
    for text in ["8443/tcp", "7000-7010/udp", "1/udp", "65535/tcp", "1-65535/tcp"] {
        assert_eq!(wanted::ports(text).unwrap().to_string(), text);
    }
    for (text, said) in [
        ("0/tcp", "from 1 to 65535"),
        ("65536/tcp", "from 1 to 65535"),
        ("1-70000/udp", "from 1 to 65535"),
        ("99999999999999999999/udp", "from 1 to 65535"),
        ("20-10/tcp", "ends before it begins"),
        ("8443", "write 8443/tcp"),
        ("8443/sctp", "write 8443/tcp"),
        ("/tcp", "write 8443/tcp"),
        ("-/tcp", "write 8443/tcp"),
        ("+80/tcp", "write 8443/tcp"),
        ("80-/tcp", "write 8443/tcp"),
        ("1-2-3/tcp", "write 8443/tcp"),
        ("https/tcp", "write 8443/tcp"),
        ("٤/tcp", "write 8443/tcp"),
        ("", "write 8443/tcp"),
    ] {
        let why = wanted::ports(text).unwrap_err();
        assert!(why.contains(said), "{text}: {why}");
    }
}

#[test]
fn what_subscribers_use_is_proposed_for_everyone_and_the_rest_for_trusted_networks() {
    let facts = sample::facts();
    let wanted = wanted::of(&facts, &questions::form(&[], &facts).defaults()).unwrap();
    for (name, expected) in [("sip", by::EVERYONE), ("ssh", by::TRUSTED), ("admin", by::TRUSTED)] {
        assert_eq!(who(&wanted, name), expected, "{name}");
    }
    assert_eq!(wanted.ssh, [22]);
    assert_eq!(wanted.trusted, facts.trusted);
    assert_eq!(wanted.untracked, [sample::port(Protocol::Udp, 30000, 40000)]);
    assert!(!wanted.services.contains_key("listener.3306-tcp"), "nobody is let in to what is in no table");
    let mut off = facts;
    off.services[0].service.on = Some(false);
    assert_eq!(who(&wanted::of(&off, &Answers::default()).unwrap(), "sip"), by::NOBODY);
}

#[test]
fn what_was_answered_once_is_proposed_again() {
    let mut facts = sample::facts();
    let given = answers(&[
        ("admin", choice(by::NOBODY)),
        ("listener.3306-tcp", choice(by::TRUSTED)),
        (asks::EXTRA_EVERYONE, Answer::List(vec!["8443/tcp".to_owned()])),
        (asks::EXTRA_TRUSTED, Answer::List(vec!["161/udp".to_owned(), "7000-7010/udp".to_owned()])),
        (asks::LOGGING, choice(by::ON)),
        (asks::TRACKING, choice(by::ON)),
    ]);
    let first = wanted::of(&facts, &given).unwrap();
    assert_eq!(who(&first, "admin"), by::NOBODY);
    assert_eq!(who(&first, "listener.3306-tcp"), by::TRUSTED);
    facts.own.wanted = Some(first.clone());
    // Also while it does not listen.
    facts.others.clear();
    let again = wanted::of(&facts, &questions::form(&[], &facts).defaults()).unwrap();
    assert_eq!(again, first);
}

/// Where nothing waits over one family, the other one alone is told; where they differ, the more open one.
#[test]
fn who_reaches_it_today_is_one_word_with_the_family_where_they_differ() {
    let exposure = |who, trusted, by: &str| Exposure { who, trusted, by: by.to_owned(), but: None };
    let open = exposure(Reach::Everyone, Some(true), "policy accept");
    let trusted = exposure(Reach::Some, Some(true), "ip saddr 192.0.2.0/24 accept");
    let some = exposure(Reach::Some, Some(false), "ip saddr 203.0.113.0/24 accept");
    let closed = exposure(Reach::Nobody, Some(false), "policy drop");
    let unknown = exposure(Reach::Unknown, None, "limit rate 10/minute accept");
    let nothing =
        exposure(Reach::Nobody, None, "nothing waits there on an address that others reach over IPv6");
    for (v4, v6, word, as_it_is) in [
        (&open, &open, "everyone", Some("everyone")),
        (&open, &nothing, "everyone", Some("everyone")),
        (&nothing, &trusted, "trusted", Some("trusted")),
        (&nothing, &nothing, "nobody", Some("nobody")),
        (&closed, &open, "everyone v6", Some("everyone v6")),
        (&trusted, &closed, "trusted v4", Some("trusted v4")),
        (&some, &some, "some", Some("some")),
        (&unknown, &closed, "unknown v4", None),
        (&unknown, &unknown, "unknown", None),
        (&open, &unknown, "everyone v4", None),
    ] {
        assert_eq!(words::today(v4, v6), word, "{v4:?} {v6:?}");
        assert_eq!(words::as_it_is(v4, v6).as_deref(), as_it_is, "{v4:?} {v6:?}");
    }
    assert_eq!(words::decided_by(&open, &nothing), "policy accept");
    assert_eq!(words::decided_by(&open, &closed), "IPv4: policy accept; IPv6: policy drop");
}

/// The commonest accident of all.
#[test]
fn rules_that_lock_everybody_out_are_refused() {
    let mut facts = sample::facts();
    let elsewhere = || networks(&["203.0.113.0/24"]);
    let said = refused(&facts, &[(asks::TRUSTED, elsewhere())]);
    assert!(said.contains("firewall.trusted: you come from 198.51.100.7"), "{said}");
    wanted::of(&facts, &answers(&[(asks::TRUSTED, elsewhere()), ("ssh", choice(by::EVERYONE))])).unwrap();
    let said = refused(&facts, &[(asks::TRUSTED, networks(&[]))]);
    assert!(said.contains("nobody could log in over SSH"), "{said}");
    let said = refused(&facts, &[("ssh", choice(by::NOBODY))]);
    assert!(said.contains("firewall.ssh: nobody could log in over SSH"), "{said}");
    // Only on the console it can be said that the console is enough.
    let offered = |facts: &Facts| {
        let form = questions::form(&[], facts);
        form.check(&answers(&[(asks::LAST_WAY, choice(by::CONSOLE))])).is_ok()
    };
    assert!(!offered(&facts));
    facts.operator = None;
    assert!(offered(&facts));
    wanted::of(&facts, &answers(&[("ssh", choice(by::NOBODY)), (asks::LAST_WAY, choice(by::CONSOLE))]))
        .unwrap();
    facts.services[2].service.ports.clear();
    let said = refused(&facts, &[]);
    assert!(said.contains("the ports of the SSH server cannot be seen"), "{said}");
    // What opens only cannot lock anybody out.
    wanted::of(&facts, &answers(&[(asks::RULES, choice(by::NATIVE))])).unwrap();
    let said = refused(&facts, &[(asks::TRUSTED, networks(&["0.0.0.0/0"]))]);
    assert!(said.contains("0.0.0.0/0 is everybody"), "{said}");
}

#[test]
fn a_port_that_is_none_gets_no_rule() {
    let mut facts = sample::facts();
    let fault = "kamailio.lb.port is '70000': a port is a number from 1 to 65535";
    facts.services[0].service.fault = Some(fault.to_owned());
    facts.services[0].service.ports.clear();
    let said = refused(&facts, &[]);
    assert!(said.starts_with(&format!("firewall.sip: {fault}")), "{said}");
    let form = questions::form(&[], &facts);
    assert!(form.field("sip").unwrap().help.as_ref().unwrap().contains(fault));
    let wanted = wanted::of(&facts, &answers(&[("sip", choice(by::NOBODY))])).unwrap();
    assert_eq!(wanted.services["sip"], (by::NOBODY.to_owned(), Vec::new()));
}

/// Where not everybody may send media, answers to this host's own questions would be lost without tracking.
#[test]
fn media_is_tracked_where_not_everybody_may_send_it() {
    let facts = sample::facts();
    let given = answers(&[("rtp", choice(by::TRUSTED)), (asks::TRACKING, choice(by::OFF))]);
    assert!(wanted::of(&facts, &given).unwrap().untracked.is_empty());
}

#[test]
fn where_another_firewall_is_in_charge_only_its_commands_are_offered() {
    let mut facts = sample::facts();
    for (manager, asked) in [("ufw", Some(by::NATIVE)), ("firewalld", Some(by::NATIVE)), ("csf", None)] {
        facts.backend = Backend::Foreign { manager: manager.to_owned() };
        let form = questions::form(&[], &facts);
        let why = form.check(&answers(&[(asks::RULES, choice(by::SET))])).unwrap_err();
        assert!(why.1.contains(&format!("{manager} is in charge")), "{why:?}");
        assert_eq!(form.field("ssh").is_some(), asked.is_some(), "{manager}");
        assert_eq!(form.defaults().choice(asks::RULES).unwrap(), Some(by::LEAVE));
    }
    facts.blind = Some("a container without rights".to_owned());
    facts.backend = Backend::Nft;
    let form = questions::form(&[], &facts);
    let why = form.check(&answers(&[(asks::RULES, choice(by::SET))])).unwrap_err();
    assert!(why.1.contains("What is unknown is not closed"), "{why:?}");
}

/// Who reaches what is told as well where nothing is asked about it.
#[test]
fn without_rules_the_table_is_a_picture() {
    let facts = sample::facts();
    let pictures = |answer: &str| table::preview(&facts, &answers(&[(asks::RULES, choice(answer))]));
    assert!(pictures(by::SET).is_empty());
    let told = format!("{:?}", pictures(by::LEAVE));
    assert!(told.contains(r#"("MariaDB", ["3306 tcp", "mariadbd", "everyone"])"#), "{told}");
}

/// One file for a fleet: what this host does not raise is no error, and what only this host raises may be missing.
#[test]
fn one_answers_file_fits_many_hosts() {
    let mut facts = sample::facts();
    let asks = |facts: &Facts| {
        let form = questions::form(&[], facts);
        let keys: Vec<String> = form.fields.iter().map(|field| field.key.clone()).collect();
        (form, keys)
    };
    let (_, on_this_one) = asks(&facts);
    facts.services.clear();
    facts.others.clear();
    facts.systemd = false;
    facts.can_notrack = false;
    let (other, there) = asks(&facts);
    for key in &on_this_one {
        let settled = other.settled.iter().any(|name| crate::steps::form::names(name, key));
        assert!(there.contains(key) || settled, "{key}");
    }
}

const BANS: &str = "kamailio:
  lb:
    security:
      dos_ban_enable: no   # too many false alarms
      dos_ban_time: '300'
      dos_whitelisted_ips:
      - 203.0.113.9
      dos_whitelisted_subnets: []
      failed_auth_ban_enable: '0'
";

fn banning(text: &str) -> Facts {
    let host = Simulated::new();
    host.edit(|files| {
        files.put("/etc/ngcp-config/config.yml", 0o660, 0, 0, text);
    });
    Facts { bans: bans::look(&Config::read(&host).unwrap()), ..sample::facts() }
}

/// The text with the edits made.
fn edited(text: &str, edits: &[Edit]) -> String {
    edits.iter().fold(text.to_owned(), |text, edit| {
        let Edit::Yaml { key, from, to } = edit else { panic!("{edit:?}") };
        let keys: Vec<&str> = key.iter().map(String::as_str).collect();
        let [Piece::Text(to)] = &to.0[..] else { panic!("{to:?}") };
        yaml::edit::set(&text, &keys, from.as_deref(), to).unwrap()
    })
}

#[test]
fn bans_are_switched_on_and_the_operator_is_spared() {
    let facts = banning(BANS);
    let form = questions::form(&[], &facts);
    let given = form.defaults();
    assert_eq!(given.choice(asks::SIP_BANS).unwrap(), Some(by::ON));
    let plan = bans::plan(&facts, &given).unwrap();
    let Action::Edit { edits, .. } = &plan.changes[0].action else { panic!() };
    let text = edited(BANS, edits);
    let expected = BANS
        .replace("enable: no ", "enable: yes ")
        .replace("'0'", "'1'")
        .replace("subnets: []", "subnets: [198.51.100.0/24]");
    assert_eq!(text, expected);
    assert_eq!(plan.apply, ["SIP bans"]);
    assert!(!plan.partial, "nothing is proposed that cannot be done");
    // Once it is so, the same answers change nothing.
    let done = banning(&text);
    assert!(bans::plan(&done, &given).unwrap().is_empty());
    assert_eq!(questions::form(&[], &done).defaults().choice(asks::SIP_BANS).unwrap(), Some(by::LEAVE));
}

#[test]
fn whoever_cannot_be_spared_by_an_edit_is_named() {
    let facts = banning(&BANS.replace("[]", "~"));
    let spared = networks(&["192.0.2.1", "192.0.2.2", "10.0.0.0/8", "2001:db8::1"]);
    let given = answers(&[(asks::SIP_BANS, choice(by::ON)), (asks::NEVER_BANNED, spared)]);
    let plan = bans::plan(&facts, &given).unwrap();
    let Action::Edit { edits, .. } = &plan.changes[0].action else { panic!() };
    let text = edited(BANS, edits);
    assert!(text.contains("- 203.0.113.9\n      - 192.0.2.1\n      - 192.0.2.2\n"), "{text}");
    assert!(plan.partial);
    assert!(plan.reminders[0].contains("10.0.0.0/8, 2001:db8::1"), "{:?}", plan.reminders);
}

#[test]
fn a_release_without_bans_is_asked_nothing() {
    let facts = banning("kamailio:\n  lb:\n    port: 5060\n");
    assert!(facts.bans.is_none());
    let form = questions::form(&[], &facts);
    assert!(form.field(asks::SIP_BANS).is_none());
    let given = answers(&[(asks::SIP_BANS, choice(by::ON))]);
    assert!(bans::plan(&facts, &given).unwrap().is_empty());
}

/// F01: networks from which nobody comes let nobody in.
#[test]
fn only_networks_that_somebody_can_come_from_are_trusted_f01() {
    let facts = sample::facts();
    for nowhere in ["127.0.0.1", "::1", "224.0.0.0/4", "ff02::/16", "0.0.0.0"] {
        let why = refused(&facts, &[(asks::RULES, choice(by::SET)), (asks::TRUSTED, networks(&[nowhere]))]);
        assert!(why.contains("nobody comes from"), "{nowhere}: {why}");
    }
}
