//! Has the linker place functions in the order of a file, where one is named: `cargo xtask
//! dist` finds out which functions a transfer calls, and what stands side by side takes less
//! memory.

use std::env;

/// Names a file with a symbol's name on each line. The linker has to know the option: LLD
/// does, with which Rust links on `x86_64-unknown-linux-gnu`.
const FUNCTION_ORDER: &str = "WHARF_FUNCTION_ORDER";

fn main() {
    println!("cargo::rerun-if-env-changed={FUNCTION_ORDER}");
    let Ok(order) = env::var(FUNCTION_ORDER) else {
        return;
    };
    println!("cargo::rerun-if-changed={order}");
    println!("cargo::rustc-link-arg-bins=-Wl,--symbol-ordering-file={order}");
    // What was inlined since has no symbol any more.
    println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
}
