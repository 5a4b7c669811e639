//! Random messages in random order: no panic, Back always leads home, and a planted password is never printed.

use std::sync::Arc;

use ngcp_warden::{
    executor::{Disk, Resources, Stream, World},
    finding::{Finding, Severity, Status},
    plan::{Foreign, Guard, Outcome, Plan},
    runner::{Event, NotKept, Record, Report, RunOutcome, State},
    secret::{Secret, Secrets},
    steps::{
        Form,
        form::{Check, Field, Kind},
    },
    wizard::{
        Effect, Failure, Key, Message, Model, Screen,
        draft::{Draft, StepDraft},
        keys,
        model::{HostCard, Mode, OpenRun, PastRun, Service},
        page, update,
    },
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::support::{CANARY, STEPS, choice, field, finding, findings, id, plan};

/// Messages per wizard, and wizards, for each way in: together over 100,000.
const MESSAGES: usize = 400;
const WIZARDS: u32 = 130;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        90 => "[a-z ]{0,12}",
        8 => any::<String>(),
        1 => Just("木漏れ日\u{202e}\u{1b}[2J\0 \u{a0}\u{300}".repeat(40)),
        1 => Just("x".repeat(20_000)),
    ]
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => select(vec![
            Key::Enter, Key::Tab, Key::BackTab, Key::Up, Key::Down, Key::Left, Key::Right, Key::Home, Key::End,
            Key::PageUp, Key::PageDown, Key::Backspace, Key::Delete, Key::F(1), Key::F(10), Key::Ctrl('u'),
            Key::Ctrl('w'), Key::Ctrl('k'), Key::Ctrl('l'),
        ]),
        6 => select("abcdgiklnpstuvwx ?ccuuaa".chars().map(Key::Char).collect::<Vec<_>>()),
        2 => Just(Key::Esc),
        1 => any::<char>().prop_map(Key::Char),
        1 => any::<u8>().prop_map(Key::F),
    ]
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let states = [Status::Pass, Status::Fail, Status::Unknown, Status::NotApplicable];
    (select(severities.to_vec()), select(states.to_vec()), any_text(), any_text()).prop_map(
        |(severity, status, title, evidence)| Finding {
            evidence,
            ..finding("access", severity, status, &title)
        },
    )
}

fn any_step() -> impl Strategy<Value = &'static str> {
    select(vec!["access", "passwords", "cluster", "noatime"])
}

fn any_failure() -> impl Strategy<Value = Failure> {
    (any_text(), vec(any_text(), 0..3)).prop_map(|(message, hints)| Failure { message, hints, step: None })
}

