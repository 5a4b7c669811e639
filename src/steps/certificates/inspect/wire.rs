//! What the ports serve right now, with a name and without, beside what is in the file.

use std::collections::BTreeMap;

use crate::{
    executor::Executor,
    host::{
        certificates::{self, Certificate, Source},
        tls::{self, Question, Served},
    },
    ngcp::certificates::Place,
    secret::Secret,
    steps::certificates::facts::{HostNames, Pair, Wire},
};

/// Every port is asked without a name, as most phones do, and with the name that callers use.
pub(super) fn ask(host: &dyn Executor, places: &[Place], names: &HostNames) -> BTreeMap<Question, Served> {
    let on = places.iter().filter(|place| place.on);
    let questions: Vec<Question> = on.flat_map(|place| questions(place, names)).collect();
    let served = tls::served(host, &questions);
    questions.into_iter().zip(served).collect()
}

fn questions(place: &Place, names: &HostNames) -> Vec<Question> {
    let name = super::names::wanted(place, names).into_iter().next();
    let names = [None].into_iter().chain(name.map(Some));
    let names: Vec<Option<String>> = names.collect();
    place
        .ports
        .iter()
        .flat_map(|port| names.iter().map(|name| Question { port: *port, name: name.clone() }))
        .collect()
}

/// For each port of a place the worse of what was served with a name and without.
pub(super) fn compare(
    host: &dyn Executor,
    place: &Place,
    pair: &Pair,
    served: &BTreeMap<Question, Served>,
) -> Vec<(u16, Wire)> {
    if !place.on {
        return Vec::new();
    }
    let port = |port: &u16| {
        let asked = served.iter().filter(|(question, _)| question.port == *port);
        let wires = asked.map(|(question, served)| wire(host, pair, question, served));
        let worst = wires.max_by_key(|wire| match wire {
            Wire::File => 0,
            Wire::Nothing => 1,
            Wire::Unknown(_) => 2,
            Wire::Refused(_) => 3,
            Wire::Other(_) => 4,
        });
        Some((*port, worst?))
    };
    place.ports.iter().filter_map(port).collect()
}

fn wire(host: &dyn Executor, pair: &Pair, question: &Question, served: &Served) -> Wire {
    let to = question.name.as_ref().map_or_else(String::new, |name| format!(" to who asks for {name}"));
    match served {
        Served::Nothing => Wire::Nothing,
        Served::Refused(why) => Wire::Refused(why.clone()),
        Served::Unknown(why) => Wire::Unknown(why.clone()),
        Served::Chain { chain, .. } => {
            let Ok(seen) = certificates::gather(host, Source::Given(&Secret::new(chain.concat())), None)
            else {
                return Wire::Unknown("what is served cannot be read".to_owned());
            };
            let (Ok(file), Some(leaf)) = (&pair.chain, seen.certificates.first()) else {
                return Wire::Unknown("there is nothing to compare with".to_owned());
            };
            let prints = |chain: &[Certificate]| -> Vec<String> {
                chain.iter().map(|one| one.fingerprint.clone()).collect()
            };
            let (on_wire, in_file) = (prints(&seen.certificates), prints(file));
            match (on_wire.first() == in_file.first(), on_wire.starts_with(&in_file)) {
                (true, true) => Wire::File,
                (true, false) => Wire::Other(format!("other certificates behind the server's own{to}")),
                (false, _) => Wire::Other(format!(
                    "another certificate{to}: {}, until {}",
                    leaf.title(),
                    leaf.until.strftime("%Y-%m-%d")
                )),
            }
        }
    }
}
