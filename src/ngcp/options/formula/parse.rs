//! Formulas as they are written. What comes out of one is not known here.

use super::term::{Direction, Sign, Term};

/// Reads the whole text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn term(text: &str) -> Result<Term, String> {
    let mut rest = Rest { text };
    let term = rest.sum()?;
    match rest.next() {
        "" => Ok(term),
        more => Err(format!("'{more}' is one too many")),
    }
}

/// What is not read yet.
struct Rest<'a> {
    text: &'a str,
}

impl<'a> Rest<'a> {
    /// The next number, name or sign, without taking it; empty at the end.
    fn peek(&self) -> &'a str {
        let text = self.text.trim_start();
        // A name has its dashes in it: a minus has blanks around it.
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let length = if starts {
            text.find(|c| !word(c)).unwrap_or(text.len())
        } else {
            text.chars().next().map_or(0, char::len_utf8)
        };
        &text[..length]
    }

    fn next(&mut self) -> &'a str {
        let next = self.peek();
        self.text = &self.text.trim_start()[next.len()..];
        next
    }

    fn take(&mut self, expected: &str) -> Result<(), String> {
        match self.next() {
            next if next == expected => Ok(()),
            next => Err(format!("'{expected}' is missing before '{next}'")),
        }
    }

    fn sum(&mut self) -> Result<Term, String> {
        self.row(Rest::product, |sign| match sign {
            "+" => Some(Sign::Plus),
            "-" => Some(Sign::Minus),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Term, String> {
        self.row(Rest::factor, |sign| match sign {
            "*" => Some(Sign::Times),
            "/" => Some(Sign::Over),
            _ => None,
        })
    }

    /// From the left: `10 - 4 - 3` is 3.
    fn row(
        &mut self,
        part: impl Fn(&mut Self) -> Result<Term, String>,
        sign: impl Fn(&str) -> Option<Sign>,
    ) -> Result<Term, String> {
        let mut left = part(self)?;
        while let Some(sign) = sign(self.peek()) {
            self.next();
            left = Term::Sum(Box::new(left), sign, Box::new(part(self)?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Term, String> {
        let next = self.next();
        let one = |rest: &mut Self| {
            rest.take("(")?;
            let inner = rest.sum()?;
            rest.take(")").map(|()| inner)
        };
        let two = |rest: &mut Self| {
            rest.take("(")?;
            let first = rest.sum()?;
            rest.take(",")?;
            let second = rest.sum()?;
            rest.take(")").map(|()| (Box::new(first), Box::new(second)))
        };
        let whole = || Box::new(Term::Number(1.0));
        match next {
            "(" => {
                let inner = self.sum()?;
                self.take(")").map(|()| inner)
            }
            "min" => two(self).map(|(wanted, limit)| Term::Min(wanted, limit)),
            "max" => two(self).map(|(wanted, limit)| Term::Max(wanted, limit)),
            "up" => two(self).map(|(inner, step)| Term::Rounded(inner, Direction::Up, step)),
            "down" => two(self).map(|(inner, step)| Term::Rounded(inner, Direction::Down, step)),
            "ceil" => one(self).map(|inner| Term::Rounded(Box::new(inner), Direction::Up, whole())),
            "floor" => one(self).map(|inner| Term::Rounded(Box::new(inner), Direction::Down, whole())),
            number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                number.parse().map(Term::Number).map_err(|_| format!("'{number}' is no number"))
            }
            name if name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with(['-', '.']) => {
                Ok(Term::Name(name.into()))
            }
            other => Err(format!("'{other}' stands where a number or a name must")),
        }
    }
}
