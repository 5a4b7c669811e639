//! How many guesses a password withstands. It is split into what an attacker tries first (words, walks over the
//! keyboard, sequences, repeats, dates), the way that is cheapest to guess. The figures are those of zxcvbn (Wheeler,
//! USENIX Security 2016), which judges in the tests. No copy of the password stays behind, nor what betrays a part.

use zeroize::Zeroizing;

use super::words::{WORDS, place};

/// Keyboards: how many characters they have, and the rows of keys where they lie, without shift and with it. American,
/// German, and the block of digits. No key lies at a blank.
const KEYBOARDS: [(f64, [&[&str]; 2]); 3] = [
    (
        94.0,
        [
            &["`1234567890-=", " qwertyuiop[]\\", " asdfghjkl;'", " zxcvbnm,./"],
            &["~!@#$%^&*()_+", " QWERTYUIOP{}|", " ASDFGHJKL:\"", " ZXCVBNM<>?"],
        ],
    ),
    (
        94.0,
        [
            &["^1234567890ß´", " qwertzuiopü+", " asdfghjklöä#", "<yxcvbnm,.-"],
            &["°!\"§$%&/()=?`", " QWERTZUIOPÜ*", " ASDFGHJKLÖÄ'", ">YXCVBNM;:_"],
        ],
    ),
    (15.0, [&[" /*-", "789+", "456", "123", " 0."], &[]]),
];
/// So many keys lie around one, on average.
const NEIGHBOURS: f64 = 4.0;
/// Guesses for a year, and for a day of one of twenty years.
const YEAR: f64 = 50.0;
const DATE: f64 = 365.0 * 20.0;
/// What stands between the parts of a date.
const BETWEEN: &str = " /\\_.-";
/// What an attacker spends on fewer pieces before one more is tried.
const ONE_MORE: f64 = 10_000.0;
/// Ways to read digits and signs as letters: not at all, signs only, and both with `1` and `7` as either of two.
const READINGS: u8 = 6;

/// How many guesses it takes. `context`: words that are tried first, likeliest first.
pub(super) fn guesses(text: &str, context: &[String]) -> f64 {
    let mut chars = Zeroizing::new(Vec::with_capacity(text.len()));
    chars.extend(text.chars());
    let (size, list) = (chars.len() + 1, WORDS.list);
    let mut pieces = Pieces { size, guesses: Zeroizing::new(vec![0.0; size * size]) };
    // Shorter ones first: a repeat costs what its part costs.
    for length in 1..size {
        for from in 0..size - length {
            let piece = &chars[from..from + length];
            let repeat = part(piece).map(|part| pieces.split(from, from + part) * (length / part) as f64);
            let tried = [word(piece, list, context), walk(piece), sequence(piece), date(piece), repeat];
            let least = tried.into_iter().flatten().fold(brute_force(length), f64::min);
            pieces.guesses[from * size + from + length] = least;
        }
    }
    pieces.split(0, chars.len())
}

/// The guesses for each piece of a password.
struct Pieces {
    size: usize,
    /// At `from * size + to`.
    guesses: Zeroizing<Vec<f64>>,
}

impl Pieces {
    /// The guesses for the cheapest split of what stands at `from..to`.
    fn split(&self, from: usize, to: usize) -> f64 {
        let (length, size) = (to - from, self.size);
        // At `end * size + count`: the product of the guesses for `count` pieces that end there.
        let mut products = Zeroizing::new(vec![f64::INFINITY; size * size]);
        products[0] = 1.0;
        for end in 1..=length {
            for start in 0..end {
                let least = match end - start {
                    whole if whole == length => 1.0,
                    1 => 10.0,
                    _ => 50.0,
                };
                let guesses = self.guesses[(from + start) * size + from + end].max(least);
                for count in 0..=start {
                    let product = products[start * size + count] * guesses;
                    let best = &mut products[end * size + count + 1];
                    *best = best.min(product);
                }
            }
        }
        let (mut orders, mut before) = (1.0, 1.0);
        let totals = (1..=length).map(|count| {
            orders *= count as f64;
            let total = orders * products[length * size + count] + before;
            before *= ONE_MORE;
            total
        });
        totals.fold(f64::INFINITY, f64::min)
    }
}

