//! Commands whose effect ends by itself: how long, and until when, is filled in when they are run.

use std::time::Duration;

use jiff::Timestamp;

use super::{CommandLine, Piece, Template};

/// In arguments and input of a command that a guard covers: the seconds until what it does shall end by itself.
pub const SECONDS: &str = "{seconds}";
/// The same as a moment in UTC: `2026-11-30T18:00:00`.
pub const UNTIL: &str = "{until}";
/// Whoever confirms in the last moment must find in force what is confirmed.
const MARGIN: u64 = 5;

/// Whether this text is one of something that ends by itself.
pub(super) fn passing(text: &str) -> bool {
    text.contains(SECONDS) || text.contains(UNTIL)
}

impl CommandLine {
    /// The command as it is run at `now` under a guard of so many seconds.
    #[must_use]
    pub fn timed(&self, guard: u64, now: Timestamp) -> Self {
        let seconds = guard.saturating_add(MARGIN);
        let until = now.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        let until = until.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let filled = |text: &str| text.replace(SECONDS, &seconds.to_string()).replace(UNTIL, &until);
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(filled(text)),
            secret @ Piece::Secret { .. } => secret.clone(),
        };
        CommandLine {
            args: self.args.iter().map(|arg| filled(arg)).collect(),
            stdin: self.stdin.as_ref().map(|input| Template(input.0.iter().map(piece).collect())),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_by_itself_outlives_its_guard_by_a_little() {
        let mut line = CommandLine::new("rules", ["--for", SECONDS]);
        line.stdin = Some(Template::text("drop until {until}, {seconds} s\n"));
        let timed = line.timed(60, "2026-11-30T23:59:30Z".parse().unwrap());
        assert_eq!(timed.args, ["--for", "65"]);
        assert_eq!(timed.stdin, Some(Template::text("drop until 2026-12-01T00:00:35, 65 s\n")));
        assert_eq!(CommandLine::new("rules", ["-S"]).timed(60, Timestamp::UNIX_EPOCH).args, ["-S"]);
    }
}
