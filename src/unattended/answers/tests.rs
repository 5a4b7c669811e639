use super::*;
use crate::{
    demo,
    steps::{REGISTRY, form::Check, size::Size},
};

/// Who knows the screen finds its words again.
#[test]
fn the_file_says_the_words_of_the_screen() {
    let host = demo::host();
    let forms: Vec<_> = REGISTRY
        .iter()
        .map(|step| (step.about(), step.form(&step.inspect(&host).unwrap()).unwrap()))
        .collect();
    let file = template("spce", &forms);
    for field in forms.iter().flat_map(|(_, form)| &form.fields) {
        // In a table the columns say it.
        if let Some(help) = &field.help {
            assert!(file.contains(&one_line(help)), "{}: {help}", field.key);
        }
        if let Kind::Choice { options, .. } = &field.kind {
            for option in options {
                assert!(file.contains(&one_line(&option.label)), "{}: {}", field.key, option.label);
            }
        }
    }
    AnswersFile::parse(&file).unwrap();
}

#[test]
fn a_value_is_read_as_it_was_written_and_shows_nothing_hidden() {
    for value in
        ["", "yes: no", "a\"b\\c # d", "\u{202e}\u{200b}\u{e0041}\u{1b}[m\t\u{9b}", "é日", "'", "- x"]
    {
        let written = format!("schema: 1\nnoatime:\n  {}: {}\n", quoted("noatime"), quoted(value));
        assert!(!written.contains(|c| deceives(c) && c != '\n'), "{written:?}");
        let file = AnswersFile::parse(&written).unwrap();
        assert_eq!(file.steps["noatime"].values["noatime"].0, Written::One(value.to_owned()), "{written}");
    }
}

/// What the next steps ask for: names, networks, a size, a file.
fn form() -> Form {
    let kinds = [
        Kind::List { default: Vec::new(), count: 0..=9, check: Check::NONE },
        Kind::Networks { default: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()], count: 1..=9 },
        Kind::Size { default: Size::kib(65536), min: Size::kib(1024), max: Size::kib(1 << 20) },
        Kind::File,
    ];
    let field = |(key, kind)| Field::new(key, key, kind);
    let fields = ["names", "networks", "size", "file"].into_iter().zip(kinds).map(field).collect();
    Form { fields, ..Form::default() }
}

fn fit(text: &str) -> Result<Answers> {
    AnswersFile::parse(&format!("schema: 1\nnoatime:\n{text}"))?.fit("noatime", &form(), &Secrets::default())
}

/// The file that is printed is read back as the answers that it was printed from.
#[test]
fn lists_are_written_as_lists_and_read_back() {
    let about = REGISTRY.iter().find(|step| step.about().id.as_str() == "noatime").unwrap().about();
    let file = template("spce", &[(about, form())]).replace("file: \"\"", "file: /etc/a.pem");
    assert!(file.contains("\n  names: []\n"), "{file}");
    assert!(file.contains("\n  networks:\n    - \"10.0.0.0/8\"\n    - \"::1\"\n"), "{file}");
    assert!(file.contains("  # 1 to 9 addresses") || file.contains("  #   1 to 9 addresses"), "{file}");
    let answers = AnswersFile::parse(&file).unwrap().fit("noatime", &form(), &Secrets::default()).unwrap();
    let mut wanted = form().defaults();
    wanted.values.insert("file".to_owned(), Answer::File("/etc/a.pem".into()));
    assert_eq!(answers, wanted);
}

#[test]
fn a_list_that_does_not_fit_is_told_with_the_line_of_its_item() {
    let rest = "  networks: 10.0.0.0/8 ::1\n  size: 64 MiB\n  file: /a\n";
    assert!(fit(&format!("  names: [a, b]\n{rest}")).is_ok());
    for (names, line, why) in [
        ("  names:\n  - a\n  - b c\n", 5, "'b c' holds a blank or a comma"),
        ("  names:\n  - a\n  - a\n", 5, "'a' stands here twice"),
        ("  names:\n  - a\n  - [b]\n", 3, "takes one value, or a list of them"),
        ("  names:\n    a: b\n", 3, "takes one value, or a list of them"),
        ("  names: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n", 3, "10 are named, from 0 to 9 can be"),
    ] {
        let said = format!("{:#}", fit(&format!("{names}{rest}")).unwrap_err());
        assert!(
            said.starts_with(&format!("answers, line {line}: noatime.names")) && said.contains(why),
            "{said}"
        );
    }
    for (other, why) in [
        ("  networks: [10.0.0.5/8]\n  size: 64M\n  file: /a\n", "line 4: noatime.networks: '10.0.0.5/8'"),
        ("  networks: ::1\n  size: [64M]\n  file: /a\n", "line 5: noatime.size: takes one value, no list"),
        ("  networks: ::1\n  size: 64\n  file: /a\n", "line 5: noatime.size: '64' is no size"),
        ("  networks: ::1\n  size: 64M\n  file: a\n", "line 6: noatime.file: 'a' is not a full name"),
        ("  networks: ::1\n  size: 64M\n", "noatime.file is missing"),
    ] {
        let said = format!("{:#}", fit(&format!("  names: []\n{other}")).unwrap_err());
        assert!(said.contains(why), "{said}");
    }
}

