//! The wizard on paper: lines in, lines out, the same decisions.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
    sync::Arc,
};

use ngcp_warden::{
    executor::World,
    finding::{Severity, Status},
    line_mode::{Input, Outside, run},
    plan::Outcome,
    runner::{Event, Record, RunOutcome},
    secret::Secret,
    wizard::{
        Effect, Message, Model, Screen,
        model::{HostCard, Mode},
    },
};

use crate::support::{CANARY, STEPS, finding, findings, id, plan};

/// Lines that were written in advance, or typed by somebody at a terminal.
struct Script {
    lines: io::Cursor<Vec<u8>>,
    typed: bool,
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lines.read(buffer)
    }
}

impl BufRead for Script {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.lines.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        self.lines.consume(amount);
    }
}

impl Input for Script {
    fn is_waiting(&mut self) -> bool {
        true
    }
    fn is_terminal(&self) -> bool {
        self.typed
    }
    fn forget(&mut self) {}
}

/// A host that answers at once and runs every plan well.
#[derive(Default)]
struct Answering {
    answers: VecDeque<Message>,
    effects: Vec<Effect>,
    /// Where the run waits until it is kept, taken back or stopped.
    waits: Option<fn(&Event) -> bool>,
    held: VecDeque<Message>,
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
                not_kept: None,
            });
        }
        events.push(Event::Finished { outcome: RunOutcome::Done, findings: vec![], report: None });
        let records = (1..).zip(events).map(|(number, event)| {
            Message::Run(Box::new(Record { number, at: jiff::Timestamp::UNIX_EPOCH, event }))
        });
        let mut messages: VecDeque<Message> = records.chain([Message::RunEnded]).collect();
        if let Some(waits) = self.waits {
            let here = |message: &Message| matches!(message, Message::Run(record) if waits(&record.event));
            let first = messages.iter().position(here).unwrap();
            self.held = messages.split_off(first + 1);
        }
        self.answers.extend(messages);
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
            Effect::Keep(_) | Effect::Revert(_) | Effect::StopRun(_) => self.answers.append(&mut self.held),
            _ => {}
        }
        self.effects.push(effect);
    }

    fn message(&mut self, wait: bool) -> Option<Message> {
        // Time goes by while the change waits.
        let beat = (wait && !self.held.is_empty()).then_some(Message::Beat { elapsed: 21_000 });
        self.answers.pop_front().or(beat)
    }

    fn secret(
        &mut self,
        ask: &mut dyn FnMut() -> io::Result<()>,
        input: &mut dyn BufRead,
        _: bool,
    ) -> io::Result<Option<Secret>> {
        ask()?;
        let mut line = String::new();
        let read = input.read_line(&mut line)?;
        Ok((read > 0).then(|| Secret::new(line.trim_end_matches('\n'))))
    }
}

fn session(mode: Mode, lines: &[&str]) -> (u8, String, Model, Vec<Effect>) {
    session_with(mode, lines, false, Answering::default())
}

fn session_with(
    mode: Mode,
    lines: &[&str],
    typed: bool,
    mut outside: Answering,
) -> (u8, String, Model, Vec<Effect>) {
    let mut model = Model::new(&STEPS, mode, World::Demo);
    let mut paper = Vec::new();
    let mut input = Script { lines: io::Cursor::new((lines.join("\n") + "\n").into_bytes()), typed };
    let code = run(&mut model, &mut input, &mut paper, &mut outside).unwrap();
    (code, String::from_utf8(paper).unwrap(), model, outside.effects)
}

#[test]
fn a_whole_walk_from_the_first_question_to_the_result() {
    let typed = "kein Anschluss unter 4711!";
    let lines = [
        "1", // first step
        "2", "", // access: leave, next step
        "2", typed, typed, "note", "31", "", // passwords: set, twice, a remark, days, next step
        "", // cluster has no questions
        "", "", // noatime as suggested, then to the review
    ];
    let (_, paper, ..) = session(Mode::FirstBoot, &lines);
    let apply = number_of(&paper, "apply");
    let mut lines = lines.to_vec();
    lines.push(&apply);
    // Apply now; noted, and so again; the result; out.
    lines.extend(["1", "1", "1", "1", "q"]);
    let (code, paper, model, effects) = session(Mode::FirstBoot, &lines);
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
        paper.matches("Active now: set root. In 60 s it is taken back by itself.").count(),
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
        let (code, paper, _, effects) = session(Mode::FirstBoot, &lines);
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
    let (_, paper, model, _) = session(Mode::Maintenance, &["1", "t2", "t 3", "t9", "4"]);
    let ticked: Vec<bool> = model.steps.iter().map(|step| step.ticked).collect();
    assert_eq!(ticked, [false, true, true, false], "{paper}");
    assert_eq!(model.screen, Screen::Step(3));
    assert!(paper.contains("Not understood"));
}

