//! The host at a glance, and the list of steps.

use super::{
    Page, Role, Span, Symbol, Writer, body,
    text::{TIE, bar, cell, clean, columns, columns_of},
};
use crate::{
    finding::{Finding, Severity, Status, score},
    wizard::{
        Model,
        model::{HostCard, Mode, StepPhase, StepState},
        navigation,
    },
};

/// Failing findings that the overview shows however low the screen is; the rest is on the steps page.
const WORST: usize = 8;

pub(super) fn overview(model: &Model, width: usize) -> Page {
    let mode = match model.mode {
        Mode::FirstBoot => "first boot",
        Mode::Maintenance => "maintenance",
    };
    let title = model.host.as_ref().map_or_else(|| "Looking at the host …".to_owned(), title);
    let mut w = Writer::new(title, mode, width);
    if let Some(open) = model.host.as_ref().and_then(|host| host.open_run.as_ref()) {
        let way = if open.alive { "goes on; a attaches to it" } else { "was interrupted" };
        w.spans(
            0,
            2,
            vec![
                Span::symbol(Role::Warning, Symbol::Warning),
                Span::new(Role::Warning, format!(" Run {} {way}: {}", clean(&open.run), clean(&open.about))),
            ],
        );
        w.gap();
    }
    hardening(model, &mut w);
    w.gap();
    let mut below = Writer::new("", "", width);
    match &model.host {
        Some(host) => {
            figures(host, &mut below);
            gauges(model, &mut below);
            remarks(host, &mut below);
        }
        None => below.text(Role::Dim, "Memory, disks and services: looking …"),
    }
    // Blank lines around them, and the line that counts the rest.
    let rows = usize::from(body(model, model.size).rows).saturating_sub(w.len() + below.len() + 2);
    worst(model, rows.max(WORST), &mut w);
    w.gap();
    w.page.lines.append(&mut below.page.lines);
    w.page
}

fn title(host: &HostCard) -> String {
    let platform =
        [&host.edition, &host.release].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let parts = [host.hostname.as_str(), &platform, host.system.as_str()];
    let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).map(clean).collect();
    known.join(" · ")
}

/// Score and counts, or how far the inspection is.
fn hardening(model: &Model, w: &mut Writer) {
    let looking = model.steps.iter().filter(|step| step.phase == StepPhase::Looking).count();
    let looked = model.steps.len() - looking;
    let mut spans = vec![Span::new(Role::Heading, "Hardening  ")];
    if looked == 0 && looking > 0 {
        spans.push(Span::new(Role::Dim, "looking …"));
        w.spans(0, 2, spans);
        return;
    }
    let score = score(model.findings());
    spans.push(Span::new(score_role(score), format!("{score:>3} / 100  ")));
    spans.push(bar(score_role(score), 20, u64::from(score), 100));
    let mut counted = counts(model.findings());
    if looking > 0 {
        let steps =
            if looking == 1 { "1 step still looks …" } else { &format!("{looking} steps still look …") };
        counted.push(Span::new(Role::Dim, format!("  {steps}")));
    }
    // Beside the bar where there is room, else below it.
    let room = w.width.saturating_sub(columns_of(&spans) + 3);
    if columns_of(&counted) <= room {
        spans.push(Span::new(Role::Text, "   "));
        spans.append(&mut counted);
    }
    w.spans(0, 11, spans);
    if !counted.is_empty() {
        w.spans(11, 11, counted);
    }
}

pub(super) fn score_role(score: u8) -> Role {
    match score {
        0..60 => Role::Bad,
        60..90 => Role::Warning,
        _ => Role::Good,
    }
}

/// "3 critical  4 high  2 unknown  41 pass".
pub(super) fn counts<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Span> {
    let (mut failing, mut unknown, mut pass) = ([0usize; 5], 0usize, 0usize);
    for finding in findings {
        match finding.status {
            Status::Fail => failing[finding.severity as usize] += 1,
            Status::Unknown => unknown += 1,
            Status::Pass => pass += 1,
            Status::NotApplicable => {}
        }
    }
    let mut spans = Vec::new();
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info] {
        let count = failing[severity as usize];
        if count > 0 {
            spans.push(Span::new(severity_role(severity), format!("{count}{TIE}{}  ", word(severity))));
        }
    }
    if unknown > 0 {
        spans.push(Span::new(Role::Unknown, format!("{unknown}{TIE}unknown  ")));
    }
    if pass > 0 || spans.is_empty() {
        spans.push(Span::new(Role::Good, format!("{pass}{TIE}pass")));
    }
    spans
}

