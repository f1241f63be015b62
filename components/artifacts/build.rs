//! Builds the components for `wasm32-wasip2` and compiles them ahead of time.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wasmtime::{Config, Engine};

mod guest;
mod names;

#[path = "src/engine.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses all of it")]
mod engine;

/// Makes the settings of an engine.
type Settings = fn() -> Config;

/// Each component with its settings.
const COMPONENTS: [(&str, Settings); 3] = [
    ("registry", engine::registry_config),
    ("packager", engine::packager_config),
    ("trust", engine::registry_config),
];
/// What a component is made of: when any of it changes, so does the component.
const SOURCES: [&str; 13] = [
    "Cargo.lock",
    "Cargo.toml",
    "components/app",
    "components/compose",
    "components/interfaces",
    "components/keyless",
    "components/oci",
    "components/packager",
    "components/registry",
    "components/signature",
    "components/trust",
    "rust-toolchain.toml",
    "wit",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    for (component, config) in COMPONENTS {
        let mut config = config();
        // Naming the target, even this machine's own, keeps its processor's special
        // abilities out of the code, so that it runs on older ones too.
        config.target(&env::var("TARGET")?)?;
        let engine = Engine::new(&config)?;
        let built = guest::build(&root, &out, component)?;
        let wasm = names::without(&fs::read(&built)?)?;
        fs::write(out.join(component).with_extension("wasm"), &wasm)?;
        let code = engine.precompile_component(&wasm)?;
        fs::write(out.join(component).with_extension("cwasm"), code)?;
    }
    Ok(())
}
