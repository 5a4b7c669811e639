//! Link options that keep the release binary small: packed relocations, identical functions once.

fn main() {
    println!("cargo::rerun-if-changed=.cargo/build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        for option in ["-z,pack-relative-relocs", "--icf=all", "-O2"] {
            println!("cargo::rustc-link-arg-bins=-Wl,{option}");
        }
    }
}
