//! Line differences for people: values that look like passwords are hidden, whoever wrote them.

use crate::secret::hide_values;

/// A unified diff without file headers, three lines around each change; empty when nothing differs.
/// Values behind keys such as `password:` or `pass =` are shown as `‹hidden›`; our own holes `‹…›` stay readable.
pub fn unified(old: &str, new: &str) -> String {
    let diff = similar::TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(3).missing_newline_hint(false).to_string();
    hide_values(&text)
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
}
