//! Hidden `run-plan`: the runner process. It reads its task from standard input and opens the host itself.

use anyhow::Result;

use super::exit;
use crate::effects::runs;

pub(super) fn run() -> Result<u8> {
    runs::serve().map(|_| exit::OK)
}
