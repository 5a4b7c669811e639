//! Arguments to front end to exit code; nothing else.
fn main() {}
