//! Keeps the linker from making a component of the module.

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--skip-wit-component");
}
