//! Passwords and words that an attacker tries first: `assets/words.txt`, looked up where it lies. Nothing that is
//! looked up is copied.

use std::cmp::Ordering;

use anyhow::{Result, ensure};

/// The list of this program.
pub static WORDS: Words = Words::new("assets/words.txt", include_str!("../../assets/words.txt").as_bytes());

/// Lines `WORD PLACE` in the order of their bytes, below a head of lines with `#`.
pub struct Words {
    /// `assets/words.txt`.
    pub name: &'static str,
    /// The lines below the head.
    pub(super) list: &'static [u8],
    /// Whether they are as long as the number tells that ends the head.
    whole: bool,
}

impl Words {
    /// The list in a text. Computed when this program is built: to read a megabyte would delay each start.
    const fn new(name: &'static str, text: &'static [u8]) -> Self {
        let (mut at, mut told) = (0, 0usize);
        while at < text.len() && text[at] == b'#' {
            told = 0;
            while at < text.len() && text[at] != b'\n' {
                let digit = text[at].wrapping_sub(b'0') as usize;
                told = if digit < 10 { told.wrapping_mul(10).wrapping_add(digit) } else { 0 };
                at += 1;
            }
            at += (at < text.len()) as usize;
        }
        let list = text.split_at(at).1;
        Words { name, list, whole: !list.is_empty() && told == list.len() }
    }

    /// Whether all is there.
    ///
    /// # Errors
    /// When something is missing.
    pub fn check(&self) -> Result<()> {
        ensure!(self.whole, "this program is broken: {} in it is not complete", self.name);
        Ok(())
    }
}

/// The place of a word in small letters, where 1 is the most common.
pub(super) fn place(mut list: &[u8], word: &(impl Iterator<Item = char> + Clone)) -> Option<usize> {
    while !list.is_empty() {
        let start = list[..list.len() / 2].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = start + list[start..].iter().position(|byte| *byte == b'\n')?;
        let blank = start + list[start..end].iter().position(|byte| *byte == b' ')?;
        match list[start..blank].iter().map(|byte| char::from(*byte)).cmp(word.clone()) {
            Ordering::Less => list = &list[end + 1..],
            Ordering::Greater => list = &list[..start],
            Ordering::Equal => return number(&list[blank + 1..end]),
        }
    }
    None
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_damaged_is_an_error_that_names_it() {
        let whole = "# head\n# bytes below: 8\na 1\nb 2\n";
        let check = |text: &'static str| Words::new("assets/x.txt", text.as_bytes()).check();
        check(whole).unwrap();
        for text in [
            "",
            "# bytes below: 0\n",
            "a 1\nb 2\n",
            "version https://git-lfs 8",
            &whole[..25],
            "# 9\na 1\nb 2\n",
        ] {
            let error = check(text).unwrap_err().to_string();
            assert!(error.contains("assets/x.txt"), "{text:?}: {error}");
        }
        let windows = whole.replace('\n', "\r\n").leak();
        assert!(check(windows).is_err());
    }

    #[test]
    fn every_word_of_the_list_is_found_at_its_place() {
        let list = WORDS.list;
        let lines = std::str::from_utf8(list).unwrap().lines().map(|line| line.split_once(' ').unwrap());
        let mut last = "";
        for (number, (word, listed)) in lines.enumerate() {
            assert!(last < word && word == word.to_ascii_lowercase(), "{word:?} after {last:?}");
            last = word;
            let listed: usize = listed.parse().unwrap();
            // One in eleven is looked up: all of them would take seconds.
            assert!(number % 11 > 0 || place(list, &word.chars()) == Some(listed), "{word:?}");
        }
        assert_eq!(place(list, &"123456".chars()), Some(1));
        for none in ["", " ", "k3j9fx2q", "passwordpassword", "zzzzzzzzzzzzzzzz", "!", "ä"] {
            assert_eq!(place(list, &none.chars()), None, "{none:?}");
        }
    }
}
