//! Every screen of the wizard, reached by keys on the sample host.

use std::sync::OnceLock;

use ngcp_warden::{
    demo,
    executor::Executor,
    runner::{Event, Record},
    secret::Secret,
    steps::REGISTRY,
    wizard::{Message, Model, Screen, model::Mode, navigation::step_order},
};

use super::wizard::Wizard;

/// The steps into the plan, from the first page to the review; without those that wait for the operator.
fn all_steps(ready: &Wizard) -> String {
    let steps = step_order(&ready.model).into_iter().map(|index| REGISTRY[index].about().id.as_str());
    let ticks: Vec<&str> =
        steps.map(|step| if ["ssh", "firewall"].contains(&step) { "Down" } else { "Space Down" }).collect();
    format!("Enter {} F10", ticks.join(" "))
}

/// Every screen, by name.
pub fn each(mut show: impl FnMut(&str, &mut Wizard)) {
    static SCENES: OnceLock<Vec<(String, Wizard)>> = OnceLock::new();
    for (name, wizard) in SCENES.get_or_init(scenes) {
        show(name, &mut wizard.clone());
    }
}

fn scenes() -> Vec<(String, Wizard)> {
    let mut scenes = vec![("first-boot".to_owned(), Wizard::new(Mode::FirstBoot))];
    let ready = Wizard::ready(Mode::Maintenance);
    let pressed = |keys: &str| {
        let mut wizard = ready.clone();
        wizard.press(keys);
        wizard
    };
    let all = all_steps(&ready);
    for (name, keys) in [
        ("overview", String::new()),
        ("steps", "Enter Down Space".to_owned()),
        ("quit", "Enter Space q".to_owned()),
        ("help", "?".to_owned()),
        ("review-empty", "F10".to_owned()),
        ("review", all.clone()),
        ("review-open", format!("{all} Down Down Right")),
        ("difference", format!("{all} Down Down Right Down d")),
        ("apply", format!("{all} a")),
    ] {
        scenes.push((name.to_owned(), pressed(&keys)));
    }
    for (index, step) in REGISTRY.iter().enumerate() {
        let mut wizard = ready.clone();
        wizard.model.screen = Screen::Step(index);
        scenes.push((format!("step-{}", step.about().id), wizard.clone()));
        if step.about().id.as_str() == "passwords" {
            wizard.press("Left Down \"correct-Horse8staple\" Down \"correct\"");
            scenes.push(("step-passwords-typing".to_owned(), wizard));
        }
    }
    scenes.extend(a_run(pressed(&format!("{all} a"))).map(|(name, wizard)| (name.to_owned(), wizard)));
    scenes
}

/// One run: under way, waiting for the operator, over.
fn a_run(mut wizard: Wizard) -> impl Iterator<Item = (&'static str, Wizard)> {
    let mut scenes = Vec::new();
    // Whatever the dialog suggests, the upper outcome is to apply.
    wizard.press_only("Up").press_only("Enter").settle();
    // Those that were really made up differ each time.
    let same = ["m4QzWvUxPqLk9RtYhBnC2sDe", "Tg7HyXjN5bVc3MzKwQpR8fLs"].iter().cycle();
    let mut noting = wizard.clone();
    for (shown, same) in noting.model.made_up.iter_mut().flat_map(|made_up| &mut made_up.shown).zip(same) {
        shown.1 = Secret::new(*same);
    }
    scenes.push(("passwords", noting));
    wizard.press_only("Enter").press_only("Up").press_only("Enter");
    let over = |model: &Model| model.run.as_ref().map_or(0, |run| run.done());
    wizard.until(|model| over(model) >= 2 && model.run.as_ref().is_some_and(|run| run.current.is_some()));
    let mut waiting = wizard.clone();
    let run = waiting.model.run.as_ref().unwrap();
    let (change, elapsed) = (run.changes[2].id.clone(), run.elapsed + 13_000);
    let at = demo::host().now();
    let event = Event::Waiting { change, seconds: 60 };
    waiting.tell(Message::Run(Box::new(Record { number: 1_000_000, at, event })));
    waiting.tell(Message::Beat { elapsed });
    scenes.push(("run-waiting", waiting));
    wizard.until(|model| over(model) >= 4);
    scenes.push(("run", wizard.clone()));
    wizard.settle();
    scenes.push(("run-over", wizard.clone()));
    let mut page = |name, screen| {
        wizard.model.screen = screen;
        scenes.push((name, wizard.clone()));
    };
    page("result", Screen::Result);
    page("log", Screen::Log);
    wizard.model.screen = Screen::Result;
    wizard.press("u");
    scenes.push(("take-back", wizard.clone()));
    wizard.press("b h");
    scenes.push(("history", wizard.clone()));
    wizard.press("Enter");
    scenes.push(("history-run", wizard.clone()));
    scenes.into_iter()
}
