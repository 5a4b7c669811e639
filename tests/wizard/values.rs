//! A word for a value that is worked out, or a value of one's own; and the picture that follows both.

use ngcp_warden::{
    executor::{Executor, World},
    finding::StepId,
    plan::Plan,
    steps::{
        About, Answer, Answers, Figure, Findings, Form, Step,
        figure::{Bar, Bars, Meaning},
        form::{Choice, Kind},
    },
    wizard::{Effect, Message, Model, Screen, model::Mode, page},
};

use crate::support::{Desk, choice, field, findings};

/// A step that sizes one thing: half of 10, or as answered; more than 10 cannot be.
struct Sizing;

static ABOUT: About = About {
    id: StepId::new("sizing"),
    title: "Sizing",
    why: "Too little starves.",
    handbook: "15.7",
    settled_by: &[],
};

fn pool(answers: &Answers) -> i64 {
    match answers.values.get("pool") {
        Some(Answer::Number(own)) => *own,
        Some(Answer::Choice(word)) if word == "keep" => 1,
        _ => 5,
    }
}

impl Step for Sizing {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn inspect(&self, _: &dyn Executor) -> anyhow::Result<Findings> {
        anyhow::bail!("the test inspects")
    }
    fn form(&self, _: &Findings) -> anyhow::Result<Form> {
        let words = [("auto", "as proposed", "Half of it."), ("keep", "as it is", "It stays.")];
        let either = Kind::Either {
            words: words.map(Choice::from).to_vec(),
            default: "auto".to_owned(),
            or: Box::new(Kind::Number { default: 1, min: 1, max: 99 }),
            because: Some("0 starves it".to_owned()),
        };
        let more = (0..30).map(|at| field(&format!("more{at}"), choice(&["no", "yes"]), None));
        let fields = [field("pool", either, None)].into_iter().chain(more);
        Ok(Form { fields: fields.collect(), ..Form::default() })
    }
    fn preview(&self, _: &Findings, answers: &Answers) -> Vec<Figure> {
        let parts = vec![("pool".to_owned(), pool(answers).unsigned_abs()), ("rest".to_owned(), 1)];
        let bars = vec![Bar { label: "planned".to_owned(), parts }];
        let leads = (0..30).map(|at| format!("more{at}")).chain(["pool".to_owned()]).collect();
        let (title, notes) = ("Memory".to_owned(), vec!["1 MB must stay free.".to_owned()]);
        vec![Figure::Bars(Bars { title, unit: "MB", limit: Some(10), bars, notes, leads })]
    }
    fn meanings(&self, _: &Findings, answers: &Answers) -> Vec<Meaning> {
        let value = pool(answers);
        let auto = answers.choice("pool").ok().flatten() == Some("auto");
        vec![Meaning {
            key: "pool".to_owned(),
            becomes: format!("{value}M{}", if auto { " auto" } else { "" }),
            rule: auto.then(|| "10 / 2 = 5".to_owned()),
            effect: Some("It restarts.".to_owned()),
            refused: (value > 10).then(|| "more than the 10 there are".to_owned()),
            differs: value != 1,
        }]
    }
    fn plan(&self, _: &Findings, _: &Answers) -> anyhow::Result<Plan> {
        Ok(Plan::default())
    }
}

fn desk() -> Desk {
    let model = Model::new(&[&Sizing], Mode::FirstBoot, World::Demo);
    let mut desk = Desk { model, effects: Vec::new(), records: 0 };
    desk.tell(Message::Begin);
    desk.tell(Message::Inspected { step: StepId::new("sizing"), result: Ok(findings(vec![])) });
    desk.press("ENTER");
    desk
}