/// Ten for each character: people do not choose characters at random.
fn brute_force(length: usize) -> f64 {
    10f64.powi(length as i32).max(if length == 1 { 11.0 } else { 51.0 })
}

/// A word of the list or the context, also backwards, with capitals, or with digits and signs for letters.
fn word(piece: &[char], list: &[u8], context: &[String]) -> Option<f64> {
    let readings = (0..READINGS).filter_map(|reading| {
        let letters = piece.iter().map(move |written| read(*written, reading));
        let replaced = |at: &usize| {
            let written = piece[*at];
            read(written, reading) != read(written, 0) && !piece[..*at].contains(&written)
        };
        let replaced = (0..piece.len()).filter(replaced).count();
        if reading > 0 && replaced == 0 {
            return None;
        }
        let forwards = place_in(list, context, &letters);
        let backwards = place_in(list, context, &letters.rev()).map(|place| 2 * place);
        let place = forwards.into_iter().chain(backwards).min()?;
        Some(place as f64 * 2f64.powi(replaced as i32))
    });
    readings.reduce(f64::min).map(|guesses| guesses * capitals(piece))
}

/// The place among the words of the context or of the list.
fn place_in(
    list: &[u8],
    context: &[String],
    letters: &(impl Iterator<Item = char> + Clone),
) -> Option<usize> {
    let nearest =
        context.iter().position(|word| word.chars().flat_map(char::to_lowercase).eq(letters.clone()));
    nearest.map(|at| at + 1).into_iter().chain(place(list, letters)).min()
}

/// The small letter that is meant by a character.
fn read(written: char, reading: u8) -> char {
    match written {
        _ if written.is_uppercase() => written.to_lowercase().next().unwrap_or(written),
        _ if reading == 0 => written,
        '@' => 'a',
        '(' | '{' | '[' | '<' => 'c',
        '!' => 'i',
        '$' => 's',
        '+' => 't',
        '%' => 'x',
        '|' if reading.is_multiple_of(2) => 'i',
        '|' => 'l',
        _ if reading == 1 => written,
        '0' => 'o',
        '1' if reading.is_multiple_of(2) => 'i',
        '1' => 'l',
        '2' => 'z',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '6' | '9' => 'g',
        '7' if reading < 4 => 't',
        '7' => 'l',
        '8' => 'b',
        _ => written,
    }
}

/// In how many ways capitals may stand: one at an end and all are what people do.
fn capitals(piece: &[char]) -> f64 {
    let upper = piece.iter().filter(|c| c.is_uppercase()).count();
    let lower = piece.iter().filter(|c| c.is_lowercase()).count();
    let at_an_end = [piece.first(), piece.last()].into_iter().flatten().any(|c| c.is_uppercase());
    match upper {
        0 => 1.0,
        1 if at_an_end => 2.0,
        _ if lower == 0 => 2.0,
        _ => variations(upper, lower),
    }
}

/// In how many ways a few of `one + other` may be the one or the other.
fn variations(one: usize, other: usize) -> f64 {
    (1..=one.min(other)).map(|few| choose(one + other, few)).sum()
}

fn choose(all: usize, some: usize) -> f64 {
    (0..some).fold(1.0, |ways, taken| ways * (all - taken) as f64 / (taken + 1) as f64)
}

