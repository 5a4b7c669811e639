//! What a step found on the host, in words an operator and a program can both use. Vocabulary only.

use serde::{Deserialize, Serialize};

/// The name of a step, e.g. `noatime`: stable, used on the command line, in answers, plans and journals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(std::borrow::Cow<'static, str>);

impl StepId {
    /// A step's own constant.
    pub const fn new(name: &'static str) -> Self {
        StepId(std::borrow::Cow::Borrowed(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// How bad it is if the finding fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs something one day.
    Low,
    /// Weakens the host.
    Medium,
    /// Somebody can get at calls or money.
    High,
    /// Somebody gets in now.
    Critical,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }
}

/// Whether the finding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Seen to be well.
    Pass,
    /// Seen to be wrong.
    Fail,
    /// Could not be seen; the evidence says why.
    Unknown,
    /// Does not exist on this host.
    NotApplicable,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, says what is wrong when failing: `PASSWORD-ROOT-DEFAULT`.
    pub id: String,
    /// The step that looks after it.
    pub step: StepId,
    /// How bad.
    pub severity: Severity,
    /// Holds or not.
    pub status: Status,
    /// For people: "Root still has the image's password" when failing, "Root has its own password" when not.
    pub title: String,
    /// What was seen, where.
    pub evidence: String,
    /// What to do about it.
    pub remedy: String,
    /// Handbook section, e.g. `15.3`.
    pub handbook: String,
    /// Key of the step's question that settles it; one that ends in a dot stands for all that begin with it. `None`
    /// when no question of this step does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Whether a terminal obeys it, or a reader does not see it: control characters, direction marks, those without
/// width. A text with one of them may read as something that it is not.
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Text made safe for people: every character that [`deceives`] but line breaks and tabs is written as `\u{202e}`.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) && c != '\n' && c != '\t' { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// The same as one line: a blank for each line break and tab.
pub fn one_line(text: &str) -> String {
    printable(&text.replace(['\n', '\r', '\t'], " "))
}

/// JSON for a terminal or a pipe: exact for who parses it, safe for who looks at it.
///
/// # Errors
/// When the value cannot be serialized.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    use std::fmt::Write;
    let text = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if deceives(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

/// 0 to 100: each finding that could be judged weighs by its severity, unknown ones count half.
/// 100 when there is nothing to judge.
pub fn score<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> u8 {
    let (mut have, mut of) = (0u32, 0u32);
    for finding in findings {
        let weight = match finding.severity {
            Severity::Critical => 20,
            Severity::High => 10,
            Severity::Medium => 5,
            Severity::Low => 2,
            Severity::Info => 0,
        };
        match finding.status {
            Status::Pass => (have, of) = (have + weight, of + weight),
            Status::Fail => of += weight,
            Status::Unknown => (have, of) = (have + weight / 2, of + weight),
            Status::NotApplicable => {}
        }
    }
    (have * 100).checked_div(of).map_or(100, |score| u8::try_from(score).unwrap_or(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str =
        "\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2066}\u{200b}\u{200d}\u{feff}\u{ad}\u{61c}\u{fe0f}\u{e0041}\r\0";

    #[test]
    fn what_deceives_is_written_out() {
        let shown = printable(&format!("a{HIDDEN}é日\n\tb"));
        assert!(shown.chars().all(|c| !deceives(c) || c == '\n' || c == '\t'), "{shown:?}");
        assert!(shown.starts_with("a\\u{1b}[2J") && shown.ends_with("é日\n\tb"), "{shown:?}");
        assert_eq!(printable(&shown), shown);
        assert_eq!(one_line("a\nb\tc\u{7}"), "a b c\\u{7}");
    }

    #[test]
    fn json_hides_nothing_and_stays_exact() {
        let value = serde_json::json!({"evidence": HIDDEN, "list": ["é日", "\n"]});
        let text = json(&value).unwrap();
        assert!(text.chars().all(|c| !deceives(c) || c == '\n'), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
