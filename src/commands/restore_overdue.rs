//! Hidden `restore-overdue`: at boot, takes back what nobody kept before the restart.

use anyhow::Result;

use super::{exit, output::complain};
use crate::effects::runs;

pub(super) fn run() -> Result<u8> {
    Ok(if restore() { exit::OK } else { exit::FAILED })
}

/// Takes back what was not confirmed before the host went down. A failure is told; it stops nobody. Whether all went
/// well.
pub(super) fn restore() -> bool {
    let failed =
        |error| complain(&format!("A change that nobody confirmed could not be taken back: {error:#}"));
    let settled = match runs::restore_overdue() {
        Ok(settled) => settled,
        Err(error) => {
            failed(error);
            return false;
        }
    };
    let mut well = true;
    for (run, back) in settled {
        well &= back.is_ok();
        match back {
            Ok(()) => complain(&format!(
                "Nobody confirmed the change of run {run} that could cut you off: it was taken back."
            )),
            Err(error) => failed(error),
        }
    }
    well
}
