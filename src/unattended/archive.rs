//! Packs small files into one `tar.zst`, in memory: what it is given is bounded, and the compressor ends the program
//! when a file it writes to fails.

use std::io::{self, Read};

use anyhow::{Result, ensure};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

const BLOCK: usize = 512;

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its path in the archive, at most 99 bytes.
    pub(super) name: String,
    /// Its bytes.
    pub(super) content: Vec<u8>,
}

impl Member {
    /// A file.
    pub(super) fn new(name: impl Into<String>, content: Vec<u8>) -> Self {
        Member { name: name.into(), content }
    }
}

/// The archive below a directory `top`. `progress` is told how many bytes of how many are packed.
///
/// # Errors
/// When a name is too long for the format.
pub(super) fn pack(
    top: &str,
    members: &[Member],
    time: i64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<u8>> {
    let mut tar = Vec::new();
    for Member { name, content } in members {
        tar.extend(header(&format!("{top}/{name}"), content.len(), time)?);
        tar.extend(content);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    let total = tar.len() as u64;
    Ok(compress_to_vec(Counted { rest: &tar, total, progress }, CompressionLevel::Fastest))
}

/// POSIX.1-1988 ("ustar"): a regular file of root, for the owner only.
fn header(name: &str, len: usize, time: i64) -> Result<[u8; BLOCK]> {
    ensure!(name.len() < 100, "{name} is too long a name for an archive");
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{len:011o}\0"));
    put(136, &format!("{:011o}\0", time.clamp(0, 0o77_777_777_777)));
    // The checksum counts its own field as blanks.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\u{0}00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Tells how much of it was read.
struct Counted<'a> {
    rest: &'a [u8],
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.rest.read(buffer)?;
        if len > 0 {
            (self.progress)(self.total - self.rest.len() as u64, self.total);
        }
        Ok(len)
    }
}
