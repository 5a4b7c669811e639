//! MariaDB on the sample host: as many tables as the steps look at, kept in a file in memory.

use crate::executor::simulated::{Files, Simulated};

pub(super) fn install(_: &mut Files) {}

pub(super) fn programs(host: Simulated) -> Simulated {
    host
}
