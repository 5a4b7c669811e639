//! Steps that need no host, a desk to press keys at, and words to read off the pages.

use std::sync::Arc;

use ngcp_warden::{
    executor::{Executor, World},
    finding::{Finding, Severity, Status, StepId},
    plan::{Action, Change, CommandLine, Generated, Making, Outcome, Plan, Template, Undo},
    runner::{Event, Record, RunOutcome},
    secret::{Secret, SecretForm},
    steps::{
        About, Answers, Findings, Form, Step,
        form::{Check, Choice, Field, Kind},
    },
    wizard::{
        Effect, Key, Message, Model, Screen,
        model::{HostCard, Mode},
        page, update,
    },
};

/// A password that no Debug output may show.
pub(crate) const CANARY: &str = "canary-Zebra7-Flugzeug";

/// A step whose findings come from the test.
pub(crate) struct Fake {
    about: About,
    asks: fn() -> Form,
}

impl Step for Fake {
    fn about(&self) -> &'static About {
        // Fakes are statics; leaking would do as well.
        FAKES.iter().map(|fake| &fake.about).find(|about| about.id == self.about.id).unwrap()
    }
    fn inspect(&self, _: &dyn Executor) -> anyhow::Result<Findings> {
        anyhow::bail!("the tests inspect")
    }
    fn form(&self, findings: &Findings) -> anyhow::Result<Form> {
        if findings.items.iter().all(|finding| finding.status == Status::NotApplicable) {
            return Ok(Form::default());
        }
        Ok((self.asks)())
    }
    fn plan(&self, _: &Findings, _: &Answers) -> anyhow::Result<Plan> {
        Ok(Plan::default())
    }
}

const fn about(id: &'static str, title: &'static str) -> About {
    About {
        id: StepId::new(id),
        title,
        why: "Robots try it. Somebody else's phone bill.",
        handbook: "15.3",
        settled_by: &[],
    }
}

static FAKES: [Fake; 4] = [
    Fake { about: about("access", "Support access"), asks: ask_access },
    Fake { about: about("passwords", "Passwords"), asks: ask_passwords },
    Fake { about: about("cluster", "Cluster"), asks: Form::default },
    Fake { about: about("noatime", "Access times"), asks: ask_noatime },
];

pub(crate) static STEPS: [&dyn Step; 4] = [&FAKES[0], &FAKES[1], &FAKES[2], &FAKES[3]];

pub(crate) fn field(key: &str, kind: Kind, only_if: Option<(&str, &str)>) -> Field {
    let only_if = only_if.map(|(key, value)| (key.to_owned(), vec![value.to_owned()]));
    Field { only_if, ..Field::new(key, key, kind) }
}

pub(crate) fn choice(values: &[&str]) -> Kind {
    let option = |value: &&str| Choice {
        value: (*value).to_owned(),
        label: (*value).to_owned(),
        effect: String::new(),
    };
    Kind::Choice { options: values.iter().map(option).collect(), default: values[0].to_owned() }
}

fn ask_access() -> Form {
    Form { fields: vec![field("vendor", choice(&["disable", "leave"]), None)], ..Form::default() }
}

fn ask_noatime() -> Form {
    Form { fields: vec![field("mode", choice(&["noatime", "leave"]), None)], ..Form::default() }
}

fn ask_passwords() -> Form {
    let secret = Kind::Secret { hints: vec!["root".to_owned()], ascii_only: false };
    Form {
        fields: vec![
            field("root", choice(&["leave", "set", "generate"]), None),
            field("root.password", secret, Some(("root", "set"))),
            field(
                "remark",
                Kind::Text { default: String::new(), limit: 20, file: false, check: Check::NONE },
                None,
            ),
            field("days", Kind::Number { default: 30, min: 1, max: 90 }, None),
        ],
        ..Form::default()
    }
}

