//! A folder in which `openssl` makes keys and certificates.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The folder; it removes itself.
pub(crate) struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    pub(crate) fn new() -> Self {
        Made { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `openssl` in the folder with these words, parted by blanks, a plus sign for a blank within; it must succeed.
    pub(crate) fn openssl(&self, words: &str) -> Output {
        let output = self.ask(words);
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Runs `openssl` in the folder, however it ends.
    pub(crate) fn ask(&self, words: &str) -> Output {
        run(self.folder.path(), words)
    }
}

fn run(folder: &Path, words: &str) -> Output {
    let mut command = Command::new("openssl");
    command
        .args(words.split(' ').map(|word| word.replace('+', " ")))
        .current_dir(folder)
        .stdin(Stdio::null());
    command.output().unwrap()
}