#[test]
fn nonsense_changes_nothing_and_the_end_of_input_hangs_up() {
    let long = "9".repeat(100_000);
    let (code, _, model, effects) =
        session(Mode::FirstBoot, &["x", "99", "0", "-1", &long, "1", "7", "b", "\u{1b}[2J"]);
    assert_eq!(code, 3);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    assert_eq!(model.steps[0].form.value(0), Some("disable"));
}

/// Ticks noatime and applies what is planned, up to the run with its countdown.
fn to_the_countdown(then: &[&str]) -> Vec<String> {
    let (_, paper, ..) = session(Mode::Maintenance, &["1", "t1", "b"]);
    let review = number_of(&paper, "review");
    let lines = ["1", "t1", "b", &review];
    let (_, paper, ..) = session(Mode::Maintenance, &lines);
    let apply = number_of(&paper, "apply");
    // Apply now; noted, and so again.
    let lines = lines.iter().copied().chain([apply.as_str(), "1", "1", "1"]).chain(then.iter().copied());
    lines.map(str::to_owned).collect()
}

#[test]
fn a_countdown_is_seen_and_the_change_kept_or_taken_back() {
    for (word, kept) in [("keep", true), ("k", true), ("revert", false), ("x", false)] {
        let lines = to_the_countdown(&["", "1", "what?", word, "q"]);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for typed in [true, false] {
            let waits = |event: &Event| matches!(event, Event::Waiting { .. });
            let outside = Answering { waits: Some(waits), ..Answering::default() };
            let (code, paper, _, effects) = session_with(Mode::Maintenance, &lines, typed, outside);
            let asked = effects.iter().filter_map(|effect| match effect {
                Effect::Keep(run) => Some((run.as_str(), true)),
                Effect::Revert(run) => Some((run.as_str(), false)),
                _ => None,
            });
            assert_eq!(asked.collect::<Vec<_>>(), [("7", kept)], "{paper}");
            assert!(
                paper.contains("! Here: keep (on the console, or from a new login), or revert"),
                "{paper}"
            );
            assert!(paper.contains("s left: keep, or revert"), "it runs down: {paper}");
            assert_eq!(paper.matches("Not understood: keep, or revert.").count(), 2, "{paper}");
            assert_eq!(code, 0, "q answers the menu after the run: {paper}");
        }
    }
}

/// Without a countdown a script's lines are for later; a person may stop the run.
#[test]
fn a_run_is_stopped_by_a_word() {
    let lines = to_the_countdown(&["stop", "q"]);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let waits = |event: &Event| matches!(event, Event::Before { .. });
    let outside = Answering { waits: Some(waits), ..Answering::default() };
    let (_, paper, _, effects) = session_with(Mode::Maintenance, &lines, true, outside);
    assert!(effects.contains(&Effect::StopRun("7".to_owned())), "{paper}");
    assert!(paper.contains("type: stop"), "{paper}");
}

#[test]
fn line_mode_explains_its_own_keys_and_repeats_no_page_unasked() {
    let (_, paper, model, _) = session(Mode::Maintenance, &["?", "", "", "p"]);
    assert!(paper.contains("A number does what stands behind it"), "{paper}");
    assert!(!paper.contains("Ctrl"), "keys of the full screen: {paper}");
    assert_eq!(model.screen, Screen::Overview);
    assert_eq!(paper.matches("=== ").count(), 2, "at first and on p: {paper}");
    assert_eq!(paper.matches(") steps").count(), 2, "{paper}");
    // At a question: explained, and asked again.
    let (_, paper, model, _) = session(Mode::FirstBoot, &["1", "?", "2"]);
    assert!(paper.contains("Enter alone keeps the one marked *"), "{paper}");
    assert_eq!(model.steps[0].form.value(0), Some("leave"), "{paper}");
}

#[test]
fn a_wrong_answer_is_told_at_once_and_asked_again() {
    let lines = ["1", "", "", "", "", "31x", "400", "31"];
    let (_, paper, model, _) = session(Mode::FirstBoot, &lines);
    assert!(paper.contains("! '31x' is not a whole number from 1 to 90"), "{paper}");
    assert!(paper.contains("! '400' is not a whole number from 1 to 90"), "{paper}");
    assert_eq!(model.steps[1].form.value(3), Some("31"), "{paper}");
}
