//! A port as config.yml has it: a number from 1 to 65535, or a fault that says what to write. Never mended: a rule made of
//! a guess opens or closes the wrong door.

use crate::{ngcp::config::Config, secret::hide_in_output};

/// A value that is no port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    key: String,
    is: String,
    write: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {}: {}", self.key, self.is, self.write)
    }
}

/// The port at a key; what it is where nothing is said.
pub(super) fn read(config: &Config, key: &str, default: Option<u16>) -> Result<u16, Fault> {
    let keys: Vec<&str> = key.split('.').collect();
    let fault = |is: String| {
        let such = default.map_or_else(String::new, |port| format!(", such as {port}"));
        let write = format!("a port is a number from 1 to 65535; write one{such}");
        Fault { key: key.to_owned(), is, write }
    };
    let Some(value) = config.value(&keys) else {
        return match default {
            _ if config.list_len(&keys).is_some() => Err(fault("a list".to_owned())),
            _ if config.has(&keys) => Err(fault("a section".to_owned())),
            Some(default) => Ok(default),
            None => Err(fault("not there".to_owned())),
        };
    };
    if value.is_null() || value.text.is_empty() {
        return Err(fault("empty".to_owned()));
    }
    let plain = value.text.len() <= 5 && value.text.bytes().all(|byte| byte.is_ascii_digit());
    let port = value.text.parse().ok().filter(|port| plain && *port > 0 && !value.text.starts_with('0'));
    port.ok_or_else(|| fault(format!("'{}'", shown(&value.text))))
}

/// A range begins before it ends.
pub(super) fn in_order(first: &str, from: u16, last: &str, to: u16) -> Result<(), Fault> {
    if from <= to {
        return Ok(());
    }
    let write = format!(
        "that is less than {first}, which is {from}; write the first port there and the last one here"
    );
    Err(Fault { key: last.to_owned(), is: format!("'{to}'"), write })
}

/// As it stands there, but no more than a line of it.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    hide_in_output(&format!("{}{more}", short.escape_debug()))
}
