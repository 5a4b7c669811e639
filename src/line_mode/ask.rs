//! The questions of a step, one after the other. An empty line keeps what is answered.

use std::io;

use super::{
    desk::{Desk, plain},
    help,
};
use crate::{
    secret::Secret,
    steps::form::Kind,
    wizard::{
        Key, Message,
        form::FieldState,
        model::{StepPhase, StepState},
        page::{clean, preview, told},
        rows::{BETWEEN, Row, rows},
    },
};

/// What an answer that is a command asks for; commands are the same at every question.
enum Said {
    /// Keep what is answered and go on.
    Keep,
    /// An answer.
    Answer(String),
    /// Something else happened: another page, a question, the end.
    Elsewhere,
}

/// What is said of a step before its questions: why, what to know, and what was found that no question settles.
pub(super) fn before(step: &StepState) -> String {
    let rows = rows(step);
    let mut said = vec![step.about().why.to_owned()];
    said.extend(step.form.form().note.clone());
    if let StepPhase::Failed(failure) = &step.phase {
        said.push(format!("This step could not look at the host. {}", failure.message));
        said.extend(failure.hints.iter().cloned());
    }
    for row in rows.rows.iter().filter(|row| row.asked.is_none()) {
        said.push(format!("{}: {}", row.level(), row.subject()));
        said.extend(row.detail().into_iter().map(|(word, text)| format!("  {word}: {text}")));
    }
    let others = rows.others();
    let others = if others.is_empty() { "Type f" } else { &format!("{others}; type f") };
    said.push(format!("{others} at a question to read all findings."));
    let lines = said.iter().filter(|line| !line.is_empty());
    lines.map(|line| clean(line) + "\n").collect()
}

/// Of the row that has the focus: itself, and its place among all that ask something.
fn focused<'d>(desk: &'d Desk<'_>) -> Option<(Row<'d>, String)> {
    let step = desk.model.current_step()?;
    let asked: Vec<Row<'_>> = rows(step).rows.into_iter().filter(|row| row.asked.is_some()).collect();
    let place = asked.iter().position(|row| row.stop == step.form.focus().field)?;
    let count = asked.len();
    Some((asked.into_iter().nth(place)?, format!("{} of {count}", place + 1)))
}

/// The row that has the focus: "2 of 10, Root: now password accepted, high".
fn row(desk: &Desk<'_>) -> Option<String> {
    let (row, place) = focused(desk)?;
    let mut said = format!("{place}, {}", clean(row.subject()));
    if !row.columns().is_empty() {
        let heads = desk.model.current_step()?.form.form().heads.iter().skip(1);
        let known = heads.zip(row.columns()).filter(|(_, column)| *column != "-");
        let named = known.map(|(head, column)| format!("{head} {column}"));
        let named: Vec<String> = named.collect();
        if !named.is_empty() {
            said.push_str(&format!(" ({})", clean(&named.join(", "))));
        }
    }
    if let Some(now) = row.now() {
        said.push_str(&format!(": now {}", clean(now)));
    }
    if row.level() != "-" {
        said.push_str(&format!(", {}", row.level()));
    }
    Some(said)
}

/// Asks everything that is asked now, then where to go.
pub(super) fn step(desk: &mut Desk<'_>) -> io::Result<()> {
    let here = desk.model.screen;
    while desk.model.current_step().is_some() {
        if !question(desk)? || desk.model.screen != here || desk.model.dialog.is_some() {
            return Ok(());
        }
        if desk.model.current_step().is_none_or(|step| step.form.at_last()) {
            break;
        }
        desk.press(Key::Tab);
    }
    let figures = desk.model.current_step().map(|step| told(&preview(step))).unwrap_or_default();
    for line in figures {
        desk.say(&line)?;
    }
    let answer = said(desk, "Enter goes to the next step, r to the review, b back, ? help, q quit")?;
    match answer {
        // At the last question Enter goes to the next step, from a text field as well.
        Said::Keep => desk.press(Key::Enter),
        Said::Answer(word) if word == "r" => desk.press(Key::F(10)),
        Said::Answer(_) => desk.say("Not understood.")?,
        Said::Elsewhere => {}
    }
    Ok(())
}

/// Puts the focus on the first question of a step.
pub(super) fn to_first(desk: &mut Desk<'_>) {
    while desk.model.current_step().is_some_and(|step| !step.form.at_first()) {
        desk.press(Key::BackTab);
    }
}

