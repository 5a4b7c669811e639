//! Answers that name a file in place of the line that is in it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::{Answer, Answers, Form, form::Kind as Asked};
use crate::executor::{Executor, Kind};

/// Files with one line for an answer are smaller than this, in bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// The same answers with the line of a file wherever one was named that may be.
///
/// # Errors
/// Names the file that holds no such line. Nothing of what is in it is repeated.
pub(super) fn read(host: &dyn Executor, step: &str, form: &Form, answers: &Answers) -> Result<Answers> {
    let mut answers = answers.clone();
    for field in &form.fields {
        let Asked::Text { limit, file: true, .. } = field.kind else { continue };
        if let Some(Answer::Text(value)) = answers.values.get_mut(&field.key)
            && value.trim().starts_with('/')
        {
            *value = line_of(host, Path::new(value.trim()), limit)
                .with_context(|| format!("{step}.{}", field.key))?;
        }
    }
    Ok(answers)
}

fn line_of(host: &dyn Executor, path: &Path, limit: usize) -> Result<String> {
    let metadata = host.metadata(path)?;
    let at = path.display();
    ensure!(metadata.kind == Kind::File, "{at} is not a plain file");
    ensure!(metadata.len < FILE_LIMIT, "{at} is far too large for one line");
    let text = String::from_utf8(host.read(path)?).ok();
    let text = text.with_context(|| format!("{at} is not readable text"))?;
    ensure!(!text.contains("PRIVATE KEY"), "{at} is a private key; name the .pub file beside it");
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.count()) {
        (Some(line), 0) if line.chars().count() <= limit => Ok(line.to_owned()),
        (None, _) => bail!("there is nothing in {at}"),
        (Some(_), 0) => bail!("the line in {at} is longer than {limit} characters"),
        (Some(_), more) => bail!("one line is wanted, {at} has {}", more + 1),
    }
}
