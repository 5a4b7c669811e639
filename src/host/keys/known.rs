//! Keys whose private half everybody has. The list is `assets/known_keys.yml`.

use std::path::Path;

use serde::Deserialize;

use super::{Entry, Key};
use crate::known::Table;

/// Why a key counts as one of the image's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKey {
    /// Its private half is published: whose it is.
    Published(&'static str),
    /// Its comment is that of an image's key.
    Comment,
    /// It lies in a file that only images make.
    File,
}

/// The keys that images come with.
pub static KNOWN_KEYS: Table<Known> =
    Table::new("assets/known_keys.yml", include_str!("../../../assets/known_keys.yml"), |known| {
        let Known { keys, comments, files } = known;
        let whole = |one: &Published| one.fingerprint.starts_with("SHA256:") && !one.whose.is_empty();
        !keys.is_empty() && keys.iter().all(whole) && !comments.is_empty() && !files.is_empty()
    });

/// The content of `assets/known_keys.yml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    keys: Vec<Published>,
    comments: Vec<String>,
    files: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    fingerprint: String,
    whose: String,
}

/// Whether an entry of `file` came with the image: by the key, by its comment or by the name of the file.
pub fn image_key(file: &Path, entry: &Entry) -> Option<ImageKey> {
    let known = KNOWN_KEYS.get();
    let published = |key: &Key| known.keys.iter().find(|one| one.fingerprint == key.fingerprint);
    if let Some(one) = entry.key.as_ref().ok().and_then(published) {
        return Some(ImageKey::Published(&one.whose));
    }
    let text = entry.text.as_deref().unwrap_or_default().trim_end();
    if known.comments.iter().any(|comment| text.ends_with(comment.as_str())) {
        return Some(ImageKey::Comment);
    }
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    known.files.iter().any(|file| file == name).then_some(ImageKey::File)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_read() {
        super::KNOWN_KEYS.check().unwrap();
        assert!(super::KNOWN_KEYS.get().keys.len() >= 2);
    }
}
