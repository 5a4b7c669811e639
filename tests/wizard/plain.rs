//! The wizard on paper: lines in, lines out, the same decisions.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
    sync::Arc,
};

use ngcp_warden::{
    executor::World,
    finding::{Severity, Status},
    plain::{Outside, run},
    plan::Outcome,
    runner::{Event, Record, RunOutcome},
    secret::Secret,
    wizard::{
        Effect, Message, Model, Screen,
        model::{Entry, HostCard},
    },
};

use crate::support::{CANARY, STEPS, finding, findings, id, plan};

/// A host that answers at once and runs every plan well.
#[derive(Default)]
struct Answering {
    answers: VecDeque<Message>,
    effects: Vec<Effect>,
}

impl Answering {
    fn run(&mut self) {
        self.answers.push_back(Message::RunStarted("7".to_owned()));
        let mut events = vec![Event::Started {
            run: "7".to_owned(),
            plan: Box::new(plan()),
            operator: "root".to_owned(),
            findings: vec![],
            undoes: None,
            host: String::new(),
        }];
        for change in plan().changes {
            events.push(Event::Before { change: change.id.clone() });
            events.push(Event::Waiting { change: change.id.clone(), seconds: 60 });
            events.push(Event::Waiting { change: change.id.clone(), seconds: 59 });
            events.push(Event::After {
                change: change.id,
                outcome: Outcome::Done,
                message: "seen in shadow".to_owned(),
                diff: String::new(),
                took: 1,
            });
        }
        events.push(Event::Finished { outcome: RunOutcome::Done, findings: vec![], report: None });
        for (number, event) in (1..).zip(events) {
            let record = Record { number, at: jiff::Timestamp::UNIX_EPOCH, event };
            self.answers.push_back(Message::Run(Box::new(record)));
        }
        self.answers.push_back(Message::RunEnded);
    }
}

impl Outside for Answering {
    fn carry_out(&mut self, effect: Effect) {
        match &effect {
            Effect::LookAtHost => {
                let card = HostCard { hostname: "spce".to_owned(), ..HostCard::default() };
                self.answers.push_back(Message::HostSeen(Box::new(card)));
            }
            Effect::Inspect(step) => {
                let item = finding(step.as_str(), Severity::High, Status::Fail, &format!("{step} is open"));
                self.answers
                    .push_back(Message::Inspected { step: step.clone(), result: Ok(findings(vec![item])) });
            }
            Effect::MakePlan { ticket, .. } => {
                self.answers.push_back(Message::Planned { ticket: *ticket, result: Ok(Arc::new(plan())) });
            }
            Effect::MakeUp(start) => {
                let shown = vec![("account cdrexport".to_owned(), Secret::new(CANARY))];
                self.answers.push_back(Message::MadeUp { start: start.clone(), shown });
            }
            Effect::StartRun { .. } => self.run(),
            _ => {}
        }
        self.effects.push(effect);
    }

    fn message(&mut self, _: bool) -> Option<Message> {
        self.answers.pop_front()
    }

    fn secret(
        &mut self,
        ask: &mut dyn FnMut() -> io::Result<()>,
        input: &mut dyn BufRead,
    ) -> io::Result<Option<Secret>> {
        ask()?;
        let mut line = String::new();
        let read = input.read_line(&mut line)?;
        Ok((read > 0).then(|| Secret::new(line.trim_end_matches('\n'))))
    }
}

fn session(entry: Entry, lines: &[&str]) -> (u8, String, Model, Vec<Effect>) {
    let mut model = Model::new(&STEPS, entry, World::Demo);
    let mut outside = Answering::default();
    let mut paper = Vec::new();
    let input = lines.join("\n") + "\n";
    let code = run(&mut model, &mut input.as_bytes(), &mut paper, &mut outside).unwrap();
    (code, String::from_utf8(paper).unwrap(), model, outside.effects)
}

#[test]
fn a_whole_walk_from_the_first_question_to_the_result() {
    let typed = "kein Anschluss unter 4711!";
    let lines = [
        "1", // walk the steps
        "2", "", // access: leave, next step
        "2", typed, typed, "note", "31", "", // passwords: set, twice, a remark, days, next step
        "", // cluster has no questions
        "", "", // noatime as suggested, then to the review
    ];
    let (_, paper, ..) = session(Entry::FirstBoot, &lines);
    let apply = number_of(&paper, "apply");
    let mut lines = lines.to_vec();
    lines.push(&apply);
    // Apply now; noted, and so again; the result; out.
    lines.extend(["1", "1", "1", "1", "q"]);
    let (code, paper, model, effects) = session(Entry::FirstBoot, &lines);
    let Some(Effect::StartRun { secrets, .. }) =
        effects.iter().find(|effect| matches!(effect, Effect::StartRun { .. }))
    else {
        panic!("{paper}")
    };
    assert_eq!(secrets.get("passwords.root.password").unwrap().expose(), typed.as_bytes(), "{paper}");
    assert!(paper.contains("[DEMO]") && paper.contains("strong:") && paper.contains("the same"), "{paper}");
    assert!(paper.contains("run chpasswd -e"), "the review is printed unfolded: {paper}");
    assert!(paper.contains("+ set root  seen in shadow"), "{paper}");
    assert_eq!(
        paper.matches("set root is active, and is taken back by itself in 60 s").count(),
        1,
        "{paper}"
    );
    assert_eq!(paper.matches(CANARY).count(), 1, "shown on one page: {paper}");
    assert!(!paper.contains(typed), "never echoed");
    // Everything was applied: nothing is left to be asked about.
    assert_eq!((code, model.screen), (0, Screen::Result), "{paper}");
}

/// The number in front of a line of the last menu.
fn number_of(paper: &str, text: &str) -> String {
    let line = paper.lines().rfind(|line| line.ends_with(&format!(") {text}"))).expect(paper);
    line.trim().split(')').next().unwrap().to_owned()
}

#[test]
fn back_and_quit_work_at_every_question_and_keep_answers() {
    for at in [vec![], vec![""], vec!["", "b"]] {
        let mut lines = vec!["1", "2", "", "3"];
        lines.extend(&at);
        lines.extend(["q", "1"]);
        let (code, paper, _, effects) = session(Entry::FirstBoot, &lines);
        assert_eq!(code, if paper.contains("Keep answers and leave") { 0 } else { 3 }, "{at:?} {paper}");
        let Some(Effect::SaveAnswers(draft)) = effects.iter().rfind(|e| matches!(e, Effect::SaveAnswers(_)))
        else {
            panic!("{at:?}")
        };
        assert_eq!(draft.steps[&id("access")].values["vendor"], "leave", "{at:?}");
        assert_eq!(draft.steps[&id("passwords")].values["root"], "generate", "{at:?}");
    }
}

#[test]
fn steps_are_opened_and_ticked_by_number() {
    let (_, paper, model, _) = session(Entry::Maintenance, &["1", "t2", "t 3", "t9", "4"]);
    let ticked: Vec<bool> = model.steps.iter().map(|step| step.ticked).collect();
    assert_eq!(ticked, [false, true, true, false], "{paper}");
    assert_eq!(model.screen, Screen::Step(3));
    assert!(paper.contains("Not understood"));
}

#[test]
fn nonsense_changes_nothing_and_the_end_of_input_hangs_up() {
    let long = "9".repeat(100_000);
    let (code, _, model, effects) =
        session(Entry::FirstBoot, &["x", "99", "0", "-1", &long, "1", "7", "b", "\u{1b}[2J"]);
    assert_eq!(code, 3);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    assert_eq!(model.steps[0].form.value(0), Some("disable"));
}
