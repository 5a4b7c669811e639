//! The questions of the table: who shall reach each service, and what listens besides.

use super::{
    facts::{Exposure, Facts, Other, Reach, Reached},
    names::{asks, by},
    wanted, words,
};
use crate::{
    finding::Status,
    ngcp::reachable::Audience,
    steps::{Answers, Figure, figure, form::Field},
};

/// Titles of its columns.
pub(super) const HEADS: [&str; 5] = ["Service", "Port", "Listens", "Today", "Shall (* new)"];

/// Everyone, the trusted networks, nobody.
fn reach(key: String, label: String, default: &str) -> Field {
    let options = [
        (by::EVERYONE, by::EVERYONE, "Anybody reaches it."),
        (by::TRUSTED, by::TRUSTED, "Only the trusted networks reach it."),
        (by::NOBODY, by::NOBODY, "Nobody reaches it from outside."),
    ];
    Field::choice(key, label, options, default).optional()
}

/// The services of the handbook's tables.
pub(super) fn services(facts: &Facts) -> impl Iterator<Item = Field> {
    facts.services.iter().map(|reached| {
        let service = &reached.service;
        let mut field = reach(service.name.clone(), service.label.clone(), wanted::usual(facts, service));
        field.now_status = status(reached);
        let listens = match reached.listens.as_deref() {
            None => "unknown".to_owned(),
            Some([]) if service.on == Some(false) => "off".to_owned(),
            Some([]) => "nothing".to_owned(),
            Some(programs) => programs.join(", "),
        };
        let port = match &service.fault {
            Some(_) => "no port".to_owned(),
            None => words::ports(&service.ports),
        };
        field.columns = vec![port, listens.clone()];
        today(&mut field, &reached.v4, &reached.v6, if_left(service.audience));
        if let Some(fault) = &service.fault {
            return field.help(format!("{fault}. No rule can be made for it."));
        }
        let key = service.key.as_ref().map_or_else(String::new, |key| format!(" ({key})"));
        let off = if service.on == Some(false) { "; switched off" } else { "" };
        field.help(format!("{}{key}; listens: {listens}{off}.", words::ports(&service.ports)))
    })
}

/// What comes of it where the wrong people, or none, reach it.
fn if_left(audience: Audience) -> &'static str {
    match audience {
        Audience::Subscribers => "Not everybody who should can reach it.",
        Audience::Administrators => "Anybody may try to get in.",
        Audience::Nobody => "Whoever finds it may use it.",
    }
}

/// Says in a row of the table who reaches it today, and what comes of that.
fn today(field: &mut Field, v4: &Exposure, v6: &Exposure, if_left: &str) {
    field.now = Some(words::today(v4, v6));
    field.as_it_is = words::as_it_is(v4, v6);
    if field.now_status == Some(Status::Fail) {
        field.told.push(("If left", if_left.to_owned()));
    }
    field.told.push(("Decides", words::decided_by(v4, v6)));
    field.beside = Some(asks::TRUSTED.to_owned());
}

/// Whether who reaches it today is who should, as the handbook's tables have it.
fn status(reached: &Reached) -> Option<Status> {
    let service = &reached.service;
    if service.fault.is_some() {
        return Some(Status::Fail);
    }
    let runs = reached.listens.as_ref().is_none_or(|programs| !programs.is_empty());
    if !runs || service.on == Some(false) {
        return None;
    }
    let has = |reach: Reach| [&reached.v4, &reached.v6].iter().any(|one| one.who == reach);
    Some(match service.audience {
        _ if has(Reach::Unknown) => Status::Unknown,
        Audience::Subscribers if has(Reach::Everyone) => Status::Pass,
        Audience::Subscribers => Status::Fail,
        _ if has(Reach::Everyone) => Status::Fail,
        _ => Status::Pass,
    })
}

/// What listens besides, or was answered before.
pub(super) fn listeners(facts: &Facts) -> impl Iterator<Item = Field> {
    wanted::listeners(facts).into_iter().map(|(key, ports)| {
        let of = |other: &&Other| other.port == ports.from && other.protocol == ports.protocol;
        let here: Vec<&Other> = facts.others.iter().filter(of).collect();
        let name = here.iter().find_map(|other| other.known.clone().or(other.program.clone()));
        let label = name.unwrap_or_else(|| ports.to_string());
        let default = wanted::usual_of_listener(facts, &key);
        let mut field = reach(key, label, default);
        let exposures = || here.iter().map(|other| &other.exposure);
        let worst = [Reach::Everyone, Reach::Unknown, Reach::Some].into_iter();
        let worst = worst.filter_map(|reach| exposures().find(|one| one.who == reach)).next();
        let program = here.iter().find_map(|other| other.program.as_deref()).unwrap_or("nothing");
        field.columns = vec![words::ports(&[ports]), program.to_owned()];
        if let Some(worst) = worst.or(exposures().next()) {
            field.now_status = Some(match worst.who {
                Reach::Everyone => Status::Fail,
                Reach::Unknown => Status::Unknown,
                Reach::Some | Reach::Nobody => Status::Pass,
            });
            today(&mut field, worst, worst, if_left(Audience::Nobody));
        }
        let at: Vec<String> = here.iter().map(|other| other.address.to_string()).collect();
        let at = if at.is_empty() { String::new() } else { format!(" on {}", at.join(", ")) };
        field.help(format!("{}; listens: {program}{at}.", words::ports(&[ports])))
    })
}

/// Who reaches what today, as a picture: where nothing is asked about it.
pub(super) fn preview(facts: &Facts, answers: &Answers) -> Vec<Figure> {
    let rules = answers.choice(asks::RULES).ok().flatten();
    if rules.is_some_and(|answer| [by::SET, by::NATIVE].contains(&answer)) || facts.services.is_empty() {
        return Vec::new();
    }
    let row = |field: Field| {
        let now = field.now.unwrap_or_else(|| "-".to_owned());
        (field.label, field.columns.into_iter().chain([now]).collect())
    };
    let columns = HEADS.iter().skip(1).take(3).map(|head| (*head).to_owned()).collect();
    vec![Figure::Table(figure::Table {
        title: HEADS[0].to_owned(),
        columns,
        chosen: None,
        rows: services(facts).chain(listeners(facts)).map(row).collect(),
    })]
}
