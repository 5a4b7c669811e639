//! What is asked: whether values are set, the figures that they are sized by, and one row for each option of Table 10.

use super::{
    amount::Amount,
    expected::Expected,
    facts::{Facts, Now},
    names::{asks, by, figure, id},
    sizing::{Becoming, Sized, sized},
};
use crate::{
    finding::{Finding, Status},
    ngcp::options::{
        self,
        tuning::{Range, Tuning, Unit},
    },
    steps::{
        Answers, Form,
        form::{Check, Choice, Field, Kind},
        size::Size,
    },
};

/// Titles of the table that the options stand in.
pub(super) const HEADS: [&str; 5] = ["Option", "low", "high", "Now", "Becomes (* new)"];
/// What stands where an option has no value.
pub(super) const UNSET: &str = "not set";

pub(super) fn form(found: &[Finding], facts: &Facts) -> Form {
    let mut fields = vec![values(found, facts)];
    if facts.unread.is_none() && !facts.options.is_empty() {
        let figures = figures(facts).into_iter().chain(shadowed(facts));
        let proposed = sized(facts, &proposing(Answers::default()));
        let options = sorted(&proposed).into_iter().map(|becoming| option(found, becoming));
        let asked = figures.chain(options).map(|field| field.only_if(asks::VALUES, by::PROPOSED).optional());
        fields.extend(asked);
    }
    let settled = settled(&fields);
    Form { fields, note: note(facts), settled, heads: HEADS.map(str::to_owned).to_vec() }
}

/// The options group by group: what takes memory, workers, disk, logs.
pub(super) fn sorted<'s, 'f>(sized: &'s Sized<'f>) -> Vec<&'s Becoming<'f>> {
    let mut all: Vec<&Becoming<'f>> = sized.options.iter().collect();
    all.sort_by_key(|one| one.option.group);
    all
}

/// The same answers, but with the values that are proposed.
pub(super) fn proposing(mut answers: Answers) -> Answers {
    let proposed = crate::steps::Answer::Choice(by::PROPOSED.to_owned());
    answers.values.insert(asks::VALUES.to_owned(), proposed);
    answers
}

fn note(facts: &Facts) -> Option<String> {
    facts.unread.as_ref().map(|why| format!("Nothing can be sized: {why}."))
}

/// Whether values are set.
fn values(found: &[Finding], facts: &Facts) -> Field {
    let mut options = vec![Choice::from((by::LEAVE, "leave", "Nothing is changed."))];
    if facts.unread.is_none() && !facts.options.is_empty() {
        let effect = "Each option as it is proposed, or as you answer its row; one apply for all of them.";
        options.push((by::PROPOSED, "as proposed", effect).into());
    }
    let about =
        |finding: &&Finding| finding.field.as_deref() == Some(asks::VALUES) && finding.status == Status::Fail;
    let worst = found.iter().filter(about).max_by_key(|finding| finding.severity);
    let first = || found.iter().find(|finding| finding.field.as_deref() == Some(asks::VALUES));
    let wrong = found.iter().filter(|finding| finding.status == Status::Fail).count();
    let mut field = Field::choice(asks::VALUES, "Values", options, by::LEAVE).about(worst.or_else(first));
    field.now = Some(match wrong {
        _ if facts.unread.is_some() || facts.options.is_empty() => "not known".to_owned(),
        0 => format!("{} options", facts.options.len()),
        1 => "1 finding fails".to_owned(),
        more => format!("{more} findings fail"),
    });
    field.as_it_is = Some(by::LEAVE.to_owned());
    field
}

/// What the values are sized by: as it was measured, as far as it was.
fn figures(facts: &Facts) -> [Field; 5] {
    let told = Expected::of(facts);
    let number = |default: i64, max: i64| Kind::Number { default: default.clamp(0, max), min: 0, max };
    let field = |key: &str, label: &str, kind: Kind, now: Option<String>, help: &str| Field {
        now,
        ..Field::new(key, label, kind).help(help)
    };
    let unknown = |told: Option<i64>, max: i64| {
        let effect = "What depends on it is left as it is.";
        Kind::Either {
            words: vec![(by::UNKNOWN, "not known", effect).into()],
            default: told.map_or_else(|| by::UNKNOWN.to_owned(), |told| told.clamp(0, max).to_string()),
            or: Box::new(number(told.unwrap_or(0), max)),
            because: None,
        }
    };
    let measured = |name: &str| facts.measured.get(name).map(|one| format!("{:.0}", one.value));
    let subscribers = measured(figure::SUBSCRIBERS_NOW).map(|all| format!("{all} counted"));
    let nated = measured(figure::NATED_NOW).zip(measured(figure::REGISTERED_NOW));
    let nated = nated.map(|(nated, all)| format!("{nated} of {all} phones"));
    let every = Some(format!("{} s", told.register_every));
    [
        field(
            asks::SUBSCRIBERS,
            "Subscribers",
            unknown(told.subscribers, 10_000_000),
            subscribers.or(Some("not known".to_owned())),
            "Accounts whose phones register here. 0: none, a test system.",
        ),
        field(
            asks::BEHIND_NAT,
            "Of 100 behind NAT",
            unknown(told.behind_nat, 100),
            nated.or(Some("not known".to_owned())),
            "Phones behind a router need a keepalive every interval, or calls do not reach them.",
        ),
        field(
            asks::REGISTER_EVERY,
            "Registers every, s",
            number(told.register_every, 31_536_000),
            every,
            "How often a phone registers; the shorter, the more REGISTER requests a second.",
        ),
        field(
            asks::CALLS,
            "Calls a second",
            number(told.calls.unwrap_or(0), 10_000),
            None,
            "Calls that begin in a second of the busy hour. Taken to be one for each 1000 subscribers.",
        ),
        field(
            asks::GROWTH,
            "Growth, of 100",
            number(told.growth, 1000),
            None,
            "So many of 100 more subscribers, calls and rows in the database are planned for.",
        ),
    ]
}

