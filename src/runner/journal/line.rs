//! One line of a journal on disk: a record as JSON with a checksum, so that a torn or altered line is recognised.

use super::super::Record;
use crate::secret::sha256;

const HEAD: &str = "{\"sum\":\"";
const MIDDLE: &str = "\",\"record\":";
/// How much of the SHA-256 is written.
const SUM: usize = 16;

/// The record as a line, with its end.
pub(super) fn written(record: &Record) -> serde_json::Result<String> {
    let json = serde_json::to_string(record)?;
    let sum = &sha256(json.as_bytes())[..SUM];
    Ok([HEAD, sum, MIDDLE, &json, "}\n"].concat())
}

/// The record in a line without its end; `None` when the line is not what was written.
pub(super) fn read(line: &[u8]) -> Option<Record> {
    let line = std::str::from_utf8(line).ok()?;
    let (sum, rest) = line.strip_prefix(HEAD)?.split_at_checked(SUM)?;
    let json = rest.strip_prefix(MIDDLE)?.strip_suffix('}')?;
    (sha256(json.as_bytes())[..SUM] == *sum).then(|| serde_json::from_str(json).ok())?
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::runner::Event;

    #[test]
    fn a_line_is_read_back_and_any_altered_or_missing_byte_is_seen() {
        let record =
            Record { number: 7, at: Timestamp::UNIX_EPOCH, event: Event::Before { change: "ä.b".into() } };
        let line = written(&record).unwrap();
        let line = line.strip_suffix('\n').unwrap().as_bytes();
        assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok(), "each line is JSON");
        assert_eq!(read(line), Some(record));
        for at in 0..line.len() {
            assert_eq!(read(&line[..at]), None, "torn at {at}");
            let mut altered = line.to_vec();
            altered[at] ^= 1;
            assert_eq!(read(&altered), None, "altered at {at}");
        }
    }
}