/// Asks the question that has the focus; `false` when the operator went elsewhere.
fn question(desk: &mut Desk<'_>) -> io::Result<bool> {
    let Some(step) = desk.model.current_step() else { return Ok(false) };
    let form = &step.form;
    let stop = form.focus();
    let Some((_, field, state)) = form.visible().find(|(index, ..)| *index == stop.field) else {
        return Ok(true);
    };
    let named = row(desk).unwrap_or_default();
    let label = field.label.clone();
    match (&field.kind, state) {
        (Kind::Choice { options, .. }, FieldState::Choice(chosen)) => {
            let chosen = *chosen;
            let count = options.len();
            let mut lines = vec![format!("\n{named}")];
            for (number, option) in options.iter().enumerate() {
                let mark = if number == chosen { "*" } else { " " };
                lines.push(format!(" {mark}{}) {}   {}", number + 1, option.label, option.effect));
            }
            for line in lines {
                desk.say(line.trim_end())?;
            }
            match said(desk, "Number, or Enter to keep *")? {
                Said::Keep => Ok(true),
                Said::Elsewhere => Ok(false),
                Said::Answer(answer) => {
                    match answer.parse::<usize>() {
                        Ok(number) if (1..=count).contains(&number) => {
                            let steps = (number - 1 + count - chosen) % count;
                            (0..steps).for_each(|_| desk.press(Key::Char(' ')));
                        }
                        _ => desk
                            .say(&format!("Not understood; a number from 1 to {count}. Nothing changed."))?,
                    }
                    Ok(true)
                }
            }
        }
        (kind, FieldState::Secret(_)) => {
            let lines = kind.takes_lines();
            secret(desk, &label, stop.again, lines)
        }
        (_, FieldState::Line(_) | FieldState::Either(..)) => {
            let now = match state {
                FieldState::Line(input) => input.value().to_owned(),
                _ => focused(desk).map(|(row, _)| row.becomes().to_owned()).unwrap_or_default(),
            };
            let what = field.kind.hint().unwrap_or_else(|| "new text".to_owned());
            let words: String = field.kind.words().iter().map(|word| format!("{}, ", word.value)).collect();
            let between = if field.kind.is_list() { BETWEEN } else { "" };
            let none = if words.is_empty() { " - for none," } else { "" };
            let worked_out = worked_out(desk);
            let prompt = format!(
                "\n{named}{worked_out} [{}] ({words}{what}{between},{none} Enter keeps it)",
                clean(&now)
            );
            loop {
                match said(desk, &prompt)? {
                    Said::Keep => return Ok(true),
                    Said::Elsewhere => return Ok(false),
                    Said::Answer(text) => {
                        desk.press(Key::End);
                        desk.press(Key::Ctrl('u'));
                        if text != "-" {
                            desk.tell(Message::Paste(Secret::new(text)));
                        }
                        desk.notice()?;
                    }
                }
                // Judged here, and asked again; an empty line leaves it for later.
                let Some(wrong) = wrong_here(desk) else { return Ok(true) };
                desk.say(&format!("! {wrong}"))?;
            }
        }
        _ => Ok(true),
    }
}

/// What is wrong with the answer that has the focus.
fn wrong_here(desk: &Desk<'_>) -> Option<String> {
    focused(desk).and_then(|(row, _)| row.complaint())
}

/// How a word comes to the value it stands for, and what that means, a line each.
fn worked_out(desk: &Desk<'_>) -> String {
    let meaning = focused(desk).and_then(|(row, _)| row.meaning).unwrap_or_default();
    let told = [("Rule", meaning.rule), ("Becomes", meaning.effect)];
    let line =
        |(word, text): (&str, Option<String>)| Some(format!("\n  {word}: {}", clean(text.as_deref()?)));
    let told: String = told.into_iter().filter_map(line).collect();
    if told.is_empty() { told } else { told + "\n " }
}

/// A secret, not echoed. An empty line keeps what was typed before.
fn secret(desk: &mut Desk<'_>, label: &str, again: bool, lines: bool) -> io::Result<bool> {
    let prompt = match (again, lines) {
        (true, _) => format!("{label}, again: "),
        (false, false) => format!("{label} (not shown): "),
        (false, true) => format!("{label} (not shown; paste it whole, then a line with a dot alone):\n"),
    };
    let output = &mut desk.output;
    let mut ask = || {
        write!(output, "{}", plain(&prompt))?;
        output.flush()
    };
    let Some(typed) = desk.outside.secret(&mut ask, desk.input, lines)? else {
        desk.tell(Message::Hangup);
        return Ok(false);
    };
    writeln!(desk.output)?;
    if typed.is_empty() {
        return Ok(true);
    }
    desk.press(Key::Ctrl('u'));
    desk.tell(Message::Paste(typed));
    desk.notice()?;
    let Some(step) = desk.model.current_step() else { return Ok(false) };
    let Some((.., FieldState::Secret(state))) =
        step.form.visible().find(|(index, ..)| *index == step.form.focus().field)
    else {
        return Ok(true);
    };
    let words = match (&state.verdict, again) {
        (Some(verdict), false) if verdict.good => format!("strong: {}", verdict.words),
        (Some(verdict), false) => format!("It {}", verdict.words),
        (_, true) if state.matches() => "the same".to_owned(),
        (None, false) if lines => format!("{} lines taken", state.first.lines()),
        (_, true) => "The two entries differ; it is not used until they are the same.".to_owned(),
        _ => return Ok(true),
    };
    desk.say(&words)?;
    Ok(true)
}

/// Reads an answer; carries out the commands that work at every question.
fn said(desk: &mut Desk<'_>, prompt: &str) -> io::Result<Said> {
    loop {
        let Some(line) = desk.line(prompt)? else { return Ok(Said::Elsewhere) };
        match line.as_str() {
            "" => return Ok(Said::Keep),
            "?" => {
                desk.explain(help::QUESTION)?;
                continue;
            }
            "f" => {
                desk.leave_field();
                // In a step of text fields alone letters are text.
                if desk.model.typing() {
                    return Ok(Said::Answer(line));
                }
                desk.press(Key::Char('f'));
            }
            "b" => desk.back(),
            "q" => desk.tell_quit(),
            _ => return Ok(Said::Answer(line)),
        }
        return Ok(Said::Elsewhere);
    }
}

impl Desk<'_> {
    /// Back by one page, from a text field as well.
    fn back(&mut self) {
        self.leave_field();
        let key = if self.model.typing() { Key::Esc } else { Key::Char('b') };
        self.press(key);
    }

    /// Leaves the wizard, from a text field as well.
    fn tell_quit(&mut self) {
        self.leave_field();
        if self.model.typing() {
            self.tell(Message::Interrupted);
        } else {
            self.press(Key::Char('q'));
        }
    }

    /// Moves the focus off text fields, where letters are typed, when there is a choice to move it to.
    fn leave_field(&mut self) {
        while self.model.typing() && self.model.current_step().is_some_and(|step| !step.form.at_first()) {
            self.press(Key::BackTab);
        }
    }
}
