//! What a formula is made of, what comes out of it and how it is told. How one is written is not known here.

use std::collections::BTreeMap;

/// Names and what they stand for. Memory is in MB, time in seconds or days, as the name says. Infinity stands for no
/// limit.
pub type Figures = BTreeMap<String, f64>;

/// A figure in words, with as many decimals as tell something: `6.67`, `0.0016`, `1024`, `no limit`.
pub fn shown(figure: f64) -> String {
    if figure.is_infinite() {
        return "no limit".into();
    }
    let decimals = if figure.abs() < 0.1 { 4 } else { 2 };
    let text = format!("{figure:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// A formula, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Number(f64),
    Name(String),
    Sum(Box<Term>, Sign, Box<Term>),
    /// The smaller one: what is wanted, and at most that.
    Min(Box<Term>, Box<Term>),
    /// The larger one: what is wanted, and at least that.
    Max(Box<Term>, Box<Term>),
    /// To whole steps.
    Rounded(Box<Term>, Direction, Box<Term>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// Two numbers that differ by less are the same one, worked out in another order.
const NOTHING: f64 = 1e-9;

impl Sign {
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Sign::Plus => left + right,
            Sign::Minus => left - right,
            Sign::Times => left * right,
            Sign::Over => left / right,
        }
    }

    fn binds_tightly(self) -> bool {
        matches!(self, Sign::Times | Sign::Over)
    }

    fn written(self) -> char {
        match self {
            Sign::Plus => '+',
            Sign::Minus => '-',
            Sign::Times => '*',
            Sign::Over => '/',
        }
    }
}

impl Direction {
    fn of(self, figure: f64, step: f64) -> f64 {
        let steps = figure / step;
        step * match self {
            Direction::Up => (steps - NOTHING).ceil(),
            Direction::Down => (steps + NOTHING).floor(),
        }
    }
}

impl Term {
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Term::Number(_) => Vec::new(),
            Term::Name(name) => vec![name],
            Term::Sum(left, _, right)
            | Term::Min(left, right)
            | Term::Max(left, right)
            | Term::Rounded(left, _, right) => [left.names(), right.names()].concat(),
        }
    }

    /// `None` without a figure for each name, and where no number comes out.
    pub(super) fn value(&self, figures: &Figures) -> Option<f64> {
        let value = match self {
            Term::Number(number) => *number,
            Term::Name(name) => *figures.get(name)?,
            Term::Sum(left, sign, right) => sign.of(left.value(figures)?, right.value(figures)?),
            Term::Min(left, right) => left.value(figures)?.min(right.value(figures)?),
            Term::Max(left, right) => left.value(figures)?.max(right.value(figures)?),
            Term::Rounded(inner, direction, step) => {
                direction.of(inner.value(figures)?, step.value(figures)?)
            }
        };
        // Minus nothing is nothing.
        (!value.is_nan()).then_some(value + 0.0)
    }

    /// Step by step: the sum, what it is rounded to, what limits it.
    pub(super) fn told(&self, figures: &Figures) -> Option<String> {
        let limited = |wanted: &Term, limit: &Term, words: &str| {
            let told = wanted.told(figures)?;
            if self.value(figures)? == wanted.value(figures)? {
                return Some(told);
            }
            let (sum, number) = (limit.sum(figures)?, shown(limit.value(figures)?));
            let how = if sum == number { String::new() } else { format!(" ({sum})") };
            Some(format!("{told}, {words} {number}{how}"))
        };
        match self {
            Term::Number(_) | Term::Name(_) => Some(shown(self.value(figures)?)),
            Term::Sum(..) => Some(format!("{} = {}", self.sum(figures)?, shown(self.value(figures)?))),
            Term::Min(wanted, limit) => limited(wanted, limit, "at most"),
            Term::Max(wanted, limit) => limited(wanted, limit, "at least"),
            Term::Rounded(inner, direction, step) => {
                let (told, before) = (inner.told(figures)?, shown(inner.value(figures)?));
                let after = shown(self.value(figures)?);
                let step = step.value(figures)?;
                Some(match direction {
                    _ if before == after => told,
                    // That it is a whole number needs no word.
                    _ if step == 1.0 => format!("{told}, {after}"),
                    Direction::Up => format!("{told}, rounded up to whole {}: {after}", shown(step)),
                    Direction::Down => format!("{told}, rounded down to whole {}: {after}", shown(step)),
                })
            }
        }
    }

    /// The sum that decides, without what does not.
    fn sum(&self, figures: &Figures) -> Option<String> {
        match self {
            Term::Number(_) | Term::Name(_) => Some(shown(self.value(figures)?)),
            Term::Min(left, right) | Term::Max(left, right) => {
                let chosen = if left.value(figures)? == self.value(figures)? { left } else { right };
                chosen.sum(figures)
            }
            Term::Rounded(inner, ..) => inner.sum(figures),
            // A growth of 1 is none.
            Term::Sum(left, Sign::Times | Sign::Over, right)
                if matches!(**right, Term::Name(_)) && right.value(figures)? == 1.0 =>
            {
                left.sum(figures)
            }
            Term::Sum(left, sign, right) => {
                let tight = sign.binds_tightly();
                let left = left.within(figures, |inner| tight && !inner.binds_tightly())?;
                let right = right.within(figures, |inner| {
                    !inner.binds_tightly() && *sign != Sign::Plus
                        || inner.binds_tightly() && *sign == Sign::Over
                })?;
                Some(format!("{left} {} {right}", sign.written()))
            }
        }
    }

    /// The sum within another one: in brackets where it needs them, and rounded where it is.
    fn within(&self, figures: &Figures, brackets: impl Fn(Sign) -> bool) -> Option<String> {
        match self {
            Term::Sum(left, sign, right) => {
                let alone =
                    sign.binds_tightly() && matches!(**right, Term::Name(_)) && right.value(figures)? == 1.0;
                if alone {
                    return left.within(figures, brackets);
                }
                let sum = self.sum(figures)?;
                Some(if brackets(*sign) { format!("({sum})") } else { sum })
            }
            Term::Min(left, right) | Term::Max(left, right) => {
                let chosen = if left.value(figures)? == self.value(figures)? { left } else { right };
                chosen.within(figures, brackets)
            }
            _ => Some(shown(self.value(figures)?)),
        }
    }
}