pub(crate) fn id(step: &str) -> StepId {
    STEPS.iter().map(|known| known.about().id.clone()).find(|id| id.as_str() == step).unwrap()
}

pub(crate) fn finding(step: &str, severity: Severity, status: Status, title: &str) -> Finding {
    Finding {
        id: title.to_uppercase(),
        step: id(step),
        severity,
        status,
        title: title.to_owned(),
        evidence: "seen in a file".to_owned(),
        remedy: "mend it".to_owned(),
        handbook: "15.3".to_owned(),
        field: None,
    }
}

/// The same finding, which this question of its step settles.
pub(crate) fn settled_by(field: &str, finding: Finding) -> Finding {
    Finding { field: Some(field.to_owned()), ..finding }
}

pub(crate) fn findings(items: Vec<Finding>) -> Arc<Findings> {
    Arc::new(Findings::new(items, &()).unwrap())
}

/// A plan that sets a typed and a made up password.
pub(crate) fn plan() -> Plan {
    let mut typed = CommandLine::new("chpasswd", ["-e"]);
    typed.stdin = Some(Template::text("root:").secret("passwords.root.password", SecretForm::Verbatim));
    let mut made_up = CommandLine::new("chpasswd", ["-e"]);
    made_up.stdin = Some(Template::text("cdr:").secret("passwords.cdr", SecretForm::Verbatim));
    let change = |name: &str, command: CommandLine| {
        Change::new(&id("passwords"), name, format!("set {name}"), Action::Run(command), Undo::Files)
    };
    Plan {
        changes: vec![change("root", typed), change("cdr", made_up)],
        generated: vec![Generated {
            secret: "passwords.cdr".to_owned(),
            label: "account cdrexport".to_owned(),
            kind: Making::Password,
        }],
        ..Plan::default()
    }
}

/// Somebody at the keyboard. Effects pile up until they are taken.
pub(crate) struct Desk {
    pub(crate) model: Model,
    pub(crate) effects: Vec<Effect>,
    pub(crate) records: u64,
}

impl Desk {
    /// A wizard that has begun and knows nothing yet.
    pub(crate) fn new(mode: Mode) -> Self {
        let mut desk = Desk { model: Model::new(&STEPS, mode, World::Demo), effects: Vec::new(), records: 0 };
        desk.tell(Message::Begin);
        desk
    }

    /// One to whom host and findings have arrived; the cluster step does not apply.
    pub(crate) fn ready(mode: Mode) -> Self {
        let mut desk = Desk::new(mode);
        let host = HostCard { hostname: "spce".to_owned(), ..HostCard::default() };
        desk.tell(Message::HostSeen(Box::new(host)));
        let vendor = finding("access", Severity::Medium, Status::Fail, "Vendor may log in");
        desk.found("access", vec![settled_by("vendor", vendor)]);
        let root = finding("passwords", Severity::Critical, Status::Fail, "Root has the image's password");
        desk.found("passwords", vec![settled_by("root", root)]);
        desk.found("cluster", vec![finding("cluster", Severity::Info, Status::NotApplicable, "No cluster")]);
        let noatime = finding("noatime", Severity::Low, Status::Pass, "noatime is set");
        desk.found("noatime", vec![settled_by("mode", noatime)]);
        desk.effects.clear();
        desk
    }

    pub(crate) fn tell(&mut self, message: Message) {
        self.effects.extend(update(&mut self.model, message));
    }

    pub(crate) fn found(&mut self, step: &str, items: Vec<Finding>) {
        self.tell(Message::Inspected { step: id(step), result: Ok(findings(items)) });
    }

