//! The rules of INPUT that lead to rtpengine, in the words of the host's own iptables: as it takes them again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::executor::{Command, Executor, Quiet};

/// What one family needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// `iptables-restore`, `ip6tables-restore`.
    pub program: String,
    /// Rules of INPUT that lead to rtpengine now, as their filter writes them: they go, the right one comes first.
    pub away: Vec<String>,
}

/// What one family needs; `None` when the program is not there or cannot be asked.
pub(super) fn restored(host: &dyn Executor, v6: bool) -> Option<Restored> {
    let program = if v6 { "ip6tables" } else { "iptables" };
    let restore = format!("{program}-restore");
    host.find_program(&restore)?;
    let command = Command::new(program, ["-S", "INPUT"]).reads_only().limit(Duration::from_secs(10));
    let exit = host.run(&command, &mut Quiet).ok().filter(crate::executor::Exit::ok)?;
    let text = exit.text();
    let rules = text.lines().filter_map(|line| line.strip_prefix("-A INPUT "));
    let away = rules.filter(|rule| leads_there(rule)).map(str::to_owned).collect();
    Some(Restored { program: restore, away })
}

/// It jumps to a chain of rtpengine, or is its rule; nothing that a transaction could take for something else.
fn leads_there(rule: &str) -> bool {
    let words: Vec<&str> = rule.split(' ').collect();
    let target = words.iter().position(|word| ["-j", "-g"].contains(word)).and_then(|at| words.get(at + 1));
    let numbered = |name: &str| {
        name.strip_prefix("rtpengine_").is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
    };
    target.is_some_and(|name| ["RTPENGINE", "rtpengine"].contains(name) || numbered(name))
}
