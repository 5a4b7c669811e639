//! Link options that make the binary smaller: packed relocations, identical functions once.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for option in ["-z,pack-relative-relocs", "--icf=safe"] {
        println!("cargo::rustc-link-arg-bins=-Wl,{option}");
    }
}
