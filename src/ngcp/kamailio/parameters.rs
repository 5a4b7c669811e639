//! Parameters of modules in the file that a kamailio was started with: `modparam("registrar", "max_expires", 43200)`.
//! What depends on conditions, definitions or a file that is newer than the process is said to be unknown.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::Instance;
use crate::{executor::Executor, host::processes};

/// The value of a parameter, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// As written, without quotes.
    pub value: String,
    /// "kamcmd cfg.get registrar max_expires", "/etc/kamailio/proxy/kamailio.cfg line 12".
    pub by: String,
}

/// The parameter as it stands in the file of a running instance.
pub(super) fn written(
    host: &dyn Executor,
    instance: &Instance,
    module: &str,
    name: &str,
) -> Result<Parameter> {
    let file = instance.file.as_deref().context("it is not known which file it was started with")?;
    let bytes = host.read(Path::new(file)).with_context(|| format!("cannot read {file}"))?;
    let changed = host.metadata(Path::new(file)).with_context(|| format!("cannot look at {file}"))?.modified;
    let oldest = instance.pids.iter().filter_map(|pid| processes::age(host, *pid)).max();
    let oldest = oldest.context("it is not known since when it runs")?;
    let since_change = host.now().duration_since(changed);
    ensure!(
        u64::try_from(since_change.as_secs()).is_ok_and(|since| since >= oldest.as_secs()),
        "{file} was changed after it was started"
    );
    let found = parameter(&String::from_utf8_lossy(&bytes), module, name);
    let (line, value) = found.with_context(|| format!("{module} {name} in {file}"))?;
    Ok(Parameter { value, by: format!("{file} line {line}") })
}

/// The last value of a parameter, with its line.
fn parameter(text: &str, module: &str, name: &str) -> Result<(usize, String)> {
    let (mut depth, mut comment) = (0usize, false);
    let mut found = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if comment {
            comment = !line.contains("*/");
            continue;
        }
        match () {
            () if ["#!if", "!!if"].iter().any(|word| line.starts_with(word)) => depth += 1,
            () if ["#!endif", "!!endif"].iter().any(|word| line.starts_with(word)) => {
                depth = depth.saturating_sub(1);
            }
            () if line.starts_with("/*") => comment = !line.contains("*/"),
            () if line.starts_with("include_file") || line.starts_with("import_file") => {
                bail!("line {} includes another file", number + 1);
            }
            () => {
                let Some(value) = modparam(line, module, name) else { continue };
                ensure!(depth == 0, "line {} depends on a condition", number + 1);
                let value = value.with_context(|| format!("line {} has no plain value", number + 1))?;
                found = Some((number + 1, value));
            }
        }
    }
    found.context("it is not set there")
}

/// The value in a line that sets this parameter, `Some(None)` where it is no plain one.
fn modparam(line: &str, module: &str, name: &str) -> Option<Option<String>> {
    let rest = line.strip_prefix("modparam")?.trim_start().strip_prefix('(')?;
    let (modules, rest) = quoted(rest)?;
    let (parameter, rest) = quoted(rest.trim_start().strip_prefix(',')?)?;
    // One line may be for several modules.
    if parameter != name || !modules.split('|').any(|one| one == module) {
        return None;
    }
    let value = rest.trim_start().strip_prefix(',')?.trim_start();
    let text = match quoted(value) {
        Some((text, _)) => text,
        None => value.split(')').next()?.trim(),
    };
    let plain = !text.is_empty() && text.len() < 200 && text.chars().all(|c| c.is_ascii_alphanumeric());
    // A word without quotes is a definition.
    let number = value.starts_with('"') || text.chars().all(|c| c.is_ascii_digit());
    Some((plain && number).then(|| text.to_owned()))
}

/// The text between the quotes at the beginning, and what comes behind them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix('"')?.split_once('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_plain_value_counts_and_the_rest_is_said_to_be_unknown() {
        let file = "#!KAMAILIO\n# modparam(\"registrar\", \"max_expires\", 1)\n/* modparam(\"registrar\",\n\"max_expires\", 2) */\n\
                    modparam(\"usrloc|registrar\",\"max_expires\",43200) # x\nmodparam( \"registrar\" , \"min_expires\" , \"60\" )\n";
        assert_eq!(parameter(file, "registrar", "max_expires").unwrap(), (5, "43200".to_owned()));
        assert_eq!(parameter(file, "registrar", "min_expires").unwrap(), (6, "60".to_owned()));
        let twice = format!("{file}modparam(\"registrar\",\"max_expires\",7)\n");
        assert_eq!(parameter(&twice, "registrar", "max_expires").unwrap().1, "7");
        let why = |text: &str| parameter(text, "registrar", "max_expires").unwrap_err().to_string();
        assert!(why("").contains("not set there"));
        let conditional = "#!ifdef X\nmodparam(\"registrar\",\"max_expires\",7)\n#!endif\n";
        assert!(why(conditional).contains("line 2 depends on a condition"));
        assert!(why("modparam(\"registrar\",\"max_expires\",MOST)\n").contains("line 1 has no plain value"));
        assert!(why("include_file \"x.cfg\"\n").contains("includes another file"));
    }
}