/// Three or more keys, each beside the one before.
fn walk(piece: &[char]) -> Option<f64> {
    if piece.len() < 3 {
        return None;
    }
    let walks = KEYBOARDS.iter().filter_map(|(starts, keyboard)| {
        let (mut last, mut direction, mut turns, mut shifted) = (None, None, 0, 0);
        for written in piece {
            let (shift, x, y) = key(keyboard, *written)?;
            shifted += usize::from(shift);
            let Some((last_x, last_y)) = last.replace((x, y)) else { continue };
            let step = (x - last_x, y - last_y);
            if step == (0, 0) || step.0.abs() > 1 || step.1.abs() > 1 {
                return None;
            }
            turns += usize::from(direction.replace(step) != Some(step));
        }
        let mut guesses = 0.0;
        for length in 2..=piece.len() {
            let mut ways = *starts;
            for turn in 0..turns.min(length - 1) {
                ways *= NEIGHBOURS;
                guesses += choose(length - 1, turn) * ways;
            }
        }
        Some(match (shifted, piece.len() - shifted) {
            (0, _) => guesses,
            (_, 0) => guesses * 2.0,
            (shifted, plain) => guesses * variations(shifted, plain),
        })
    });
    walks.reduce(f64::min)
}

/// Whether a key is pressed with shift, and where it lies.
fn key(keyboard: &[&[&str]; 2], written: char) -> Option<(bool, i32, i32)> {
    for (rows, shift) in keyboard.iter().zip([false, true]) {
        for (row, y) in rows.iter().zip(0..) {
            if let Some((_, x)) = row.chars().zip(0..).find(|(key, _)| *key == written && *key != ' ') {
                return Some((shift, x, y));
            }
        }
    }
    None
}

/// Characters at an even distance, as `abcd` or `97531`.
fn sequence(piece: &[char]) -> Option<f64> {
    let distance = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let first = distance(piece.get(..2)?);
    let even = piece.windows(2).all(|pair| distance(pair) == first);
    if !even || first == 0 || first.abs() > 5 || (piece.len() == 2 && first.abs() > 1) {
        return None;
    }
    let starts = match piece[0] {
        'a' | 'A' | 'z' | 'Z' | '0' | '1' | '9' => 4.0,
        digit if digit.is_ascii_digit() => 10.0,
        _ => 26.0,
    };
    Some(starts * piece.len() as f64 * if first < 0 { 2.0 } else { 1.0 })
}

/// The length of the part that a repeat consists of.
fn part(piece: &[char]) -> Option<usize> {
    let repeats =
        |part: &usize| piece.len().is_multiple_of(*part) && piece[*part..] == piece[..piece.len() - part];
    (1..=piece.len() / 2).find(repeats)
}

/// A year, or a day with month and year in any order, with something between them or not.
fn date(piece: &[char]) -> Option<f64> {
    let year = |digits: &[char]| match (number(digits), digits.len()) {
        (Some(_), 2) => true,
        (Some(year), 4) => (1000..=2050).contains(&year),
        _ => false,
    };
    let day = |one: &[char], other: &[char]| match (number(one), number(other)) {
        (Some(one), Some(other)) => (1..=12).contains(&one.min(other)) && one.max(other) <= 31,
        _ => false,
    };
    let dated = |a: &[char], b: &[char], c: &[char]| (year(a) && day(b, c)) || (year(c) && day(a, b));
    if let Some(year) = number(piece).filter(|_| piece.len() == 4)
        && (1900..2100).contains(&year)
    {
        return Some(YEAR);
    }
    if piece.iter().all(char::is_ascii_digit) {
        let mut cuts = (1..piece.len()).flat_map(|one| (one + 1..piece.len()).map(move |two| (one, two)));
        let found = cuts.any(|(one, two)| dated(&piece[..one], &piece[one..two], &piece[two..]));
        return found.then_some(DATE);
    }
    let parts: Vec<&[char]> = piece.split(|c| BETWEEN.contains(*c)).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    dated(a, b, c).then_some(4.0 * DATE)
}

/// A number of up to four digits.
fn number(digits: &[char]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| Some(number * 10 + digit.to_digit(10)?))
}