fn any_plan() -> impl Strategy<Value = Plan> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any_text()).prop_map(|(empty, guarded, foreign, text)| {
        let mut plan = if empty { Plan::default() } else { plan() };
        for change in &mut plan.changes {
            change.diff.clone_from(&text);
            change.interrupts = guarded.then(|| text.clone());
            change.guard = guarded.then(|| Guard { seconds: 60, what: text.clone(), steps: Vec::new() });
        }
        plan.reminders.push(text.clone());
        plan.foreign =
            foreign.then(|| Foreign { files: vec![text.clone()], diff: text, ..Foreign::default() });
        plan
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let change =
        || select(vec!["passwords.root".to_owned(), "passwords.cdr".to_owned(), "nothing".to_owned()]);
    let outcomes = [Outcome::Done, Outcome::Unchanged, Outcome::Warning, Outcome::Failed, Outcome::Skipped];
    let outcome = move || select(outcomes.to_vec());
    let not_kept =
        || select(vec![None, Some(NotKept::Reverted), Some(NotKept::Unconfirmed), Some(NotKept::Overtaken)]);
    let ends = [
        RunOutcome::Done,
        RunOutcome::Unchanged,
        RunOutcome::Warning,
        RunOutcome::Failed,
        RunOutcome::Stopped,
    ];
    prop_oneof![
        (any_plan(), any_text(), vec(any_finding(), 0..3)).prop_map(|(plan, operator, findings)| {
            Event::Started {
                run: "r".to_owned(),
                plan: Box::new(plan),
                operator,
                findings,
                undoes: None,
                host: String::new(),
            }
        }),
        any_text().prop_map(|operator| Event::Resumed { operator }),
        change().prop_map(|change| Event::Before { change }),
        (change(), any_text()).prop_map(|(change, line)| Event::Output { change, stream: Stream::Err, line }),
        (change(), outcome(), any_text(), any::<u64>(), not_kept()).prop_map(
            |(change, outcome, message, took, not_kept)| {
                Event::After { change, outcome, diff: message.clone(), message, took, not_kept }
            }
        ),
        (change(), any::<u64>()).prop_map(|(change, seconds)| Event::Waiting { change, seconds }),
        change().prop_map(|change| Event::Kept { change }),
        (change(), outcome(), any_text()).prop_map(|(change, outcome, message)| Event::Undone {
            change,
            outcome,
            message
        }),
        Just(Event::Stopping),
        (select(ends.to_vec()), option::of(any_text()), vec(any_finding(), 0..3))
            .prop_map(|(outcome, report, findings)| Event::Finished { outcome, findings, report }),
    ]
}

fn any_host() -> impl Strategy<Value = HostCard> {
    (any_text(), any::<u64>(), any::<u64>(), any::<f64>(), any::<Option<bool>>(), any::<bool>()).prop_map(
        |(text, a, b, load, running, some)| HostCard {
            hostname: text.clone(),
            edition: Some(text.clone()),
            resources: some.then(|| Resources {
                processors: 4,
                load,
                memory_total: a,
                memory_used: b,
                disks: vec![Disk { mounted_on: text.clone().into(), total: b, used: a }],
                uptime: a,
            }),
            services: some.then(|| vec![Service { name: text.clone(), running }]),
            facts: vec![(text.clone(), text.clone())],
            obstacle: (running == Some(true)).then(|| text.clone()),
            open_run: running.map(|alive| OpenRun {
                run: text.clone(),
                about: text.clone(),
                alive,
                changes: vec![(text.clone(), text)],
            }),
            ..HostCard::default()
        },
    )
}

fn any_draft() -> impl Strategy<Value = Draft> {
    (any_step(), select(vec!["root", "remark", "days", "vendor"]), any_text(), any::<bool>()).prop_map(
        |(step, key, value, ticked)| {
            let kept = StepDraft { ticked, values: [(key.to_owned(), value)].into() };
            Draft { place: Some(id(step)), steps: [(id(step), kept)].into() }
        },
    )
}

/// A password where passwords come from: pasted, or made up for a run.
fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        40 => any_key().prop_map(Message::Key),
        3 => any_text().prop_map(|text| Message::Paste(Secret::new(text))),
        1 => vec(any::<u8>(), 0..9).prop_map(|bytes| Message::Paste(Secret::new(bytes))),
        1 => (0u16..200, 0u16..80).prop_map(|(columns, rows)| Message::Resized { columns, rows }),
        4 => (60u16..200, 16u16..80).prop_map(|(columns, rows)| Message::Resized { columns, rows }),
        1 => any_host().prop_map(|host| Message::HostSeen(Box::new(host))),
        3 => (any_step(), vec(any_finding(), 0..6))
            .prop_map(|(step, items)| Message::Inspected { step: id(step), result: Ok(findings(items)) }),
        1 => (any_step(), any_failure())
            .prop_map(|(step, failure)| Message::Inspected { step: id(step), result: Err(failure) }),
        4 => (1u64..20, any_plan())
            .prop_map(|(ticket, plan)| Message::Planned { ticket, result: Ok(Arc::new(plan)) }),
        1 => (1u64..20, any_failure()).prop_map(|(ticket, failure)| Message::Planned { ticket, result: Err(failure) }),
        1 => Just(()).prop_map(|()| {
            let start = Box::new(Effect::ContinueRun { run: "r".to_owned(), secrets: Secrets::default() });
            Message::MadeUp { start, shown: made_up() }
        }),
        1 => Just(()).prop_map(|()| Message::RunStarted("r".to_owned())),
        1 => any_failure().prop_map(Message::RunRefused),
        8 => (any::<u64>(), any_event()).prop_map(|(number, event)| {
            // Mostly in order, now and then not; the clock jumps.
            let at = i64::try_from(number % 4_000_000_000).unwrap_or(0) - 2_000_000_000;
            let number = if number % 7 == 0 { number % 50 } else { number / 1000 * 1000 + number % 1000 };
            Message::Run(Box::new(Record { number, at: jiff::Timestamp::from_second(at).unwrap(), event }))
        }),
        1 => Just(Message::RunEnded),
        1 => (1u64..20, any_plan(), vec(any_finding(), 0..6)).prop_map(|(ticket, plan, before)| {
            Message::UndoPlanned { ticket, result: Ok(Arc::new(plan)), before }
        }),
        1 => (vec(any_event(), 0..5), any_plan(), 0usize..4).prop_map(|(events, plan, count)| {
            let (run, operator, host) = ("r".to_owned(), String::new(), String::new());
            let plan = Box::new(plan);
            let first = Event::Started { run, plan, operator, findings: vec![], undoes: None, host };
            let at = jiff::Timestamp::UNIX_EPOCH;
            let records = (1..).zip([first].into_iter().chain(events));
            let records: Vec<_> = records.map(|(number, event)| Record { number, at, event }).collect();
            let report = Report::of(&records).unwrap();
            let past = PastRun { state: State::Finished, report, undone_by: None };
            Message::RunsSeen(Ok(vec![past; count]))
        }),
        2 => any::<u64>().prop_map(|elapsed| Message::Beat { elapsed }),
        1 => any_draft().prop_map(Message::Loaded),
        1 => any_failure().prop_map(|failure| Message::Saved(Err(failure))),
        1 => any_text().prop_map(|path| Message::Written(Ok(path))),
        1 => any_text().prop_map(|path| Message::PasswordsStored(Ok(path))),
        1 => any_text().prop_map(Message::Notice),
    ]
}

