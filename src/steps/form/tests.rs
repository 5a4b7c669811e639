use proptest::prelude::*;

use super::*;

fn field(kind: Kind) -> Field {
    Field::new("x", "X", kind)
}

/// Below a question that is not asked itself nothing is asked, and questions in a circle never are.
#[test]
fn a_question_is_asked_only_with_the_one_above_it() {
    let on = |key: &str, above: Option<&str>| {
        let kind = Kind::Choice { options: Vec::new(), default: "yes".to_owned() };
        let only_if = above.map(|above| (above.to_owned(), vec!["yes".to_owned()]));
        Field { key: key.to_owned(), only_if, ..field(kind) }
    };
    let fields = vec![
        on("a", None),
        on("b", Some("a")),
        on("c", Some("b")),
        on("x", Some("y")),
        on("y", Some("x")),
        on("z", Some("nowhere")),
    ];
    let form = Form { fields, ..Form::default() };
    let mut answers = form.defaults();
    let asked = |answers: &Answers| form.asked(answers).map(|field| field.key.clone()).collect::<Vec<_>>();
    assert_eq!(asked(&answers), ["a", "b", "c"]);
    answers.values.insert("a".to_owned(), Answer::Choice("no".to_owned()));
    assert_eq!(asked(&answers), ["a"]);
}

#[test]
fn an_answer_is_judged_at_its_field() {
    let check = Check(|text| if text == "foo" { Err("is foo".to_owned()) } else { Ok(()) });
    let text = field(Kind::Text { default: String::new(), limit: 5, file: true, check });
    let number = field(Kind::Number { default: 60, min: 20, max: 3600 });
    let choice = field(Kind::Choice { options: vec![("a", "", "").into()], default: "a".to_owned() });
    for (field, answer, why) in [
        (&text, "", ""),
        (&text, "/foo", ""),
        (&text, "foo", "is foo"),
        (&text, "foobar", "longer than 5 characters"),
        (&text, "a\u{1b}", "holds a control character"),
        (&number, " 20 ", ""),
        (&number, "5x", "'5x' is not a whole number from 20 to 3600"),
        (&number, "5", "'5' is not a whole number from 20 to 3600"),
        (&choice, "a", ""),
        (&choice, "b", "'b' is not one of a"),
    ] {
        assert_eq!(field.kind.read(answer).err().unwrap_or_default(), why, "{answer:?}");
    }
}

fn names(count: std::ops::RangeInclusive<usize>) -> Field {
    let check = Check(|name| if name.contains('_') { Err("is no host name".to_owned()) } else { Ok(()) });
    field(Kind::List { default: vec!["a.example".to_owned()], count, check })
}

fn networks() -> Field {
    field(Kind::Networks { default: vec!["10.0.0.0/8".parse().unwrap()], count: 0..=20 })
}

fn size() -> Field {
    let [default, min, max] = ["64M", "16M", "4G"].map(|text| text.parse().unwrap());
    field(Kind::Size { default, min, max })
}

fn path() -> Field {
    field(Kind::File)
}

#[test]
fn every_kind_says_what_is_wrong_and_what_to_do() {
    let long = "a".repeat(256);
    let many = "b ".repeat(3);
    for (field, answer, shown, why) in [
        (names(0..=2), "", "", ""),
        (names(0..=2), " a,b ", "a, b", ""),
        (names(0..=2), "a\tb\n", "a, b", ""),
        (names(1..=2), "", "", "0 are named, from 1 to 2 can be"),
        (names(1..=2), &many, "", "3 are named, from 1 to 2 can be"),
        (names(0..=2), "a, a", "", "'a' stands here twice"),
        (names(0..=2), "a a_b", "", "'a_b' is no host name"),
        (names(0..=2), &long, "", "an item is longer than 255 characters"),
        (names(0..=2), "a\u{1b}[2J", "", "an item holds a control character"),
        (networks(), "10.0.0.0/8; 2001:DB8::/32", "", "a number from 0 to 32"),
        (networks(), "all", "", "no address or network"),
        (networks(), "10.0.0.0/8 2001:DB8::/32", "10.0.0.0/8, 2001:db8::/32", ""),
        (networks(), "10.0.0.5/8", "", "write 10.0.0.5 or 10.0.0.0/8"),
        (networks(), "::1 0::1", "", "'0::1' stands here twice"),
        (size(), "1024 MiB", "1G", ""),
        (size(), "1M", "", "'1M' is not from 16M to 4G"),
        (size(), "5G", "", "'5G' is not from 16M to 4G"),
        (size(), "64", "", "write a whole number and K, M, G or T: 64M"),
        (path(), " /etc//ssl/./a b.pem ", "/etc/ssl/a b.pem", ""),
        (path(), "", "", "no file is named"),
        (path(), "a.pem", "", "begin it with /"),
        (path(), "/etc/../root", "", "write it without .."),
        (path(), "/etc/", "", "without / at its end"),
        (path(), "/a\u{1b}", "", "holds a control character"),
    ] {
        match field.kind.read(answer) {
            Ok(read) => assert_eq!((read.to_string().as_str(), why), (shown, ""), "{answer:?}"),
            Err(said) => assert!(!why.is_empty() && said.contains(why), "{answer:?}: {said}"),
        }
    }
}