pub(super) fn word(severity: Severity) -> &'static str {
    severity.word()
}

pub(super) fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical | Severity::High => Role::Bad,
        Severity::Medium | Severity::Low => Role::Warning,
        Severity::Info => Role::Dim,
    }
}

/// Glyph and role of a status.
pub(super) fn status(finding: &Finding) -> Span {
    match finding.status {
        Status::Pass => Span::symbol(Role::Good, Symbol::Pass),
        Status::Unknown => Span::symbol(Role::Unknown, Symbol::Unknown),
        Status::NotApplicable => Span::symbol(Role::Dim, Symbol::Nothing),
        Status::Fail if finding.severity >= Severity::High => Span::symbol(Role::Bad, Symbol::Fail),
        Status::Fail => Span::symbol(Role::Warning, Symbol::Warning),
    }
}

/// The worst of what fails, at most so many.
fn worst(model: &Model, most: usize, w: &mut Writer) {
    let mut failing: Vec<&Finding> =
        model.findings().filter(|finding| finding.status == Status::Fail).collect();
    failing.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    // The line that would count a single one has room for it.
    let most = if failing.len() == most + 1 { failing.len() } else { most };
    let step_width = if w.width >= 70 { 16 } else { 0 };
    let title_width = w.width.saturating_sub(13 + step_width);
    for finding in failing.iter().take(most) {
        let title = clean(&finding.title);
        // A title that has no room beside its step is told whole instead.
        let fits = columns(&title) <= title_width;
        let title = if fits { cell(&title, title_width) } else { title };
        let step = if fits { cell(finding.step.as_str(), step_width) } else { String::new() };
        w.spans(
            0,
            12,
            vec![
                status(finding),
                Span::new(severity_role(finding.severity), format!(" {:<10}", word(finding.severity))),
                Span::new(Role::Text, title + " "),
                Span::new(Role::Dim, step),
            ],
        );
    }
    if failing.len() > most {
        let words = format!("… and {} more: the list of steps has all of them.", failing.len() - most);
        w.text(Role::Dim, &words);
    }
    let judged = model.findings().next().is_some();
    if failing.is_empty() && judged {
        w.text(Role::Good, "Nothing is known to be wrong.");
    }
}

fn figures(host: &HostCard, w: &mut Writer) {
    match (&host.resources, &host.no_resources) {
        (Some(seen), _) => {
            let cpu = format!("{} processors, load {:.2}", seen.processors, seen.load);
            figure(w, "Processors", vec![Span::new(Role::Text, cpu)]);
            gauge(w, "Memory", seen.memory_used, seen.memory_total);
            for disk in &seen.disks {
                gauge(w, &format!("Disk {}", disk.mounted_on.display()), disk.used, disk.total);
            }
        }
        (None, Some(why)) => figure(w, "Memory, disks", vec![Span::new(Role::Unknown, clean(why))]),
        (None, None) => figure(w, "Memory, disks", vec![Span::new(Role::Dim, "looking …")]),
    }
    match &host.services {
        None => figure(w, "Services", vec![Span::new(Role::Dim, "looking …")]),
        Some(services) => {
            let named = |running: Option<bool>| {
                let of = services.iter().filter(|service| service.running == running);
                of.map(|service| clean(&service.name)).collect::<Vec<String>>()
            };
            let (up, down, unknown) = (named(Some(true)), named(Some(false)), named(None));
            let mut spans = match up.len() + down.len() {
                0 => vec![Span::new(Role::Unknown, "whether they run is not known")],
                _ => vec![Span::new(Role::Good, format!("{} running", up.len()))],
            };
            if !down.is_empty() {
                spans.push(Span::new(Role::Bad, format!("  {} stopped: {}", down.len(), down.join(" "))));
            }
            if !unknown.is_empty() {
                spans.push(Span::new(Role::Unknown, format!("  {} unknown", unknown.len())));
            }
            figure(w, "Services", spans);
        }
    }
    for (label, value) in &host.facts {
        figure(w, label, vec![Span::new(Role::Text, clean(value))]);
    }
}

