//! A log of kamailio that is too large to be read whole is looked through by the host's own tools.

use std::{fs, io::Write, sync::Arc};

use ngcp_warden::{
    executor::{DryRun, READ_LIMIT, System},
    ngcp::logs,
};

#[test]
fn the_last_lines_of_a_large_log_are_found_by_real_tools() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kamailio-lb.log");
    let mut file = fs::File::create(&path).unwrap();
    let line =
        "Nov  3 10:00:00 spce lb[7]: NOTICE: <script>: Sending out of dialog request, no more is known\n";
    // Words of a caller, more of them than lines are told.
    let calls =
        "Nov  3 12:00:00 spce lb[7]: INFO: <core>: User-Agent: lb[8]: ERROR: out of mem\n".repeat(2000);
    let many = line.repeat(1 + usize::try_from(READ_LIMIT).unwrap() / line.len());
    file.write_all(many.as_bytes()).unwrap();
    // As an audit looks.
    let host = DryRun::new(Arc::new(System::live().unwrap()));
    file.write_all(calls.as_bytes()).unwrap();
    assert_eq!(logs::ran_out(&host, &path).unwrap(), None);
    let said = "Nov  3 11:00:00 spce lb[7]: ERROR: Could not allocate shared memory from shm pool\n";
    file.write_all(said.repeat(3).as_bytes()).unwrap();
    file.write_all((calls + &many).as_bytes()).unwrap();
    let found = logs::ran_out(&host, &path).unwrap().unwrap();
    assert_eq!((found.lines, found.private), (3, false));
    assert_eq!(found.last, "Nov 3 11:00:00, lb[7]: could not allocate shared memory");
}
