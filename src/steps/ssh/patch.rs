//! New lines first in what a patch makes: the platform makes `X.customtt.tt2` of `X.tt2` and `X.patchtt.tt2` whenever it
//! builds, so that the patch is the file to edit and the copy is not.

use crate::plan::Edit;

/// Lines of the template that tell where a new hunk belongs.
const CONTEXT: usize = 3;

/// Edits of a unified patch after which `lines` stand first in what it makes of `template`.
///
/// # Errors
/// Why it cannot be done exactly.
pub(super) fn edits(patch: &str, template: &str, lines: &[String]) -> Result<Vec<Edit>, String> {
    let headers: Vec<&str> = patch.lines().filter(|line| line.starts_with("@@ ")).collect();
    let (first, later) = headers.split_first().ok_or("it is no unified patch")?;
    let added: String = lines.iter().map(|line| format!("\n+{line}")).collect();
    let hunk = Hunk::read(first).ok_or("its first hunk cannot be read")?;
    let mut edits = Vec::new();
    let to = match hunk.old {
        (0 | 1, _) => hunk.grown(lines.len()) + &added,
        (start, _) => {
            let context: Vec<&str> = template.lines().take(CONTEXT.min(start - 1)).collect();
            if context.len() < CONTEXT.min(start - 1) {
                return Err("it does not fit the template".to_owned());
            }
            let before: String = context.iter().map(|line| format!("\n {line}")).collect();
            let (now, then) = (context.len(), context.len() + lines.len());
            format!("@@ -1,{now} +1,{then} @@{added}{before}\n{}", hunk.moved(lines.len()))
        }
    };
    edits.push(Edit::line(*first, to));
    for header in later {
        let hunk = Hunk::read(header).ok_or("one of its hunks cannot be read")?;
        edits.push(Edit::line(*header, hunk.moved(lines.len())));
    }
    let once = |header: &&str| patch.lines().filter(|line| line == header).count() == 1;
    match headers.iter().all(once) {
        true => Ok(edits),
        false => Err("two of its lines read the same".to_owned()),
    }
}

/// `@@ -1,3 +1,5 @@ what follows`
struct Hunk<'t> {
    /// First line and number of lines, before and afterwards.
    old: (usize, usize),
    new: (usize, usize),
    rest: &'t str,
}

impl<'t> Hunk<'t> {
    fn read(header: &'t str) -> Option<Self> {
        let (old, rest) = header.strip_prefix("@@ -")?.split_once(" +")?;
        let (new, rest) = rest.split_once(" @@")?;
        let range = |text: &str| {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
        };
        Some(Hunk { old: range(old)?, new: range(new)?, rest })
    }

    fn written(&self, new: (usize, usize)) -> String {
        let old = self.old;
        format!("@@ -{},{} +{},{} @@{}", old.0, old.1, new.0, new.1, self.rest)
    }

    /// With so many lines more at its start.
    fn grown(&self, by: usize) -> String {
        self.written((self.new.0.max(1), self.new.1 + by))
    }

    /// Behind so many lines more.
    fn moved(&self, by: usize) -> String {
        self.written((self.new.0 + by, self.new.1))
    }
}
