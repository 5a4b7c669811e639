//! What zxcvbn needs of `fancy-regex`: text that is repeated at once, `(.+)\1+` and its two lazy forms. Any other
//! pattern is refused. The full engine would be a twentieth of the binary.

#![forbid(unsafe_code)]

/// A repeat pattern.
#[derive(Debug, Clone, Copy)]
pub struct Regex {
    /// The repeated part is as short as possible.
    lazy: bool,
    /// The repeats are the whole text.
    anchored: bool,
}

/// Why a pattern is refused: it is none of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error;

/// A match and its first group.
#[derive(Debug, Clone, Copy)]
pub struct Captures<'t> {
    whole: Match<'t>,
    part: Match<'t>,
}

/// Where a match or group is.
#[derive(Debug, Clone, Copy)]
pub struct Match<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl Regex {
    /// One of `(.+)\1+`, `(.+?)\1+` and `^(.+?)\1+$`.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        match pattern {
            r"(.+)\1+" => Ok(Regex { lazy: false, anchored: false }),
            r"(.+?)\1+" => Ok(Regex { lazy: true, anchored: false }),
            r"^(.+?)\1+$" => Ok(Regex { lazy: true, anchored: true }),
            _ => Err(Error),
        }
    }

    /// The leftmost match.
    pub fn captures<'t>(&self, text: &'t str) -> Result<Option<Captures<'t>>, Error> {
        let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let starts = if self.anchored { 1 } else { bounds.len() };
        Ok((0..starts.min(bounds.len())).find_map(|first| self.at(text, &bounds, first)))
    }

    /// The match that begins at the character with that number.
    fn at<'t>(&self, text: &'t str, bounds: &[usize], first: usize) -> Option<Captures<'t>> {
        let longest = (bounds.len() - 1 - first) / 2;
        let of = |length: usize| {
            let (start, end) = (bounds[first], bounds[first + length]);
            let part = &text[start..end];
            if part.contains('\n') {
                return None;
            }
            let repeats = text[end..].as_bytes().chunks(part.len()).take_while(|c| *c == part.as_bytes()).count();
            let stop = end + repeats * part.len();
            let fits = repeats > 0 && (!self.anchored || stop == text.len());
            let found = |end| Match { text, start, end };
            fits.then(|| Captures { whole: found(stop), part: found(end) })
        };
        if self.lazy { (1..=longest).find_map(of) } else { (1..=longest).rev().find_map(of) }
    }
}

impl<'t> Captures<'t> {
    /// The match (0) or its group (1).
    pub fn get(&self, group: usize) -> Option<Match<'t>> {
        match group {
            0 => Some(self.whole),
            1 => Some(self.part),
            _ => None,
        }
    }
}

impl<'t> Match<'t> {
    /// First byte.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Behind the last byte.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The text.
    pub fn as_str(&self) -> &'t str {
        &self.text[self.start..self.end]
    }
}
