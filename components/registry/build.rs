//! How the component is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("wasm") {
        return;
    }
    // Numbers take as few bytes as they need. By default the linker leaves room for
    // the largest, which would be a tenth of the component.
    println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    // Compiled code calls `memcmp` and its like, which come with `std` otherwise.
    println!("cargo::rustc-link-arg-cdylib=-lc");
}
