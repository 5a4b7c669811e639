//! Secrets that exist already: pasted or typed once, not judged, never shown.

use ngcp_warden::{
    executor::{Executor, World},
    finding::StepId,
    plan::Plan,
    secret::Secret,
    steps::{
        About, Answers, Findings, Form, Step,
        form::{Kind, PASTED_LIMIT},
    },
    wizard::{Effect, Message, Model, Screen, model::Mode, page},
};

use crate::support::{CANARY, Desk, choice, field, findings};

/// A step that imports something.
struct Import;

static ABOUT: About = About {
    id: StepId::new("import"),
    title: "Import",
    why: "It is there already.",
    handbook: "15.4",
    settled_by: &[],
};

impl Step for Import {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn inspect(&self, _: &dyn Executor) -> anyhow::Result<Findings> {
        anyhow::bail!("the test inspects")
    }
    fn form(&self, _: &Findings) -> anyhow::Result<Form> {
        let fields = vec![
            field("pasted", Kind::Existing { lines: true }, None),
            field("passphrase", Kind::Existing { lines: false }, None).optional(),
            field("more", choice(&["no", "yes"]), None),
        ];
        Ok(Form { fields, ..Form::default() })
    }
    fn plan(&self, _: &Findings, _: &Answers) -> anyhow::Result<Plan> {
        Ok(Plan::default())
    }
}

fn desk() -> Desk {
    let model = Model::new(&[&Import], Mode::FirstBoot, World::Demo);
    let mut desk = Desk { model, effects: Vec::new(), records: 0 };
    desk.tell(Message::Begin);
    desk.tell(Message::Inspected { step: StepId::new("import"), result: Ok(findings(vec![])) });
    desk.press("ENTER");
    desk
}

fn pane(desk: &Desk) -> String {
    let shown = page::page(&desk.model, 80);
    shown.pane.unwrap().lines.iter().map(|line| line.text() + "\n").collect()
}

fn pem() -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n\n")
}

#[test]
fn what_is_there_already_is_given_once_and_not_judged() {
    let mut desk = desk();
    assert!(pane(&desk).contains("paste it here, whole"), "{}", pane(&desk));
    assert_eq!(desk.model.steps[0].form.problems().len(), 1, "one is required");
    desk.paste(&(pem() + &pem()));
    assert!(pane(&desk).contains("8 lines; Tab goes on"), "{}", pane(&desk));
    desk.press("TAB weak TAB");
    assert_eq!(desk.model.steps[0].form.focused().unwrap().key, "more", "it is typed once");
    assert!(desk.model.steps[0].form.problems().is_empty());
    desk.press("F10");
    let Some(Effect::MakePlan { secrets, steps, .. }) = desk.effects.last() else {
        panic!("{:?}", desk.effects)
    };
    assert_eq!(secrets.get("import.pasted"), Some(&Secret::new(pem() + &pem())));
    assert_eq!(secrets.get("import.passphrase"), Some(&Secret::new("weak")));
    assert_eq!(steps[0].answers.secrets.len(), 2);
    let printed = format!("{:?}{:?}{}", desk.effects, desk.model, desk.words());
    assert!(!printed.contains(CANARY), "{printed}");
}

/// Where the terminal does not say that it pastes, every line ends with the Enter key.
#[test]
fn a_paste_that_comes_as_keys_is_taken_whole() {
    let mut desk = desk();
    for line in ["", "-----BEGIN", "x", "-----END", ""] {
        desk.press(line).press("ENTER");
    }
    assert!(matches!(desk.model.screen, Screen::Step(0)), "nothing leaked out of the field");
    assert!(pane(&desk).contains("4 lines"), "{}", pane(&desk));
    desk.press("CTRL-U");
    assert!(pane(&desk).contains("paste it here"), "{}", pane(&desk));
}

#[test]
fn one_that_nobody_needs_may_stay_empty_and_none_is_taken_in_part() {
    let mut desk = desk();
    desk.paste("x");
    desk.paste(&"y".repeat(PASTED_LIMIT));
    assert!(desk.model.notice.as_deref().unwrap().contains("256 KB"), "{:?}", desk.model.notice);
    assert!(pane(&desk).contains("1 line;"), "{}", pane(&desk));
    desk.press("TAB");
    desk.paste("two\nlines");
    assert!(desk.model.notice.as_deref().unwrap().contains("one line"), "{:?}", desk.model.notice);
    assert!(desk.model.steps[0].form.problems().is_empty());
    assert_eq!(desk.model.steps[0].form.answers(&StepId::new("import")).secrets.len(), 1);
}
