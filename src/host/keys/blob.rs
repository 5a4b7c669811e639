//! The binary form of a public key (RFC 4253, 5656, 8709 and OpenSSH's PROTOCOL files): what kind, how long, which.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use sha2::{Digest, Sha256};

/// Longer ones are not read, in characters of base64; an RSA key of 16384 bits has 2800.
const LIMIT: usize = 64 * 1024;

/// Padding may be there or not, as sshd takes it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a blob says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) bits: u32,
    pub(super) fingerprint: String,
}

/// `SHA256:` and the digest, as `ssh-keygen -l` writes it.
fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", base64::engine::general_purpose::STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// Reads the blob of a key of this type.
pub(super) fn read(algorithm: &str, text: &str) -> Result<Blob, String> {
    if text.len() > LIMIT {
        return Err("it is longer than any key".to_owned());
    }
    let bytes = BASE64.decode(text).map_err(|_| "it is not base64".to_owned())?;
    let bits = bits(algorithm, &mut Reader(&bytes)).ok_or("it is cut off or damaged")?;
    Ok(Blob { bits, fingerprint: fingerprint(&bytes) })
}

fn bits(algorithm: &str, blob: &mut Reader<'_>) -> Option<u32> {
    if blob.string()? != algorithm.as_bytes() {
        return None;
    }
    let (kind, certificate) = match algorithm.strip_suffix("-cert-v01@openssh.com") {
        Some(kind) => (kind, true),
        None => (algorithm.trim_end_matches("@openssh.com"), false),
    };
    if certificate {
        blob.string()?;
    }
    let fixed = |bytes: &[u8], length: usize, bits: u32| (bytes.len() == length).then_some(bits);
    let bits = match kind {
        "ssh-rsa" => {
            blob.string()?;
            length(blob.string()?)
        }
        "ssh-dss" => {
            let bits = length(blob.string()?);
            for _ in 0..3 {
                blob.string()?;
            }
            bits
        }
        "ssh-ed25519" => fixed(blob.string()?, 32, 256)?,
        "sk-ssh-ed25519" => {
            let bits = fixed(blob.string()?, 32, 256)?;
            blob.string()?;
            bits
        }
        _ => {
            let curve = blob.string()?;
            let (bits, point) = match curve {
                b"nistp256" => (256, 65),
                b"nistp384" => (384, 97),
                b"nistp521" => (521, 133),
                _ => return None,
            };
            fixed(blob.string()?, point, bits)?;
            if kind.starts_with("sk-") {
                blob.string()?;
            }
            bits
        }
    };
    (certificate || blob.0.is_empty()).then_some(bits)
}

/// Bits of a positive number.
fn length(number: &[u8]) -> u32 {
    let number = &number[number.iter().take_while(|b| **b == 0).count()..];
    let whole = u32::try_from(number.len()).unwrap_or(u32::MAX / 8) * 8;
    number.first().map_or(0, |first| whole - first.leading_zeros())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A length in four bytes, then so many bytes.
    fn string(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (string, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(string)
    }
}