    /// Presses keys by name, separated by blanks; anything else is typed letter by letter.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        for word in keys.split_whitespace() {
            match named(word) {
                Some(key) => self.tell(Message::Key(key)),
                None => word.chars().for_each(|c| self.tell(Message::Key(Key::Char(c)))),
            }
        }
        self
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.tell(Message::Paste(Secret::new(text)));
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// All words of the page and the dialog.
    pub(crate) fn words(&self) -> String {
        let size = page::body(&self.model, self.model.size);
        let shown = page::page(&self.model, size.columns);
        let mut words = format!("{} | {}\n{}", shown.title, shown.aside, shown.text());
        if let Some(dialog) = page::dialog(&self.model, 60) {
            words.push_str(&dialog.title);
            for line in &dialog.lines {
                words.push_str(&line.text());
            }
            words.push_str(&dialog.outcomes.join(" / "));
        }
        words
    }

    pub(crate) fn step(&self) -> &str {
        match self.model.screen {
            Screen::Step(index) => self.model.steps[index].about().id.as_str(),
            _ => "",
        }
    }

    /// Answers the newest request for a plan.
    pub(crate) fn planned(&mut self, plan: Plan) {
        let ticket = self.model.review.ticket;
        self.tell(Message::Planned { ticket, result: Ok(Arc::new(plan)) });
    }

    /// Answers the request to make up what the last start needs.
    pub(crate) fn made_up(&mut self) {
        let Some(Effect::MakeUp(start)) = self.effects.last().cloned() else { panic!("{:?}", self.effects) };
        let shown = vec![("account cdrexport".to_owned(), Secret::new(CANARY))];
        self.tell(Message::MadeUp { start, shown });
    }

    /// From the overview to a run of [`plan`] that has just begun, with one password made up.
    pub(crate) fn run_begins(&mut self) {
        self.press("s SPACE F10");
        self.planned(plan());
        self.press("a UP ENTER");
        self.made_up();
        self.press("ENTER UP ENTER");
        self.begins(plan());
    }

    /// A runner takes this plan over.
    pub(crate) fn begins(&mut self, plan: Plan) {
        self.tell(Message::RunStarted("20261122-1".to_owned()));
        self.record(Event::Started {
            run: "20261122-1".to_owned(),
            plan: Box::new(plan),
            operator: "root".to_owned(),
            findings: vec![],
            undoes: None,
            host: String::new(),
        });
    }

    pub(crate) fn record(&mut self, event: Event) {
        self.records += 1;
        let at = jiff::Timestamp::from_second(1_800_000_000 + i64::try_from(self.records).unwrap()).unwrap();
        self.tell(Message::Run(Box::new(Record { number: self.records, at, event })));
    }

    pub(crate) fn change_ends(&mut self, change: &str, outcome: Outcome) {
        self.record(Event::Before { change: change.to_owned() });
        self.record(Event::After {
            change: change.to_owned(),
            outcome,
            message: String::new(),
            diff: String::new(),
            took: 120,
            not_kept: None,
        });
    }

    pub(crate) fn run_ends(&mut self, outcome: RunOutcome) {
        self.record(Event::Finished { outcome, findings: vec![], report: Some("/var/lib/r.txt".to_owned()) });
        self.tell(Message::RunEnded);
    }
}

fn named(word: &str) -> Option<Key> {
    Some(match word {
        "ENTER" => Key::Enter,
        "ESC" => Key::Esc,
        "TAB" => Key::Tab,
        "BACKTAB" => Key::BackTab,
        "UP" => Key::Up,
        "DOWN" => Key::Down,
        "LEFT" => Key::Left,
        "RIGHT" => Key::Right,
        "HOME" => Key::Home,
        "END" => Key::End,
        "PGUP" => Key::PageUp,
        "PGDN" => Key::PageDown,
        "BACKSPACE" => Key::Backspace,
        "DELETE" => Key::Delete,
        "SPACE" => Key::Char(' '),
        "F1" => Key::F(1),
        "F10" => Key::F(10),
        "CTRL-U" => Key::Ctrl('u'),
        "CTRL-W" => Key::Ctrl('w'),
        "CTRL-C" => Key::Ctrl('c'),
        _ => return None,
    })
}