fn made_up() -> Vec<(String, Secret)> {
    vec![("account cdrexport".to_owned(), Secret::new(CANARY))]
}

/// What the glue would answer, so that random walks get deep.
fn answer(effect: &Effect, plan: &Plan) -> Option<Message> {
    match effect {
        Effect::MakePlan { ticket, .. } => {
            Some(Message::Planned { ticket: *ticket, result: Ok(Arc::new(plan.clone())) })
        }
        Effect::MakeUp(start) => Some(Message::MadeUp { start: start.clone(), shown: made_up() }),
        Effect::StartRun { .. } => Some(Message::RunStarted("r".to_owned())),
        Effect::WriteView { text, .. } => {
            assert!(!text.contains("Zebra7"), "a copy of a page shows a password");
            None
        }
        _ => None,
    }
}

fn draw(model: &Model) {
    let size = page::body(model, model.size);
    let shown = page::page(model, size.columns);
    let top = page::window(model, &shown, size.rows);
    assert!(top == 0 || top < shown.lines.len(), "something is on the screen");
    let secret = model.screen != Screen::Passwords;
    assert!(!(secret && shown.text().contains("Zebra7")), "{:?} shows a password", model.screen);
    assert!(!format!("{shown:?}").contains("Zebra7"));
    let _ = page::dialog(model, size.columns.min(68));
    let footer = keys::footer(model);
    assert!(!footer.is_empty(), "there is always something to be done");
    for key in footer.iter().flat_map(|hint| &hint.keys) {
        assert!(keys::intent(model, *key).is_some(), "the footer offers {key:?} and it means nothing");
    }
}