/// Who names a file means that it is taken, and need not say what stays as it is.
#[test]
fn an_answer_below_another_one_answers_that_too() {
    let choice = |key, values: &[&str]| {
        Field::choice(key, key, values.iter().map(|value| (*value, *value, *value)), values[0]).optional()
    };
    let list = || Kind::List { default: Vec::new(), count: 0..=9, check: Check::NONE };
    let form = Form {
        fields: vec![
            choice("all", &["leave", "take", "make", "each"]),
            Field::new("all.file", "file", list()).only_if("all", "take"),
            Field::new("all.names", "names", list()).only_if_any("all", &["take", "make"]).optional(),
            Field::new("all.kind", "kind", list()).only_if("all", "make"),
            choice("one", &["leave", "take"]).only_if("all", "each"),
            Field::new("one.file", "file", list()).only_if("one", "take"),
        ],
        ..Form::default()
    };
    let fit = |text: &str| {
        let file = AnswersFile::parse(&format!("schema: 1\nnoatime:\n{text}")).unwrap();
        file.fit("noatime", &form, &Secrets::default()).map_err(|error| format!("{error:#}"))
    };
    let chosen = |text: &str| {
        let answers = fit(text).unwrap();
        ["all", "one"].map(|key| answers.choice(key).unwrap().unwrap().to_owned())
    };
    assert_eq!(chosen("  all.file: /a\n"), ["take", "leave"]);
    assert_eq!(chosen("  one.file: /a\n"), ["each", "take"]);
    assert_eq!(chosen("  all: leave\n  all.file: /a\n"), ["leave", "leave"], "who says it is believed");
    assert_eq!(chosen("  all.names: a\n"), ["leave", "leave"], "either could be meant");
    let both = fit("  all.file: /a\n  one.file: /a\n").unwrap_err();
    assert!(both.contains("noatime.all.file and noatime.one cannot both be"), "{both}");
    assert!(fit("  all: make\n").unwrap_err().contains("noatime.all.kind is missing"));
}

/// What exists already is not judged as a new password is, and may be missing where the host can do without.
#[test]
fn a_secret_that_exists_already_is_taken_as_it_is() {
    let file = AnswersFile::parse("schema: 1\nnoatime:\n").unwrap();
    let field = |key, lines| Field::new(key, key, Kind::Existing { lines });
    let fields = vec![field("passphrase", false).optional(), field("pasted", true)];
    let form = Form { fields, ..Form::default() };
    let mut secrets = Secrets::default();
    let fit = |secrets: &Secrets| file.fit("noatime", &form, secrets);
    assert_eq!(fit(&secrets).unwrap_err().to_string(), "secrets: noatime.pasted is missing");
    secrets.insert("noatime.pasted", crate::secret::Secret::new("BEGIN\nEND"));
    assert_eq!(fit(&secrets).unwrap().secrets.len(), 1);
    secrets.insert("noatime.passphrase", crate::secret::Secret::new("weak"));
    assert_eq!(fit(&secrets).unwrap().secrets.len(), 2);
    secrets.insert("noatime.passphrase", crate::secret::Secret::new("canary\n"));
    let refused = fit(&secrets).unwrap_err().to_string();
    assert!(refused.starts_with("secrets: noatime.passphrase holds") && !refused.contains("canary"));
    let about = REGISTRY.iter().find(|step| step.about().id.as_str() == "noatime").unwrap().about();
    let written = template("spce", &[(about, form.clone())]);
    assert!(written.contains("noatime.passphrase=…") && written.contains("noatime.pasted=| and below it"));
}

/// An answers file that is printed is read back as the answers it was printed from; a value beyond the range is refused
/// with the handbook's reason.
#[test]
fn an_answers_file_names_options_by_word_or_value() {
    let tuning = steps::find("tuning").unwrap();
    let form = tuning.form(&tuning.inspect(&demo::host()).unwrap()).unwrap();
    let printed = template("spce", &[(tuning.about(), form.clone())]);
    let fit = |text: &str| {
        let file = AnswersFile::parse(text).unwrap();
        file.fit("tuning", &form, &Secrets::default()).map_err(|error| format!("{error:#}"))
    };
    assert_eq!(fit(&printed).unwrap(), form.defaults());
    let short = fit("schema: 1\ntuning:\n  values: proposed\n  lb-tcp-children: 12\n").unwrap();
    assert_eq!(short.number("lb-tcp-children").unwrap(), Some(12));
    assert_eq!(short.choice("natping-processes").unwrap(), Some("auto"), "what is not named is as proposed");
    for (key, value, why) in
        [("lb-pkg-mem", "4", "8"), ("natping-processes", "8", "7"), ("natping-interval", "0", "keepalive")]
    {
        let refused =
            fit(&format!("schema: 1\ntuning:\n  values: proposed\n  {key}: {value}\n")).unwrap_err();
        let told = refused.split_once(&format!("tuning.{key}: ")).unwrap_or_else(|| panic!("{refused}")).1;
        let reason = told.split_once(": ").unwrap_or_else(|| panic!("{refused}")).1;
        assert!(reason.contains(why), "{refused}");
    }
}
