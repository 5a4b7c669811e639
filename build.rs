//! Link options that keep the release binary small: packed relocations, identical functions once, and no tables for
//! unwinding, as it ends at a fault.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets/no-unwind-tables.ld");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        let script = format!("-T,{}/assets/no-unwind-tables.ld", env!("CARGO_MANIFEST_DIR"));
        for option in ["-z,pack-relative-relocs", "--icf=all", "-O2", "--no-eh-frame-hdr", &script] {
            println!("cargo::rustc-link-arg-bins=-Wl,{option}");
        }
    }
}
