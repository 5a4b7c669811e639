//! A log of kamailio that is too large to be read whole is looked through by the host's own tools.

use std::{fs, io::Write};

use ngcp_warden::{
    executor::{READ_LIMIT, System},
    ngcp::logs,
};

#[test]
fn the_last_lines_of_a_large_log_are_found_by_real_tools() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kamailio-lb.log");
    let mut file = fs::File::create(&path).unwrap();
    let line =
        "Nov  3 10:00:00 spce lb[7]: NOTICE: <script>: Sending out of dialog request, no more is known\n";
    let many = line.repeat(1 + usize::try_from(READ_LIMIT).unwrap() / line.len());
    file.write_all(many.as_bytes()).unwrap();
    let host = System::live().unwrap();
    assert_eq!(logs::ran_out(&host, &path).unwrap(), None);
    let said = "Nov  3 11:00:00 spce lb[7]: ERROR: Could not allocate shared memory from shm pool\n";
    file.write_all(said.repeat(3).as_bytes()).unwrap();
    file.write_all(many.as_bytes()).unwrap();
    let found = logs::ran_out(&host, &path).unwrap().unwrap();
    assert_eq!((found.lines, found.private), (3, false));
    assert_eq!(found.last, said.trim_end());
}
