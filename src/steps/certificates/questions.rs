//! One question per group of places, with what is so now; what each answer needs is asked below it.

use super::{
    facts::{Facts, Group},
    names::{asks, by},
    words,
};
use crate::{
    finding::{Finding, Status},
    ngcp::certificates,
    steps::{
        Form,
        form::{Check, Field, Kind},
    },
};

/// At most so many files are named.
const FILES: usize = 20;

pub(super) fn form(found: &[Finding], facts: &Facts) -> Form {
    let mut fields = Vec::new();
    for group in facts.groups() {
        let Some(ask) = group.ask else { continue };
        let several = group.places.len() > 1;
        let now = words::of_group(&group, facts.now);
        let mut field = source(ask, words::label(&group), several, now, evidence(found, ask));
        if ask == asks::REST {
            warn_of_clients(&mut field, facts.clients);
        }
        fields.push(field);
        below(&mut fields, ask);
        for seen in group.places.iter().filter(|_| several) {
            let alone = Group { name: &seen.place.name, ask: Some(ask), places: vec![*seen] };
            let now = words::of_group(&alone, facts.now);
            let help = format!("Now: {}", words::files(seen));
            fields.push(source(&seen.place.name, &seen.place.label, false, now, help).only_if(ask, by::EACH));
            below(&mut fields, &seen.place.name);
        }
        if ask == asks::SIP {
            fields.extend(sip_tls(found, facts));
        }
    }
    let settled = settled(&fields);
    Form { fields, note: None, settled }
}

/// Questions of places that this host has not, so that one answers file fits many hosts.
fn settled(fields: &[Field]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (name, group) in certificates::known() {
        let Some(group) = group else { continue };
        for key in [group, name] {
            if !fields.iter().any(|field| field.key == key) {
                all.extend([key.to_owned(), format!("{key}.")]);
            }
        }
    }
    if !fields.iter().any(|field| field.key == asks::SIP_TLS) {
        all.push(asks::SIP_TLS.to_owned());
    }
    all
}

/// What was found to be wrong, or else what was seen.
fn evidence(found: &[Finding], ask: &str) -> String {
    let own = || found.iter().filter(|finding| finding.field.as_deref() == Some(ask));
    let open: Vec<&str> = own()
        .filter(|finding| finding.status == Status::Fail)
        .map(|finding| finding.title.as_str())
        .collect();
    match open.is_empty() {
        true => {
            own().next().map_or_else(|| "Nothing was seen.".to_owned(), |finding| finding.evidence.clone())
        }
        false => format!("{}.", open.join(". ")),
    }
}

/// Which certificate, for a group or one place.
fn source(key: &str, label: &str, several: bool, now: Option<(String, Status)>, help: String) -> Field {
    let mut options = vec![
        (by::LEAVE, "leave", "Nothing is changed."),
        (by::IMPORT, "import", "From files: certificate, chain and key in any order, PEM or PKCS#12."),
        (by::PASTE, "paste", "The same, pasted as PEM."),
    ];
    if several {
        options.push((by::EACH, "each", "A certificate of its own for each place: asked one by one."));
    }
    let mut field = Field::choice(key, label, options, by::LEAVE).help(help).optional();
    (field.now, field.now_status) = now.unzip();
    field
}

/// A new authority makes what the old one issued worthless.
fn warn_of_clients(field: &mut Field, clients: Option<u64>) {
    let count = match clients {
        Some(1) => "the 1 certificate".to_owned(),
        Some(count) => format!("the {count} certificates"),
        None => "all certificates".to_owned(),
    };
    let Kind::Choice { options, .. } = &mut field.kind else { return };
    for option in options.iter_mut().filter(|option| option.value != by::LEAVE) {
        option.effect = format!("A new CA: {count} that API clients log in with are refused from then on.");
    }
}

/// What the answers of one question need.
fn below(fields: &mut Vec<Field>, of: &str) {
    let key = |key: &str| asks::below(of, key);
    let files = Kind::List { default: Vec::new(), count: 0..=FILES, check: Check(full_name) };
    fields.push(
        Field::new(key(asks::IMPORT), "Files", files)
            .help("Full names of files, or of one folder that holds them: PEM in any order, or PKCS#12.")
            .only_if(of, by::IMPORT),
    );
    let guarded = [by::IMPORT, by::PASTE];
    let pasted = Kind::Existing { lines: true };
    fields.push(
        Field::new(key(asks::PASTED), "PEM text", pasted)
            .help("Certificate, chain and key as PEM, in any order, pasted at once.")
            .only_if(of, by::PASTE),
    );
    let passphrase = Kind::Existing { lines: false };
    fields.push(
        Field::new(key(asks::PASSPHRASE), "Passphrase", passphrase)
            .help("What opens the PKCS#12 file or the key; leave it empty where there is none.")
            .only_if_any(of, &guarded)
            .optional(),
    );
    fields.push(
        choice(
            key(asks::OWN_CA),
            "Own CA",
            [
                (by::REFUSE, "refuse", "The chain must end at an authority that this host trusts."),
                (
                    by::ACCEPT,
                    "accept",
                    "The chain may end at a root that lies beside it: callers must have that root.",
                ),
            ],
        )
        .help("Whether a chain may end at an authority of your own.")
        .only_if_any(of, &guarded),
    );
    fields.push(
        choice(
            key(asks::OTHER_NAMES),
            "Other names",
            [
                (by::REFUSE, "refuse", "It must stand for a name that this host is known by."),
                (by::ACCEPT, "accept", "It may stand for names that are not known here."),
            ],
        )
        .help("Whether it may be for other names than those this host is known by.")
        .only_if_any(of, &guarded),
    );
}

fn choice(key: String, label: &str, options: [(&str, &str, &str); 2]) -> Field {
    Field::choice(key, label, options, by::REFUSE).optional()
}

fn sip_tls(found: &[Finding], facts: &Facts) -> Option<Field> {
    let sip = facts.of(asks::SIP).into_iter().next()?;
    sip.place.switch.as_ref()?;
    let finding = found.iter().find(|finding| finding.field.as_deref() == Some(asks::SIP_TLS));
    let options = [
        (by::LEAVE, "leave", "As it is."),
        (by::ON, "on", "Phones can encrypt their signalling; kamailio-lb restarts."),
        (by::OFF, "off", "No TLS for SIP; kamailio-lb restarts, phones on TLS cannot register."),
    ];
    let mut field = Field::choice(asks::SIP_TLS, "Switch SIP TLS", options, by::LEAVE)
        .help(finding.map_or_else(String::new, |finding| finding.evidence.clone()))
        .optional();
    field.now = Some(if sip.place.on { "on" } else { "off" }.to_owned());
    field.now_status = finding.map(|finding| finding.status);
    Some(field)
}

/// Whether it is a full name of a file or folder.
fn full_name(name: &str) -> Result<(), String> {
    match () {
        () if !name.starts_with('/') => Err("is not a full name; begin it with /".to_owned()),
        () if name.split('/').any(|part| part == "..") => Err("has .. in it; write it without".to_owned()),
        () => Ok(()),
    }
}
