//! What the host's `openssl verify` says of a chain. Its exit code is no answer (before 1.1.0 it is always 0), its words
//! are; of options that an old one does not know, what we read ourselves must do.

use std::{net::IpAddr, thread};

use super::{
    certificate::Certificate,
    fault::{Fault, FaultKind},
    openssl,
};
use crate::{
    executor::{CREDENTIALS, Command, Executor, Exit},
    secret::Secret,
};

/// A certificate for more names than this is only asked about the first.
const NAMES: usize = 16;
/// From all that is asked to what OpenSSL 1.0.1 understands.
const OPTIONS: [Options; 3] = [
    Options { level: true, name: true },
    Options { level: false, name: true },
    Options { level: false, name: false },
];

#[derive(Clone, Copy)]
struct Options {
    level: bool,
    name: bool,
}

/// What it has against this chain, for a server of these names.
///
/// # Errors
/// Why it could not be asked.
pub(super) fn verify(
    host: &dyn Executor,
    served: &[Certificate],
    names: &[String],
    own_root: Option<&Certificate>,
) -> Result<Vec<Fault>, Fault> {
    let question = Question { host, served, own_root };
    let names: Vec<Option<&str>> = match names {
        [] => vec![None],
        names => names.iter().take(NAMES).map(|name| Some(name.as_str())).collect(),
    };
    let answers: Vec<Result<Vec<Fault>, Fault>> = thread::scope(|scope| {
        let asked: Vec<_> = names.iter().map(|name| scope.spawn(|| question.ask(*name))).collect();
        let lost = |_| Err(Fault::new(FaultKind::Unknown, "openssl verify gave no answer"));
        asked.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
    });
    let mut faults: Vec<Fault> = Vec::new();
    for answer in answers {
        for fault in answer? {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    Ok(faults)
}

struct Question<'a> {
    host: &'a dyn Executor,
    served: &'a [Certificate],
    own_root: Option<&'a Certificate>,
}

impl Question<'_> {
    fn ask(&self, name: Option<&str>) -> Result<Vec<Fault>, Fault> {
        for options in OPTIONS {
            // The folder of authorities suffices, and to read the file with all of them takes five times as long.
            let quick = options.level && self.own_root.is_none();
            let mut said = self.run(options, name, quick)?;
            if quick && untrusted(&said) {
                said = self.run(options, name, false)?;
            }
            if !is_usage(&said) {
                return self.faults(&said);
            }
        }
        Err(Fault::new(FaultKind::Unknown, "this openssl does not understand verify"))
    }

    fn run(&self, options: Options, name: Option<&str>, quick: bool) -> Result<Exit, Fault> {
        let mut args = vec!["verify", "-purpose", "sslserver"];
        if options.level {
            args.extend(["-auth_level", "2"]);
        }
        if let Some(name) = name.filter(|_| options.name) {
            args.extend([
                if name.parse::<IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" },
                name,
            ]);
        }
        if quick {
            args.push("-no-CAfile");
        }
        if self.own_root.is_some() {
            args.extend(["-CAfile", "/dev/stdin"]);
        }
        // The first certificate of the file is verified with the help of all of them.
        args.extend(["-untrusted", CREDENTIALS, CREDENTIALS]);
        let served: String = self.served.iter().map(|certificate| certificate.pem.as_str()).collect();
        let mut command = Command::new("openssl", args).credentials(Secret::new(served));
        command.stdin = self.own_root.map(|root| Secret::new(root.pem.as_str()));
        openssl::ask(self.host, command)
    }

    fn faults(&self, exit: &Exit) -> Result<Vec<Fault>, Fault> {
        let faults: Vec<Fault> = errors(exit).map(|error| self.fault(&error)).collect();
        let text = exit.text();
        let fine = text.lines().count() == 1 && text.trim_end().ends_with(": OK");
        match (faults.is_empty(), fine) {
            (false, _) => Ok(faults),
            (true, true) => Ok(faults),
            (true, false) => Err(Fault::new(
                FaultKind::Unknown,
                format!("openssl verify gave no answer: {}", exit.reason()),
            )),
        }
    }

    /// One of its numbers in our words.
    fn fault(&self, error: &Error) -> Fault {
        use FaultKind::{
            ChainBroken, ChainIncomplete, Expired, Malformed, Name, NotForServers, NotYetValid, Refused,
            SelfSigned, Untrusted, WeakKey, WeakSignature,
        };
        let kind = match error.number {
            2 | 20 | 21 => ChainIncomplete,
            7 | 22 | 24 | 25 | 32 | 47 | 48 | 79 => ChainBroken,
            9 => NotYetValid,
            10 => Expired,
            13 | 14 => Malformed,
            18 => SelfSigned,
            19 | 27 | 28 => Untrusted,
            26 if error.depth == 0 => NotForServers,
            26 => ChainBroken,
            62 | 64 => Name,
            66 | 67 => WeakKey,
            68 => WeakSignature,
            _ => Refused,
        };
        let who = super::chain::path(&self.served[0], self.served);
        let last = who[error.depth.min(who.len() - 1)];
        let why = match kind {
            ChainIncomplete => format!(
                "{}, which issued {}, is neither given with it nor an authority that this host trusts",
                last.issuer,
                last.title()
            ),
            Untrusted => format!("it ends at {}, which this host does not trust", last.issuer),
            _ => match error.depth {
                0 => format!("openssl verify: {}", error.words),
                depth => format!("openssl verify: {} (certificate {} of the chain)", error.words, depth + 1),
            },
        };
        Fault::new(kind, why)
    }
}

/// `error 20 at 0 depth lookup: unable to get local issuer certificate`
struct Error {
    number: u32,
    depth: usize,
    words: String,
}

fn errors(exit: &Exit) -> impl Iterator<Item = Error> {
    let lines = [exit.text(), exit.error_text()].join("\n");
    let errors: Vec<Error> = lines.lines().filter_map(error).collect();
    errors.into_iter()
}

fn error(line: &str) -> Option<Error> {
    let (number, rest) = line.strip_prefix("error ")?.split_once(" at ")?;
    let (depth, words) = rest.split_once(" depth lookup:")?;
    Some(Error { number: number.parse().ok()?, depth: depth.parse().ok()?, words: words.trim().to_owned() })
}

fn untrusted(exit: &Exit) -> bool {
    errors(exit).any(|error| matches!(error.number, 2 | 18..=21 | 27))
}

/// It did not understand the question.
fn is_usage(exit: &Exit) -> bool {
    let said = exit.error_text().to_ascii_lowercase();
    !exit.ok() && ["usage:", "unknown option", "unrecognized flag"].iter().any(|word| said.contains(word))
}
