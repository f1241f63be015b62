//! Builds the components for `wasm32-wasip2` and compiles them ahead of time.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use wasmparser::{Parser, Payload};
use wasmtime::{Config, Engine};

#[path = "src/engine.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses all of it")]
mod engine;

/// Makes the settings of an engine.
type Settings = fn() -> Config;

const TARGET: &str = "wasm32-wasip2";
/// Each component with its settings.
const COMPONENTS: [(&str, Settings); 2] = [
    ("registry", engine::registry_config),
    ("packager", engine::packager_config),
];
/// What a component is made of: when any of it changes, so does the component.
const SOURCES: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "components/app",
    "components/compose",
    "components/interfaces",
    "components/oci",
    "components/packager",
    "components/registry",
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
        let built = build(&root, &out, component)?;
        let wasm = without_names(&fs::read(&built)?)?;
        fs::write(out.join(component).with_extension("wasm"), &wasm)?;
        let code = engine.precompile_component(&wasm)?;
        fs::write(out.join(component).with_extension("cwasm"), code)?;
    }
    Ok(())
}

/// Runs a cargo for one component, and says where it put it. One at a time, since
/// two packages in one build would share features and grow.
fn build(root: &Path, out: &Path, component: &str) -> Result<PathBuf, Box<dyn Error>> {
    // A target directory of its own: the outer cargo holds the lock of the usual
    // one. Beside that one, so that all profiles share what is built.
    let target_dir = out
        .ancestors()
        .nth(4)
        .ok_or("OUT_DIR is not below a target directory")?
        .join("components");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(root)
        .args(["build", "--profile", "component", "--target", TARGET])
        .args(["--package", &format!("wharf-{component}")])
        .arg("--target-dir")
        .arg(&target_dir);
    // What the outer build was told concerns the outer build.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let outer = name.starts_with("CARGO_PROFILE_")
            || name.starts_with("CARGO_FEATURE_")
            || name.starts_with("CARGO_CFG_")
            || name.starts_with("CARGO_BUILD_")
            || name.contains("RUSTFLAGS")
            || name.contains("WRAPPER")
            || name == "CARGO_MAKEFLAGS";
        if outer {
            cargo.env_remove(&*name);
        }
    }
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!(
            "the component `wharf-{component}` did not build; if the target is missing, \
             `rustup target add {TARGET}` installs it"
        )
        .into());
    }
    Ok(target_dir.join(format!("{TARGET}/component/wharf_{component}.wasm")))
}

/// A component without its own custom sections, which only hold names for people.
fn without_names(component: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut kept = Vec::with_capacity(component.len());
    let mut from = 0;
    let offset = |bytes: u64| usize::try_from(bytes);
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 => {
                let range = section.range();
                // The range leaves out the section's id and length.
                let (start, end) = (offset(range.start)?, offset(range.end)?);
                let length_bytes = leb128_bytes(end - start);
                kept.extend_from_slice(&component[from..start - length_bytes - 1]);
                from = end;
            }
            _ => {}
        }
    }
    kept.extend_from_slice(&component[from..]);
    Ok(kept)
}

fn leb128_bytes(mut number: usize) -> usize {
    let mut bytes = 1;
    while number >= 0x80 {
        number >>= 7;
        bytes += 1;
    }
    bytes
}