/// Esc, again and again, ends at the overview without a question, and so does `b` where it is not typed.
fn goes_home(model: &Model) {
    let home = |mut model: Model, key: fn(&Model) -> Key| {
        // Where pages do not fit keys mean nothing.
        update(&mut model, Message::Resized { columns: 60, rows: 16 });
        for _ in 0..40 {
            if model.screen == Screen::Overview && model.dialog.is_none() {
                return;
            }
            let key = key(&model);
            update(&mut model, Message::Key(key));
        }
        panic!("no way back from {:?}, {:?}", model.screen, model.dialog);
    };
    home(model.clone(), |_| Key::Esc);
    home(model.clone(), |model| if model.typing() { Key::Esc } else { Key::Char('b') });
}

/// One wizard after the other takes the messages in.
fn takes(mode: Mode, reviewed: &Plan, messages: Vec<Message>) {
    let mut model = Model::new(&STEPS, mode, World::Demo);
    update(&mut model, Message::Begin);
    for (count, message) in messages.into_iter().enumerate() {
        let mut effects = update(&mut model, message);
        let mut printed = format!("{effects:?}");
        while let Some(effect) = effects.pop() {
            if let Some(message) = answer(&effect, reviewed) {
                printed.push_str(&format!("{message:?}"));
                effects.extend(update(&mut model, message));
            }
        }
        assert!(!printed.contains("Zebra7"), "an effect shows a password: {printed}");
        if count % 5 == 0 {
            // A password is typed wherever the focus is, but only into a secret field.
            let secret = model
                .current_step()
                .and_then(|step| step.form.focused())
                .is_some_and(|field| matches!(field.kind, Kind::Secret { .. }));
            if secret && model.typing() {
                update(&mut model, Message::Paste(Secret::new(CANARY)));
            }
            draw(&model);
        }
        if count % 50 == 0 {
            assert!(!format!("{model:?}").contains("Zebra7"), "the model shows a password");
            // Who has left goes nowhere.
            if model.exit.is_none() {
                goes_home(&model);
            }
        }
        if model.exit.is_some() {
            // Over: the next session begins.
            model = Model::new(&STEPS, mode, World::Demo);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: WIZARDS, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_on_the_first_boot(reviewed in any_plan(), messages in vec(any_message(), MESSAGES)) {
        takes(Mode::FirstBoot, &reviewed, messages);
    }

    #[test]
    fn any_messages_in_maintenance(reviewed in any_plan(), messages in vec(any_message(), MESSAGES)) {
        takes(Mode::Maintenance, &reviewed, messages);
    }

    #[test]
    fn any_form_has_a_focus_that_is_asked(
        dependencies in vec((0usize..6, 0usize..3, any::<bool>()), 1..6),
        keys in vec(any_key(), 60),
    ) {
        // Questions that depend on each other in any way, in circles as well.
        let fields: Vec<Field> = dependencies.iter().enumerate().map(|(index, (on, value, depends))| {
            let (on, value) = (format!("f{on}"), ["a", "b", "c"][*value]);
            let kind = if index % 4 == 3 { Kind::Text { default: String::new(), limit: 5, file: false, check: Check::NONE } } else { choice(&["a", "b", "c"]) };
            field(&format!("f{index}"), kind, depends.then_some((on.as_str(), value)))
        }).collect();
        let form = ngcp_warden::wizard::form::FormState::new(Form { fields, ..Form::default() });
        let mut model = Model::new(&STEPS, Mode::FirstBoot, World::Demo);
        model.steps[0].form = form;
        model.screen = Screen::Step(0);
        for key in keys {
            update(&mut model, Message::Key(key));
            let form = &model.steps[0].form;
            let asked = form.visible().any(|(index, ..)| index == form.focus().field);
            prop_assert!(asked || form.visible().next().is_none());
        }
    }
}
