//! What the programs of the sample host share: the files they know, how they print, how they answer what they do not
//! know.

use std::time::Duration;

use crate::executor::{
    Command,
    simulated::{Answer, Files},
};

pub(super) const CONFIG: &str = "/etc/ngcp-config/config.yml";
pub(super) const DPKG_STATUS: &str = "/var/lib/dpkg/status";
pub(super) const MOUNTINFO: &str = "/proc/self/mountinfo";
pub(super) const SHADOW: &str = "/etc/shadow";

/// Short host name.
pub(super) const NAME: &str = "spce";

/// Milliseconds, for the pauses of programs.
pub(super) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Lines that come one after another, `pause` milliseconds apart.
pub(super) fn slowly<'a>(pause: u64, lines: impl IntoIterator<Item = &'a str>) -> Answer {
    lines.into_iter().fold(Answer::code(0), |answer, line| answer.after(ms(pause)).line(line))
}

/// What a program says to arguments it does not know.
pub(super) fn usage(command: &Command) -> Answer {
    Answer::code(2).error(&format!(
        "{}: the demo has no answer to: {}",
        command.program,
        command.args.join(" ")
    ))
}

/// Arguments as words to match on.
pub(super) fn words(command: &Command) -> Vec<&str> {
    command.args.iter().map(String::as_str).collect()
}

/// Replaces the lines of a file one by one; `None` drops a line.
pub(super) fn rewrite(files: &mut Files, path: &str, line: impl Fn(&str) -> Option<String>) {
    let text: String =
        files.text(path).lines().filter_map(line).flat_map(|line| [line, "\n".to_owned()]).collect();
    files.write(path, text);
}
