//! The files that an apply makes from templates, and whether a template broke in the middle of one.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use super::DIRECTORY;
use crate::executor::{Executor, Kind};

/// More templates than this are not looked through.
const TEMPLATES_LIMIT: usize = 5000;
/// Deeper folders than this hold no templates.
const DEPTH: usize = 16;

/// The end of what a build that failed leaves beside a file.
pub const UNFINISHED: &str = ".ngcpcfg-new";

/// The files that are made from the templates of this host, in order, each once; also the templates that are
/// themselves made from patches (`X.customtt.tt2` beside `X.patchtt.tt2`).
///
/// # Errors
/// When the templates cannot be listed, or are too many.
pub fn generated(host: &dyn Executor) -> io::Result<Vec<PathBuf>> {
    let top = Path::new(DIRECTORY).join("templates");
    let mut files = BTreeSet::new();
    let mut folders = vec![(top.clone(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        let names = match host.list(&folder) {
            Err(error) if depth == 0 && error.kind() == io::ErrorKind::NotFound => Vec::new(),
            names => names?,
        };
        for name in names {
            seen += 1;
            if seen > TEMPLATES_LIMIT * 2 {
                return Err(io::Error::other(format!("more than {TEMPLATES_LIMIT} templates")));
            }
            let path = folder.join(&name);
            match host.metadata(&path)?.kind {
                Kind::Directory if depth < DEPTH => folders.push((path, depth + 1)),
                Kind::File => files.extend(made_from(&path, &name, &top)),
                _ => {}
            }
        }
    }
    Ok(files.into_iter().collect())
}

/// What is made from the template `path`: `templates/etc/a.customtt.tt2.spce` makes `/etc/a`.
fn made_from(path: &Path, name: &str, top: &Path) -> Option<PathBuf> {
    if let Some((stem, rest)) = name.split_once(".patchtt.tt2") {
        return Some(path.with_file_name(format!("{stem}.customtt.tt2{rest}")));
    }
    let stem = name.split_once(".customtt.tt2").or_else(|| name.split_once(".tt2"))?.0;
    let below = path.strip_prefix(top).ok()?.with_file_name(stem);
    // Only what lies in a folder: `/etc/a`, never `/a`.
    below.parent().is_some_and(|parent| parent != Path::new("")).then(|| Path::new("/").join(below))
}

/// Whether a file of the configuration tree is made by the tool itself: its list of file modes, and a template that
/// it makes from a patch at each build.
pub fn is_made(host: &dyn Executor, file: &str) -> bool {
    let patch = file.replace(".customtt.tt2", ".patchtt.tt2");
    file.starts_with(".ngcpcfg") || patch != file && host.metadata(&Path::new(DIRECTORY).join(patch)).is_ok()
}

/// What broke the template of this file: in mr4.5 the error becomes the file's
/// content and the apply says OK (PLATFORM.md 3.4).
pub fn template_error(content: &[u8]) -> Option<String> {
    const KINDS: [&str; 5] = ["file", "undef", "parse", "plugin", "view"];
    let first = content.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    let first = String::from_utf8_lossy(&first[..first.len().min(300)]).trim().to_owned();
    KINDS.iter().any(|kind| first.starts_with(&format!("{kind} error - "))).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::Simulated;

    #[test]
    fn one_file_is_made_of_all_templates_of_one_name() {
        let at = |name: &str| format!("/etc/ngcp-config/templates/{name}");
        let host = [
            "etc/ssh/sshd_config.tt2",
            "etc/ssh/sshd_config.customtt.tt2",
            "etc/ssh/sshd_config.customtt.tt2.spce",
            "etc/ssh/ngcpcfg.services",
            "etc/a.patchtt.tt2",
            "etc/a.tt2",
            "var/lib/b/c.tt2.sp1",
            "odd.tt2",
        ]
        .iter()
        .fold(Simulated::new(), |host, name| host.file(at(name), ""));
        let files: Vec<String> =
            generated(&host).unwrap().iter().map(|path| path.display().to_string()).collect();
        let custom = at("etc/a.customtt.tt2");
        assert_eq!(files, ["/etc/a", &custom, "/etc/ssh/sshd_config", "/var/lib/b/c"]);
        assert!(is_made(&host, "templates/etc/a.customtt.tt2") && is_made(&host, ".ngcpcfg_perms"));
        assert!(!is_made(&host, "templates/etc/ssh/sshd_config.customtt.tt2"));
        assert!(generated(&Simulated::new()).unwrap().is_empty());
    }

    /// PLATFORM.md 3.4, mr4.5.13: the generated file held the error.
    #[test]
    fn an_error_that_became_the_content_is_seen() {
        let broken = b"file error - parse error - input text line 3: unexpected token (END)\n";
        assert!(template_error(broken).unwrap().contains("line 3"));
        assert!(template_error(b"\n  undef error - x is undefined").is_some());
        assert_eq!(template_error(b"# a file error - is told here\nPort 22\n"), None);
        assert_eq!(template_error(b""), None);
    }
}
