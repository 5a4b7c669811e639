//! Line differences for people: values that are not known to be harmless are hidden, whoever wrote them.

use std::{fmt::Write, ops::Range, path::Path};

use similar::{
    DiffTag,
    algorithms::{Capture, Replace, myers},
};

use crate::secret::hide_values;

/// Lines shown around each change.
const CONTEXT: usize = 3;

/// A unified diff without file headers, three lines around each change; empty when nothing differs.
/// A value whose key is not known to be harmless is shown as `‹hidden›`; our own holes `‹…›` stay readable.
pub fn unified(old: &str, new: &str) -> String {
    hide_values(&difference(old, new))
}

/// The same for the content of this file: whole where nobody but this program writes it, and no secret into it.
pub fn unified_in(path: &Path, old: &str, new: &str) -> String {
    if is_ours_alone(path) { difference(old, new) } else { unified(old, new) }
}

/// Whether only this program writes that file: what it stores of the packet filter, and the units that load it.
fn is_ours_alone(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.starts_with("/etc/ngcp-warden") || path.starts_with("/etc/systemd") && name.contains("ngcp-warden")
}

fn difference(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    // One algorithm by name: the crate's own text interface links all of them in, half a megabyte.
    let mut capture = Replace::new(Capture::new());
    let Ok(()) = myers::diff(&mut capture, old.as_slice(), 0..old.len(), new.as_slice(), 0..new.len());
    let mut text = String::new();
    for hunk in capture.into_inner().into_grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let was = place(&(first.old_range().start..last.old_range().end));
        let is = place(&(first.new_range().start..last.new_range().end));
        // Writing into a string cannot fail.
        let _ = writeln!(text, "@@ -{was} +{is} @@");
        let mut add = |sign: char, lines: Option<&[&str]>| {
            for line in lines.unwrap_or_default() {
                let _ = writeln!(text, "{sign}{}", line.strip_suffix('\n').unwrap_or(line));
            }
        };
        for part in &hunk {
            if part.tag() == DiffTag::Equal {
                add(' ', old.get(part.old_range()));
            } else {
                add('-', old.get(part.old_range()));
                add('+', new.get(part.new_range()));
            }
        }
    }
    text
}

/// Where two sequences differ: each range of the old one and what stands in its place in the new one, in order.
pub fn changed_ranges<T: Ord + std::hash::Hash>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut capture = Replace::new(Capture::new());
    let Ok(()) = myers::diff(&mut capture, old, 0..old.len(), new, 0..new.len());
    let changed = capture.into_inner().into_ops().into_iter().filter(|part| part.tag() != DiffTag::Equal);
    changed.map(|part| (part.old_range(), part.new_range())).collect()
}

/// A range of lines as unified diffs write it: the first line and, unless it is one, how many.
fn place(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        count => format!("{},{count}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_the_neighbourhood_are_hidden() {
        let old = "htpasswd:\n- pass: '{SHA}canary'\n  user: ngcpsoap\n  dbpassword: canary\nport: 1\n";
        let new = "htpasswd:\n- pass: '‹hash of x›'\n  user: ngcpsoap\n  dbpassword: canary\nport: 2\n";
        let shown = unified(old, new);
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("-- pass: ‹hidden›\n+- pass: '‹hash of x›'"), "{shown}");
        assert!(shown.contains("-port: 1\n+port: 2\n"), "{shown}");
    }

    #[test]
    fn paths_and_ports_are_not_secrets() {
        let shown = unified("", "sslcertkeyfile: /etc/x.key\npassword_authentication: no\npassive: yes\n");
        assert!(!shown.contains("hidden"), "{shown}");
    }

    /// What is approved can be read; a password that somebody wrote beside it cannot.
    #[test]
    fn our_rules_are_shown_and_a_password_beside_them_is_not() {
        let old = "security:\n  firewall:\n    password: canary\n    rules4: ~\n    logging: canary\n";
        let rule = "- -A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -m comment --comment ngcp-warden:ssh -j ACCEPT";
        let new =
            old.replace(" ~", &format!("\n    {rule}\n    - -A INPUT -m string --string canary -j DROP"));
        let shown = unified(old, &new);
        assert!(shown.contains(&format!("+    {rule}\n")) && !shown.contains("canary"), "{shown}");
        let text = "table inet ngcp_warden {\n  # Trusted networks.\n}\n";
        let shown = |path: &str| unified_in(Path::new(path), "", text);
        for ours in ["/etc/ngcp-warden/firewall.nft", "/etc/systemd/system/ngcp-warden-firewall.service"] {
            assert!(shown(ours).contains("+  # Trusted networks.\n"), "{ours}");
        }
        for other in ["/etc/ngcp-config/config.yml", "/root/ngcp-warden", "/etc/systemd/system/x.service"] {
            assert!(!shown(other).contains("Trusted"), "{other}");
        }
    }

    #[test]
    fn hunks_are_as_patch_expects_them() {
        let numbers = |from: u32, to: u32| (from..=to).map(|n| format!("{n}\n")).collect::<String>();
        let new = numbers(1, 4) + "five\n" + &numbers(6, 15) + &numbers(17, 21);
        let expected = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                        @@ -13,8 +13,8 @@\n 13\n 14\n 15\n-16\n 17\n 18\n 19\n 20\n+21\n";
        assert_eq!(difference(&numbers(1, 20), &new), expected);
        assert_eq!(difference("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(difference("a\r\n", "a\n"), "@@ -1 +1 @@\n-a\r\n+a\n");
        assert_eq!(difference("a\n", "a\n"), "");
    }
}
