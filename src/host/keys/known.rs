//! Keys whose private half everybody has. The list is `assets/known_keys.yml`.

use std::{path::Path, sync::OnceLock};

use serde::Deserialize;

use super::{Entry, Key};

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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
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

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        serde_yaml::from_str(include_str!("../../../assets/known_keys.yml")).unwrap_or_default()
    })
}

/// Whether an entry of `file` came with the image: by the key, by its comment or by the name of the file.
pub fn image_key(file: &Path, entry: &Entry) -> Option<ImageKey> {
    let known = known();
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
        assert!(super::known().keys.iter().all(|key| key.fingerprint.starts_with("SHA256:")));
        assert!(super::known().keys.len() >= 2);
    }
}
