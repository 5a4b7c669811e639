//! What the terminal can do, as far as the environment tells: nothing is ever asked over the line.

use crate::ui::{Glyphs, Theme};

/// What the terminal can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Characters it can draw.
    pub glyphs: Glyphs,
    /// Colours it has and the operator wants.
    pub theme: Theme,
    /// It has a second screen, so that the first one comes back untouched.
    pub alternate_screen: bool,
    /// It cannot place its cursor: the line-mode front end is the one to use.
    pub plain: bool,
}

/// Reads the environment of the process.
pub fn capabilities() -> Capabilities {
    from(|name| std::env::var(name).ok())
}

fn from(variable: impl Fn(&str) -> Option<String>) -> Capabilities {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let term = set("TERM").unwrap_or_default();
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
    let plain = term.is_empty() || term == "dumb";
    let hardware = plain || begins(&["vt1", "vt2", "vt3", "vt4", "vt5"]);
    let console = term == "linux";
    let glyphs = match (utf8 && !hardware, console) {
        (false, _) => Glyphs::Ascii,
        (true, true) => Glyphs::Console,
        (true, false) => Glyphs::Unicode,
    };
    let rich = set("COLORTERM").is_some()
        || term.contains("256")
        || begins(&["xterm", "screen", "tmux", "rxvt", "putty", "alacritty", "foot", "wezterm", "kitty"]);
    let theme = if set("NO_COLOR").is_some() || hardware || term.ends_with("-mono") || term.ends_with("-m") {
        Theme::Mono
    } else if rich && !console {
        Theme::Rich
    } else {
        Theme::Console16
    };
    Capabilities { glyphs, theme, alternate_screen: !hardware && !console, plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_locales_and_wishes() {
        let table = [
            ("TERM=xterm-256color LANG=C.UTF-8", Glyphs::Unicode, Theme::Rich, true, false),
            ("TERM=xterm LANG=en_US.utf8", Glyphs::Unicode, Theme::Rich, true, false),
            ("TERM=xterm LANG=C.UTF-8 LC_ALL=C", Glyphs::Ascii, Theme::Rich, true, false),
            ("TERM=xterm LANG=C.UTF-8 LC_ALL=", Glyphs::Unicode, Theme::Rich, true, false),
            ("TERM=xterm-256color NO_COLOR=1", Glyphs::Ascii, Theme::Mono, true, false),
            ("TERM=linux LANG=de_AT.UTF-8 NO_COLOR=", Glyphs::Console, Theme::Console16, false, false),
            ("TERM=linux", Glyphs::Ascii, Theme::Console16, false, false),
            ("TERM=vt220 LANG=C.UTF-8 COLORTERM=truecolor", Glyphs::Ascii, Theme::Mono, false, false),
            ("TERM=ansi LC_CTYPE=C.UTF-8", Glyphs::Unicode, Theme::Console16, true, false),
            ("TERM=dumb LANG=C.UTF-8", Glyphs::Ascii, Theme::Mono, false, true),
            ("LANG=C.UTF-8", Glyphs::Ascii, Theme::Mono, false, true),
        ];
        for (environment, glyphs, theme, alternate_screen, plain) in table {
            let lookup = |name: &str| {
                let mut pairs = environment.split(' ').filter_map(|pair| pair.split_once('='));
                pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
            };
            assert_eq!(
                from(lookup),
                Capabilities { glyphs, theme, alternate_screen, plain },
                "{environment}"
            );
        }
    }
}
