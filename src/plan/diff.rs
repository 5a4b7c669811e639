//! Line differences for people.

/// A unified diff without file headers, three lines around each change; empty when nothing differs.
pub fn unified(old: &str, new: &str) -> String {
    similar::TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .missing_newline_hint(false)
        .to_string()
}
