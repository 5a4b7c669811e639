//! How each role looks. Three themes; none ever sets the background, so that light and dark terminals both work,
//! and none says anything by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::wizard::page::Role;

/// Which colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// 256 colours, each readable on black and on white.
    Rich,
    /// The 16 colours of a console.
    Console16,
    /// Attributes only: not one colour is ever sent.
    Mono,
}

/// Parts of the frame around a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The name of the page.
    Title,
    /// The words at the right of the title.
    Aside,
    /// The lines between the zones, borders.
    Rule,
    /// A key in the bottom line.
    Key,
    /// What a key does.
    KeyText,
    /// DEMO.
    Mark,
    /// A word to the operator that is not part of the page.
    Notice,
}

impl Theme {
    /// The look of words with that role.
    pub(crate) fn style(self, role: Role) -> Style {
        let plain = Style::new();
        match self {
            Theme::Rich => match role {
                Role::Text => plain,
                Role::Dim => plain.fg(Color::Indexed(244)),
                Role::Heading | Role::Revealed => plain.add_modifier(Modifier::BOLD),
                Role::Accent => plain.fg(Color::Indexed(32)),
                Role::Good | Role::Added => plain.fg(Color::Indexed(29)),
                Role::Warning => plain.fg(Color::Indexed(166)),
                Role::Bad | Role::Removed => plain.fg(Color::Indexed(160)),
                Role::Unknown => plain.fg(Color::Indexed(97)),
                Role::Field => plain.add_modifier(Modifier::UNDERLINED),
                Role::Literal => plain.fg(Color::Indexed(30)),
            },
            Theme::Console16 => match role {
                Role::Text | Role::Dim | Role::Literal => plain,
                Role::Heading | Role::Revealed => plain.add_modifier(Modifier::BOLD),
                Role::Accent => plain.fg(Color::Cyan),
                Role::Good | Role::Added => plain.fg(Color::Green),
                Role::Warning => plain.fg(Color::Yellow),
                Role::Bad | Role::Removed => plain.fg(Color::Red),
                Role::Unknown => plain.fg(Color::Magenta),
                Role::Field => plain.add_modifier(Modifier::UNDERLINED),
            },
            Theme::Mono => match role {
                Role::Heading | Role::Bad | Role::Accent | Role::Revealed => {
                    plain.add_modifier(Modifier::BOLD)
                }
                Role::Field => plain.add_modifier(Modifier::UNDERLINED),
                _ => plain,
            },
        }
    }

    /// The look of a part of the frame.
    pub(crate) fn part(self, part: Part) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match part {
            Part::Title => self.style(Role::Accent).add_modifier(Modifier::BOLD),
            Part::Key => match self {
                Theme::Mono => bold,
                Theme::Rich | Theme::Console16 => self.style(Role::Accent),
            },
            Part::Aside | Part::KeyText | Part::Rule => self.style(Role::Dim),
            Part::Mark => self.style(Role::Warning).add_modifier(Modifier::REVERSED),
            Part::Notice => bold,
        }
    }

    /// The look of what has the focus; it has a marker as well.
    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 12] = [
        Role::Text,
        Role::Dim,
        Role::Heading,
        Role::Accent,
        Role::Good,
        Role::Warning,
        Role::Bad,
        Role::Unknown,
        Role::Field,
        Role::Added,
        Role::Removed,
        Role::Literal,
    ];
    const PARTS: [Part; 7] =
        [Part::Title, Part::Aside, Part::Rule, Part::Key, Part::KeyText, Part::Mark, Part::Notice];

    fn all(theme: Theme) -> impl Iterator<Item = Style> {
        let roles = ROLES.into_iter().map(move |role| theme.style(role));
        roles.chain(PARTS.into_iter().map(move |part| theme.part(part))).chain([theme.selected()])
    }

    #[test]
    fn mono_has_no_colour_and_nobody_sets_a_background() {
        for style in all(Theme::Mono) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        for style in all(Theme::Rich).chain(all(Theme::Console16)) {
            assert_eq!(style.bg, None);
        }
    }

    /// Contrast by WCAG 2 of the xterm palette's colour cube and greys.
    fn contrast(index: u8, ground: f64) -> f64 {
        let steps = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0];
        let rgb = if index >= 232 {
            [f64::from(index - 232).mul_add(10.0, 8.0); 3]
        } else {
            let cube = usize::from(index - 16);
            [steps[cube / 36], steps[cube / 6 % 6], steps[cube % 6]]
        };
        let linear = rgb.map(|c: f64| {
            let c = c / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let own = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        (own.max(ground) + 0.05) / (own.min(ground) + 0.05)
    }

    #[test]
    fn rich_colours_are_readable_on_black_and_on_white() {
        for style in all(Theme::Rich) {
            if let Some(Color::Indexed(index)) = style.fg {
                for ground in [0.0, 1.0] {
                    assert!(
                        contrast(index, ground) >= 3.7,
                        "{index} on {ground}: {}",
                        contrast(index, ground)
                    );
                }
            }
        }
    }
}
