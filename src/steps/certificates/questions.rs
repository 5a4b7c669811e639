//! One question per group of places, with what is so now; what each answer needs is asked below it.

use super::{
    facts::{Facts, Group, Renewed, Seen},
    inspect::wanted,
    names::{asks, by},
    words,
};
use crate::{
    finding::{Finding, Status},
    host::certificates::{REQUESTED_LIMIT, name},
    ngcp::certificates,
    plan::KeyAlgorithm,
    steps::{
        Form,
        form::{Check, Field, Kind},
    },
};

/// So many names are proposed.
const USUAL_NAMES: usize = 20;
/// At most so many files are named.
const FILES: usize = 20;

pub(super) fn form(found: &[Finding], facts: &Facts) -> Form {
    let mut fields = Vec::new();
    for group in facts.groups() {
        let Some(ask) = group.ask else { continue };
        let several = group.places.len() > 1;
        let now = words::of_group(&group, facts.now);
        let mut field = source(facts, ask, words::label(&group), several, now, &evidence(found, ask));
        if ask == asks::REST {
            warn_of_clients(&mut field, facts.clients);
        }
        fields.push(field);
        below(&mut fields, facts, ask);
        for seen in group.places.iter().filter(|_| several) {
            let alone = Group { name: &seen.place.name, ask: Some(ask), places: vec![*seen] };
            let now = words::of_group(&alone, facts.now);
            let help = format!("Now: {}", words::files(seen));
            fields.push(
                source(facts, &seen.place.name, &seen.place.label, false, now, &help).only_if(ask, by::EACH),
            );
            below(&mut fields, facts, &seen.place.name);
        }
        if ask == asks::SIP {
            fields.extend(sip_tls(found, facts));
        }
    }
    let settled = settled(&fields);
    Form { fields, settled, ..Form::default() }
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
fn source(
    facts: &Facts,
    key: &str,
    label: &str,
    several: bool,
    now: Option<(String, Status)>,
    help: &str,
) -> Field {
    let mut options = vec![
        (by::LEAVE, "leave", "Nothing is changed."),
        (by::IMPORT, "import", "From files: certificate, chain and key in any order, PEM or PKCS#12."),
        (by::PASTE, "paste", "The same, pasted as PEM."),
    ];
    let open = facts.request(key);
    if key != asks::REST {
        let again = "The one that is open, once more: key and names stay.";
        let new = "A new key, and a request that an authority signs; its answer is given in a later start.";
        options.push((by::REQUEST, "request", if open.is_some() { again } else { new }));
        if is_answered(facts, key) {
            let waits = "The certificate that an authority made for the open request.";
            let none = "No request is open: only one that was answered before fits, and changes nothing.";
            options.push((by::ANSWER, "answer", if open.is_some() { waits } else { none }));
        }
        options.push((by::SELF_SIGNED, "self-signed", "For a lab: every browser and phone warns of it."));
    }
    if key != asks::REST && !facts.renewed.is_empty() {
        let effect = "One that certbot or acme.sh renews on this host, now and after every renewal.";
        options.push((by::LINEAGE, "lineage", effect));
    }
    if several {
        options.push((by::EACH, "each", "A certificate of its own for each place: asked one by one."));
    }
    let help =
        open.map_or_else(|| help.to_owned(), |open| format!("The {} is open. {help}", open.described()));
    let mut field = Field::choice(key, label, options, by::LEAVE).help(help).optional();
    (field.now, field.now_status) = now.unzip();
    field
}

/// Whether a request is open, or one may have been answered before: the answers file that did it fits ever after.
fn is_answered(facts: &Facts, of: &str) -> bool {
    facts.request(of).is_some() || facts.of(of).iter().any(|seen| seen.pair.origin.from.is_some())
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
fn below(fields: &mut Vec<Field>, facts: &Facts, of: &str) {
    let key = |key: &str| asks::below(of, key);
    let files = Kind::List { default: Vec::new(), count: 0..=FILES, check: Check(full_name) };
    fields.push(
        Field::new(key(asks::IMPORT), "Files", files)
            .help("Full names of files, or of one folder that holds them: PEM in any order, or PKCS#12.")
            .only_if(of, by::IMPORT),
    );
    let files = Kind::List { default: Vec::new(), count: 0..=FILES, check: Check(full_name) };
    if of != asks::REST {
        if is_answered(facts, of) {
            fields.push(
                Field::new(key(asks::ANSWER), "Answer", files)
                    .help("Full names of the files that the authority sent.")
                    .only_if(of, by::ANSWER),
            );
        }
        new_certificate(fields, facts, of);
        fields.extend(lineage(facts, of));
    }
    let guarded = [by::IMPORT, by::PASTE, by::ANSWER, by::LINEAGE];
    let opened = [by::IMPORT, by::PASTE];
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
            .only_if_any(of, &opened)
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

/// What a request or a self-signed certificate is to hold.
fn new_certificate(fields: &mut Vec<Field>, facts: &Facts, of: &str) {
    let key = |key: &str| asks::below(of, key);
    let made = [by::REQUEST, by::SELF_SIGNED];
    let places = facts.of(of);
    let open = facts.request(of);
    let names = open.map_or_else(|| usual_names(facts, &places), |open| open.names.clone());
    let kind =
        Kind::List { default: names, count: 0..=REQUESTED_LIMIT, check: Check(|text| name(text).map(drop)) };
    fields.push(
        Field::new(key(asks::NAMES), "Names", kind)
            .help("By which names and addresses callers reach this host; * in front stands for all hosts of a domain.")
            .only_if_any(of, &made)
            .optional(),
    );
    let is = |one: &KeyAlgorithm| open.is_some_and(|open| open.half.key.to_string() == one.label());
    let refuses_ecdsa = places.iter().any(|seen| seen.place.ciphers.contains("!ECDSA"));
    let usual = if refuses_ecdsa { KeyAlgorithm::Rsa3072 } else { KeyAlgorithm::EcdsaP256 };
    let default = KeyAlgorithm::ALL.into_iter().find(is).unwrap_or(usual);
    let effect = |one: KeyAlgorithm| match one {
        KeyAlgorithm::EcdsaP256 if refuses_ecdsa => "The ciphers that are configured here refuse it.",
        KeyAlgorithm::EcdsaP256 => "Small and fast; phones older than about 2012 do not know it.",
        KeyAlgorithm::Rsa3072 => "Every phone knows it.",
        KeyAlgorithm::Rsa4096 => "The same; slower, no stronger in practice.",
    };
    let options = KeyAlgorithm::ALL.map(|one| (one.name(), one.label(), effect(one)));
    fields.push(
        Field::choice(key(asks::KEY), "Key", options, default.name())
            .help("The kind of key; it is made on this host and never leaves it.")
            .only_if_any(of, &made)
            .optional(),
    );
}

/// Which of those that another program renews.
fn lineage(facts: &Facts, of: &str) -> Option<Field> {
    let folder = |one: &Renewed| one.lineage.folder.display().to_string();
    let first = folder(facts.renewed.first()?);
    let options = facts.renewed.iter().map(|one| (folder(one), one.lineage.name.clone(), folder(one)));
    let field = Field::choice(asks::below(of, asks::LINEAGE), "Renewed as", options, &first);
    Some(
        field
            .help(
                "What certbot and acme.sh renew on this host. They are told to call this program afterwards.",
            )
            .only_if(of, by::LINEAGE)
            .optional(),
    )
}

/// The names by which its places are called, those that can stand in a certificate.
fn usual_names(facts: &Facts, places: &[&Seen]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for wanted in places.iter().flat_map(|seen| wanted(&seen.place, &facts.names)) {
        if name(&wanted).is_ok() && !names.contains(&wanted) {
            names.push(wanted);
        }
    }
    names.truncate(USUAL_NAMES);
    names
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
