//! Builds the plugs and the command for `wasm32-wasip2`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../artifacts/guest.rs"]
mod guest;

const COMPONENTS: [&str; 2] = ["plugs", "command"];

/// What a component is made of: when any of it changes, so does the component.
const SOURCES: [&str; 7] = [
    "Cargo.lock",
    "Cargo.toml",
    "components/command",
    "components/oci",
    "components/plugs",
    "rust-toolchain.toml",
    "wit",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    for component in COMPONENTS {
        let built = guest::build(&root, &out, component)?;
        fs::copy(built, out.join(component).with_extension("wasm"))?;
    }
    Ok(())
}