/// (keys, what the row says, the answer; `None` where it is none)
#[test]
fn a_word_is_chosen_with_arrows_and_a_digit_begins_a_value() {
    let number = |number| Some(Answer::Number(number));
    let word = |word: &str| Some(Answer::Choice(word.to_owned()));
    for (keys, becomes, answer) in [
        ("", "5M auto", word("auto")),
        ("LEFT", "5M auto", word("auto")),
        ("RIGHT", "1M", word("keep")),
        ("SPACE SPACE", "5M auto", word("auto")),
        ("7", "7M", number(7)),
        ("RIGHT RIGHT 7", "7M", number(7)),
        ("7 HOME LEFT", "1M", word("keep")),
        ("7 HOME LEFT 8", "8M", number(8)),
        ("RIGHT RIGHT", "5M auto", word("auto")),
        ("7 BACKSPACE", "5M auto", word("auto")),
        ("7 CTRL-U", "5M auto", word("auto")),
        ("1 2 3", "  123", None),
    ] {
        let mut desk = desk();
        desk.press(keys);
        let step = desk.model.current_step().unwrap();
        assert_eq!(step.form.answers(&ABOUT.id).values.get("pool"), answer.as_ref(), "{keys}");
        assert!(page::page(&desk.model, 76).text().contains(becomes), "{keys}");
        desk.press("TAB BACKTAB");
        let step = desk.model.current_step().unwrap();
        assert_eq!(
            step.form.answers(&ABOUT.id).values.get("pool"),
            answer.as_ref(),
            "{keys}, looked at again"
        );
    }
}

/// What is pasted is a word or a value, whatever stood there.
#[test]
fn a_word_can_be_pasted_as_well() {
    let mut desk = desk();
    desk.paste("12");
    desk.press("CTRL-U");
    desk.paste("keep");
    let answers =
        |desk: &Desk| desk.model.current_step().unwrap().form.answers(&ABOUT.id).values["pool"].clone();
    assert_eq!(answers(&desk), Answer::Choice("keep".to_owned()));
    desk.paste("9");
    assert_eq!(answers(&desk), Answer::Number(9));
    let kept = desk.model.current_step().unwrap().form.changed_values();
    assert_eq!(kept["pool"], "9", "the next session has it");
}

/// A value out of its range, and one that cannot be beside the others: told in the row, counted in the review.
#[test]
fn what_cannot_be_is_told_at_its_row_and_in_the_review() {
    for (keys, words) in
        [("0", "is not a whole number from 1 to 99: 0 starves it"), ("1 1", "more than the 10")]
    {
        let mut desk = desk();
        desk.press(keys);
        assert!(
            page::page(&desk.model, 132).text().contains(words),
            "{}",
            page::page(&desk.model, 132).text()
        );
        desk.press("F10");
        assert_eq!(desk.model.screen, Screen::Review);
        let review = page::page(&desk.model, 76).text();
        assert!(review.contains(words), "{review}");
        let planned = desk.effects.iter().any(|effect| matches!(effect, Effect::MakePlan { .. }));
        assert!(!planned, "{:?}", desk.effects);
    }
}

/// How it is worked out stands beside what happens; the picture stays while the rows scroll.
#[test]
fn the_picture_follows_the_answers_and_stays_in_sight() {
    let mut desk = desk();
    let shown = page::page(&desk.model, 76);
    let pane: String =
        shown.pane.iter().flat_map(|pane| &pane.lines).map(|line| line.text() + "\n").collect();
    assert!(pane.contains("10 / 2 = 5") && pane.contains("It restarts."), "{pane}");
    assert!(shown.pinned[0].text().ends_with("6 of 10 MB"), "{:?}", shown.pinned);
    assert!(shown.pinned[0].text().starts_with("Memory planned"), "{:?}", shown.pinned);
    assert!(shown.text().contains("1 MB must stay free"), "{}", shown.text());
    desk.press("9 9");
    assert!(page::page(&desk.model, 76).pinned[0].text().ends_with("100 of 10 MB, does not fit"));
    for (columns, rows) in [(80, 24), (60, 16), (132, 43)] {
        desk.tell(Message::Resized { columns, rows });
        desk.press(&"TAB ".repeat(20));
        let body = page::body(&desk.model, desk.model.size);
        let page = page::page(&desk.model, body.columns);
        assert!(page.pinned[0].text().contains("100 of 10 MB"));
        let top = page::window(&desk.model, &page, body.rows);
        let focus = page.focus.unwrap();
        assert!(top <= focus.0 && focus.1 < top + usize::from(page.room(body.rows)), "{columns}x{rows}");
        assert!(page.room(body.rows) >= 3, "{columns}x{rows}: rows are seen as well");
        desk.press(&"BACKTAB ".repeat(20));
    }
}