/// Of an item in a list the place is told; a list is no answer to any other question.
#[test]
fn a_list_is_read_item_by_item() {
    let read = |field: &Field, items: &[&str]| field.kind.read_items(items);
    assert_eq!(read(&names(0..=3), &["a", "b c"]).unwrap_err().0, Some(1));
    assert_eq!(read(&names(0..=3), &["a", ""]).unwrap_err(), (Some(1), "an item is empty".to_owned()));
    assert_eq!(read(&networks(), &["10.0.0.1", "10.0.0.1/32"]).unwrap_err().0, Some(1));
    assert_eq!(read(&names(0..=3), &[]), Ok(Answer::List(Vec::new())));
    for other in [size(), path(), field(Kind::Number { default: 1, min: 0, max: 2 })] {
        assert_eq!(read(&other, &["1"]).unwrap_err(), (None, "takes one value, no list".to_owned()));
    }
}

/// An answer of another kind is an error wherever it is asked for, never an absence.
#[test]
fn an_answer_of_another_kind_is_an_error() {
    let form = Form { fields: vec![names(0..=2)], ..Form::default() };
    let answers = form.defaults();
    assert_eq!(answers.list("x").unwrap(), Some(&["a.example".to_owned()][..]));
    assert_eq!(answers.list("y").unwrap(), None);
    let errors = [
        answers.choice("x").err(),
        answers.text("x").err(),
        answers.number("x").err(),
        answers.networks("x").err(),
        answers.size("x").err(),
        answers.file("x").err(),
    ];
    assert!(errors.iter().all(|error| error.as_ref().is_some_and(|why| why.to_string().starts_with("x: "))));
    assert_eq!(form.check(&answers), Ok(()));
    let mut other = answers;
    other.values.insert("x".to_owned(), Answer::Text("a.example".to_owned()));
    assert_eq!(form.check(&other), Err(("x".to_owned(), "is an answer of another kind".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is typed: it is refused in words, or is an answer that is read back from what is shown of it.
    #[test]
    fn what_is_read_is_read_back(line in "[a-c0-9/:., MGiBK_-]{0,30}|\\PC{0,60}") {
        for field in [names(0..=20), networks(), size(), path()] {
            match field.kind.read(&line) {
                Ok(answer) => {
                    prop_assert_eq!(field.kind.read(&answer.to_string()), Ok(answer.clone()), "{}", line);
                    if field.kind.is_list() {
                        let items = answer.items();
                        let items: Vec<&str> = items.iter().map(String::as_str).collect();
                        prop_assert_eq!(field.kind.read_items(&items), Ok(answer));
                    }
                }
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }
    }
}

/// A word for what is worked out, or a value that is judged as its own kind judges it.
#[test]
fn a_word_or_a_value_is_an_answer() {
    let words = vec![("auto", "", "").into(), ("keep", "", "").into()];
    let or = Box::new(Kind::Number { default: 8, min: 8, max: 1024 });
    let because = Some("below 8 a worker runs out of memory".to_owned());
    let either = field(Kind::Either { words, default: "auto".to_owned(), or, because });
    assert_eq!(either.kind.default(), Some(Answer::Choice("auto".to_owned())));
    assert_eq!(either.kind.read("keep"), Ok(Answer::Choice("keep".to_owned())));
    assert_eq!(either.kind.read("16"), Ok(Answer::Number(16)));
    assert_eq!(
        either.kind.read("4").unwrap_err(),
        "'4' is not a whole number from 8 to 1024: below 8 a worker runs out of memory"
    );
    let form = Form { fields: vec![either], ..Form::default() };
    let given = |answer: Answer| Answers { values: [("x".to_owned(), answer)].into(), ..Answers::default() };
    assert!(form.check(&given(Answer::Number(16))).is_ok());
    assert!(form.check(&given(Answer::Text("auto".to_owned()))).is_err(), "of another kind");
}