/// What becomes of values that another file decides; asked only where there are some.
fn shadowed(facts: &Facts) -> Option<Field> {
    let files: Vec<String> = facts
        .options
        .iter()
        .filter_map(|option| {
            let shadow = option.shadow.as_ref()?;
            Some(format!("{} line {}", shadow.file.display(), shadow.line))
        })
        .collect();
    if files.is_empty() {
        return None;
    }
    let options = [
        (by::REFUSE, "refuse", "Values that another file decides are not changed: the plan names the file."),
        (by::THERE, "change it there", "They are changed in the file that decides them."),
    ];
    let mut field = Field::choice(asks::SHADOWED, "Decided elsewhere", options, by::REFUSE)
        .help("A value of another file is used in place of that of config.yml.");
    field.now = Some(files.join(", "));
    Some(field)
}

/// The row of an option.
fn option(found: &[Finding], becoming: &Becoming<'_>) -> Field {
    let (now, option) = (becoming.now, becoming.option);
    let proposed = becoming.proposed.as_ref().map(|_| becoming.text().unwrap_or_default());
    let auto = match &proposed {
        Some(value) if becoming.changes() => format!("It becomes {value}, with today's figures."),
        Some(_) => "It is so already.".to_owned(),
        None => "It stays as it is.".to_owned(),
    };
    let label = if proposed.is_some() || option.sized.is_some() { "as proposed" } else { "no proposal" };
    let words =
        vec![Choice::from((by::AUTO, label, auto)), (by::KEEP, "as it is", "It is not changed.").into()];
    let kind = kind(option, now, words);
    let finding = found.iter().find(|finding| finding.id == id::option(&now.name));
    let mut field = Field::new(&now.name, &option.label, kind).about(finding).help(&option.why);
    field.now = Some(now.text.clone().unwrap_or_else(|| UNSET.to_owned()));
    field.columns =
        [&now.low, &now.high].map(|value| value.clone().unwrap_or_else(|| "-".to_owned())).to_vec();
    let elsewhere = now.from.clone().filter(|_| now.shadow.is_some());
    field.told = elsewhere.map(|from| ("From", from)).into_iter().collect();
    field.told.push(("Costs", option.costs.clone()));
    field
}

/// What can be answered besides the words.
fn kind(option: &Tuning, now: &Now, mut words: Vec<Choice>) -> Kind {
    let default = by::AUTO.to_owned();
    let number = |range: &Range| Kind::Number { default: range.min, min: range.min, max: range.max };
    let or = match &option.unit {
        Unit::Count(range) | Unit::Megabytes(range) | Unit::Seconds(range) | Unit::Days(range) => {
            number(range)
        }
        Unit::Size(range) => {
            // The table was judged when it was read.
            let size = |text: &str| text.parse::<Size>().unwrap_or(Size::kib(0));
            Kind::Size { default: size(&range.min), min: size(&range.min), max: size(&range.max) }
        }
        Unit::Switch => {
            let mut more = [("yes", "on"), ("no", "off")].map(|(value, label)| (value, label, "").into());
            for (word, choice) in more.iter_mut().enumerate() {
                let word = Amount::Word(if word == 0 { "yes" } else { "no" }.to_owned());
                let Choice { effect, .. } = choice;
                *effect = format!("It is set to {}.", word.written(now.text.as_deref()));
            }
            words.extend(more);
            return Kind::Choice { options: words, default };
        }
        Unit::Words(all) => {
            words.extend(all.iter().map(|word| Choice::from((word, word, format!("It is set to {word}.")))));
            return Kind::Choice { options: words, default };
        }
        Unit::Host => {
            let check = Check(|text| Amount::Word(text.to_owned()).is_legal(&Unit::Host));
            Kind::Text { default: String::new(), limit: 253, file: false, check }
        }
    };
    Kind::Either { words, default, or: Box::new(or), because: option.dangerous.clone() }
}

/// What an answers file may answer though it is not asked here.
fn settled(fields: &[Field]) -> Vec<String> {
    let figures = [
        asks::SUBSCRIBERS,
        asks::BEHIND_NAT,
        asks::REGISTER_EVERY,
        asks::CALLS,
        asks::GROWTH,
        asks::SHADOWED,
    ];
    let options = options::all().iter().filter(|option| option.tuning.is_some());
    let all = figures.into_iter().chain(options.map(|option| option.name.as_str()));
    all.filter(|key| fields.iter().all(|field| field.key != **key)).map(str::to_owned).collect()
}
