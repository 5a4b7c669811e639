use std::collections::BTreeSet;

use super::*;
use crate::{
    demo,
    steps::{
        Answer, Figure, Form,
        figure::Bar,
        size::Size,
        tuning::{facts::Shadow, inspect, preview, questions},
    },
};

fn facts() -> Facts {
    inspect::look(&demo::host())
}

/// The answers that a form starts with, with values as they are proposed.
fn proposed(form: &Form) -> Answers {
    proposing(form.defaults())
}

fn meaning_of(facts: &Facts, answers: &Answers, key: &str) -> Meaning {
    meanings(facts, answers).into_iter().find(|meaning| meaning.key == key).unwrap()
}

/// Every option of the table is a row that says what it becomes, and nothing is asked while values are left.
#[test]
fn every_option_is_a_row_with_its_value() {
    let facts = facts();
    let form = questions::form(&[], &facts);
    let left = form.defaults();
    assert_eq!(form.asked(&left).map(|field| field.key.as_str()).collect::<Vec<_>>(), [asks::VALUES]);
    let answers = proposed(&form);
    let rows: BTreeSet<&str> =
        form.asked(&answers).filter(|field| !field.columns.is_empty()).map(|field| &*field.key).collect();
    let options: BTreeSet<&str> = facts.options.iter().map(|option| &*option.name).collect();
    assert_eq!(rows, options);
    for meaning in meanings(&facts, &answers).iter().filter(|meaning| rows.contains(&*meaning.key)) {
        assert!(meaning.becomes.ends_with(" auto") || meaning.becomes.ends_with(" kept"), "{meaning:?}");
        assert_eq!(meaning.refused, None, "{meaning:?}");
        assert!(!meaning.differs || meaning.rule.is_some(), "{meaning:?}");
    }
    let all = meaning_of(&facts, &left, asks::VALUES).effect.unwrap();
    assert!(all.contains("would change") && all.contains("kamailio-lb"), "{all}");
}

/// What is answered for one row is told at that row, with what is wrong beside the others.
#[test]
fn a_row_follows_its_answer() {
    let facts = facts();
    let mut answers = proposed(&questions::form(&[], &facts));
    let mut pool = |answer| {
        answers.values.insert("buffer-pool-size".to_owned(), answer);
        meaning_of(&facts, &answers, "buffer-pool-size")
    };
    let kept = pool(Answer::Choice(by::KEEP.to_owned()));
    assert_eq!((kept.becomes.as_str(), kept.differs), ("64M kept", false));
    let own = pool(Answer::Size("1G".parse::<Size>().unwrap()));
    assert_eq!((own.becomes.as_str(), own.differs, own.rule), ("1G", true, None));
    assert!(own.effect.unwrap().contains("restart"));
    let much = pool(Answer::Size("12G".parse::<Size>().unwrap()));
    assert!(much.refused.unwrap().contains("more than the 16384 MB"));
}

/// A value that another file decides is refused with the file, unless it is to be changed there.
#[test]
fn a_value_of_another_file_is_refused_with_its_name() {
    let mut facts = facts();
    let file = "/etc/ngcp-config/host.yml";
    let pool = facts.options.iter_mut().find(|option| option.name == "buffer-pool-size").unwrap();
    pool.shadow = Some(Shadow { file: file.into(), line: 7, editable: true });
    let form = questions::form(&[], &facts);
    let mut answers = proposed(&form);
    let shadowed = form.field(asks::SHADOWED).unwrap();
    assert!(shadowed.now.as_ref().unwrap().contains("host.yml line 7"));
    let why = meaning_of(&facts, &answers, "buffer-pool-size").refused.unwrap();
    assert!(why.contains(file) && !why.starts_with("tuning."), "{why}");
    answers.values.insert(asks::SHADOWED.to_owned(), Answer::Choice(by::THERE.to_owned()));
    assert_eq!(meaning_of(&facts, &answers, "buffer-pool-size").refused, None);
}

/// While values are left the pictures show what would be proposed; they follow the answers, each with its numbers.
#[test]
fn pictures_show_the_proposal_and_follow_the_answers() {
    let facts = facts();
    let form = questions::form(&[], &facts);
    let memory = |answers: &Answers| {
        let figures = preview::figures(&facts, answers);
        let Some(Figure::Bars(bars)) = figures.first().cloned() else { panic!("{figures:?}") };
        let labels: Vec<String> = bars.bars.iter().map(|bar| bar.label.clone()).collect();
        (labels, bars.bars.iter().map(Bar::total).collect::<Vec<_>>(), bars.notes)
    };
    let (labels, left, notes) = memory(&form.defaults());
    assert_eq!(labels, ["now", "proposed"]);
    assert!(notes[0].contains("must stay free"), "{notes:?}");
    let table = preview::figures(&facts, &form.defaults()).pop().unwrap();
    let Figure::Table(table) = table else { panic!("{table:?}") };
    assert_eq!(table.rows.len(), facts.options.len(), "each option is in the table");
    let mut answers = proposed(&form);
    let (labels, planned, _) = memory(&answers);
    assert_eq!((labels[1].as_str(), &planned), ("planned", &left), "the proposal is what is planned");
    answers.values.insert("buffer-pool-size".to_owned(), Answer::Choice(by::KEEP.to_owned()));
    let (_, kept, _) = memory(&answers);
    assert!(kept[1] + 4000 < planned[1], "{kept:?} {planned:?}");
}
