//! The parser that knows positions is stricter than libyaml, the one the host uses, about two things operators
//! write: a tab behind a colon, and brackets whose lines stand no deeper than their key. Both are eased for it here.

use saphyr_parser::ScanError;

use super::tree::{Kind, Node};

/// Deeper than any key stands.
const INDENT: usize = 200;
/// How many places are eased in one text: more is not worth the time.
const PLACES: usize = 40;
/// Larger texts are not eased, in bytes.
const SIZE: usize = 128 * 1024;

/// A text with other white space, and where it was put in.
pub(super) struct Eased {
    pub(super) text: String,
    /// Where [`INDENT`] blanks were put in, as positions in `text`, rising.
    indents: Vec<usize>,
    places: usize,
}

impl Eased {
    pub(super) fn new(source: &str) -> Self {
        Eased { text: source.to_owned(), indents: Vec::new(), places: 0 }
    }

    /// Takes away the reason of an error, if it is one of those that libyaml does not mind.
    pub(super) fn ease(&mut self, error: &ScanError) -> bool {
        self.places += 1;
        if self.places > PLACES || self.text.len() > SIZE + PLACES * INDENT {
            return false;
        }
        let Some((at, _)) = self.text.char_indices().nth(error.marker().index()) else { return false };
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        let blanks = before.len()..at;
        if error.info().starts_with("':' must be followed by") && self.text[blanks.clone()].contains('\t') {
            self.text.replace_range(blanks.clone(), &" ".repeat(blanks.len()));
            return true;
        }
        // Only what starts its line can be moved.
        if error.info().starts_with("invalid indentation")
            && before.ends_with('\n')
            && !self.indents.contains(&at)
        {
            self.text.insert_str(at, &" ".repeat(INDENT));
            self.indents.push(at);
            return true;
        }
        false
    }

    /// The node with the positions it has in the text as it was.
    pub(super) fn back(&self, mut node: Node) -> Node {
        if self.indents.is_empty() {
            return node;
        }
        node.span = self.place(node.span.start)..self.place(node.span.end);
        node.kind = match node.kind {
            Kind::Map { entries, flow } => {
                let entries = entries.into_iter().map(|(key, value)| (self.back(key), self.back(value)));
                Kind::Map { entries: entries.collect(), flow }
            }
            Kind::List { items, flow } => {
                Kind::List { items: items.into_iter().map(|item| self.back(item)).collect(), flow }
            }
            scalar @ Kind::Scalar { .. } => scalar,
        };
        node
    }

    fn place(&self, position: usize) -> usize {
        let put_in: usize = self.indents.iter().map(|at| position.saturating_sub(*at).min(INDENT)).sum();
        position - put_in
    }
}