/// What steps tell of the host in one line each.
fn gauges(model: &Model, w: &mut Writer) {
    for step in &model.steps {
        let StepPhase::Ready(findings) = &step.phase else { continue };
        for gauge in step.step.gauges(findings) {
            let role = if gauge.low { Role::Warning } else { Role::Accent };
            let words =
                Span::new(if gauge.low { role } else { Role::Text }, format!("  {}", clean(&gauge.words)));
            figure(w, &gauge.label, vec![bar(role, 16, gauge.amount.min(gauge.full), gauge.full), words]);
        }
    }
}

fn remarks(host: &HostCard, w: &mut Writer) {
    for remark in &host.remarks {
        w.spans(
            0,
            2,
            vec![
                Span::symbol(Role::Warning, Symbol::Warning),
                Span::new(Role::Text, format!(" {}", clean(remark))),
            ],
        );
    }
}

const LABEL: usize = 21;

fn figure(w: &mut Writer, label: &str, value: Vec<Span>) {
    let mut spans = vec![Span::new(Role::Heading, cell(&clean(label), LABEL - 2) + "  ")];
    spans.extend(value);
    w.spans(0, LABEL, spans);
}

fn gauge(w: &mut Writer, label: &str, used: u64, total: u64) {
    let full = total > 0 && u128::from(used) * 10 >= u128::from(total) * 9;
    let role = if full { Role::Warning } else { Role::Accent };
    let words = format!("  {} of {}", size(used), size(total));
    figure(w, label, vec![bar(role, 16, used, total), Span::new(Role::Text, words)]);
}

/// Bytes for people: "7.9 GB".
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (u128::from(bytes) * 10, 0);
    while value >= 10_000 && unit + 1 < UNITS.len() {
        value = value.div_ceil(1024);
        unit += 1;
    }
    if value >= 1000 || unit == 0 {
        format!("{} {}", value / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", value / 10, value % 10, UNITS[unit])
    }
}

/// The list of steps.
pub(super) fn steps(model: &Model, width: usize) -> Page {
    let ticked = model.steps.iter().filter(|step| step.ticked).count();
    let aside = format!("{ticked} of {} in the plan", model.steps.len());
    let mut w = Writer::new("Steps", aside, width);
    let title_width = (width / 3).clamp(24, 40);
    for index in navigation::step_order(model) {
        let Some(step) = model.steps.get(index) else { continue };
        let from = w.len();
        let tick = if step.ticked { Symbol::Ticked } else { Symbol::Unticked };
        let (glyph, mut state) = step_state(step);
        let mut spans = vec![
            Span::symbol(if step.ticked { Role::Accent } else { Role::Dim }, tick),
            Span::new(Role::Text, " "),
            glyph,
            Span::new(Role::Text, format!(" {}  ", cell(step.about().title, title_width - 2))),
        ];
        spans.append(&mut state);
        w.spans(0, title_width + 5, spans);
        if index == model.selected_step {
            w.focus(from);
        }
    }
    w.gap();
    // The same for every step: a line that changed with the selection would cost a serial console at each key.
    w.text(
        Role::Dim,
        "Walking through a step puts it into the plan; nothing changes before the plan is applied.",
    );
    w.page
}

/// Glyph and words for how a step stands.
pub(super) fn step_state(step: &StepState) -> (Span, Vec<Span>) {
    match &step.phase {
        StepPhase::Looking => {
            (Span::symbol(Role::Dim, Symbol::Busy), vec![Span::new(Role::Dim, "looking …")])
        }
        StepPhase::Failed(failure) => {
            let words = Span::new(Role::Unknown, format!("could not look: {}", clean(&failure.message)));
            (Span::symbol(Role::Unknown, Symbol::Unknown), vec![words])
        }
        StepPhase::Ready(findings) => {
            let rank = |finding: &&Finding| match finding.status {
                Status::Fail => (3, finding.severity),
                Status::Unknown => (2, finding.severity),
                Status::Pass => (1, finding.severity),
                Status::NotApplicable => (0, finding.severity),
            };
            let worst = findings.items.iter().max_by_key(rank);
            let glyph = worst.map_or_else(|| Span::symbol(Role::Dim, Symbol::Nothing), status);
            let mut words = counts(findings.items.iter());
            if findings.items.iter().all(|finding| finding.status == Status::NotApplicable) {
                words = vec![Span::new(Role::Dim, "does not apply here")];
            }
            (glyph, words)
        }
    }
}
