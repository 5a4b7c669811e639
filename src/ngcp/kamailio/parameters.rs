//! Parameters of modules in the file that a kamailio was started with: `modparam("registrar", "max_expires", 43200)`.
//! What depends on conditions, definitions or a file that is newer than the process is said to be unknown.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{control, instance::Instance};
use crate::{executor::Executor, host::processes};

/// What brings in another file, with and without the mark of the preprocessor.
const INCLUDES: [&str; 6] =
    ["include_file", "import_file", "#!include_file", "#!import_file", "!!include_file", "!!import_file"];
/// More files are not read.
const MOST_FILES: usize = 100;

/// The value of a parameter, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// As written, without quotes.
    pub value: String,
    /// "kamcmd cfg.get registrar max_expires", "/etc/kamailio/proxy/kamailio.cfg line 12".
    pub by: String,
}

impl Instance {
    /// The value of a module's parameter in it, asked or read in the file that it was started with.
    ///
    /// # Errors
    /// Why it cannot be known.
    pub fn parameter(&self, host: &dyn Executor, module: &str, name: &str) -> Result<Parameter> {
        if let Some(told) = &self.told
            && let Ok(value) = control::parameter(host, &told.socket, module, name)
        {
            return Ok(Parameter { value, by: format!("kamcmd cfg.get {module} {name}") });
        }
        written(host, self, module, name)
    }
}

/// The parameter as it stands in the file of a running instance.
fn written(host: &dyn Executor, instance: &Instance, module: &str, name: &str) -> Result<Parameter> {
    let file = instance.file.as_deref().context("it is not known which file it was started with")?;
    let oldest = instance.pids.iter().filter_map(|pid| processes::age(host, *pid)).max();
    let oldest = oldest.context("it is not known since when it runs")?.as_secs();
    let mut reading = Reading { host, module, name, oldest, files: 0, found: None };
    reading.file(Path::new(file)).with_context(|| format!("{module} {name}"))?;
    let (place, value) = reading.found.with_context(|| format!("{file} does not set {module} {name}"))?;
    Ok(Parameter { value, by: place })
}

/// Reads a file and those that it includes, as kamailio does: what is set last counts.
struct Reading<'a> {
    host: &'a dyn Executor,
    module: &'a str,
    name: &'a str,
    /// Seconds since the oldest process was started: a file that changed since then tells nothing of it.
    oldest: u64,
    files: usize,
    /// Place and value.
    found: Option<(String, String)>,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        self.files += 1;
        ensure!(self.files <= MOST_FILES, "more than {MOST_FILES} files are included");
        let changed = self.host.metadata(path).with_context(|| format!("cannot look at {shown}"))?.modified;
        let since = self.host.now().duration_since(changed).as_secs();
        let older = u64::try_from(since).is_ok_and(|since| since >= self.oldest);
        ensure!(older, "{shown} was changed after kamailio was started");
        let bytes = self.host.read(path).with_context(|| format!("cannot read {shown}"))?;
        let (mut depth, mut comment) = (0usize, false);
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let (line, place) = (line.trim(), format!("{shown} line {}", number + 1));
            if comment {
                comment = !line.contains("*/");
                continue;
            }
            match () {
                () if begins(line, &["#!if", "!!if"]) => depth += 1,
                () if begins(line, &["#!endif", "!!endif"]) => depth = depth.saturating_sub(1),
                () if line.starts_with("/*") => comment = !line.contains("*/"),
                () if begins(line, &INCLUDES) => {
                    let file =
                        line.split('"').nth(1).with_context(|| format!("{place} is not understood"))?;
                    let file = path.parent().unwrap_or(path).join(file);
                    // One that is not there is no fault of an `import_file`.
                    if self.host.metadata(&file).is_ok() {
                        self.file(&file)?;
                    }
                }
                () => {
                    let Some(value) = modparam(line, self.module, self.name) else { continue };
                    ensure!(depth == 0, "{place} depends on a condition");
                    let value = value.with_context(|| format!("{place} has no plain value"))?;
                    self.found = Some((place, value));
                }
            }
        }
        Ok(())
    }
}

fn begins(line: &str, words: &[&str]) -> bool {
    words.iter().any(|word| line.starts_with(word))
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
    use crate::executor::{Resources, simulated::Simulated};

    /// A kamailio that has just been started, with these files.
    fn read(files: &[(&str, &str)], name: &str) -> Result<String, String> {
        let stat = "7 (kamailio) S 1 7 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 100000 1 1";
        let host = Simulated::new()
            .with_resources(Resources { uptime: 1000, ..Resources::default() })
            .file("/proc/7/stat", stat);
        let host = files.iter().fold(host, |host, (path, text)| host.file(path, *text));
        let instance = Instance { pids: vec![7], file: Some("/k/a.cfg".to_owned()), ..Instance::default() };
        let found = written(&host, &instance, "registrar", name);
        found.map(|one| format!("{} {}", one.by, one.value)).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_last_plain_value_counts_and_the_rest_is_said_to_be_unknown() {
        let file = "#!KAMAILIO\n# modparam(\"registrar\", \"max_expires\", 1)\n/* modparam(\"registrar\",\n\"max_expires\", 2) */\n\
                    modparam(\"usrloc|registrar\",\"max_expires\",43200) # x\nmodparam( \"registrar\" , \"min_expires\" , \"60\" )\n";
        assert_eq!(read(&[("/k/a.cfg", file)], "max_expires").unwrap(), "/k/a.cfg line 5 43200");
        assert_eq!(read(&[("/k/a.cfg", file)], "min_expires").unwrap(), "/k/a.cfg line 6 60");
        let more = format!("{file}include_file \"b.cfg\"\n#!import_file \"none.cfg\"\n");
        let b = "modparam(\"registrar\",\"max_expires\",7)\n";
        assert_eq!(
            read(&[("/k/a.cfg", &more), ("/k/b.cfg", b)], "max_expires").unwrap(),
            "/k/b.cfg line 1 7"
        );
        let why = |text: &str| read(&[("/k/a.cfg", text)], "max_expires").unwrap_err();
        assert!(why("").contains("does not set"));
        let conditional = "#!ifdef X\nmodparam(\"registrar\",\"max_expires\",7)\n#!endif\n";
        assert!(why(conditional).contains("line 2 depends on a condition"));
        assert!(why("modparam(\"registrar\",\"max_expires\",MOST)\n").contains("line 1 has no plain value"));
        assert!(why("include_file \"a.cfg\"\n").contains("more than 100 files"));
        assert!(read(&[], "max_expires").unwrap_err().contains("cannot look at /k/a.cfg"));
    }
}
