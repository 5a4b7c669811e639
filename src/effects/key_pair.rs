//! A new pair of SSH keys, made by the host's own `ssh-keygen`. No file ever holds the private half.

use anyhow::{Context, Result, bail};

use crate::{
    executor::{CREDENTIALS, Command, Executor, Quiet},
    host::keys::Key,
    secret::Secret,
};

/// The best type first; `ssh-keygen` before OpenSSH 6.5 knows only the other.
const TYPES: [&[&str]; 2] = [&["-t", "ed25519"], &["-t", "rsa", "-b", "4096"]];
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b" PRIVATE KEY-----\n";

/// The private file, for its owner, and the public line, for the host.
///
/// # Errors
/// When there is no `ssh-keygen`, or what it makes is no key.
pub(super) fn make(host: &dyn Executor, comment: &str) -> Result<(Secret, Secret)> {
    for kind in TYPES {
        // Asked for a file, it is given its own output, and says yes to writing over it. That it cannot put the
        // public half beside it is why its exit code tells nothing.
        let args = ["-q", "-N", "", "-C", comment, "-f", "/proc/self/fd/1"];
        let command = Command::new("ssh-keygen", kind.iter().copied().chain(args)).stdin(Secret::new("y\n"));
        let printed = Secret::new(host.run(&command, &mut Quiet).context("no key pair was made")?.stdout);
        let Some(private) = private_half(printed.expose()).map(Secret::new) else { continue };
        let ask = Command::new("ssh-keygen", ["-y", "-f", CREDENTIALS]).credentials(private.clone());
        let answer = host.run(&ask.reads_only(), &mut Quiet)?.text();
        let line: Vec<&str> = answer.split_whitespace().take(2).collect();
        let line = format!("{} {comment}", line.join(" "));
        Key::parse(&line)
            .map_err(|why| anyhow::anyhow!("the key pair that ssh-keygen made is not usable: {why}"))?;
        return Ok((private, Secret::new(line)));
    }
    bail!("no key pair was made: ssh-keygen printed none")
}

/// From the line that begins it to the line that ends it.
fn private_half(printed: &[u8]) -> Option<&[u8]> {
    let find = |text: &[u8], wanted: &[u8]| text.windows(wanted.len()).position(|part| part == wanted);
    let from = &printed[find(printed, BEGIN)?..];
    let head = find(from, END)? + END.len();
    let tail = find(&from[head..], END)? + END.len();
    Some(&from[..head + tail])
}
