//! One option: whether its value does harm here, and whether the running service has it.

use super::super::{
    amount::Amount,
    facts::{Facts, Now, Running},
    guard,
    names::{ABOUT, id},
    sizing::Becoming,
};
use crate::{
    finding::{Finding, Severity, Status, one_line},
    ngcp::{
        kamailio::{Instance, Told},
        options::tuning::{InForce, Of},
    },
};

/// Less than this part of its memory is left: the next peak takes it.
const LITTLE: f64 = 0.05;

/// Why values of today do not go together, each with the option.
pub(super) fn beside(options: &[Becoming<'_>]) -> Vec<(String, String)> {
    let has = |name: &str| {
        let one = options.iter().find(|one| one.now.name == name)?;
        one.has.as_ref()?.as_ref().ok()
    };
    guard::beside(has, |_| true)
}

/// Fails only where the value is illegal or does harm on this host; `together` is what was found of all options.
pub(super) fn harm(
    one: &Becoming<'_>,
    facts: &Facts,
    beside: &[(String, String)],
    together: &[Finding],
) -> Finding {
    let (now, option) = (one.now, one.option);
    let shown = now.text.as_deref().map(one_line).unwrap_or_default();
    let place = now.from.as_deref().unwrap_or("no file has it");
    let label = &option.label;
    let with_others = || beside.iter().find(|(name, _)| *name == now.name).map(|(_, why)| why.clone());
    let (status, title, evidence) = match &one.has {
        None if now.is_empty() => (
            Status::NotApplicable,
            format!("{label}: not set here"),
            format!("{place}: no value stands there"),
        ),
        None if now.from.is_some() => (
            Status::Unknown,
            format!("{label}: the value is not known"),
            format!("{place} decides it; what stands there is not read"),
        ),
        None => (
            Status::NotApplicable,
            format!("{label}: not set here"),
            format!("{} is in no file; the release's own value counts", now.path.join(".")),
        ),
        Some(Err(why)) => {
            (Status::Fail, format!("{label}: what is set is no value"), format!("{place}: {}", one_line(why)))
        }
        Some(Ok(has)) => {
            let wrong = guard::alone(option, has).or_else(with_others);
            let seen =
                || scarce(option.seen.as_ref(), facts).or_else(|| suffered(&now.name, facts, together));
            match wrong.or_else(seen) {
                Some(why) => {
                    (Status::Fail, format!("{label}: {shown} does harm"), format!("{why}; set in {place}"))
                }
                None => {
                    let warned = option
                        .warned
                        .as_ref()
                        .filter(|warned| has.number().is_some_and(|number| number > warned.above as f64));
                    let words = warned.map_or_else(String::new, |warned| format!("; {}", warned.words));
                    (
                        Status::Pass,
                        format!("{label}: {shown} is within its limits"),
                        format!("set in {place}{words}"),
                    )
                }
            }
        }
    };
    // A legal value is nothing that makes a host better: it weighs nothing.
    let severity = match status {
        Status::Fail if option.dangerous.is_some() => Severity::High,
        Status::Fail => Severity::Medium,
        _ => Severity::Info,
    };
    let remedy = format!("{} {}", option.why, "Answer its row with the proposal or a value of yours.");
    Finding {
        field: Some(now.name.clone()),
        ..ABOUT.finding(&id::option(&now.name), severity, status, title, evidence, &remedy)
    }
}

/// Whether a running kamailio has next to nothing left of the memory that this option gives it.
fn scarce(seen: Option<&InForce>, facts: &Facts) -> Option<String> {
    let InForce::Kamailio { instance, of } = seen? else { return None };
    let one = facts.kamailio.iter().find(|one| one.is(instance))?;
    let told = one.told.as_ref()?;
    let (of, what, left) = match of {
        Of::SharedMemory => (one.shared_memory?, "shared memory", told.shared_least?),
        Of::PrivateMemory => (one.private_memory?, "a process's own memory", told.private_free?),
        _ => return None,
    };
    (left < of as f64 * LITTLE)
        .then(|| format!("kamailio-{instance} had only {left:.1} of {of} MB left of {what}"))
}

/// What a finding of this host says that this option is to blame for.
fn suffered(name: &str, facts: &Facts, together: &[Finding]) -> Option<String> {
    let failed = |id: &str| {
        let found = together.iter().find(|finding| finding.id == id && finding.status == Status::Fail)?;
        Some(found.evidence.clone())
    };
    match name {
        "buffer-pool-size" => failed(id::HIT_RATE),
        "natping-processes" | "natping-interval" => failed(id::NATPING_CAPACITY),
        _ => facts.out_of_memory.iter().find_map(|one| {
            let (memory, what) = if one.private {
                ("pkg-mem", "a process's own memory")
            } else {
                ("shm-mem", "shared memory")
            };
            (name == format!("{}-{memory}", one.instance)).then(|| {
                let (file, lines) = (one.file.display(), one.lines);
                format!("kamailio-{} ran out of {what}: {lines} lines of {file} say it", one.instance)
            })
        }),
    }
}

/// Whether the running service has the value of the files; nothing where no host tells it.
pub(in super::super) fn in_force(one: &Becoming<'_>, facts: &Facts) -> Option<Finding> {
    let (now, label) = (one.now, &one.option.label);
    let seen = one.option.seen.as_ref()?;
    let waiting = facts.waiting.as_ref().map_or_else(String::new, |waiting| format!("; {waiting}"));
    let (status, title, evidence) = match (&now.running, &now.text) {
        (Running::NotTold, _) => return None,
        (Running::Unseen(why), _) => {
            (Status::Unknown, format!("{label}: the value in force is not known"), one_line(why))
        }
        (Running::Is { value, by }, None) => (
            Status::NotApplicable,
            format!("{label}: {} is in force", one_line(value)),
            format!("{by} has it; no file that is read says what it should be"),
        ),
        (Running::Is { value, by }, Some(text)) if is_same(one, value, text) => {
            (Status::Pass, format!("{label}: {} is in force", one_line(value)), format!("{by}{waiting}"))
        }
        (Running::Is { by, .. }, Some(_)) if switched_off(seen, facts) => (
            Status::NotApplicable,
            format!("{label}: no process is started"),
            format!("{by} has none, because natping_interval is 0"),
        ),
        (Running::Is { value, by }, Some(text)) => (
            Status::Fail,
            format!("{label}: {} is in force, not {}", one_line(value), one_line(text)),
            format!("{by} has {}, {} says {}{waiting}", one_line(value), place(now), one_line(text)),
        ),
    };
    let remedy =
        "Apply the configuration; if it stays so, see whether the service restarted and who else decides it.";
    let id = id::in_force(&now.name);
    let severity = if status == Status::Fail { Severity::Medium } else { Severity::Info };
    Some(ABOUT.finding(&id, severity, status, title, evidence, remedy))
}

fn place(now: &Now) -> &str {
    now.from.as_deref().unwrap_or("the configuration")
}

/// `64M` and `65536K` are the same; a text that is no value of the unit is compared as it is.
fn is_same(one: &Becoming<'_>, value: &str, text: &str) -> bool {
    let read = |text: &str| Amount::read(&one.option.unit, text).ok();
    match (read(value), read(text)) {
        (Some(value), Some(text)) => {
            value == text || value.number().zip(text.number()).is_some_and(|(a, b)| a == b)
        }
        _ => value.trim() == text.trim(),
    }
}

/// With an interval of 0 kamailio starts no process that sends keepalives.
fn switched_off(seen: &InForce, facts: &Facts) -> bool {
    let InForce::Kamailio { of: Of::Pingers, instance } = seen else { return false };
    let none = |told: &Told| told.pingers == 0;
    let proxy: Option<&Instance> = facts.kamailio.iter().find(|one| one.is(instance));
    let interval = facts.options.iter().find(|now| now.name == "natping-interval");
    proxy.and_then(|one| one.told.as_ref()).is_some_and(none)
        && interval.and_then(|now| now.text.as_deref()).is_some_and(|text| text.trim() == "0")
}
