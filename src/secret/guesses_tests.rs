//! zxcvbn judges the estimate, with the same words: what it finds weak is never accepted.

use super::{MIN_GUESSES, guesses::guesses};

const PIECES: [&str; 30] = [
    // Words and passwords, as they are and as people change them.
    "password",
    "sipwise",
    "dragon",
    "Liverpool",
    "kamailio",
    "p@ssw0rd",
    "drowssap",
    "Tr0ub4dour",
    "letmein",
    "m0nk3y",
    "LoVeYoU",
    "schnitzel",
    "Bregenz",
    "jennifer",
    "Administrator",
    "spce",
    "SPCE",
    "h0rs3",
    // Walks, sequences, repeats.
    "qwertyuiop",
    "zaq12wsx",
    "147258369",
    "abcdef",
    "9876",
    "aaaa",
    "abcabc",
    "$$$",
    // Years, dates, and what follows no rule.
    "2019",
    "31.12.2024",
    "19701231",
    "xK7#mP",
];

/// Two pieces of any kinds in a row, words of the list in a row, and characters at random.
fn corpus() -> Vec<String> {
    let mut texts: Vec<String> =
        PIECES.iter().flat_map(|one| PIECES.map(|other| format!("{one}{other}"))).collect();
    let list = std::str::from_utf8(super::WORDS.list).unwrap();
    let words: Vec<&str> = list.lines().step_by(97).filter_map(|line| line.split(' ').next()).collect();
    texts.extend(words.chunks_exact(3).step_by(4).map(|three| three.join("-")));
    texts.extend(words.chunks_exact(2).step_by(5).map(<[&str]>::concat));
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + u8::try_from((state >> 33) % 94).unwrap())
    };
    texts.extend((0..100).map(|number| (0..6 + number % 8).map(|_| random()).collect::<String>()));
    texts
}

#[test]
fn what_zxcvbn_finds_weak_is_never_accepted_and_the_verdicts_agree() {
    let context = ["administrator".to_owned(), "spce".to_owned()];
    let same = context.each_ref().map(String::as_str);
    let texts = corpus();
    let mut stricter = Vec::new();
    for text in &texts {
        let ours = guesses(text, &context);
        let theirs = zxcvbn::zxcvbn(text, &same);
        let accepted = u8::from(theirs.score()) >= 3;
        if ours >= MIN_GUESSES {
            assert!(accepted, "{text:?}: {ours:e}, but {} for zxcvbn", theirs.guesses());
            // Never a hundred times more: it takes "11-" for a sequence and "R1C0" for the commonest word, and its
            // figures end at 10^19.
            let near = ours < 100.0 * theirs.guesses() as f64 || theirs.guesses() == u64::MAX;
            assert!(near, "{text:?}: {ours:e}, but {} for zxcvbn", theirs.guesses());
        } else if accepted {
            stricter.push((text, ours, theirs.guesses()));
        }
    }
    assert!(stricter.len() * 50 < texts.len(), "too strict: {stricter:?}");
}
