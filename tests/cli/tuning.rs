//! Tuning without a screen: what an answers file may not say, and values set and taken back.

use super::*;

const CONFIG: &str = "etc/ngcp-config/config.yml";

/// The verb with an answers file of these lines.
fn with(root: &Path, verb: &[&str], lines: &str) -> Output {
    let answers = root.with_extension("answers.yml");
    fs::write(&answers, format!("schema: 1\ntuning:\n{lines}")).unwrap();
    let place = ["--root", root.to_str().unwrap(), "--answers", answers.to_str().unwrap()];
    warden(&[verb, &place].concat(), b"")
}

/// F81: whichever verb is asked, and nothing is changed.
#[test]
fn a_dangerous_value_in_an_answers_file_is_refused_by_every_verb_f81() {
    let (_dir, root) = tree("mr13.5");
    let before = fs::read(root.join(CONFIG)).unwrap();
    for (line, why) in [
        ("  natping-processes: 8\n", "7"),
        ("  natping-interval: 0\n", "NAT"),
        ("  lb-pkg-mem: 7\n", "8"),
        ("  values: leave\n  natping-processes: 8\n", "7"),
    ] {
        let key = line.trim().rsplit('\n').next().unwrap().trim().split(':').next().unwrap();
        for verb in [&["plan"][..], &["apply", "--check"], &["apply"]] {
            let refused = with(&root, verb, line);
            let said = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(2), "{verb:?} {line}: {said}");
            assert!(said.contains(&format!("tuning.{key}")) && said.contains(why), "{said}");
        }
    }
    assert_eq!(fs::read(root.join(CONFIG)).unwrap(), before);
}

/// Nobody who answers one option alone means all others as they are proposed.
#[test]
fn a_value_without_the_answer_that_values_are_set_is_refused() {
    let (_dir, root) = tree("mr13.5");
    for (lines, why) in [
        (
            "  natping-processes: 5\n",
            "tuning.natping-processes is answered, and values is missing: answer it with 'proposed'",
        ),
        (
            "  values: leave\n  natping-processes: 5\n",
            "tuning.natping-processes: is answered, and values is 'leave': answer it with 'proposed'",
        ),
    ] {
        let refused = with(&root, &["plan"], lines);
        let said = text(&refused.stderr);
        assert!(refused.status.code() == Some(2) && said.contains(why), "{said}");
    }
}

/// Set, seen as so, and taken back byte for byte.
#[test]
fn values_are_set_left_alone_the_second_time_and_taken_back() {
    for sample in ["mr3.8", "mr13.5"] {
        let (_dir, root) = tree(sample);
        let before = fs::read_to_string(root.join(CONFIG)).unwrap();
        let lines = "  values: proposed\n  natping-processes: 5\n  lb-udp-children: 6\n";
        let check = with(&root, &["apply", "--check", "--format", "json"], lines);
        assert_eq!(check.status.code(), Some(0), "{}", text(&check.stderr));
        assert_eq!(fs::read_to_string(root.join(CONFIG)).unwrap(), before);
        let run = || {
            let output = with(&root, &["apply", "--format", "json"], lines);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            serde_json::from_slice::<Value>(&output.stdout).unwrap()
        };
        let applied = run();
        assert_eq!(applied["changed"], true, "{applied:#}");
        let after = fs::read_to_string(root.join(CONFIG)).unwrap();
        assert!(after.contains("natping_processes: ") && after != before);
        assert_eq!(run()["changed"], false);
        let undo = ["undo", applied["run"].as_str().unwrap(), "--root", root.to_str().unwrap()];
        let undone = warden(&undo, b"");
        assert_eq!(undone.status.code(), Some(0), "{}", text(&undone.stderr));
        assert_eq!(fs::read_to_string(root.join(CONFIG)).unwrap(), before, "{sample}");
    }
}
