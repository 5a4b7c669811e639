//! What the output of an apply means. Its exit code alone says nothing: an apply returns 0 when a service failed to
//! restart, and prints `Error: …` for things that it then goes on after.

/// What an apply really said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Lines that report an error.
    pub errors: Vec<String>,
    /// Service scripts that failed although the apply went on.
    pub failed_scripts: Vec<String>,
    /// Service scripts that it ran, in order: what these talk to was told about the new files.
    pub executed: Vec<String>,
}

/// More lines than this are no reason that anybody reads.
const REASON_LINES: usize = 12;

/// Reads both streams of an apply.
pub fn said(output: &str) -> Said {
    let mut said = Said::default();
    for line in output.lines() {
        let line = without_stamp(line);
        if let Some(script) = line.strip_prefix("Executing action for ") {
            said.executed.push(script.trim().to_owned());
        } else if let Some(script) =
            line.split(" returned with error code").next().filter(|rest| *rest != line)
        {
            let script =
                script.strip_prefix("Warning:").or(script.strip_prefix("WARNING:")).unwrap_or(script);
            // Newer ones put `INSTANCE_NAME= ` in front of the path.
            let script = script.trim();
            let script = script
                .strip_prefix("INSTANCE_NAME=")
                .map_or(script, |rest| rest.split_once(' ').map_or(rest, |(_, path)| path));
            said.failed_scripts.push(script.to_owned());
        } else if ["Error:", "ERROR:", "Error ", "error:"].iter().any(|word| line.starts_with(word)) {
            said.errors.push(line.to_owned());
        }
    }
    said
}

/// Why an apply failed, whole: every line that reports an error with the indented ones below it (where a template
/// breaks), or else the last lines that it printed.
pub fn reason(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).map(str::trim_end).collect();
    let told = |line: &str| {
        let line = without_stamp(line);
        ["Error", "ERROR", "error:", "fatal:"].iter().any(|word| line.starts_with(word))
    };
    let mut reason: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in &lines {
        inside = told(line) || (inside && line.starts_with(char::is_whitespace));
        let text = without_stamp(line);
        if inside && !reason.contains(&text) {
            reason.push(text);
        }
    }
    if reason.is_empty() {
        reason = lines.iter().rev().take(3).rev().map(|line| without_stamp(line)).collect();
    }
    reason.truncate(REASON_LINES);
    reason.join("\n")
}

/// The line without `2026-11-22 11:04:28 spce: ` in front; older releases leave the host out.
fn without_stamp(line: &str) -> &str {
    let line = line.trim();
    let shape = |at: usize, b: u8| match at {
        4 | 7 => b == b'-',
        10 => b == b' ',
        13 | 16 => b == b':',
        _ => b.is_ascii_digit(),
    };
    let stamped = line.len() >= 19 && line.bytes().take(19).enumerate().all(|(at, b)| shape(at, b));
    if !stamped {
        return line;
    }
    let rest = line[19..].trim_start_matches([':', ' ']);
    match rest.split_once(": ") {
        // "Error: …" of an older release is no host.
        Some((host, text)) if !host.contains(' ') && !["Error", "ERROR", "Warning", "OK"].contains(&host) => {
            text.trim()
        }
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PLATFORM.md 3.2: an apply exits 0 although a service script failed.
    #[test]
    fn exit_code_0_is_not_success_f41() {
        let output = "2026-11-22 11:04:28 spce: Executing action for /etc/ngcp-config/templates/etc/nginx/a.services\n\
            2026-11-22 11:04:29 spce: /etc/ngcp-config/templates/etc/nginx/a.services returned with error code, continuing anyway.\n\
            2026-11-22 11:04:30 spce: Warning: /x/b.services returned with error code, continuing anyway.\n\
            2026-11-22 11:04:30 spce: Warning: INSTANCE_NAME= /x/c.services returned with error code, continuing anyway.\n";
        let told = said(output);
        let a = "/etc/ngcp-config/templates/etc/nginx/a.services";
        assert_eq!(told.failed_scripts, [a, "/x/b.services", "/x/c.services"]);
        assert_eq!(told.executed, [a]);
        let refused = "2026-11-22 11:04:28 spce: Error: Uncommitted configuration files found.\n";
        assert_eq!(said(refused).errors, ["Error: Uncommitted configuration files found."]);
        assert_eq!(said("2014-01-02 03:04:05: Error: old\n").errors, ["Error: old"]);
        assert_eq!(said("2026-11-22 11:04:28 spce: OK:   nothing to commit.\n"), Said::default());
    }

    #[test]
    fn the_reason_of_a_failed_apply_is_told_whole() {
        let output = "2026-11-22 11:04:28 spce: Generating /etc/a: OK\n\
            2026-11-22 11:04:28 spce: Error: Cannot process template '/t/etc/b.tt2':\n\
            \x20 file error - parse error - input file handle line 2: unexpected end of input\n\
            2026-11-22 11:04:28 spce: Error: Generating /etc/b based on /t/etc/b.tt2: FAILED\n\
            2026-11-22 11:04:28 spce: Executing something\n";
        assert_eq!(
            reason(output),
            "Error: Cannot process template '/t/etc/b.tt2':\n\
             file error - parse error - input file handle line 2: unexpected end of input\n\
             Error: Generating /etc/b based on /t/etc/b.tt2: FAILED"
        );
        assert_eq!(reason("a\nb\n\nc\nd\n"), "b\nc\nd");
        assert_eq!(reason("fatal: $HOME not set\n"), "fatal: $HOME not set");
    }

    #[test]
    fn stamps_are_taken_off() {
        for (line, text) in [
            ("2026-11-22 11:04:28 spce: OK:   branch master active", "OK:   branch master active"),
            ("2014-01-02 03:04:05: OK: nothing", "OK: nothing"),
            ("2014-01-02 03:04:05 Generating /etc/x: OK", "Generating /etc/x: OK"),
            ("no stamp: here", "no stamp: here"),
            ("ä026-11-22 11:04:28 spce: x", "ä026-11-22 11:04:28 spce: x"),
        ] {
            assert_eq!(without_stamp(line), text);
        }
    }
}
